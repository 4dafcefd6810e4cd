package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Cooldowns: out fast, in slowly. A task needs about a minute to take requests.
const (
	scaleOutSeconds = 60
	scaleInSeconds  = 300
	ecsNamespace    = "ecs"
	ecsDimension    = "ecs:service:DesiredCount"
)

// Shorter names for types of the SDK that carry their whole path.
type (
	trackingArgs     = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs
	predefinedMetric = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs
	customMetric     = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgs
	customQuery      = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgs
	customQueries    = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArray
	customStat       = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatArgs
	customStatMetric = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatMetricArgs
	customDimension  = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatMetricDimensionArgs
	customDimensions = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatMetricDimensionArray
)

// scaling lets the number of tasks follow CPU, memory and requests: the highest of the three wishes counts.
func (b *serviceBuilder) scaling(ctx *pulumi.Context, service *ecs.Service) error {
	target, err := appautoscaling.NewTarget(ctx, b.name, &appautoscaling.TargetArgs{
		ServiceNamespace: pulumi.String(ecsNamespace), ScalableDimension: pulumi.String(ecsDimension),
		ResourceId:  pulumi.Sprintf("service/%s/%s", b.ecs.ClusterName, service.Name),
		MinCapacity: pulumi.Int(b.settings.Min), MaxCapacity: pulumi.Int(b.settings.Max),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("creating the scaling of service %s: %w", b.name, err)
	}
	predefined := func(metric string, target int) *trackingArgs {
		return &trackingArgs{
			TargetValue:                   pulumi.Float64(target),
			PredefinedMetricSpecification: &predefinedMetric{PredefinedMetricType: pulumi.String(metric)},
		}
	}
	for _, policy := range []struct {
		name     string
		tracking *trackingArgs
	}{
		{"cpu", predefined("ECSServiceAverageCPUUtilization", b.settings.CpuTarget)},
		{"memory", predefined("ECSServiceAverageMemoryUtilization", b.settings.MemoryTarget)},
		{"requests", &trackingArgs{TargetValue: pulumi.Float64(b.settings.RequestsTarget), CustomizedMetricSpecification: b.requestsPerTask()}},
	} {
		policy.tracking.ScaleOutCooldown, policy.tracking.ScaleInCooldown = pulumi.Int(scaleOutSeconds), pulumi.Int(scaleInSeconds)
		if _, err := appautoscaling.NewPolicy(ctx, b.name+"-"+policy.name, &appautoscaling.PolicyArgs{
			Name:       pulumi.String(b.args.Placement.Of(limitGeneral, b.name, policy.name)),
			PolicyType: pulumi.String("TargetTrackingScaling"),
			ResourceId: target.ResourceId, ScalableDimension: target.ScalableDimension, ServiceNamespace: target.ServiceNamespace,
			TargetTrackingScalingPolicyConfiguration: policy.tracking,
		}, b.parent); err != nil {
			return fmt.Errorf("creating the scaling policy %s of service %s: %w", policy.name, b.name, err)
		}
	}
	return nil
}

// requestsPerTask is the requests of both target groups in a minute over the running tasks. AWS has a metric of its own
// (ALBRequestCountPerTarget), which it does not support with blue/green: it names one group, and the traffic moves.
func (b *serviceBuilder) requestsPerTask() *customMetric {
	requests := func(id string, group TargetGroup) *customQuery {
		return &customQuery{Id: pulumi.String(id), ReturnData: pulumi.Bool(false), MetricStat: &customStat{
			Stat: pulumi.String("Sum"),
			Metric: &customStatMetric{
				Namespace: pulumi.String("AWS/ApplicationELB"), MetricName: pulumi.String("RequestCount"),
				Dimensions: customDimensions{
					&customDimension{Name: pulumi.String("LoadBalancer"), Value: b.args.Balancer.ArnSuffix},
					&customDimension{Name: pulumi.String("TargetGroup"), Value: group.ArnSuffix},
				},
			},
		}}
	}
	return &customMetric{Metrics: customQueries{
		requests("blue", b.blue),
		requests("green", b.green),
		&customQuery{Id: pulumi.String("tasks"), ReturnData: pulumi.Bool(false), MetricStat: &customStat{
			Stat: pulumi.String("Average"),
			Metric: &customStatMetric{
				Namespace: pulumi.String("ECS/ContainerInsights"), MetricName: pulumi.String("RunningTaskCount"),
				Dimensions: customDimensions{
					&customDimension{Name: pulumi.String("ClusterName"), Value: b.ecs.ClusterName},
					&customDimension{Name: pulumi.String("ServiceName"), Value: pulumi.String(serviceName(b.name))},
				},
			},
		}},
		// A group without traffic has no figures at all: FILL makes them zero.
		&customQuery{
			Id: pulumi.String("perTask"), Label: pulumi.String("Requests per task and minute"), ReturnData: pulumi.Bool(true),
			Expression: pulumi.String("(FILL(blue,0)+FILL(green,0))/tasks"),
		},
	}}
}
