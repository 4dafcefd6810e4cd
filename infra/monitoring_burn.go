package infra

import (
	"fmt"
	"math"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// burnWindow is one pair of windows over which the objective's error budget is watched. The long window says that the
// loss matters, the short one that it still goes on, so that the alarm ends soon after the fault does.
type burnWindow struct {
	name                      string
	longSeconds, shortSeconds int
	// rate is how many times faster than allowed the budget of 30 days is used up: at 14.4 two percent of it are gone in
	// an hour, at 6 five percent in six hours, at 3 a tenth in a day (Site Reliability Workbook, chapter 5).
	rate     float64
	severity Severity
}

var burnWindows = []burnWindow{
	{"1h", 60 * 60, 5 * 60, 14.4, Critical},
	{"6h", 6 * 60 * 60, 30 * 60, 6, Critical},
	{"1d", 24 * 60 * 60, 2 * 60 * 60, 3, Warning},
}

// worstShare is the share of failing requests, in percent, at which a burn-rate alarm goes off in any case: with a low
// objective the rate would ask for more than all requests to fail.
const worstShare = 50

// burnPercent is the share of failing requests, in percent, at which budget burns at rate.
func burnPercent(availability, rate float64) float64 {
	share := (100 - availability) * rate
	return math.Min(math.Round(share*1e4)/1e4, worstShare)
}

// burnFloor is how many requests a window must have before it says anything: the setting holds for the long window, the
// short one has its part of it. Without it, one failed request of three at night would wake somebody.
func burnFloor(floor, windowSeconds, longSeconds int) int {
	return max(1, floor*windowSeconds/longSeconds)
}

// burnExpression is the share of failing requests in percent, and zero below the floor of traffic.
func burnExpression(floor int) string {
	return "IF(requests >= " + strconv.Itoa(floor) + ", 100 * FILL(errors, 0) / requests, 0)"
}

// burnRates makes, for each pair of windows, an alarm per window that notifies nobody, and a composite alarm of the two
// that does. It returns the composite alarms' names.
func (m *Monitoring) burnRates(ctx *pulumi.Context, args *MonitoringArgs) ([]pulumi.StringOutput, error) {
	parent := pulumi.Parent(m)
	topics := args.Alerts.In(args.Placement.Primary)
	var names []pulumi.StringOutput
	for _, window := range burnWindows {
		var pair []pulumi.StringInput
		for _, seconds := range []int{window.longSeconds, window.shortSeconds} {
			alarm, err := burnAlarm(ctx, args, window, seconds, parent)
			if err != nil {
				return nil, err
			}
			pair = append(pair, alarm.Name)
		}
		topic := topics.Warning
		if window.severity == Critical {
			topic = topics.Critical
		}
		composite, err := cloudwatch.NewCompositeAlarm(ctx, "burn-"+window.name, &cloudwatch.CompositeAlarmArgs{
			AlarmName: pulumi.String(args.Placement.Of(limitAlarm, "burn", window.name)),
			AlarmDescription: pulumi.String(fmt.Sprintf("The API fails so often that the error budget of %s%% availability burns %s times too fast (%s). "+
				"Look first at the dashboard %s, then whether a deployment runs: it can be rolled back by one command.",
				plainNumber(args.Settings.Availability), plainNumber(window.rate), window.name, args.Placement.Of(limitAlarm, "overview"))),
			AlarmRule: DocumentFrom(pair, func(known []string) (string, error) {
				return fmt.Sprintf("ALARM(%q) AND ALARM(%q)", known[0], known[1]), nil
			}),
			AlarmActions: pulumi.StringArray{topic},
			OkActions:    pulumi.StringArray{topic},
		}, parent)
		if err != nil {
			return nil, fmt.Errorf("creating the burn-rate alarm %s: %w", window.name, err)
		}
		names = append(names, composite.AlarmName)
	}
	return names, nil
}

// burnAlarm is one window of a pair. It has no actions: the composite alarm speaks.
func burnAlarm(ctx *pulumi.Context, args *MonitoringArgs, window burnWindow, seconds int, parent pulumi.ResourceOption) (*cloudwatch.MetricAlarm, error) {
	part := "long"
	if seconds == window.shortSeconds {
		part = "short"
	}
	dimensions := pulumi.StringMap{"ApiName": pulumi.String(args.Api.Name), "Stage": args.Api.StageName}
	floor := burnFloor(args.Settings.FloorRequests, seconds, window.longSeconds)
	name := "burn-" + window.name + "-" + part
	alarm, err := cloudwatch.NewMetricAlarm(ctx, name, &cloudwatch.MetricAlarmArgs{
		Name:               pulumi.String(args.Placement.Of(limitAlarm, "burn", window.name, part)),
		AlarmDescription:   pulumi.String(fmt.Sprintf("Share of failing API requests in %d minutes; part of %s, notifies nobody by itself.", seconds/60, args.Placement.Of(limitAlarm, "burn", window.name))),
		ComparisonOperator: pulumi.String("GreaterThanThreshold"),
		Threshold:          pulumi.Float64(burnPercent(args.Settings.Availability, window.rate)),
		EvaluationPeriods:  pulumi.Int(1),
		// Without traffic nothing fails.
		TreatMissingData: pulumi.String(string(MissingIsGood)),
		MetricQueries: cloudwatch.MetricAlarmMetricQueryArray{
			metricQuery("requests", "AWS/ApiGateway", "Count", "Sum", seconds, dimensions),
			metricQuery("errors", "AWS/ApiGateway", "5XXError", "Sum", seconds, dimensions),
			mathQuery("share", burnExpression(floor), "failing requests, percent"),
		},
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("creating the alarm %s: %w", name, err)
	}
	return alarm, nil
}

// plainNumber writes 14.4 as 14.4 and 3 as 3.
func plainNumber(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

// oneLight makes a composite alarm over all burn rates. It notifies nobody: it is the light that the overview shows and
// that a deployment can ask.
func (m *Monitoring) oneLight(ctx *pulumi.Context, args *MonitoringArgs, burns []pulumi.StringOutput) (pulumi.StringOutput, error) {
	var inputs []pulumi.StringInput
	for _, name := range burns {
		inputs = append(inputs, name)
	}
	light, err := cloudwatch.NewCompositeAlarm(ctx, "availability", &cloudwatch.CompositeAlarmArgs{
		AlarmName:        pulumi.String(args.Placement.Of(limitAlarm, "availability")),
		AlarmDescription: pulumi.String("One light over every burn rate of the availability objective; notifies nobody by itself."),
		AlarmRule: DocumentFrom(inputs, func(known []string) (string, error) {
			rule := ""
			for i, name := range known {
				if i > 0 {
					rule += " OR "
				}
				rule += fmt.Sprintf("ALARM(%q)", name)
			}
			return rule, nil
		}),
	}, pulumi.Parent(m))
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("creating the availability alarm: %w", err)
	}
	return light.AlarmName, nil
}
