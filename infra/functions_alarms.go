package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Thresholds of the functions' alarms.
const (
	functionAlarmSeconds = 300
	// A stream that is five minutes behind has a shard that is stuck on a batch, or too little concurrency.
	iteratorAgeMillis = 5 * 60 * 1000
	// The share of the timeout at which a function is about to be cut off.
	durationShare = 0.8
)

// durationLimit is the p99 duration, in milliseconds, at which the alarm goes off.
func durationLimit(settings FunctionSettings) float64 {
	if settings.DurationMillisAlarm > 0 {
		return float64(settings.DurationMillisAlarm)
	}
	return float64(settings.Timeout) * 1000 * durationShare
}

// alarms watches one function: errors, throttles, duration, what it gave up on and, with a stream, how far behind it is.
func (f *Functions) alarms(ctx *pulumi.Context, args *FunctionsArgs, parts *functionParts) error {
	place, name := args.Placement, parts.name
	function := pulumi.StringMap{"FunctionName": pulumi.String(parts.physical)}
	alarms := []struct {
		kind  string
		alarm AlarmArgs
	}{
		{"errors", AlarmArgs{
			Description: fmt.Sprintf("The function %s fails. First look at its log group %s for the error, then at its dead-letter queue for the event.", name, "/aws/lambda/"+parts.physical),
			Namespace:   "AWS/Lambda", Metric: "Errors", Statistic: "Sum", Dimensions: function, Comparison: "GreaterThanThreshold",
			PeriodSeconds: functionAlarmSeconds, Periods: 1, Missing: MissingIsGood, Severity: Warning,
		}},
		{"throttles", AlarmArgs{
			Description: fmt.Sprintf("The function %s is throttled: its reserved concurrency or the account's is used up. First look at the account's ConcurrentExecutions.", name),
			Namespace:   "AWS/Lambda", Metric: "Throttles", Statistic: "Sum", Dimensions: function, Comparison: "GreaterThanThreshold",
			PeriodSeconds: functionAlarmSeconds, Periods: 1, Missing: MissingIsGood, Severity: Warning,
		}},
		{"duration", AlarmArgs{
			Description: fmt.Sprintf("The function %s takes nearly as long as its timeout allows (p99). First look at its traces in X-Ray for what is slow.", name),
			Namespace:   "AWS/Lambda", Metric: "Duration", Statistic: "p99", Dimensions: function, Comparison: "GreaterThanThreshold",
			Threshold: durationLimit(parts.settings), PeriodSeconds: functionAlarmSeconds, Periods: 2, Missing: MissingIsGood, Severity: Warning,
		}},
		{"dead-letters", AlarmArgs{
			Description: fmt.Sprintf("The function %s gave up on events; they wait in its dead-letter queue for 14 days. First read one, repair the cause, then send them again.", name),
			Namespace:   "AWS/SQS", Metric: "ApproximateNumberOfMessagesVisible", Statistic: "Maximum",
			Dimensions: pulumi.StringMap{"QueueName": parts.queue.Name}, Comparison: "GreaterThanThreshold",
			PeriodSeconds: functionAlarmSeconds, Periods: 1, Missing: MissingIsGood, Severity: Critical,
		}},
	}
	if parts.settings.Stream != "" {
		alarms = append(alarms, struct {
			kind  string
			alarm AlarmArgs
		}{"iterator-age", AlarmArgs{
			Description: fmt.Sprintf("The function %s is more than five minutes behind its stream; after 24 hours changes are lost. First look at its errors and its duration.", name),
			Namespace:   "AWS/Lambda", Metric: "IteratorAge", Statistic: "Maximum",
			// The mapping calls the alias: its figures carry the alias as well.
			Dimensions: pulumi.StringMap{"FunctionName": pulumi.String(parts.physical), "Resource": pulumi.String(parts.physical + ":" + FunctionAlias)},
			Comparison: "GreaterThanThreshold", Threshold: iteratorAgeMillis,
			PeriodSeconds: functionAlarmSeconds, Periods: 2, Missing: MissingIsGood, Severity: Critical,
		}})
	}
	for _, alarm := range alarms {
		alarm.alarm.Parts = []string{name, "function", alarm.kind}
		if _, err := newAlarm(ctx, "function-"+name+"-"+alarm.kind, place.Names, args.Alerts.In(place.Primary), alarm.alarm, pulumi.Parent(f)); err != nil {
			return err
		}
	}
	return nil
}
