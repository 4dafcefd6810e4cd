package watching

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const costAPI = "https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/"

// notice is a budget's notification with its subscribers.
func notice(threshold float64, topics, addresses int) props {
	notification := props{"comparisonOperator": "GREATER_THAN", "notificationType": "ACTUAL", "threshold": threshold, "thresholdType": "PERCENTAGE"}
	var arns, mails []any
	for i := range topics {
		arns = append(arns, fmt.Sprintf("arn:aws:sns:us-east-1:111122223333:topic-%d", i))
	}
	for i := range addresses {
		mails = append(mails, fmt.Sprintf("person-%d@example.com", i))
	}
	if topics > 0 {
		notification["subscriberSnsTopicArns"] = arns
	}
	if addresses > 0 {
		notification["subscriberEmailAddresses"] = mails
	}
	return notification
}

// budgets are the rules on AWS Budgets and on cost anomalies.
func budgets() []rule.Rule {
	const (
		page = costAPI + "API_budgets_CreateBudget.html"
		bad  = "InvalidParameterException"
	)
	with := func(notifications ...any) rule.Case { return rule.Case{Inputs: props{"notifications": notifications}} }
	filtered := func(name, value string) rule.Case {
		return rule.Case{Inputs: props{"costFilters": []any{props{"name": name, "values": []any{value}}}}}
	}
	subscribed := func(frequency, kind string) rule.Case {
		return rule.Case{Inputs: props{"frequency": frequency, "subscribers": []any{props{"type": kind, "address": "x"}}}}
	}
	impact := func(key, value string) rule.Case {
		return rule.Case{Inputs: props{"thresholdExpression": props{"dimension": props{"key": key,
			"matchOptions": []any{"GREATER_THAN_OR_EQUAL"}, "values": []any{value}}}}}
	}
	var eleven []any
	for i := range 11 {
		eleven = append(eleven, notice(float64(10*i+10), 0, 1))
	}
	return []rule.Rule{{
		ID: "watching-budget-name", Types: []string{budgetToken}, Code: bad, Page: costAPI + "API_budgets_Budget.html",
		Says:     `A budget's name has 1 to 100 characters, and no colon and no backslash.`,
		Fix:      "Leave these characters out of the name.",
		Foreseen: true, Check: budgetName,
		Pass: rule.Case{Inputs: props{"name": "monthly"}}, Fail: rule.Case{Inputs: props{"name": "itrack:monthly"}},
		Seed: staging(budgetToken, "budget", props{"name": "itrack:monthly"}),
	}, {
		ID: "watching-budget-amount", Types: []string{budgetToken}, Code: bad, Page: costAPI + "API_budgets_Spend.html",
		Says:     "A budget's limit is a number without a sign, a currency or separators.",
		Fix:      "Write the amount as a number, with the currency under limitUnit.",
		Foreseen: true, Check: budgetAmount,
		Pass: rule.Case{Inputs: props{"limitAmount": "250.0"}}, Fail: rule.Case{Inputs: props{"limitAmount": "250 USD"}},
		Seed: staging(budgetToken, "budget", props{"limitAmount": "1,250"}),
	}, {
		ID: "watching-budget-notifications", Types: []string{budgetToken}, Code: "CreationLimitExceededException",
		Page:     "https://docs.aws.amazon.com/cost-management/latest/userguide/management-limits.html",
		Says:     "A budget has at most 10 notifications.",
		Fix:      "Keep the thresholds that somebody acts on.",
		Foreseen: true, Check: budgetNotices,
		Pass: with(eleven[:10]...), Fail: with(eleven...),
		Seed: staging(budgetToken, "budget", props{"notifications": eleven}),
	}, {
		ID: "watching-budget-subscribers", Types: []string{budgetToken}, Code: bad, Page: page,
		Says:     "A budget's notification has 1 to 10 addresses or one topic, or both.",
		Fix:      "Notify one topic that several people subscribe to.",
		Foreseen: true, Check: budgetSubscribers,
		Pass: with(notice(80, 1, 10)), Fail: with(notice(80, 2, 0)),
		Seed: staging(budgetToken, "budget", props{"notifications[0].subscriberEmailAddresses": notice(80, 0, 11)["subscriberEmailAddresses"]}),
	}, {
		ID: "watching-budget-duplicates", Types: []string{budgetToken}, Code: "DuplicateRecordException", Page: page,
		Says:     "Two notifications of a budget differ in their kind, comparison or threshold.",
		Fix:      "Put the subscribers of both into one notification.",
		Foreseen: true, Check: budgetDuplicates,
		Pass: with(notice(80, 1, 0), notice(100, 1, 0)), Fail: with(notice(80, 1, 0), notice(80, 0, 1)),
		Seed: rule.Seed{Stack: "production", At: budgetToken + "::budget", Set: props{"notifications": []any{notice(90, 0, 1), notice(90, 0, 2)}}},
	}, {
		ID: "watching-budget-threshold", Types: []string{budgetToken}, Code: bad, Page: costAPI + "API_budgets_Notification.html",
		Says:     "A notification's threshold is 0 to 15,000,000,000,000.",
		Fix:      "Give the threshold in percent of the limit, such as 80.",
		Foreseen: true, Check: budgetThreshold,
		Pass: with(notice(80, 1, 0)), Fail: with(notice(-80, 1, 0)),
		Seed: rule.Seed{Stack: "production", At: budgetToken + "::budget", Set: props{"notifications[0].threshold": -20}},
	}, {
		ID: "watching-budget-tag-filter", Types: []string{budgetToken}, Code: bad,
		Page:     "https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-create-filters.html",
		Says:     "A budget filters by a tag as user:, the key, a dollar sign and the value.",
		Fix:      "Write the filter TagKeyValue as in user:Environment$production.",
		Foreseen: true, Check: budgetTag,
		Pass: filtered("TagKeyValue", "user:Environment$staging"), Fail: filtered("TagKeyValue", "Environment=staging"),
		Seed: rule.Seed{Stack: "production", At: budgetToken + "::budget", Set: props{"costFilters[0].values[0]": "user:Environment=production"}},
	}, {
		ID: "watching-anomaly-frequency", Types: []string{anomalyToken}, Code: "ValidationException", Page: costAPI + "API_AnomalySubscription.html",
		Says:     "Anomalies are told at once to topics, by day or week to addresses.",
		Fix:      "Use IMMEDIATE with SNS alone, and DAILY or WEEKLY with EMAIL alone.",
		Foreseen: true, Check: anomalyFrequency,
		Pass: subscribed("DAILY", "EMAIL"), Fail: subscribed("DAILY", "SNS"),
		Seed: staging(anomalyToken, "anomalies", props{"frequency": "WEEKLY"}),
	}, {
		ID: "watching-anomaly-threshold", Types: []string{anomalyToken}, Code: "ValidationException", Page: costAPI + "API_AnomalySubscription.html",
		Says:     "An anomaly subscription's threshold is a number, of the total impact in dollars or in percent.",
		Fix:      "Give one number under values, without a sign for the currency.",
		Foreseen: true, Check: anomalyThreshold,
		Pass: impact("ANOMALY_TOTAL_IMPACT_ABSOLUTE", "50"), Fail: impact("ANOMALY_TOTAL_IMPACT_ABSOLUTE", "$50"),
		Seed: staging(anomalyToken, "anomalies", props{"thresholdExpression.dimension.values[0]": "50 USD"}),
	}}
}

