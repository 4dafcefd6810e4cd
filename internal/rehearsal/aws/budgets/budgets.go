// Package budgets describes AWS Budgets to the stand-in.
package budgets

import (
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
		Compute: func(c *catalog.Call) error {
			c.SetNew("accountId", c.Account)
			c.SetNew("timePeriodStart", c.Now.UTC().Format("2006-01")+"-01_00:00")
			return nil
		},
		Source: api + "API_budgets_Budget.html",
	}}}
}
