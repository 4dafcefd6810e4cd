package opstest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	codedeploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/itrack/itrack/infra/release"
	"github.com/itrack/itrack/internal/ops"
)

// stackService makes all that one service has, and puts the network's real ids into its wanted release.
func stackService(ctx context.Context, t testing.TB, env *ops.Environment, out *ops.Outputs, service string, vpc network) {
	t.Helper()
	wanted := out.Releases[service]
	wanted.NetworkConfiguration.AwsvpcConfiguration.Subnets = vpc.subnets
	wanted.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups = vpc.securityGroups
	out.Releases[service] = wanted
	stackRepository(ctx, t, env, wanted.Repository)
	for _, alarm := range wanted.AlarmNames {
		must(env.Primary().CloudWatch().PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String(alarm), Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("HTTPCode_Target_5XX_Count"),
			Statistic: cloudwatchtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3), Threshold: aws.Float64(5),
			ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanOrEqualToThreshold,
		}))(t)
		SetAlarm(t, env, alarm, "OK")
	}
	balancer := stackBalancer(ctx, t, env, service, vpc)
	stackECS(ctx, t, env, wanted, balancer)
	stackDelivery(ctx, t, env, wanted, balancer)
}

// balancer is what a service has of the load balancer.
type balancer struct {
	production, test string // listeners
	blue, green      balancingtypes.TargetGroup
}

// stackBalancer makes the load balancer with both listeners, and the service's pair of target groups.
func stackBalancer(ctx context.Context, t testing.TB, env *ops.Environment, service string, vpc network) balancer {
	t.Helper()
	client := env.Primary().LoadBalancers()
	var made balancer
	for colour, group := range map[string]*balancingtypes.TargetGroup{"blue": &made.blue, "green": &made.green} {
		*group = must(client.CreateTargetGroup(ctx, &balancing.CreateTargetGroupInput{
			Name: aws.String(env.Name(service + "-" + colour)), Protocol: balancingtypes.ProtocolEnumHttp, Port: aws.Int32(80),
			VpcId: aws.String(vpc.vpc), TargetType: balancingtypes.TargetTypeEnumIp,
		}))(t).TargetGroups[0]
	}
	balancer := must(client.CreateLoadBalancer(ctx, &balancing.CreateLoadBalancerInput{
		Name: aws.String(env.Name("internal")), Scheme: balancingtypes.LoadBalancerSchemeEnumInternal, Subnets: vpc.subnets,
	}))(t)
	for port, listener := range map[int32]*string{80: &made.production, 8080: &made.test} {
		*listener = aws.ToString(must(client.CreateListener(ctx, &balancing.CreateListenerInput{
			LoadBalancerArn: balancer.LoadBalancers[0].LoadBalancerArn, Protocol: balancingtypes.ProtocolEnumHttp, Port: aws.Int32(port),
			DefaultActions: []balancingtypes.Action{{Type: balancingtypes.ActionTypeEnumForward, TargetGroupArn: made.blue.TargetGroupArn}},
		}))(t).Listeners[0].ListenerArn)
	}
	return made
}

// Register registers a task template of a release with an image; change, if given, changes it first.
func Register(t testing.TB, env *ops.Environment, template map[string]any, image string, change func(*ecs.RegisterTaskDefinitionInput)) string {
	t.Helper()
	text := must(json.Marshal(template))(t)
	var input ecs.RegisterTaskDefinitionInput
	// The template has AWS's own names, and the SDK's fields are matched without regard to case.
	if err := json.Unmarshal(text, &input); err != nil {
		t.Fatal(err)
	}
	input.ContainerDefinitions[0].Image = aws.String(image)
	if change != nil {
		change(&input)
	}
	made := must(env.Primary().ECS().RegisterTaskDefinition(context.Background(), &input))(t)
	return aws.ToString(made.TaskDefinition.TaskDefinitionArn)
}

