package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/memory"
)

// The sides are this program, started again.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == serveCommand {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// Everything once, as small as it can be.
func TestOneRun(t *testing.T) {
	t.Chdir("../../..")
	var out, said bytes.Buffer
	code := run(t.Context(), []string{"--json", "--rounds", "1", "--round", "20ms", "--items", "3", "--starts", "1", "--connections", "20"}, &out, &said)
	var found report
	require.NoError(t, json.Unmarshal(out.Bytes(), &found), said.String())
	require.Len(t, found.Limits, 7)
	broken := 0
	for _, limit := range found.Limits {
		assert.Positive(t, limit.Found, limit.What)
		assert.Equal(t, limit.Found <= limit.Most, limit.Holds, limit.What)
		if !limit.Holds {
			broken++
		}
	}
	assert.Equal(t, broken > 0, code == exitFailed, "so small a run may break a limit, and then says so")
	require.Len(t, found.Items, 8)
	for _, operation := range found.Items {
		assert.Positive(t, operation.Allocations, operation.Name)
		assert.LessOrEqual(t, operation.P50, operation.P99)
	}
	assert.Greater(t, found.Memory.Open, found.Memory.Idle)
	assert.GreaterOrEqual(t, found.Memory.HashingPeak, found.Memory.Open)
	require.Len(t, found.Health.Paths, 2)
	if found.Health.Separate {
		assert.LessOrEqual(t, found.Health.Paths[0].Busy.Median, 1.5, "the server stays on its own processors")
	}
	free, err := pin(0, 1)
	require.NoError(t, err)
	require.NoError(t, free(), "all processors are usable again")
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"--rounds", "0"}, {"--round", "1ms"}, {"more"}, {"--wrong"}} {
		var out, said bytes.Buffer
		assert.Equal(t, exitUsage, run(t.Context(), args, &out, &said), args)
		assert.Empty(t, out.String())
		assert.Contains(t, said.String(), "bench: ")
	}
	assert.Equal(t, exitOK, run(t.Context(), []string{"-h"}, io.Discard, io.Discard))
}

func TestNumbers(t *testing.T) {
	assert.Equal(t, spread{Median: 3, Min: 1, Max: 9}, spreadOf([]float64{9, 1, 3}))
	assert.Equal(t, spread{Median: 2.5, Min: 1, Max: 4}, spreadOf([]float64{4, 1, 3, 2}))
	assert.Equal(t, spread{}, spreadOf(nil))
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	assert.InDelta(t, 50, percentile(hundred, 50), 0)
	assert.InDelta(t, 99, percentile(hundred, 99), 0)
	assert.InDelta(t, 7, percentile([]float64{7}, 99), 0)
	assert.InDelta(t, 0, percentile(nil, 50), 0)
}

func TestShare(t *testing.T) {
	for cpus, wanted := range map[int][2]int{2: {1, 1}, 3: {1, 2}, 8: {4, 4}} {
		server, load, separate := share(cpus, true)
		assert.True(t, separate)
		assert.Equal(t, wanted, [2]int{server, load})
	}
	_, _, separate := share(1, true)
	assert.False(t, separate)
	_, _, separate = share(8, false)
	assert.False(t, separate, "where processes can't be kept on processors it is said")
}

// Ratios are made round by round: what disturbs both sides of one round disturbs no ratio.
func TestCompare(t *testing.T) {
	found := compare("/live", []sample{{10, 20, 1}, {100, 200, 1}, {10, 20, 1}}, []sample{{12, 30, 0.9}, {120, 300, 0.8}, {13, 40, 0.7}})
	assert.InDelta(t, 1.2, found.CPURatio.Median, 1e-9)
	assert.InDelta(t, 1.3, found.CPURatio.Max, 1e-9)
	assert.InDelta(t, 1.5, found.ElapsedRatio.Median, 1e-9)
	assert.InDelta(t, 0.8, found.Busy.Median, 0)
	assert.InDelta(t, 10, found.BareCPU.Median, 0)
}

