package identity

import (
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const quotas = guide + "reference_iam-quotas.html"

// sizes are the rules of the length of documents. IAM does not count white space.
func sizes() []rule.Rule {
	return []rule.Rule{{
		ID: "identity-size-managed", Types: []string{policyToken}, Code: "LimitExceeded", Page: quotas, Foreseen: true,
		Says:  "A managed policy has at most 6144 characters, white space aside.",
		Fix:   "Split it into several policies, or use wildcards in actions and resources.",
		Check: atMost("policy", 6144, "PolicySize"),
		Pass:  permits(allow(`"Action":"s3:*","Resource":"arn:aws:s3:::` + filler(6000) + `"`)),
		Fail:  permits(allow(`"Action":"s3:*","Resource":"arn:aws:s3:::` + filler(6200) + `"`)),
		Seed:  replaced(policyToken+"::bastion-managed", "policy", `"Effect":"Allow"`, `"Sid":"`+filler(6200)+`","Effect":"Allow"`),
	}, {
		ID: "identity-size-inline", Types: []string{inlineToken, roleToken}, Code: "LimitExceeded", Page: quotas,
		Says: "The inline policies of a role have at most 10240 characters together, white space aside.",
		Fix:  "Use managed policies, which have a limit each.", Check: inlineSize,
		Pass: rule.Case{Type: inlineToken, World: inlineWorld,
			Inputs: inputs{"role": "task", "name": "b", "policy": allow(`"Action":"s3:*","Resource":"arn:aws:s3:::` + filler(4000) + `"`)}},
		Fail: rule.Case{Type: inlineToken, World: inlineWorld,
			Inputs: inputs{"role": "task", "name": "b", "policy": allow(`"Action":"s3:*","Resource":"arn:aws:s3:::` + filler(6000) + `"`)}},
		Seed: rule.Seed{Stack: "production", At: roleToken + "::bastion", Set: map[string]any{
			"inlinePolicies": []any{inputs{"name": "long", "policy": allow(`"Action":"s3:*","Resource":"arn:aws:s3:::` + filler(10300) + `"`)}}}},
	}, {
		ID: "identity-size-trust", Types: []string{roleToken}, Code: "LimitExceeded", Page: quotas, Foreseen: true,
		Says:  "A trust policy has at most 2048 characters, white space aside.",
		Fix:   "Merge statements with the same principal or the same condition; the quota can be raised to 4096 on request.",
		Check: atMost("assumeRolePolicy", 2048, "ACLSizePerRole"),
		Pass:  trusts(allow(`"Sid":"` + filler(1800) + `","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"`)),
		Fail:  trusts(allow(`"Sid":"` + filler(2000) + `","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"`)),
		Seed:  replaced(roleToken+"::backend-task", "assumeRolePolicy", `"Effect":"Allow"`, `"Sid":"`+filler(2100)+`","Effect":"Allow"`),
	}}
}

// inlineWorld is a role with an inline policy of about half the size that it may have.
var inlineWorld = []rule.Thing{
	{Type: roleToken, ID: "task", Name: "task", Region: cloud.Global, State: inputs{"name": "task"}},
	{Type: inlineToken, ID: "task:a", Name: "a", Region: cloud.Global, State: inputs{"role": "task", "name": "a",
		"policy": allow(`"Action":"s3:*","Resource":"arn:aws:s3:::` + filler(5000) + `"`)}},
}

// atMost limits the document at a property.
func atMost(property string, limit int, quota string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		if n := policy.Size(c.Str(property)); n > limit {
			return rule.Find(property, n, "Cannot exceed quota for %s: %d (it has %d characters)", quota, limit, n)
		}
		return nil
	}
}

func inlineSize(c *catalog.Call) *rule.Finding {
	total, property, role, self := 0, "policy", c.Str("role"), ""
	if c.Type.Token == roleToken {
		property, role = "inlinePolicies", c.Str("name")
		for _, d := range permissions(c) {
			total += policy.Size(d.text)
		}
	} else {
		total, self = policy.Size(c.Str("policy")), c.Str("name")
	}
	others := c.Tx.Find(c.Account, "", inlineToken, func(o *cloud.Object) bool {
		return catalog.Str(o.State, "role") == role && (self == "" || !strings.EqualFold(o.Name, self))
	})
	for _, o := range others {
		total += policy.Size(catalog.Str(o.State, "policy"))
	}
	if total > 10240 {
		return rule.Find(property, total, "Maximum policy size of 10240 bytes exceeded for role %s", role)
	}
	return nil
}
