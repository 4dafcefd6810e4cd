package site

import (
	"path"
	"regexp"
	"strings"
	"unicode"
)

// contentTypes are given by the extension, from a table of our own: the operating system's differs from machine to machine.
var contentTypes = map[string]string{
	".avif": "image/avif", ".css": "text/css; charset=utf-8", ".csv": "text/csv; charset=utf-8", ".gif": "image/gif", ".htm": "text/html; charset=utf-8",
	".html": "text/html; charset=utf-8", ".ico": "image/x-icon", ".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".js": "text/javascript; charset=utf-8",
	".json": "application/json", ".map": "application/json", ".mjs": "text/javascript; charset=utf-8", ".mp3": "audio/mpeg", ".mp4": "video/mp4",
	".otf": "font/otf", ".pdf": "application/pdf", ".png": "image/png", ".svg": "image/svg+xml", ".ttf": "font/ttf", ".txt": "text/plain; charset=utf-8",
	".wasm": "application/wasm", ".webm": "video/webm", ".webmanifest": "application/manifest+json", ".webp": "image/webp", ".woff": "font/woff",
	".woff2": "font/woff2", ".xml": "application/xml",
}

func contentType(key string) string {
	if known, ok := contentTypes[strings.ToLower(path.Ext(key))]; ok {
		return known
	}
	return "application/octet-stream"
}

func isPage(key string) bool {
	extension := strings.ToLower(path.Ext(key))
	return extension == ".html" || extension == ".htm"
}

// isCode tells whether a browser runs a file or is told by it how a page looks: half of an old and half of a new one break the page.
func isCode(key string) bool {
	switch strings.ToLower(path.Ext(key)) {
	case ".js", ".mjs", ".css", ".wasm":
		return true
	}
	return false
}

func kindOf(key string) Kind {
	switch {
	case isPage(key):
		return Page
	case hashed(key):
		return Asset
	}
	return Fixed
}

func cacheControl(kind Kind) string {
	if kind == Asset {
		return cacheForever
	}
	return cacheNever
}

var (
	hashForm = regexp.MustCompile(`^[0-9A-Za-z_-]{8,64}$`)
	sizeForm = regexp.MustCompile(`^[0-9]+x[0-9]+$`) // of a picture: 1280x0720
)

// hashed tells whether a file's name holds a hash, as bundlers write it: app-BxYz12_a.js, main.3f2a9c1b.css, chunk.9f86d081.js.map.
// Taking a word for a hash would let browsers keep a file that changes, and the other mistake costs only a question per visit:
// so a hash has to have digits and letters, or capitals within.
func hashed(key string) bool {
	name := path.Base(key)
	stem := strings.TrimSuffix(name, path.Ext(name))
	for _, second := range []string{".js", ".mjs", ".css"} { // of a source map
		stem = strings.TrimSuffix(stem, second)
	}
	for i, piece := range strings.Split(stem, ".") {
		if i > 0 && looksHashed(piece) {
			return true
		}
		// A hash may hold - and _ itself, so every end after one of them is tried.
		for at, r := range piece {
			if (r == '-' || r == '_') && looksHashed(piece[at+1:]) {
				return true
			}
		}
	}
	return false
}

func looksHashed(token string) bool {
	if !hashForm.MatchString(token) || sizeForm.MatchString(token) {
		return false
	}
	var digits, lower, upper, capitals int
	for i, r := range token {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsUpper(r):
			upper++
			if i > 0 {
				capitals++
			}
		case unicode.IsLower(r):
			lower++
		}
	}
	switch {
	case strings.ContainsAny(token, "-_"):
		// dark-mode2 and Settings-Page are words: what is joined like words has to look more like a hash.
		return len(token) == 8 && digits > 0 && upper > 0 && lower > 0
	case digits > 0 && lower+upper > 0:
		// version2 and 20240131 are none.
		return digits >= 2 || upper > 0 && lower > 0
	}
	return lower > 0 && capitals > 1
}
