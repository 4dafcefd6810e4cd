package tests

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/infra/release"
)

const (
	deploymentGroupToken  = "aws:codedeploy/deploymentGroup:DeploymentGroup"
	deploymentConfigToken = "aws:codedeploy/deploymentConfig:DeploymentConfig"
)

func TestDelivery(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		application := result.one(t, "aws:codedeploy/application:Application", "delivery")
		assert.Equal(t, "itrack-"+stack, application.str(t, "name"))
		assert.Equal(t, "ECS", application.str(t, "computePlatform"))
		group := result.one(t, deploymentGroupToken, "backend")
		assert.Equal(t, "itrack-backend-"+stack, group.str(t, "deploymentGroupName"))
		assert.Equal(t, "BLUE_GREEN", group.str(t, "deploymentStyle.deploymentType"))
		assert.Equal(t, "WITH_TRAFFIC_CONTROL", group.str(t, "deploymentStyle.deploymentOption"))
		assert.Equal(t, "itrack-ecs-cluster-"+stack, group.str(t, "ecsService.clusterName"))
		assert.Equal(t, "itrack-backend-service", group.str(t, "ecsService.serviceName"))
		pair := "loadBalancerInfo.targetGroupPairInfo."
		assert.Equal(t, "itrack-backend-blue-"+stack, group.str(t, pair+"targetGroups[0].name"))
		assert.Equal(t, "itrack-backend-green-"+stack, group.str(t, pair+"targetGroups[1].name"))
		assert.Contains(t, group.strs(t, pair+"prodTrafficRoute.listenerArns")[0], ":production")
		assert.Contains(t, group.strs(t, pair+"testTrafficRoute.listenerArns")[0], ":test")
		assert.ElementsMatch(t, []string{"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"}, group.strs(t, "autoRollbackConfiguration.events"))
		assert.True(t, group.flag(t, "alarmConfiguration.enabled"))
		assert.ElementsMatch(t, []string{"itrack-backend-errors-" + stack, "itrack-backend-latency-" + stack, "itrack-backend-unhealthy-" + stack}, group.strs(t, "alarmConfiguration.alarms"))
		wait := group.num(t, "blueGreenDeploymentConfig.terminateBlueInstancesOnDeploymentSuccess.terminationWaitTimeInMinutes")
		assert.InDelta(t, map[string]float64{"staging": 5, "production": 60}[stack], wait, 0)
		assert.ElementsMatch(t, []string{"DeploymentFailure", "DeploymentRollback", "DeploymentStop"}, group.strs(t, "triggerConfigurations[0].triggerEvents"))
		assertDependsOn(t, group, "aws:ecs/service:Service::backend")
		assertDependsOn(t, group, "aws:iam/rolePolicyAttachment:RolePolicyAttachment::delivery-traffic")
	}
}

// All at once is AWS's own configuration; a canary and linear steps are the service's.
func TestDeliveryTraffic(t *testing.T) {
	staging := recorded(t, "staging")
	assert.Empty(t, staging.names(deploymentConfigToken))
	assert.Equal(t, "CodeDeployDefault.ECSAllAtOnce", staging.one(t, deploymentGroupToken, "backend").str(t, "deploymentConfigName"))

	production := recorded(t, "production")
	canary := production.one(t, deploymentConfigToken, "backend")
	assert.Equal(t, "itrack-backend-canary-10percent-10minutes-production", canary.str(t, "deploymentConfigName"))
	assert.Equal(t, "TimeBasedCanary", canary.str(t, "trafficRoutingConfig.type"))
	assert.InDelta(t, 10, canary.num(t, "trafficRoutingConfig.timeBasedCanary.percentage"), 0)
	assert.InDelta(t, 10, canary.num(t, "trafficRoutingConfig.timeBasedCanary.interval"), 0)
	assert.Equal(t, canary.str(t, "deploymentConfigName"), production.one(t, deploymentGroupToken, "backend").str(t, "deploymentConfigName"))

	linear := recordedWith(t, "production", map[string]any{"itrack:delivery.traffic": "linear", "itrack:delivery.canaryPercent": 25}).one(t, deploymentConfigToken, "backend")
	assert.Equal(t, "TimeBasedLinear", linear.str(t, "trafficRoutingConfig.type"))
	assert.InDelta(t, 25, linear.num(t, "trafficRoutingConfig.timeBasedLinear.percentage"), 0)
	assert.False(t, linear.has("trafficRoutingConfig.timeBasedCanary"))
	assert.NotEqual(t, canary.str(t, "deploymentConfigName"), linear.str(t, "deploymentConfigName"), "a changed one must not collide with the old one while both exist")
}

