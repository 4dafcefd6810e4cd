package controls

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/policy"
)

const (
	tokenPolicy         = "aws:iam/policy:Policy"
	tokenRole           = "aws:iam/role:Role"
	tokenUser           = "aws:iam/user:User"
	tokenIAMGroup       = "aws:iam/group:Group"
	tokenRoleAttachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
)

// iam are the controls on customer managed policies.
func iam() []review.Control {
	const absent = "the stack declares no IAM policy"
	return []review.Control{
		hub("IAM.1", "IAM policies should not allow full * administrative privileges", review.High, review.Security, absent,
			managedPolicies(fullAdmin, "no statement allows everything on everything")),
		hub("IAM.21", "Customer managed policies should not allow wildcard actions for services", review.Low, review.Security, absent,
			managedPolicies(wholeService, "no statement allows all actions of a service")),
	}
}

// judge finds a fault in a policy document of an account: what it is and how to mend it, "" for none.
type judge func(document *policy.Document, account string) (why, fix string)

// managedPolicies judges the stack's managed policies, attached or not. Boundaries are left out, as AWS's rules leave them out
// (excludePermissionBoundaryPolicy): they give nothing, unless a role has one as its policy as well.
func managedPolicies(judge judge, good string) func(*review.Model) []review.Answer {
	return func(m *review.Model) []review.Answer {
		var out []review.Answer
		for _, p := range m.All(tokenPolicy) {
			if onlyBoundary(m, p) {
				continue
			}
			out = append(out, judged(p, documents(p, "policy"), judge, good))
		}
		return out
	}
}

// judged is the answer for a resource from its documents.
func judged(r *review.Resource, all []*policy.Document, judge judge, good string) review.Answer {
	for _, d := range all {
		if why, fix := judge(d, policy.Account(r.Str("arn"))); why != "" {
			return review.Fail(r, why, fix)
		}
	}
	return review.Pass(r, good)
}

// onlyBoundary tells whether a policy is used as a boundary and attached to nothing.
func onlyBoundary(m *review.Model, p *review.Resource) bool {
	boundary := len(m.Referring(tokenRole, "permissionsBoundary", p))+len(m.Referring(tokenUser, "permissionsBoundary", p)) > 0
	return boundary && !slices.ContainsFunc(m.All(tokenRoleAttachment, "aws:iam/userPolicyAttachment:UserPolicyAttachment",
		"aws:iam/groupPolicyAttachment:GroupPolicyAttachment", "aws:iam/policyAttachment:PolicyAttachment"),
		func(a *review.Resource) bool { return a.Str("policyArn") == p.Str("arn") })
}

// inlinePolicies judges the inline policies of roles, users and groups, at their owners.
func inlinePolicies(judge judge, good string) func(*review.Model) []review.Answer {
	return func(m *review.Model) []review.Answer {
		var out []review.Answer
		for _, owner := range m.All(tokenRole, tokenUser, tokenIAMGroup) {
			all := documents(owner, "inlinePolicies.policy")
			lower, upper, _ := strings.Cut(after(owner.Type, "/"), ":") // "role", "Role"
			for _, inline := range m.Referring("aws:iam/"+lower+"Policy:"+upper+"Policy", lower, owner) {
				all = append(all, documents(inline, "policy")...)
			}
			out = append(out, judged(owner, all, judge, good))
		}
		return out
	}
}

func fullAdmin(d *policy.Document, _ string) (why, fix string) {
	for i := range d.Statements {
		s := &d.Statements[i]
		if s.Allow && (slices.Contains(s.Actions, "*") || slices.Contains(s.Actions, "*:*")) && slices.Contains(s.Resources, "*") {
			return "the statement " + s.Sid + " allows everything on everything", "name the actions that are needed, and their resources"
		}
	}
	return "", ""
}

// wholeService finds "service:*", as AWS's rule does, and all services but some, which gives the others whole.
func wholeService(d *policy.Document, _ string) (why, fix string) {
	whole := func(action string) bool { return strings.HasSuffix(action, ":*") || action == "*" }
	for i := range d.Statements {
		s := &d.Statements[i]
		if at := slices.IndexFunc(s.Actions, whole); s.Allow && at >= 0 {
			return "the statement " + s.Sid + " allows " + s.Actions[at], "name the actions that are needed"
		}
		if s.Allow && slices.ContainsFunc(s.NotActions, whole) {
			return "the statement " + s.Sid + " allows every service but those in NotAction", "name the actions that are needed in Action"
		}
	}
	return "", ""
}
