package httpapi_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/httpapi"
)

type documented struct {
	Roles      []string              `json:"x-itrack-roles"`
	Security   []map[string][]string `json:"security"`
	Operation  string                `json:"operationId"`
	Parameters []struct {
		Ref string `json:"$ref"`
	} `json:"parameters"`
	Responses map[string]any `json:"responses"`
}

// Every operation of the document has a handler, every handler is in the document, and both say the same of who may call.
func TestTheDocumentIsTheAPI(t *testing.T) {
	text, err := os.ReadFile("../../openapi.json")
	require.NoError(t, err)
	var document struct {
		OpenAPI string                           `json:"openapi"`
		Servers []struct{ URL string }           `json:"servers"`
		Paths   map[string]map[string]documented `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(text, &document))
	assert.True(t, strings.HasPrefix(document.OpenAPI, "3.0"), "API Gateway imports 3.0")
	assert.Equal(t, "/api", document.Servers[0].URL)
	described, served := map[string][]string{}, map[string][]string{}
	names := map[string]bool{}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			key := strings.ToUpper(method) + " " + path
			described[key] = operation.Roles
			assert.False(t, names[operation.Operation], "the operationId %s is used twice", operation.Operation)
			names[operation.Operation] = true
			var people, machines bool
			for _, role := range operation.Roles {
				people, machines = people || role != "machine", machines || role == "machine"
			}
			var token, apiKey bool
			for _, way := range operation.Security {
				_, isToken := way["token"]
				_, isKey := way["apiKey"]
				token, apiKey = token || isToken, apiKey || isKey
			}
			assert.Equal(t, people, token, "%s: security and roles", key)
			assert.Equal(t, machines, apiKey, "%s: security and roles", key)
		}
	}
	for _, route := range newPlace(t).server.Routes() {
		served[route.Method+" "+route.Path] = route.Roles
	}
	assert.Equal(t, served, described)
}

// What a page may send and read is what the document says, and what any request and answer may have: the gateway tells the
// same, from the same document.
func TestCorsIsTheDocuments(t *testing.T) {
	var document struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct{ Headers map[string]any }
		}
		Components struct {
			Parameters      map[string]struct{ In, Name string }
			SecuritySchemes map[string]struct{ Type, In, Name string }
		}
	}
	require.NoError(t, json.Unmarshal(mustRead(t, "../../openapi.json"), &document))
	sent := map[string]bool{"Accept": true, "Content-Type": true, "X-Request-Id": true}
	shown := map[string]bool{"Retry-After": true, "X-Request-Id": true}
	for _, parameter := range document.Components.Parameters {
		if parameter.In == "header" {
			sent[parameter.Name] = true
		}
	}
	for _, scheme := range document.Components.SecuritySchemes {
		if scheme.Type == "apiKey" {
			sent[scheme.Name] = true
		} else {
			sent["Authorization"] = true
		}
	}
	for _, methods := range document.Paths {
		for _, operation := range methods {
			for _, answer := range operation.Responses {
				for name := range answer.Headers {
					shown[name] = true
				}
			}
		}
	}
	p := newPlace(t)
	preflight := p.ask("OPTIONS", "/api/items", "", header("Origin", page), header("Access-Control-Request-Method", "POST"))
	listed := p.ask("GET", "/api/items", "", machine(), header("Origin", page))
	for list, wanted := range map[string]map[string]bool{
		preflight.Header().Get("Access-Control-Allow-Headers"): sent, listed.Header().Get("Access-Control-Expose-Headers"): shown,
	} {
		assert.Equal(t, strings.Join(slices.Sorted(maps.Keys(wanted)), ", "), list)
	}
}

// Each operation asks for what the document says: without a proof 401, and a path that the document lacks does not exist.
func TestEveryRouteAsksForAProof(t *testing.T) {
	p := newPlace(t)
	for _, route := range p.server.Routes() {
		path := "/api" + strings.NewReplacer("{id}", strings.Repeat("a", 26), "{type}", "laptop").Replace(route.Path)
		if len(route.Roles) == 0 {
			assert.NotEqual(t, http.StatusUnauthorized, p.ask(route.Method, path, "").Code, path)
			continue
		}
		found := p.ask(route.Method, path, "")
		assert.Equal(t, http.StatusUnauthorized, found.Code, path)
		assert.Equal(t, "no-proof", found.code())
		assert.Equal(t, `Bearer realm="itrack"`, found.Header().Get("WWW-Authenticate"))
	}
}

func TestWhatOperatorsAsk(t *testing.T) {
	p := newPlace(t)
	for _, prefix := range []string{"", "/api"} {
		for path, wanted := range map[string]string{"/live": `"live"`, "/health": `"mysql"`, "/version": `"revision":"r"`} {
			found := p.ask("GET", prefix+path, "")
			assert.Equal(t, http.StatusOK, found.Code, path)
			assert.Contains(t, found.Body.String(), wanted)
			assert.Equal(t, http.StatusOK, p.ask("HEAD", prefix+path, "").Code)
		}
	}
	assert.Empty(t, p.log.String(), "health checks are not logged")
	for _, prefix := range []string{"", "/api"} {
		found := p.ask("GET", prefix+"/live", "", header("Origin", page))
		assert.Equal(t, http.StatusOK, found.Code, "a page of ours may ask too")
		assert.Equal(t, page, found.Header().Get("Access-Control-Allow-Origin"))
	}
	assert.JSONEq(t, string(mustRead(t, "../../openapi.json")), p.ask("GET", "/api/openapi.json", "").Body.String())

	p.broken = assert.AnError
	for _, path := range []string{"/health", "/api/health"} {
		found := p.ask("GET", path, "")
		assert.Equal(t, http.StatusServiceUnavailable, found.Code)
		assert.Equal(t, "failing", found.json()["state"])
		assert.NotContains(t, found.Body.String(), assert.AnError.Error(), "the reason inside is for the log")
	}
	assert.Equal(t, http.StatusOK, p.ask("GET", "/live", "").Code, "a broken database ends no task")
	assert.Contains(t, p.log.String(), assert.AnError.Error())
}

func mustRead(t *testing.T, name string) []byte {
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return text
}

func TestDraining(t *testing.T) {
	var s *httpapi.Server
	p := newPlace(t, func(settings *httpapi.Server) { s = settings })
	s.Health.Drain()
	found := p.ask("GET", "/health", "")
	assert.Equal(t, http.StatusServiceUnavailable, found.Code)
	assert.Equal(t, "draining", found.json()["state"])
	assert.Equal(t, http.StatusOK, p.ask("GET", "/live", "").Code)
	listed := p.ask("GET", "/api/items", "", machine())
	assert.Equal(t, http.StatusOK, listed.Code, "requests are still answered")
	assert.Equal(t, "close", listed.Header().Get("Connection"))
}
