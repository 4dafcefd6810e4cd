package edge

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws/wafv2/units"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	wafAPI   = "https://docs.aws.amazon.com/waf/latest/APIReference/"
	wafGuide = "https://docs.aws.amazon.com/waf/latest/developerguide/"
	// invalidACL is WAF's answer to most faults in a request.
	invalidACL = "WAFInvalidParameterException"
)

// firewall are the rules on web ACLs as a whole.
func firewall() []rule.Rule {
	return []rule.Rule{{
		ID: "edge-waf-scope-region", Types: []string{aclToken}, Code: invalidACL, Page: wafAPI + "API_CreateWebACL.html",
		Says:  "A web ACL of the scope CLOUDFRONT is made in us-east-1.",
		Fix:   "Give the ACL the provider of us-east-1, or the scope REGIONAL.",
		Check: aclRegion,
		Pass:  rule.Case{Inputs: props{"scope": "CLOUDFRONT"}},
		Fail:  rule.Case{Region: "eu-west-1", Inputs: props{"scope": "CLOUDFRONT"}},
		Seed: rule.Seed{Stack: "production", Settings: []string{"aws:region=eu-west-1"}, At: aclToken + "::waf-regional",
			Set: props{"scope": "CLOUDFRONT"}},
	}, {
		ID: "edge-waf-name", Types: []string{aclToken}, Code: invalidACL, Page: wafAPI + "API_CreateWebACL.html",
		Says:     "A web ACL's name has 1 to 128 letters, digits, hyphens and underscores.",
		Fix:      "Choose a name of letters, digits, hyphens and underscores.",
		Foreseen: true, Check: matches("name", regexp.MustCompile(`^[\w-]{1,128}$`)),
		Pass: rule.Case{Inputs: props{"name": "regional-acl"}},
		Fail: rule.Case{Inputs: props{"name": "regional acl"}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclToken + "::waf-regional", Set: props{"name": "itrack regional"}},
	}, {
		ID: "edge-waf-description", Types: []string{aclToken}, Code: invalidACL, Page: wafAPI + "API_CreateWebACL.html",
		Says:     "A web ACL's description has letters, digits, white space and + = : # @ / - , . and nothing else.",
		Fix:      "Leave quotation marks, brackets and other characters out of the description.",
		Foreseen: true, Check: matches("description", regexp.MustCompile(`^[\w+=:#@/\-,.][\w+=:#@/\-,.\s]+[\w+=:#@/\-,.]$`)),
		Pass: rule.Case{Inputs: props{"description": "requests from the internet"}},
		Fail: rule.Case{Inputs: props{"description": "requests (from the internet)"}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclToken + "::waf-regional", Set: props{"description": "the API's requests (all)"}},
	}, {
		ID: "edge-waf-rule-names", Types: []string{aclToken}, Code: invalidACL, Page: wafAPI + "API_Rule.html",
		Says:     "The rules of a web ACL have names of their own.",
		Fix:      "Give each rule another name.",
		Foreseen: true, Check: distinct("rules[].name", "Two rules of the web ACL have the same name"),
		Pass: rule.Case{Inputs: props{"rules": []any{props{"name": "rate", "priority": 0}, props{"name": "common", "priority": 1}}}},
		Fail: rule.Case{Inputs: props{"rules": []any{props{"name": "rate", "priority": 0}, props{"name": "rate", "priority": 1}}}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclToken + "::waf-regional", Set: props{"rules[1].name": "rate"}},
	}, {
		ID: "edge-waf-rule-priorities", Types: []string{aclToken}, Code: invalidACL, Page: wafAPI + "API_Rule.html",
		Says:     "The rules of a web ACL have priorities of their own.",
		Fix:      "Give each rule another priority.",
		Foreseen: true, Check: distinct("rules[].priority", "Two rules of the web ACL have the same priority"),
		Pass: rule.Case{Inputs: props{"rules": []any{props{"name": "rate", "priority": 0}, props{"name": "common", "priority": 1}}}},
		Fail: rule.Case{Inputs: props{"rules": []any{props{"name": "rate", "priority": 0}, props{"name": "common", "priority": 0}}}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclToken + "::waf-regional", Set: props{"rules[1].priority": 0}},
	}, {
		ID: "edge-waf-rule-action", Types: []string{aclToken}, Code: invalidACL, Page: wafAPI + "API_Rule.html",
		Says:     "A rule that holds a rule group has an override action, every other rule an action, and none has both.",
		Fix:      "Use overrideAction with a rule group and action with any other statement.",
		Foreseen: true, Check: ruleAction,
		Pass: rule.Case{Inputs: props{"rules": []any{props{"name": "common",
			"overrideAction": props{"none": props{}}, "statement": group("AWSManagedRulesCommonRuleSet")}}}},
		Fail: rule.Case{Inputs: props{"rules": []any{props{"name": "common", "action": props{"block": props{}}, "statement": group("AWSManagedRulesCommonRuleSet")}}}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclToken + "::waf-regional",
			Set: props{"rules[2].overrideAction": nil, "rules[2].action": props{"block": props{}}}},
	}, {
		ID: "edge-waf-metric-names", Types: []string{aclToken}, Code: invalidACL, Page: wafAPI + "API_VisibilityConfig.html",
		Says:     "A metric of a web ACL or of a rule has a name of letters, digits and # : . - / _, which is not All or Default_Action.",
		Fix:      "Choose a metric name without white space that AWS WAF doesn't use itself.",
		Foreseen: true, Check: metricNames,
		Pass: rule.Case{Inputs: props{"visibilityConfig": props{"metricName": "edge-acl"}}},
		Fail: rule.Case{Inputs: props{"visibilityConfig": props{"metricName": "Default_Action"}}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclToken + "::waf-regional", Set: props{"rules[3].visibilityConfig.metricName": "bad inputs"}},
	}, {
		ID: "edge-waf-managed-groups", Types: []string{aclToken}, Code: "WAFNonexistentItemException", Page: wafGuide + "aws-managed-rule-groups-list.html",
		Says:     "A managed rule group of the vendor AWS is one that AWS offers.",
		Fix:      "Take a name from the list of AWS managed rule groups.",
		Foreseen: true, Check: managedGroups,
		Pass: rule.Case{Inputs: props{"rules": []any{props{"statement": group("AWSManagedRulesCommonRuleSet")}}}},
		Fail: rule.Case{Inputs: props{"rules": []any{props{"statement": group("AWSManagedRulesCoreRuleSet")}}}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclToken + "::waf-regional",
			Set: props{"rules[4].statement.managedRuleGroupStatement.name": "AWSManagedRulesSQLInjectionRuleSet"}},
	}, {
		ID: "edge-waf-capacity", Types: []string{aclToken}, Code: "WAFLimitsExceededException", Page: wafGuide + "limits.html",
		Says:     "The rules of a web ACL need at most 5,000 capacity units (WCU) together.",
		Fix:      "Take rules or text transformations out, or put them into a second web ACL.",
		Foreseen: true, Check: aclCapacity,
		Pass: rule.Case{Inputs: props{"rules": []any{props{"statement": heavy(40)}}}},
		Fail: rule.Case{Inputs: props{"rules": []any{props{"statement": heavy(72)}}}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: aclToken + "::waf-regional", Set: props{"rules[6].statement": heavy(72)}},
	}}
}

