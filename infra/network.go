package infra

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	awsxec2 "github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NetworkType is the type token of Network.
const NetworkType = "itrack:infra:Network"

// Network is the VPC with its subnets, NAT, endpoints, flow logs and emptied defaults.
type Network struct {
	pulumi.ResourceState

	// VpcId: vpc-….
	VpcId pulumi.StringOutput
	// Cidr: the IPv4 range.
	Cidr string
	// PublicSubnetIds: one per zone.
	PublicSubnetIds pulumi.StringArrayOutput
	// PrivateSubnetIds: one per zone.
	PrivateSubnetIds pulumi.StringArrayOutput
	// IsolatedSubnetIds: one per zone.
	IsolatedSubnetIds pulumi.StringArrayOutput
	// EndpointsSecurityGroupId: group of the interface endpoints; empty where there are none.
	EndpointsSecurityGroupId pulumi.StringOutput
	// S3PrefixListId: pl-… of S3.
	S3PrefixListId pulumi.StringOutput
	// DynamodbPrefixListId: pl-… of DynamoDB.
	DynamodbPrefixListId pulumi.StringOutput
	// FlowLogGroup: log group of flow logs.
	FlowLogGroup pulumi.StringOutput

	hasEndpoints bool
	egressCidrs  []string
}

// NetworkArgs are what Network is made from.
type NetworkArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: layout.
	Settings NetworkSettings
	// Keys: encryption of flow logs; nil leaves it to CloudWatch.
	Keys *Keys
}

// NewNetwork makes the VPC with its subnets, NAT, endpoints, flow logs and emptied defaults.
func NewNetwork(ctx *pulumi.Context, name string, args *NetworkArgs, opts ...pulumi.ResourceOption) (*Network, error) {
	component := &Network{Cidr: args.Settings.Cidr}
	if err := ctx.RegisterComponentResource(NetworkType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating the network: %w", err)
	}
	if args.Settings.Nat != natNone {
		component.egressCidrs = args.Settings.AllowEgress
		if len(component.egressCidrs) == 0 {
			component.egressCidrs = []string{anywhere}
		}
	}
	vpc, err := newVpc(ctx, component, args)
	if err != nil {
		return nil, err
	}
	component.VpcId = vpc.VpcId
	component.PublicSubnetIds, component.PrivateSubnetIds, component.IsolatedSubnetIds = vpc.PublicSubnetIds, vpc.PrivateSubnetIds, vpc.IsolatedSubnetIds
	for _, step := range []func(*pulumi.Context, *NetworkArgs, *awsxec2.Vpc) error{
		component.emptyDefaults, component.gatewayEndpoints, component.interfaceEndpoints, component.flowLogs,
	} {
		if err := step(ctx, args, vpc); err != nil {
			return nil, err
		}
	}
	err = ctx.RegisterResourceOutputs(component, pulumi.Map{
		"vpcId": component.VpcId, "cidr": pulumi.String(component.Cidr), "publicSubnetIds": component.PublicSubnetIds,
		"privateSubnetIds": component.PrivateSubnetIds, "isolatedSubnetIds": component.IsolatedSubnetIds,
		"endpointsSecurityGroupId": component.EndpointsSecurityGroupId, "s3PrefixListId": component.S3PrefixListId,
		"dynamodbPrefixListId": component.DynamodbPrefixListId, "flowLogGroup": component.FlowLogGroup,
	})
	if err != nil {
		return nil, fmt.Errorf("registering the outputs of the network: %w", err)
	}
	return component, nil
}

const (
	natNone  = "none"
	anywhere = "0.0.0.0/0"
)

var natStrategies = map[string]awsxec2.NatGatewayStrategy{
	natNone: awsxec2.NatGatewayStrategyNone, "single": awsxec2.NatGatewayStrategySingle, "perZone": awsxec2.NatGatewayStrategyOnePerAz,
}

// newVpc makes awsx's VPC: per zone a public, a private and an isolated subnet of equal sizes.
func newVpc(ctx *pulumi.Context, component *Network, args *NetworkArgs) (*awsxec2.Vpc, error) {
	strategy := awsxec2.SubnetAllocationStrategyAuto
	zones := args.Settings.Zones
	vpc, err := awsxec2.NewVpc(ctx, "network", &awsxec2.VpcArgs{
		CidrBlock:                 &args.Settings.Cidr,
		NumberOfAvailabilityZones: &zones,
		SubnetStrategy:            &strategy,
		SubnetSpecs: []awsxec2.SubnetSpecArgs{
			{Type: awsxec2.SubnetTypePublic}, {Type: awsxec2.SubnetTypePrivate}, {Type: awsxec2.SubnetTypeIsolated},
		},
		NatGateways:        &awsxec2.NatGatewayConfigurationArgs{Strategy: natStrategies[args.Settings.Nat]},
		EnableDnsHostnames: pulumi.Bool(true),
		EnableDnsSupport:   pulumi.Bool(true),
	}, pulumi.Parent(component), pulumi.Providers(args.Placement.Primary.Provider),
		pulumi.Transforms([]pulumi.ResourceTransform{noPublicAddresses}))
	if err != nil {
		return nil, fmt.Errorf("creating the VPC: %w", err)
	}
	return vpc, nil
}

