// Package policy reads IAM policy documents and checks them as AWS does when they are stored.
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
	Sid          string    `json:"Sid"`
	Effect       string    `json:"Effect"`
	Action       Strings   `json:"Action"`
	NotAction    Strings   `json:"NotAction"`
	Resource     Strings   `json:"Resource"`
	NotResource  Strings   `json:"NotResource"`
	Principal    Principal `json:"Principal"`
	NotPrincipal Principal `json:"NotPrincipal"`
	// Condition is operator -> key -> values.
	Condition map[string]map[string]Values `json:"Condition"`

	// Elements are the names of everything that the statement has, known or not.
	Elements []string `json:"-"`
}

// UnmarshalJSON also notes the elements' names.
func (s *Statement) UnmarshalJSON(data []byte) error {
	type plain Statement
	if err := json.Unmarshal(data, (*plain)(s)); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	for name := range all {
		s.Elements = append(s.Elements, name)
	}
	return nil
}

// Strings is one string or several.
type Strings []string

// UnmarshalJSON accepts a single string for a list.
func (s *Strings) UnmarshalJSON(data []byte) error { return oneOrMany(data, (*[]string)(s)) }

// Values are the values of a condition: text, numbers or booleans, one or several.
type Values []string

// UnmarshalJSON writes every value as text.
func (v *Values) UnmarshalJSON(data []byte) error {
	var list []any
	if err := oneOrMany(data, &list); err != nil {
		return err
	}
	for _, value := range list {
		*v = append(*v, fmt.Sprint(value))
	}
	return nil
}

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

// Parse reads a document.
func Parse(text string) (Document, error) {
	var doc Document
	err := json.Unmarshal([]byte(text), &doc)
	return doc, err
}

// Size is the number of characters that AWS counts: without white space.
func Size(text string) int { return len(strings.Join(strings.Fields(text), "")) }

// Rules are what AWS demands of a resource's policy.
type Rules struct {
	// Code is the error's code.
	Code string
	// Principal says that statements need a principal, as resource policies do.
	Principal bool
	// MaxSize is the greatest number of characters without white space; 0 for none.
	MaxSize int
	// SizeCode and SizeQuota are the error for a greater one.
	SizeCode, SizeQuota string
}

// demands are what AWS demands of every resource policy.
var demands = []func(*Document) string{BadVersion, NoStatement, BadElement, BadEffect, BadAction, BadActionForm, BadResourceForm, BadSID, BadCondition}

// Check returns AWS's refusal of the resource policy at a property, or nil. Roles of the same account that are named as
// principals must exist. IAM's own documents are checked by the rules of the area identity, one by one.
func Check(c *catalog.Call, property string, rules Rules) *catalog.Error {
	text := c.Str(property)
	if text == "" {
		return nil
	}
	refuse := func(format string, args ...any) *catalog.Error {
		return &catalog.Error{Code: rules.Code, Property: property, Rule: "policy document", Message: fmt.Sprintf(format, args...),
			Source: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"}
	}
	doc, err := Parse(text)
	if err != nil {
		return refuse("This policy contains invalid Json: %s", err)
	}
	if n := Size(text); rules.MaxSize > 0 && n > rules.MaxSize {
		return &catalog.Error{Code: rules.SizeCode, Property: property, Rule: "size of the policy",
			Message: fmt.Sprintf("Cannot exceed quota for %s: %d (it has %d characters)", rules.SizeQuota, rules.MaxSize, n),
			Source:  "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"}
	}
	for _, broken := range demands {
		if message := broken(&doc); message != "" {
			return refuse("%s", message)
		}
	}
	if message := NoPrincipal(&doc); rules.Principal && message != "" {
		return refuse("%s", message)
	}
	if missing := UnknownRole(c, &doc); missing != "" {
		return refuse("Invalid principal in policy: \"AWS\":%q", missing)
	}
	return nil
}

// UnknownRole is a role of the account that a document names as principal and that does not exist, "" when there is none.
// Principals of other accounts are not known here.
func UnknownRole(c *catalog.Call, doc *Document) string {
	if c.Tx == nil {
		return ""
	}
	for _, s := range doc.Statement {
		for _, arn := range append(append(Strings{}, s.Principal["AWS"]...), s.NotPrincipal["AWS"]...) {
			mine := strings.HasPrefix(arn, "arn:"+c.Partition+":iam::"+c.Account+":role/")
			if mine && !strings.Contains(arn, "/aws-service-role/") && c.Tx.ByARN(arn) == nil {
				return arn
			}
		}
	}
	return ""
}

// Allows tells whether some statement allows an action to an AWS principal, conditions aside.
func Allows(text, principal, action string) bool {
	doc, err := Parse(text)
	if err != nil {
		return false
	}
	for _, s := range doc.Statement {
		if s.Effect != "Allow" || !s.speaksOf(action, "") {
			continue
		}
		for _, who := range s.Principal["AWS"] {
			if who == "*" || who == principal {
				return true
			}
		}
	}
	return false
}
