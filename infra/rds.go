package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RdsType is the type token of Rds.
const RdsType = "itrack:infra:Rds"

// Rds is MySQL on RDS with what keeps it safe and watched.
type Rds struct {
	pulumi.ResourceState

	// Identifier: instance identifier.
	Identifier pulumi.StringOutput
	// Arn: instance ARN.
	Arn pulumi.StringOutput
	// ResourceId: db-…, which rds-db:connect names.
	ResourceId pulumi.StringOutput
	// Address: DNS name.
	Address pulumi.StringOutput
	// Port: 3306.
	Port pulumi.IntOutput
	// DatabaseName: first schema.
	DatabaseName string
	// SecurityGroupId: the database's group.
	SecurityGroupId pulumi.StringOutput
	// SubnetGroupName: DB subnet group.
	SubnetGroupName pulumi.StringOutput
	// ParameterGroupName: DB parameter group.
	ParameterGroupName pulumi.StringOutput
	// MasterSecretArn: secret that RDS manages.
	MasterSecretArn pulumi.StringOutput
}

// RdsArgs are what Rds is made from.
type RdsArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: size and safety.
	Settings DatabaseSettings
	// Protect: refuse deletion.
	Protect bool
	// Network: isolated subnets.
	Network *Network
	// Keys: encryption; nil means the keys that AWS manages.
	Keys *Keys
	// Alerts: who is told; nil makes no alarm.
	Alerts *Alerts
	// LogDays: retention of exported logs.
	LogDays int
}

// NewRds makes MySQL on RDS with what keeps it safe and watched.
func NewRds(ctx *pulumi.Context, name string, args *RdsArgs, opts ...pulumi.ResourceOption) (*Rds, error) {
	component := &Rds{}
	if err := ctx.RegisterComponentResource(RdsType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating rds: %w", err)
	}
	_ = args
	return component, nil
}
