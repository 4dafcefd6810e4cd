package beyond

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

// Types of what has an address in a network.
const (
	balancerType      = "aws:lb/loadBalancer:LoadBalancer"
	linkType          = "aws:apigatewayv2/vpcLink:VpcLink"
	functionType      = "aws:lambda/function:Function"
	instanceType      = "aws:rds/instance:Instance"
	clusterType       = "aws:rds/cluster:Cluster"
	machineType       = "aws:ec2/instance:Instance"
	scalingGroupType  = "aws:autoscaling/group:Group"
	templateType      = "aws:ec2/launchTemplate:LaunchTemplate"
	subnetType        = "aws:ec2/subnet:Subnet"
	endpointType      = "aws:ec2/vpcEndpoint:VpcEndpoint"
	securityGroupType = "aws:ec2/securityGroup:SecurityGroup"
)

// node is something with an address in a network.
type node struct {
	*review.Resource
	groups  []string // ids of its security groups
	subnets []string
	// public tells whether it asks for a public address itself; nil leaves that to its subnet.
	public *bool
	// data marks where data lies: the end of a path.
	data bool
	// port is what it listens at, 0 when the declaration does not say.
	port float64
}

// nodesOf finds everything that has a security group.
func nodesOf(m *review.Model) []*node {
	var out []*node
	add := func(token, groups, subnets string, fill func(*node)) {
		for _, r := range m.All(token) {
			n := &node{Resource: r, groups: r.Strs(groups), subnets: r.Strs(subnets)}
			if fill != nil {
				fill(n)
			}
			out = append(out, n)
		}
	}
	add(balancerType, "securityGroups", "subnets", func(n *node) { n.asks(!n.Bool("internal")) })
	add(linkType, "securityGroupIds", "subnetIds", func(n *node) { n.asks(false) })
	add(serviceType, "networkConfiguration.securityGroups", "networkConfiguration.subnets", func(n *node) {
		n.asks(n.Bool("networkConfiguration.assignPublicIp"))
		n.port = n.Num("loadBalancers.containerPort")
	})
	add(functionType, "vpcConfig.securityGroupIds", "vpcConfig.subnetIds", func(n *node) { n.asks(false) })
	database := func(group string) func(*node) {
		return func(n *node) {
			n.asks(n.Bool("publiclyAccessible"))
			n.data, n.port = true, n.Num("port")
			if found := m.FindFrom(n.Resource, group, n.Str("dbSubnetGroupName")); found != nil {
				n.subnets = found.Strs("subnetIds")
			}
		}
	}
	add(instanceType, "vpcSecurityGroupIds", "", database("aws:rds/subnetGroup:SubnetGroup"))
	add(clusterType, "vpcSecurityGroupIds", "", database("aws:rds/subnetGroup:SubnetGroup"))
	add("aws:elasticache/replicationGroup:ReplicationGroup", "securityGroupIds", "", func(n *node) {
		n.asks(false)
		n.data, n.port = true, n.Num("port")
	})
	add(machineType, "vpcSecurityGroupIds", "subnetId", func(n *node) {
		if n.Has("associatePublicIpAddress") {
			n.asks(n.Bool("associatePublicIpAddress"))
		}
	})
	add(scalingGroupType, "", "vpcZoneIdentifiers", func(n *node) { n.launched(m) })
	return out
}

func (n *node) asks(public bool) { n.public = &public }

// launched takes what a scaling group's instances get from their launch template.
func (n *node) launched(m *review.Model) {
	for _, path := range []string{"launchTemplate.id", "launchTemplate.name",
		"mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.launchTemplateId"} {
		template := m.FindFrom(n.Resource, templateType, n.Str(path))
		if template == nil {
			continue
		}
		n.groups = append(template.Strs("networkInterfaces.securityGroups"), template.Strs("vpcSecurityGroupIds")...)
		for _, block := range template.Maps("networkInterfaces") {
			// The launch template has it as text: "true", "false", or nothing for the subnet's answer.
			if asked := block.Str("associatePublicIpAddress"); asked != "" {
				n.asks(asked == "true")
			} else if block.Has("associatePublicIpAddress") {
				n.asks(block.Bool("associatePublicIpAddress"))
			}
		}
		return
	}
}

// publicSubnets are the subnets whose route table has a route to an internet gateway. A subnet without a route table of its own
// has its network's main one.
func publicSubnets(m *review.Model) map[*review.Resource]bool {
	open := map[string]bool{}
	gateway := func(ref string) bool {
		return strings.HasPrefix(ref, "igw-") || m.Find("aws:ec2/internetGateway:InternetGateway", ref) != nil
	}
	for _, route := range m.All("aws:ec2/route:Route") {
		if gateway(route.Str("gatewayId")) {
			open[route.Str("routeTableId")] = true
		}
	}
	for _, table := range m.All("aws:ec2/routeTable:RouteTable", "aws:ec2/defaultRouteTable:DefaultRouteTable") {
		if slices.ContainsFunc(table.Strs("routes.gatewayId"), gateway) {
			open[table.ID] = true
		}
	}
	tables := map[*review.Resource]string{}
	for _, association := range m.All("aws:ec2/routeTableAssociation:RouteTableAssociation") {
		if subnet := m.Find(subnetType, association.Str("subnetId")); subnet != nil {
			tables[subnet] = association.Str("routeTableId")
		}
	}
	out := map[*review.Resource]bool{}
	for _, subnet := range m.All(subnetType) {
		table := tables[subnet]
		if vpc := m.Find("aws:ec2/vpc:Vpc", subnet.Str("vpcId")); table == "" && vpc != nil {
			table = vpc.Str("mainRouteTableId")
		}
		out[subnet] = open[table]
	}
	return out
}

// exposed tells whether a node has a public address in a subnet that the internet reaches.
func (g *graph) exposed(n *node) bool {
	for _, id := range n.subnets {
		subnet := g.Find(subnetType, id)
		if subnet == nil || !g.public[subnet] {
			continue
		}
		if n.public != nil && *n.public || n.public == nil && subnet.Bool("mapPublicIpOnLaunch") {
			return true
		}
	}
	return false
}

// subnetsReport is the public subnets and what is in them.
func (g *graph) subnetsReport() []PublicSubnet {
	out := []PublicSubnet{}
	for _, subnet := range g.All(subnetType) {
		if !g.public[subnet] {
			continue
		}
		holds := []string{}
		for _, n := range g.nodes {
			if slices.Contains(n.subnets, subnet.ID) {
				holds = append(holds, n.Label())
			}
		}
		for _, gateway := range g.Referring("aws:ec2/natGateway:NatGateway", "subnetId", subnet) {
			holds = append(holds, gateway.Label())
		}
		out = append(out, PublicSubnet{
			Resource: subnet.Label(), Zone: subnet.Str("availabilityZone"), GivesAddresses: subnet.Bool("mapPublicIpOnLaunch"), Holds: holds,
		})
	}
	return out
}
