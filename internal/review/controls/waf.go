package controls

import (
	"fmt"

	"github.com/itrack/itrack/internal/review"
)

const (
	tokenWebACLLogging = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
	tokenRuleGroup     = "aws:wafv2/ruleGroup:RuleGroup"
)

// waf are the controls on web ACLs.
func waf() []review.Control {
	const absent = "the stack declares no web ACL"
	return []review.Control{
		hub("WAF.10", "Web ACLs should have at least one rule or rule group", review.Medium, review.Security, absent, review.Each(tokenWebACL, firewallRules)),
		hub("WAF.11", "Web ACL logging should be enabled", review.Low, review.Operations, absent, review.Each(tokenWebACL, firewallLogs)),
		hub("WAF.12", "WAF rules should have CloudWatch metrics enabled", review.Medium, review.Operations, absent, ruleMetrics),
	}
}

func firewallRules(_ *review.Model, acl *review.Resource) review.Answer {
	rules := len(acl.Maps("rules"))
	return review.When(rules > 0 || acl.Str("ruleJson") != "", acl, fmt.Sprintf("%d rules", rules), "it has no rule: what it protects is open",
		"give it rules, or managed rule groups")
}

func firewallLogs(m *review.Model, acl *review.Resource) review.Answer {
	const fix = "make a wafv2.WebAclLoggingConfiguration whose resourceArn is this ACL, with a destination"
	for _, logging := range m.Referring(tokenWebACLLogging, "resourceArn", acl) {
		if to := logging.Strs("logDestinationConfigs"); len(to) > 0 {
			return review.Pass(acl, "logged to "+after(to[0], ":"))
		}
	}
	return review.Fail(acl, "no logging configuration is for this ACL", fix)
}

// ruleMetrics looks at rule groups, which AWS's rule checks, and at the rules of ACLs, which its text speaks of too.
func ruleMetrics(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, set := range m.All(tokenWebACL, tokenRuleGroup) {
		blind := ""
		for _, rule := range append(set.Maps("rules"), set) {
			if !rule.Bool("visibilityConfig.cloudwatchMetricsEnabled") && blind == "" {
				blind = rule.Str("name")
			}
		}
		out = append(out, review.When(blind == "", set, "every rule has its metric", blind+" has no CloudWatch metric",
			"set cloudwatchMetricsEnabled in its visibilityConfig"))
	}
	return out
}
