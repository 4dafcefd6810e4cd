package network

import (
	"net/netip"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// Tokens of the types that the rules speak of.
const (
	vpcToken         = "aws:ec2/vpc:Vpc"
	subnetToken      = "aws:ec2/subnet:Subnet"
	tableToken       = "aws:ec2/routeTable:RouteTable"
	routeToken       = "aws:ec2/route:Route"
	associationToken = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	gatewayToken     = "aws:ec2/internetGateway:InternetGateway"
	natToken         = "aws:ec2/natGateway:NatGateway"
	addressToken     = "aws:ec2/eip:Eip"
	endpointToken    = "aws:ec2/vpcEndpoint:VpcEndpoint"
	groupToken       = "aws:ec2/securityGroup:SecurityGroup"
	defaultGroup     = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	ingressToken     = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressToken      = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	aclToken         = "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"
	flowLogToken     = "aws:ec2/flowLog:FlowLog"
	templateToken    = "aws:ec2/launchTemplate:LaunchTemplate"
	balancerToken    = "aws:lb/loadBalancer:LoadBalancer"
	targetsToken     = "aws:lb/targetGroup:TargetGroup"
	listenerToken    = "aws:lb/listenerRule:ListenerRule"
	linkToken        = "aws:apigatewayv2/vpcLink:VpcLink"
	serviceToken     = "aws:ecs/service:Service"
	functionToken    = "aws:lambda/function:Function"
	scalingToken     = "aws:autoscaling/group:Group"
	subnetsToken     = "aws:rds/subnetGroup:SubnetGroup"
)

// Pages that several rules come from.
const (
	api      = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/"
	guide    = "https://docs.aws.amazon.com/vpc/latest/userguide/"
	link     = "https://docs.aws.amazon.com/vpc/latest/privatelink/"
	elbGuide = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
)

// in is a case's inputs, a thing's state.
type in = map[string]any

// all finds the objects that the ids at a path name; what does not exist is left out, a reference check says so.
func all(c *catalog.Call, path, token string) []*cloud.Object {
	var found []*cloud.Object
	for _, id := range c.Strs(path) {
		if o := c.Get(token, id); o != nil {
			found = append(found, o)
		}
	}
	return found
}

// vpcOf is the VPC that an object is in, "" when there is no such object.
func vpcOf(o *cloud.Object) string {
	if o == nil {
		return ""
	}
	return catalog.Str(o.State, "vpcId")
}

// group finds a security group; a VPC's own may be adopted by a resource of another type.
func group(c *catalog.Call, id string) *cloud.Object {
	if o := c.Get(groupToken, id); o != nil {
		return o
	}
	return c.Get(defaultGroup, id)
}

// strangers finds the first of the groups at a path that is not in the VPC.
func strangers(c *catalog.Call, path, vpc string) string {
	for _, id := range c.Strs(path) {
		if home := vpcOf(group(c, id)); home != "" && vpc != "" && home != vpc {
			return id
		}
	}
	return ""
}

// others finds the objects of a type in the call's region, but for the one that the call is about.
func others(c *catalog.Call, token string, match func(*cloud.Object) bool) []*cloud.Object {
	if c.Tx == nil {
		return nil
	}
	return c.Tx.Find(c.Account, c.Region, token, func(o *cloud.Object) bool {
		return (c.Old == nil || c.Old.Serial != o.Serial) && match(o)
	})
}

// block parses an IPv4 range.
func block(cidr string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(cidr)
	return p, err == nil && p.Addr().Is4()
}

// flag is a boolean of an object's state.
func flag(o *cloud.Object, property string) bool {
	for _, leaf := range catalog.Leaves(o.State, property) {
		if leaf.Value.IsBool() {
			return leaf.Value.BoolValue()
		}
	}
	return false
}

// A neighbour's networks, which seeds and cases put into the account: what belongs together with theirs is refused
// together with ours. VPC B is whole; VPC C has no internet gateway and no DNS hostnames.
const (
	vpcB, vpcC          = "vpc-0b000000000000001", "vpc-0c000000000000001"
	subnetB1, subnetB2  = "subnet-0b000000000000001", "subnet-0b000000000000002"
	subnetB3            = "subnet-0b000000000000003"
	subnetC1, subnetC2  = "subnet-0c000000000000001", "subnet-0c000000000000002"
	groupB, groupC      = "sg-0b000000000000001", "sg-0c000000000000001"
	tableB, gatewayB    = "rtb-0b000000000000001", "igw-0b000000000000001"
	gatewayLoose        = "igw-0d000000000000001"
	natB, addressB      = "nat-0b000000000000001", "eipalloc-0b000000000000001"
	endpointB1, ruleB   = "vpce-0b000000000000001", "sgr-0b000000000000001"
	endpointB2          = "vpce-0b000000000000002"
	templateB           = "lt-0b000000000000001"
	ssmService          = "com.amazonaws.us-east-1.ssm"
	s3Service           = "com.amazonaws.us-east-1.s3"
	anywhere            = "0.0.0.0/0"
	zoneA, zoneB, zoneC = "us-east-1a", "us-east-1b", "us-east-1c"
)

func thing(token, id string, state in) rule.Thing {
	return rule.Thing{Type: token, ID: id, State: state}
}

func subnetIn(id, vpc, zone, cidr string) rule.Thing {
	return thing(subnetToken, id, in{"vpcId": vpc, "availabilityZone": zone, "cidrBlock": cidr})
}

// neighbours are both VPCs with what is in them.
func neighbours() []rule.Thing {
	return []rule.Thing{
		thing(vpcToken, vpcB, in{"cidrBlock": "10.99.0.0/16", "enableDnsSupport": true, "enableDnsHostnames": true}),
		subnetIn(subnetB1, vpcB, zoneA, "10.99.0.0/24"), subnetIn(subnetB2, vpcB, zoneB, "10.99.1.0/24"), subnetIn(subnetB3, vpcB, zoneA, "10.99.2.0/24"),
		thing(groupToken, groupB, in{"vpcId": vpcB, "name": "neighbour"}),
		thing(egressToken, ruleB, in{"securityGroupId": groupB, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": anywhere}),
		thing(templateToken, templateB, in{"name": "neighbour", "latestVersion": 1, "vpcSecurityGroupIds": []any{groupB},
			"networkInterfaces": []any{in{"securityGroups": []any{groupB}}}}),
		thing(gatewayToken, gatewayB, in{"vpcId": vpcB}), thing(gatewayToken, gatewayLoose, in{}),
		thing(tableToken, tableB, in{"vpcId": vpcB}),
		thing(routeToken, "r-"+tableB, in{"routeTableId": tableB, "destinationCidrBlock": anywhere, "gatewayId": gatewayB}),
		thing(associationToken, "rtbassoc-0b000000000000001", in{"subnetId": subnetB1, "routeTableId": tableB}),
		thing(addressToken, addressB, in{}), thing(natToken, natB, in{"subnetId": subnetB1, "allocationId": addressB}),
		thing(endpointToken, endpointB1, in{"vpcId": vpcB, "serviceName": ssmService, "vpcEndpointType": "Interface", "privateDnsEnabled": true}),
		thing(endpointToken, endpointB2, in{"vpcId": vpcB, "serviceName": s3Service, "vpcEndpointType": "Gateway", "routeTableIds": []any{tableB}}),
		thing(vpcToken, vpcC, in{"cidrBlock": "10.98.0.0/24", "enableDnsSupport": true, "enableDnsHostnames": false}),
		subnetIn(subnetC1, vpcC, zoneA, "10.98.0.0/26"), subnetIn(subnetC2, vpcC, zoneB, "10.98.0.64/28"),
		thing(groupToken, groupC, in{"vpcId": vpcC, "name": "island"}),
	}
}
