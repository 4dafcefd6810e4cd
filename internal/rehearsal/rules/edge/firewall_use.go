package edge

import (
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// firewallUse are the rules on where a web ACL is used and where it logs.
func firewallUse() []rule.Rule {
	const (
		regional = "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/api/1"
		global   = "arn:aws:wafv2:us-east-1:111122223333:global/webacl/site/1"
		stage    = "arn:aws:apigateway:us-east-1::/restapis/abc/stages/v1"
		logs     = "arn:aws:logs:us-east-1:111122223333:log-group:"
	)
	use := func(acl, target string) rule.Case {
		return rule.Case{Inputs: props{"webAclArn": acl, "resourceArn": target}}
	}
	logging := func(acl, target string) rule.Case {
		return rule.Case{Inputs: props{"resourceArn": acl, "logDestinationConfigs": []any{target}}}
	}
	redacted := func(fields ...any) rule.Case {
		return rule.Case{Inputs: props{"resourceArn": regional, "redactedFields": fields}}
	}
	return []rule.Rule{{
		ID: "edge-waf-association-scope", Types: []string{associationToken}, Code: invalidACL, Page: wafAPI + "API_AssociateWebACL.html",
		Says:     "An association takes a web ACL of the scope REGIONAL; one of the scope CLOUDFRONT is set on the distribution.",
		Fix:      "Associate an ACL of the scope REGIONAL, or set webAclId of the distribution.",
		Foreseen: true, Check: associationScope,
		Pass: use(regional, stage), Fail: use(global, stage),
		Seed: rule.Seed{Stack: "production", At: aclToken + "::waf-regional", Set: props{"scope": "CLOUDFRONT"}, Refused: associationToken + "::api"},
	}, {
		ID: "edge-waf-association-region", Types: []string{associationToken}, Code: invalidACL, Page: wafAPI + "API_AssociateWebACL.html",
		Says:     "A web ACL protects what is in its own region.",
		Fix:      "Make the ACL in the region of the stage or load balancer.",
		Foreseen: true, Check: associationRegion,
		Pass: use(regional, stage), Fail: use(strings.Replace(regional, "us-east-1", "us-west-2", 1), stage),
		Seed: rule.Seed{Stack: "production", At: associationToken + "::api",
			Edit: map[string]func(string) string{"webAclArn": farAway}},
	}, {
		ID: "edge-waf-association-kind", Types: []string{associationToken}, Code: invalidACL, Page: wafAPI + "API_AssociateWebACL.html",
		Says: "A web ACL is associated with a stage of a REST API, an Application Load Balancer, an AppSync API, a Cognito user pool, an App Runner " +
			"service, a Verified Access instance or an Amplify app; not with an HTTP API.",
		Fix:      "Put the ACL before a REST API's stage or a load balancer; AWS WAF can't protect HTTP APIs.",
		Foreseen: true, Check: associationKind,
		Pass: use(regional, stage), Fail: use(regional, "arn:aws:apigateway:us-east-1::/apis/abc/stages/v1"),
		Seed: rule.Seed{Stack: "production", At: associationToken + "::api", Set: props{"resourceArn": "arn:aws:apigateway:us-east-1::/apis/a1b2c3d4e5/stages/v1"}},
	}, {
		ID: "edge-waf-log-name", Types: []string{aclLoggingToken}, Code: invalidACL, Page: wafGuide + "logging-cw-logs.html",
		Says:     "The name of a log destination of AWS WAF begins with aws-waf-logs-.",
		Fix:      "Name the log group, bucket or stream aws-waf-logs- and something.",
		Foreseen: true, Check: logName,
		Pass: logging(regional, logs+"aws-waf-logs-api"), Fail: logging(regional, logs+"waf-api"),
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclLoggingToken + "::waf-edge",
			Edit: map[string]func(string) string{"logDestinationConfigs[0]": rule.Replace("aws-waf-logs-", "waf-logs-")}},
	}, {
		ID: "edge-waf-log-region", Types: []string{aclLoggingToken}, Code: invalidACL, Page: wafGuide + "logging-cw-logs.html",
		Says:     "A web ACL logs to a log group of its own region, which is us-east-1 for the scope CLOUDFRONT.",
		Fix:      "Make the log group with the provider that makes the ACL.",
		Foreseen: true, Check: logRegion,
		Pass: logging(regional, logs+"aws-waf-logs-api"), Fail: logging(regional, strings.Replace(logs, "us-east-1", "eu-west-1", 1)+"aws-waf-logs-api"),
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclLoggingToken + "::waf-edge",
			Edit: map[string]func(string) string{"logDestinationConfigs[0]": farAway}},
	}, {
		ID: "edge-waf-log-destinations", Types: []string{aclLoggingToken}, Code: invalidACL, Page: wafAPI + "API_LoggingConfiguration.html",
		Says:     "A web ACL has one log destination.",
		Fix:      "Keep one destination, and let that pass the logs on.",
		Foreseen: true, Check: logDestinations,
		Pass: logging(regional, logs+"aws-waf-logs-api"),
		Fail: rule.Case{Inputs: props{"resourceArn": regional, "logDestinationConfigs": []any{logs + "aws-waf-logs-a", logs + "aws-waf-logs-b"}}},
		Seed: rule.Seed{Stack: "production", At: aclLoggingToken + "::waf-regional",
			Set: props{"logDestinationConfigs[1]": "arn:aws:logs:us-east-1:444455556666:log-group:aws-waf-logs-second"}},
	}, {
		ID: "edge-waf-redacted-fields", Types: []string{aclLoggingToken}, Code: invalidACL, Page: wafAPI + "API_LoggingConfiguration.html",
		Says:     "Each redacted field of a web ACL's log is one of a header, the method, the query string and the path.",
		Fix:      "Give each entry of redactedFields exactly one kind of field.",
		Foreseen: true, Check: redactedFields,
		Pass: redacted(props{"method": props{}}, props{"queryString": props{}}), Fail: redacted(props{"method": props{}, "queryString": props{}}),
		Seed: rule.Seed{Stack: "production", At: aclLoggingToken + "::waf-regional", Set: props{"redactedFields[0].method": props{}}},
	}}
}

