// Package httpapi is the backend's HTTP: routes, who may use them, the forms of requests and answers. openapi.json
// describes it; tests hold the two together.
package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/itrack/itrack/app/backend/internal/accounts"
	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/fault"
	"github.com/itrack/itrack/app/backend/internal/health"
	"github.com/itrack/itrack/app/backend/internal/history"
	"github.com/itrack/itrack/app/backend/internal/items"
	"github.com/itrack/itrack/app/backend/internal/telemetry"
)

// Server answers requests. Its fields are set before New and not changed after.
type Server struct {
	// BasePath is where the API lives, such as /api; what operators ask answers at the root too.
	BasePath string
	// Origins are the web pages that may call it from a browser.
	Origins  []string
	Accounts *accounts.Service
	Tokens   *auth.Tokens
	APIKeys  auth.Keys
	Items    *items.Service
	Stock    *items.Stock
	History  history.Store
	Health   *health.Checker
	Metrics  *telemetry.Metrics
	Log      *slog.Logger
	OpenAPI  []byte
	// Version and Revision name the build.
	Version, Revision string

	mux    *http.ServeMux
	quick  map[string]http.HandlerFunc
	places chan struct{}
	all    []route
}

// largeAtOnce is how many imports and exports run at a time, at a few megabytes each.
const largeAtOnce = 2

// New makes the handler.
func New(s Server) *Server {
	s.mux, s.places, s.quick = http.NewServeMux(), make(chan struct{}, largeAtOnce), map[string]http.HandlerFunc{}
	s.all = s.routes()
	for _, route := range s.all {
		s.mux.Handle(route.method+" "+s.BasePath+route.path, s.serve(route))
	}
	// Balancer, container and deployment hook ask these all the time: no log line and no span for each, and nothing that
	// could fail before them.
	for path, answer := range map[string]http.HandlerFunc{"/live": s.live, "/health": s.health, "/version": s.version} {
		s.quick[path], s.quick[s.BasePath+path] = answer, answer
		// At the root too, a page that asks meets the usual way, with its answer's headers for other origins.
		s.mux.Handle(http.MethodGet+" "+path, s.serve(route{method: http.MethodGet, path: path, handle: s.operational(answer)}))
	}
	return &s
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if answer, ok := s.quick[r.URL.Path]; ok && (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Header.Get("Origin") == "" {
		answer(w, r)
		return
	}
	started := time.Now()
	request := telemetry.Request{ID: requestID(r.Header), Trace: telemetry.TraceOf(r.Header)}
	r = r.WithContext(telemetry.WithRequest(r.Context(), request))
	header := w.Header()
	header.Set("X-Request-Id", request.ID)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if s.Health.Draining() {
		header.Set("Connection", "close") // the next request goes to another task
	}
	if s.cors(w, r) {
		return
	}
	recorded := &recorder{ResponseWriter: w}
	name := "unmatched"
	defer func() {
		if failure := recover(); failure != nil {
			s.recovered(recorded, r, name, failure)
		}
		// The route and never the path or the query: those may hold anything, a token in the wrong place included.
		s.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("method", method(r)), slog.String("route", name),
			slog.Int("status", recorded.statusFor(r)), slog.Float64("millis", float64(time.Since(started).Microseconds())/1000),
			slog.Int("bytes", recorded.bytes), slog.String("principal", recorded.principal))
	}()
	_, pattern := s.mux.Handler(r)
	// The mux would redirect a path such as /api//items to a clean one. Nobody of ours writes such paths.
	if pattern == "" || path.Clean(r.URL.Path) != r.URL.Path {
		s.fail(recorded, r, s.unmatched(recorded, r))
		return
	}
	_, name, _ = strings.Cut(pattern, " ")
	s.mux.ServeHTTP(recorded, r)
}

// method is the request's where it is one of HTTP's: a request line may hold any word.
func method(r *http.Request) string {
	if slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, r.Method) {
		return r.Method
	}
	return "other"
}

