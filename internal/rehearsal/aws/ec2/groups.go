package ec2

import (
	"fmt"
	"net/netip"
	"regexp"

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
			Check: checkGroup,
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
		Unique: []catalog.Unique{{Properties: append([]string{"securityGroupId", "ipProtocol", "fromPort", "toPort"}, sources...), Scope: catalog.InRegion,
			Code: "InvalidPermission.Duplicate", Message: "the specified rule already exists in {name}"}},
		Check: checkRule,
		Refuse: func(c *catalog.Call) *catalog.Error {
			home, _ := vpcOf(c, c.Str("securityGroupId"))
			other, _ := vpcOf(c, c.Str("referencedSecurityGroupId"))
			if other != "" && other != home {
				return catalog.Refusal("InvalidGroup.NotFound", "referencedSecurityGroupId", c.Str("referencedSecurityGroupId"),
					fmt.Sprintf("You have specified two resources that belong to different networks (%s, %s)", home, other))
			}
			for _, path := range []string{"cidrIpv4", "cidrIpv6"} {
				if cidr := c.Str(path); cidr != "" {
					if p, err := netip.ParsePrefix(cidr); err != nil || p.Masked() != p {
						return catalog.Refusal("InvalidParameterValue", path, cidr, fmt.Sprintf("CIDR block %s is malformed", cidr))
					}
				}
			}
			return nil
		},
		Compute: func(c *catalog.Call) error { c.Set("securityGroupRuleId", c.ID); return nil },
	}
}

// Descriptions and names of security groups may hold a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$*
var groupText = regexp.MustCompile(`^[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}$`)

func checkGroup(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	for _, path := range []string{"description", "name"} {
		if c.Known(path) && !groupText.MatchString(c.Str(path)) {
			problems = append(problems, catalog.Problem{Property: path, Rule: "characters of a security group's text", Value: c.Str(path),
				Message: "must have at most 255 characters of a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$*", Source: api + "API_CreateSecurityGroup.html"})
		}
	}
	return problems
}

func checkRule(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
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
	if c.Known("ipProtocol") && c.Str("ipProtocol") == "-1" {
		if c.Has("fromPort") || c.Has("toPort") {
			problems = append(problems, catalog.Problem{Property: "fromPort", Rule: "no ports for all protocols", Message: "must be left out when ipProtocol is -1",
				Source: api + "API_AuthorizeSecurityGroupIngress.html"})
		}
	} else if c.Known("fromPort") && c.Known("toPort") && (c.Num("fromPort") > c.Num("toPort") || c.Num("toPort") > 65535) {
		problems = append(problems, catalog.Problem{Property: "toPort", Rule: "range of ports", Value: fmt.Sprint(c.Num("toPort")),
			Message: "must be between fromPort and 65535", Source: api + "API_AuthorizeSecurityGroupIngress.html"})
	}
	if c.Known("description") && !groupText.MatchString(c.Str("description")) {
		problems = append(problems, catalog.Problem{Property: "description", Rule: "characters of a security group's text", Value: c.Str("description"),
			Message: "must have at most 255 characters of a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$*", Source: api + "API_SecurityGroupRuleDescription.html"})
	}
	return problems
}