func associationScope(c *catalog.Call) *rule.Finding {
	if arn := c.Str("webAclArn"); strings.HasPrefix(part(arn, 5), "global/") {
		return rule.Find("webAclArn", arn, "Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT")
	}
	return nil
}

func associationRegion(c *catalog.Call) *rule.Finding {
	acl, target := part(c.Str("webAclArn"), 3), part(c.Str("resourceArn"), 3)
	if acl == "" || target == "" || acl == target {
		return nil
	}
	return rule.Find("webAclArn", c.Str("webAclArn"), "Error reason: The ARN isn't valid: the ACL is in %s, the resource in %s., field: RESOURCE_ARN", acl, target)
}

// associable are the services that WAF protects and how the last part of their ARNs begins.
var associable = map[string]string{
	"apigateway": "/restapis/", "elasticloadbalancing": "loadbalancer/app/", "appsync": "apis/", "cognito-idp": "userpool/",
	"apprunner": "service/", "ec2": "verified-access-instance/", "amplify": "apps/",
}

func associationKind(c *catalog.Call) *rule.Finding {
	arn := c.Str("resourceArn")
	if arn == "" {
		return nil
	}
	if begin, known := associable[part(arn, 2)]; known && strings.HasPrefix(part(arn, 5), begin) {
		return nil
	}
	return rule.Find("resourceArn", arn,
		"Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes., field: RESOURCE_ARN")
}

func logName(c *catalog.Call) *rule.Finding {
	for _, leaf := range texts(c.State, "logDestinationConfigs") {
		name := strings.TrimSuffix(part(leaf.Value.StringValue(), 5), ":*")
		if name = name[strings.LastIndexAny(name, ":/")+1:]; !strings.HasPrefix(name, "aws-waf-logs-") {
			return rule.Find(leaf.Path, leaf.Value.StringValue(),
				"Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes., field: LOG_DESTINATION")
		}
	}
	return nil
}

func logRegion(c *catalog.Call) *rule.Finding {
	home := part(c.Str("resourceArn"), 3)
	for _, leaf := range texts(c.State, "logDestinationConfigs") {
		arn := leaf.Value.StringValue()
		if region := part(arn, 3); home != "" && region != "" && region != home {
			return rule.Find(leaf.Path, arn, "Error reason: The log destination is in %s, the web ACL in %s., field: LOG_DESTINATION", region, home)
		}
	}
	return nil
}

func logDestinations(c *catalog.Call) *rule.Finding {
	if count := len(catalog.Leaves(c.State, "logDestinationConfigs[]")); count > 1 {
		return rule.Find("logDestinationConfigs", count, "Error reason: You have more than one log destination., field: LOG_DESTINATION")
	}
	return nil
}

func redactedFields(c *catalog.Call) *rule.Finding {
	for _, leaf := range objects(c, "redactedFields[]") {
		if len(leaf.Value.ObjectValue()) != 1 {
			return rule.Find(leaf.Path, nil, "Error reason: You have used none or multiple values for a field that requires exactly one value., field: FIELD_TO_MATCH")
		}
	}
	return nil
}
