package cloudwatch

import (
	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// viewTypes are dashboards, composite alarms, and what is made on logs: metric filters, resource policies and queries.
func viewTypes() []catalog.Type {
	group := func(path string) catalog.Ref {
		return catalog.Ref{Path: path, To: []string{"aws:cloudwatch/logGroup:LogGroup"}, By: catalog.ByName, Code: "ResourceNotFoundException",
			Message: "The specified log group does not exist."}
	}
	return []catalog.Type{
		{
			Token: "aws:cloudwatch/dashboard:Dashboard", Args: (*sdk.DashboardArgs)(nil), Resource: (*sdk.Dashboard)(nil),
			Service: "CloudWatch", Title: "CloudWatch Dashboard", Verbs: map[string]string{"create": "PutDashboard", "update": "PutDashboard", "delete": "DeleteDashboards"},
			// Dashboards belong to the account and have no region in their ARN.
			Global: true, ARN: "arn:{partition}:cloudwatch::{account}:dashboard/{dashboardName}", ARNProperty: "dashboardArn", ID: catalog.Templated("{dashboardName}"),
			Overwrites: true, Documents: map[string]catalog.Document{"dashboardBody": {Code: "DashboardInvalidInputError"}}, Loose: []string{"dashboardBody"},
			Source: alarmAPI + "API_PutDashboard.html",
		},
		{
			Token: "aws:cloudwatch/compositeAlarm:CompositeAlarm", Args: (*sdk.CompositeAlarmArgs)(nil), Resource: (*sdk.CompositeAlarm)(nil),
			Service: "CloudWatch", Title: "CloudWatch Composite Alarm",
			Verbs: map[string]string{"create": "PutCompositeAlarm", "update": "PutCompositeAlarm", "delete": "DeleteAlarms"},
			ARN:   "arn:{partition}:cloudwatch:{region}:{account}:alarm:{alarmName}", ID: catalog.Templated("{alarmName}"), Overwrites: true,
			Defaults: map[string]any{"actionsEnabled": true}, Sets: []string{"alarmActions", "okActions", "insufficientDataActions"},
			Source: alarmAPI + "API_PutCompositeAlarm.html",
		},
		{
			Token: "aws:cloudwatch/logMetricFilter:LogMetricFilter", Args: (*sdk.LogMetricFilterArgs)(nil), Resource: (*sdk.LogMetricFilter)(nil),
			Service: "CloudWatch Logs", Title: "CloudWatch Logs Metric Filter",
			Verbs: map[string]string{"create": "PutMetricFilter", "update": "PutMetricFilter", "delete": "DeleteMetricFilter"},
			ID:    catalog.Templated("{name}"), Overwrites: true, Name: catalog.Name{Property: "name", Auto: 512}, Refs: []catalog.Ref{group("logGroupName")},
			Defaults: map[string]any{"metricTransformation.unit": "None"}, Source: logsAPI + "API_PutMetricFilter.html",
		},
		{
			Token: "aws:cloudwatch/logResourcePolicy:LogResourcePolicy", Args: (*sdk.LogResourcePolicyArgs)(nil), Resource: (*sdk.LogResourcePolicy)(nil),
			Service: "CloudWatch Logs", Title: "CloudWatch Logs Resource Policy",
			Verbs: map[string]string{"create": "PutResourcePolicy", "update": "PutResourcePolicy", "delete": "DeleteResourcePolicy"},
			ID:    catalog.Templated("{policyName}"), Overwrites: true, Documents: map[string]catalog.Document{"policyDocument": {Code: "InvalidParameterException"}},
			Refuse: refuseLogPolicy, Source: logsAPI + "API_PutResourcePolicy.html",
		},
		{
			Token: "aws:cloudwatch/queryDefinition:QueryDefinition", Args: (*sdk.QueryDefinitionArgs)(nil), Resource: (*sdk.QueryDefinition)(nil),
			Service: "CloudWatch Logs", Title: "CloudWatch Logs Query Definition",
			Verbs: map[string]string{"create": "PutQueryDefinition", "update": "PutQueryDefinition", "delete": "DeleteQueryDefinition"},
			ID:    catalog.Made(func(*catalog.Call) string { return catalog.UUID() }), Name: catalog.Name{Property: "name", Auto: 255},
			Refs:    []catalog.Ref{group("logGroupNames")},
			Compute: func(c *catalog.Call) error { c.SetNew("queryDefinitionId", c.ID); return nil }, Source: logsAPI + "API_PutQueryDefinition.html",
		},
	}
}

// logPolicies is how many resource policies an account has in a region.
const logPolicies = 10

func refuseLogPolicy(c *catalog.Call) *catalog.Error {
	others := c.Tx.Find(c.Account, c.Region, "aws:cloudwatch/logResourcePolicy:LogResourcePolicy", nil)
	if c.Creating() && len(others) >= logPolicies {
		return &catalog.Error{Code: "LimitExceededException", Property: "policyName", Rule: "at most 10 resource policies in a region", Message: "Resource limit exceeded.",
			Source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"}
	}
	return nil
}
