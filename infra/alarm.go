package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Severity says which topic an alarm notifies.
type Severity string

// Critical wakes somebody; Warning is read in the morning.
const (
	Critical Severity = "critical"
	Warning  Severity = "warning"
)

// Missing says what an alarm makes of a period without data.
type Missing string

// What CloudWatch takes for treat_missing_data.
const (
	MissingIsGood    Missing = "notBreaching"
	MissingIsBad     Missing = "breaching"
	MissingIsIgnored Missing = "ignore"
)

// AlarmArgs describes one CloudWatch alarm: either a metric, or queries with metric math.
type AlarmArgs struct {
	// Parts are the physical name's middle: itrack-<parts>-<environment>.
	Parts []string
	// Description says what is wrong and what to do first; whoever is woken reads it before anything else.
	Description string
	Severity    Severity

	Namespace  string
	Metric     string
	Dimensions pulumi.StringMap
	// Statistic is Average, Sum, Minimum, Maximum or SampleCount, or a percentile such as p99.
	Statistic string
	// Queries replace the metric; exactly one returns data.
	Queries cloudwatch.MetricAlarmMetricQueryArray

	// Comparison is CloudWatch's operator, such as GreaterThanThreshold.
	Comparison string
	Threshold  float64
	// PeriodSeconds is the length of a period (10, 30 or a multiple of 60); Periods how many are looked at, Breaching
	// how many of them must be bad (0 means all).
	PeriodSeconds int
	Periods       int
	Breaching     int
	Missing       Missing
}

// newAlarm makes an alarm that notifies topics when it goes off and when it ends. The caller's options carry parent and,
// outside the primary region, the provider; topics must be those of the same region.
func newAlarm(ctx *pulumi.Context, name string, names Names, topics Topics, args AlarmArgs, opts ...pulumi.ResourceOption) (*cloudwatch.MetricAlarm, error) {
	topic := topics.Warning
	if args.Severity == Critical {
		topic = topics.Critical
	}
	actions := pulumi.Array{topic}
	alarm := &cloudwatch.MetricAlarmArgs{
		Name:               pulumi.String(names.Of(limitAlarm, args.Parts...)),
		AlarmDescription:   pulumi.String(args.Description),
		AlarmActions:       actions,
		OkActions:          actions,
		ComparisonOperator: pulumi.String(args.Comparison),
		Threshold:          pulumi.Float64(args.Threshold),
		EvaluationPeriods:  pulumi.Int(args.Periods),
		TreatMissingData:   pulumi.String(string(args.Missing)),
	}
	if args.Breaching > 0 {
		alarm.DatapointsToAlarm = pulumi.Int(args.Breaching)
	}
	if len(args.Queries) > 0 {
		alarm.MetricQueries = args.Queries
	} else {
		alarm.Namespace = pulumi.String(args.Namespace)
		alarm.MetricName = pulumi.String(args.Metric)
		alarm.Dimensions = args.Dimensions
		alarm.Period = pulumi.Int(args.PeriodSeconds)
		if args.Statistic[0] == 'p' {
			alarm.ExtendedStatistic = pulumi.String(args.Statistic)
		} else {
			alarm.Statistic = pulumi.String(args.Statistic)
		}
	}
	made, err := cloudwatch.NewMetricAlarm(ctx, name, alarm, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating the alarm %s: %w", name, err)
	}
	return made, nil
}

// metricQuery is one metric of an alarm with metric math; id is what expressions call it.
func metricQuery(id, namespace, metric, statistic string, periodSeconds int, dimensions pulumi.StringMap) *cloudwatch.MetricAlarmMetricQueryArgs {
	return &cloudwatch.MetricAlarmMetricQueryArgs{
		Id: pulumi.String(id),
		Metric: &cloudwatch.MetricAlarmMetricQueryMetricArgs{
			Namespace:  pulumi.String(namespace),
			MetricName: pulumi.String(metric),
			Stat:       pulumi.String(statistic),
			Period:     pulumi.Int(periodSeconds),
			Dimensions: dimensions,
		},
	}
}

// mathQuery is the expression that the alarm looks at.
func mathQuery(id, expression, label string) *cloudwatch.MetricAlarmMetricQueryArgs {
	return &cloudwatch.MetricAlarmMetricQueryArgs{
		Id:         pulumi.String(id),
		Expression: pulumi.String(expression),
		Label:      pulumi.String(label),
		ReturnData: pulumi.Bool(true),
	}
}
