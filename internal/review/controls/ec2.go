package controls

import (
	"fmt"
	"slices"

	"github.com/itrack/itrack/internal/review"
)

const (
	noVPC      = "the stack declares no VPC"
	noGroups   = "the stack declares no security group"
	noACLs     = "the stack declares no network ACL"
	noTemplate = "the stack declares no launch template"
)

func ec2() []review.Control {
	const s, o = review.Security, review.Operations
	return []review.Control{
		hub("EC2.2", "A VPC's default security group should not allow traffic", review.High, s, noVPC, ec2DefaultGroup),
		hub("EC2.3", "Attached EBS volumes should be encrypted at rest", review.Medium, s, noMachines, ec2Volumes),
		hub("EC2.6", "Flow logging should be enabled in all VPCs", review.Medium, o, noVPC, review.Each(tokenVPC, ec2FlowLogs)),
		hub("EC2.8", "Instances should use IMDSv2", review.High, s, noMachines, ec2Metadata),
		hub("EC2.9", "Instances should not have a public IPv4 address", review.High, s, noMachines, ec2PublicAddress),
		hub("EC2.10", "VPCs should have an endpoint for the EC2 service", review.Medium, s, noVPC, review.Each(tokenVPC, endpointFor("ec2"))),
		hub("EC2.15", "Subnets should not automatically assign public IP addresses", review.Medium, s, "the stack declares no subnet",
			review.Each(tokenSubnet, ec2SubnetPublic)),
		hub("EC2.16", "Unused network ACLs should be removed", review.Low, s, noACLs, ec2UnusedACLs),
		hub("EC2.18", "Security groups should allow unrestricted incoming traffic on authorised ports only", review.High, s, noGroups, ec2Authorised),
		hub("EC2.19", "Security groups should not allow unrestricted access to ports with high risk", review.Critical, s, noGroups, ec2HighRisk),
		hub("EC2.21", "Network ACLs should not allow ingress from everywhere to port 22 or 3389", review.Medium, s, noACLs, ec2ACLs),
		hub("EC2.25", "Launch templates should not assign public IPs to network interfaces", review.High, s, noTemplate,
			review.Each(tokenTemplate, ec2TemplatePublic)),
		hub("EC2.55", "VPCs should have an interface endpoint for the ECR API", review.Medium, s, noVPC, review.Each(tokenVPC, endpointFor("ecr.api"))),
		hub("EC2.56", "VPCs should have an interface endpoint for the Docker registry", review.Medium, s, noVPC, review.Each(tokenVPC, endpointFor("ecr.dkr"))),
		hub("EC2.57", "VPCs should have an interface endpoint for Systems Manager", review.Medium, s, noVPC, review.Each(tokenVPC, endpointFor("ssm"))),
		hub("EC2.170", "Launch templates should use IMDSv2", review.Low, s, noTemplate, review.Each(tokenTemplate, metadataV2)),
		hub("EC2.181", "Launch templates should encrypt EBS volumes", review.Medium, s, noTemplate, review.Each(tokenTemplate, ec2TemplateEncrypts)),
	}
}

// ec2DefaultGroup wants the group that AWS makes with a VPC to be taken over and emptied: what is not declared keeps AWS's rules.
func ec2DefaultGroup(m *review.Model) []review.Answer {
	return review.Each(tokenVPC, func(m *review.Model, vpc *review.Resource) review.Answer {
		group := m.Find(tokenDefaultGroup, vpc.Str("defaultSecurityGroupId"))
		if group == nil {
			return review.Fail(vpc, "its default security group is as AWS made it, with traffic among its members and out",
				"declare an aws.ec2.DefaultSecurityGroup without rules")
		}
		rules := len(openings(m, group, "ingress")) + len(openings(m, group, "egress"))
		return review.When(rules == 0, group, "it has no rules", fmt.Sprintf("it has %d rules", rules), "take every rule away; nothing should use this group")
	})(m)
}

// ec2FlowLogs takes logs of all traffic for logs of the rejected, which AWS asks for.
func ec2FlowLogs(m *review.Model, vpc *review.Resource) review.Answer {
	for _, log := range m.Referring("aws:ec2/flowLog:FlowLog", "vpcId", vpc) {
		if traffic := log.Str("trafficType"); traffic == "ALL" || traffic == "REJECT" {
			return review.Pass(vpc, "the flow log "+log.Name+" writes "+traffic)
		}
	}
	return review.Fail(vpc, "no flow log writes its rejected traffic", "add a flow log with trafficType ALL or REJECT")
}

