package quotas

import (
	"fmt"
	"slices"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	roleToken       = "aws:iam/role:Role"
	policyToken     = "aws:iam/policy:Policy"
	profileToken    = "aws:iam/instanceProfile:InstanceProfile"
	providerToken   = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
	attachmentToken = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	keyToken        = "aws:kms/key:Key"
	replicaKeyToken = "aws:kms/replicaKey:ReplicaKey"
	secretToken     = "aws:secretsmanager/secret:Secret"
	iamPage         = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
)

func accessQuotas() []Quota {
	attachments := func(n int) rule.Thing {
		return rule.Thing{Type: attachmentToken, ID: fmt.Sprintf("neighbour-%d", n), Region: cloud.Global,
			State: in{"role": "neighbour", "policyArn": fmt.Sprintf("arn:aws:iam::111122223333:policy/neighbour-%d", n)}}
	}
	role := rule.Thing{Type: roleToken, ID: "neighbour", Name: "neighbour", Region: cloud.Global, ARN: "arn:aws:iam::111122223333:role/neighbour", State: in{"name": "neighbour"}}
	return []Quota{
		{ID: "roles", Name: "Roles per account", Service: "iam", Code: "L-FE177D64", Default: 1000, Unit: "IAM roles in an account", Page: iamPage,
			Error: "LimitExceeded", Types: []string{roleToken}, Draw: each},
		{ID: "policies", Name: "Customer managed policies per account", Service: "iam", Code: "L-E95E4862", Default: 1500, Unit: "managed policies of an account's own",
			Page: iamPage, Error: "LimitExceeded", Types: []string{policyToken}, Draw: each},
		{ID: "role-policies", Name: "Managed policies per role", Service: "iam", Code: "L-0DA4ABF3", Default: 10, Unit: "managed policies attached to a role", Page: iamPage,
			Error: "LimitExceeded", Message: "Cannot exceed quota for PoliciesPerRole: 10", Property: "role", Types: []string{attachmentToken, roleToken}, Draw: rolePolicies,
			proof: &proof{region: cloud.Global, one: attachments, around: []rule.Thing{role},
				inputs: in{"role": "neighbour", "policyArn": "arn:aws:iam::111122223333:policy/one-more"},
				seed: rule.Seed{Stack: "staging", At: attachmentToken + "::bastion-session", Exists: append(filled(10, attachments), role),
					Set: in{"role": "neighbour"}}}},
		{ID: "instance-profiles", Name: "Instance profiles per account", Service: "iam", Code: "L-6E65F664", Default: 1000, Unit: "instance profiles in an account",
			Page: iamPage, Error: "LimitExceeded", Types: []string{profileToken}, Draw: each},
		{ID: "identity-providers", Name: "OpenId connect providers per account", Service: "iam", Code: "L-858F3967", Default: 100,
			Unit: "OpenID Connect providers in an account", Page: iamPage, Error: "LimitExceeded", Types: []string{providerToken}, Draw: each},
		{ID: "keys", Name: "Customer Master Keys (CMKs)", Service: "kms", Code: "L-C2F1777E", Default: 100000, Unit: "keys in a region",
			Page: "https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html", Error: "LimitExceededException",
			Types: []string{keyToken, replicaKeyToken}, Draw: each},
		{ID: "secrets", Name: "Secrets per Region", Service: "secretsmanager", Default: 500000, Unit: "secrets in a region",
			Page: "https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html", Error: "LimitExceededException",
			Types: []string{secretToken}, Draw: each},
	}
}

// rolePolicies counts the attachments of a role and the policies that it lists itself.
func rolePolicies(o *cloud.Object, _ Finder) []Draw {
	if o.Type == attachmentToken {
		return []Draw{{Scope: catalog.Str(o.State, "role"), Amount: 1}}
	}
	listed := catalog.Strs(o.State, "managedPolicyArns")
	slices.Sort(listed)
	return []Draw{{Scope: catalog.Str(o.State, "name"), Amount: float64(len(slices.Compact(listed)))}}
}
