// Package telemetry is what the backend tells about itself: logs, metrics and traces.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// Request is what every log line of a request carries.
type Request struct {
	// ID is the request's.
	ID string
	// Trace is the trace's id in the form of its source: 32 hex digits (W3C) or 1-8-24 (X-Ray); "" for none.
	Trace string
}

type requestKey struct{}

// WithRequest makes a context whose log lines carry the request.
func WithRequest(ctx context.Context, request Request) context.Context {
	return context.WithValue(ctx, requestKey{}, request)
}

// RequestOf gives the request of a context.
func RequestOf(ctx context.Context) Request {
	request, _ := ctx.Value(requestKey{}).(Request)
	return request
}

// NewLog writes JSON lines with the ids of the request and of the trace.
func NewLog(out io.Writer, level slog.Level) *slog.Logger {
	return slog.New(handler{slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level})})
}

type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, record slog.Record) error {
	request := RequestOf(ctx)
	if request.ID != "" {
		record.AddAttrs(slog.String("requestId", request.ID))
	}
	// The trace's id in the form of its source: the access log of API Gateway writes the same one.
	span := trace.SpanContextFromContext(ctx)
	if request.Trace != "" {
		record.AddAttrs(slog.String("traceId", request.Trace))
	} else if span.IsValid() {
		record.AddAttrs(slog.String("traceId", span.TraceID().String()))
	}
	if span.IsValid() && !span.IsRemote() { // a remote one is the sender's
		record.AddAttrs(slog.String("spanId", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, record)
}

func (h handler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attributes)}
}
func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(name)} }

var (
	parentForm = regexp.MustCompile(`^00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$`)
	rootForm   = regexp.MustCompile(`^1-[0-9a-f]{8}-[0-9a-f]{24}$`)
)

// TraceOf reads the trace's id out of traceparent (W3C) or X-Amzn-Trace-Id (the load balancer, API Gateway). What is not
// well-formed is left out: it would else stand in the log as its sender wrote it.
func TraceOf(header http.Header) string {
	if match := parentForm.FindStringSubmatch(header.Get("Traceparent")); match != nil && match[1] != strings.Repeat("0", 32) {
		return match[1]
	}
	// Its fields may also be Self and Parent; the root is the trace.
	for field := range strings.SplitSeq(header.Get("X-Amzn-Trace-Id"), ";") {
		if root, ok := strings.CutPrefix(strings.TrimSpace(field), "Root="); ok && rootForm.MatchString(root) {
			return root
		}
	}
	return ""
}
