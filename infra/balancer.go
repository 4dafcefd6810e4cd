package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BalancerType is the type token of Balancer.
const BalancerType = "itrack:infra:Balancer"

// Balancer is the internal load balancer with its production and test listeners.
type Balancer struct {
	pulumi.ResourceState

	// Arn: load balancer ARN.
	Arn pulumi.StringOutput
	// ArnSuffix: app/…, the metric dimension.
	ArnSuffix pulumi.StringOutput
	// DnsName: AWS's own name.
	DnsName pulumi.StringOutput
	// Host: name that clients use: internal.<domain>, or DnsName.
	Host pulumi.StringOutput
	// Scheme: https or http.
	Scheme string
	// ProductionPort: 443 or 80.
	ProductionPort int
	// TestPort: 8443 or 8080.
	TestPort int
	// ProductionListenerArn: listener that users reach.
	ProductionListenerArn pulumi.StringOutput
	// TestListenerArn: listener that the deployment hook reaches.
	TestListenerArn pulumi.StringOutput
	// SecurityGroupId: the balancer's group.
	SecurityGroupId pulumi.StringOutput
}

// BalancerArgs are what Balancer is made from.
type BalancerArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: timeouts and protection.
	Settings BalancerSettings
	// Protect: refuse deletion.
	Protect bool
	// Network: private subnets.
	Network *Network
	// Archive: access logs.
	Archive *Archive
	// Certificates: TLS; nil means HTTP inside the VPC.
	Certificates *Certificates
	// Alerts: who is told.
	Alerts *Alerts
}

// NewBalancer makes the internal load balancer with its production and test listeners.
func NewBalancer(ctx *pulumi.Context, name string, args *BalancerArgs, opts ...pulumi.ResourceOption) (*Balancer, error) {
	component := &Balancer{}
	if err := ctx.RegisterComponentResource(BalancerType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating balancer: %w", err)
	}
	_ = args
	return component, nil
}
