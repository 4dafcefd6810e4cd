// Package policy reads IAM policy documents and says what they allow. It knows the language and none of AWS's services:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Document is a policy.
type Document struct {
	Statements []Statement
}

// Statement is one statement of a policy.
type Statement struct {
	Sid        string
	Allow      bool
	Actions    []string
	NotActions []string
	Resources  []string
	// NotResources are the resources that the statement leaves out.
	NotResources []string
	Principals   []Principal
	NotPrincipal bool // the statement means everybody but Principals
	Conditions   []Condition
}

// Principal is one who a statement is about: a service, an account, a role, a provider of identities, or everybody ("*").
type Principal struct {
	Kind  string // AWS, Service, Federated, CanonicalUser, * for everybody
	Value string
}

// Condition is one line of a condition block.
type Condition struct {
	Operator, Key string
	Values        []string
}

// Parse reads a policy.
func Parse(text string) (*Document, error) {
	var raw struct{ Statement one[rawStatement] }
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, fmt.Errorf("reading a policy document: %w", err)
	}
	document := &Document{}
	for _, s := range raw.Statement {
		statement := Statement{
			Sid: s.Sid, Allow: s.Effect == "Allow", Actions: s.Action, NotActions: s.NotAction, Resources: s.Resource,
			NotResources: s.NotResource, Conditions: conditions(s.Condition),
		}
		principals, err := principals(s.Principal)
		if err != nil {
			return nil, err
		}
		if len(s.NotPrincipal) > 0 {
			if principals, err = principalsOf(s.NotPrincipal, principals); err != nil {
				return nil, err
			}
			statement.NotPrincipal = true
		}
		statement.Principals = principals
		document.Statements = append(document.Statements, statement)
	}
	return document, nil
}

// rawStatement is a statement as JSON has it: what may be a list may be a single value as well.
type rawStatement struct {
	Sid, Effect             string
	Action, NotAction       one[string]
	Resource, NotResource   one[string]
	Principal, NotPrincipal json.RawMessage
	Condition               map[string]map[string]one[any]
}

// one is a list that JSON may write as its only element.
type one[T any] []T

func (o *one[T]) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '[' {
		return json.Unmarshal(text, (*[]T)(o))
	}
	var value T
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	*o = []T{value}
	return nil
}

func principals(raw json.RawMessage) ([]Principal, error) { return principalsOf(raw, nil) }

func principalsOf(raw json.RawMessage, out []Principal) ([]Principal, error) {
	if len(raw) == 0 {
		return out, nil
	}
	if raw[0] == '"' {
		var everybody string
		err := json.Unmarshal(raw, &everybody)
		return append(out, Principal{Kind: "*", Value: everybody}), err
	}
	var byKind map[string]one[string]
	if err := json.Unmarshal(raw, &byKind); err != nil {
		return nil, fmt.Errorf("reading a policy's principal: %w", err)
	}
	for _, kind := range sorted(byKind) {
		for _, value := range byKind[kind] {
			one := Principal{Kind: kind, Value: value}
			if value == "*" {
				one.Kind = "*"
			}
			out = append(out, one)
		}
	}
	return out, nil
}

func conditions(raw map[string]map[string]one[any]) []Condition {
	var out []Condition
	for _, operator := range sorted(raw) {
		for _, key := range sorted(raw[operator]) {
			condition := Condition{Operator: operator, Key: key}
			for _, value := range raw[operator][key] {
				condition.Values = append(condition.Values, fmt.Sprint(value))
			}
			out = append(out, condition)
		}
	}
	return out
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// Everybody tells whether the statement is about anyone at all.
func (s *Statement) Everybody() bool {
	return s.NotPrincipal || slices.ContainsFunc(s.Principals, func(p Principal) bool { return p.Value == "*" })
}

// String is a condition in a line: StringEquals aws:SourceAccount 111122223333.
func (c Condition) String() string {
	return c.Operator + " " + c.Key + " " + strings.Join(c.Values, ", ")
}

// String is a principal in a word or two.
func (p Principal) String() string {
	switch p.Kind {
	case "*":
		return "everybody"
	case "AWS":
		if account, root := strings.CutSuffix(p.Value, ":root"); root {
			return "account " + account[strings.LastIndex(account, ":")+1:]
		}
	}
	return p.Value
}
