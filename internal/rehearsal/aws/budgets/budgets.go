// Package budgets describes AWS Budgets to the stand-in.
package budgets

import (
	"fmt"
	"strconv"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/budgets"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const api = "https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/"

// Service is what the stand-in knows of AWS Budgets.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{{
		Token: "aws:budgets/budget:Budget", Args: (*sdk.BudgetArgs)(nil), Resource: (*sdk.Budget)(nil), Global: true,
		Service: "Budgets", Action: "Budget", Title: "Budgets Budget", ARN: "arn:{partition}:budgets::{account}:budget/{name}",
		ID: catalog.Templated("{account}:{name}"),
		Name: catalog.Name{Property: "name", Auto: 100, Prefix: "namePrefix", Scope: catalog.InAccount, Code: "DuplicateRecordException",
			Message: "Error creating budget: {name} - the budget already exists."},
		Blank: []string{"namePrefix"}, Defaults: map[string]any{"timePeriodEnd": "2087-06-15_00:00"}, Computed: []string{"tagsAll"},
		Sets: []string{"notifications", "notifications[].subscriberSnsTopicArns", "notifications[].subscriberEmailAddresses", "costFilters"},
		Refs: []catalog.Ref{{Path: "notifications[].subscriberSnsTopicArns", To: []string{"aws:sns/topic:Topic"}, By: catalog.ByARN, AnyRegion: true,
			Code: "InvalidParameterException", Message: "Invalid SNS topic ARN: {value}"}},
		Check: checkBudget,
		Compute: func(c *catalog.Call) error {
			c.SetNew("accountId", c.Account)
			c.SetNew("timePeriodStart", c.Now.UTC().Format("2006-01")+"-01_00:00")
			return nil
		},
		Source: api + "API_budgets_Budget.html",
	}}}
}

func checkBudget(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	add := func(property, rule, value, message string) {
		problems = append(problems, catalog.Problem{Property: property, Rule: rule, Value: value, Message: message, Source: api + "API_budgets_Budget.html"})
	}
	if name := c.Str("name"); c.Known("name") && (len(name) > 100 || strings.ContainsAny(name, `:\`)) {
		add("name", "name of a budget", name, `must have at most 100 characters and no : or \`)
	}
	if amount := c.Str("limitAmount"); c.Known("limitAmount") {
		if value, err := strconv.ParseFloat(amount, 64); err != nil || value <= 0 {
			add("limitAmount", "an amount", amount, "must be a number above 0")
		}
	}
	if count := len(catalog.Leaves(c.Inputs, "notifications[].threshold")); count > 10 {
		add("notifications", "at most 10 notifications", fmt.Sprint(count), "must be at most 10")
	}
	for _, leaf := range catalog.Leaves(c.Inputs, "notifications[]") {
		if !leaf.Value.IsObject() {
			continue // not known yet
		}
		notification := leaf.Value.ObjectValue()
		if len(catalog.Leaves(notification, "subscriberSnsTopicArns")) == 0 && len(catalog.Leaves(notification, "subscriberEmailAddresses")) == 0 {
			add(leaf.Path, "a subscriber", "", "needs a topic or an address")
		}
	}
	return problems
}
