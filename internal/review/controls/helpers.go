package controls

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/policy"
)

// hub is a control of AWS's Foundational Security Best Practices. Its page follows from its id.
func hub(id, title string, severity review.Severity, pillar review.Pillar, absent string, check func(*review.Model) []review.Answer) review.Control {
	return review.Control{
		ID: id, Title: title, Severity: severity, Pillars: []review.Pillar{pillar}, Source: hubPage(id), Check: check, Absent: absent,
	}
}

// hubPage is where AWS describes a control: one page per service, one anchor per control.
func hubPage(id string) string {
	service, _, _ := strings.Cut(strings.ToLower(id), ".")
	anchor := strings.ReplaceAll(strings.ToLower(id), ".", "-")
	return "https://docs.aws.amazon.com/securityhub/latest/userguide/" + service + "-controls.html#" + anchor
}

// truth reads a boolean that some types hold as text (launch templates: "true").
func truth(r *review.Resource, path string) bool { return r.Bool(path) || r.Str(path) == "true" }

// inRegionOf are the resources of a type in the region of another resource.
func inRegionOf(m *review.Model, token string, like *review.Resource) []*review.Resource {
	return slices.DeleteFunc(slices.Clone(m.All(token)), func(r *review.Resource) bool { return r.Region != like.Region })
}

// found are the resources that a list of references means; what the stack does not declare is left out.
func found(m *review.Model, token string, refs []string) []*review.Resource {
	var out []*review.Resource
	for _, ref := range refs {
		if r := m.Find(token, ref); r != nil {
			out = append(out, r)
		}
	}
	return out
}

// zones are the different availability zones of subnets.
func zones(m *review.Model, subnets []string) []string {
	var out []string
	for _, subnet := range found(m, tokenSubnet, subnets) {
		out = append(out, subnet.Str("availabilityZone"))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// needsDomain marks a failed answer where a certificate is missing because the stack has none at all.
func needsDomain(m *review.Model, answer review.Answer) review.Answer {
	answer.NeedsDomain = !answer.OK && len(m.All(tokenCertificate)) == 0
	return answer
}

// rightsOf are the statements of every policy of a role in one document: inline, attached and declared in the role itself.
func rightsOf(m *review.Model, role *review.Resource) *policy.Document {
	held := documents(role, "inlinePolicies.policy")
	for _, inline := range m.Referring("aws:iam/rolePolicy:RolePolicy", "role", role) {
		held = append(held, documents(inline, "policy")...)
	}
	for _, attached := range found(m, tokenPolicy, attachedTo(m, role)) {
		held = append(held, documents(attached, "policy")...)
	}
	all := &policy.Document{}
	for _, document := range held {
		all.Statements = append(all.Statements, document.Statements...)
	}
	return all
}

// attachedTo are the ARNs of a role's managed policies.
func attachedTo(m *review.Model, role *review.Resource) []string {
	arns := role.Strs("managedPolicyArns")
	for _, attachment := range m.Referring(tokenRoleAttachment, "role", role) {
		arns = append(arns, attachment.Str("policyArn"))
	}
	slices.Sort(arns)
	return slices.Compact(arns)
}

// may tells whether a role's policies allow an action on a resource, "" for any.
func may(m *review.Model, role *review.Resource, action, on string) bool {
	return rightsOf(m, role).Allows(policy.Request{Action: action, Resource: on})
}

// list writes names for a sentence.
func list(names []string) string { return strings.Join(names, ", ") }
