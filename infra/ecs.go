package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EcsType is the type token of Ecs.
const EcsType = "itrack:infra:Ecs"

// Ecs is the cluster and its services.
type Ecs struct {
	pulumi.ResourceState

	// ClusterName: itrack-ecs-cluster-<env>.
	ClusterName pulumi.StringOutput
	// ClusterArn: ARN.
	ClusterArn pulumi.StringOutput
	// ByName: services by name.
	ByName map[string]*Service
}

// EcsArgs are what Ecs is made from.
type EcsArgs struct {
	// Placement: where.
	Placement *Placement
	// Services: the services.
	Services map[string]ServiceSettings
	// LogDays: retention.
	LogDays int
	// Network: private subnets.
	Network *Network
	// Balancer: listeners.
	Balancer *Balancer
	// Secrets: what tasks may read.
	Secrets *Secrets
	// Rds: the database.
	Rds *Rds
	// Items: the tables.
	Items *Items
	// Registry: repositories that tasks pull from.
	Registry *Registry
	// Keys: encryption.
	Keys *Keys
	// Alerts: who is told.
	Alerts *Alerts
	// AllowedOrigins: further CORS origins handed to tasks.
	AllowedOrigins []string
}

// NewEcs makes the cluster and its services.
func NewEcs(ctx *pulumi.Context, name string, args *EcsArgs, opts ...pulumi.ResourceOption) (*Ecs, error) {
	component := &Ecs{}
	if err := ctx.RegisterComponentResource(EcsType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating ecs: %w", err)
	}
	_ = args
	return component, nil
}
