package infra

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Thresholds of the balancer's alarms, per five minutes. The balancer's own 5xx means that no target could be asked
// (none healthy, or none answered): more than a handful is an outage. Targets' 5xx are bugs: the services' own alarms
// look at the share, this one sees what falls between them.
const (
	balancerAlarmSeconds   = 300
	balancerOwnErrors      = 10
	balancerTargetErrors   = 50
	balancerRejectedLimit  = 0
	balancerConnectionErrs = 20
)

// alarms watches what concerns the balancer as a whole; unhealthy hosts and error shares are per service.
func (b *Balancer) alarms(ctx *pulumi.Context, args *BalancerArgs) error {
	for _, alarm := range []struct {
		name, metric, description string
		severity                  Severity
		threshold                 float64
	}{
		{"elb-5xx", "HTTPCode_ELB_5XX_Count",
			"The internal load balancer answers with errors of its own: it finds no healthy target, or none that answers in time. " +
				"First look at the services' running tasks and the unhealthy-host alarms, then at the access logs (elb_status_code, target_status_code -).",
			Critical, balancerOwnErrors},
		{"target-5xx", "HTTPCode_Target_5XX_Count",
			"Services answer with server errors. First see which one: each has an alarm on its own share of errors; then its log group.",
			Warning, balancerTargetErrors},
		{"rejected-connections", "RejectedConnectionCount",
			"The internal load balancer refuses connections because it is at its limit. First look at the request rate by address in the WAF logs, then ask AWS for capacity.",
			Critical, balancerRejectedLimit},
		{"target-connection-errors", "TargetConnectionErrorCount",
			"The internal load balancer can't connect to tasks: they stopped listening, or a security group lost a rule. First look at stopped tasks and their reasons.",
			Warning, balancerConnectionErrs},
	} {
		if _, err := newAlarm(ctx, "balancer-"+alarm.name, args.Placement.Names, args.Alerts.In(args.Placement.Primary), AlarmArgs{
			Parts: []string{"balancer", alarm.name}, Description: alarm.description, Severity: alarm.severity,
			Namespace: "AWS/ApplicationELB", Metric: alarm.metric, Statistic: "Sum",
			Dimensions: pulumi.StringMap{"LoadBalancer": b.ArnSuffix},
			Comparison: "GreaterThanThreshold", Threshold: alarm.threshold, PeriodSeconds: balancerAlarmSeconds, Periods: 1,
			// The balancer reports these metrics only when they are not zero.
			Missing: MissingIsGood,
		}, pulumi.Parent(b)); err != nil {
			return err
		}
	}
	return nil
}
