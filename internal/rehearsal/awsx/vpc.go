package awsx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

const vpcToken = "awsx:ec2:Vpc"

// vpcComponent is the component with the outputs of awsx's Vpc.
type vpcComponent struct {
	pulumi.ResourceState

	Eips                   ec2.EipArrayOutput                   `pulumi:"eips"`
	InternetGateway        ec2.InternetGatewayOutput            `pulumi:"internetGateway"`
	IsolatedSubnetIds      pulumi.StringArrayOutput             `pulumi:"isolatedSubnetIds"`
	NatGateways            ec2.NatGatewayArrayOutput            `pulumi:"natGateways"`
	PrivateSubnetIds       pulumi.StringArrayOutput             `pulumi:"privateSubnetIds"`
	PublicSubnetIds        pulumi.StringArrayOutput             `pulumi:"publicSubnetIds"`
	RouteTableAssociations ec2.RouteTableAssociationArrayOutput `pulumi:"routeTableAssociations"`
	RouteTables            ec2.RouteTableArrayOutput            `pulumi:"routeTables"`
	Routes                 ec2.RouteArrayOutput                 `pulumi:"routes"`
	SubnetLayout           pulumi.ArrayOutput                   `pulumi:"subnetLayout"`
	Subnets                ec2.SubnetArrayOutput                `pulumi:"subnets"`
	Vpc                    ec2.VpcOutput                        `pulumi:"vpc"`
	VpcEndpoints           ec2.VpcEndpointArrayOutput           `pulumi:"vpcEndpoints"`
	VpcId                  pulumi.StringOutput                  `pulumi:"vpcId"`
}

// network is the component while it is being made.
type network struct {
	ctx       *pulumi.Context
	name      string
	args      *vpcArgs
	component *vpcComponent
	strategy  string

	vpc      *ec2.Vpc
	gateway  *ec2.InternetGateway
	subnets  ec2.SubnetArray
	tables   ec2.RouteTableArray
	links    ec2.RouteTableAssociationArray
	routes   ec2.RouteArray
	eips     ec2.EipArray
	nats     ec2.NatGatewayArray
	natIDs   []pulumi.IDOutput
	idsOf    map[string]pulumi.StringArray
	allocate []pulumi.StringInput
}

func constructVpc(ctx *pulumi.Context, name string, inputs provider.ConstructInputs, options pulumi.ResourceOption) (*provider.ConstructResult, error) {
	args, err := readArgs(inputs)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", vpcToken, name, err)
	}
	n := &network{ctx: ctx, name: name, args: args, component: &vpcComponent{}, strategy: args.natStrategy(), idsOf: map[string]pulumi.StringArray{}}
	if args.NatGateways != nil {
		n.allocate = args.NatGateways.ElasticIpAllocationIds
	}
	if err := ctx.RegisterComponentResource(vpcToken, name, n.component, options); err != nil {
		return nil, fmt.Errorf("registering %s %s: %w", vpcToken, name, err)
	}
	if err := n.build(); err != nil {
		return nil, fmt.Errorf("%s %s: %w", vpcToken, name, err)
	}
	return provider.NewConstructResult(n.component)
}

// zones are the zones asked for, or the first of the region.
func (n *network) zones() ([]string, error) {
	if len(n.args.AvailabilityZoneNames) > 0 {
		return n.args.AvailabilityZoneNames, nil
	}
	count := 3
	if n.args.NumberOfAvailabilityZones != nil {
		count = *n.args.NumberOfAvailabilityZones
	}
	result, err := aws.GetAvailabilityZones(n.ctx, &aws.GetAvailabilityZonesArgs{
		// Local and wavelength zones need an opt-in; a VPC's subnets do not go there by default.
		Filters: []aws.GetAvailabilityZonesFilter{{Name: "opt-in-status", Values: []string{"opt-in-not-required"}}},
	}, pulumi.Parent(n.component))
	if err != nil {
		return nil, fmt.Errorf("listing the availability zones: %w", err)
	}
	if len(result.Names) < count {
		return nil, fmt.Errorf("the region has %d availability zones, %d are asked for", len(result.Names), count)
	}
	return result.Names[:count], nil
}

