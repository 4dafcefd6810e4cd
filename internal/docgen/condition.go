package docgen

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
)

// condition is something that a resource's properties must hold, written
//
//	path=glob    a value at the path matches
//	path!=glob   no value at the path matches
//	path>=3      a number at the path is at least that
//	path         there is something at the path
//	!path        there is nothing
//
// A path is keys with dots between; it goes through lists by itself and into texts that hold JSON. `*` in a key
// stands for anything, `**` is any depth, `@text` decodes base64, and key[inner=glob] keeps the elements that hold the inner condition.
type condition struct {
	text, operator, want string
	path                 []step
}

type step struct {
	key    string
	filter *condition
}

var operators = []string{"!=", ">=", "="}

func parseCondition(text string) condition {
	if path, ok := strings.CutPrefix(text, "!"); ok {
		return condition{text: text, operator: "!", path: parsePath(path)}
	}
	depth := 0
	for i, char := range text {
		switch char {
		case '[':
			depth++
		case ']':
			depth--
		}
		if depth > 0 {
			continue
		}
		for _, operator := range operators {
			if want, ok := strings.CutPrefix(text[i:], operator); ok {
				return condition{text: text, operator: operator, want: want, path: parsePath(text[:i])}
			}
		}
	}
	return condition{text: text, operator: "?", path: parsePath(text)}
}

// parsePath splits at the dots outside brackets.
func parsePath(text string) []step {
	var steps []step
	depth, from := 0, 0
	cut := func(to int) {
		one := step{key: text[from:to]}
		if key, filter, ok := strings.Cut(one.key, "["); ok {
			inner := parseCondition(strings.TrimSuffix(filter, "]"))
			one = step{key: key, filter: &inner}
		}
		steps = append(steps, one)
		from = to + 1
	}
	for i, char := range text {
		switch char {
		case '[':
			depth++
		case ']':
			depth--
		case '.':
			if depth == 0 {
				cut(i)
			}
		}
	}
	cut(len(text))
	return steps
}

func (c condition) holds(properties map[string]any) bool {
	accept := func(value any) bool { return globbed(c.want, plainText(value)) }
	switch c.operator {
	case "!", "?":
		accept = func(value any) bool { return value != nil }
	case ">=":
		least, err := strconv.ParseFloat(c.want, 64)
		accept = func(value any) bool {
			number, parseErr := strconv.ParseFloat(plainText(value), 64)
			return err == nil && parseErr == nil && number >= least
		}
	}
	found := leads(properties, c.path, accept)
	if c.operator == "!" || c.operator == "!=" {
		return !found
	}
	return found
}

// leads reports whether a path leads to a value that is accepted.
func leads(value any, path []step, accept func(any) bool) bool {
	if list, ok := value.([]any); ok {
		for _, element := range list {
			if leads(element, path, accept) {
				return true
			}
		}
		return false
	}
	if len(path) == 0 {
		return accept(value)
	}
	if text, ok := value.(string); ok {
		return leadsInto(text, path, accept)
	}
	object, ok := value.(map[string]any)
	if !ok || object[sig.Key] == sig.Secret {
		return path[0].key == "**" && len(path) == 1 && value != nil && !ok && accept(value)
	}
	first, rest := path[0], path[1:]
	if first.key == "**" {
		if leads(value, rest, accept) {
			return true
		}
		for _, inner := range object {
			if leads(inner, path, accept) {
				return true
			}
		}
		return false
	}
	for key, inner := range object {
		if globbed(first.key, key) && leadsFiltered(inner, first.filter, rest, accept) {
			return true
		}
	}
	return false
}

// leadsInto goes on inside a text: JSON, base64, or for ** the text itself.
func leadsInto(text string, path []step, accept func(any) bool) bool {
	if path[0].key == "@text" {
		decoded, err := base64.StdEncoding.DecodeString(text)
		return err == nil && leads(string(decoded), path[1:], accept)
	}
	if path[0].key == "**" && len(path) == 1 && accept(text) {
		return true
	}
	var inner any
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") || json.Unmarshal([]byte(text), &inner) != nil {
		return false
	}
	return leads(inner, path, accept)
}

func leadsFiltered(value any, filter *condition, path []step, accept func(any) bool) bool {
	if filter == nil {
		return leads(value, path, accept)
	}
	elements, ok := value.([]any)
	if !ok {
		elements = []any{value}
	}
	for _, element := range elements {
		if object, ok := element.(map[string]any); ok && filter.holds(object) && leads(element, path, accept) {
			return true
		}
	}
	return false
}

func plainText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

var globs sync.Map // glob -> *regexp.Regexp

// globbed reports whether a text matches a pattern in which * stands for anything, slashes included.
func globbed(glob, text string) bool {
	if compiled, ok := globs.Load(glob); ok {
		return compiled.(*regexp.Regexp).MatchString(text)
	}
	compiled := regexp.MustCompile(`(?s)^` + strings.ReplaceAll(regexp.QuoteMeta(glob), `\*`, `.*`) + `$`)
	globs.Store(glob, compiled)
	return compiled.MatchString(text)
}
