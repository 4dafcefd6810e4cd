package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	apiNamespace = "AWS/ApiGateway"
	// apiAlarmPeriod is the length in seconds of a period of the API's alarms.
	apiAlarmPeriod = 300
	// apiFloor is how many requests a period needs before a rate says anything: one failure of three is no outage.
	apiFloor = 20
	// apiServerErrorPercent and apiClientErrorPercent are the rates that somebody hears of. Browsers and scanners make
	// client errors every day; a third of all requests is a broken release or an attack.
	apiServerErrorPercent = 5
	apiClientErrorPercent = 33
)

func (a *Api) alarms(ctx *pulumi.Context, args *ApiArgs) error {
	dimensions := pulumi.StringMap{"ApiName": pulumi.String(a.Name), "Stage": a.StageName}
	rate := func(metric string) cloudwatch.MetricAlarmMetricQueryArray {
		return cloudwatch.MetricAlarmMetricQueryArray{
			metricQuery("errors", apiNamespace, metric, "Sum", apiAlarmPeriod, dimensions),
			metricQuery("requests", apiNamespace, "Count", "Sum", apiAlarmPeriod, dimensions),
			mathQuery("rate", fmt.Sprintf("IF(requests >= %d, 100 * errors / requests, 0)", apiFloor), "Percent of requests"),
		}
	}
	for _, alarm := range []struct {
		logical string
		args    AlarmArgs
	}{
		{"api-5xx", AlarmArgs{
			Parts: []string{"api", "5xx"}, Severity: Critical, Queries: rate("5XXError"), Threshold: apiServerErrorPercent,
			Description: fmt.Sprintf("More than %d percent of the API's requests end in a server error. Look first at the access log: integrationStatus 5xx is the service's own (its log, its last deployment), "+
				"none with 503 or 504 is the VPC link or the balancer (healthy targets?).", apiServerErrorPercent),
		}},
		{"api-4xx", AlarmArgs{
			Parts: []string{"api", "4xx"}, Severity: Warning, Queries: rate("4XXError"), Threshold: apiClientErrorPercent,
			Description: fmt.Sprintf("More than %d percent of the API's requests are refused. Look first at the access log by status and route: 403 with a waf field is the web ACL, 429 the throttling, "+
				"400 the request validation of the last release, 401 the tokens.", apiClientErrorPercent),
		}},
		{"api-latency", AlarmArgs{
			Parts: []string{"api", "latency"}, Severity: Warning, Namespace: apiNamespace, Metric: "Latency", Statistic: "p95",
			Dimensions: dimensions, Threshold: float64(args.Settings.Latency), PeriodSeconds: apiAlarmPeriod,
			Description: fmt.Sprintf("1 of 20 requests takes longer than %d ms. Look first whether integrationLatency is as long: then it is the service (its CPU, the database's), else API Gateway.", args.Settings.Latency),
		}},
	} {
		alarm.args.Comparison, alarm.args.Periods, alarm.args.Breaching = "GreaterThanThreshold", 3, 2
		// No requests, no value.
		alarm.args.Missing = MissingIsGood
		if _, err := newAlarm(ctx, alarm.logical, args.Placement.Names, args.Alerts.In(args.Placement.Primary), alarm.args, pulumi.Parent(a)); err != nil {
			return err
		}
	}
	return nil
}
