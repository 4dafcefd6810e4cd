package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FunctionsType is the type token of Functions.
const FunctionsType = "itrack:infra:Functions"

// Functions is the Lambda functions of the functions table.
type Functions struct {
	pulumi.ResourceState

	// ByName: functions by name.
	ByName map[string]*Function
}

// FunctionsArgs are what Functions is made from.
type FunctionsArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: the table.
	Settings map[string]FunctionSettings
	// Packages: folder of the zips, build/functions.
	Packages string
	// LogDays: retention.
	LogDays int
	// Network: subnets of functions in the VPC.
	Network *Network
	// Keys: encryption.
	Keys *Keys
	// Alerts: who is told.
	Alerts *Alerts
	// Items: streams and tables.
	Items *Items
	// Rds: the database.
	Rds *Rds
	// Balancer: test listener.
	Balancer *Balancer
	// ServicePaths: health path by service, what the deployment hook asks.
	ServicePaths map[string]string
}

// NewFunctions makes the Lambda functions of the functions table.
func NewFunctions(ctx *pulumi.Context, name string, args *FunctionsArgs, opts ...pulumi.ResourceOption) (*Functions, error) {
	component := &Functions{}
	if err := ctx.RegisterComponentResource(FunctionsType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating functions: %w", err)
	}
	_ = args
	return component, nil
}
