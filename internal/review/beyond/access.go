package beyond

import (
	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/policy"
)

// Access is who may do what.
type Access struct {
	Principals []Principal `json:"principals"`
	// ResourcePolicies are the policies that stand at resources: keys, buckets, topics, queues, vaults, functions.
	ResourcePolicies []ResourcePolicy `json:"resourcePolicies"`
	// Unattached are declared policies that nothing of the stack uses.
	Unattached []ResourcePolicy `json:"unattached"`
	Wildcards  []Wildcard       `json:"wildcards"`
	Ways       []Way            `json:"ways"`
}

// Principal is a role, user or group, who may use it, and what it may do.
type Principal struct {
	Resource string `json:"resource"`
	// Trust says who may assume a role, and under which conditions.
	Trust []string `json:"trust"`
	// Boundary is the ARN of the permissions boundary, BoundaryRead whether its statements are in the stack.
	Boundary     string      `json:"boundary,omitempty"`
	BoundaryRead bool        `json:"boundaryRead"`
	Statements   []Statement `json:"statements"`
	// Limits are the statements of the boundary: they grant nothing.
	Limits []Statement `json:"limits"`
	// Unread are attached policies whose statements the stack does not declare, AWS's own mostly.
	Unread        []string `json:"unread"`
	Administrator bool     `json:"administrator"`
}

// Statement is one statement of a policy.
type Statement struct {
	Policy       string   `json:"policy"`
	Sid          string   `json:"sid,omitempty"`
	Effect       string   `json:"effect"` // Allow or Deny
	Principals   []string `json:"principals,omitempty"`
	Actions      []string `json:"actions,omitempty"`
	NotActions   []string `json:"notActions,omitempty"`
	Resources    []string `json:"resources,omitempty"`
	NotResources []string `json:"notResources,omitempty"`
	Conditions   []string `json:"conditions,omitempty"`
}

// ResourcePolicy is a policy that stands at a resource, or one that stands alone.
type ResourcePolicy struct {
	Resource   string      `json:"resource"`
	Statements []Statement `json:"statements"`
}

// Way is how a principal gets to what its own statements do not say.
type Way struct {
	Principal string `json:"principal"`
	Method    string `json:"method"` // the actions that make it: iam:PassRole and lambda:CreateFunction
	// To are the roles that it leads to, or what stands for them ("any role of the account").
	To            []string `json:"to"`
	Administrator bool     `json:"administrator"`
	Policies      []string `json:"policies"`
	NarrowedBy    []string `json:"narrowedBy"`
	// Limit says what keeps it from the administrator.
	Limit string `json:"limit,omitempty"`
}

func accessOf(m *review.Model) Access {
	out := Access{
		Principals: []Principal{}, ResourcePolicies: []ResourcePolicy{}, Unattached: []ResourcePolicy{}, Wildcards: []Wildcard{}, Ways: []Way{},
	}
	house := newHousehold(m)
	ways := house.ways()
	for _, p := range house.principals {
		out.Principals = append(out.Principals, Principal{
			Resource: p.Label(), Trust: trustLines(p.trust), Boundary: p.boundaryArn, BoundaryRead: p.boundary != nil,
			Statements: statementsOf(p.grants), Limits: statementsOf(p.boundary), Unread: unique(p.unread...), Administrator: house.admin[p],
		})
		out.Wildcards = append(out.Wildcards, wildcardsOf(p.Label(), p.grants)...)
		if wildcard := openTrust(p); wildcard != nil {
			out.Wildcards = append(out.Wildcards, *wildcard)
		}
	}
	out.Ways = append(out.Ways, ways...)
	standing := standingPolicies(m)
	for _, one := range standing {
		out.ResourcePolicies = append(out.ResourcePolicies, ResourcePolicy{Resource: one.label, Statements: statementsOf(one.grants)})
	}
	out.Wildcards = append(out.Wildcards, openPolicies(standing)...)
	for _, r := range house.unattached() {
		out.Unattached = append(out.Unattached, ResourcePolicy{Resource: r.Label(), Statements: statementsOf(documentOf(r, "policy"))})
	}
	return out
}

// statementOf is a statement as reports have it.
func statementOf(g grant) Statement {
	out := Statement{
		Policy: g.policy, Sid: g.Sid, Effect: "Deny", Actions: g.Actions, NotActions: g.NotActions, Resources: g.Resources,
		NotResources: g.NotResources, Conditions: conditionLines(g.Conditions),
	}
	if g.Allow {
		out.Effect = "Allow"
	}
	for _, principal := range g.Principals {
		text := principal.String()
		if g.NotPrincipal {
			text = "everybody but " + text
		}
		out.Principals = append(out.Principals, text)
	}
	return out
}

func statementsOf(grants []grant) []Statement {
	out := []Statement{}
	for _, g := range grants {
		out = append(out, statementOf(g))
	}
	return out
}

func conditionLines(conditions []policy.Condition) []string {
	var out []string
	for _, condition := range conditions {
		out = append(out, condition.String())
	}
	return out
}

// trustLines say who may assume a role.
func trustLines(trust []grant) []string {
	out := []string{}
	for _, g := range trust {
		for _, who := range statementOf(g).Principals {
			if !g.Allow {
				who = "never " + who
			}
			for _, condition := range g.Conditions {
				who += ", where " + condition.String()
			}
			out = append(out, who)
		}
	}
	return out
}
