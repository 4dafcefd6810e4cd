package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Thresholds of the services' alarms, looked at by the minute.
const (
	serviceAlarmSeconds = 60
	// Above what scaling aims at, for a quarter of an hour: scaling could not help.
	serviceCPUPercent    = 85
	serviceMemoryPercent = 90
	// A group fails when a twentieth of its answers are server errors, and at least errorFloor a minute: below that one
	// bad request in the quiet of the night would roll a deployment back.
	errorPercent = 5
	errorFloor   = 5
)

// alarms makes the service's alarms and returns the names of those that roll a deployment back: errors, latency and
// unhealthy tasks, which are what users notice. They look at both target groups, since a deployment moves the traffic
// from one to the other, and at the worse of the two, so that ten percent of traffic on a broken version is enough.
func (b *serviceBuilder) alarms(ctx *pulumi.Context) (pulumi.StringArray, error) {
	var rollback pulumi.StringArray
	for _, alarm := range append(b.taskAlarms(), b.trafficAlarms()...) {
		alarm.args.Parts = []string{b.name, alarm.kind}
		made, err := newAlarm(ctx, "service-"+b.name+"-"+alarm.kind, b.args.Placement.Names, b.args.Alerts.In(b.args.Placement.Primary), alarm.args, b.parent)
		if err != nil {
			return nil, err
		}
		if alarm.rollback {
			rollback = append(rollback, made.Name)
		}
	}
	return rollback, nil
}

type serviceAlarm struct {
	kind     string
	rollback bool
	args     AlarmArgs
}

// taskAlarms watch the tasks.
func (b *serviceBuilder) taskAlarms() []serviceAlarm {
	service := pulumi.StringMap{"ClusterName": b.ecs.ClusterName, "ServiceName": pulumi.String(serviceName(b.name))}
	used := func(metric string, percent float64, description string) AlarmArgs {
		return AlarmArgs{
			Description: description, Severity: Warning,
			Namespace: "AWS/ECS", Metric: metric, Statistic: "Average", Dimensions: service,
			Comparison: "GreaterThanThreshold", Threshold: percent, PeriodSeconds: serviceAlarmSeconds, Periods: 15, Missing: MissingIsGood,
		}
	}
	count := func(id, metric string) *cloudwatch.MetricAlarmMetricQueryArgs {
		return metricQuery(id, "ECS/ContainerInsights", metric, "Average", serviceAlarmSeconds, service)
	}
	return []serviceAlarm{
		{kind: "cpu", args: used("CPUUtilization", serviceCPUPercent, fmt.Sprintf(
			"The service %s has been above %d%% CPU for 15 minutes: scaling is at its maximum or can't start tasks. First look at the running tasks, then raise max or cpu.", b.name, serviceCPUPercent))},
		{kind: "memory", args: used("MemoryUtilization", serviceMemoryPercent, fmt.Sprintf(
			"The service %s has been above %d%% memory for 15 minutes; at 100%% its tasks are killed. First see whether it grows since the last deployment (a leak), then raise memory.", b.name, serviceMemoryPercent))},
		{kind: "tasks", args: AlarmArgs{
			Description: fmt.Sprintf("The service %s has had fewer tasks than it wants for 10 minutes. First look at its stopped tasks: the stopped reason says why they do not stay.", b.name),
			Severity:    Critical,
			Queries: cloudwatch.MetricAlarmMetricQueryArray{
				count("desired", "DesiredTaskCount"), count("running", "RunningTaskCount"), mathQuery("missing", "desired-running", "Tasks missing"),
			},
			// A deployment starts tasks for some minutes, and a Spot task that is taken back is replaced in two.
			Comparison: "GreaterThanThreshold", Threshold: 0, Periods: 10, Missing: MissingIsGood,
		}},
	}
}

// trafficAlarms watch what users get, over both target groups.
func (b *serviceBuilder) trafficAlarms() []serviceAlarm {
	both := func(id, metric, statistic string) []cloudwatch.MetricAlarmMetricQueryInput {
		var queries []cloudwatch.MetricAlarmMetricQueryInput
		for _, group := range []struct {
			suffix string
			group  TargetGroup
		}{{"blue", b.blue}, {"green", b.green}} {
			queries = append(queries, metricQuery(id+"_"+group.suffix, "AWS/ApplicationELB", metric, statistic, serviceAlarmSeconds, pulumi.StringMap{
				"LoadBalancer": b.args.Balancer.ArnSuffix, "TargetGroup": group.group.ArnSuffix,
			}))
		}
		return queries
	}
	share := func(group string) string {
		return fmt.Sprintf("IF(FILL(errors_%[1]s,0)>=%[2]d,100*FILL(errors_%[1]s,0)/FILL(requests_%[1]s,1),0)", group, errorFloor)
	}
	errors := append(append(cloudwatch.MetricAlarmMetricQueryArray{}, both("errors", "HTTPCode_Target_5XX_Count", "Sum")...), both("requests", "RequestCount", "Sum")...)
	errors = append(errors, mathQuery("share", "MAX(["+share("blue")+","+share("green")+"])", "Server errors in percent, the worse group"))
	latency := append(append(cloudwatch.MetricAlarmMetricQueryArray{}, both("latency", "TargetResponseTime", "p99")...),
		mathQuery("slowest", "MAX([FILL(latency_blue,0),FILL(latency_green,0)])", "p99 response time in seconds, the slower group"))
	unhealthy := append(append(cloudwatch.MetricAlarmMetricQueryArray{}, both("unhealthy", "UnHealthyHostCount", "Maximum")...),
		mathQuery("hosts", "FILL(unhealthy_blue,0)+FILL(unhealthy_green,0)", "Unhealthy tasks in both groups"))
	return []serviceAlarm{
		{kind: "errors", rollback: true, args: AlarmArgs{
			Description: fmt.Sprintf("The service %s answers at least %d%% of requests with server errors. If a deployment runs it is rolled back by itself; else first look at the service's log group.", b.name, errorPercent),
			Severity:    Critical, Queries: errors,
			Comparison: "GreaterThanOrEqualToThreshold", Threshold: errorPercent, Periods: 3, Breaching: 2, Missing: MissingIsGood,
		}},
		{kind: "latency", rollback: true, args: AlarmArgs{
			Description: fmt.Sprintf("The slowest 1%% of requests to the service %s take longer than %d ms. If a deployment runs it is rolled back by itself; else first look at the database's load and the service's CPU.", b.name, b.settings.LatencyAlarmMillis),
			Severity:    Warning, Queries: latency,
			Comparison: "GreaterThanThreshold", Threshold: float64(b.settings.LatencyAlarmMillis) / 1000, Periods: 5, Breaching: 3, Missing: MissingIsGood,
		}},
		{kind: "unhealthy", rollback: true, args: AlarmArgs{
			Description: fmt.Sprintf("Tasks of the service %s fail the health check %s. If a deployment runs it is rolled back by itself; else first look at the task's last log lines.", b.name, b.settings.HealthPath),
			Severity:    Critical, Queries: unhealthy,
			Comparison: "GreaterThanThreshold", Threshold: 0, Periods: 3, Missing: MissingIsGood,
		}},
	}
}