// noPublicAddresses keeps public subnets from handing out public addresses: only NAT gateways stand there, with their
// own. awsx has no input for it.
func noPublicAddresses(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
	if args.Type != "aws:ec2/subnet:Subnet" {
		return nil
	}
	props := maps.Clone(args.Props)
	props["mapPublicIpOnLaunch"] = pulumi.Bool(false)
	return &pulumi.ResourceTransformResult{Props: props, Opts: args.Opts}
}

// emptyDefaults takes every rule out of the default security group, and closes SSH and RDP in the default network ACL.
// Both exist with every VPC; whoever forgets to name a group gets the default one.
func (n *Network) emptyDefaults(ctx *pulumi.Context, _ *NetworkArgs, vpc *awsxec2.Vpc) error {
	parent := pulumi.Parent(n)
	if _, err := ec2.NewDefaultSecurityGroup(ctx, "network-default", &ec2.DefaultSecurityGroupArgs{VpcId: n.VpcId.ToStringPtrOutput()}, parent); err != nil {
		return fmt.Errorf("emptying the default security group: %w", err)
	}
	aclID := vpc.Vpc.ApplyT(func(made *ec2.Vpc) pulumi.StringOutput {
		if made == nil { // an awsx without the output: naming no ACL is refused by AWS with a clear message
			return pulumi.String("").ToStringOutput()
		}
		return made.DefaultNetworkAclId
	}).(pulumi.StringOutput)
	_, err := ec2.NewDefaultNetworkAcl(ctx, "network-default", &ec2.DefaultNetworkAclArgs{
		DefaultNetworkAclId: aclID,
		// Every subnet is listed: AWS returns them all, and a list that lacks one is a difference at every preview.
		SubnetIds: pulumi.All(n.PublicSubnetIds, n.PrivateSubnetIds, n.IsolatedSubnetIds).ApplyT(func(all []any) []string {
			return slices.Concat(all[0].([]string), all[1].([]string), all[2].([]string))
		}).(pulumi.StringArrayOutput),
		Ingress: ec2.DefaultNetworkAclIngressArray{
			aclIngress(90, "deny", "tcp", 22, 22),
			// A NAT gateway may pick 3389 as a source port; one connection in some 64,000 is then tried again.
			aclIngress(91, "deny", "tcp", 3389, 3389),
			aclIngress(100, "allow", "-1", 0, 0),
		},
		Egress: ec2.DefaultNetworkAclEgressArray{&ec2.DefaultNetworkAclEgressArgs{
			RuleNo: pulumi.Int(100), Action: pulumi.String("allow"), Protocol: pulumi.String("-1"),
			CidrBlock: pulumi.String(anywhere), FromPort: pulumi.Int(0), ToPort: pulumi.Int(0),
		}},
	}, parent)
	if err != nil {
		return fmt.Errorf("closing the default network ACL: %w", err)
	}
	return nil
}

func aclIngress(number int, action, protocol string, from, to int) *ec2.DefaultNetworkAclIngressArgs {
	return &ec2.DefaultNetworkAclIngressArgs{
		RuleNo: pulumi.Int(number), Action: pulumi.String(action), Protocol: pulumi.String(protocol),
		CidrBlock: pulumi.String(anywhere), FromPort: pulumi.Int(from), ToPort: pulumi.Int(to),
	}
}

// gatewayEndpoints lead to S3 and DynamoDB without NAT; they cost nothing.
func (n *Network) gatewayEndpoints(ctx *pulumi.Context, args *NetworkArgs, vpc *awsxec2.Vpc) error {
	routeTables := vpc.RouteTables.ApplyT(func(tables []*ec2.RouteTable) pulumi.StringArrayOutput {
		ids := pulumi.StringArray{}
		for _, table := range tables {
			ids = append(ids, table.ID().ToStringOutput())
		}
		return ids.ToStringArrayOutput()
	}).(pulumi.StringArrayOutput)
	for service, id := range map[string]*pulumi.StringOutput{"s3": &n.S3PrefixListId, "dynamodb": &n.DynamodbPrefixListId} {
		endpoint, err := ec2.NewVpcEndpoint(ctx, "network-"+service, &ec2.VpcEndpointArgs{
			VpcId:           n.VpcId,
			ServiceName:     pulumi.String(endpointService(args.Placement, service)),
			VpcEndpointType: pulumi.String("Gateway"),
			RouteTableIds:   routeTables,
			Tags:            pulumi.StringMap{"Name": pulumi.String(args.Placement.Of(limitGeneral, service))},
		}, pulumi.Parent(n))
		if err != nil {
			return fmt.Errorf("creating the gateway endpoint of %s: %w", service, err)
		}
		*id = endpoint.PrefixListId
	}
	return nil
}

