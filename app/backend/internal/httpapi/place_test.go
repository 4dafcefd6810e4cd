package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/accounts"
	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/health"
	"github.com/itrack/itrack/app/backend/internal/httpapi"
	"github.com/itrack/itrack/app/backend/internal/items"
	"github.com/itrack/itrack/app/backend/internal/memory"
	"github.com/itrack/itrack/app/backend/internal/telemetry"
	"github.com/itrack/itrack/app/backend/internal/testplace"
	"github.com/itrack/itrack/internal/emulators"
)

const (
	password   = testplace.Password
	apiKey     = testplace.APIKey
	oldAPIKey  = "the-api-key-before-0123456789"
	signingKey = testplace.SigningKey
	page       = "https://app.example.com"
)

// place is the API on stores in memory, with what it logs.
type place struct {
	t        *testing.T
	server   *httpapi.Server
	items    *memory.Items
	tokens   *auth.Tokens
	metrics  *telemetry.Metrics
	log      *emulators.Journal
	broken   error
	document *openapi3.T
	router   routers.Router
}

func newPlace(t *testing.T, change ...func(*httpapi.Server)) *place {
	t.Helper()
	signing, err := auth.ParseKeys("JWT_SECRET", signingKey, 32)
	require.NoError(t, err)
	api, err := auth.ParseKeys("API_KEY", `{"current":"`+apiKey+`","previous":"`+oldAPIKey+`"}`, 24)
	require.NoError(t, err)
	document, err := os.ReadFile("../../openapi.json")
	require.NoError(t, err)
	p := &place{t: t, items: memory.NewItems(time.Now), log: &emulators.Journal{}}
	p.metrics = &telemetry.Metrics{Environment: "test", Out: p.log, Now: time.Now}
	p.tokens = &auth.Tokens{Keys: signing, Audience: "itrack-test", Life: time.Hour, Now: time.Now}
	people, limits := memory.NewAccounts(), &memory.Limits{}
	log := telemetry.NewLog(p.log, slog.LevelDebug)
	settings := httpapi.Server{
		BasePath: "/api", Origins: []string{page}, Tokens: p.tokens, APIKeys: api, Metrics: p.metrics, Log: log, OpenAPI: document, Version: "1", Revision: "r",
		Accounts: &accounts.Service{Store: people, Tokens: p.tokens, Now: time.Now, Hasher: auth.NewHasher(auth.Cost{MemoryKiB: 64, Passes: 1, Lanes: 1}, 2, time.Second)},
		Items:    &items.Service{Store: p.items, Claims: &memory.Claims{}, People: people, Cursors: items.Cursors{Keys: signing.For("cursor")}, Now: time.Now},
		Stock:    &items.Stock{Limits: limits, Items: p.items, Now: time.Now}, History: memory.History{Items: p.items},
		Health: &health.Checker{Timeout: time.Second, Log: log, Metrics: p.metrics, Probes: []health.Probe{{Name: "mysql", Ask: func(context.Context) error { return p.broken }}}},
	}
	for _, one := range change {
		one(&settings)
	}
	p.server = httpapi.New(settings)
	p.document, err = openapi3.NewLoader().LoadFromData(document)
	require.NoError(t, err)
	require.NoError(t, p.document.Validate(context.Background()))
	p.router, err = legacy.NewRouter(p.document)
	require.NoError(t, err)
	return p
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	t *testing.T
}

func (a answer) json() map[string]any {
	a.t.Helper()
	var body map[string]any
	require.NoError(a.t, json.Unmarshal(a.Body.Bytes(), &body), a.Body.String())
	return body
}

// code is a problem's code.
func (a answer) code() string {
	a.t.Helper()
	require.Equal(a.t, "application/problem+json", a.Header().Get("Content-Type"), a.Body.String())
	text, _ := a.json()["type"].(string)
	return strings.TrimPrefix(text, "urn:itrack:problem:")
}

type option func(*http.Request)

func header(name, value string) option { return func(r *http.Request) { r.Header.Add(name, value) } }
func machine() option                  { return header("X-Api-Key", apiKey) }
func bearer(token string) option       { return header("Authorization", "Bearer "+token) }
func match(etag string) option         { return header("If-Match", etag) }

// ask sends a request and checks the answer against openapi.json; where the answer is good, the request too.
func (p *place) ask(method, path, body string, options ...option) answer {
	p.t.Helper()
	build := func() *http.Request {
		request := httptest.NewRequest(method, path, strings.NewReader(body))
		if body != "" {
			request.Header.Set("Content-Type", "application/json")
		}
		for _, option := range options {
			option(request)
		}
		return request
	}
	found := answer{httptest.NewRecorder(), p.t}
	p.server.ServeHTTP(found.ResponseRecorder, build())
	p.conforms(build(), found)
	return found
}

func (p *place) conforms(request *http.Request, found answer) {
	p.t.Helper()
	route, parameters, err := p.router.FindRoute(request)
	if err != nil || found.Code == http.StatusNotFound && found.code() == "no-path" {
		return // what is not in the document is tested by its status
	}
	input := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: parameters, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
	if found.Code < 300 {
		assert.NoError(p.t, openapi3filter.ValidateRequest(context.Background(), input), "%s %s", request.Method, request.URL)
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: found.Code, Header: found.Header(), Body: io.NopCloser(bytes.NewReader(found.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	assert.NoError(p.t, err, "%s %s: %d %s", request.Method, request.URL, found.Code, found.Body)
}

// person signs up and in; a manager was made one by a machine.
func (p *place) person(name string, role auth.Role) (id, token string) {
	p.t.Helper()
	made := p.ask("POST", "/api/auth/signup", `{"email":"`+name+`@example.com","name":"`+name+`","password":"`+password+`"}`)
	require.Equal(p.t, http.StatusCreated, made.Code, made.Body.String())
	id = made.json()["id"].(string)
	if role != auth.Member {
		require.Equal(p.t, http.StatusOK, p.ask("PUT", "/api/accounts/"+id+"/role", `{"role":"`+string(role)+`"}`, machine()).Code)
	}
	in := p.ask("POST", "/api/auth/login", `{"email":"`+name+`@example.com","password":"`+password+`"}`)
	require.Equal(p.t, http.StatusOK, in.Code, in.Body.String())
	return id, in.json()["token"].(string)
}

// item makes one.
func (p *place) item(serial string) (id string) {
	p.t.Helper()
	made := p.ask("POST", "/api/items", `{"type":"laptop","serial":"`+serial+`"}`, machine())
	require.Equal(p.t, http.StatusCreated, made.Code, made.Body.String())
	return made.json()["id"].(string)
}
