package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	root   = "1-67891233-abcdef012345678912345678"
)

func headers(pairs ...string) http.Header {
	header := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		header.Set(pairs[i], pairs[i+1])
	}
	return header
}

func TestTraceOf(t *testing.T) {
	for wanted, header := range map[string]http.Header{
		"4bf92f3577b34da6a3ce929d0e0e4736": headers("traceparent", parent, "X-Amzn-Trace-Id", "Root="+root),
		root:                               headers("X-Amzn-Trace-Id", "Self=1-67891234-12456789abcdef012345678a;Root="+root+";Sampled=1"),
	} {
		assert.Equal(t, wanted, TraceOf(header))
	}
	for _, bad := range []http.Header{
		headers(), headers("traceparent", "00-"+strings.Repeat("0", 32)+"-00f067aa0ba902b7-01"), headers("traceparent", parent+"\r\nx: y"),
		headers("X-Amzn-Trace-Id", "Root=password"), headers("X-Amzn-Trace-Id", strings.Repeat(";", 10000)),
	} {
		assert.Empty(t, TraceOf(bad))
	}
}

func FuzzTraceOf(f *testing.F) {
	f.Add(parent, "")
	f.Add("", "Root="+root+";Parent=53995c3f42cd8ad8;Sampled=1")
	f.Add("00", ";;=;Root=")
	f.Fuzz(func(t *testing.T, parent, amazon string) {
		header := http.Header{"Traceparent": {parent}, "X-Amzn-Trace-Id": {amazon}}
		if id := TraceOf(header); id != "" && len(id) != 32 && len(id) != 35 {
			t.Fatalf("%q", id)
		}
		_, end := ServerSpan(context.Background(), header, "GET", "/x")
		end(200)
	})
}

func TestLogLinesNameTheRequest(t *testing.T) {
	var out bytes.Buffer
	log := NewLog(&out, slog.LevelInfo).With("part", "x").WithGroup("g")
	ctx := WithRequest(context.Background(), Request{ID: "request-1", Trace: root})
	log.InfoContext(ctx, "hello")
	log.DebugContext(ctx, "not this")
	NewLog(&out, slog.LevelInfo).InfoContext(ctx, "plain")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2)
	var line map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &line))
	assert.Equal(t, "request-1", line["requestId"])
	assert.Equal(t, root, line["traceId"])
	span := trace.ContextWithSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}}))
	out.Reset()
	NewLog(&out, slog.LevelInfo).InfoContext(span, "in a span")
	assert.Contains(t, out.String(), `"spanId":"0200000000000000"`)
}

func TestMetrics(t *testing.T) {
	var out bytes.Buffer
	m := &Metrics{Environment: "test", Out: &out, Now: func() time.Time { return time.UnixMilli(1700000000123) }}
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() { m.Add(SignIns, "Outcome", "ok", 2) })
	}
	m.Add(Outages, "Dependency", "mysql", 1)
	m.Add(Outages, "Dependency", "none", 0)
	wait.Wait()
	require.NoError(t, m.Write())
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2)
	assert.JSONEq(t, `{"_aws":{"Timestamp":1700000000123,"CloudWatchMetrics":[{"Namespace":"iTrack/Backend","Dimensions":[["Environment","Outcome"]],
		"Metrics":[{"Name":"SignIns","Unit":"Count"}]}]},"Environment":"test","Outcome":"ok","SignIns":100}`, lines[1])
	out.Reset()
	require.NoError(t, m.Write())
	assert.Empty(t, out.String(), "counts are written once")
	(*Metrics)(nil).Add(SignIns, "Outcome", "ok", 1)

	ctx, stop := context.WithCancel(context.Background())
	m.Add(Panics, "Route", "/x", 1)
	stop()
	m.Run(ctx)
	assert.Contains(t, out.String(), `"Panics":1`, "the end writes what is left")
}

// The spans of a request arrive at a collector, as children of the trace that the load balancer began.
func TestTracing(t *testing.T) {
	received := make(chan *collector.ExportTraceServiceRequest, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		var request collector.ExportTraceServiceRequest
		if err == nil && r.URL.Path == "/v1/traces" && proto.Unmarshal(text, &request) == nil {
			received <- &request
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	defer server.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	stop, err := StartTracing(context.Background(), "test", "1")
	require.NoError(t, err)
	t.Cleanup(func() { otel.SetTracerProvider(noop.NewTracerProvider()) })
	ctx, end := ServerSpan(context.Background(), headers("X-Amzn-Trace-Id", "Root="+root), "GET", "/items")
	_, endInner := Span(ctx, "items.get")
	endInner()
	end(200)
	require.NoError(t, stop(context.Background()))
	select {
	case request := <-received:
		spans := request.ResourceSpans[0].ScopeSpans[0].Spans
		require.Len(t, spans, 2)
		assert.Equal(t, "items.get", spans[0].Name)
		assert.Equal(t, "GET /items", spans[1].Name)
		assert.Equal(t, spans[1].SpanId, spans[0].ParentSpanId)
		assert.Equal(t, []byte{0x67, 0x89, 0x12, 0x33, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0x12, 0x34, 0x56, 0x78}, spans[1].TraceId)
	case <-time.After(10 * time.Second):
		t.Fatal("no span arrived")
	}
}

// What OpenTelemetry complains of is a line of our log like any other.
func TestLostTracesAreLogged(t *testing.T) {
	var out bytes.Buffer
	LogLostTraces(NewLog(&out, slog.LevelInfo))
	otel.Handle(errors.New("the collector is away"))
	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	assert.Equal(t, "the collector is away", line["error"])
	assert.Equal(t, "WARN", line["level"])
}
