package identity

import (
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// resources are the rules of policies that services keep with their resources.
func resources() []rule.Rule {
	publish := func(service string) rule.Case {
		return rule.Case{Inputs: inputs{"policy": allow(`"Principal":{"Service":"` + service + `"},"Action":"sns:Publish","Resource":"arn:aws:sns:us-east-1:` + account + `:alerts"`)}}
	}
	read := func(service string) rule.Case {
		return rule.Case{Inputs: inputs{"policy": allow(`"Principal":{"Service":"` + service + `"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::site/*"`)}}
	}
	return []rule.Rule{{
		ID: "identity-topic-service", Types: []string{topicToken}, Code: "InvalidParameter", Foreseen: true,
		Page:  "https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html",
		Says:  "A service that a topic's policy names exists under that name.",
		Fix:   "Write the service's principal as its documentation does, for example events.amazonaws.com.",
		Check: holds(permissions, unknownService),
		Pass:  publish("events.amazonaws.com"),
		Fail:  publish("eventbridge.amazonaws.com"),
		Seed:  replaced(topicToken+"::warning-us-west-2", "policy", `"events.amazonaws.com"`, `"eventbridge.amazonaws.com"`),
	}, {
		ID: "identity-bucket-service", Types: []string{bucketToken}, Code: "MalformedPolicy", Foreseen: true,
		Page:  "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html",
		Says:  "A service that a bucket's policy names exists under that name.",
		Fix:   "Write the service's principal as its documentation does, for example cloudfront.amazonaws.com.",
		Check: holds(permissions, unknownService), Pass: read("cloudfront.amazonaws.com"), Fail: read("cloud-front.amazonaws.com"),
		Seed: replaced(bucketToken+"::site", "policy", `"cloudfront.amazonaws.com"`, `"cloud-front.amazonaws.com"`),
	}}
}