// interfaceEndpoints are reached by HTTPS from whoever may: AllowHTTPS opens the way group by group.
func (n *Network) interfaceEndpoints(ctx *pulumi.Context, args *NetworkArgs, _ *awsxec2.Vpc) error {
	n.EndpointsSecurityGroupId = pulumi.String("").ToStringOutput()
	if len(args.Settings.InterfaceEndpoints) == 0 {
		return nil
	}
	parent := pulumi.Parent(n)
	group, err := newSecurityGroup(ctx, "endpoints", args.Placement, n.VpcId, "Interface endpoints", parent)
	if err != nil {
		return err
	}
	n.EndpointsSecurityGroupId, n.hasEndpoints = group.ID().ToStringOutput(), true
	for _, service := range args.Settings.InterfaceEndpoints {
		_, err := ec2.NewVpcEndpoint(ctx, "network-"+service, &ec2.VpcEndpointArgs{
			VpcId:             n.VpcId,
			ServiceName:       pulumi.String(endpointService(args.Placement, service)),
			VpcEndpointType:   pulumi.String("Interface"),
			PrivateDnsEnabled: pulumi.Bool(true),
			SubnetIds:         n.PrivateSubnetIds,
			SecurityGroupIds:  pulumi.StringArray{n.EndpointsSecurityGroupId},
			Tags:              pulumi.StringMap{"Name": pulumi.String(args.Placement.Of(limitGeneral, service))},
		}, parent)
		if err != nil {
			return fmt.Errorf("creating the interface endpoint of %s: %w", service, err)
		}
	}
	return nil
}

func endpointService(place *Placement, service string) string {
	return "com.amazonaws." + place.Primary.Name + "." + service
}

// flowLogs record every accepted and refused connection.
func (n *Network) flowLogs(ctx *pulumi.Context, args *NetworkArgs, _ *awsxec2.Vpc) error {
	place, parent := args.Placement, pulumi.Parent(n)
	groupArgs := &cloudwatch.LogGroupArgs{
		Name: pulumi.String("/vpc/" + place.Of(limitGeneral, "flow")), RetentionInDays: pulumi.Int(args.Settings.FlowLogDays),
	}
	if args.Keys != nil {
		groupArgs.KmsKeyId = args.Keys.Logs.In(place.Primary).Arn
	}
	group, err := cloudwatch.NewLogGroup(ctx, "network-flow", groupArgs, parent)
	if err != nil {
		return fmt.Errorf("creating the log group of flow logs: %w", err)
	}
	n.FlowLogGroup = group.Name
	trust, err := TrustServices(map[string]map[string][]string{
		"StringEquals": {"aws:SourceAccount": {place.Account}},
		"ArnLike":      {"aws:SourceArn": {place.Arn("ec2", place.Primary.Name, "vpc-flow-log/*")}},
	}, "vpc-flow-logs.amazonaws.com")
	if err != nil {
		return fmt.Errorf("creating the role of flow logs: %w", err)
	}
	write := PolicyFrom([]pulumi.StringInput{group.Arn}, func(known []string) []Statement {
		return []Statement{{
			Sid:       "WriteFlowLogs",
			Actions:   []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
			Resources: []string{known[0], known[0] + ":*"},
		}}
	})
	role, err := newRole(ctx, "network-flow", place, RoleArgs{
		Parts: []string{"flow"}, Description: "Writes the VPC's flow logs", Trust: pulumi.String(trust),
		Policies: []RolePolicy{{Name: "write", Document: write}},
	}, parent)
	if err != nil {
		return err
	}
	_, err = ec2.NewFlowLog(ctx, "network-flow", &ec2.FlowLogArgs{
		VpcId: n.VpcId.ToStringPtrOutput(), TrafficType: pulumi.String("ALL"),
		LogDestinationType: pulumi.String("cloud-watch-logs"), LogDestination: group.Arn, IamRoleArn: role.Arn,
		// One minute instead of ten: at three in the morning ten minutes are long.
		MaxAggregationInterval: pulumi.Int(60),
		Tags:                   pulumi.StringMap{"Name": pulumi.String(place.Of(limitGeneral, "flow"))},
	}, parent, pulumi.DependsOn(role.Ready))
	if err != nil {
		return fmt.Errorf("creating the flow log: %w", err)
	}
	return nil
}