func (n *network) layout(zones []string) ([]subnet, error) {
	var specs []spec
	for _, s := range n.args.SubnetSpecs {
		mapped := spec{Type: s.Type, CIDRBlocks: s.CidrBlocks, Tags: s.Tags}
		if s.Name != nil {
			mapped.Name = *s.Name
		}
		switch {
		case s.CidrMask != nil:
			mapped.Mask = *s.CidrMask
		case s.Size != nil:
			mapped.Mask = 32 - halvings(*s.Size)
		}
		specs = append(specs, mapped)
	}
	zoneMask := 0
	if n.args.AvailabilityZoneCidrMask != nil {
		zoneMask = *n.args.AvailabilityZoneCidrMask
	}
	return layout(n.name, n.cidr(), zones, specs, zoneMask)
}

func (n *network) cidr() string {
	if n.args.CidrBlock == nil {
		return "10.0.0.0/16"
	}
	return *n.args.CidrBlock
}

func (n *network) build() error {
	zones, err := n.zones()
	if err != nil {
		return err
	}
	subnets, err := n.layout(zones)
	if err != nil {
		return err
	}
	if err := n.checkNat(subnets, zones); err != nil {
		return err
	}
	if err := n.core(); err != nil {
		return err
	}
	if err := n.endpoints(); err != nil {
		return err
	}
	for i, zone := range zones {
		var here []subnet
		for _, s := range subnets {
			if s.Zone == zone && s.Type != unused {
				here = append(here, s)
			}
		}
		// Public subnets first: the private ones' routes need the NAT gateways in them.
		order := []string{public, private, isolated}
		slices.SortStableFunc(here, func(a, b subnet) int { return slices.Index(order, a.Type) - slices.Index(order, b.Type) })
		for _, s := range here {
			if err := n.subnet(s, i); err != nil {
				return fmt.Errorf("creating the subnet %s: %w", s.Name, err)
			}
		}
	}
	return n.outputs(subnets)
}

func (n *network) checkNat(subnets []subnet, zones []string) error {
	if n.strategy == "None" {
		return nil
	}
	isPublic := func(s subnet) bool { return s.Type == public }
	if !slices.ContainsFunc(subnets, isPublic) {
		return fmt.Errorf("the NAT gateway strategy %s needs a public subnet; use None or add one", n.strategy)
	}
	wanted := 1
	if n.strategy == "OnePerAz" {
		wanted = len(zones)
	}
	if len(n.allocate) > 0 && len(n.allocate) != wanted {
		return fmt.Errorf("natGateways.elasticIpAllocationIds must have %d ids for the strategy %s, got %d", wanted, n.strategy, len(n.allocate))
	}
	return nil
}

// tags lays maps of tags over each other, the last on top.
func tags(layers ...pulumi.StringMapInput) pulumi.StringMapInput {
	var inputs []any
	for _, layer := range layers {
		if layer != nil {
			inputs = append(inputs, layer.ToStringMapOutput())
		}
	}
	return pulumi.All(inputs...).ApplyT(func(maps []any) map[string]string {
		all := map[string]string{}
		for _, layer := range maps {
			maps, _ := layer.(map[string]string)
			for key, value := range maps {
				all[key] = value
			}
		}
		return all
	}).(pulumi.StringMapOutput)
}

func named(name string) pulumi.StringMap { return pulumi.StringMap{"Name": pulumi.String(name)} }

// core makes the VPC and its internet gateway.
func (n *network) core() error {
	support := n.args.EnableDnsSupport
	if support == nil {
		support = pulumi.Bool(true)
	}
	var err error
	n.vpc, err = ec2.NewVpc(n.ctx, n.name, &ec2.VpcArgs{
		AssignGeneratedIpv6CidrBlock: n.args.AssignGeneratedIpv6CidrBlock, CidrBlock: pulumi.String(n.cidr()),
		EnableDnsHostnames: n.args.EnableDnsHostnames, EnableDnsSupport: support,
		EnableNetworkAddressUsageMetrics: n.args.EnableNetworkAddressUsageMetrics, InstanceTenancy: n.args.InstanceTenancy,
		Ipv6CidrBlock: n.args.Ipv6CidrBlock, Ipv6CidrBlockNetworkBorderGroup: n.args.Ipv6CidrBlockNetworkBorderGroup,
		Ipv6IpamPoolId: n.args.Ipv6IpamPoolId, Ipv6NetmaskLength: n.args.Ipv6NetmaskLength,
		Tags: tags(named(n.name), n.args.Tags),
	}, pulumi.Parent(n.component))
	if err != nil {
		return fmt.Errorf("creating the VPC: %w", err)
	}
	n.gateway, err = ec2.NewInternetGateway(n.ctx, n.name, &ec2.InternetGatewayArgs{VpcId: n.vpc.ID(), Tags: tags(named(n.name), n.args.Tags)},
		pulumi.Parent(n.vpc), pulumi.DependsOn([]pulumi.Resource{n.vpc}))
	if err != nil {
		return fmt.Errorf("creating the internet gateway: %w", err)
	}
	return nil
}

