package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/history"
	"github.com/itrack/itrack/app/backend/internal/httpapi"
)

func TestBodies(t *testing.T) {
	p := newPlace(t)
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"empty":               {"", 415, "unsupported-media-type"},
		"no JSON":             {"hello", 400, "invalid-json"},
		"an array":            {"[]", 400, "invalid-json"},
		"null":                {"null", 400, "invalid-json"},
		"cut":                 {`{"type":"laptop"`, 400, "invalid-json"},
		"two objects":         {`{"type":"laptop","serial":"A1"}{}`, 400, "invalid-json"},
		"something behind":    {`{"type":"laptop","serial":"A1"} x`, 400, "invalid-json"},
		"an unknown field":    {`{"type":"laptop","serial":"A1","status":"retired"}`, 400, "invalid-field"},
		"a number":            {`{"type":1,"serial":"A1"}`, 400, "invalid-field"},
		"not UTF-8":           {"{\"type\":\"laptop\",\"serial\":\"A1\",\"place\":\"\xff\"}", 400, "invalid-json"},
		"deep":                {`{"type":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`, 400, "invalid-field"},
		"control characters":  {`{"type":"laptop","serial":"A1","place":"a\u0000b"}`, 400, "invalid-field"},
		"a line break":        {`{"type":"laptop","serial":"A1","place":"a\r\nSet-Cookie: x=y"}`, 400, "invalid-field"},
		"a serial of headers": {`{"type":"laptop","serial":"A1\r\nX: y"}`, 400, "invalid-field"},
		"SQL":                 {`{"type":"laptop'; DROP TABLE accounts; --","serial":"A1"}`, 400, "invalid-field"},
		"large":               {`{"type":"` + strings.Repeat("a", 20_000) + `"}`, 413, "body-too-large"},
		"ten megabytes":       {strings.Repeat("a", 10<<20), 413, "body-too-large"},
	} {
		found := p.ask("POST", "/api/items", c.body, machine())
		assert.Equal(t, c.status, found.Code, "%s: %s", name, found.Body)
		assert.Equal(t, c.code, found.code(), name)
		assert.NotEmpty(t, found.json()["requestId"])
		if c.status == 413 {
			assert.Equal(t, "close", found.Header().Get("Connection"))
		}
	}
	for name, kind := range map[string]string{"form": "application/x-www-form-urlencoded", "none": "", "broken": ";;;", "charset": "application/json; charset=latin1"} {
		found := p.ask("POST", "/api/items", `{"type":"laptop","serial":"A1"}`, machine(), func(r *http.Request) { r.Header.Set("Content-Type", kind) })
		assert.Equal(t, 415, found.Code, name)
	}
	zipped := p.ask("POST", "/api/items", `{"type":"laptop","serial":"A1"}`, machine(), header("Content-Encoding", "gzip"))
	assert.Equal(t, 415, zipped.Code, "a small body must not become a large one")
}

func TestPathsAndMethods(t *testing.T) {
	p := newPlace(t)
	for _, path := range []string{"/", "/api", "/api/", "/items", "/api/items/", "/api//items", "/api/../api/items", "/api/items/x/y", "/admin", "/.env", "/api/items/%2e%2e/stock"} {
		found := p.ask("GET", path, "", machine())
		assert.Equal(t, 404, found.Code, path)
		assert.NotEmpty(t, found.code(), path)
	}
	for _, id := range []string{"x", strings.Repeat("a", 27), "%00", "%0d%0aX:%20y", "..%2f..%2fetc", "%27%20OR%201=1"} {
		assert.Equal(t, 404, p.ask("GET", "/api/items/"+id, "", machine()).Code, id)
	}
	found := p.ask("DELETE", "/api/items", "", machine())
	assert.Equal(t, 405, found.Code)
	assert.Equal(t, "GET, POST", found.Header().Get("Allow"))
	assert.Equal(t, "method-not-allowed", found.code())
	assert.Equal(t, 405, p.ask("TRACE", "/api/items", "").Code)
	assert.Equal(t, 404, p.ask("GET", "/api/items", "", machine(), header("Origin", page), func(r *http.Request) { r.URL.Path = "*" }).Code)
}

func TestHeaders(t *testing.T) {
	p := newPlace(t)
	for given, kept := range map[string]bool{"request-12345": true, "short": false, "with space inside": false, strings.Repeat("a", 65): false, "line\r\nSet-Cookie: a=b": false, "<script>alert(1)": false} {
		found := p.ask("GET", "/api/items", "", machine(), header("X-Request-Id", given))
		id := found.Header().Get("X-Request-Id")
		assert.Equal(t, kept, id == given, given)
		assert.Regexp(t, `^[A-Za-z0-9._-]{8,64}$`, id)
	}
	found := p.ask("GET", "/api/items", "", machine(), header("Origin", page))
	assert.Equal(t, page, found.Header().Get("Access-Control-Allow-Origin"))
	assert.Equal(t, "nosniff", found.Header().Get("X-Content-Type-Options"))
	assert.Equal(t, "no-store", found.Header().Get("Cache-Control"))
	for _, origin := range []string{"https://evil.example.com", page + ".evil.com", "null"} {
		assert.Empty(t, p.ask("GET", "/api/items", "", machine(), header("Origin", origin)).Header().Get("Access-Control-Allow-Origin"), origin)
	}
	preflight := p.ask("OPTIONS", "/api/items", "", header("Origin", page), header("Access-Control-Request-Method", "POST"))
	assert.Equal(t, 204, preflight.Code)
	assert.Contains(t, preflight.Header().Get("Access-Control-Allow-Headers"), "If-Match")
	id := p.item("A1")
	for _, bad := range []string{"1", `W/"1"`, `"1", "2"`, `"-1"`, `"99999999999999999999"`, `""`, `"1"x`} {
		assert.Equal(t, 400, p.ask("PATCH", "/api/items/"+id, `{"place":"x"}`, machine(), match(bad)).Code, bad)
	}
}

