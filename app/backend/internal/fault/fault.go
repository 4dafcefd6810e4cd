// Package fault is how the backend's parts say what went wrong: a kind that decides the HTTP status, a code that programs
// may rely on, and words for people. What is not a fault is a defect or an outage of ours and answers 500.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the sort of a failure.
type Kind int

// The kinds; HTTP statuses are given to them in package httpapi.
const (
	// Invalid: the request breaks a rule of its own form.
	Invalid Kind = iota + 1
	// Unauthenticated: nobody is named, or the proof is not good.
	Unauthenticated
	// Forbidden: whoever asks may not do this.
	Forbidden
	// NotFound: there is no such thing, or none that the asker may know of.
	NotFound
	// NotAllowed: the path is there and takes other methods.
	NotAllowed
	// Conflict: the thing's state does not allow it.
	Conflict
	// Stale: the thing has changed since it was read.
	Stale
	// Unconditional: a change must name the version that it was made from.
	Unconditional
	// TooLarge: the request is larger than the limit.
	TooLarge
	// Unsupported: the request's media type or encoding is not taken.
	Unsupported
	// Throttled: too often; Retry says when again.
	Throttled
	// Unavailable: a dependency does not answer; Retry says when again.
	Unavailable
)

// Field is one broken rule: where, which, and what would be right.
type Field struct {
	Field string `json:"field"`
	Rule  string `json:"rule"`
	Hint  string `json:"hint,omitempty"`
}

// Error is a failure that the asker is told.
type Error struct {
	Kind   Kind
	Code   string
	Detail string
	Fields []Field
	// Retry is how long to wait before asking again; 0 where waiting does not help.
	Retry time.Duration
	// Cause is for the log alone.
	Cause error
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Detail, e.Cause)
	}
	return e.Code + ": " + e.Detail
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// New makes a fault; detail is a format.
func New(kind Kind, code, detail string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Detail: fmt.Sprintf(detail, args...)}
}

// Fields makes the fault of broken rules, or nil where there is none.
func Fields(broken ...Field) error {
	if len(broken) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Code: "invalid-field", Detail: "one or more fields break a rule; see errors", Fields: broken}
}

// Outage says that a dependency does not answer.
func Outage(dependency string, cause error) *Error {
	return &Error{
		Kind: Unavailable, Code: "unavailable", Retry: time.Second, Cause: cause,
		Detail: "the " + dependency + " does not answer at the moment; ask again with the same request",
	}
}

// Is says whether err is a fault of the kind.
func Is(err error, kind Kind) bool {
	var fault *Error
	return errors.As(err, &fault) && fault.Kind == kind
}
