package quotas

import (
	"fmt"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	vpcToken      = "aws:ec2/vpc:Vpc"
	subnetToken   = "aws:ec2/subnet:Subnet"
	gatewayToken  = "aws:ec2/internetGateway:InternetGateway"
	addressToken  = "aws:ec2/eip:Eip"
	natToken      = "aws:ec2/natGateway:NatGateway"
	endpointToken = "aws:ec2/vpcEndpoint:VpcEndpoint"
	tableToken    = "aws:ec2/routeTable:RouteTable"
	routeToken    = "aws:ec2/route:Route"
	vpcPage       = "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"
	linkPage      = "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html"
	addressPage   = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/elastic-ip-addresses-eip.html"
)

// filled are n things of one type, for seeds.
func filled(n int, one func(int) rule.Thing) []rule.Thing { return (&proof{one: one}).world(n) }

func numbered(token, form string, state in) func(int) rule.Thing {
	return func(n int) rule.Thing { return rule.Thing{Type: token, ID: fmt.Sprintf(form, n), State: state} }
}

func networkQuotas() []Quota {
	gateways := numbered(gatewayToken, "igw-0f0000000000000%02d", in{})
	addresses := numbered(addressToken, "eipalloc-0f0000000000000%02d", in{})
	nats := numbered(natToken, "nat-0f0000000000000%02d", in{"subnetId": "subnet-0f000000000000001"})
	zone := rule.Thing{Type: subnetToken, ID: "subnet-0f000000000000001", State: in{"availabilityZone": "us-east-1a", "vpcId": "vpc-0f000000000000001"}}
	return []Quota{
		// A VPC that is refused leaves nothing else to stand on, so this one has no rule; its internet gateways have the same quota.
		{ID: "vpcs", Name: "VPCs per Region", Service: "vpc", Code: "L-F678F1CE", Default: 5, Unit: "VPCs in a region", Page: vpcPage,
			Error: "VpcLimitExceeded", Types: []string{vpcToken}, Draw: each},
		{ID: "internet-gateways", Name: "Internet gateways per Region", Service: "vpc", Code: "L-A4707A72", Default: 5, Unit: "internet gateways in a region",
			Page: vpcPage, Error: "InternetGatewayLimitExceeded", Message: "The maximum number of internet gateways has been reached.", Property: "vpcId",
			Types: []string{gatewayToken}, Draw: each, proof: &proof{one: gateways, inputs: in{},
				seed: rule.Seed{Stack: "staging", At: gatewayToken + "::network", Exists: filled(5, gateways)}}},
		{ID: "addresses", Name: "EC2-VPC Elastic IPs", Service: "ec2", Code: "L-0263D0A3", Default: 5, Unit: "Elastic IP addresses in a region",
			Page: addressPage, Error: "AddressLimitExceeded", Message: "The maximum number of addresses has been reached.", Property: "domain",
			Types: []string{addressToken}, Draw: each, proof: &proof{one: addresses, inputs: in{},
				seed: rule.Seed{Stack: "staging", At: addressToken + "::network-1", Exists: filled(5, addresses)}}},
		{ID: "nat-gateways", Name: "NAT gateways per Availability Zone", Service: "vpc", Code: "L-FE5A380F", Default: 5, Unit: "NAT gateways in an availability zone",
			Page: vpcPage, Error: "NatGatewayLimitExceeded", Message: "The maximum number of NAT Gateways has been reached.", Property: "subnetId",
			Types: []string{natToken}, Draw: natZone, proof: &proof{one: nats, around: []rule.Thing{zone}, inputs: in{"subnetId": zone.ID},
				seed: rule.Seed{Stack: "staging", At: natToken + "::network-1", Exists: append(filled(5, nats), zone)}}},
		{ID: "subnets", Name: "Subnets per VPC", Service: "vpc", Code: "L-407747CB", Default: 200, Unit: "subnets in a VPC", Page: vpcPage,
			Error: "SubnetLimitExceeded", Types: []string{subnetToken}, Draw: per("vpcId")},
		{ID: "route-tables", Name: "Route tables per VPC", Service: "vpc", Code: "L-589F43AA", Default: 200, Unit: "route tables in a VPC", Page: vpcPage,
			Error: "RouteTableLimitExceeded", Types: []string{tableToken}, Draw: per("vpcId")},
		{ID: "routes", Name: "Routes per route table", Service: "vpc", Code: "L-93826ACB", Default: 500, Unit: "routes in a route table", Page: vpcPage,
			Error: "RouteLimitExceeded", Types: []string{routeToken, tableToken}, Draw: routes},
		{ID: "interface-endpoints", Name: "Interface VPC endpoints per VPC", Service: "vpc", Code: "L-29B6F2EB", Default: 50, Unit: "interface endpoints in a VPC",
			Page: linkPage, Error: "VpcEndpointLimitExceeded", Types: []string{endpointToken}, Draw: endpoints("Interface", "vpcId")},
		{ID: "gateway-endpoints", Name: "Gateway VPC endpoints per Region", Service: "vpc", Code: "L-1B52E74A", Default: 20, Unit: "gateway endpoints in a region",
			Page: linkPage, Error: "VpcEndpointLimitExceeded", Types: []string{endpointToken}, Draw: endpoints("Gateway", "")},
	}
}

// natZone is the zone of a NAT gateway's subnet.
func natZone(o *cloud.Object, get Finder) []Draw {
	subnet := get(subnetToken, catalog.Str(o.State, "subnetId"))
	if subnet == nil {
		return nil
	}
	return []Draw{{Scope: catalog.Str(subnet.State, "availabilityZone"), Amount: 1}}
}

// routes counts the routes of their own and those that a route table has in itself; the local route does not count.
func routes(o *cloud.Object, _ Finder) []Draw {
	if o.Type == tableToken {
		return []Draw{{Scope: o.ID, Amount: float64(len(catalog.Leaves(o.State, "routes[]")))}}
	}
	return []Draw{{Scope: catalog.Str(o.State, "routeTableId"), Amount: 1}}
}

// endpoints counts the endpoints of a kind, by what a property names or in the region.
func endpoints(kind, path string) func(*cloud.Object, Finder) []Draw {
	return func(o *cloud.Object, _ Finder) []Draw {
		if catalog.Str(o.State, "vpcEndpointType") != kind {
			return nil
		}
		return []Draw{{Scope: catalog.Str(o.State, path), Amount: 1}}
	}
}
