package infra

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/codedeploy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// DeliveryType is the type token of Delivery.
const DeliveryType = "itrack:infra:Delivery"

// Delivery is CodeDeploy blue/green and the wanted release of each service.
type Delivery struct {
	pulumi.ResourceState

	// ApplicationName: CodeDeploy application.
	ApplicationName pulumi.StringOutput
	// GroupNames: deployment group by service.
	GroupNames map[string]pulumi.StringOutput
	// Releases: the wanted release by service; each has the shape of release.Release.
	Releases pulumi.MapOutput
}

// DeliveryArgs are what Delivery is made from.
type DeliveryArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: traffic.
	Settings DeliverySettings
	// Services: the services.
	Services map[string]ServiceSettings
	// Ecs: what is deployed.
	Ecs *Ecs
	// Balancer: listeners.
	Balancer *Balancer
	// Functions: the deployment hook.
	Functions *Functions
	// Alerts: who is told.
	Alerts *Alerts
	// Keys: of the topics that CodeDeploy notifies.
	Keys *Keys
}

// limitDeployment is CodeDeploy's limit for the names of applications, groups and configurations.
const limitDeployment = 100

// applicationName is itrack-<environment>.
func applicationName(place *Placement) string { return place.Of(limitDeployment) }

// deploymentGroupName is itrack-<service>-<environment>. The deployment hook tells services apart by it.
func deploymentGroupName(place *Placement, service string) string {
	return place.Of(limitDeployment, service)
}

// NewDelivery makes CodeDeploy blue/green and the wanted release of each service.
func NewDelivery(ctx *pulumi.Context, name string, args *DeliveryArgs, opts ...pulumi.ResourceOption) (*Delivery, error) {
	component := &Delivery{GroupNames: map[string]pulumi.StringOutput{}}
	if err := ctx.RegisterComponentResource(DeliveryType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating delivery: %w", err)
	}
	application, err := codedeploy.NewApplication(ctx, "delivery", &codedeploy.ApplicationArgs{
		Name: pulumi.String(applicationName(args.Placement)), ComputePlatform: pulumi.String("ECS"),
	}, pulumi.Parent(component))
	if err != nil {
		return nil, fmt.Errorf("creating the deployment application: %w", err)
	}
	component.ApplicationName = application.Name
	names := slices.Sorted(maps.Keys(args.Services))
	role, err := component.role(ctx, args, names)
	if err != nil {
		return nil, err
	}
	groups, releases := pulumi.StringMap{}, pulumi.Map{}
	for _, service := range names {
		group, err := component.group(ctx, args, service, application, role)
		if err != nil {
			return nil, err
		}
		component.GroupNames[service], groups[service] = group.DeploymentGroupName, group.DeploymentGroupName
		releases[service] = component.release(args, service)
	}
	component.Releases = releases.ToMapOutput()
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{
		"applicationName": component.ApplicationName, "groupNames": groups, "releases": component.Releases,
	}); err != nil {
		return nil, fmt.Errorf("creating delivery: %w", err)
	}
	return component, nil
}

