// Package policy checks IAM policy documents as AWS does when they are stored.
package policy

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// Document is a policy document.
type Document struct {
	Version   string     `json:"Version"`
	ID        string     `json:"Id"`
	Statement Statements `json:"Statement"`
}

// Statements are one statement or several.
type Statements []Statement

// UnmarshalJSON accepts a single statement for a list.
func (s *Statements) UnmarshalJSON(data []byte) error {
	return oneOrMany(data, (*[]Statement)(s))
}

// Statement is one statement. Principal is "*" or a map of kinds.
type Statement struct {
	Sid          string          `json:"Sid"`
	Effect       string          `json:"Effect"`
	Action       Strings         `json:"Action"`
	NotAction    Strings         `json:"NotAction"`
	Resource     Strings         `json:"Resource"`
	NotResource  Strings         `json:"NotResource"`
	Principal    Principal       `json:"Principal"`
	NotPrincipal Principal       `json:"NotPrincipal"`
	Condition    json.RawMessage `json:"Condition"`
}

// Strings is one string or several.
type Strings []string

// UnmarshalJSON accepts a single string for a list.
func (s *Strings) UnmarshalJSON(data []byte) error { return oneOrMany(data, (*[]string)(s)) }

// Principal is who a statement speaks of, by kind: AWS, Service, Federated. "*" is {"AWS": ["*"]}.
type Principal map[string]Strings

// UnmarshalJSON accepts "*".
func (p *Principal) UnmarshalJSON(data []byte) error {
	var all string
	if json.Unmarshal(data, &all) == nil {
		*p = Principal{"AWS": {all}}
		return nil
	}
	kinds := map[string]Strings{}
	err := json.Unmarshal(data, &kinds)
	*p = kinds
	return err
}

func oneOrMany[T any](data []byte, into *[]T) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, into)
	}
	var one T
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*into = []T{one}
	return nil
}

// Rules are what AWS demands of a document.
type Rules struct {
	// Code is the error's code.
	Code string
	// Principal says that statements need a principal (resource policies) or must not have one (identity policies).
	Principal bool
	// NoResource says that statements must not name resources (trust policies).
	NoResource bool
	// MaxSize is the greatest number of characters without white space; 0 for none.
	MaxSize int
	// SizeCode and SizeQuota are the error for a greater one.
	SizeCode, SizeQuota string
}

// Check returns AWS's refusal of the document at a property, or nil. Roles and users of the same account that are named as
// principals must exist.
func Check(c *catalog.Call, property string, rules Rules) *catalog.Error {
	text := c.Str(property)
	if text == "" {
		return nil
	}
	refuse := func(format string, args ...any) *catalog.Error {
		return &catalog.Error{Code: rules.Code, Property: property, Rule: "policy document", Message: fmt.Sprintf(format, args...),
			Source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"}
	}
	var doc Document
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return refuse("This policy contains invalid Json: %s", err)
	}
	if rules.MaxSize > 0 {
		if n := len(strings.Join(strings.Fields(text), "")); n > rules.MaxSize {
			return &catalog.Error{Code: rules.SizeCode, Property: property, Rule: "size of the policy",
				Message: fmt.Sprintf("Cannot exceed quota for %s: %d (it has %d characters)", rules.SizeQuota, rules.MaxSize, n),
				Source:  "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"}
		}
	}
	if doc.Version != "" && doc.Version != "2012-10-17" && doc.Version != "2008-10-17" {
		return refuse("The policy's Version must be 2012-10-17, got %q", doc.Version)
	}
	if len(doc.Statement) == 0 {
		return refuse("Syntax errors in policy: it has no statement")
	}
	sids := map[string]bool{}
	for i, s := range doc.Statement {
		switch {
		case s.Effect != "Allow" && s.Effect != "Deny":
			return refuse("Syntax errors in policy: statement %d has the Effect %q", i, s.Effect)
		case len(s.Action) == 0 && len(s.NotAction) == 0:
			return refuse("Policy statement must contain actions (statement %d)", i)
		case rules.Principal && len(s.Principal) == 0 && len(s.NotPrincipal) == 0:
			return refuse("Missing required field Principal (statement %d)", i)
		case !rules.Principal && (len(s.Principal) > 0 || len(s.NotPrincipal) > 0):
			return refuse("Policy document should not specify a principal (statement %d)", i)
		case rules.NoResource && (len(s.Resource) > 0 || len(s.NotResource) > 0):
			return refuse("Has prohibited field Resource (statement %d)", i)
		case !rules.NoResource && !rules.Principal && len(s.Resource) == 0 && len(s.NotResource) == 0:
			return refuse("Policy statement must contain resources (statement %d)", i)
		case s.Sid != "" && sids[s.Sid]:
			return refuse("Statement IDs (SID) in a single policy must be unique: %s", s.Sid)
		}
		sids[s.Sid] = true
		if missing := unknownPrincipal(c, s.Principal); missing != "" {
			return refuse("Invalid principal in policy: \"AWS\":%q", missing)
		}
	}
	return nil
}

// unknownPrincipal is a role or user of the account that does not exist. Principals of other accounts are not known here.
func unknownPrincipal(c *catalog.Call, principal Principal) string {
	if c.Tx == nil {
		return ""
	}
	for _, arn := range principal["AWS"] {
		mine := strings.HasPrefix(arn, "arn:"+c.Partition+":iam::"+c.Account+":role/")
		if mine && !strings.Contains(arn, "/aws-service-role/") && c.Tx.ByARN(arn) == nil {
			return arn
		}
	}
	return ""
}

// Allows tells whether some statement allows an action to an AWS principal, conditions aside.
func Allows(text, principal, action string) bool {
	var doc Document
	if json.Unmarshal([]byte(text), &doc) != nil {
		return false
	}
	for _, s := range doc.Statement {
		if s.Effect != "Allow" {
			continue
		}
		for _, who := range s.Principal["AWS"] {
			if who != "*" && who != principal {
				continue
			}
			for _, pattern := range s.Action {
				if matches(pattern, action) {
					return true
				}
			}
		}
	}
	return false
}

func matches(pattern, action string) bool {
	pattern, action = strings.ToLower(pattern), strings.ToLower(action)
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(action, prefix)
	}
	return pattern == action
}
