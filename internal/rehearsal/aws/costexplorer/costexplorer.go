// Package costexplorer describes Cost Explorer's anomaly detection and cost-allocation tags to the stand-in.
package costexplorer

import (
	"fmt"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/costexplorer"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

const (
	monitorToken = "aws:costexplorer/anomalyMonitor:AnomalyMonitor"
	api          = "https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/"
)

// Service is what the stand-in knows of Cost Explorer.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{monitorType(), subscriptionType(), tagType()}}
}

func arnOf(kind string) catalog.ID {
	return catalog.Made(func(c *catalog.Call) string {
		c.ARN = fmt.Sprintf("arn:%s:ce::%s:%s/%s", c.Partition, c.Account, kind, catalog.UUID())
		return c.ARN
	})
}

func setARN(c *catalog.Call) { c.SetNew("arn", c.ARN) }

func monitorType() catalog.Type {
	return catalog.Type{
		Token: monitorToken, Args: (*sdk.AnomalyMonitorArgs)(nil), Resource: (*sdk.AnomalyMonitor)(nil), Global: true,
		Service: "Cost Explorer", Action: "AnomalyMonitor", Title: "Cost Explorer Anomaly Monitor", ID: arnOf("anomalymonitor"),
		Name: catalog.Name{Property: "name", Auto: 1024}, Documents: map[string]catalog.Document{"monitorSpecification": {Code: "ValidationException"}},
		Check: func(c *catalog.Call) []catalog.Problem {
			dimensional := c.Str("monitorType") == "DIMENSIONAL"
			if c.Known("monitorType") && (dimensional != c.Has("monitorDimension") || dimensional == c.Has("monitorSpecification")) {
				return []catalog.Problem{{Property: "monitorType", Rule: "dimension or specification", Value: c.Str("monitorType"),
					Message: "DIMENSIONAL takes monitorDimension, CUSTOM takes monitorSpecification", Source: api + "API_AnomalyMonitor.html"}}
			}
			return nil
		},
		// An account has one monitor over all services.
		Refuse: func(c *catalog.Call) *catalog.Error {
			if !c.Creating() || c.Str("monitorType") != "DIMENSIONAL" {
				return nil
			}
			others := c.Tx.Find(c.Account, cloud.Global, monitorToken, func(o *cloud.Object) bool { return catalog.Str(o.State, "monitorType") == "DIMENSIONAL" })
			if len(others) == 0 {
				return nil
			}
			return &catalog.Error{Code: "LimitExceededException", Property: "monitorType", Value: "DIMENSIONAL", Rule: "one monitor by service in an account",
				Message: "Limit exceeded on dimensional spend monitor creation", Source: "https://docs.aws.amazon.com/cost-management/latest/userguide/management-limits.html"}
		},
		Compute: func(c *catalog.Call) error { setARN(c); return nil },
	}
}

func subscriptionType() catalog.Type {
	return catalog.Type{
		Token: "aws:costexplorer/anomalySubscription:AnomalySubscription", Args: (*sdk.AnomalySubscriptionArgs)(nil), Resource: (*sdk.AnomalySubscription)(nil),
		Global: true, Service: "Cost Explorer", Action: "AnomalySubscription", Title: "Cost Explorer Anomaly Subscription", ID: arnOf("anomalysubscription"),
		Name: catalog.Name{Property: "name", Auto: 1024},
		Refs: []catalog.Ref{{Path: "monitorArnLists", To: []string{monitorToken}, By: catalog.ByARN, Code: "UnknownMonitorException",
			Message: "The monitor {value} does not exist", Blocks: false}},
		Sets: []string{"subscribers", "monitorArnLists"},
		Check: func(c *catalog.Call) []catalog.Problem {
			var problems []catalog.Problem
			if !c.Has("thresholdExpression") {
				problems = append(problems, catalog.Problem{Property: "thresholdExpression", Rule: "required", Message: "a threshold must be given", Source: api + "API_AnomalySubscription.html"})
			}
			return problems
		},
		Compute: func(c *catalog.Call) error { setARN(c); c.SetNew("accountId", c.Account); return nil },
	}
}

func tagType() catalog.Type {
	return catalog.Type{
		Token: "aws:costexplorer/costAllocationTag:CostAllocationTag", Args: (*sdk.CostAllocationTagArgs)(nil), Resource: (*sdk.CostAllocationTag)(nil),
		Global: true, Service: "Cost Explorer", Title: "Cost Explorer Cost Allocation Tag",
		Verbs: map[string]string{"create": "UpdateCostAllocationTagsStatus", "update": "UpdateCostAllocationTagsStatus", "delete": "UpdateCostAllocationTagsStatus"},
		ID:    catalog.Templated("{tagKey}"), Overwrites: true, ForceNew: []string{"tagKey"},
		Compute: func(c *catalog.Call) error { c.SetNew("type", "UserDefined"); return nil },
		Source:  api + "API_UpdateCostAllocationTagsStatus.html",
	}
}