func budgetName(c *catalog.Call) *rule.Finding {
	if name := c.Str("name"); len(name) > 100 || strings.ContainsAny(name, `:\`) {
		return rule.Find("name", name, "Value '%s' at 'budgetName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:\\\\]+", name)
	}
	return nil
}

var amountForm = regexp.MustCompile(`^([0-9]*\.)?[0-9]+$`)

func budgetAmount(c *catalog.Call) *rule.Finding {
	if amount := c.Str("limitAmount"); amount != "" && !amountForm.MatchString(amount) {
		return rule.Find("limitAmount", amount,
			"Value '%s' at 'amount' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", amount, amountForm)
	}
	return nil
}

func budgetNotices(c *catalog.Call) *rule.Finding {
	if count := len(blocks(c.State, "notifications[]")); count > 10 {
		return rule.Find("notifications", count, "A budget can have at most 10 notifications")
	}
	return nil
}

func budgetSubscribers(c *catalog.Call) *rule.Finding {
	for _, leaf := range blocks(c.State, "notifications[]") {
		notification := leaf.Value.ObjectValue()
		topics, addresses := len(catalog.Leaves(notification, "subscriberSnsTopicArns[]")), len(catalog.Leaves(notification, "subscriberEmailAddresses[]"))
		if topics > 1 || addresses > 10 || topics+addresses == 0 {
			return rule.Find(leaf.Path, fmt.Sprintf("%d topics, %d addresses", topics, addresses),
				"A notification has at most one SNS subscriber and ten email subscribers, and at least one of them")
		}
	}
	return nil
}

func budgetDuplicates(c *catalog.Call) *rule.Finding {
	seen := map[string]bool{}
	for _, leaf := range blocks(c.State, "notifications[]") {
		if leaf.Value.ContainsUnknowns() {
			continue
		}
		key := ""
		for _, path := range []string{"notificationType", "comparisonOperator", "threshold", "thresholdType"} {
			for _, value := range catalog.Leaves(leaf.Value.ObjectValue(), path) {
				key += catalog.Text(value.Value) + " "
			}
		}
		if seen[key] {
			return rule.Find(leaf.Path, strings.TrimSpace(key), "The notification already exists")
		}
		seen[key] = true
	}
	return nil
}

func budgetThreshold(c *catalog.Call) *rule.Finding {
	for _, leaf := range catalog.Leaves(c.State, "notifications[].threshold") {
		if leaf.Value.IsNumber() && (leaf.Value.NumberValue() < 0 || leaf.Value.NumberValue() > 15e12) {
			return rule.Find(leaf.Path, catalog.Text(leaf.Value), "The notification's threshold is out of range")
		}
	}
	return nil
}

func budgetTag(c *catalog.Call) *rule.Finding {
	for _, leaf := range blocks(c.State, "costFilters[]") {
		if catalog.Str(leaf.Value.ObjectValue(), "name") != "TagKeyValue" {
			continue
		}
		for _, value := range texts(leaf.Value.ObjectValue(), "values") {
			if text := value.Value.StringValue(); !strings.HasPrefix(text, "user:") && !strings.HasPrefix(text, "aws:") || !strings.Contains(text, "$") {
				return rule.Find(leaf.Path+"."+value.Path, text, "Invalid cost filter: %s is no user:KEY$VALUE", text)
			}
		}
	}
	return nil
}

func anomalyFrequency(c *catalog.Call) *rule.Finding {
	frequency := c.Str("frequency")
	for _, leaf := range texts(c.State, "subscribers[].type") {
		if kind := leaf.Value.StringValue(); frequency != "" && (frequency == "IMMEDIATE") != (kind == "SNS") {
			return rule.Find(leaf.Path, kind, "Invalid subscriber type %s for the frequency %s", kind, frequency)
		}
	}
	return nil
}

func anomalyThreshold(c *catalog.Call) *rule.Finding {
	for _, leaf := range texts(c.State, "thresholdExpression.dimension.values") {
		if value, err := strconv.ParseFloat(leaf.Value.StringValue(), 64); err != nil || value < 0 {
			return rule.Find(leaf.Path, leaf.Value.StringValue(), "The threshold expression is not valid: %s is no number", leaf.Value.StringValue())
		}
	}
	return nil
}
