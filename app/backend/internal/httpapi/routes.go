package httpapi

import (
	"net/http"
	"time"

	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/telemetry"
)

// route is one operation: its method and path as openapi.json has them, who may call it, and how long it may take.
type route struct {
	method, path string
	// roles may call it; none means anybody, with or without proof.
	roles   []auth.Role
	timeout time.Duration
	handle  func(w http.ResponseWriter, r *http.Request) error
}

// How long a request may take. API Gateway waits for 29 seconds.
const (
	usualTimeout = 10 * time.Second
	longTimeout  = 25 * time.Second
)

var (
	anybody  []auth.Role
	everyone = []auth.Role{auth.Member, auth.Manager, auth.Machine}
	people   = []auth.Role{auth.Member, auth.Manager}
	managers = []auth.Role{auth.Manager, auth.Machine}
)

// routes are all operations below the base path. A test compares them with openapi.json, roles included.
func (s *Server) routes() []route {
	return []route{
		{"POST", "/auth/signup", anybody, usualTimeout, s.signUp},
		{"POST", "/auth/login", anybody, usualTimeout, s.signIn},
		{"GET", "/accounts", managers, usualTimeout, s.findAccount},
		{"GET", "/accounts/me", people, usualTimeout, s.ownAccount},
		{"GET", "/accounts/{id}", managers, usualTimeout, s.account},
		{"PUT", "/accounts/{id}/role", managers, usualTimeout, s.setRole},
		{"GET", "/items", everyone, usualTimeout, s.listItems},
		{"POST", "/items", managers, usualTimeout, s.createItem},
		{"GET", "/items/export", managers, longTimeout, s.exportItems},
		{"POST", "/items/import", managers, longTimeout, s.importItems},
		{"GET", "/items/{id}", everyone, usualTimeout, s.item},
		{"PATCH", "/items/{id}", everyone, usualTimeout, s.moveItem},
		{"POST", "/items/{id}/assign", managers, usualTimeout, s.assignItem},
		{"POST", "/items/{id}/return", everyone, usualTimeout, s.returnItem},
		{"POST", "/items/{id}/repair", managers, usualTimeout, s.repairItem},
		{"POST", "/items/{id}/retire", managers, usualTimeout, s.retireItem},
		{"GET", "/items/{id}/history", managers, usualTimeout, s.itemHistory},
		{"GET", "/stock/limits", managers, usualTimeout, s.listLimits},
		{"PUT", "/stock/limits/{type}", managers, usualTimeout, s.setLimit},
		{"DELETE", "/stock/limits/{type}", managers, usualTimeout, s.removeLimit},
		{"GET", "/stock/low", managers, usualTimeout, s.lowStock},
		{"GET", "/live", anybody, 0, s.operational(s.live)},
		{"GET", "/health", anybody, 0, s.operational(s.health)},
		{"GET", "/version", anybody, 0, s.operational(s.version)},
		{"GET", "/openapi.json", anybody, 0, s.operational(s.document)},
	}
}

func (s *Server) operational(answer http.HandlerFunc) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error { answer(w, r); return nil }
}

// counted adds a change to the metrics once it happened.
func (s *Server) counted(operation string) {
	s.Metrics.Add(telemetry.ItemChanges, "Operation", operation, 1)
}

// Operation is a route as others may know it.
type Operation struct {
	Method, Path string
	// Roles may call it; none means anybody.
	Roles []string
}

// Routes are the operations that are served below the base path.
func (s *Server) Routes() []Operation {
	operations := make([]Operation, 0, len(s.all))
	for _, route := range s.all {
		operation := Operation{Method: route.method, Path: route.path, Roles: []string{}}
		for _, role := range route.roles {
			operation.Roles = append(operation.Roles, string(role))
		}
		operations = append(operations, operation)
	}
	return operations
}
