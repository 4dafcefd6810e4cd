package httpapi

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/itrack/itrack/app/backend/internal/fault"
	"github.com/itrack/itrack/app/backend/internal/items"
)

func FuzzParseJSON(f *testing.F) {
	for _, seed := range []string{
		`{"type":"laptop","serial":"A1"}`, `{}`, ``, `[]`, `{"type":1}`, `{"x":1}`, `{"type":"a"}{}`, "{\"type\":\"\xff\"}", `{"type":null}`, `{"\u0000":1}`,
		strings.Repeat("[", 100), `{"nested":{"a":1}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var v struct {
			Type   string `json:"type"`
			Number *int   `json:"number"`
			Nested struct {
				A string `json:"a"`
			} `json:"nested"`
		}
		err := parseJSON(text, &v)
		var known *fault.Error
		if err != nil && !errors.As(err, &known) {
			t.Fatalf("an error of ours: %v", err)
		}
	})
}

func FuzzReadMatch(f *testing.F) {
	for _, seed := range []string{`"1"`, "*", "", `W/"1"`, `"0"`, `"999999999999999999"`, `"1"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header["If-Match"] = []string{given}
		match, err := readMatch(request)
		if err == nil && !match.Any && (match.Version < 1 || etag(match.Version) != given) {
			t.Fatalf("%q became %+v", given, match)
		}
	})
}

func FuzzReadQuery(f *testing.F) {
	for _, seed := range []string{"type=laptop", "", "a=b&a=c", "%", "type=%ff", "%ff=1", ";", "&&&=", strings.Repeat("a=b&", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.URL.RawQuery = text
		values, err := readQuery(request, "type", "limit")
		if err != nil {
			return
		}
		for name := range values {
			if name != "type" && name != "limit" {
				t.Fatalf("%q passed with %q", text, name)
			}
		}
	})
}

func FuzzHeaders(f *testing.F) {
	for _, seed := range []string{"request-1234", "", "a b", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "Root=1-67891233-abcdef012345678912345678;Sampled=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header["X-Request-Id"], request.Header["Idempotency-Key"] = []string{given}, []string{given}
		if id := requestID(request.Header); !requestForm.MatchString(id) {
			t.Fatalf("%q became the id %q", given, id)
		}
		if key, err := readKey(request); err == nil && key != given {
			t.Fatalf("%q became the key %q", given, key)
		}
	})
}

// A body is taken as what it says it is, in UTF-8 and not compressed, or not at all.
func FuzzMediaType(f *testing.F) {
	for _, seed := range [][2]string{{"application/json", ""}, {"application/json; charset=UTF-8", "identity"}, {"text/csv", "gzip"}, {"", "br"}, {";;;", "\x00"}, {"application/json; charset=utf-16", ""}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, kind, encoding string) {
		request := httptest.NewRequest(http.MethodPost, "/", nil)
		request.Header["Content-Type"], request.Header["Content-Encoding"] = []string{kind}, []string{encoding}
		err := mediaType(request, "application/json")
		switch {
		case err == nil && (encoding != "" && encoding != "identity" || !strings.HasPrefix(strings.ToLower(strings.TrimSpace(kind)), "application/json")):
			t.Fatalf("%q, %q passed", kind, encoding)
		case err != nil && !fault.Is(err, fault.Unsupported):
			t.Fatalf("%q, %q: %v", kind, encoding, err)
		}
	})
}

// A page's size is a number within its bounds, or the request is refused.
func FuzzLimit(f *testing.F) {
	for _, seed := range []string{"", "1", "200", "201", "0", "-1", "1e2", "99999999999999999999", "0x10", " 1", "١"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		limit, broken := items.Limit(text, items.DefaultLimit, items.MostLimit)
		if len(broken) == 0 && (limit < 1 || limit > items.MostLimit) {
			t.Fatalf("%q became %d", text, limit)
		}
	})
}
