package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/emulators"
)

// The whole program, from the migration to the end, on a real database and moto.
func TestTheWholeBackend(t *testing.T) {
	p := settle(t, emulators.MariaDB(t))
	p.migrate() // a second run changes nothing
	p.serve()
	for _, path := range []string{"/live", "/health", "/version", "/api/live", "/api/health", "/api/version", "/api/openapi.json"} {
		found := p.ask("GET", path, "")
		require.Equal(t, http.StatusOK, found.status, "%s: %s", path, found.body)
	}
	health := p.ask("GET", "/health", "").body
	for _, name := range []string{"mysql", "items", "history"} {
		assert.Contains(t, health, `{"name":"`+name+`","state":"ok"`)
	}

	const password = "correct horse battery"
	made := p.ask("POST", "/api/auth/signup", `{"email":"ada@example.com","name":"Ada","password":"`+password+`"}`)
	require.Equal(t, http.StatusCreated, made.status, made.body)
	ada := made.text("id")
	require.Equal(t, http.StatusOK, p.machine("PUT", "/api/accounts/"+ada+"/role", `{"role":"manager"}`).status)
	session := p.ask("POST", "/api/auth/login", `{"email":"ada@example.com","password":"`+password+`"}`)
	require.Equal(t, http.StatusOK, session.status, session.body)
	bearer := "Bearer " + session.text("token")
	assert.Equal(t, http.StatusUnauthorized, p.ask("POST", "/api/auth/login", `{"email":"ada@example.com","password":"wrong horse battery"}`).status)

	for range 2 {
		item := p.ask("POST", "/api/items", `{"type":"laptop","serial":"A1"}`, "Authorization", bearer, "Idempotency-Key", "request-number-1")
		require.Equal(t, http.StatusCreated, item.status, item.body)
		assert.Equal(t, `"1"`, item.header.Get("ETag"))
	}
	assert.Equal(t, http.StatusConflict, p.ask("POST", "/api/items", `{"type":"laptop","serial":"A2"}`, "Authorization", bearer, "Idempotency-Key", "request-number-1").status)
	listed := p.ask("GET", "/api/items?type=laptop&status=available", "", "Authorization", bearer)
	require.Equal(t, http.StatusOK, listed.status)
	id := listed.body[strings.Index(listed.body, `"id":"`)+6:][:26]
	assigned := p.ask("POST", "/api/items/"+id+"/assign", `{"holder":"`+ada+`"}`, "Authorization", bearer, "If-Match", `"1"`)
	require.Equal(t, http.StatusOK, assigned.status, assigned.body)
	assert.Equal(t, http.StatusPreconditionFailed, p.ask("POST", "/api/items/"+id+"/return", "", "Authorization", bearer, "If-Match", `"1"`).status)
	assert.Contains(t, p.machine("GET", "/api/items?holder="+ada, "").body, id)

	imported := p.machine("POST", "/api/items/import", "type,serial\nlaptop,B1\nlaptop,B2\nlaptop,A1\n", "Content-Type", "text/csv")
	require.Equal(t, http.StatusOK, imported.status, imported.body)
	assert.Contains(t, imported.body, `"created":2,"failed":1`)
	exported := p.machine("GET", "/api/items/export", "")
	assert.Equal(t, 4, strings.Count(exported.body, "\n"), exported.body)
	require.Equal(t, http.StatusOK, p.machine("PUT", "/api/stock/limits/laptop", `{"minimum":5}`).status)
	assert.JSONEq(t, `{"types":[{"type":"laptop","minimum":5,"available":2}]}`, p.machine("GET", "/api/stock/low", "").body)
	assert.JSONEq(t, `{"events":[]}`, p.machine("GET", "/api/items/"+id+"/history", "").body, "item-events is not running here")

	p.end()
	require.NoError(t, <-p.ended)
	log := p.out.String()
	assert.Contains(t, log, `"ItemChanges":1`, "the last minute's metrics are written")
	for _, secret := range []string{password, "wrong horse battery", session.text("token"), apiKey, signingKey, dbPassword, "the reader's own password", "$argon2id$"} {
		assert.NotContains(t, log, secret)
	}
}