func TestLimits(t *testing.T) {
	r := newReport()
	r.Health.Paths = []Comparison{{Path: "/live", CPURatio: spread{Median: 1.5}, ElapsedRatio: spread{Median: 1.49}}}
	r.Start.Millis.Median, r.Memory.Open, r.Memory.Connections = 100, 64, 1000
	r.judge()
	assert.True(t, r.hold(), "at the limit is within it")
	var out strings.Builder
	require.NoError(t, r.print(&out, false))
	assert.NotContains(t, out.String(), "BROKEN")
	assert.Contains(t, out.String(), "SAME processors")

	r.Limits, r.Memory.HashingPeak = nil, 256.1
	r.judge()
	assert.False(t, r.hold(), "a crowd that signs up has its limit too")

	r.Limits, r.Memory.Open, r.Memory.HashingPeak = nil, 64.1, 256
	r.judge()
	assert.False(t, r.hold())
	out.Reset()
	require.NoError(t, r.print(&out, false))
	assert.Contains(t, out.String(), "BROKEN  resident memory with 1000 open connections, MiB")
}

func TestStatusOfAProcess(t *testing.T) {
	found, err := field("Name:\tbackend\nVmHWM:\t    4096 kB\nVmRSS:\t    2048 kB\n", "VmRSS")
	require.NoError(t, err)
	assert.InDelta(t, 2, found, 0)
	_, err = field("Name:\tbackend\n", "VmRSS")
	require.ErrorContains(t, err, "there is no VmRSS")
	_, err = field("VmRSS:\tmany kB\n", "VmRSS")
	require.Error(t, err)
}

func TestAsking(t *testing.T) {
	answers := map[string]func(http.ResponseWriter){
		"/good":    func(w http.ResponseWriter) { _, _ = io.WriteString(w, strings.Repeat("x", 1000)) },
		"/bad":     func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) },
		"/chunked": func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answers[r.URL.Path](w) }))
	defer server.Close()
	for path, wanted := range map[string]string{"/good": "", "/bad": "503", "/chunked": "no Content-Length"} {
		c, err := open(t.Context(), server.Listener.Addr().String(), 3, get("/good"))
		require.NoError(t, err)
		require.Len(t, c.connections, 3)
		count, took, err := c.ask(t.Context(), path, 100*time.Millisecond)
		if wanted == "" {
			require.NoError(t, err)
			assert.Greater(t, count, 3, "connections are used again")
			assert.GreaterOrEqual(t, took, 100*time.Millisecond)
		} else {
			require.ErrorContains(t, err, wanted)
		}
		require.NoError(t, c.close())
	}
	c, err := open(t.Context(), server.Listener.Addr().String(), 20, get("/bad"))
	require.ErrorContains(t, err, "20 of 20 connections failed")
	require.NoError(t, c.close())
}

// A refused request must not count as a fast one.
func TestARefusedOperation(t *testing.T) {
	whole, err := handler(memory.NewItems(time.Now), memory.NewAccounts())
	require.NoError(t, err)
	b := &batch{ctx: t.Context(), handler: whole}
	_, err = b.measure(2, func(i int) (string, string, string) {
		return "POST", "/api/items", fmt.Sprintf(`{"type":"UPPER","serial":"%d"}`, i)
	})
	require.ErrorContains(t, err, "the answer is 400")
}

// A crowd that is not answered is a failed measurement: its peak would be that of a backend that did no work.
func TestACrowdIsAnswered(t *testing.T) {
	status := http.StatusServiceUnavailable
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	require.NoError(t, hash(t.Context(), server.URL, 3))
	status = http.StatusBadRequest
	require.ErrorContains(t, hash(t.Context(), server.URL, 3), "3 of 3 sign-ups at once failed, one with: the answer is 400")
	server.Close()
	require.ErrorContains(t, hash(t.Context(), server.URL, 2), "2 of 2")
}
