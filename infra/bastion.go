package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BastionType is the type token of Bastion.
const BastionType = "itrack:infra:Bastion"

// Bastion is the SSM-only instance.
type Bastion struct {
	pulumi.ResourceState

	// GroupName: autoscaling group.
	GroupName pulumi.StringOutput
	// SecurityGroupId: no inbound rule.
	SecurityGroupId pulumi.StringOutput
	// RoleArn: instance role.
	RoleArn pulumi.StringOutput
}

// BastionArgs are what Bastion is made from.
type BastionArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: size.
	Settings BastionSettings
	// Network: private subnets.
	Network *Network
	// Rds: the database it reaches.
	Rds *Rds
	// Account: session logs.
	Account *Account
	// Keys: session encryption.
	Keys *Keys
	// Alerts: who is told.
	Alerts *Alerts
}

// NewBastion makes the SSM-only instance.
func NewBastion(ctx *pulumi.Context, name string, args *BastionArgs, opts ...pulumi.ResourceOption) (*Bastion, error) {
	component := &Bastion{}
	if err := ctx.RegisterComponentResource(BastionType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating bastion: %w", err)
	}
	_ = args
	return component, nil
}
