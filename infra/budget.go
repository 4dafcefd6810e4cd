package infra

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/budgets"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/costexplorer"
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
		return nil, fmt.Errorf("creating the budget: %w", err)
	}
	parent := pulumi.Parent(component)
	topics := args.Alerts.In(args.Placement.Primary)
	budget, err := budgets.NewBudget(ctx, name, &budgets.BudgetArgs{
		Name:        pulumi.String(args.Placement.Of(limitGeneral, "monthly")),
		BudgetType:  pulumi.String("COST"),
		TimeUnit:    pulumi.String("MONTHLY"),
		LimitAmount: pulumi.String(strconv.Itoa(args.Settings.MonthlyUsd)),
		LimitUnit:   pulumi.String("USD"),
		// The tag counts from the day it is activated for cost allocation in the payer account; until then the budget shows
		// nothing (itrack:account.costTags, or by hand in the console).
		CostFilters: budgets.BudgetCostFilterArray{&budgets.BudgetCostFilterArgs{
			Name: pulumi.String("TagKeyValue"), Values: pulumi.StringArray{pulumi.String("user:Environment$" + args.Placement.Environment)},
		}},
		Notifications: budgets.BudgetNotificationArray{
			budgetNotification("ACTUAL", 80, topics.Warning),
			budgetNotification("ACTUAL", 100, topics.Critical),
			budgetNotification("FORECASTED", float64(args.Settings.ForecastPercent), topics.Warning),
		},
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("creating the monthly budget: %w", err)
	}
	if _, err := costexplorer.NewAnomalySubscription(ctx, "anomalies", &costexplorer.AnomalySubscriptionArgs{
		Name: pulumi.String(args.Placement.Of(limitGeneral, "anomalies")),
		// Only immediate subscriptions can go to a topic; daily and weekly ones go to mail addresses.
		Frequency:       pulumi.String("IMMEDIATE"),
		MonitorArnLists: pulumi.StringArray{args.Account.AnomalyMonitorArn},
		Subscribers: costexplorer.AnomalySubscriptionSubscriberArray{&costexplorer.AnomalySubscriptionSubscriberArgs{
			Type: pulumi.String("SNS"), Address: topics.Warning,
		}},
		ThresholdExpression: &costexplorer.AnomalySubscriptionThresholdExpressionArgs{
			Dimension: &costexplorer.AnomalySubscriptionThresholdExpressionDimensionArgs{
				Key:          pulumi.String("ANOMALY_TOTAL_IMPACT_ABSOLUTE"),
				MatchOptions: pulumi.StringArray{pulumi.String("GREATER_THAN_OR_EQUAL")},
				Values:       pulumi.StringArray{pulumi.String(strconv.Itoa(args.Settings.AnomalyUsd))},
			},
		},
	}, parent); err != nil {
		return nil, fmt.Errorf("creating the cost anomaly subscription: %w", err)
	}
	component.Name = budget.Name
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{"name": component.Name}); err != nil {
		return nil, fmt.Errorf("creating the budget: %w", err)
	}
	return component, nil
}

// budgetNotification tells a topic when spending, or what AWS forecasts for the month, passes a percentage.
func budgetNotification(kind string, percent float64, topic pulumi.StringOutput) *budgets.BudgetNotificationArgs {
	return &budgets.BudgetNotificationArgs{
		NotificationType: pulumi.String(kind), ComparisonOperator: pulumi.String("GREATER_THAN"),
		Threshold: pulumi.Float64(percent), ThresholdType: pulumi.String("PERCENTAGE"),
		SubscriberSnsTopicArns: pulumi.StringArray{topic},
	}
}