func TestDeliveryRights(t *testing.T) {
	result := recorded(t, "production")
	grants := func(name string) map[string]granted { return grantsOf(t, result.one(t, "aws:iam/policy:Policy", name)) }
	services := grants("delivery-services")
	assert.Equal(t, []string{"ecs:DescribeServices", "ecs:UpdateServicePrimaryTaskSet"}, services["Services"].Actions)
	assert.Equal(t, []string{"arn:aws:ecs:us-east-1:123456789012:service/itrack-ecs-cluster-production/itrack-backend-service"}, services["Services"].Resources)
	assert.Equal(t, []string{"arn:aws:ecs:us-east-1:123456789012:task-set/itrack-ecs-cluster-production/itrack-backend-service/*"}, services["TaskSets"].Resources)
	assert.Equal(t, []string{"iam:PassRole"}, services["HandOverRoles"].Actions)
	assert.Len(t, services["HandOverRoles"].Resources, 2)
	assert.Equal(t, map[string]any{"StringEquals": map[string]any{"iam:PassedToService": "ecs-tasks.amazonaws.com"}}, services["HandOverRoles"].Condition)
	traffic := grants("delivery-traffic")
	assert.Equal(t, []string{"arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/balancer.arnSuffix/*"}, traffic["ShiftRules"].Resources)
	assert.Equal(t, []string{"elasticloadbalancing:ModifyRule"}, traffic["ShiftRules"].Actions)
	assert.Equal(t, []string{"lambda:InvokeFunction"}, grants("delivery-hook")["CallHook"].Actions)
	assert.Equal(t, []string{"sns:Publish"}, grants("delivery-alarms")["Tell"].Actions)
}

// Without a deployment hook there is nothing to call, and all at once goes without.
func TestDeliveryWithoutHook(t *testing.T) {
	result := recordedWith(t, "staging", map[string]any{"itrack:functions.release-check": nil})
	assert.NotContains(t, result.names("aws:iam/policy:Policy"), "delivery-hook")
	assert.Empty(t, releasesOf(t, result)["backend"].HookFunctionArn)
}

// releasesOf are the wanted releases as whoever deploys reads them: every key has a place in release.Release.
func releasesOf(t *testing.T, result *recording) map[string]release.Release {
	t.Helper()
	exported, ok := result.Exports["releases"]
	require.True(t, ok, "the stack exports no releases")
	text, err := json.Marshal(resource.PropertyMap{"releases": exported}.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		if v.IsSecret() || v.IsOutput() {
			return plain(v).Mappable(), true
		}
		return nil, false
	})["releases"])
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var releases map[string]release.Release
	require.NoError(t, decoder.Decode(&releases))
	return releases
}

func TestDeliveryRelease(t *testing.T) {
	for _, stack := range bothStacks {
		wanted, ok := releasesOf(t, recorded(t, stack))["backend"]
		require.True(t, ok)
		assert.Equal(t, "itrack-backend-service", wanted.Service)
		assert.Equal(t, "itrack-ecs-cluster-"+stack, wanted.Cluster)
		assert.Equal(t, "LATEST", wanted.PlatformVersion)
		assert.Equal(t, "backend", wanted.ContainerName)
		assert.Equal(t, 8080, wanted.ContainerPort)
		assert.Equal(t, "itrack-"+stack, wanted.Application)
		assert.Equal(t, "itrack-backend-"+stack, wanted.DeploymentGroup)
		assert.Contains(t, wanted.HookFunctionArn, "release-check")
		assert.Len(t, wanted.AlarmNames, 3)
		vpc := wanted.NetworkConfiguration.AwsvpcConfiguration
		assert.Equal(t, "DISABLED", vpc.AssignPublicIp)
		assert.Len(t, vpc.Subnets, map[string]int{"staging": 2, "production": 3}[stack])
		assert.Equal(t, []string{"service-backend-id"}, vpc.SecurityGroups)
		shares := map[string][]release.Capacity{
			"staging":    {{CapacityProvider: "FARGATE", Base: 1, Weight: 20}, {CapacityProvider: "FARGATE_SPOT", Weight: 80}},
			"production": {{CapacityProvider: "FARGATE", Weight: 1}},
		}
		assert.Equal(t, shares[stack], wanted.CapacityProviderStrategy)
		assert.Equal(t, map[string]string{"staging": "256", "production": "1024"}[stack], wanted.TaskDefinition["cpu"])
		containers := wanted.TaskDefinition["containerDefinitions"].([]any)
		require.Len(t, containers, 1)
		container := containers[0].(map[string]any)
		assert.NotContains(t, container, "image", "the deployment puts the image in")
		assert.NotContains(t, container, "command", "the bootstrap command belongs to the bootstrap image")
		assert.Equal(t, true, container["readonlyRootFilesystem"])
	}
}
