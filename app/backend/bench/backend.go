package main

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/itrack/itrack/app/backend/internal/accounts"
	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/health"
	"github.com/itrack/itrack/app/backend/internal/httpapi"
	"github.com/itrack/itrack/app/backend/internal/items"
	"github.com/itrack/itrack/app/backend/internal/memory"
	"github.com/itrack/itrack/app/backend/internal/telemetry"
)

// apiKey and signingKey open nothing but what this program starts.
var (
	apiKey     = strings.Repeat("bench-api-", 4)
	signingKey = strings.Repeat("bench-key-", 4)
)

// handler is the backend's whole handler as the server makes it, on the given store of items and on stores in the process
// for the rest. Log lines are made and thrown away; making them is a part of what a request costs.
func handler(store items.Store, people *memory.Accounts) (*httpapi.Server, error) {
	signing, err := auth.ParseKeys("JWT_SECRET", signingKey, 32)
	if err != nil {
		return nil, err
	}
	keys, err := auth.ParseKeys("API_KEY", apiKey, 24)
	if err != nil {
		return nil, err
	}
	log := telemetry.NewLog(io.Discard, slog.LevelInfo)
	metrics := &telemetry.Metrics{Environment: "bench", Out: io.Discard, Now: time.Now}
	tokens := &auth.Tokens{Keys: signing.For("token"), Audience: "itrack-bench", Life: time.Hour, Now: time.Now}
	quick := func(context.Context) error { return nil }
	return httpapi.New(httpapi.Server{
		BasePath: "/api", Tokens: tokens, APIKeys: keys, Metrics: metrics, Log: log, OpenAPI: []byte("{}"), Version: "bench", Revision: "bench",
		Accounts: &accounts.Service{Store: people, Tokens: tokens, Now: time.Now, Hasher: auth.NewHasher(auth.DefaultCost, 2, time.Second)},
		Items:    &items.Service{Store: store, Claims: &memory.Claims{}, People: people, Cursors: items.Cursors{Keys: signing.For("cursor")}, Now: time.Now},
		Stock:    &items.Stock{Limits: &memory.Limits{}, Items: store, Now: time.Now},
		// The times are the server's own: once a second a request asks the dependencies, and the others get its answer.
		Health: &health.Checker{Timeout: 2 * time.Second, Fresh: time.Second, Log: log, Metrics: metrics, Probes: []health.Probe{
			{Name: "mysql", Ask: quick}, {Name: "items", Ask: quick}, {Name: "history", Ask: quick},
		}},
	}), nil
}
