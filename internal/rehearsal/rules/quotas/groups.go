package quotas

import (
	"fmt"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	groupToken   = "aws:ec2/securityGroup:SecurityGroup"
	ingressToken = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressToken  = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	aclToken     = "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"
)

func groupQuotas() []Quota {
	blocks := func(n int) in {
		return in{"ingress": []any{in{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": texts("10.200.%d.0/24", n)}}}
	}
	entries := func(n int) in { return in{"ingress": aclRules(n)} }
	interfaces := func(n int) in { return in{"securityGroupIds": texts("sg-0f0000000000000%02d", n)} }
	return []Quota{
		{ID: "security-groups", Name: "VPC security groups per Region", Service: "vpc", Code: "L-E79EC296", Default: 2500, Unit: "security groups in a region",
			Page: vpcPage, Error: "SecurityGroupLimitExceeded", Types: []string{groupToken}, Draw: each},
		{ID: "security-group-rules", Name: "Inbound or outbound rules per security group", Service: "vpc", Code: "L-0EA8095F", Default: 60,
			Unit: "rules in one direction of a security group", Page: vpcPage, Error: "RulesPerSecurityGroupLimitExceeded",
			Message: "The maximum number of rules per security group has been reached.", Property: "ingress",
			Types: []string{groupToken, ingressToken, egressToken}, Draw: groupRules, proof: &proof{sized: blocks,
				seed: rule.Seed{Stack: "staging", At: groupToken + "::bastion", Set: blocks(61)}}},
		{ID: "interface-groups", Name: "Security groups per network interface", Service: "vpc", Code: "L-2AFB9258", Default: 5,
			Unit: "security groups at a network interface", Page: vpcPage, Error: "SecurityGroupsPerInterfaceLimitExceeded",
			Message: "The maximum number of security groups per interface has been reached.", Property: "securityGroupIds",
			Types: []string{endpointToken}, Draw: inside("securityGroupIds"), proof: &proof{sized: interfaces,
				seed: rule.Seed{Stack: "staging", At: endpointToken + "::network-ec2", Set: interfaces(6)}}},
		{ID: "acl-rules", Name: "Rules per network ACL", Service: "vpc", Code: "L-2AEEBF1A", Default: 20, Unit: "rules in one direction of a network ACL",
			Page: vpcPage, Error: "NetworkAclEntryLimitExceeded", Message: "The maximum number of network acl entries has been reached.", Property: "ingress",
			Types: []string{aclToken}, Draw: entriesOf, proof: &proof{sized: entries,
				seed: rule.Seed{Stack: "staging", At: aclToken + "::network-default", Set: entries(21)}}},
	}
}

// texts are n values of a form.
func texts(form string, n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = fmt.Sprintf(form, i)
	}
	return list
}

func aclRules(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = in{"ruleNo": 100 + i, "action": "allow", "protocol": "tcp", "cidrBlock": fmt.Sprintf("10.200.%d.0/24", i), "fromPort": 443, "toPort": 443}
	}
	return list
}

// groupRules counts a group's rules, those of their own and those written inside, each direction for itself. Every source
// of a rule is a rule.
func groupRules(o *cloud.Object, _ Finder) []Draw {
	switch o.Type {
	case ingressToken:
		return []Draw{{Scope: catalog.Str(o.State, "securityGroupId") + " in", Amount: 1}}
	case egressToken:
		return []Draw{{Scope: catalog.Str(o.State, "securityGroupId") + " out", Amount: 1}}
	}
	count := func(direction string) (n float64) {
		for _, source := range []string{"cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups"} {
			n += float64(len(catalog.Leaves(o.State, direction+"[]."+source+"[]")))
		}
		for _, leaf := range catalog.Leaves(o.State, direction+"[].self") {
			if leaf.Value.IsBool() && leaf.Value.BoolValue() {
				n++
			}
		}
		return n
	}
	return []Draw{{Scope: o.ID + " in", Amount: count("ingress")}, {Scope: o.ID + " out", Amount: count("egress")}}
}

func entriesOf(o *cloud.Object, _ Finder) []Draw {
	return []Draw{{Scope: self(o) + " in", Amount: float64(len(catalog.Leaves(o.State, "ingress[]")))},
		{Scope: self(o) + " out", Amount: float64(len(catalog.Leaves(o.State, "egress[]")))}}
}
