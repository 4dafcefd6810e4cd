package ec2

import (
	"fmt"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

var sources = []string{"cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"}

func groupTypes() []catalog.Type {
	return []catalog.Type{
		{
			Token: securityGroupToken, Args: (*sdk.SecurityGroupArgs)(nil), Resource: (*sdk.SecurityGroup)(nil),
			Service: "EC2", Action: "SecurityGroup", Title: "EC2 Security Group", ID: catalog.Prefixed("sg"), ARN: arn("security-group"),
			Name: catalog.Name{Property: "name", Auto: 255, Prefix: "namePrefix", Scope: "vpcId", Code: "InvalidGroup.Duplicate",
				Message: "The security group '{name}' already exists for the VPC"},
			Defaults: map[string]any{"description": "Managed by Pulumi"}, Blank: []string{"namePrefix"},
			Sets: []string{"ingress", "egress"}, Refs: []catalog.Ref{vpcRef(), groupRef("ingress[].securityGroups", true), groupRef("egress[].securityGroups", true)},
			Refuse: func(c *catalog.Call) *catalog.Error {
				if c.Str("vpcId") == "" {
					return catalog.Refusal("VPCIdNotSpecified", "vpcId", "", "No default VPC for this user")
				}
				return nil
			},
			Compute: func(c *catalog.Call) error { c.Set("ownerId", c.Account); return nil },
		},
		{
			Token: defaultGroupToken, Args: (*sdk.DefaultSecurityGroupArgs)(nil), Resource: (*sdk.DefaultSecurityGroup)(nil),
			Service: "EC2", Action: "SecurityGroup", Title: "EC2 Default Security Group", ARN: arn("security-group"), Overwrites: true,
			// The group is there since its VPC: the resource adopts it and takes its rules away.
			ID: catalog.Made(func(c *catalog.Call) string {
				if o := c.Get(vpcToken, c.Str("vpcId")); o != nil {
					return catalog.Str(o.State, "defaultSecurityGroupId")
				}
				return ""
			}),
			Blank: []string{"namePrefix"}, Sets: []string{"ingress", "egress"},
			Refs: []catalog.Ref{{Path: "vpcId", To: []string{vpcToken}, Code: "InvalidVpcID.NotFound"}},
			Refuse: func(c *catalog.Call) *catalog.Error {
				if c.Str("vpcId") == "" {
					return catalog.Refusal("InvalidVpcID.NotFound", "vpcId", "", "The account has no default VPC: give vpcId")
				}
				return nil
			},
			Compute: func(c *catalog.Call) error {
				c.Set("ownerId", c.Account)
				c.Set("name", "default")
				c.Set("description", "default VPC security group")
				return nil
			},
		},
		{
			Token: "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl", Args: (*sdk.DefaultNetworkAclArgs)(nil), Resource: (*sdk.DefaultNetworkAcl)(nil),
			Service: "EC2", Action: "NetworkAcl", Title: "EC2 Default Network ACL", ARN: arn("network-acl"), ID: catalog.Templated("{defaultNetworkAclId}"),
			Overwrites: true, Verbs: map[string]string{"create": "ReplaceNetworkAclEntry", "update": "ReplaceNetworkAclEntry"},
			Sets: []string{"ingress", "egress", "subnetIds"},
			Refs: []catalog.Ref{subnetRef("subnetIds").Loosely(), {Path: "defaultNetworkAclId", To: []string{"aws:ec2/networkAcl:NetworkAcl"},
				Code: "InvalidNetworkAclID.NotFound", Message: "The networkAcl ID '{value}' does not exist"}},
			Compute: func(c *catalog.Call) error {
				c.Set("ownerId", c.Account)
				if acl := c.Get("aws:ec2/networkAcl:NetworkAcl", c.Str("defaultNetworkAclId")); acl != nil {
					c.Set("vpcId", catalog.Str(acl.State, "vpcId"))
				}
				return nil
			},
		},
		ruleType("Ingress", (*vpc.SecurityGroupIngressRuleArgs)(nil), (*vpc.SecurityGroupIngressRule)(nil)),
		ruleType("Egress", (*vpc.SecurityGroupEgressRuleArgs)(nil), (*vpc.SecurityGroupEgressRule)(nil)),
	}
}

// ruleType describes a rule of a security group; both directions take the same.
func ruleType(direction string, args, res any) catalog.Type {
	return catalog.Type{
		Token: fmt.Sprintf("aws:vpc/securityGroup%sRule:SecurityGroup%sRule", direction, direction), Args: args, Resource: res,
		Service: "EC2", Action: "SecurityGroup" + direction, Title: "VPC Security Group " + direction + " Rule",
		Verbs: map[string]string{"create": "AuthorizeSecurityGroup" + direction, "update": "ModifySecurityGroupRules", "delete": "RevokeSecurityGroup" + direction},
		ID:    catalog.Prefixed("sgr"), ARN: arn("security-group-rule"),
		// The Terraform schema does it in its plan instead of the attribute: another group is another rule.
		ForceNew: []string{"securityGroupId"},
		Refs:     []catalog.Ref{groupRef("securityGroupId", false), groupRef("referencedSecurityGroupId", true)},
		Check:    checkRule,
		Compute:  func(c *catalog.Call) error { c.Set("securityGroupRuleId", c.ID); return nil },
	}
}

// checkRule is what the provider demands of a rule before AWS sees it.
func checkRule(c *catalog.Call) []catalog.Problem {
	problems := append(canonical("cidrIpv4")(c), canonical("cidrIpv6")(c)...)
	given := 0
	for _, path := range sources {
		if c.Has(path) {
			given++
		}
	}
	if given != 1 {
		problems = append(problems, catalog.Problem{Property: "cidrIpv4", Rule: "one source", Source: api + "API_AuthorizeSecurityGroupIngress.html",
			Message: "exactly one of cidrIpv4, cidrIpv6, prefixListId and referencedSecurityGroupId must be given"})
	}
	if c.Known("ipProtocol") && c.Str("ipProtocol") == "-1" && (c.Has("fromPort") || c.Has("toPort")) {
		problems = append(problems, catalog.Problem{Property: "fromPort", Rule: "no ports for all protocols", Message: "must be left out when ipProtocol is -1",
			Source: api + "API_AuthorizeSecurityGroupIngress.html"})
	}
	return problems
}
