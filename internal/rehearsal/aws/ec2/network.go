package ec2

import (
	"fmt"
	"net/netip"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/aws/regions"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

func networkTypes() []catalog.Type {
	return []catalog.Type{
		{
			Token: vpcToken, Args: (*sdk.VpcArgs)(nil), Resource: (*sdk.Vpc)(nil),
			Service: "EC2", Action: "Vpc", Title: "EC2 VPC", ID: catalog.Prefixed("vpc"), ARN: arn("vpc"),
			Defaults: map[string]any{"enableDnsSupport": true, "instanceTenancy": "default"},
			Blank:    []string{"ipv6AssociationId", "ipv6CidrBlock", "ipv6CidrBlockNetworkBorderGroup"},
			Refuse:   refuseVpc, Compute: computeVpc,
		},
		{
			Token: subnetToken, Args: (*sdk.SubnetArgs)(nil), Resource: (*sdk.Subnet)(nil),
			Service: "EC2", Action: "Subnet", Title: "EC2 Subnet", ID: catalog.Prefixed("subnet"), ARN: arn("subnet"),
			Blank: []string{"ipv6CidrBlockAssociationId"}, Refs: []catalog.Ref{vpcRef()}, Refuse: refuseSubnet,
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
			Unique: []catalog.Unique{{Properties: []string{"allocationId"}, Scope: catalog.InRegion, Code: "Resource.AlreadyAssociated",
				Message: "Elastic IP address [{name}] is already associated"}},
			Refuse: func(c *catalog.Call) *catalog.Error {
				if c.Str("connectivityType") == "public" && c.Str("allocationId") == "" {
					return catalog.Refusal("MissingParameter", "allocationId", "", "A public NAT gateway needs the allocation ID of an Elastic IP address")
				}
				return nil
			},
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

func refuseVpc(c *catalog.Call) *catalog.Error {
	p, err := netip.ParsePrefix(c.Str("cidrBlock"))
	if err != nil || p.Masked() != p || p.Bits() < 16 || p.Bits() > 28 {
		return &catalog.Error{Code: "InvalidVpc.Range", Property: "cidrBlock", Value: c.Str("cidrBlock"), Rule: "size of a VPC",
			Message: fmt.Sprintf("The CIDR '%s' is invalid: it must be a range of /16 to /28 without host bits", c.Str("cidrBlock")),
			Source:  api + "API_CreateVpc.html"}
	}
	return nil
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

func refuseSubnet(c *catalog.Call) *catalog.Error {
	if zone := c.Str("availabilityZone"); zone != "" {
		if _, ok := regions.HasZone(c.Region, zone); !ok {
			return catalog.Refusal("InvalidParameterValue", "availabilityZone", zone,
				fmt.Sprintf("Value (%s) for parameter availabilityZone is invalid. Subnets can currently only be created in the availability zones of %s", zone, c.Region))
		}
	}
	cidr := c.Str("cidrBlock")
	p, err := netip.ParsePrefix(cidr)
	if err != nil || p.Masked() != p || p.Bits() < 16 || p.Bits() > 28 {
		return catalog.Refusal("InvalidParameterValue", "cidrBlock", cidr, fmt.Sprintf("Value (%s) for parameter cidrBlock is invalid. It must be a range of /16 to /28", cidr))
	}
	vpc := c.Get(vpcToken, c.Str("vpcId"))
	if vpc == nil {
		return nil // a missing VPC was refused as a reference
	}
	whole, err := netip.ParsePrefix(catalog.Str(vpc.State, "cidrBlock"))
	if err != nil || !whole.Contains(p.Addr()) || p.Bits() < whole.Bits() {
		return catalog.Refusal("InvalidSubnet.Range", "cidrBlock", cidr, fmt.Sprintf("The CIDR '%s' is invalid: it is outside of the VPC's %s", cidr, whole))
	}
	taken := c.Tx.Find(c.Account, c.Region, subnetToken, func(o *cloud.Object) bool {
		if c.Old != nil && o.Serial == c.Old.Serial || catalog.Str(o.State, "vpcId") != vpc.ID {
			return false
		}
		other, err := netip.ParsePrefix(catalog.Str(o.State, "cidrBlock"))
		return err == nil && other.Overlaps(p)
	})
	if len(taken) > 0 {
		return &catalog.Error{Code: "InvalidSubnet.Conflict", Property: "cidrBlock", Value: cidr, Rule: "subnets do not overlap",
			Message: fmt.Sprintf("The CIDR '%s' conflicts with another subnet (%s)", cidr, taken[0].ID)}
	}
	return nil
}

func refuseEndpoint(c *catalog.Call) *catalog.Error {
	service := c.Str("serviceName")
	short, ours := strings.CutPrefix(service, "com.amazonaws."+c.Region+".")
	if strings.HasPrefix(service, "com.amazonaws.") && !strings.HasPrefix(service, "com.amazonaws.vpce.") && !ours && c.Str("serviceRegion") == "" {
		return catalog.Refusal("InvalidServiceName", "serviceName", service, fmt.Sprintf("The Vpc Endpoint Service '%s' does not exist in %s", service, c.Region))
	}
	gateway := c.Str("vpcEndpointType") == "Gateway"
	if gateway && ours && short != "s3" && short != "dynamodb" {
		return catalog.Refusal("InvalidParameter", "vpcEndpointType", "Gateway", fmt.Sprintf("Endpoint type (Gateway) does not match available service types ([Interface]) of %s", service))
	}
	if gateway && (c.Bool("privateDnsEnabled") || len(c.Strs("subnetIds")) > 0 || len(c.Strs("securityGroupIds")) > 0) {
		return catalog.Refusal("InvalidParameter", "subnetIds", "", "A gateway endpoint takes route tables, neither subnets nor security groups nor private DNS")
	}
	if !gateway && len(c.Strs("routeTableIds")) > 0 {
		return catalog.Refusal("InvalidParameter", "routeTableIds", "", "An interface endpoint takes subnets, not route tables")
	}
	if err := policy.Check(c, "policy", policy.Rules{Code: "InvalidParameter", Principal: true}); err != nil {
		return err
	}
	vpc := c.Get(vpcToken, c.Str("vpcId"))
	if !c.Bool("privateDnsEnabled") || vpc == nil {
		return nil
	}
	if on := func(p string) bool { v := vpc.State[resource.PropertyKey(p)]; return v.IsBool() && v.BoolValue() }; !on("enableDnsSupport") || !on("enableDnsHostnames") {
		return catalog.Refusal("InvalidParameter", "privateDnsEnabled", "true", "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for "+vpc.ID)
	}
	same := c.Tx.Find(c.Account, c.Region, endpointToken, func(o *cloud.Object) bool {
		return (c.Old == nil || o.Serial != c.Old.Serial) && catalog.Str(o.State, "vpcId") == vpc.ID && catalog.Str(o.State, "serviceName") == service &&
			o.State["privateDnsEnabled"].IsBool() && o.State["privateDnsEnabled"].BoolValue()
	})
	if len(same) > 0 {
		return catalog.Refusal("InvalidParameter", "privateDnsEnabled", "true", fmt.Sprintf("private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s in the VPC %s", service, vpc.ID))
	}
	return nil
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