// What is secret is in no line of the log, whatever is wrong with the request that carries it.
func TestTheLogHoldsNoSecret(t *testing.T) {
	p := newPlace(t)
	_, token := p.person("ada", auth.Member)
	p.ask("POST", "/api/auth/login", `{"email":"ada@example.com","password":"wrong-secret-password"}`)
	p.ask("POST", "/api/auth/login", `{"email":"ada@example.com","password":"unknown-field-secret","wrong-secret-password":1}`)
	p.ask("POST", "/api/auth/login", `{"email":"ada@example.com","password":["wrong-secret-password"]}`)
	p.ask("POST", "/api/auth/signup", `{"email":"x","name":"y","password":"wrong-secret-password"`)
	p.ask("GET", "/api/items?token="+token, "", bearer(token+"x"))
	p.ask("GET", "/api/"+token, "", bearer(token))
	p.ask("GET", "/api/items", "", header("X-Api-Key", "wrong-secret-password"))
	p.ask("GET", "/api/items", "", machine(), header("X-Amzn-Trace-Id", "Root=wrong-secret-password"), header("X-Request-Id", "wrong secret"))
	require.NoError(t, p.metrics.Write())
	text := p.log.String()
	require.Contains(t, text, `"route":"/api/auth/login"`)
	require.Contains(t, text, `"SignIns":1`)
	signature := token[strings.LastIndex(token, ".")+1:]
	for _, secret := range []string{password, "wrong-secret-password", "unknown-field-secret", token, signature, apiKey, oldAPIKey, signingKey, "$argon2id$"} {
		assert.NotContains(t, text, secret)
	}
}

// panicking breaks inside a handler.
type panicking struct{}

func (panicking) List(context.Context, string, int, map[string]string) (history.Page, error) {
	panic("history is broken")
}

func TestPanics(t *testing.T) {
	p := newPlace(t, func(s *httpapi.Server) { s.History = panicking{} })
	found := p.ask("GET", "/api/items/"+p.item("A1")+"/history", "", machine())
	assert.Equal(t, 500, found.Code)
	assert.Equal(t, "internal", found.code())
	assert.NotContains(t, found.Body.String(), "history is broken")
	assert.Contains(t, p.log.String(), "history is broken")
	assert.Equal(t, 200, p.ask("GET", "/api/items", "", machine()).Code, "and the service goes on")
}

// Slow clients hold nothing up: header and body have their time, and then the connection ends.
func TestSlowClients(t *testing.T) {
	p := newPlace(t)
	server := httptest.NewUnstartedServer(p.server)
	server.Config.ReadHeaderTimeout, server.Config.ReadTimeout = 200*time.Millisecond, 400*time.Millisecond
	server.Start()
	defer server.Close()
	for name, first := range map[string]string{
		"in the header": "GET /api/items HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"in the body":   "POST /api/items HTTP/1.1\r\nHost: x\r\nX-Api-Key: " + apiKey + "\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
		"in an import":  "POST /api/items/import HTTP/1.1\r\nHost: x\r\nX-Api-Key: " + apiKey + "\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\ntype,",
	} {
		t.Run(name, func(t *testing.T) {
			connection, err := net.Dial("tcp", server.Listener.Addr().String())
			require.NoError(t, err)
			defer connection.Close()
			_, err = fmt.Fprint(connection, first)
			require.NoError(t, err)
			started := time.Now()
			require.NoError(t, connection.SetReadDeadline(time.Now().Add(10*time.Second)))
			text, err := io.ReadAll(bufio.NewReader(connection))
			require.NoError(t, err, "the server ends the connection")
			assert.Less(t, time.Since(started), 5*time.Second)
			if strings.HasPrefix(first, "POST") {
				assert.Contains(t, string(text), "incomplete-body")
			}
		})
	}
}

// awaited waits until its asker is gone.
type awaited struct{ history.Store }

func (awaited) List(ctx context.Context, _ string, _ int, _ map[string]string) (history.Page, error) {
	<-ctx.Done()
	return history.Page{}, fmt.Errorf("reading the history: %w", ctx.Err())
}

// A client that goes away is no failure of ours: 499 in the log, no error that an alarm counts, nothing in the metrics. A
// request that outlasts our own limit is one.
func TestAClientThatGoesAway(t *testing.T) {
	p := newPlace(t, func(s *httpapi.Server) { s.History = awaited{} })
	for name, c := range map[string]struct {
		cause  error
		status string
		failed int
	}{"gone": {context.Canceled, `"status":499`, 0}, "too slow": {context.DeadlineExceeded, `"status":503`, 1}} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			if c.cause == context.Canceled {
				cancel()
			}
			defer cancel()
			before := len(p.log.String())
			request := httptest.NewRequestWithContext(ctx, "GET", "/api/items/"+strings.Repeat("a", 26)+"/history", nil)
			request.Header.Set("X-Api-Key", apiKey)
			found := httptest.NewRecorder()
			p.server.ServeHTTP(found, request)
			assert.Equal(t, http.StatusServiceUnavailable, found.Code, "who still reads is not told that all is well")
			require.NoError(t, p.metrics.Write())
			text := p.log.String()[before:]
			assert.Contains(t, text, c.status)
			assert.Equal(t, c.failed, strings.Count(text, `"level":"ERROR"`), text)
			assert.Equal(t, c.failed, strings.Count(text, `"Refusals":1`), text)
		})
	}
}
