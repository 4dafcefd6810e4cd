package edge

import (
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	balancerAPI   = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/"
	balancerGuide = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
)

// listeners are the rules on what load balancers do with requests.
func listeners() []rule.Rule {
	first := func(action props) rule.Case { return rule.Case{Inputs: props{"defaultActions": []any{action}}} }
	paths := func(values ...any) rule.Case {
		return rule.Case{Inputs: props{"conditions": []any{props{"pathPattern": props{"values": values}}}}}
	}
	both := []string{listenerToken, listenerRuleToken}
	return []rule.Rule{{
		ID: "edge-listener-action", Types: both, Code: "InvalidLoadBalancerAction", Page: balancerAPI + "API_Action.html",
		Says:     "A listener's action has what its type needs: target groups to forward to, a redirect, or a fixed response.",
		Fix:      "Give the block that goes with the type of the action.",
		Foreseen: true, Check: actionShape,
		Pass: first(props{"type": "fixed-response", "fixedResponse": props{"contentType": "text/plain", "statusCode": "404"}}),
		Fail: first(props{"type": "fixed-response"}),
		Seed: rule.Seed{Stack: "staging", At: listenerToken + "::test", Set: props{"defaultActions[0].fixedResponse": nil}},
	}, {
		ID: "edge-listener-fixed-response", Types: both, Code: "ValidationError", Page: balancerAPI + "API_FixedResponseActionConfig.html",
		Says:     "A fixed response has a status of 2xx, 4xx or 5xx and at most 1,024 characters.",
		Fix:      "Answer with such a status; a 3xx is an action of the type redirect.",
		Foreseen: true, Check: fixedResponse,
		Pass: first(props{"type": "fixed-response", "fixedResponse": props{"contentType": "text/plain", "statusCode": "503"}}),
		Fail: first(props{"type": "fixed-response", "fixedResponse": props{"contentType": "text/plain", "statusCode": "302"}}),
		Seed: rule.Seed{Stack: "production", At: listenerToken + "::test", Set: props{"defaultActions[0].fixedResponse.statusCode": "302"}},
	}, {
		ID: "edge-listener-redirect", Types: both, Code: "InvalidLoadBalancerAction", Page: balancerAPI + "API_RedirectActionConfig.html",
		Says:     "A redirect changes the protocol, the host, the port or the path: else it would lead back to itself.",
		Fix:      "Set at least one of protocol, host, port and path.",
		Foreseen: true, Check: redirects,
		Pass: first(props{"type": "redirect", "redirect": props{"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}),
		Fail: first(props{"type": "redirect", "redirect": props{"protocol": "#{protocol}", "statusCode": "HTTP_301"}}),
		Seed: rule.Seed{Stack: "production", Settings: domain, At: listenerToken + "::production",
			Set: props{"defaultActions[0]": props{"type": "redirect", "redirect": props{"statusCode": "HTTP_301"}}}},
	}, {
		ID: "edge-listener-rule-values", Types: []string{listenerRuleToken}, Code: "ValidationError", Page: balancerGuide + "load-balancer-limits.html",
		Says:     "The conditions of a listener rule have at most 5 values together.",
		Fix:      "Spread the values over several rules with the same action.",
		Foreseen: true, Check: conditionValues,
		Pass: paths("/a", "/b", "/c", "/d", "/e"), Fail: paths("/a", "/b", "/c", "/d", "/e", "/f"),
		Seed: rule.Seed{Stack: "staging", At: listenerRuleToken + "::backend-test",
			Set: props{"conditions[0].pathPattern.values": []any{"/a", "/b", "/c", "/d", "/e", "/f"}}},
	}, {
		ID: "edge-listener-path-pattern", Types: []string{listenerRuleToken}, Code: "ValidationError", Page: balancerGuide + "rule-condition-types.html",
		Says:     "A path pattern has 1 to 128 letters, digits and _-.$/~\"'@:+& with the wildcards * and ?.",
		Fix:      "Leave braces, blanks and other characters out; a wildcard stands for a parameter.",
		Foreseen: true, Check: matches("conditions[].pathPattern.values", regexp.MustCompile(`^[A-Za-z0-9_\-.$/~"'@:+&;*?]{1,128}$`)),
		Pass: paths("/api/*"), Fail: paths("/api/{id}"),
		Seed: rule.Seed{Stack: "production", At: listenerRuleToken + "::backend-test", Set: props{"conditions[0].pathPattern.values[1]": "/api/{proxy+}"}},
	}}
}

// actions are the actions of a listener or of a rule.
func actions(c *catalog.Call) []catalog.Leaf {
	return append(objects(c, "defaultActions[]"), objects(c, "actions[]")...)
}

func actionShape(c *catalog.Call) *rule.Finding {
	for _, leaf := range actions(c) {
		action := leaf.Value.ObjectValue()
		has := func(key resource.PropertyKey) bool { return !catalog.Plain(action[key]).IsNull() }
		whole := true
		kind := catalog.Str(action, "type")
		switch kind {
		case "forward":
			whole = has("targetGroupArn") || has("forward")
		case "redirect":
			whole = has("redirect")
		case "fixed-response":
			whole = has("fixedResponse")
		}
		if !whole {
			return rule.Find(leaf.Path, kind, "The action of the type %s has no configuration", kind)
		}
	}
	return nil
}

var fixedStatus = regexp.MustCompile(`^[245][0-9][0-9]$`)

func fixedResponse(c *catalog.Call) *rule.Finding {
	for _, leaf := range actions(c) {
		action := leaf.Value.ObjectValue()
		if status := catalog.Str(action, "fixedResponse.statusCode"); status != "" && !fixedStatus.MatchString(status) {
			return rule.Find(leaf.Path+".fixedResponse.statusCode", status, "Member must satisfy regular expression pattern: ^(2|4|5)\\d\\d$")
		}
		if body := catalog.Str(action, "fixedResponse.messageBody"); len(body) > 1024 {
			return rule.Find(leaf.Path+".fixedResponse.messageBody", len(body), "Member must have length less than or equal to 1024")
		}
	}
	return nil
}

func redirects(c *catalog.Call) *rule.Finding {
	// What a field holds when it changes nothing.
	same := map[string]string{"protocol": "#{protocol}", "host": "#{host}", "port": "#{port}", "path": "/#{path}"}
	for _, leaf := range actions(c) {
		for _, redirect := range catalog.Leaves(leaf.Value.ObjectValue(), "redirect") {
			changes := false
			for field, unchanged := range same {
				value := catalog.Str(redirect.Value.ObjectValue(), field)
				changes = changes || value != "" && value != unchanged
			}
			if !changes {
				return rule.Find(leaf.Path+".redirect", nil, "The redirect configuration is not valid because it creates a loop")
			}
		}
	}
	return nil
}

func conditionValues(c *catalog.Call) *rule.Finding {
	count := 0
	for _, kind := range []string{"pathPattern", "hostHeader", "httpHeader", "httpRequestMethod", "sourceIp"} {
		count += len(texts(c.State, "conditions[]."+kind+".values"))
	}
	count += len(objects(c, "conditions[].queryStrings[]"))
	if count > 5 {
		return rule.Find("conditions", count, "A rule can only have '5' condition values")
	}
	return nil
}
