package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"

	"github.com/itrack/itrack/app/backend/internal/fault"
	"github.com/itrack/itrack/app/backend/internal/telemetry"
)

// problem is RFC 9457's form of an error.
type problem struct {
	// Type is a URN that ends with the code; programs may rely on it.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// RequestID is what the log calls the request.
	RequestID string        `json:"requestId"`
	Errors    []fault.Field `json:"errors,omitempty"`
}

const problemPrefix = "urn:itrack:problem:"

var statusOf = map[fault.Kind]int{
	fault.Invalid: http.StatusBadRequest, fault.Unauthenticated: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden,
	fault.NotFound: http.StatusNotFound, fault.NotAllowed: http.StatusMethodNotAllowed, fault.Conflict: http.StatusConflict, fault.Stale: http.StatusPreconditionFailed,
	fault.Unconditional: http.StatusPreconditionRequired, fault.TooLarge: http.StatusRequestEntityTooLarge,
	fault.Unsupported: http.StatusUnsupportedMediaType, fault.Throttled: http.StatusTooManyRequests, fault.Unavailable: http.StatusServiceUnavailable,
}

// statusClientGone is nginx's number for a client that went away; only the log sees it.
const statusClientGone = 499

// fail answers with the error and gives the status. What is not a fault is ours, and its words stay in the log.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	known := s.known(r.Context(), err)
	status := statusOf[known.Kind]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	gone := errors.Is(err, context.Canceled) && errors.Is(r.Context().Err(), context.Canceled)
	if !gone {
		s.Metrics.Add(telemetry.Refusals, "Code", known.Code, 1)
	}
	switch {
	case gone:
		// Nobody waits, and nothing of ours is broken: an alarm on errors must not hear of it. The answer is written all the
		// same: a client that only closed its own side still reads.
		s.Log.LogAttrs(r.Context(), slog.LevelDebug, "the client went away", slog.String("code", known.Code), slog.Any("error", err))
		if recorded, ok := w.(*recorder); ok {
			recorded.gone = true
		}
	case status >= http.StatusInternalServerError:
		s.Log.LogAttrs(r.Context(), slog.LevelError, "a request failed", slog.String("code", known.Code), slog.Any("error", err))
	default:
		s.Log.LogAttrs(r.Context(), slog.LevelDebug, "a request was refused", slog.String("code", known.Code), slog.Any("error", err))
	}
	header := w.Header()
	switch known.Kind {
	case fault.Unauthenticated:
		header.Set("WWW-Authenticate", `Bearer realm="itrack"`)
	case fault.TooLarge:
		// What is left of the body is not read: the connection can't be used again.
		header.Set("Connection", "close")
	}
	if known.Retry > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(known.Retry.Seconds()))))
	}
	body, _ := json.Marshal(problem{ // strings and numbers can be written
		Type: problemPrefix + known.Code, Title: http.StatusText(status), Status: status, Detail: known.Detail,
		RequestID: telemetry.RequestOf(r.Context()).ID, Errors: known.Fields,
	})
	header.Set("Content-Type", "application/problem+json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone needs no answer
}

// known is the fault that err is, or the one that the asker is told instead.
func (s *Server) known(ctx context.Context, err error) *fault.Error {
	var known *fault.Error
	if errors.As(err, &known) {
		return known
	}
	var size *http.MaxBytesError
	if errors.As(err, &size) {
		return fault.New(fault.TooLarge, "body-too-large", "the body is larger than %d bytes, which is the most for this path", size.Limit)
	}
	if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return fault.Outage("service", err)
	}
	return &fault.Error{Code: "internal", Detail: "something went wrong here; the log has it under the requestId", Cause: err}
}
