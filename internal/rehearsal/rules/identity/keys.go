package identity

import (
	"fmt"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const keyPages = "https://docs.aws.amazon.com/kms/latest/developerguide/"

// keys are the rules of key policies.
func keys() []rule.Rule {
	types := []string{keyToken, replicaToken}
	useful := `"Principal":{"AWS":"` + account + `"},"Action":"kms:*","Resource":"*"`
	key := func(text string) rule.Case { return rule.Case{Inputs: inputs{"policy": text}} }
	role := `"Principal":{"AWS":"` + own("role", "backup") + `"},"Action":"kms:*","Resource":"*"`
	return []rule.Rule{{
		ID: "identity-key-lockout", Types: types, Code: "MalformedPolicyDocumentException", Page: keyPages + "key-policies.html",
		Says: "A key policy leaves somebody in the account the right to change it, with kms:PutKeyPolicy.",
		Fix:  "Allow kms:* to the account's root principal, as the default key policy does.", Check: lockout,
		Pass: key(allow(useful)), Fail: key(allow(`"Principal":{"Service":"logs.us-east-1.amazonaws.com"},"Action":"kms:*","Resource":"*"`)),
		Seed: replaced(keyToken+"::signing", "policy", `"Action":"kms:*"`, `"Action":["kms:Sign","kms:GetPublicKey"]`),
	}, {
		ID: "identity-key-role", Types: types, Code: "MalformedPolicyDocumentException", Page: keyPages + "policy-evaluation.html",
		Says:  "A role that a key policy names exists.",
		Fix:   "Make the role before the key, or allow the account and give the role its right by a policy of its own.",
		Check: missingRole("policy"),
		Pass: rule.Case{World: []rule.Thing{{Type: roleToken, ID: "backup", ARN: own("role", "backup"), Region: cloud.Global}},
			Inputs: inputs{"policy": allow(role)}},
		Fail: key(allow(role)),
		Seed: replaced(replicaToken+"::data-us-west-2", "policy", `"Principal":{"AWS":"*"}`, `"Principal":{"AWS":"arn:aws:iam::111122223333:role/nobody"}`),
	}, {
		ID: "identity-key-service", Types: types, Code: "MalformedPolicyDocumentException", Page: keyPages + "key-policy-overview.html", Foreseen: true,
		Says:  "A service that a key policy names exists under that name.",
		Fix:   "Write the service's principal as its documentation does, with the region where it has one.",
		Check: holds(permissions, unknownService), Pass: key(allow(`"Principal":{"Service":"logs.eu-west-1.amazonaws.com"},"Action":"kms:*","Resource":"*"`)),
		Fail: key(allow(`"Principal":{"Service":"log.eu-west-1.amazonaws.com"},"Action":"kms:*","Resource":"*"`)),
		Seed: replaced(replicaToken+"::logs-us-west-2", "policy", `"logs.us-west-2.amazonaws.com"`, `"cloudwatch-logs.us-west-2.amazonaws.com"`),
	}, {
		ID: "identity-key-size", Types: types, Code: "LimitExceededException", Page: keyPages + "resource-limits.html", Foreseen: true,
		Says: "A key policy has at most 32768 bytes.", Fix: "Name fewer principals: allow the account, and decide by policies of roles.",
		Check: func(c *catalog.Call) *rule.Finding {
			if n := len(c.Str("policy")); n > 32768 {
				return rule.Find("policy", n, "The key policy has %d bytes, and can have 32768", n)
			}
			return nil
		},
		Pass: key(allow(useful)), Fail: key(allow(`"Sid":"` + filler(33000) + `",` + useful)),
		Seed: rule.Seed{Stack: "production", At: keyToken + "::signing", Edit: map[string]func(string) string{
			"policy": rule.Replace(`"Effect":"Allow"`, `"Effect":"Allow","Condition":{"StringNotEquals":{"kms:CallerAccount":"`+filler(33000)+`"}}`)}},
	}}
}

func lockout(c *catalog.Call) *rule.Finding {
	text := c.Str("policy")
	root := fmt.Sprintf("arn:%s:iam::%s:root", c.Partition, c.Account)
	if text == "" || c.Bool("bypassPolicyLockoutSafetyCheck") || policy.Allows(text, root, "kms:PutKeyPolicy") || policy.Allows(text, c.Account, "kms:PutKeyPolicy") {
		return nil
	}
	return rule.Find("policy", nil, "The new key policy will not allow you to update the key policy in the future.")
}
