package telemetry

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"
)

const scope = "github.com/itrack/itrack/app/backend"

// StartTracing sends spans by OTLP over HTTP. It is for where OTEL_EXPORTER_OTLP_ENDPOINT is set; that variable and the
// other OTEL_ ones (headers, timeout, sampler) are read by OpenTelemetry itself. Without this call spans cost next to
// nothing and go nowhere. stop sends what is left.
func StartTracing(ctx context.Context, environment, version string) (stop func(context.Context) error, err error) {
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("starting the export of traces (OTEL_EXPORTER_OTLP_ENDPOINT): %w", err)
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(resource.NewSchemaless(
		attribute.String("service.name", "itrack-backend"), attribute.String("service.version", version),
		attribute.String("deployment.environment.name", environment),
	)))
	otel.SetTracerProvider(provider)
	return provider.Shutdown, nil
}

// LogLostTraces hands OpenTelemetry's own complaints, such as a collector that does not answer, to our log: it would write them
// as lines of another form.
func LogLostTraces(log *slog.Logger) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("opentelemetry", "error", err) }))
}

// Span starts a span below the context's one.
func Span(ctx context.Context, name string) (context.Context, func()) {
	ctx, span := otel.Tracer(scope).Start(ctx, name, api.WithSpanKind(api.SpanKindClient))
	return ctx, func() { span.End() }
}

// ServerSpan starts the span of a request, as a part of the trace that its headers name. The name is the route and never
// the path, which may hold anything.
func ServerSpan(ctx context.Context, header http.Header, method, route string) (context.Context, func(status int)) {
	if header.Get("Traceparent") != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(header))
	} else if parent, ok := xrayParent(header); ok {
		ctx = api.ContextWithRemoteSpanContext(ctx, parent)
	}
	ctx, span := otel.Tracer(scope).Start(ctx, method+" "+route, api.WithSpanKind(api.SpanKindServer))
	if !span.IsRecording() {
		return ctx, func(int) { span.End() }
	}
	span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route))
	return ctx, func(status int) {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		span.End()
	}
}

// xrayParent is X-Ray's root as a parent: its 8 and 24 digits are the 32 of OpenTelemetry. The load balancer gives no
// parent, so the parent's id is made of the root's last digits; a span needs one that is not zero.
func xrayParent(header http.Header) (api.SpanContext, bool) {
	root := TraceOf(header)
	if !rootForm.MatchString(root) {
		return api.SpanContext{}, false
	}
	id, err := api.TraceIDFromHex(root[2:10] + root[11:])
	if err != nil {
		return api.SpanContext{}, false
	}
	var parent api.SpanID
	copy(parent[:], id[8:])
	if binary.BigEndian.Uint64(parent[:]) == 0 {
		return api.SpanContext{}, false
	}
	flags := api.FlagsSampled
	if strings.Contains(header.Get("X-Amzn-Trace-Id"), "Sampled=0") {
		flags = 0
	}
	return api.NewSpanContext(api.SpanContextConfig{TraceID: id, SpanID: parent, TraceFlags: flags, Remote: true}), true
}
