// Package codedeploy describes CodeDeploy to the stand-in. What it demands of deployment groups are rules of the area compute.
package codedeploy

import (
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/codedeploy"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

const (
	applicationToken = "aws:codedeploy/application:Application"
	configToken      = "aws:codedeploy/deploymentConfig:DeploymentConfig"
	groupToken       = "aws:codedeploy/deploymentGroup:DeploymentGroup"
	api              = "https://docs.aws.amazon.com/codedeploy/latest/APIReference/"
)

// Service is what the stand-in knows of CodeDeploy.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{applicationType(), configType(), groupType()}}
}

func applicationType() catalog.Type {
	return catalog.Type{
		Token: applicationToken, Args: (*sdk.ApplicationArgs)(nil), Resource: (*sdk.Application)(nil),
		Service: "CodeDeploy", Action: "Application", Title: "CodeDeploy Application", Verbs: map[string]string{"update": "UpdateApplication"},
		ARN: "arn:{partition}:codedeploy:{region}:{account}:application:{name}",
		// The provider's own id: the application's id and its name.
		ID: catalog.Made(func(c *catalog.Call) string {
			c.Set("applicationId", catalog.UUID())
			return c.Str("applicationId") + ":" + c.Name()
		}),
		Name: catalog.Name{Property: "name", Auto: 100, Scope: catalog.InRegion, Code: "ApplicationAlreadyExistsException",
			Message: "Application already exists with name {name}"},
		Defaults: map[string]any{"computePlatform": "Server"}, Blank: []string{"githubAccountName"},
		Compute: func(c *catalog.Call) error { c.SetNew("linkedToGithub", false); return nil },
	}
}

func configType() catalog.Type {
	return catalog.Type{
		Token: configToken, Args: (*sdk.DeploymentConfigArgs)(nil), Resource: (*sdk.DeploymentConfig)(nil),
		Service: "CodeDeploy", Action: "DeploymentConfig", Title: "CodeDeploy Deployment Config",
		ARN: "arn:{partition}:codedeploy:{region}:{account}:deploymentconfig:{deploymentConfigName}", ID: catalog.Templated("{deploymentConfigName}"),
		Name: catalog.Name{Property: "deploymentConfigName", Auto: 100, Scope: catalog.InRegion, Code: "DeploymentConfigAlreadyExistsException",
			Message: "Deployment config already exists with name {name}"},
		Computed: []string{"arn"}, Defaults: map[string]any{"computePlatform": "Server", "trafficRoutingConfig.type": "AllAtOnce"},
		Check: checkConfig,
		InUse: func(c *catalog.Call) *catalog.Error {
			users := c.Tx.Find(c.Account, c.Region, groupToken, func(o *cloud.Object) bool { return catalog.Str(o.State, "deploymentConfigName") == c.ID })
			if len(users) == 0 {
				return nil
			}
			return &catalog.Error{Code: "DeploymentConfigInUseException", Property: "deploymentConfigName", Value: c.ID, Source: api + "API_DeleteDeploymentConfig.html",
				Message: "Deployment config is used by the deployment group " + users[0].Name}
		},
		Compute: func(c *catalog.Call) error { c.SetNew("deploymentConfigId", catalog.UUID()); return nil },
	}
}

// checkConfig: the names that begin so are AWS's.
func checkConfig(c *catalog.Call) []catalog.Problem {
	if value := c.Str("deploymentConfigName"); c.Known("deploymentConfigName") && strings.HasPrefix(value, "CodeDeployDefault") {
		return []catalog.Problem{{Property: "deploymentConfigName", Rule: "traffic routing", Value: value, Message: "the prefix CodeDeployDefault belongs to AWS",
			Source: api + "API_CreateDeploymentConfig.html"}}
	}
	return nil
}

