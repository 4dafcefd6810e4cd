package controls

import (
	"slices"
	"strconv"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

const (
	tokenVPC          = "aws:ec2/vpc:Vpc"
	tokenSubnet       = "aws:ec2/subnet:Subnet"
	tokenGroup        = "aws:ec2/securityGroup:SecurityGroup"
	tokenDefaultGroup = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	tokenACL          = "aws:ec2/networkAcl:NetworkAcl"
	tokenDefaultACL   = "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"
)

// everywhere are the ranges that mean every address.
var everywhere = []string{"0.0.0.0/0", "::/0"}

// internetFacing tells whether a subnet's route table sends traffic for every address to an internet gateway.
func internetFacing(m *review.Model, subnet *review.Resource) bool {
	table := routeTable(m, subnet)
	if table == "" {
		return false
	}
	for _, route := range m.All("aws:ec2/route:Route") {
		if route.Str("routeTableId") == table && toInternet(route, "destinationCidrBlock", "destinationIpv6CidrBlock") {
			return true
		}
	}
	for _, declared := range m.All("aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable") {
		inline := func(route *review.Resource) bool { return toInternet(route, "cidrBlock", "ipv6CidrBlock") }
		if declared.ID == table && slices.ContainsFunc(declared.Maps("routes"), inline) {
			return true
		}
	}
	return false
}

func toInternet(route *review.Resource, destinations ...string) bool {
	return strings.HasPrefix(route.Str("gatewayId"), "igw-") && slices.ContainsFunc(destinations, func(path string) bool {
		return slices.Contains(everywhere, route.Str(path))
	})
}

// routeTable is the id of the table that a subnet uses: its own, or its VPC's main one.
func routeTable(m *review.Model, subnet *review.Resource) string {
	for _, association := range m.Referring("aws:ec2/routeTableAssociation:RouteTableAssociation", "subnetId", subnet) {
		return association.Str("routeTableId")
	}
	if vpc := m.Find(tokenVPC, subnet.Str("vpcId")); vpc != nil {
		for _, main := range m.Referring("aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation", "vpcId", vpc) {
			return main.Str("routeTableId")
		}
		return vpc.Str("mainRouteTableId")
	}
	return ""
}

// opening is one rule of a security group.
type opening struct {
	by       *review.Resource
	protocol string
	from, to int
	// world says that the rule is for every address.
	world bool
}

// carries tells whether a rule lets TCP or UDP through to a port. A rule for all protocols is one for all ports.
func (o opening) carries(port int) bool {
	return o.protocol == "-1" || slices.Contains([]string{"tcp", "udp", "6", "17"}, o.protocol) && o.from <= port && port <= o.to
}

// openings are the rules of a security group in one direction ("ingress", "egress"), wherever they are declared. A rule that
// stands in the group's own list and as a resource counts twice, which changes no answer.
func openings(m *review.Model, group *review.Resource, direction string) []opening {
	var out []opening
	for _, rule := range group.Maps(direction) {
		out = append(out, newOpening(rule, "protocol", append(rule.Strs("cidrBlocks"), rule.Strs("ipv6CidrBlocks")...)))
	}
	single := map[string]string{"ingress": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
		"egress": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"}
	for _, rule := range m.All(single[direction]) {
		if rule.Str("securityGroupId") == group.ID {
			out = append(out, newOpening(rule, "ipProtocol", []string{rule.Str("cidrIpv4"), rule.Str("cidrIpv6")}))
		}
	}
	for _, rule := range m.All("aws:ec2/securityGroupRule:SecurityGroupRule") {
		if rule.Str("securityGroupId") == group.ID && rule.Str("type") == direction {
			out = append(out, newOpening(rule, "protocol", append(rule.Strs("cidrBlocks"), rule.Strs("ipv6CidrBlocks")...)))
		}
	}
	return out
}

func newOpening(rule *review.Resource, protocol string, ranges []string) opening {
	return opening{
		by: rule, protocol: rule.Str(protocol), from: int(rule.Num("fromPort")), to: int(rule.Num("toPort")),
		world: slices.ContainsFunc(ranges, func(cidr string) bool { return slices.Contains(everywhere, cidr) }),
	}
}

// ports writes the ports of a rule.
func (o opening) ports() string {
	switch {
	case o.protocol == "-1":
		return "every port"
	case o.from == o.to:
		return "port " + strconv.Itoa(o.from)
	}
	return "ports " + strconv.Itoa(o.from) + " to " + strconv.Itoa(o.to)
}

// interfaceEndpoint finds the interface endpoint of a VPC for a service ("ecr.api").
func interfaceEndpoint(m *review.Model, vpc *review.Resource, service string) *review.Resource {
	for _, endpoint := range m.Referring("aws:ec2/vpcEndpoint:VpcEndpoint", "vpcId", vpc) {
		// com.amazonaws.us-east-1.ecr.api
		parts := strings.SplitN(endpoint.Str("serviceName"), ".", 4)
		if len(parts) == 4 && parts[3] == service && endpoint.Str("vpcEndpointType") == "Interface" {
			return endpoint
		}
	}
	return nil
}
