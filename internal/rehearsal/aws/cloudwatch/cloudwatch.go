// Package cloudwatch describes CloudWatch, its logs and EventBridge to the stand-in.
package cloudwatch

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	logsAPI  = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/"
	alarmAPI = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/"
)

// Service is what the stand-in knows of CloudWatch.
func Service() catalog.Service {
	return catalog.Service{Types: append(append(groupAndAlarmTypes(), eventTypes()...), viewTypes()...)}
}

// groupAndAlarmTypes are log groups and alarms.
func groupAndAlarmTypes() []catalog.Type {
	return []catalog.Type{
		{
			Token: "aws:cloudwatch/logGroup:LogGroup", Args: (*sdk.LogGroupArgs)(nil), Resource: (*sdk.LogGroup)(nil),
			Service: "CloudWatch Logs", Action: "LogGroup", Title: "CloudWatch Logs Log Group", Verbs: map[string]string{"update": "PutRetentionPolicy"},
			ARN: "arn:{partition}:logs:{region}:{account}:log-group:{name}", ID: catalog.Templated("{name}"),
			Name: catalog.Name{Property: "name", Auto: 512, Prefix: "namePrefix", Scope: catalog.InRegion, Code: "ResourceAlreadyExistsException",
				Message: "The specified log group already exists: {name}"},
			Blank: []string{"namePrefix"},
			Refs: []catalog.Ref{{Path: "kmsKeyId", To: []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"}, By: catalog.ByARN, Code: "AccessDeniedException",
				Message: "The specified KMS key does not exist or is not allowed to be used: {value}"}},
			Check:   checkLogGroup,
			Compute: func(c *catalog.Call) error { c.SetNew("logGroupClass", "STANDARD"); return nil },
		},
		{
			Token: "aws:cloudwatch/metricAlarm:MetricAlarm", Args: (*sdk.MetricAlarmArgs)(nil), Resource: (*sdk.MetricAlarm)(nil),
			Service: "CloudWatch", Action: "MetricAlarm", Title: "CloudWatch Metric Alarm",
			Verbs: map[string]string{"create": "PutMetricAlarm", "update": "PutMetricAlarm", "delete": "DeleteAlarms"},
			ARN:   "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}", ID: catalog.Templated("{name}"), Overwrites: true,
			Name:     catalog.Name{Property: "name", Auto: 255},
			Defaults: map[string]any{"actionsEnabled": true, "treatMissingData": "missing"},
			Blank:    []string{"evaluateLowSampleCountPercentiles"},
			Sets:     []string{"alarmActions", "okActions", "insufficientDataActions", "metricQueries"},
			Check:    checkAlarm, Refuse: refuseAlarm,
		},
	}
}