// trafficConfig is the name of the configuration that shifts a service's traffic: AWS's own where all of it moves at
// once, else one for the service. Every field of a configuration replaces it, and the old one goes only after the group
// left it: the name holds the numbers, so that both can be there.
func (d *Delivery) trafficConfig(ctx *pulumi.Context, args *DeliveryArgs, service string) (pulumi.StringInput, error) {
	settings := args.Settings
	if settings.Traffic == "allAtOnce" {
		return pulumi.String("CodeDeployDefault.ECSAllAtOnce"), nil
	}
	routing := &codedeploy.DeploymentConfigTrafficRoutingConfigArgs{}
	percent, minutes := pulumi.Int(settings.CanaryPercent), pulumi.Int(settings.CanaryMinutes)
	if settings.Traffic == "linear" {
		routing.Type = pulumi.String("TimeBasedLinear")
		routing.TimeBasedLinear = &codedeploy.DeploymentConfigTrafficRoutingConfigTimeBasedLinearArgs{Interval: minutes, Percentage: percent}
	} else {
		routing.Type = pulumi.String("TimeBasedCanary")
		routing.TimeBasedCanary = &codedeploy.DeploymentConfigTrafficRoutingConfigTimeBasedCanaryArgs{Interval: minutes, Percentage: percent}
	}
	physical := args.Placement.Of(limitDeployment, service, settings.Traffic, fmt.Sprintf("%dpercent", settings.CanaryPercent), fmt.Sprintf("%dminutes", settings.CanaryMinutes))
	config, err := codedeploy.NewDeploymentConfig(ctx, service, &codedeploy.DeploymentConfigArgs{
		DeploymentConfigName: pulumi.String(physical), ComputePlatform: pulumi.String("ECS"), TrafficRoutingConfig: routing,
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("creating the traffic shift of service %s: %w", service, err)
	}
	return config.DeploymentConfigName, nil
}

// group is how CodeDeploy deploys one service: the pair of target groups, both listeners, the alarms that roll back.
func (d *Delivery) group(ctx *pulumi.Context, args *DeliveryArgs, name string, application *codedeploy.Application, role *Role) (*codedeploy.DeploymentGroup, error) {
	service := args.Ecs.ByName[name]
	config, err := d.trafficConfig(ctx, args, name)
	if err != nil {
		return nil, err
	}
	group, err := codedeploy.NewDeploymentGroup(ctx, name, &codedeploy.DeploymentGroupArgs{
		AppName: application.Name, DeploymentGroupName: pulumi.String(deploymentGroupName(args.Placement, name)),
		ServiceRoleArn: role.Arn, DeploymentConfigName: config.ToStringOutput().ToStringPtrOutput(),
		EcsService:      &codedeploy.DeploymentGroupEcsServiceArgs{ClusterName: args.Ecs.ClusterName, ServiceName: service.Name},
		DeploymentStyle: &codedeploy.DeploymentGroupDeploymentStyleArgs{DeploymentOption: pulumi.String("WITH_TRAFFIC_CONTROL"), DeploymentType: pulumi.String("BLUE_GREEN")},
		BlueGreenDeploymentConfig: &codedeploy.DeploymentGroupBlueGreenDeploymentConfigArgs{
			// The hook has looked at the new version by then: the traffic moves without a person.
			DeploymentReadyOption: &codedeploy.DeploymentGroupBlueGreenDeploymentConfigDeploymentReadyOptionArgs{ActionOnTimeout: pulumi.String("CONTINUE_DEPLOYMENT")},
			// The bake time: as long as the old version stays, an alarm or a command brings the traffic back in seconds.
			TerminateBlueInstancesOnDeploymentSuccess: &codedeploy.DeploymentGroupBlueGreenDeploymentConfigTerminateBlueInstancesOnDeploymentSuccessArgs{
				Action: pulumi.String("TERMINATE"), TerminationWaitTimeInMinutes: pulumi.Int(args.Settings.KeepOldMinutes),
			},
		},
		LoadBalancerInfo: &codedeploy.DeploymentGroupLoadBalancerInfoArgs{TargetGroupPairInfo: &codedeploy.DeploymentGroupLoadBalancerInfoTargetGroupPairInfoArgs{
			ProdTrafficRoute: &codedeploy.DeploymentGroupLoadBalancerInfoTargetGroupPairInfoProdTrafficRouteArgs{ListenerArns: pulumi.StringArray{args.Balancer.ProductionListenerArn}},
			TestTrafficRoute: &codedeploy.DeploymentGroupLoadBalancerInfoTargetGroupPairInfoTestTrafficRouteArgs{ListenerArns: pulumi.StringArray{args.Balancer.TestListenerArn}},
			TargetGroups: codedeploy.DeploymentGroupLoadBalancerInfoTargetGroupPairInfoTargetGroupArray{
				&codedeploy.DeploymentGroupLoadBalancerInfoTargetGroupPairInfoTargetGroupArgs{Name: service.Blue.Name},
				&codedeploy.DeploymentGroupLoadBalancerInfoTargetGroupPairInfoTargetGroupArgs{Name: service.Green.Name},
			},
		}},
		AutoRollbackConfiguration: &codedeploy.DeploymentGroupAutoRollbackConfigurationArgs{
			Enabled: pulumi.Bool(true),
			Events:  pulumi.ToStringArray([]string{"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"}),
		},
		AlarmConfiguration: &codedeploy.DeploymentGroupAlarmConfigurationArgs{
			Enabled: pulumi.Bool(true), Alarms: service.AlarmNames,
			// A deployment that can't see its alarms stops: it would go on blind otherwise.
			IgnorePollAlarmFailure: pulumi.Bool(false),
		},
		TriggerConfigurations: codedeploy.DeploymentGroupTriggerConfigurationArray{&codedeploy.DeploymentGroupTriggerConfigurationArgs{
			TriggerName:      pulumi.String("failed"),
			TriggerEvents:    pulumi.ToStringArray([]string{"DeploymentFailure", "DeploymentRollback", "DeploymentStop"}),
			TriggerTargetArn: args.Alerts.In(args.Placement.Primary).Critical,
		}},
	}, pulumi.Parent(d), pulumi.DependsOn(append([]pulumi.Resource{service.Ready}, role.Ready...)))
	if err != nil {
		return nil, fmt.Errorf("creating the deployment group of service %s: %w", name, err)
	}
	return group, nil
}
