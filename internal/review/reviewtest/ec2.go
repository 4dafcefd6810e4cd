package reviewtest

const (
	vpc          = "aws:ec2/vpc:Vpc::network"
	defaultGroup = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup::network-default"
	defaultACL   = "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl::network-default"
	flowLog      = "aws:ec2/flowLog:FlowLog::network-flow"

	databaseGroup = "aws:ec2/securityGroup:SecurityGroup::rds"
	balancerGroup = "aws:ec2/securityGroup:SecurityGroup::balancer"
	bastionGroup  = "aws:ec2/securityGroup:SecurityGroup::bastion"

	ingressToken = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
)

// admit adds an ingress rule to a security group, as a resource of its own.
func admit(to string, rule map[string]any) func(*Export) {
	return func(e *Export) {
		rule["securityGroupId"] = e.ID(to)
		e.Add(to, ingressToken, "added", "sgr-0123456789abcdef0", rule)
	}
}

// endpoint labels an endpoint of the network.
func endpoint(name string) string { return "aws:ec2/vpcEndpoint:VpcEndpoint::network-" + name }

func ec2() []Variant {
	world := func(protocol string, from, to int) map[string]any {
		return map[string]any{"ipProtocol": protocol, "fromPort": from, "toPort": to, "cidrIpv4": "0.0.0.0/0"}
	}
	return append(ec2Network(), []Variant{
		{Name: "MySQL open to the world", Stack: Production, Control: "EC2.19", Wants: databaseGroup, Joins: true, Also: []string{"EC2.18"},
			Edit: admit(databaseGroup, world("tcp", 3306, 3306))},
		{Name: "a range that covers SSH", Stack: Staging, Control: "EC2.19", Wants: bastionGroup, Joins: true, Also: []string{"EC2.18"},
			Edit: admit(bastionGroup, world("tcp", 1, 1024))},
		{Name: "everything over IPv6", Stack: Domain, Control: "EC2.19", Wants: balancerGroup, Joins: true, Also: []string{"EC2.18"},
			Edit: admit(balancerGroup, map[string]any{"ipProtocol": "-1", "cidrIpv6": "::/0"})},
		{Name: "a rule in the group's own list", Stack: Production, Control: "EC2.19", Wants: bastionGroup, Also: []string{"EC2.18"},
			Edit: put(bastionGroup, "ingress", []any{map[string]any{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": []string{"0.0.0.0/0"}}})},
		{Name: "another port open to the world", Stack: Production, Control: "EC2.18", Wants: balancerGroup, Joins: true,
			Edit: admit(balancerGroup, world("tcp", 8443, 8443))},
		{Name: "UDP on an authorised port", Stack: Staging, Control: "EC2.18", Wants: balancerGroup, Joins: true, Edit: admit(balancerGroup, world("udp", 443, 443))},
		{Name: "an existing rule turned to the world", Stack: Domain, Control: "EC2.18", Wants: databaseGroup, Joins: true, Also: []string{"EC2.19"},
			Edit: put(ingressToken+"::bastion-rds-in", "cidrIpv4", "0.0.0.0/0")},
		{Name: "SSH by the default ACL", Stack: Production, Control: "EC2.21", Wants: defaultACL, Edit: put(defaultACL, "ingress.0.action", "allow")},
		{Name: "denials after the allowance", Stack: Staging, Control: "EC2.21", Wants: defaultACL, Edit: put(defaultACL, "ingress.1.ruleNo", 200)},
		{Name: "RDP by a rule of an ACL", Stack: Domain, Control: "EC2.21", Wants: "aws:ec2/networkAcl:NetworkAcl::extra", Joins: true, Also: []string{"EC2.16"},
			Edit: func(e *Export) {
				e.Add(vpc, "aws:ec2/networkAcl:NetworkAcl", "extra", "acl-0123456789abcdef0", map[string]any{"vpcId": e.ID(vpc)})
				e.Add(vpc, "aws:ec2/networkAclRule:NetworkAclRule", "rdp", "nacl-1", map[string]any{
					"networkAclId": "acl-0123456789abcdef0", "ruleNumber": 50, "protocol": "tcp", "ruleAction": "allow", "cidrBlock": "0.0.0.0/0", "fromPort": 3389,
					"toPort": 3389})
			}},
	}...)
}

// ec2Network have their faults in the VPC and what belongs to it.
func ec2Network() []Variant {
	private := "aws:ec2/subnet:Subnet::network-private-1"
	return []Variant{
		{Name: "a default group with AWS's rules", Stack: Staging, Control: "EC2.2", Wants: vpc, Joins: true, Edit: remove(defaultGroup)},
		{Name: "a rule in the default group", Stack: Production, Control: "EC2.2", Wants: defaultGroup,
			Edit: put(defaultGroup, "egress", []any{map[string]any{"protocol": "-1", "cidrBlocks": []string{"10.0.0.0/16"}}})},
		{Name: "a rule for the default group", Stack: Domain, Control: "EC2.2", Wants: defaultGroup, Joins: true,
			Edit: admit(defaultGroup, map[string]any{"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16"})},
		{Name: "no flow log", Stack: Production, Control: "EC2.6", Wants: vpc, Joins: true, Edit: remove(flowLog)},
		{Name: "a flow log of accepted traffic", Stack: Staging, Control: "EC2.6", Wants: vpc, Joins: true, Edit: put(flowLog, "trafficType", "ACCEPT")},
		{Name: "a flow log of another VPC", Stack: Domain, Control: "EC2.6", Wants: vpc, Joins: true, Edit: put(flowLog, "vpcId", "vpc-0123456789abcdef0")},
		{Name: "no endpoint for EC2", Stack: Production, Control: "EC2.10", Wants: vpc, Joins: true, Edit: remove(endpoint("ec2"))},
		{Name: "no endpoint for the ECR API", Stack: Staging, Control: "EC2.55", Wants: vpc, Joins: true, Edit: remove(endpoint("ecr.api"))},
		{Name: "an endpoint for the registry in another VPC", Stack: Production, Control: "EC2.56", Wants: vpc, Joins: true,
			Edit: put(endpoint("ecr.dkr"), "vpcId", "vpc-0123456789abcdef0")},
		{Name: "an endpoint for messages instead of Systems Manager", Stack: Domain, Control: "EC2.57", Wants: vpc, Joins: true,
			Edit: put(endpoint("ssm"), "serviceName", "com.amazonaws.us-east-1.ec2messages")},
		{Name: "a subnet that gives public addresses", Stack: Staging, Control: "EC2.15", Wants: private, Edit: put(private, "mapPublicIpOnLaunch", true)},
		{Name: "an ACL that nothing uses", Stack: Production, Control: "EC2.16", Wants: "aws:ec2/networkAcl:NetworkAcl::extra", Edit: func(e *Export) {
			e.Add(vpc, "aws:ec2/networkAcl:NetworkAcl", "extra", "acl-0123456789abcdef0", map[string]any{"vpcId": e.ID(vpc)})
		}},
	}
}
