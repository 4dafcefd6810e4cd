package beyond

import (
	"strings"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/policy"
)

// Types of IAM.
const (
	roleType       = "aws:iam/role:Role"
	userType       = "aws:iam/user:User"
	groupType      = "aws:iam/group:Group"
	policyType     = "aws:iam/policy:Policy"
	profileType    = "aws:iam/instanceProfile:InstanceProfile"
	attachmentType = "aws:iam/policyAttachment:PolicyAttachment"
)

// grant is a statement and the policy it stands in.
type grant struct {
	policy.Statement
	policy string
}

// principal is a role, user or group with all its policies.
type principal struct {
	*review.Resource
	trust       []grant
	grants      []grant
	boundaryArn string
	boundary    []grant // nil when there is none, or none that the stack declares
	unread      []string
	attached    []*review.Resource // the declared managed policies among its policies
}

// household is everybody the stack declares.
type household struct {
	model      *review.Model
	principals []*principal
	byResource map[*review.Resource]*principal
	admin      map[*principal]bool
	becomes    map[*principal]map[*principal]bool
}

// inline are the resources that hold one policy for one principal.
var inline = []struct{ token, of, principal string }{
	{"aws:iam/rolePolicy:RolePolicy", "role", roleType},
	{"aws:iam/userPolicy:UserPolicy", "user", userType},
	{"aws:iam/groupPolicy:GroupPolicy", "group", groupType},
}

// attachments are the resources that give a principal a managed policy; of is where they name the principals.
var attachments = []struct{ token, of, principal string }{
	{"aws:iam/rolePolicyAttachment:RolePolicyAttachment", "role", roleType},
	{"aws:iam/userPolicyAttachment:UserPolicyAttachment", "user", userType},
	{"aws:iam/groupPolicyAttachment:GroupPolicyAttachment", "group", groupType},
	{attachmentType, "roles", roleType}, {attachmentType, "users", userType}, {attachmentType, "groups", groupType},
}

func newHousehold(m *review.Model) *household {
	h := &household{
		model: m, byResource: map[*review.Resource]*principal{}, admin: map[*principal]bool{}, becomes: map[*principal]map[*principal]bool{},
	}
	for _, r := range m.All(roleType, userType, groupType) {
		p := &principal{Resource: r, trust: documentOf(r, "assumeRolePolicy"), boundaryArn: r.Str("permissionsBoundary")}
		if declared := m.Find(policyType, p.boundaryArn); p.boundaryArn != "" && declared != nil {
			p.boundary = documentOf(declared, "policy")
		}
		for _, block := range r.Maps("inlinePolicies") {
			p.take(r.Label()+" "+block.Str("name"), block.Str("policy"))
		}
		for _, arn := range r.Strs("managedPolicyArns") {
			p.attach(m, arn)
		}
		h.principals, h.byResource[r] = append(h.principals, p), p
	}
	for _, kind := range inline {
		for _, r := range m.All(kind.token) {
			if p := h.byResource[m.Find(kind.principal, r.Str(kind.of))]; p != nil {
				p.take(r.Label(), r.Str("policy"))
			}
		}
	}
	for _, kind := range attachments {
		for _, r := range m.All(kind.token) {
			for _, name := range r.Strs(kind.of) {
				if p := h.byResource[m.Find(kind.principal, name)]; p != nil {
					p.attach(m, r.Str("policyArn"))
				}
			}
		}
	}
	return h
}

// documentOf reads the policy at a path of a resource.
func documentOf(r *review.Resource, path string) []grant { return grantsOf(r.Label(), r.Str(path)) }

// grantsOf reads a policy's text. One that cannot be read holds nothing: secret values are such.
func grantsOf(name, text string) []grant {
	out := []grant{}
	document, err := policy.Parse(text)
	if err != nil {
		return out
	}
	for _, statement := range document.Statements {
		out = append(out, grant{statement, name})
	}
	return out
}

func (p *principal) take(name, text string) {
	grants := grantsOf(name, text)
	if len(grants) == 0 {
		p.unread = appendNew(p.unread, name)
	}
	p.grants = append(p.grants, grants...)
}

// attach gives a managed policy: one that the stack declares, one of AWS's whose statements are known, or one to be read.
func (p *principal) attach(m *review.Model, arn string) {
	if declared := m.Find(policyType, arn); declared != nil {
		for _, have := range p.attached {
			if have == declared {
				return
			}
		}
		p.attached = append(p.attached, declared)
		p.take(declared.Label(), declared.Str("policy"))
		return
	}
	name := arn[strings.LastIndex(arn, "/")+1:]
	if statements := managed[name]; statements != nil && strings.Contains(arn, ":iam::aws:policy/") {
		for _, statement := range statements {
			p.grants = append(p.grants, grant{statement, arn})
		}
		return
	}
	p.unread = appendNew(p.unread, arn)
}

// managed are the policies of AWS's that make, or nearly make, an administrator. Their statements matter too much to be left
// unread: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
var managed = map[string][]policy.Statement{
	"AdministratorAccess": {{Allow: true, Actions: []string{"*"}, Resources: []string{"*"}}},
	"IAMFullAccess":       {{Allow: true, Actions: []string{"iam:*"}, Resources: []string{"*"}}},
	"PowerUserAccess":     {{Allow: true, NotActions: []string{"account:*", "iam:*", "organizations:*"}, Resources: []string{"*"}}},
}

// unattached are the declared policies that are neither a policy nor a boundary of anybody.
func (h *household) unattached() []*review.Resource {
	used := map[*review.Resource]bool{}
	for _, p := range h.principals {
		for _, r := range p.attached {
			used[r] = true
		}
		if p.boundaryArn != "" {
			used[h.model.Find(policyType, p.boundaryArn)] = true
		}
	}
	var out []*review.Resource
	for _, r := range h.model.All(policyType) {
		if !used[r] {
			out = append(out, r)
		}
	}
	return out
}
