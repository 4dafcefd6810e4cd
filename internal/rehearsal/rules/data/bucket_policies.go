package data

import (
	"path"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func bucketPolicies() []rule.Rule {
	document := func(principal, action, resource string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"` + action + `","Resource":"` + resource + `"}]}`
	}
	to := func(principal, action, resource string) rule.Case {
		return rule.Case{Inputs: map[string]any{"bucket": "itrack-logs", "policy": document(principal, action, resource)}}
	}
	const cdn, objects = `{"Service":"cloudfront.amazonaws.com"}`, "arn:aws:s3:::itrack-logs/*"
	const everybody = `"Statement":[{"Sid":"Everybody","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::itrack-archive-staging-111122223333-us-east-1/*"},`
	logs := func(policyText, algorithm string) []rule.Thing {
		return []rule.Thing{
			{Type: bucket, ID: "itrack-logs", State: map[string]any{"bucket": "itrack-logs"}},
			{Type: bucketPolicy, ID: "itrack-logs", State: map[string]any{"bucket": "itrack-logs", "policy": policyText}},
			{Type: bucketCrypt, ID: "itrack-logs", State: map[string]any{"bucket": "itrack-logs",
				"rules": []any{map[string]any{"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": algorithm}}}}},
		}
	}
	delivery := func(service string) string {
		return document(`{"Service":"`+service+`"}`, "s3:PutObject", "arn:aws:s3:::itrack-logs/balancer/AWSLogs/111122223333/*")
	}
	logged := map[string]any{"accessLogs": map[string]any{"enabled": true, "bucket": "itrack-logs", "prefix": "balancer"}}
	const deliverer, lbPage = "logdelivery.elasticloadbalancing.amazonaws.com",
		"https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html"
	return []rule.Rule{{
		ID: "data-bucket-policy-public", Types: []string{bucketPolicy}, Code: "AccessDenied", Page: s3Guide + "access-control-block-public-access.html",
		Says:  "A bucket whose public policies are blocked, as they are in every new bucket, takes no policy that lets everybody in.",
		Fix:   "Name who may, or add a condition on a fixed value such as aws:SourceAccount.",
		Check: publicPolicy,
		Pass:  to(cdn, "s3:GetObject", objects),
		Fail:  to(`"*"`, "s3:GetObject", objects),
		Seed:  rule.Seed{Stack: "staging", At: bucketPolicy + "::archive", Edit: map[string]func(string) string{"policy": rule.Replace(`"Statement":[`, everybody)}},
	}, {
		ID: "data-bucket-policy-resource", Types: []string{bucketPolicy}, Code: "MalformedPolicy", Page: s3Guide + "example-bucket-policies.html",
		Says:     "A bucket's policy speaks of this bucket and its objects only.",
		Fix:      "Write the bucket's own ARN, with /* for its objects.",
		Foreseen: true, Check: policyResource,
		Pass: to(cdn, "s3:GetObject", objects),
		Fail: to(cdn, "s3:GetObject", "arn:aws:s3:::itrack-log/*"),
		Seed: rule.Seed{Stack: "staging", At: bucketPolicy + "::archive", Edit: map[string]func(string) string{"policy": rule.Replace("us-east-1/s3/*",
			"us-west-2/s3/*")}},
	}, {
		ID: "data-bucket-policy-action", Types: []string{bucketPolicy}, Code: "MalformedPolicy", Page: s3Guide + "security_iam_service-with-iam.html",
		Says:     "Actions on objects name objects, and actions on the bucket name the bucket.",
		Fix:      "Use the ARN with /* for s3:GetObject and s3:PutObject, without for s3:ListBucket.",
		Foreseen: true, Check: policyAction,
		Pass: to(cdn, "s3:ListBucket", "arn:aws:s3:::itrack-logs"),
		Fail: to(cdn, "s3:ListBucket", objects),
		Seed: rule.Seed{Stack: "production", At: bucketPolicy + "::archive", Edit: map[string]func(string) string{"policy": rule.Replace(`us-east-1/s3/*"`,
			`us-east-1"`)}},
	}, {
		ID: "data-balancer-log-policy", Types: []string{balancer}, Code: "InvalidConfigurationRequest", Page: lbPage,
		Says:  "The bucket for a load balancer's access logs lets Elastic Load Balancing write below its prefix.",
		Fix:   "Allow logdelivery.elasticloadbalancing.amazonaws.com s3:PutObject on prefix/AWSLogs/account/*, and make the balancer depend on the policy.",
		Check: balancerLogPolicy,
		Pass:  rule.Case{World: logs(delivery(deliverer), "AES256"), Inputs: logged},
		Fail:  rule.Case{World: logs(delivery("delivery.logs.amazonaws.com"), "AES256"), Inputs: logged},
		Seed: rule.Seed{Stack: "staging", At: bucketPolicy + "::archive", Refused: balancer + "::balancer",
			Edit: map[string]func(string) string{"policy": rule.Replace("/balancer/AWSLogs/", "/AWSLogs/")}},
	}, {
		ID: "data-balancer-log-encryption", Types: []string{balancer}, Code: "InvalidConfigurationRequest", Page: lbPage,
		Says:  "The bucket for a load balancer's access logs is encrypted with S3's own keys.",
		Fix:   "Set the bucket's default encryption to AES256: Elastic Load Balancing can't use a KMS key.",
		Check: balancerLogEncryption,
		Pass:  rule.Case{World: logs(delivery(deliverer), "AES256"), Inputs: logged},
		Fail:  rule.Case{World: logs(delivery(deliverer), "aws:kms"), Inputs: logged},
		Seed: rule.Seed{Stack: "production", At: bucketCrypt + "::archive", Refused: balancer + "::balancer",
			Set: map[string]any{"rules[0].applyServerSideEncryptionByDefault.sseAlgorithm": "aws:kms"}},
	}}
}

// parsed is a policy document, an empty one when it can't be read: that is refused elsewhere.
func parsed(text string) policy.Document {
	document, err := policy.Parse(text)
	if err != nil {
		return policy.Document{}
	}
	return document
}

func publicPolicy(c *catalog.Call) *rule.Finding {
	if block := c.Get(bucketBlock, c.Str("bucket")); block != nil && !boolIn(block.State, "blockPublicPolicy") {
		return nil
	}
	for _, statement := range parsed(c.Str("policy")).Statement {
		if statement.Effect == "Allow" && len(statement.Condition) == 0 && slices.Contains(statement.Principal["AWS"], "*") {
			return rule.Find("policy", statement.Sid, "User is not authorized to perform: s3:PutBucketPolicy because public policies are blocked by the "+
				"BlockPublicPolicy block public access setting")
		}
	}
	return nil
}

func policyResource(c *catalog.Call) *rule.Finding {
	if !c.Known("policy") || !c.Known("bucket") {
		return nil
	}
	for _, statement := range parsed(c.Str("policy")).Statement {
		for _, target := range append(slices.Clone(statement.Resource), statement.NotResource...) {
			_, name, _ := strings.Cut(target, ":s3:::")
			if name, _, _ = strings.Cut(name, "/"); name != c.Str("bucket") {
				return rule.Find("policy", target, "Policy has invalid resource")
			}
		}
	}
	return nil
}

// actionsOn are actions that apply to objects (true) or to the bucket (false) alone.
var actionsOn = map[string]bool{"s3:getobject": true, "s3:putobject": true, "s3:deleteobject": true, "s3:getobjectversion": true, "s3:putobjectacl": true,
	"s3:listbucket": false, "s3:getbucketlocation": false, "s3:getbucketacl": false, "s3:listbucketversions": false, "s3:getbucketversioning": false}

func policyAction(c *catalog.Call) *rule.Finding {
	for _, statement := range parsed(c.Str("policy")).Statement {
		bucketNamed, objectsNamed := len(statement.NotResource) > 0, len(statement.NotResource) > 0
		for _, target := range statement.Resource {
			bucketNamed = bucketNamed || !strings.Contains(target, "/")
			objectsNamed = objectsNamed || strings.Contains(target, "/") || strings.HasSuffix(target, "*")
		}
		for _, action := range statement.Action {
			onObjects, known := actionsOn[strings.ToLower(action)]
			if known && (onObjects && !objectsNamed || !onObjects && !bucketNamed) {
				return rule.Find("policy", action, "Action does not apply to any resource(s) in statement")
			}
		}
	}
	return nil
}

// balancerAccounts write the access logs of balancers by the older form of policy, which regions before August 2022 still take.
var balancerAccounts = map[string]string{"us-east-1": "127311923021", "us-east-2": "033677994240", "us-west-1": "027434742980", "us-west-2": "797873946194",
	"eu-west-1": "156460612806", "eu-central-1": "054676820928", "eu-west-2": "652711504416", "ap-southeast-2": "783225319266", "ap-northeast-1": "582318560864"}

func balancerLogPolicy(c *catalog.Call) *rule.Finding {
	name := c.Str("accessLogs.bucket")
	if !c.Bool("accessLogs.enabled") || c.Get(bucket, name) == nil {
		return nil // another account's bucket can't be seen, one of another region is a fault of its own
	}
	text := ""
	if written := c.Get(bucketPolicy, name); written != nil {
		text = catalog.Str(written.State, "policy")
	}
	object := "arn:" + c.Partition + ":s3:::" + strings.TrimSuffix(path.Join(name, c.Str("accessLogs.prefix")), "/") + "/AWSLogs/" + c.Account + "/log.gz"
	account := balancerAccounts[c.Region]
	for _, statement := range parsed(text).Statement {
		services, accounts := statement.Principal["Service"], statement.Principal["AWS"]
		who := slices.Contains(services, "logdelivery.elasticloadbalancing.amazonaws.com") ||
			account != "" && (slices.Contains(accounts, account) || slices.Contains(accounts, "arn:"+c.Partition+":iam::"+account+":root"))
		if statement.Effect == "Allow" && who && someMatch(statement.Action, "s3:PutObject") && someMatch(statement.Resource, object) {
			return nil
		}
	}
	return rule.Find("accessLogs.bucket", name, "Access Denied for bucket: %s. Please check S3bucket permission", name)
}

// someMatch tells whether one of the patterns, with * and ? in them, matches a text, capitals aside.
func someMatch(patterns []string, text string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return wild(strings.ToLower(pattern), strings.ToLower(text)) })
}

func wild(pattern, text string) bool {
	if pattern == "" {
		return text == ""
	}
	if pattern[0] == '*' {
		return wild(pattern[1:], text) || text != "" && wild(pattern, text[1:])
	}
	return text != "" && (pattern[0] == '?' || pattern[0] == text[0]) && wild(pattern[1:], text[1:])
}

func balancerLogEncryption(c *catalog.Call) *rule.Finding {
	name := c.Str("accessLogs.bucket")
	encryption := c.Get(bucketCrypt, name)
	if !c.Bool("accessLogs.enabled") || encryption == nil {
		return nil
	}
	if algorithm := catalog.Str(encryption.State, "rules.applyServerSideEncryptionByDefault.sseAlgorithm"); strings.HasPrefix(algorithm, "aws:kms") {
		return rule.Find("accessLogs.bucket", name, "Access Denied for bucket: %s. Please check S3bucket permission (its default encryption is %s)", name, algorithm)
	}
	return nil
}
