package identity

import (
	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const arnPage = guide + "reference_identifiers.html"

// arns are the rules of resources' names in IAM's documents.
func arns() []rule.Rule {
	return malformed([]rule.Rule{{
		ID: "identity-resource-form", Types: holders, Page: elements + "resource.html",
		Says: `A resource is named by its ARN, or is "*".`, Fix: "Write the resource's ARN, not its name, id or address.",
		Check: holds(permissions, policy.BadResourceForm),
		Pass:  permits(allow(`"Action":"s3:GetObject","Resource":"arn:aws:s3:::site/*"`)), Fail: permits(allow(`"Action":"s3:GetObject","Resource":"site/*"`)),
		Seed: replaced(policyToken+"::github-deploy-state", "policy", `"arn:aws:s3:::`, `"s3:::`),
	}, {
		ID: "identity-resource-partition", Types: holders, Page: arnPage,
		Says:  "The partition of a resource's ARN exists.",
		Fix:   "Write aws, aws-cn, aws-us-gov or another partition of AWS.",
		Check: holds(permissions, policy.BadPartition),
		Pass:  permits(allow(`"Action":"s3:GetObject","Resource":"arn:aws-cn:s3:::site/*"`)),
		Fail:  permits(allow(`"Action":"s3:GetObject","Resource":"arn:amazon:s3:::site/*"`)),
		Seed:  replaced(policyToken+"::delivery-services", "policy", `"arn:aws:`, `"arn:amazon:`),
	}, {
		ID: "identity-resource-service", Types: holders, Page: elements + "resource.html",
		Says:  "The service in a resource's ARN is written out.",
		Fix:   "Name the service without wildcards, one resource for each service.",
		Check: holds(permissions, policy.BadVendor),
		Pass:  permits(allow(`"Action":"sqs:SendMessage","Resource":"arn:aws:sqs:*:*:*"`)),
		Fail:  permits(allow(`"Action":"sqs:SendMessage","Resource":"arn:aws:s*:*:*:*"`)),
		Seed:  replaced(policyToken+"::function-release-check-network", "policy", `"arn:aws:ec2:`, `"arn:aws:ec*:`),
	}, {
		ID: "identity-resource-region", Types: holders, Page: guide + "reference_identifiers.html",
		Says:  "The ARNs of buckets, objects and of IAM's own resources have no region.",
		Fix:   "Leave the region empty: arn:aws:s3:::bucket, arn:aws:iam::111122223333:role/name.",
		Check: holds(permissions, policy.BadRegion), Pass: permits(allow(`"Action":"s3:GetObject","Resource":"arn:aws:s3:::site/*"`)),
		Fail: permits(allow(`"Action":"s3:GetObject","Resource":"arn:aws:s3:us-east-1::site/*"`)),
		Seed: replaced(policyToken+"::github-preview-state", "policy", `"arn:aws:s3:::`, `"arn:aws:s3:us-east-1::`),
	}, {
		ID: "identity-resource-path", Types: holders, Page: arnPage,
		Says:  "A resource of IAM begins with its kind: role/, policy/, user/ and so on.",
		Fix:   "Write the kind before the path and the name.",
		Check: holds(permissions, policy.BadPath),
		Pass:  permits(allow(`"Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/task"`)),
		Fail:  permits(allow(`"Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:task"`)),
		Seed:  replaced(policyToken+"::github-deploy-identity", "policy", `:instance-profile/`, `:profile/`),
	}})
}