func aclRegion(c *catalog.Call) *rule.Finding {
	if c.Str("scope") != "CLOUDFRONT" || c.Region == edgeRegion {
		return nil
	}
	return rule.Find("scope", "CLOUDFRONT", "Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT")
}

// matches makes the check that every text at a path has a form.
func matches(path string, form *regexp.Regexp) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		for _, leaf := range texts(c.State, path) {
			if value := leaf.Value.StringValue(); !form.MatchString(value) {
				return rule.Find(leaf.Path, value, "Value at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", path, form)
			}
		}
		return nil
	}
}

// distinct makes the check that no value at a path is there twice.
func distinct(path, message string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		seen := map[string]bool{}
		for _, leaf := range catalog.Leaves(c.State, path) {
			if leaf.Value.IsComputed() {
				continue
			}
			value := catalog.Text(leaf.Value)
			if seen[value] {
				return rule.Find(leaf.Path, value, "%s", message)
			}
			seen[value] = true
		}
		return nil
	}
}

func ruleAction(c *catalog.Call) *rule.Finding {
	for _, leaf := range objects(c, "rules[]") {
		has := func(path string) bool { return len(catalog.Leaves(leaf.Value.ObjectValue(), path)) > 0 }
		isGroup := has("statement.managedRuleGroupStatement") || has("statement.ruleGroupReferenceStatement")
		if has("action") == has("overrideAction") || isGroup != has("overrideAction") {
			return rule.Find(leaf.Path, catalog.Str(leaf.Value.ObjectValue(), "name"),
				"Error reason: You have used none or multiple values for a field that requires exactly one value., field: RULE_ACTION")
		}
	}
	return nil
}

var metricName = regexp.MustCompile(`^[\w#:.\-/]{1,255}$`)

func metricNames(c *catalog.Call) *rule.Finding {
	for _, path := range []string{"visibilityConfig.metricName", "rules[].visibilityConfig.metricName"} {
		for _, leaf := range texts(c.State, path) {
			if name := leaf.Value.StringValue(); !metricName.MatchString(name) || name == "All" || name == "Default_Action" {
				return rule.Find(leaf.Path, name, "Error reason: The metric name isn't valid., field: METRIC_NAME, parameter: %s", name)
			}
		}
	}
	return nil
}

func group(name string) props {
	return props{"managedRuleGroupStatement": props{"vendorName": "AWS", "name": name}}
}

func managedGroups(c *catalog.Call) *rule.Finding {
	for _, leaf := range statements(c, "managedRuleGroupStatement") {
		name := catalog.Str(leaf.Value.ObjectValue(), "name")
		if _, offered := units.Groups[name]; name != "" && !offered && catalog.Str(leaf.Value.ObjectValue(), "vendorName") == "AWS" {
			return rule.Find(leaf.Path+".name", name, "AWS WAF couldn't perform the operation because your resource doesn't exist")
		}
	}
	return nil
}

func aclCapacity(c *catalog.Call) *rule.Finding {
	if sum := units.Capacity(c.State); sum > 5000 {
		return rule.Find("rules", sum, "AWS WAF couldn't perform the operation because you exceeded your resource limit: WEB_ACL_CAPACITY_UNITS (%.0f)", sum)
	}
	return nil
}

// heavy is a statement of n parts that need 70 units each.
func heavy(n int) props {
	var parts []any
	for i := range n {
		var transformations []any
		for priority, kind := range strings.Fields("URL_DECODE LOWERCASE HTML_ENTITY_DECODE") {
			transformations = append(transformations, props{"priority": priority, "type": kind})
		}
		parts = append(parts, props{"xssMatchStatement": props{"fieldToMatch": props{"singleHeader": props{"name": fmt.Sprintf("x-%d", i)}},
			"textTransformations": transformations}})
	}
	return props{"orStatement": props{"statements": parts}}
}
