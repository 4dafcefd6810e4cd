package ec2

import (
	"fmt"
	"hash/crc32"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

var destinations = []string{"destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"}

func routingTypes() []catalog.Type {
	return []catalog.Type{
		{
			Token: gatewayToken, Args: (*sdk.InternetGatewayArgs)(nil), Resource: (*sdk.InternetGateway)(nil),
			Service: "EC2", Action: "InternetGateway", Title: "EC2 Internet Gateway", ID: catalog.Prefixed("igw"), ARN: arn("internet-gateway"),
			Blank: []string{"vpcId"}, Refs: []catalog.Ref{vpcRef()},
			Compute: func(c *catalog.Call) error { c.Set("ownerId", c.Account); return nil },
		},
		{
			Token: routeTableToken, Args: (*sdk.RouteTableArgs)(nil), Resource: (*sdk.RouteTable)(nil),
			Service: "EC2", Action: "RouteTable", Title: "EC2 Route Table", ID: catalog.Prefixed("rtb"), ARN: arn("route-table"),
			Refs:    []catalog.Ref{vpcRef()},
			Sets:    []string{"routes", "propagatingVgws"},
			Compute: func(c *catalog.Call) error { c.Set("ownerId", c.Account); return nil },
		},
		{
			Token: "aws:ec2/route:Route", Args: (*sdk.RouteArgs)(nil), Resource: (*sdk.Route)(nil),
			Service: "EC2", Action: "Route", Title: "EC2 Route",
			// The provider's own id: the table and a hash of the destination.
			ID: catalog.Made(func(c *catalog.Call) string {
				return fmt.Sprintf("r-%s%d", c.Str("routeTableId"), crc32.ChecksumIEEE([]byte(destination(c))))
			}),
			Blank: []string{"instanceId", "instanceOwnerId", "networkInterfaceId"},
			Refs: []catalog.Ref{tableRef("routeTableId", false),
				{Path: "natGatewayId", To: []string{natToken}, Code: "InvalidNatGatewayID.NotFound", Message: "The natGateway ID '{value}' does not exist"},
				{Path: "gatewayId", To: []string{gatewayToken}, Code: "InvalidInternetGatewayID.NotFound", Message: "The gateway ID '{value}' does not exist"},
				{Path: "vpcEndpointId", To: []string{endpointToken}, Code: "InvalidVpcEndpointId.NotFound"}},
			Check: checkRoute,
			Compute: func(c *catalog.Call) error {
				c.Set("origin", "CreateRoute")
				c.Set("state", "active")
				return nil
			},
		},
		{
			Token: "aws:ec2/routeTableAssociation:RouteTableAssociation", Args: (*sdk.RouteTableAssociationArgs)(nil), Resource: (*sdk.RouteTableAssociation)(nil),
			Service: "EC2", Action: "RouteTable", Title: "EC2 Route Table Association", ID: catalog.Prefixed("rtbassoc"),
			Verbs: map[string]string{"create": "AssociateRouteTable", "update": "ReplaceRouteTableAssociation", "delete": "DisassociateRouteTable"},
			Refs: []catalog.Ref{tableRef("routeTableId", true), {Path: "subnetId", To: []string{subnetToken}, Code: "InvalidSubnetID.NotFound",
				Message: "The subnet ID '{value}' does not exist"}},
			Check: func(c *catalog.Call) []catalog.Problem {
				if c.Has("subnetId") == c.Has("gatewayId") {
					return []catalog.Problem{{Property: "subnetId", Rule: "one target", Message: "exactly one of subnetId and gatewayId must be given",
						Source: api + "API_AssociateRouteTable.html"}}
				}
				return nil
			},
		},
	}
}

func destination(c *catalog.Call) string {
	for _, path := range destinations {
		if value := c.Str(path); value != "" {
			return value
		}
	}
	return ""
}

func checkRoute(c *catalog.Call) []catalog.Problem {
	count := func(paths ...string) (n int) {
		for _, path := range paths {
			if c.Has(path) {
				n++
			}
		}
		return n
	}
	problems := canonical("destinationCidrBlock")(c)
	if count(destinations...) != 1 {
		problems = append(problems, catalog.Problem{Property: "destinationCidrBlock", Rule: "one destination", Source: api + "API_CreateRoute.html",
			Message: "exactly one of destinationCidrBlock, destinationIpv6CidrBlock and destinationPrefixListId must be given"})
	}
	if count("carrierGatewayId", "coreNetworkArn", "egressOnlyGatewayId", "gatewayId", "localGatewayId", "natGatewayId", "networkInterfaceId",
		"transitGatewayId", "vpcEndpointId", "vpcPeeringConnectionId") != 1 {
		problems = append(problems, catalog.Problem{Property: "gatewayId", Rule: "one target", Source: api + "API_CreateRoute.html",
			Message: "exactly one target (gatewayId, natGatewayId, ...) must be given"})
	}
	return problems
}