func (n *network) endpoints() error {
	for _, s := range n.args.VpcEndpointSpecs {
		args := &ec2.VpcEndpointArgs{
			VpcId: n.vpc.ID(), ServiceName: pulumi.String(s.ServiceName), VpcEndpointType: s.VpcEndpointType,
			AutoAccept: s.AutoAccept, Policy: s.Policy, PrivateDnsEnabled: s.PrivateDnsEnabled,
			RouteTableIds: s.RouteTableIds, SecurityGroupIds: s.SecurityGroupIds, SubnetIds: s.SubnetIds, Tags: s.Tags,
		}
		if _, err := ec2.NewVpcEndpoint(n.ctx, s.ServiceName, args, pulumi.Parent(n.vpc), pulumi.DependsOn([]pulumi.Resource{n.vpc})); err != nil {
			return fmt.Errorf("creating the endpoint %s: %w", s.ServiceName, err)
		}
	}
	return nil
}

// subnet makes a subnet with its route table, association, NAT gateway and route.
func (n *network) subnet(s subnet, zone int) error {
	kind := pulumi.StringMap{"SubnetType": pulumi.String(s.Type), "Name": pulumi.String(s.Name)}
	made, err := ec2.NewSubnet(n.ctx, s.Name, &ec2.SubnetArgs{
		VpcId: n.vpc.ID(), AvailabilityZone: pulumi.String(s.Zone), CidrBlock: pulumi.String(s.CIDR),
		MapPublicIpOnLaunch: pulumi.Bool(s.Type == public), AssignIpv6AddressOnCreation: pulumi.Bool(false),
		EnableDns64: pulumi.Bool(false), EnableResourceNameDnsARecordOnLaunch: pulumi.Bool(false),
		EnableResourceNameDnsAaaaRecordOnLaunch: pulumi.Bool(false), Ipv6Native: pulumi.Bool(false),
		Tags: tags(n.args.Tags, s.Tags, kind),
	}, pulumi.Parent(n.vpc), pulumi.DependsOn([]pulumi.Resource{n.vpc}))
	if err != nil {
		return err
	}
	n.subnets = append(n.subnets, made)
	n.idsOf[s.Type] = append(n.idsOf[s.Type], made.ID().ToStringOutput())
	table, err := ec2.NewRouteTable(n.ctx, s.Name, &ec2.RouteTableArgs{VpcId: n.vpc.ID(), Tags: tags(n.args.Tags, kind)},
		pulumi.Parent(made), pulumi.DependsOn([]pulumi.Resource{made}))
	if err != nil {
		return err
	}
	n.tables = append(n.tables, table)
	link, err := ec2.NewRouteTableAssociation(n.ctx, s.Name, &ec2.RouteTableAssociationArgs{RouteTableId: table.ID(), SubnetId: made.ID()},
		pulumi.Parent(table), pulumi.DependsOn([]pulumi.Resource{table}))
	if err != nil {
		return err
	}
	n.links = append(n.links, link)
	if s.Type == public && (n.strategy == "OnePerAz" && len(n.nats) == zone || n.strategy == "Single" && len(n.nats) == 0) {
		if err := n.nat(made, zone); err != nil {
			return err
		}
	}
	return n.route(s, table, zone)
}

