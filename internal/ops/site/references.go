package site

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// loads are the attributes by which a page loads a file, by element.
var loads = map[string][]string{
	"audio": {"src"}, "embed": {"src"}, "image": {"href"}, "img": {"src", "srcset"}, "input": {"src"}, "link": {"href", "imagesrcset"}, "object": {"data"},
	"script": {"src"}, "source": {"src", "srcset"}, "track": {"src"}, "use": {"href"}, "video": {"src", "poster"},
}

// loading are the relations of a link that make a browser load its address.
var loading = []string{"stylesheet", "modulepreload", "preload", "prefetch", "icon", "apple-touch-icon", "mask-icon", "manifest"}

// references are the keys of the site's own files that a page loads, sorted, and those of its addresses that depend on where
// the page is opened. Links to other pages are no references: a route has no file.
func references(page string, content []byte) (keys, relative []string) {
	base := &url.URL{Scheme: "https", Host: "site", Path: "/" + page}
	fixed := false // a base element makes every address independent of the page's own
	tokens := html.NewTokenizer(bytes.NewReader(content))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		token := tokens.Token()
		if token.Data == "base" {
			if there, err := base.Parse(attribute(token, "href")); err == nil && attribute(token, "href") != "" && !fixed {
				fixed = strings.HasPrefix(attribute(token, "href"), "/") || there.Host != base.Host
				base = there
			}
			continue
		}
		for _, address := range addresses(token) {
			key, isRelative := local(base, address)
			if key == "" {
				continue
			}
			keys = append(keys, key)
			if isRelative && !fixed {
				relative = append(relative, address)
			}
		}
	}
	slices.Sort(keys)
	slices.Sort(relative)
	return slices.Compact(keys), slices.Compact(relative)
}

// addresses are what one element loads.
func addresses(token html.Token) []string {
	if token.Data == "link" {
		relations := strings.Fields(strings.ToLower(attribute(token, "rel")))
		if !slices.ContainsFunc(relations, func(relation string) bool { return slices.Contains(loading, relation) }) {
			return nil
		}
	}
	var all []string
	for _, name := range loads[token.Data] {
		value := attribute(token, name)
		if !strings.HasSuffix(name, "srcset") {
			all = append(all, value)
			continue
		}
		for _, candidate := range strings.Split(value, ",") {
			if fields := strings.Fields(candidate); len(fields) > 0 {
				all = append(all, fields[0])
			}
		}
	}
	return all
}

func attribute(token html.Token, name string) string {
	for _, a := range token.Attr {
		if a.Key == name {
			return strings.TrimSpace(a.Val)
		}
	}
	return ""
}

// local is the key of an address of this site; empty for any other.
func local(base *url.URL, address string) (key string, relative bool) {
	if address == "" || strings.HasPrefix(address, "#") {
		return "", false
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme != "" || parsed.Host != "" {
		return "", false
	}
	there := base.ResolveReference(parsed)
	if there.Host != "site" {
		return "", false // a base element of another site
	}
	return strings.TrimPrefix(there.Path, "/"), !strings.HasPrefix(address, "/")
}
