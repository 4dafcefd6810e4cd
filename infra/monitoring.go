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
	// AvailabilityAlarm: name of the composite alarm over every burn rate.
	AvailabilityAlarm pulumi.StringOutput
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
	// Account: session logs.
	Account *Account
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

// metricNamespace is the namespace of the figures that this stack makes out of logs.
func metricNamespace(p *Placement) string { return Project + "/" + p.Environment }

// NewMonitoring makes dashboards, objectives and event rules.
func NewMonitoring(ctx *pulumi.Context, name string, args *MonitoringArgs, opts ...pulumi.ResourceOption) (*Monitoring, error) {
	component := &Monitoring{}
	if err := ctx.RegisterComponentResource(MonitoringType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating the monitoring: %w", err)
	}
	if err := component.filters(ctx, args); err != nil {
		return nil, err
	}
	if err := component.queries(ctx, args); err != nil {
		return nil, err
	}
	burns, err := component.burnRates(ctx, args)
	if err != nil {
		return nil, err
	}
	if component.AvailabilityAlarm, err = component.oneLight(ctx, args, burns); err != nil {
		return nil, err
	}
	if err := component.events(ctx, args); err != nil {
		return nil, err
	}
	if err := component.dashboards(ctx, args, burns); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{
		"dashboards": component.Dashboards, "availabilityAlarm": component.AvailabilityAlarm,
	}); err != nil {
		return nil, fmt.Errorf("creating the monitoring: %w", err)
	}
	return component, nil
}
