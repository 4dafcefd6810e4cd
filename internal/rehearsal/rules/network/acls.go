package network

import (
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const entryPage = api + "API_CreateNetworkAclEntry.html"

func acls() []rule.Rule {
	entry := func(number any) in {
		return in{"ruleNo": number, "action": "allow", "protocol": "-1", "cidrBlock": anywhere, "fromPort": 0, "toPort": 0}
	}
	return []rule.Rule{{
		ID: "network-acl-rule-number", Types: []string{aclToken}, Code: "InvalidParameterValue", Page: entryPage,
		Says:     "A network ACL's rules are numbered 1 to 32766.",
		Fix:      "Choose a number between 1 and 32766; 32767 is the rule that denies the rest.",
		Foreseen: true, Check: entryNumber,
		Pass: rule.Case{Inputs: in{"ingress": []any{entry(100)}}},
		Fail: rule.Case{Inputs: in{"ingress": []any{entry(32767)}}},
		Seed: rule.Seed{Stack: "staging", At: aclToken + "::network-default", Set: in{"egress[0].ruleNo": 32767}},
	}, {
		ID: "network-acl-rule-once", Types: []string{aclToken}, Code: "NetworkAclEntryAlreadyExists", Page: api + "errors-overview.html",
		Says:     "A network ACL uses a rule number once in each direction.",
		Fix:      "Give each rule of a direction a number of its own.",
		Foreseen: true, Check: entryOnce,
		Pass: rule.Case{Inputs: in{"ingress": []any{entry(100), entry(110)}, "egress": []any{entry(100)}}},
		Fail: rule.Case{Inputs: in{"ingress": []any{entry(100), entry(100)}}},
		Seed: rule.Seed{Stack: "production", At: aclToken + "::network-default", Set: in{"ingress[1].ruleNo": 90}},
	}}
}

// directions are the properties of a network ACL that list its rules.
var directions = []string{"ingress", "egress"}

func entryNumber(c *catalog.Call) *rule.Finding {
	for _, direction := range directions {
		for _, leaf := range catalog.Leaves(c.State, direction+"[].ruleNo") {
			if !leaf.Value.IsNumber() {
				continue
			}
			if n := leaf.Value.NumberValue(); n < 1 || n > 32766 {
				return rule.Find(leaf.Path, n, "Value (%.0f) for parameter ruleNumber is invalid. It must be between 1 and 32766", n)
			}
		}
	}
	return nil
}

func entryOnce(c *catalog.Call) *rule.Finding {
	for _, direction := range directions {
		seen := map[string]bool{}
		for _, leaf := range catalog.Leaves(c.State, direction+"[].ruleNo") {
			number := catalog.Text(leaf.Value)
			if leaf.Value.IsNumber() && seen[number] {
				return rule.Find(leaf.Path, number, "The network acl entry identified by %s already exists.", number)
			}
			seen[number] = true
		}
	}
	return nil
}