func endpointFor(service string) func(*review.Model, *review.Resource) review.Answer {
	return func(m *review.Model, vpc *review.Resource) review.Answer {
		return review.When(interfaceEndpoint(m, vpc, service) != nil, vpc, "it has an interface endpoint for "+service,
			"it has no interface endpoint for "+service, "add "+service+" to itrack:network.interfaceEndpoints")
	}
}

func ec2SubnetPublic(_ *review.Model, subnet *review.Resource) review.Answer {
	return review.When(!subnet.Bool("mapPublicIpOnLaunch"), subnet, "mapPublicIpOnLaunch is false", "mapPublicIpOnLaunch is true",
		"set mapPublicIpOnLaunch to false")
}

// ec2UnusedACLs passes default ACLs, which can't be removed.
func ec2UnusedACLs(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, acl := range m.All(tokenDefaultACL) {
		out = append(out, review.Pass(acl, "a default ACL stays with its VPC"))
	}
	for _, acl := range m.All(tokenACL) {
		used := len(acl.Strs("subnetIds")) > 0 || len(m.Referring("aws:ec2/networkAclAssociation:NetworkAclAssociation", "networkAclId", acl)) > 0
		out = append(out, review.When(used, acl, "subnets use it", "no subnet uses it", "associate it with a subnet, or remove it"))
	}
	return out
}

// authorised are the ports that AWS lets every address reach by default.
var authorised = []int{80, 443}

func ec2Authorised(m *review.Model) []review.Answer {
	return eachOpening(m, func(o opening) bool {
		return o.protocol == "-1" || o.carries(o.from) && !(o.from == o.to && slices.Contains(authorised, o.from) && (o.protocol == "tcp" || o.protocol == "6"))
	}, "nothing but 80 and 443 is open to every address")
}

// highRisk are the ports that AWS names.
var highRisk = []int{20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601, 8080, 8088, 8888, 9200, 9300}

func ec2HighRisk(m *review.Model) []review.Answer {
	return eachOpening(m, func(o opening) bool { return slices.ContainsFunc(highRisk, o.carries) }, "no port with high risk is open to every address")
}

// eachOpening fails the security groups that have a bad rule for every address.
func eachOpening(m *review.Model, bad func(opening) bool, good string) []review.Answer {
	var out []review.Answer
	for _, group := range m.All(tokenGroup, tokenDefaultGroup) {
		answer := review.Pass(group, good)
		for _, o := range openings(m, group, "ingress") {
			if o.world && bad(o) {
				answer = review.Fail(group, fmt.Sprintf("the rule %s opens %s to every address", o.by.Name, o.ports()),
					"allow a security group or a range of your own instead")
			}
		}
		out = append(out, answer)
	}
	return out
}

// ec2ACLs reads the rules in their order, as AWS does with traffic: a denial before the allowance counts. AWS's control leaves
// default ACLs out; where a stack declares its own, it is asked as well, for its subnets have no other.
func ec2ACLs(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, acl := range m.All(tokenDefaultACL, tokenACL) {
		answer := review.Pass(acl, "22 and 3389 are closed to every address")
		for _, port := range []int{22, 3389} {
			for _, cidr := range everywhere {
				if aclAllows(aclRules(m, acl), cidr, port) {
					answer = review.Fail(acl, fmt.Sprintf("it lets %s reach port %d", cidr, port), "put a rule that denies the port before the one that allows it")
				}
			}
		}
		out = append(out, answer)
	}
	return out
}

// aclRules are the ingress rules of an ACL in their order.
func aclRules(m *review.Model, acl *review.Resource) []*review.Resource {
	rules := acl.Maps("ingress")
	for _, rule := range m.Referring("aws:ec2/networkAclRule:NetworkAclRule", "networkAclId", acl) {
		if !rule.Bool("egress") {
			rules = append(rules, rule)
		}
	}
	slices.SortStableFunc(rules, func(a, b *review.Resource) int { return int(number(a) - number(b)) })
	return rules
}

// number is a rule's place: the list of an ACL and a rule of its own call it differently.
func number(rule *review.Resource) float64 { return rule.Num("ruleNo") + rule.Num("ruleNumber") }

// aclAllows tells what the first rule says that is for a whole range and covers a TCP port; with no such rule AWS denies.
func aclAllows(rules []*review.Resource, cidr string, port int) bool {
	for _, rule := range rules {
		if rule.Str("cidrBlock") != cidr && rule.Str("ipv6CidrBlock") != cidr {
			continue
		}
		o := newOpening(rule, "protocol", nil)
		if o.protocol != "udp" && o.protocol != "17" && o.carries(port) {
			return rule.Str("action")+rule.Str("ruleAction") == "allow"
		}
	}
	return false
}
