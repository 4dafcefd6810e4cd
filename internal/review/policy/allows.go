package policy

import "strings"

// Request is what is asked of a document. An empty field is not asked about: a trust policy has no resources, an identity
// policy no principals.
type Request struct {
	// Action is one action ("kms:Decrypt"), Resource one ARN, neither with wildcards.
	Action, Resource string
	// Principal is an ARN, an account's number or a service ("lambda.amazonaws.com").
	Principal string
}

// Allows tells whether the document may allow a request: some statement allows it and none denies it in every case. A
// condition on an Allow is taken as met, a Deny with one as not applying: the answer errs on the side of "allows".
func (d *Document) Allows(r Request) bool {
	allowed := false
	for i := range d.Statements {
		s := &d.Statements[i]
		switch {
		case !s.Speaks(r):
		case !s.Allow && len(s.Conditions) == 0:
			return false
		case s.Allow:
			allowed = true
		}
	}
	return allowed
}

// Speaks tells whether a statement speaks of a request, whatever its effect and its conditions.
func (s *Statement) Speaks(r Request) bool {
	return (r.Action == "" || s.Action(r.Action)) && (r.Resource == "" || s.About(r.Resource)) && (r.Principal == "" || s.Names(r.Principal))
}

// Names tells whether the statement is about a principal. An account, by its number or its root's ARN, stands for everybody
// in it.
func (s *Statement) Names(principal string) bool {
	named := false
	for _, p := range s.Principals {
		named = named || p.Value == "*" || p.Value == principal || p.WholeAccount() && Account(p.Value) == Account(principal)
	}
	return named != s.NotPrincipal
}

// WholeAccount tells whether the principal is an account.
func (p Principal) WholeAccount() bool {
	return Account(p.Value) != "" && (!strings.HasPrefix(p.Value, "arn:") || strings.HasSuffix(p.Value, ":root"))
}

// Account is the account of an ARN or of an account's number; "" for a service, for everybody and for an ARN without one.
func Account(principal string) string {
	if parts := strings.SplitN(principal, ":", 6); len(parts) == 6 && parts[0] == "arn" {
		return parts[4]
	}
	if len(principal) == 12 && strings.Trim(principal, "0123456789") == "" {
		return principal
	}
	return ""
}