func groupType() catalog.Type {
	return catalog.Type{
		Token: groupToken, Args: (*sdk.DeploymentGroupArgs)(nil), Resource: (*sdk.DeploymentGroup)(nil),
		Service: "CodeDeploy", Action: "DeploymentGroup", Title: "CodeDeploy Deployment Group", Verbs: map[string]string{"update": "UpdateDeploymentGroup"},
		ARN: "arn:{partition}:codedeploy:{region}:{account}:deploymentgroup:{appName}/{deploymentGroupName}",
		ID: catalog.Made(func(c *catalog.Call) string {
			c.Set("deploymentGroupId", catalog.UUID())
			return c.Str("deploymentGroupId")
		}),
		Name: catalog.Name{Property: "deploymentGroupName", Scope: "appName", Code: "DeploymentGroupAlreadyExistsException",
			Message: "Deployment group name already exists for application: {name}"},
		Defaults: map[string]any{
			"outdatedInstancesStrategy": "UPDATE", "terminationHookEnabled": false,
			"deploymentStyle.deploymentOption": "WITHOUT_TRAFFIC_CONTROL", "deploymentStyle.deploymentType": "IN_PLACE",
			"alarmConfiguration.ignorePollAlarmFailure": false, "deploymentConfigName": "CodeDeployDefault.OneAtATime",
			"blueGreenDeploymentConfig.terminateBlueInstancesOnDeploymentSuccess.terminationWaitTimeInMinutes": 0,
			"blueGreenDeploymentConfig.deploymentReadyOption.waitTimeInMinutes":                                0,
		},
		Sets: []string{"alarmConfiguration.alarms", "autoRollbackConfiguration.events", "triggerConfigurations", "triggerConfigurations[].triggerEvents",
			"loadBalancerInfo.targetGroupPairInfo.targetGroups"},
		Refs: []catalog.Ref{
			{Path: "appName", To: []string{applicationToken}, By: catalog.ByName, Code: "ApplicationDoesNotExistException", Message: "No application found for name: {value}"},
			{Path: "serviceRoleArn", To: []string{"aws:iam/role:Role"}, By: catalog.ByARN, Code: "InvalidRoleException",
				Message: "AWS CodeDeploy does not have the permissions required to assume the role {value}."},
			{Path: "ecsService.clusterName", To: []string{"aws:ecs/cluster:Cluster"}, By: catalog.ByName, Code: "ECSServiceMappingLimitExceededException", Message: "The cluster {value} does not exist"},
			{Path: "ecsService.serviceName", To: []string{"aws:ecs/service:Service"}, By: catalog.ByName, Code: "InvalidECSServiceException", Message: "The ECS service {value} does not exist"},
			{Path: "loadBalancerInfo.targetGroupPairInfo.targetGroups[].name", To: []string{"aws:lb/targetGroup:TargetGroup"}, By: catalog.ByName,
				Code: "InvalidTargetGroupPairException", Message: "The target group {value} does not exist"},
			{Path: "loadBalancerInfo.targetGroupPairInfo.prodTrafficRoute.listenerArns", To: []string{"aws:lb/listener:Listener"}, By: catalog.ByARN,
				Code: "InvalidLoadBalancerInfoException", Message: "The listener {value} does not exist"},
			{Path: "loadBalancerInfo.targetGroupPairInfo.testTrafficRoute.listenerArns", To: []string{"aws:lb/listener:Listener"}, By: catalog.ByARN,
				Code: "InvalidLoadBalancerInfoException", Message: "The listener {value} does not exist"},
			{Path: "alarmConfiguration.alarms", To: []string{"aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm"}, By: catalog.ByName,
				Code: "InvalidAlarmConfigException", Message: "The alarm {value} does not exist"},
			{Path: "triggerConfigurations[].triggerTargetArn", To: []string{"aws:sns/topic:Topic"}, By: catalog.ByARN, Code: "InvalidTriggerConfigException",
				Message: "The topic {value} does not exist"},
		},
		Compute: func(c *catalog.Call) error {
			c.SetNew("computePlatform", "ECS")
			return nil
		},
	}
}
