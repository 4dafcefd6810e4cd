package tests

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestBudget(t *testing.T) {
	for stack, usd := range map[string]string{"staging": "250", "production": "2500"} {
		run := recorded(t, stack)
		budget := run.one(t, "aws:budgets/budget:Budget", "budget")
		assert.Equal(t, "itrack-monthly-"+stack, budget.str(t, "name"))
		assert.Equal(t, "COST", budget.str(t, "budgetType"))
		assert.Equal(t, "MONTHLY", budget.str(t, "timeUnit"))
		assert.Equal(t, usd, budget.str(t, "limitAmount"))
		assert.Equal(t, "TagKeyValue", budget.str(t, "costFilters[0].name"))
		assert.Equal(t, []string{"user:Environment$" + stack}, budget.strs(t, "costFilters[0].values"))
		for i, wanted := range []struct {
			kind, topic string
			percent     float64
		}{{"ACTUAL", "warning", 80}, {"ACTUAL", "critical", 100}, {"FORECASTED", "warning", 100}} {
			at := fmt.Sprintf("notifications[%d]", i)
			assert.Equal(t, wanted.kind, budget.str(t, at+".notificationType"))
			assert.InDelta(t, wanted.percent, budget.num(t, at+".threshold"), 0)
			assert.Equal(t, "PERCENTAGE", budget.str(t, at+".thresholdType"))
			topics := budget.strs(t, at+".subscriberSnsTopicArns")
			assert.Len(t, topics, 1)
			assert.Contains(t, topics[0], wanted.topic)
		}
		subscription := run.one(t, "aws:costexplorer/anomalySubscription:AnomalySubscription", "anomalies")
		assert.Equal(t, "IMMEDIATE", subscription.str(t, "frequency"))
		assert.Equal(t, "SNS", subscription.str(t, "subscribers[0].type"))
		assert.Contains(t, subscription.str(t, "subscribers[0].address"), "warning")
		assert.Equal(t, "ANOMALY_TOTAL_IMPACT_ABSOLUTE", subscription.str(t, "thresholdExpression.dimension.key"))
		assert.Equal(t, []string{"50"}, subscription.strs(t, "thresholdExpression.dimension.values"))
		assert.Contains(t, subscription.strs(t, "monitorArnLists")[0], "anomalies")
	}
}

func TestBudgetSettings(t *testing.T) {
	run := recordedWith(t, "staging", map[string]any{"itrack:budget": map[string]any{"monthlyUsd": 40, "forecastPercent": 120, "anomalyUsd": 5}})
	budget := run.one(t, "aws:budgets/budget:Budget", "budget")
	assert.Equal(t, "40", budget.str(t, "limitAmount"))
	assert.InDelta(t, 120, budget.num(t, "notifications[2].threshold"), 0)
	without := recordedWith(t, "staging", map[string]any{"itrack:budget": nil})
	assert.Empty(t, without.all("aws:budgets/budget:Budget"))
	assert.Empty(t, without.all("aws:costexplorer/anomalySubscription:AnomalySubscription"))
}
