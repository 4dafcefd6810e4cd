package network

import (
	"slices"
	"strconv"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const permissionPage = api + "API_IpPermission.html"

func groupRules() []rule.Rule {
	both := []string{ingressToken, egressToken}
	open := in{"securityGroupId": groupB, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": anywhere}
	with := func(more in) in { return merged(open, more) }
	return []rule.Rule{{
		ID: "network-rule-protocol", Types: both, Code: "InvalidParameterValue", Page: permissionPage,
		Says:     "A rule's protocol is tcp, udp, icmp, icmpv6, a protocol number or -1 for all.",
		Fix:      "Write a known name in lower case, or the number that IANA gave the protocol.",
		Foreseen: true, Check: ruleProtocol,
		Pass: rule.Case{Inputs: in{"ipProtocol": "udp"}},
		Fail: rule.Case{Inputs: in{"ipProtocol": "https"}},
		Seed: rule.Seed{Stack: "staging", At: egressToken + "::bastion-nat-0", Set: in{"ipProtocol": "https"}},
	}, {
		ID: "network-rule-ports", Types: both, Code: "InvalidParameterValue", Page: permissionPage,
		Says:     "A rule for tcp or udp names both ends of its range of ports.",
		Fix:      "Give fromPort and toPort, 0 and 65535 for all ports.",
		Foreseen: true, Check: rulePorts,
		Pass: rule.Case{Inputs: in{"ipProtocol": "tcp", "fromPort": 443, "toPort": 443}},
		Fail: rule.Case{Inputs: in{"ipProtocol": "tcp"}},
		Seed: rule.Seed{Stack: "staging", At: egressToken + "::bastion-rds-out", Set: in{"fromPort": nil, "toPort": nil}},
	}, {
		ID: "network-rule-port-order", Types: both, Code: "InvalidParameterValue", Page: permissionPage,
		Says:     "A rule's range of ports does not end before it begins.",
		Fix:      "Swap fromPort and toPort.",
		Foreseen: true, Check: rulePortOrder,
		Pass: rule.Case{Inputs: in{"ipProtocol": "tcp", "fromPort": 80, "toPort": 443}},
		Fail: rule.Case{Inputs: in{"ipProtocol": "tcp", "fromPort": 443, "toPort": 80}},
		Seed: rule.Seed{Stack: "staging", At: egressToken + "::api-balancer-out", Set: in{"fromPort": 443, "toPort": 80}},
	}, {
		ID: "network-rule-port-bounds", Types: both, Code: "InvalidPermission.Malformed", Page: permissionPage,
		Says:     "Ports of tcp and udp are 0 to 65535.",
		Fix:      "Name ports between 0 and 65535; -1 stands for all types of icmp, not for all ports.",
		Foreseen: true, Check: rulePortBounds,
		Pass: rule.Case{Inputs: in{"ipProtocol": "udp", "fromPort": 0, "toPort": 65535}},
		Fail: rule.Case{Inputs: in{"ipProtocol": "tcp", "fromPort": -1, "toPort": 443}},
		Seed: rule.Seed{Stack: "staging", At: egressToken + "::service-backend-mysql-out", Set: in{"toPort": 65536}},
	}, {
		ID: "network-rule-icmp", Types: both, Code: "InvalidParameterValue", Page: permissionPage,
		Says:     "A rule for all types of icmp is for all codes.",
		Fix:      "Give toPort -1 with fromPort -1, or name one type.",
		Foreseen: true, Check: ruleICMP,
		Pass: rule.Case{Inputs: in{"ipProtocol": "icmp", "fromPort": -1, "toPort": -1}},
		Fail: rule.Case{Inputs: in{"ipProtocol": "icmp", "fromPort": -1, "toPort": 0}},
		Seed: rule.Seed{Stack: "staging", At: egressToken + "::service-backend-nat-0", Set: in{"ipProtocol": "icmp", "fromPort": -1, "toPort": 0}},
	}, {
		ID: "network-rule-once", Types: both, Code: "InvalidPermission.Duplicate", Page: api + "errors-overview.html",
		Says:  "A security group has a rule once, whatever its description.",
		Fix:   "Drop one of the two rules; two reasons for one rule are one description.",
		Check: ruleOnce,
		Pass:  rule.Case{Type: egressToken, World: neighbours(), Inputs: with(in{"fromPort": 80, "toPort": 80})},
		Fail:  rule.Case{Type: egressToken, World: neighbours(), Inputs: with(in{"description": "Another reason"})},
		Seed: rule.Seed{Stack: "staging", At: egressToken + "::service-backend-nat-0", Exists: neighbours(),
			Set: in{"securityGroupId": groupB}},
	}, {
		ID: "network-rule-group-vpc", Types: both, Code: "InvalidGroup.NotFound", Page: api + "errors-overview.html",
		Says:  "A rule refers to a security group of the same VPC or of a peered one.",
		Fix:   "Refer to a group of the same VPC, peer the VPCs, or name the other network's block.",
		Check: ruleGroup,
		Pass:  rule.Case{World: neighbours(), Inputs: in{"securityGroupId": groupB, "ipProtocol": "-1", "referencedSecurityGroupId": groupB}},
		Fail:  rule.Case{World: neighbours(), Inputs: in{"securityGroupId": groupB, "ipProtocol": "-1", "referencedSecurityGroupId": groupC}},
		Seed: rule.Seed{Stack: "staging", At: egressToken + "::bastion-rds-out", Exists: neighbours(),
			Set: in{"referencedSecurityGroupId": groupB}},
	}}
}

// ports tells whether a rule's protocol has ports.
func ports(c *catalog.Call) bool {
	return slices.Contains([]string{"tcp", "udp", "6", "17"}, c.Str("ipProtocol"))
}

func ruleProtocol(c *catalog.Call) *rule.Finding {
	name := c.Str("ipProtocol")
	number, err := strconv.Atoi(name)
	if name == "" || slices.Contains([]string{"tcp", "udp", "icmp", "icmpv6"}, name) || err == nil && number >= -1 && number <= 255 {
		return nil
	}
	return rule.Find("ipProtocol", name, "Invalid value '%s' for IP protocol. Unknown protocol.", name)
}

func rulePorts(c *catalog.Call) *rule.Finding {
	if !ports(c) || c.Has("fromPort") && c.Has("toPort") {
		return nil
	}
	missing := "toPort"
	if !c.Has("fromPort") {
		missing = "fromPort"
	}
	return rule.Find(missing, nil, "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
}

func rulePortOrder(c *catalog.Call) *rule.Finding {
	if !ports(c) || !c.Known("fromPort") || !c.Known("toPort") || c.Num("fromPort") <= c.Num("toPort") {
		return nil
	}
	return rule.Find("toPort", c.Num("toPort"), "Invalid TCP/UDP port range (%.0f:%.0f)", c.Num("fromPort"), c.Num("toPort"))
}

func rulePortBounds(c *catalog.Call) *rule.Finding {
	if !ports(c) {
		return nil
	}
	for _, path := range []string{"fromPort", "toPort"} {
		if port := c.Num(path); c.Known(path) && (port < 0 || port > 65535) {
			return rule.Find(path, port, "TCP/UDP port (%.0f) out of range", port)
		}
	}
	return nil
}

func ruleICMP(c *catalog.Call) *rule.Finding {
	if !slices.Contains([]string{"icmp", "icmpv6", "1", "58"}, c.Str("ipProtocol")) || !c.Known("fromPort") || !c.Known("toPort") {
		return nil
	}
	if c.Num("fromPort") != -1 || c.Num("toPort") == -1 {
		return nil
	}
	return rule.Find("toPort", c.Num("toPort"), "If all ICMP types are specified, all ICMP codes must be specified")
}

// ruleKeys are what makes two rules the same.
var ruleKeys = []string{"securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"}

func ruleOnce(c *catalog.Call) *rule.Finding {
	id := c.Str("securityGroupId")
	there := others(c, c.Type.Token, func(o *cloud.Object) bool {
		for _, key := range ruleKeys {
			mine, theirs := catalog.Leaves(c.State, key), catalog.Leaves(o.State, key)
			if len(mine) != len(theirs) || len(mine) == 1 && catalog.Text(mine[0].Value) != catalog.Text(theirs[0].Value) {
				return false
			}
		}
		return true
	})
	if id == "" || len(there) == 0 {
		return nil
	}
	return rule.Find("securityGroupId", id, "the specified rule already exists (%s)", there[0].ID)
}

func ruleGroup(c *catalog.Call) *rule.Finding {
	home := vpcOf(group(c, c.Str("securityGroupId")))
	id := strangers(c, "referencedSecurityGroupId", home)
	if id == "" {
		return nil
	}
	return rule.Find("referencedSecurityGroupId", id, "You have specified two resources that belong to different networks (%s, %s)", home, id)
}