// Health fails first, then requests are still taken, and what has begun is finished.
func TestTheEnd(t *testing.T) {
	p := settle(t, emulators.MariaDB(t))
	p.serve()
	require.Equal(t, http.StatusOK, p.ask("GET", "/health", "").status)
	body, writer := io.Pipe()
	finished := make(chan string, 1)
	go func() {
		request, err := http.NewRequest("POST", p.url+"/api/items/import", body)
		if err != nil {
			finished <- err.Error()
			return
		}
		request.Header.Set("Content-Type", "text/csv")
		request.Header.Set("X-Api-Key", apiKey)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			finished <- err.Error()
			return
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		finished <- fmt.Sprint(response.StatusCode, " ", string(text))
	}()
	_, err := io.WriteString(writer, "type,serial\n")
	require.NoError(t, err)
	time.Sleep(100 * time.Millisecond) // the request has begun
	p.end()
	require.Eventually(t, func() bool { return p.ask("GET", "/health", "").status == http.StatusServiceUnavailable }, time.Second, 5*time.Millisecond)
	assert.Equal(t, http.StatusOK, p.ask("GET", "/live", "").status)
	assert.Equal(t, http.StatusOK, p.machine("GET", "/api/items", "").status, "requests are taken while the balancer learns of it")
	require.Eventually(t, func() bool { return p.ask("GET", "/live", "").status == 0 }, 5*time.Second, 20*time.Millisecond, "then no more")
	_, err = io.WriteString(writer, "laptop,A1\n")
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	assert.Contains(t, <-finished, `200 {"created":1`)
	require.NoError(t, <-p.ended)
}

// Without a database the program starts and lives, and health names what is missing.
func TestStartsWithoutADatabase(t *testing.T) {
	server := emulators.OwnMariaDB(t)
	p := settle(t, server)
	require.NoError(t, server.Kill())
	p.serve()
	assert.Equal(t, http.StatusOK, p.ask("GET", "/live", "").status)
	found := p.ask("GET", "/api/health", "")
	assert.Equal(t, http.StatusServiceUnavailable, found.status)
	assert.Contains(t, found.body, `{"name":"mysql","state":"failing"`)
	assert.Contains(t, found.body, `{"name":"items","state":"ok"`)
	refused := p.ask("POST", "/api/auth/login", `{"email":"ada@example.com","password":"correct horse battery"}`)
	assert.Equal(t, http.StatusServiceUnavailable, refused.status)
	assert.Equal(t, "1", refused.header.Get("Retry-After"))
	assert.Equal(t, http.StatusOK, p.machine("GET", "/api/items", "").status, "items need no MySQL")
	require.NoError(t, server.Start())
	require.Eventually(t, func() bool { return p.ask("GET", "/health", "").status == http.StatusOK }, 20*time.Second, 50*time.Millisecond)
}

// Old rows go batch by batch until none is left; a turn is bounded, and an error ends it with what was done so far.
func TestTidyingGoesOn(t *testing.T) {
	left, asked := int64(2500), 0
	batch := func(context.Context, time.Time) (int64, error) {
		asked++
		gone := min(left, 1000)
		left -= gone
		return gone, nil
	}
	sum, err := all(context.Background(), time.Now(), batch)
	require.NoError(t, err)
	assert.Equal(t, int64(2500), sum)
	assert.Equal(t, 4, asked)
	left, asked = 1<<40, 0
	sum, err = all(context.Background(), time.Now(), batch)
	require.NoError(t, err)
	assert.Equal(t, int64(tidyBatches*1000), sum)
	sum, err = all(context.Background(), time.Now(), func(context.Context, time.Time) (int64, error) { return 0, io.EOF })
	require.ErrorIs(t, err, io.EOF)
	assert.Zero(t, sum)
}
