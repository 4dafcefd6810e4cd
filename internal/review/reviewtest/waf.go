package reviewtest

const (
	edgeACL     = "aws:wafv2/webAcl:WebAcl::waf-edge"
	regionalACL = "aws:wafv2/webAcl:WebAcl::waf-regional"
)

func waf() []Variant {
	const (
		edgeLogs     = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration::waf-edge"
		regionalLogs = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration::waf-regional"
		metrics      = "visibilityConfig.cloudwatchMetricsEnabled"
	)
	return []Variant{
		{Name: "the API's ACL has no rule", Stack: Staging, Control: "WAF.10", Wants: regionalACL, Edit: put(regionalACL, "rules", []any{})},
		{Name: "the edge's ACL has no rule", Stack: Production, Control: "WAF.10", Wants: edgeACL, Edit: unset(edgeACL, "rules")},
		{Name: "the edge's logging is for the other ACL", Stack: Production, Control: "WAF.11", Wants: edgeACL, Joins: true,
			Edit: aim(edgeLogs, "resourceArn", regionalACL, "arn")},
		{Name: "the logging configuration is gone", Stack: Staging, Control: "WAF.11", Wants: regionalACL, Joins: true, Edit: remove(regionalLogs)},
		{Name: "the logs go nowhere", Stack: Staging, Control: "WAF.11", Wants: regionalACL, Joins: true, Edit: put(regionalLogs, "logDestinationConfigs", []any{})},
		{Name: "one rule has no metric", Stack: Staging, Control: "WAF.12", Wants: regionalACL, Edit: put(regionalACL, "rules.4."+metrics, false)},
		{Name: "the ACL has no metric", Stack: Production, Control: "WAF.12", Wants: edgeACL, Edit: put(edgeACL, metrics, false)},
	}
}
