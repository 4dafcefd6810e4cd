package catalog

import (
	"fmt"
	"strings"
)

// Error is a refusal in AWS's words.
type Error struct {
	// Code is AWS's error code, Message its text.
	Code, Message string
	// Property and Value are what it is about; Rule names the rule in our words, Source its page.
	Property, Value, Rule, Source string

	// Service, Operation, Doing and Title are filled in from the type.
	Service, Operation, Doing, Title string
}

// Refusal makes an error about a property.
func Refusal(code, property, value, message string) *Error {
	return &Error{Code: code, Property: property, Value: value, Message: message}
}

// Error reads as the provider's errors do.
func (e *Error) Error() string {
	var out strings.Builder
	if e.Doing != "" {
		fmt.Fprintf(&out, "%s %s: ", e.Doing, e.Title)
	}
	if e.Operation != "" {
		fmt.Fprintf(&out, "operation error %s: %s, ", e.Service, e.Operation)
	}
	fmt.Fprintf(&out, "api error %s: %s", e.Code, e.Message)
	if e.Property != "" {
		fmt.Fprintf(&out, " (property %s", e.Property)
		if e.Value != "" {
			fmt.Fprintf(&out, " = %q", e.Value)
		}
		out.WriteString(")")
	}
	if e.Source != "" {
		fmt.Fprintf(&out, " [%s]", e.Source)
	}
	return out.String()
}

// In completes the error with the type's names. doing is "creating", "updating", "deleting" or "reading".
func (e *Error) In(t *Type, doing string) *Error {
	out := *e
	out.Title = t.Title
	if out.Title == "" {
		out.Title = t.Token
	}
	out.Doing = doing
	if out.Service == "" {
		out.Service = t.Service
	}
	if out.Operation == "" {
		out.Operation = t.Operation(doing)
	}
	if out.Rule == "" {
		out.Rule = out.Code
	}
	return &out
}

// Operation is AWS's name of what is being done.
func (t *Type) Operation(doing string) string {
	verb := map[string]string{"creating": "create", "updating": "update", "deleting": "delete", "reading": "read"}[doing]
	if name, ok := t.Verbs[verb]; ok {
		return name
	}
	prefix := map[string]string{"create": "Create", "update": "Update", "delete": "Delete", "read": "Describe"}[verb]
	if t.Service == "EC2" && verb == "update" {
		prefix = "Modify"
	}
	return prefix + t.Action
}

// String is the problem as a check failure reads.
func (p Problem) String() string {
	var out strings.Builder
	out.WriteString(p.Message)
	if p.Value != "" {
		fmt.Fprintf(&out, ", got %q", p.Value)
	}
	if p.Source != "" {
		fmt.Fprintf(&out, " [%s]", p.Source)
	}
	return out.String()
}

// Refusals are several refusals of one call.
type Refusals []*Error

// Error reads as the refusals one after another.
func (r Refusals) Error() string {
	texts := make([]string, len(r))
	for i, refusal := range r {
		texts[i] = refusal.Error()
	}
	return strings.Join(texts, "\n")
}

// Unwrap makes each refusal visible to errors.Is and errors.As.
func (r Refusals) Unwrap() []error {
	refusals := make([]error, len(r))
	for i, refusal := range r {
		refusals[i] = refusal
	}
	return refusals
}