// stackECS makes the cluster and the service. As ECS does under CodeDeploy, the service has a primary task set, which runs the
// bootstrap image.
func stackECS(ctx context.Context, t testing.TB, env *ops.Environment, wanted release.Release, balancer balancer) {
	t.Helper()
	client := env.Primary().ECS()
	definition := Register(t, env, wanted.TaskDefinition, Bootstrap, func(input *ecs.RegisterTaskDefinitionInput) {
		container := &input.ContainerDefinitions[0]
		container.Command, container.HealthCheck = []string{"sh", "-c", fmt.Sprintf("httpd -f -p %d", wanted.ContainerPort)}, nil
	})
	must(client.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: aws.String(wanted.Cluster), CapacityProviders: []string{"FARGATE", "FARGATE_SPOT"}}))(t)
	vpc := wanted.NetworkConfiguration.AwsvpcConfiguration
	networkConfiguration := &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
		Subnets: vpc.Subnets, SecurityGroups: vpc.SecurityGroups, AssignPublicIp: ecstypes.AssignPublicIp(vpc.AssignPublicIp),
	}}
	loadBalancers := []ecstypes.LoadBalancer{{
		ContainerName: aws.String(wanted.ContainerName), ContainerPort: aws.Int32(int32(wanted.ContainerPort)), TargetGroupArn: balancer.blue.TargetGroupArn,
	}}
	var strategy []ecstypes.CapacityProviderStrategyItem
	for _, item := range wanted.CapacityProviderStrategy {
		strategy = append(strategy, ecstypes.CapacityProviderStrategyItem{CapacityProvider: aws.String(item.CapacityProvider), Base: int32(item.Base), Weight: int32(item.Weight)})
	}
	must(client.CreateService(ctx, &ecs.CreateServiceInput{
		Cluster: aws.String(wanted.Cluster), ServiceName: aws.String(wanted.Service), TaskDefinition: aws.String(definition),
		DesiredCount: aws.Int32(2), DeploymentController: &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeCodeDeploy},
		NetworkConfiguration: networkConfiguration, LoadBalancers: loadBalancers, PlatformVersion: aws.String(wanted.PlatformVersion),
		CapacityProviderStrategy: strategy, PropagateTags: ecstypes.PropagateTagsService,
	}))(t)
	// Tasks start, and ECS counts them.
	must(client.UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: aws.String(wanted.Cluster), Service: aws.String(wanted.Service), DesiredCount: aws.Int32(2)}))(t)
	first := must(client.CreateTaskSet(ctx, &ecs.CreateTaskSetInput{
		Cluster: aws.String(wanted.Cluster), Service: aws.String(wanted.Service), TaskDefinition: aws.String(definition),
		NetworkConfiguration: networkConfiguration, LoadBalancers: loadBalancers, CapacityProviderStrategy: strategy,
		PlatformVersion: aws.String(wanted.PlatformVersion), LaunchType: ecstypes.LaunchTypeFargate,
	}))(t)
	must(client.UpdateServicePrimaryTaskSet(ctx, &ecs.UpdateServicePrimaryTaskSetInput{
		Cluster: aws.String(wanted.Cluster), Service: aws.String(wanted.Service), PrimaryTaskSet: first.TaskSet.TaskSetArn,
	}))(t)
}

// stackDelivery makes CodeDeploy's application and group.
func stackDelivery(ctx context.Context, t testing.TB, env *ops.Environment, wanted release.Release, balancer balancer) {
	t.Helper()
	client := env.Primary().CodeDeploy()
	must(client.CreateApplication(ctx, &codedeploy.CreateApplicationInput{
		ApplicationName: aws.String(wanted.Application), ComputePlatform: codedeploytypes.ComputePlatformEcs,
	}))(t)
	var alarms []codedeploytypes.Alarm
	for _, alarm := range wanted.AlarmNames {
		alarms = append(alarms, codedeploytypes.Alarm{Name: aws.String(alarm)})
	}
	must(client.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String(wanted.Application), DeploymentGroupName: aws.String(wanted.DeploymentGroup),
		ServiceRoleArn:       aws.String("arn:" + env.Partition + ":iam::" + env.Account + ":role/itrack/" + env.Settings.Environment + "/" + env.Name("codedeploy")),
		DeploymentConfigName: aws.String("CodeDeployDefault.ECSAllAtOnce"),
		DeploymentStyle: &codedeploytypes.DeploymentStyle{
			DeploymentOption: codedeploytypes.DeploymentOptionWithTrafficControl, DeploymentType: codedeploytypes.DeploymentTypeBlueGreen,
		},
		EcsServices: []codedeploytypes.ECSService{{ClusterName: aws.String(wanted.Cluster), ServiceName: aws.String(wanted.Service)}},
		BlueGreenDeploymentConfiguration: &codedeploytypes.BlueGreenDeploymentConfiguration{
			DeploymentReadyOption: &codedeploytypes.DeploymentReadyOption{ActionOnTimeout: codedeploytypes.DeploymentReadyActionContinueDeployment},
			TerminateBlueInstancesOnDeploymentSuccess: &codedeploytypes.BlueInstanceTerminationOption{
				Action: codedeploytypes.InstanceActionTerminate, TerminationWaitTimeInMinutes: 60,
			},
		},
		LoadBalancerInfo: &codedeploytypes.LoadBalancerInfo{TargetGroupPairInfoList: []codedeploytypes.TargetGroupPairInfo{{
			ProdTrafficRoute: &codedeploytypes.TrafficRoute{ListenerArns: []string{balancer.production}},
			TestTrafficRoute: &codedeploytypes.TrafficRoute{ListenerArns: []string{balancer.test}},
			TargetGroups:     []codedeploytypes.TargetGroupInfo{{Name: balancer.blue.TargetGroupName}, {Name: balancer.green.TargetGroupName}},
		}}},
		AutoRollbackConfiguration: &codedeploytypes.AutoRollbackConfiguration{Enabled: true, Events: []codedeploytypes.AutoRollbackEvent{
			codedeploytypes.AutoRollbackEventDeploymentFailure, codedeploytypes.AutoRollbackEventDeploymentStopOnAlarm, codedeploytypes.AutoRollbackEventDeploymentStopOnRequest,
		}},
		AlarmConfiguration: &codedeploytypes.AlarmConfiguration{Enabled: true, Alarms: alarms},
	}))(t)
}
