package cloudwatch

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

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
			Check: checkDashboard, Source: alarmAPI + "API_PutDashboard.html",
		},
		{
			Token: "aws:cloudwatch/compositeAlarm:CompositeAlarm", Args: (*sdk.CompositeAlarmArgs)(nil), Resource: (*sdk.CompositeAlarm)(nil),
			Service: "CloudWatch", Title: "CloudWatch Composite Alarm",
			Verbs: map[string]string{"create": "PutCompositeAlarm", "update": "PutCompositeAlarm", "delete": "DeleteAlarms"},
			ARN:   "arn:{partition}:cloudwatch:{region}:{account}:alarm:{alarmName}", ID: catalog.Templated("{alarmName}"), Overwrites: true,
			Defaults: map[string]any{"actionsEnabled": true}, Sets: []string{"alarmActions", "okActions", "insufficientDataActions"},
			Refuse: refuseComposite, Source: alarmAPI + "API_PutCompositeAlarm.html",
		},
		{
			Token: "aws:cloudwatch/logMetricFilter:LogMetricFilter", Args: (*sdk.LogMetricFilterArgs)(nil), Resource: (*sdk.LogMetricFilter)(nil),
			Service: "CloudWatch Logs", Title: "CloudWatch Logs Metric Filter",
			Verbs: map[string]string{"create": "PutMetricFilter", "update": "PutMetricFilter", "delete": "DeleteMetricFilter"},
			ID:    catalog.Templated("{name}"), Overwrites: true, Name: catalog.Name{Property: "name", Auto: 512}, Refs: []catalog.Ref{group("logGroupName")},
			Defaults: map[string]any{"metricTransformation.unit": "None"}, Check: checkFilter, Source: logsAPI + "API_PutMetricFilter.html",
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

func checkDashboard(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	add := func(property, rule, value, message string) {
		problems = append(problems, catalog.Problem{Property: property, Rule: rule, Value: value, Message: message,
			Source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"})
	}
	if name := c.Str("dashboardName"); c.Known("dashboardName") && !regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`).MatchString(name) {
		add("dashboardName", "name of a dashboard", name, "must have 1 to 255 letters, digits, hyphens and underscores")
	}
	if !c.Known("dashboardBody") {
		return problems
	}
	var body struct {
		Widgets []struct {
			Type                string
			X, Y, Width, Height int
			Properties          map[string]any
		}
	}
	text := c.Str("dashboardBody")
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		add("dashboardBody", "a dashboard", "", "must be JSON of AWS's structure: "+err.Error())
		return problems
	}
	if len(body.Widgets) > 500 {
		add("dashboardBody", "at most 500 widgets", fmt.Sprint(len(body.Widgets)), "has too many widgets")
	}
	for i, w := range body.Widgets {
		at := fmt.Sprintf("widgets[%d]", i)
		if w.Width < 1 || w.X < 0 || w.X+w.Width > 24 || w.Height < 1 || w.Height > 1000 {
			add("dashboardBody", "widgets in the grid", at, "must lie in a grid of 24 columns")
		}
		if w.Type == "metric" && (w.Properties["region"] == nil || w.Properties["metrics"] == nil) {
			add("dashboardBody", "metric widgets", at, "needs metrics and region")
		}
	}
	return problems
}

var alarmTerm = regexp.MustCompile(`(ALARM|OK|INSUFFICIENT_DATA)\(\s*"?([^")]+)"?\s*\)`)

// refuseComposite wants every alarm of the rule to exist, in this region.
func refuseComposite(c *catalog.Call) *catalog.Error {
	rule := c.Str("alarmRule")
	terms := alarmTerm.FindAllStringSubmatch(rule, -1)
	if len(terms) == 0 && !strings.Contains(rule, "TRUE") && !strings.Contains(rule, "FALSE") {
		return &catalog.Error{Code: "ValidationError", Property: "alarmRule", Value: rule, Rule: "an alarm rule", Message: "AlarmRule is not valid", Source: alarmAPI + "API_PutCompositeAlarm.html"}
	}
	for _, term := range terms {
		name := term[2]
		if strings.HasPrefix(name, "arn:") {
			name = name[strings.LastIndexByte(name, ':')+1:]
		}
		if c.Get("aws:cloudwatch/metricAlarm:MetricAlarm", name) == nil && c.Get("aws:cloudwatch/compositeAlarm:CompositeAlarm", name) == nil {
			return &catalog.Error{Code: "ValidationError", Property: "alarmRule", Value: name, Rule: "reference exists",
				Message: fmt.Sprintf("Could not save the composite alarm as alarms [%s] in the alarm rule do not exist", name), Source: alarmAPI + "API_PutCompositeAlarm.html"}
		}
	}
	return refuseAlarm(c)
}

func checkFilter(c *catalog.Call) []catalog.Problem {
	value := c.Str("metricTransformation.value")
	if c.Known("metricTransformation.value") && !regexp.MustCompile(`^(-?[0-9.]+|\$.+)$`).MatchString(value) {
		return []catalog.Problem{{Property: "metricTransformation.value", Rule: "a number or a field", Value: value, Message: "must be a number or begin with $",
			Source: logsAPI + "API_MetricTransformation.html"}}
	}
	if c.Has("metricTransformation.defaultValue") && c.Has("metricTransformation.dimensions") {
		return []catalog.Problem{{Property: "metricTransformation.defaultValue", Rule: "default value or dimensions", Message: "a filter with dimensions takes no default value",
			Source: logsAPI + "API_MetricTransformation.html"}}
	}
	return nil
}

// logPolicies is how many resource policies an account has in a region.
const logPolicies = 10

func refuseLogPolicy(c *catalog.Call) *catalog.Error {
	text := c.Str("policyDocument")
	if len(text) > 5120 {
		return &catalog.Error{Code: "LimitExceededException", Property: "policyDocument", Value: fmt.Sprint(len(text)), Rule: "at most 5120 characters",
			Message: "Resource policy size exceeded.", Source: logsAPI + "API_PutResourcePolicy.html"}
	}
	others := c.Tx.Find(c.Account, c.Region, "aws:cloudwatch/logResourcePolicy:LogResourcePolicy", nil)
	if c.Creating() && len(others) >= logPolicies {
		return &catalog.Error{Code: "LimitExceededException", Property: "policyName", Rule: "at most 10 resource policies in a region", Message: "Resource limit exceeded.",
			Source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"}
	}
	return nil
}