// serve wraps a route: span, time limit, who asks, and the error's answer.
func (s *Server) serve(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, end := telemetry.ServerSpan(r.Context(), r.Header, route.method, route.path)
		recorded, _ := w.(*recorder)
		defer func() { end(recorded.statusFor(r)) }()
		if route.timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, route.timeout)
			defer cancel()
		}
		r = r.WithContext(ctx)
		if len(route.roles) > 0 {
			by, err := s.principal(r)
			if err == nil && by == nil {
				err = fault.New(fault.Unauthenticated, "no-proof", "this needs Authorization: Bearer with a token, or X-Api-Key")
			}
			if err != nil {
				s.fail(w, r, err)
				return
			}
			recorded.principal = by.ID
			if !slices.Contains(route.roles, by.Role) {
				s.fail(w, r, fault.New(fault.Forbidden, "role-not-allowed", "a %s may not do this", by.Role))
				return
			}
			r = r.WithContext(context.WithValue(ctx, principalKey{}, *by))
		}
		if err := route.handle(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

type principalKey struct{}

func principalOf(r *http.Request) auth.Principal {
	by, _ := r.Context().Value(principalKey{}).(auth.Principal)
	return by
}

// principal gives who asks, nil where no proof is given. A bad proof is an error even where none is needed.
func (s *Server) principal(r *http.Request) (*auth.Principal, error) {
	bearer, keys := r.Header.Values("Authorization"), r.Header.Values("X-Api-Key")
	switch {
	case len(bearer) == 0 && len(keys) == 0:
		return nil, nil
	case len(bearer)+len(keys) > 1:
		return nil, fault.New(fault.Unauthenticated, "two-proofs", "send one proof: Authorization or X-Api-Key")
	case len(keys) == 1:
		if !s.APIKeys.Matches(keys[0]) {
			return nil, fault.New(fault.Unauthenticated, "api-key-invalid", "the API key is not the current one; ask who runs the service")
		}
		return &auth.Principal{ID: auth.MachineID, Role: auth.Machine}, nil
	}
	scheme, token, ok := strings.Cut(bearer[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return nil, fault.New(fault.Unauthenticated, "no-bearer", "Authorization has to be Bearer and a token")
	}
	by, err := s.Tokens.Check(token)
	if err != nil {
		return nil, err
	}
	return &by, nil
}

var requestForm = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// requestID takes over a well-formed id of the client's, so that its log and ours name the request alike.
func requestID(header http.Header) string {
	if given := header.Get("X-Request-Id"); requestForm.MatchString(given) {
		return given
	}
	return strings.ToLower(rand.Text())
}

// unmatched tells a wrong method from a path that does not exist.
func (s *Server) unmatched(w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	if path.Clean(r.URL.Path) != r.URL.Path {
		return fault.New(fault.NotFound, "no-path", "there is nothing at this path; write it without empty parts and dots")
	}
	for _, method := range []string{"DELETE", "GET", "PATCH", "POST", "PUT"} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := s.mux.Handler(probe); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return fault.New(fault.NotFound, "no-path", "there is nothing at this path; %s/openapi.json names them", s.BasePath)
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return fault.New(fault.NotAllowed, "method-not-allowed", "this path takes %s", strings.Join(allowed, ", "))
}

// recovered answers for a handler that panicked. Where its answer had begun, the connection is cut: an end that looks
// regular would make half an answer a whole one.
func (s *Server) recovered(w *recorder, r *http.Request, route string, failure any) {
	if err, ok := failure.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(failure)
	}
	s.Metrics.Add(telemetry.Panics, "Route", route, 1)
	s.Log.LogAttrs(r.Context(), slog.LevelError, "a handler panicked", slog.String("route", route), slog.String("stack", string(debug.Stack())),
		slog.String("failure", fmt.Sprint(failure)))
	if w.status != 0 {
		panic(http.ErrAbortHandler)
	}
	s.fail(w, r, errors.New("a handler panicked"))
}

// recorder remembers the status, the size and who asked, for the log.
type recorder struct {
	http.ResponseWriter
	status    int
	bytes     int
	principal string
	// gone: the client did not wait for the answer.
	gone bool
}

// WriteHeader is http.ResponseWriter's.
func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// Write is http.ResponseWriter's.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController and MaxBytesReader reach the writer below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) statusFor(request *http.Request) int {
	if r.gone || r.status == 0 && errors.Is(request.Context().Err(), context.Canceled) {
		return statusClientGone
	}
	return r.status
}