func (n *network) nat(in *ec2.Subnet, zone int) error {
	name := fmt.Sprintf("%s-%d", n.name, zone+1)
	here := []pulumi.ResourceOption{pulumi.Parent(in), pulumi.DependsOn([]pulumi.Resource{in})}
	labels := tags(n.args.Tags, named(name))
	var allocation pulumi.StringPtrInput
	if len(n.allocate) > 0 {
		allocation = n.allocate[len(n.nats)].ToStringOutput().ToStringPtrOutput()
	} else {
		eip, err := ec2.NewEip(n.ctx, name, &ec2.EipArgs{Tags: labels}, here...)
		if err != nil {
			return fmt.Errorf("creating the address of the NAT gateway: %w", err)
		}
		n.eips = append(n.eips, eip)
		allocation = eip.AllocationId.ToStringPtrOutput()
	}
	nat, err := ec2.NewNatGateway(n.ctx, name, &ec2.NatGatewayArgs{SubnetId: in.ID(), AllocationId: allocation,
		ConnectivityType: pulumi.String("public"), Tags: labels}, here...)
	if err != nil {
		return fmt.Errorf("creating the NAT gateway: %w", err)
	}
	n.nats, n.natIDs = append(n.nats, nat), append(n.natIDs, nat.ID())
	return nil
}

func (n *network) route(s subnet, table *ec2.RouteTable, zone int) error {
	args := &ec2.RouteArgs{RouteTableId: table.ID(), DestinationCidrBlock: pulumi.String("0.0.0.0/0")}
	switch {
	case s.Type == public:
		args.GatewayId = n.gateway.ID()
	case s.Type == private && n.strategy == "Single":
		args.NatGatewayId = n.natIDs[0]
	case s.Type == private && n.strategy == "OnePerAz":
		args.NatGatewayId = n.natIDs[zone]
	default:
		return nil // isolated, or private without a way out
	}
	route, err := ec2.NewRoute(n.ctx, s.Name, args, pulumi.Parent(table), pulumi.DependsOn([]pulumi.Resource{table}))
	if err != nil {
		return err
	}
	n.routes = append(n.routes, route)
	return nil
}

func (n *network) outputs(subnets []subnet) error {
	c := n.component
	c.Eips, c.NatGateways = n.eips.ToEipArrayOutput(), n.nats.ToNatGatewayArrayOutput()
	c.InternetGateway, c.Vpc, c.VpcId = n.gateway.ToInternetGatewayOutput(), n.vpc.ToVpcOutput(), n.vpc.ID().ToStringOutput()
	c.Subnets, c.RouteTables = n.subnets.ToSubnetArrayOutput(), n.tables.ToRouteTableArrayOutput()
	c.RouteTableAssociations, c.Routes = n.links.ToRouteTableAssociationArrayOutput(), n.routes.ToRouteArrayOutput()
	// awsx makes the endpoints and leaves this list empty.
	c.VpcEndpoints = ec2.VpcEndpointArray{}.ToVpcEndpointArrayOutput()
	c.PublicSubnetIds = n.idsOf[public].ToStringArrayOutput()
	c.PrivateSubnetIds = n.idsOf[private].ToStringArrayOutput()
	c.IsolatedSubnetIds = n.idsOf[isolated].ToStringArrayOutput()
	c.SubnetLayout = n.resolved(subnets).ToArrayOutput()
	return n.ctx.RegisterResourceOutputs(c, pulumi.Map{
		"eips": c.Eips, "internetGateway": c.InternetGateway, "isolatedSubnetIds": c.IsolatedSubnetIds, "natGateways": c.NatGateways,
		"privateSubnetIds": c.PrivateSubnetIds, "publicSubnetIds": c.PublicSubnetIds, "routeTableAssociations": c.RouteTableAssociations,
		"routeTables": c.RouteTables, "routes": c.Routes, "subnetLayout": c.SubnetLayout, "subnets": c.Subnets, "vpc": c.Vpc,
		"vpcEndpoints": c.VpcEndpoints, "vpcId": c.VpcId,
	})
}

// resolved is the layout of one zone, as awsx reports it.
func (n *network) resolved(subnets []subnet) pulumi.Array {
	var out pulumi.Array
	for _, s := range subnets {
		if s.Zone != subnets[0].Zone {
			break
		}
		mask := s.CIDR[strings.IndexByte(s.CIDR, '/')+1:]
		bits := 0
		if _, err := fmt.Sscan(mask, &bits); err != nil {
			continue
		}
		out = append(out, pulumi.Map{"type": pulumi.String(s.Type), "cidrMask": pulumi.Int(bits), "size": pulumi.Int(size(bits))})
	}
	return out
}
