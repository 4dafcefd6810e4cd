package controls

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

func ssm() []review.Control {
	const s, o = review.Security, review.Operations
	return []review.Control{
		hub("SSM.1", "Instances should be managed by Systems Manager", review.Medium, o, noMachines, ssmManaged),
		{
			ID: "SSM.2", Title: "Managed instances should be compliant after a patch installation", Severity: review.High, Pillars: []review.Pillar{s},
			Source: hubPage("SSM.2"),
			Decide: "aws ssm list-resource-compliance-summaries --filters Key=ComplianceType,Values=Patch,Type=EQUAL Key=Status,Values=NON_COMPLIANT,Type=EQUAL",
		},
		{
			ID: "SSM.3", Title: "Managed instances should have compliant associations", Severity: review.Low, Pillars: []review.Pillar{o}, Source: hubPage("SSM.3"),
			Decide: "aws ssm list-resource-compliance-summaries --filters Key=ComplianceType,Values=Association,Type=EQUAL Key=Status,Values=NON_COMPLIANT,Type=EQUAL",
		},
		hub("SSM.4", "Documents should not be public", review.Critical, s, "the stack declares no Systems Manager document",
			review.Each("aws:ssm/document:Document", ssmPrivate)),
	}
}

// ssmManaged follows a machine to its instance profile, the profile's role, and what that role may do: without these two rights
// the agent can neither register nor open a session.
func ssmManaged(m *review.Model) []review.Answer {
	return eachMachine(m, func(one machine) review.Answer {
		const fix = "give its instance profile a role with ssm:UpdateInstanceInformation and ssmmessages:OpenControlChannel, or with AmazonSSMManagedInstanceCore"
		role := roleOf(m, one.from)
		if role == nil {
			return review.Fail(one.by, "its instances have no role by an instance profile of the stack", fix)
		}
		managed := slices.ContainsFunc(attachedTo(m, role), func(arn string) bool { return strings.HasSuffix(arn, ":aws:policy/AmazonSSMManagedInstanceCore") }) ||
			may(m, role, "ssm:UpdateInstanceInformation", "") && may(m, role, "ssmmessages:OpenControlChannel", "")
		return review.When(managed, one.by, "its role "+role.Name+" lets Systems Manager manage it",
			"its role "+role.Name+" does not let Systems Manager manage it", fix)
	})
}

// roleOf is the role of an instance, a launch template or a launch configuration.
func roleOf(m *review.Model, from *review.Resource) *review.Resource {
	const token = "aws:iam/instanceProfile:InstanceProfile"
	for _, path := range []string{"iamInstanceProfile.arn", "iamInstanceProfile.name", "iamInstanceProfile"} {
		ref := from.Str(path)
		if profile := m.Find(token, ref); profile != nil {
			return m.Find(tokenRole, profile.Str("role"))
		}
	}
	return nil
}

func ssmPrivate(_ *review.Model, document *review.Resource) review.Answer {
	public := slices.ContainsFunc(strings.Split(document.Str("permissions.accountIds"), ","),
		func(id string) bool { return strings.EqualFold(strings.TrimSpace(id), "all") })
	return review.When(!public, document, "it is not shared with everybody", "permissions.accountIds is All",
		"list the accounts that may use it, or leave permissions out")
}
