package site

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAHashIsToldFromAWord(t *testing.T) {
	for key, want := range map[string]Kind{
		"assets/index-BxYz12_a.js": Asset, "assets/index-D4f9kQ2x.css": Asset, "static/js/main.3f2a9c1b.js": Asset, "static/js/main.3f2a9c1b.chunk.js": Asset,
		"static/js/main.3f2a9c1b.js.map": Asset, "chunk.9f86d081884c7d65.js": Asset, "logo-Cq-8Z_1a.svg": Asset, "inter-latin-400-normal-C38fXH4l.woff2": Asset,
		"_next/static/chunks/framework-0123456789abcdef.js": Asset, "font.AbCdEfGh.woff2": Asset,
		"index.html": Page, "page-3f2a9c1b.html": Page, "about/index.htm": Page,
		"favicon.ico": Fixed, "robots.txt": Fixed, "app.js": Fixed, "service-worker.js": Fixed, "jquery-component.js": Fixed, "bootstrap-4.5.2.min.js": Fixed,
		"report-20240131.pdf": Fixed, "apple-touch-icon-180x180.png": Fixed, "android-chrome-192x192.png": Fixed, "my-Component.js": Fixed, "dark-mode-styles.css": Fixed,
		"logo-version2.png": Fixed, "manifest.webmanifest": Fixed, "font-Regular.woff2": Fixed, ".well-known/security.txt": Fixed, "screenshot-1280x0720.png": Fixed,
	} {
		require.Equal(t, want, kindOf(key), key)
	}
}

func TestContentTypesAreOurOwn(t *testing.T) {
	for key, want := range map[string]string{
		"a.js": "text/javascript; charset=utf-8", "a.MJS": "text/javascript; charset=utf-8", "a.css": "text/css; charset=utf-8", "a.svg": "image/svg+xml",
		"a.wasm": "application/wasm", "a.webmanifest": "application/manifest+json", "a.woff2": "font/woff2", "a.map": "application/json",
		"LICENSE": "application/octet-stream", "a.unknown": "application/octet-stream", "index.html": "text/html; charset=utf-8",
	} {
		require.Equal(t, want, contentType(key), key)
	}
}

func TestReferencesOfAPage(t *testing.T) {
	for what, c := range map[string]struct {
		page, content  string
		keys, relative []string
	}{
		"all kinds": {"index.html", `<!doctype html><link rel=stylesheet href="/a.css"><link rel="modulepreload" href=/b.js><script type=module src="/c.js?v=1#x"></script>
			<img src=/d%20e.png srcset="/f.png 1x, /g.png 2x"><video poster=/h.jpg src=/i.mp4></video><svg><use href="/j.svg#icon"/></svg>`,
			[]string{"a.css", "b.js", "c.js", "d e.png", "f.png", "g.png", "h.jpg", "i.mp4", "j.svg"}, nil},
		"none of ours": {"index.html", `<script src="https://x.example/a.js"></script><script src="//x.example/a.js"></script><img src="data:image/png;base64,AAAA">
			<a href="/items/42">x</a><link rel=canonical href="/items"><link rel=preconnect href="/x"><img src="#a"><script>var a = "<img src=/no.png>"</script><!-- <img src=/no.png> -->`, nil, nil},
		"relative":            {"index.html", `<script src="./a.js"></script><script src="b.js"></script>`, []string{"a.js", "b.js"}, []string{"./a.js", "b.js"}},
		"relative below":      {"docs/index.html", `<script src="../a.js"></script><img src=b.png>`, []string{"a.js", "docs/b.png"}, []string{"../a.js", "b.png"}},
		"with a base":         {"docs/index.html", `<base href="/"><script src="a.js"></script>`, []string{"a.js"}, nil},
		"with another's base": {"index.html", `<base href="https://cdn.example/"><script src="a.js"></script>`, nil, nil},
		"with a relative one": {"index.html", `<base href="./x/"><script src="a.js"></script>`, []string{"x/a.js"}, []string{"a.js"}},
	} {
		keys, relative := references(c.page, []byte(c.content))
		require.Equal(t, c.keys, keys, what)
		require.Equal(t, c.relative, relative, what)
	}
}

func TestPathsAreAsBrowsersAsk(t *testing.T) {
	require.Equal(t, []string{"/", "/404.html", "/a%20b.html", "/index.html"}, paths([]string{"index.html", "a b.html", "404.html"}))
}