// Retentions are the days for which CloudWatch keeps logs; 0 is forever.
var Retentions = []float64{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

var groupName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

func checkLogGroup(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	if days := c.Num("retentionInDays"); c.Known("retentionInDays") && !slices.Contains(Retentions, days) {
		problems = append(problems, catalog.Problem{Property: "retentionInDays", Rule: "allowed values", Value: fmt.Sprint(days),
			Message: strings.Trim("must be one of "+fmt.Sprint(Retentions), "[]"), Source: logsAPI + "API_PutRetentionPolicy.html"})
	}
	if c.Known("name") && !groupName.MatchString(c.Str("name")) {
		problems = append(problems, catalog.Problem{Property: "name", Rule: "name of a log group", Value: c.Str("name"),
			Message: "must have 1 to 512 letters, digits and ._-/#", Source: logsAPI + "API_CreateLogGroup.html"})
	}
	return problems
}

func checkAlarm(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	add := func(property, rule, message string) {
		problems = append(problems, catalog.Problem{Property: property, Rule: rule, Message: message, Source: alarmAPI + "API_PutMetricAlarm.html"})
	}
	if c.Has("metricName") == c.Has("metricQueries") {
		add("metricName", "one metric", "either metricName or metricQueries must be given")
	}
	if c.Has("metricName") {
		for _, path := range []string{"namespace", "period"} {
			if !c.Has(path) {
				add(path, "required", "missing required property of an alarm on a metric")
			}
		}
		if c.Has("statistic") == c.Has("extendedStatistic") {
			add("statistic", "one statistic", "exactly one of statistic and extendedStatistic must be given")
		}
	}
	if c.Has("threshold") == c.Has("thresholdMetricId") {
		add("threshold", "one threshold", "exactly one of threshold and thresholdMetricId must be given")
	}
	if period := c.Num("period"); c.Known("period") && period != 10 && period != 20 && period != 30 && (period < 60 || int(period)%60 != 0) {
		add("period", "period of an alarm", "must be 10, 20, 30 or a multiple of 60 seconds")
	}
	if c.Known("datapointsToAlarm") && c.Num("datapointsToAlarm") > c.Num("evaluationPeriods") {
		add("datapointsToAlarm", "at most the evaluation periods", "must not be greater than evaluationPeriods")
	}
	if length := c.Num("period") * c.Num("evaluationPeriods"); c.Known("period") && length > 604800 || c.Known("period") && c.Num("period") < 3600 && length > 86400 {
		add("evaluationPeriods", "evaluated time", "periods times evaluationPeriods must be at most one day, or seven days with periods of an hour or more")
	}
	return append(problems, checkQueries(c)...)
}

// checkQueries wants exactly one query that returns data, and ids that AWS takes.
func checkQueries(c *catalog.Call) []catalog.Problem {
	if !c.Known("metricQueries") {
		return nil
	}
	var problems []catalog.Problem
	ids, returning := map[string]bool{}, 0
	form := regexp.MustCompile(`^[a-z][a-zA-Z0-9_]{0,254}$`)
	for _, leaf := range catalog.Leaves(c.Inputs, "metricQueries[]") {
		if !leaf.Value.IsObject() {
			continue
		}
		query := leaf.Value.ObjectValue()
		id := catalog.Str(query, "id")
		if !form.MatchString(id) || ids[id] {
			problems = append(problems, catalog.Problem{Property: leaf.Path + ".id", Rule: "id of a query", Value: id,
				Message: "must be unique, start with a lower-case letter and have letters, digits and underscores", Source: alarmAPI + "API_MetricDataQuery.html"})
		}
		ids[id] = true
		if value := catalog.Plain(query["returnData"]); value.IsBool() && value.BoolValue() {
			returning++
		}
		if hasMetric, hasExpression := !catalog.Plain(query["metric"]).IsNull(), catalog.Str(query, "expression") != ""; hasMetric == hasExpression {
			problems = append(problems, catalog.Problem{Property: leaf.Path, Rule: "metric or expression", Message: "needs either metric or expression",
				Source: alarmAPI + "API_MetricDataQuery.html"})
		}
	}
	if returning != 1 {
		problems = append(problems, catalog.Problem{Property: "metricQueries", Rule: "one query returns data", Value: fmt.Sprint(returning),
			Message: "exactly one query must have returnData true", Source: alarmAPI + "API_PutMetricAlarm.html"})
	}
	return problems
}

// refuseAlarm keeps alarms from notifying what is in another region: that a topic exists is checked for every ARN.
func refuseAlarm(c *catalog.Call) *catalog.Error {
	for _, path := range []string{"alarmActions", "okActions", "insufficientDataActions"} {
		for _, arn := range c.Strs(path) {
			parts := strings.SplitN(arn, ":", 6)
			if len(parts) == 6 && parts[2] == "sns" && parts[3] != c.Region {
				return &catalog.Error{Code: "ValidationError", Property: path, Value: arn, Rule: "actions in the alarm's region",
					Message: fmt.Sprintf("Invalid region %s specified. Only %s is supported.", parts[3], c.Region), Source: alarmAPI + "API_PutMetricAlarm.html"}
			}
		}
	}
	return nil
}
