package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// errorPattern finds an error line in JSON and in key=value logs, and Go's panic. A filter pattern's terms after a
// question mark are alternatives.
const errorPattern = `?"\"level\":\"ERROR\"" ?"\"level\":\"error\"" ?"level=ERROR" ?"level=error" ?"panic:"`

// errorLines is how many error lines of a service in five minutes are too many.
const errorLines = 20

// errorMetric is the metric of a service's error lines.
func errorMetric(service string) string { return "ErrorLines-" + service }

// Metrics that are made out of logs.
const (
	metricApiFailures  = "ApiFailures"
	metricSessionLines = "SessionLines"
)

// filters count lines of logs: error lines per service, failing requests in the API's access log, and what is typed in
// sessions.
func (m *Monitoring) filters(ctx *pulumi.Context, args *MonitoringArgs) error {
	place := args.Placement
	for _, service := range sortedKeys(args.Ecs.ByName) {
		if err := m.filter(ctx, place, "errors-"+service, args.Ecs.ByName[service].LogGroup, errorPattern, errorMetric(service)); err != nil {
			return err
		}
		if _, err := newAlarm(ctx, "errors-"+service, place.Names, args.Alerts.In(place.Primary), AlarmArgs{
			Parts: []string{service, "error-lines"}, Severity: Warning,
			Description: fmt.Sprintf("The service %s writes many error lines. Read the last of them (the query %s), then compare with its last deployment.",
				service, queryName(place, "errors-"+service)),
			Namespace: metricNamespace(place), Metric: errorMetric(service), Statistic: "Sum", Comparison: "GreaterThanThreshold",
			// Now and then a line is noise; twice in a row is a fault.
			Threshold: errorLines, PeriodSeconds: 300, Periods: 2, Missing: MissingIsGood,
		}, pulumi.Parent(m)); err != nil {
			return err
		}
	}
	if err := m.filter(ctx, place, "api-failures", args.Api.AccessLogGroup, apiFailurePattern, metricApiFailures); err != nil {
		return err
	}
	return m.filter(ctx, place, "session-lines", args.Account.SessionLogGroup, "{ $.sessionId = \"*\" }", metricSessionLines)
}

// apiFailurePattern finds server errors in the API's access log.
const apiFailurePattern = `{ $.status = "5*" }`

func (m *Monitoring) filter(ctx *pulumi.Context, place *Placement, name string, group pulumi.StringInput, pattern, metricName string) error {
	if _, err := cloudwatch.NewLogMetricFilter(ctx, name, &cloudwatch.LogMetricFilterArgs{
		Name: pulumi.String(place.Of(limitAlarm, name)), LogGroupName: group, Pattern: pulumi.String(pattern),
		MetricTransformation: &cloudwatch.LogMetricFilterMetricTransformationArgs{
			Namespace: pulumi.String(metricNamespace(place)), Name: pulumi.String(metricName), Value: pulumi.String("1"),
			// Zero where lines come and none matches: a graph with a line at zero, not one without data.
			DefaultValue: pulumi.String("0"), Unit: pulumi.String("Count"),
		},
	}, pulumi.Parent(m)); err != nil {
		return fmt.Errorf("creating the metric filter %s: %w", name, err)
	}
	return nil
}

// queryName is a saved query's name; a slash makes a folder in the console.
func queryName(place *Placement, name string) string { return place.Path(name) }

// queries saves the questions of three in the morning.
func (m *Monitoring) queries(ctx *pulumi.Context, args *MonitoringArgs) error {
	place := args.Placement
	queries := map[string]struct {
		groups []pulumi.StringInput
		text   string
	}{
		"api-slowest": {[]pulumi.StringInput{args.Api.AccessLogGroup},
			"fields @timestamp, method, path, status, latency * 1 as ms, integrationLatency\n| sort ms desc\n| limit 50"},
		"api-failures": {[]pulumi.StringInput{args.Api.AccessLogGroup},
			"filter status like /^5/\n| stats count() as failures by bin(5m), path, status, integrationError\n| sort failures desc"},
		"api-callers": {[]pulumi.StringInput{args.Api.AccessLogGroup},
			"stats count() as requests by ip\n| sort requests desc\n| limit 25"},
		"sessions": {[]pulumi.StringInput{args.Account.SessionLogGroup},
			"fields @timestamp, userIdentity.arn, runAsUser, sessionId\n| stats min(@timestamp) as started, count() as lines by sessionId, userIdentity.arn\n| sort started desc"},
	}
	var functions []pulumi.StringInput
	for _, name := range sortedKeys(args.Functions.ByName) {
		functions = append(functions, args.Functions.ByName[name].LogGroup)
	}
	if len(functions) > 0 {
		queries["functions-errors"] = struct {
			groups []pulumi.StringInput
			text   string
		}{functions, "fields @timestamp, @log, @message\n| filter @message like /(?i)(\"level\":\"error\"|panic|task timed out)/\n| sort @timestamp desc\n| limit 100"}
	}
	for _, service := range sortedKeys(args.Ecs.ByName) {
		queries["errors-"+service] = struct {
			groups []pulumi.StringInput
			text   string
		}{[]pulumi.StringInput{args.Ecs.ByName[service].LogGroup},
			"fields @timestamp, @logStream, @message\n| filter @message like /(?i)(\"level\":\"error\"|level=error|panic:)/\n| sort @timestamp desc\n| limit 100"}
	}
	for _, name := range sortedKeys(queries) {
		query := queries[name]
		var groups pulumi.StringArray
		for _, group := range query.groups {
			groups = append(groups, group)
		}
		if _, err := cloudwatch.NewQueryDefinition(ctx, name, &cloudwatch.QueryDefinitionArgs{
			Name: pulumi.String(queryName(place, name)), LogGroupNames: groups, QueryString: pulumi.String(query.text),
		}, pulumi.Parent(m)); err != nil {
			return fmt.Errorf("creating the query %s: %w", name, err)
		}
	}
	return nil
}
