package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/itrack/itrack/app/backend/internal/accounts"
	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/items"
	"github.com/itrack/itrack/app/backend/internal/memory"
	"github.com/itrack/itrack/internal/devenv"
)

// The stores.
const (
	inProcess = "in process"
	emulated  = "moto"
)

const (
	itemsTable   = "bench-items"
	historyTable = "bench-history"
	region       = "us-east-1"
	// listed is how many items a measured list has.
	listed = 50
)

// Operation is one kind of request to one store, through the whole handler: proof of the asker, decoding, rules, store,
// answer. There is no network between the load and the handler.
type Operation struct {
	Name  string `json:"operation"`
	Store string `json:"store"`
	Count int    `json:"count"`
	// P50 and P99 are in microseconds.
	P50 float64 `json:"p50Micros"`
	P99 float64 `json:"p99Micros"`
	// Allocations and Bytes are the process's for one operation, the client of DynamoDB included and moto's not.
	Allocations float64 `json:"allocations"`
	Bytes       float64 `json:"allocatedBytes"`
}

func measureItems(ctx context.Context, endpoint string, count int) ([]Operation, error) {
	client := dynamodb.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("bench", "bench", ""),
	})
	if err := devenv.MakeTables(ctx, client, itemsTable, historyTable); err != nil {
		return nil, err
	}
	var found []Operation
	for _, one := range []struct {
		name  string
		store items.Store
	}{
		{inProcess, memory.NewItems(time.Now)},
		{emulated, &items.Dynamo{Client: client, Table: itemsTable}},
	} {
		operations, err := onStore(ctx, one.name, one.store, count)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.name, err)
		}
		found = append(found, operations...)
	}
	return found, nil
}

// onStore creates, gets, lists and assigns count items.
func onStore(ctx context.Context, name string, store items.Store, count int) ([]Operation, error) {
	people := memory.NewAccounts()
	holder := accounts.Account{ID: items.IDOf("account", "holder"), Email: "holder@example.com", Name: "Holder", Role: auth.Member}
	if err := people.Create(ctx, holder, ""); err != nil {
		return nil, err
	}
	whole, err := handler(store, people)
	if err != nil {
		return nil, err
	}
	b := &batch{ctx: ctx, handler: whole}
	ids := make([]string, count)
	for i := range ids {
		ids[i] = items.IDOf(typeOf(i), serialOf(i))
	}
	var found []Operation
	for _, kind := range []struct {
		name    string
		request func(i int) (method, path, body string)
	}{
		{"create", func(i int) (string, string, string) {
			return "POST", "/api/items", fmt.Sprintf(`{"type":%q,"serial":%q,"place":"office 2.14"}`, typeOf(i), serialOf(i))
		}},
		{"get", func(i int) (string, string, string) { return "GET", "/api/items/" + ids[i], "" }},
		{"list", func(i int) (string, string, string) {
			return "GET", fmt.Sprintf("/api/items?type=%s&status=available&limit=%d", typeOf(i), listed), ""
		}},
		{"assign", func(i int) (string, string, string) {
			return "POST", "/api/items/" + ids[i] + "/assign", fmt.Sprintf(`{"holder":%q}`, holder.ID)
		}},
	} {
		operation, err := b.measure(count, kind.request)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind.name, err)
		}
		operation.Name, operation.Store = kind.name, name
		found = append(found, operation)
	}
	return found, nil
}

// typeOf spreads the items over types, so that a list has a page of one type and not everything.
func typeOf(i int) string { return fmt.Sprintf("type-%d", i/listed) }

func serialOf(i int) string { return fmt.Sprintf("S%06d", i) }

// batch sends requests to a handler one after the other.
type batch struct {
	ctx     context.Context
	handler http.Handler
}

// answer keeps the status and, where something is wrong, what was said.
type answer struct {
	header http.Header
	status int
	text   strings.Builder
}

// Header is http.ResponseWriter's.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader is http.ResponseWriter's.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write is http.ResponseWriter's.
func (a *answer) Write(p []byte) (int, error) {
	if a.status >= http.StatusBadRequest {
		a.text.Write(p)
	}
	return len(p), nil
}

// measure makes all requests before, so that time and allocations are the handler's, and nearly nothing is ours.
func (b *batch) measure(count int, request func(i int) (method, path, body string)) (Operation, error) {
	requests, answers := make([]*http.Request, count), make([]answer, count)
	for i := range requests {
		method, path, body := request(i)
		made, err := http.NewRequestWithContext(b.ctx, method, path, strings.NewReader(body))
		if err != nil {
			return Operation{}, err
		}
		made.Header.Set("X-Api-Key", apiKey)
		if body != "" {
			made.Header.Set("Content-Type", "application/json")
		}
		if strings.HasSuffix(path, "/assign") {
			made.Header.Set("If-Match", `"1"`)
		}
		requests[i], answers[i].header = made, http.Header{}
	}
	micro := make([]float64, count)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range requests {
		started := time.Now()
		b.handler.ServeHTTP(&answers[i], requests[i])
		micro[i] = micros(time.Since(started))
	}
	runtime.ReadMemStats(&after)
	for i := range answers {
		if status := answers[i].status; status != http.StatusOK && status != http.StatusCreated {
			return Operation{}, fmt.Errorf("the answer is %d: %s", status, answers[i].text.String())
		}
	}
	if b.ctx.Err() != nil {
		return Operation{}, b.ctx.Err()
	}
	return Operation{
		Count: count, P50: percentile(micro, 50), P99: percentile(micro, 99),
		Allocations: float64(after.Mallocs-before.Mallocs) / float64(count), Bytes: float64(after.TotalAlloc-before.TotalAlloc) / float64(count),
	}, nil
}
