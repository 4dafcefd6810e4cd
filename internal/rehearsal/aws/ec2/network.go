package ec2

import (
	"fmt"
	"net/netip"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/aws/regions"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

func networkTypes() []catalog.Type {
	return []catalog.Type{
		{
			Token: vpcToken, Args: (*sdk.VpcArgs)(nil), Resource: (*sdk.Vpc)(nil),
			Service: "EC2", Action: "Vpc", Title: "EC2 VPC", ID: catalog.Prefixed("vpc"), ARN: arn("vpc"),
			Defaults: map[string]any{"enableDnsSupport": true, "instanceTenancy": "default"},
			Blank:    []string{"ipv6AssociationId", "ipv6CidrBlock", "ipv6CidrBlockNetworkBorderGroup"},
			Check:    canonical("cidrBlock"), Refuse: refuseVpc, Compute: computeVpc,
		},
		{
			Token: subnetToken, Args: (*sdk.SubnetArgs)(nil), Resource: (*sdk.Subnet)(nil),
			Service: "EC2", Action: "Subnet", Title: "EC2 Subnet", ID: catalog.Prefixed("subnet"), ARN: arn("subnet"),
			Blank: []string{"ipv6CidrBlockAssociationId"}, Refs: []catalog.Ref{vpcRef()}, Check: canonical("cidrBlock"),
			Compute: func(c *catalog.Call) error {
				zones := regions.Zones(c.Region)
				c.SetNew("availabilityZone", zones[0].Name)
				id, _ := regions.HasZone(c.Region, c.Str("availabilityZone"))
				c.Set("availabilityZoneId", id)
				c.Set("ownerId", c.Account)
				c.SetNew("privateDnsHostnameTypeOnLaunch", "ip-name")
				return nil
			},
		},
		{
			Token: eipToken, Args: (*sdk.EipArgs)(nil), Resource: (*sdk.Eip)(nil),
			Service: "EC2", Action: "Address", Title: "EC2 EIP", Verbs: map[string]string{"create": "AllocateAddress", "delete": "ReleaseAddress"},
			ID: catalog.Prefixed("eipalloc"), ARN: arn("elastic-ip"),
			Blank: []string{"associationId", "carrierIp", "customerOwnedIp", "instance", "networkInterface", "privateDns", "privateIp",
				"ptrRecord", "ipamPoolId"},
			Compute: func(c *catalog.Call) error {
				c.Set("allocationId", c.ID)
				c.SetNew("domain", "vpc")
				c.Set("vpc", true)
				c.SetNew("networkBorderGroup", c.Region)
				c.SetNew("publicIpv4Pool", "amazon")
				c.SetNew("publicIp", publicAddress())
				c.Set("publicDns", publicName(c.Region, c.Str("publicIp")))
				return nil
			},
		},
		{
			Token: natToken, Args: (*sdk.NatGatewayArgs)(nil), Resource: (*sdk.NatGateway)(nil),
			Service: "EC2", Action: "NatGateway", Title: "EC2 NAT Gateway", ID: catalog.Prefixed("nat"),
			Defaults: map[string]any{"connectivityType": "public"}, Blank: []string{"associationId", "publicIp"},
			Refs: []catalog.Ref{subnetRef("subnetId"), {Path: "allocationId", To: []string{eipToken}, Code: "InvalidAllocationID.NotFound",
				Message: "The allocation ID '{value}' does not exist", Blocks: true, BlockCode: "AuthFailure"}},
			Compute: func(c *catalog.Call) error {
				c.SetNew("networkInterfaceId", "eni-"+catalog.Hex(17))
				if subnet := c.Get(subnetToken, c.Str("subnetId")); subnet != nil {
					c.SetNew("privateIp", addressIn(catalog.Str(subnet.State, "cidrBlock")))
				}
				if eip := c.Get(eipToken, c.Str("allocationId")); eip != nil {
					c.SetNew("publicIp", catalog.Str(eip.State, "publicIp"))
					c.SetNew("associationId", "eipassoc-"+catalog.Hex(17))
				}
				return nil
			},
		},
		{
			Token: endpointToken, Args: (*sdk.VpcEndpointArgs)(nil), Resource: (*sdk.VpcEndpoint)(nil),
			Service: "EC2", Action: "VpcEndpoint", Title: "EC2 VPC Endpoint", Verbs: map[string]string{"delete": "DeleteVpcEndpoints"},
			ID: catalog.Prefixed("vpce"), ARN: arn("vpc-endpoint"),
			Defaults:  map[string]any{"vpcEndpointType": "Gateway"},
			Documents: map[string]catalog.Document{"policy": {Code: "InvalidParameter"}},
			Blank:     []string{"prefixListId"},
			// Younger than the facts' schema: AWS answers its own region.
			Computed: []string{"serviceRegion"},
			Sets:     []string{"subnetIds", "securityGroupIds", "routeTableIds"},
			Refs: []catalog.Ref{vpcRef(), subnetRef("subnetIds"), groupRef("securityGroupIds", true),
				tableRef("routeTableIds", false)},
			Refuse: refuseEndpoint, Compute: computeEndpoint,
		},
		{
			Token: "aws:ec2/flowLog:FlowLog", Args: (*sdk.FlowLogArgs)(nil), Resource: (*sdk.FlowLog)(nil),
			Service: "EC2", Action: "FlowLogs", Title: "EC2 Flow Log", ID: catalog.Prefixed("fl"), ARN: arn("vpc-flow-log"),
			Defaults: map[string]any{"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
			Blank:    []string{"logGroupName"},
			Refs: []catalog.Ref{{Path: "vpcId", To: []string{vpcToken}, Code: "InvalidVpcId.NotFound"},
				{Path: "subnetId", To: []string{subnetToken}, Code: "InvalidSubnetId.NotFound"},
				{Path: "iamRoleArn", To: []string{"aws:iam/role:Role"}, By: catalog.ByARN, Code: "InvalidParameter"}},
			Unique: []catalog.Unique{{Properties: []string{"vpcId", "subnetId", "eniId", "logDestination", "trafficType"}, Scope: catalog.InRegion,
				Code: "FlowLogAlreadyExists", Message: "There is an existing Flow Log with the same configuration and log destination for {name}"}},
			Check: checkFlowLog, Compute: computeFlowLog,
		},
	}
}

// canonical is the provider's check of a range: it has no host bits. AWS itself would drop them, and the next run differ.
func canonical(path string) func(*catalog.Call) []catalog.Problem {
	return func(c *catalog.Call) []catalog.Problem {
		cidr := c.Str(path)
		if p, err := netip.ParsePrefix(cidr); !c.Known(path) || err == nil && p.Masked() == p {
			return nil
		}
		return []catalog.Problem{{Property: path, Rule: "range without host bits", Value: cidr, Message: "must be a range of addresses as 10.1.0.0/16, without host bits",
			Source: api + "API_CreateVpc.html"}}
	}
}

// refuseVpc: everything else in a network hangs on its VPC, so this is no rule of the catalogue, whose faults stand alone.
func refuseVpc(c *catalog.Call) *catalog.Error {
	p, err := netip.ParsePrefix(c.Str("cidrBlock"))
	if err == nil && p.Bits() >= 16 && p.Bits() <= 28 {
		return nil
	}
	return &catalog.Error{Code: "InvalidVpc.Range", Property: "cidrBlock", Value: c.Str("cidrBlock"), Rule: "size of a VPC",
		Message: fmt.Sprintf("The CIDR '%s' is invalid: it must be a range of /16 to /28", c.Str("cidrBlock")), Source: api + "API_CreateVpc.html"}
}

// computeVpc also makes what AWS makes with every VPC: its default security group, main route table and network ACL.
func computeVpc(c *catalog.Call) error {
	c.Set("ownerId", c.Account)
	c.SetNew("dhcpOptionsId", "dopt-"+catalog.Hex(17))
	if !c.Creating() {
		return nil
	}
	group, table := "sg-"+catalog.Hex(17), "rtb-"+catalog.Hex(17)
	c.Set("defaultSecurityGroupId", group)
	c.Set("mainRouteTableId", table)
	c.Set("defaultRouteTableId", table)
	acl := "acl-" + catalog.Hex(17)
	c.Set("defaultNetworkAclId", acl)
	base := fmt.Sprintf("arn:%s:ec2:%s:%s:", c.Partition, c.Region, c.Account)
	c.Hidden(securityGroupToken, group, base+"security-group/"+group, map[string]any{"id": group, "arn": base + "security-group/" + group,
		"vpcId": c.ID, "name": "default", "description": "default VPC security group", "ownerId": c.Account})
	c.Hidden("aws:ec2/networkAcl:NetworkAcl", acl, base+"network-acl/"+acl, map[string]any{"id": acl, "vpcId": c.ID, "ownerId": c.Account})
	c.Hidden(routeTableToken, table, base+"route-table/"+table, map[string]any{"id": table, "vpcId": c.ID, "ownerId": c.Account})
	return nil
}

func refuseEndpoint(c *catalog.Call) *catalog.Error {
	return policy.Check(c, "policy", policy.Rules{Code: "InvalidParameter", Principal: true})
}

const openEndpointPolicy = `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}`

func computeEndpoint(c *catalog.Call) error {
	c.Set("ownerId", c.Account)
	c.Set("state", "available")
	c.Set("requesterManaged", false)
	c.SetNew("serviceRegion", c.Region)
	c.SetNew("policy", openEndpointPolicy)
	c.SetNew("ipAddressType", "ipv4")
	short := c.Str("serviceName")[strings.LastIndexByte(c.Str("serviceName"), '.')+1:]
	switch c.Str("vpcEndpointType") {
	case "Gateway":
		c.Set("prefixListId", prefixLists(c.Region)["com.amazonaws."+c.Region+"."+short])
		c.SetNew("cidrBlocks", []any{"52.216.0.0/15", "3.5.0.0/19"})
	default:
		var interfaces []any
		for range c.Strs("subnetIds") {
			interfaces = append(interfaces, "eni-"+catalog.Hex(17))
		}
		c.SetNew("networkInterfaceIds", interfaces)
		c.SetNew("dnsOptions", map[string]any{"dnsRecordIpType": "ipv4"})
		c.SetNew("dnsEntries", []any{map[string]any{"dnsName": fmt.Sprintf("%s-%s.%s.%s.vpce.amazonaws.com", c.ID, catalog.Letters(8, catalog.LowerDigits), short, c.Region),
			"hostedZoneId": "Z7HUB22UULQXV"}})
		if len(c.Strs("securityGroupIds")) == 0 {
			if vpc := c.Get(vpcToken, c.Str("vpcId")); vpc != nil {
				c.SetNew("securityGroupIds", []any{catalog.Str(vpc.State, "defaultSecurityGroupId")})
			}
		}
	}
	return nil
}

func checkFlowLog(c *catalog.Call) []catalog.Problem {
	var targets int
	for _, path := range []string{"vpcId", "subnetId", "eniId", "transitGatewayId", "transitGatewayAttachmentId"} {
		if c.Has(path) {
			targets++
		}
	}
	if targets != 1 {
		return []catalog.Problem{{Property: "vpcId", Rule: "one target", Message: "exactly one of vpcId, subnetId, eniId, transitGatewayId and transitGatewayAttachmentId must be given",
			Source: api + "API_CreateFlowLogs.html"}}
	}
	if !c.Has("trafficType") && !c.Has("transitGatewayId") && !c.Has("transitGatewayAttachmentId") {
		return []catalog.Problem{{Property: "trafficType", Rule: "required", Message: "missing required property", Source: api + "API_CreateFlowLogs.html"}}
	}
	return nil
}

func computeFlowLog(c *catalog.Call) error {
	c.SetNew("logFormat", "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}")
	destination := c.Str("logDestination")
	if _, group, ok := strings.Cut(destination, ":log-group:"); ok {
		c.SetNew("logGroupName", strings.TrimSuffix(group, ":*"))
	}
	if group := c.Str("logGroupName"); group != "" && destination == "" {
		c.Set("logDestination", fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", c.Partition, c.Region, c.Account, group))
	}
	if c.Str("logDestination") == "" {
		return catalog.Refusal("InvalidParameter", "logDestination", "", "LogDestination or LogGroupName is needed").In(c.Type, "creating")
	}
	return nil
}

// publicName is the name that AWS gives an address. us-east-1 is named otherwise than the others.
func publicName(region, address string) string {
	dashed := strings.ReplaceAll(address, ".", "-")
	if region == "us-east-1" {
		return "ec2-" + dashed + ".compute-1.amazonaws.com"
	}
	return "ec2-" + dashed + "." + region + ".compute.amazonaws.com"
}
