package tests

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/infra"
)

const ecsServiceToken = "aws:ecs/service:Service"

func TestEcsCluster(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		cluster := result.one(t, "aws:ecs/cluster:Cluster", "ecs")
		assert.Equal(t, "itrack-ecs-cluster-"+stack, cluster.str(t, "name"))
		assert.Equal(t, "containerInsights", cluster.str(t, "settings[0].name"))
		assert.Equal(t, "enhanced", cluster.str(t, "settings[0].value"))
		exec := "configuration.executeCommandConfiguration."
		assert.Equal(t, "OVERRIDE", cluster.str(t, exec+"logging"))
		assert.True(t, cluster.flag(t, exec+"logConfiguration.cloudWatchEncryptionEnabled"))
		assert.Equal(t, "/ecs/exec/itrack-"+stack, cluster.str(t, exec+"logConfiguration.cloudWatchLogGroupName"))
		assert.Contains(t, cluster.str(t, exec+"kmsKeyId"), ":logs")
		insights := result.one(t, "aws:cloudwatch/logGroup:LogGroup", "ecs-insights")
		assert.Equal(t, "/aws/ecs/containerinsights/itrack-ecs-cluster-"+stack+"/performance", insights.str(t, "name"))
		assertDependsOn(t, cluster, "aws:cloudwatch/logGroup:LogGroup::ecs-insights")
		providers := result.one(t, "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "ecs")
		assert.Equal(t, []string{"FARGATE", "FARGATE_SPOT"}, providers.strs(t, "capacityProviders"))
	}
}

func TestEcsService(t *testing.T) {
	for stack, desired := range map[string]float64{"staging": 1, "production": 3} {
		result := recorded(t, stack)
		service := result.one(t, ecsServiceToken, "backend")
		assert.Equal(t, "itrack-backend-service", service.str(t, "name"))
		assert.InDelta(t, desired, service.num(t, "desiredCount"), 0)
		assert.Equal(t, "CODE_DEPLOY", service.str(t, "deploymentController.type"))
		assert.False(t, service.flag(t, "networkConfiguration.assignPublicIp"))
		assert.Equal(t, []string{"service-backend-id"}, service.strs(t, "networkConfiguration.securityGroups"))
		assert.Equal(t, "LATEST", service.str(t, "platformVersion"))
		assert.Equal(t, "SERVICE", service.str(t, "propagateTags"))
		assert.False(t, service.flag(t, "enableExecuteCommand"))
		assert.False(t, service.has("waitForSteadyState"), "the service follows deployments that this program does not know")
		assert.False(t, service.has("launchType"), "excludes capacity providers")
		assert.InDelta(t, 8080, service.num(t, "loadBalancers[0].containerPort"), 0)
		assert.Contains(t, service.str(t, "loadBalancers[0].targetGroupArn"), "backend-blue")
		assert.ElementsMatch(t, []string{"taskDefinition", "loadBalancers", "networkConfiguration", "platformVersion", "capacityProviderStrategies", "desiredCount"}, service.IgnoreChanges)
		for _, first := range []string{
			"aws:lb/listenerRule:ListenerRule::backend-production", "aws:lb/listenerRule:ListenerRule::backend-test", "aws:cloudwatch/logGroup:LogGroup::service-backend",
			"aws:iam/rolePolicyAttachment:RolePolicyAttachment::backend-execution-start", "aws:iam/rolePolicyAttachment:RolePolicyAttachment::backend-task-data",
			"aws:ecs/clusterCapacityProviders:ClusterCapacityProviders::ecs",
		} {
			assertDependsOn(t, service, first)
		}
	}
}

func TestEcsCapacity(t *testing.T) {
	production := recorded(t, "production").one(t, ecsServiceToken, "backend")
	assert.Equal(t, "FARGATE", production.str(t, "capacityProviderStrategies[0].capacityProvider"))
	assert.False(t, production.has("capacityProviderStrategies[1]"))
	staging := recorded(t, "staging").one(t, ecsServiceToken, "backend")
	assert.Equal(t, "FARGATE", staging.str(t, "capacityProviderStrategies[0].capacityProvider"))
	assert.InDelta(t, 1, staging.num(t, "capacityProviderStrategies[0].base"), 0)
	assert.InDelta(t, 20, staging.num(t, "capacityProviderStrategies[0].weight"), 0)
	assert.Equal(t, "FARGATE_SPOT", staging.str(t, "capacityProviderStrategies[1].capacityProvider"))
	assert.InDelta(t, 80, staging.num(t, "capacityProviderStrategies[1].weight"), 0)
}

// container is what the tests look at of a container definition.
type container struct {
	Name, Image, User      string
	Command                []string
	ReadonlyRootFilesystem bool
	Privileged             bool
	StopTimeout            int
	Environment            []struct{ Name, Value string }
	Secrets                []struct{ Name, ValueFrom string }
	PortMappings           []struct{ ContainerPort, HostPort int }
	MountPoints            []struct {
		SourceVolume, ContainerPath string
		ReadOnly                    bool
	}
	LinuxParameters struct {
		InitProcessEnabled bool
		Capabilities       struct{ Drop []string }
	}
	LogConfiguration struct {
		LogDriver string
		Options   map[string]string
	}
	HealthCheck *struct{ Command []string }
}

func TestEcsTaskDefinition(t *testing.T) {
	for _, stack := range bothStacks {
		definition := recorded(t, stack).one(t, "aws:ecs/taskDefinition:TaskDefinition", "backend")
		assert.Equal(t, "itrack-backend-"+stack, definition.str(t, "family"))
		assert.Equal(t, map[string]string{"staging": "256", "production": "1024"}[stack], definition.str(t, "cpu"))
		assert.Equal(t, map[string]string{"staging": "512", "production": "2048"}[stack], definition.str(t, "memory"))
		assert.Equal(t, "awsvpc", definition.str(t, "networkMode"))
		assert.Equal(t, "ARM64", definition.str(t, "runtimePlatform.cpuArchitecture"))
		assert.True(t, definition.flag(t, "skipDestroy"))
		var containers []container
		require.NoError(t, json.Unmarshal([]byte(definition.str(t, "containerDefinitions")), &containers))
		require.Len(t, containers, 1)
		c := containers[0]
		assert.Equal(t, "backend", c.Name)
		assert.Equal(t, "public.ecr.aws/docker/library/python:3.13-alpine", c.Image)
		assert.Equal(t, "10001:10001", c.User)
		assert.True(t, c.ReadonlyRootFilesystem)
		assert.False(t, c.Privileged)
		assert.True(t, c.LinuxParameters.InitProcessEnabled)
		assert.Equal(t, []string{"ALL"}, c.LinuxParameters.Capabilities.Drop)
		assert.Equal(t, 60, c.StopTimeout)
		assert.Equal(t, 8080, c.PortMappings[0].HostPort)
		assert.Equal(t, c.PortMappings[0].ContainerPort, c.PortMappings[0].HostPort)
		assert.Equal(t, "/tmp", c.MountPoints[0].ContainerPath)
		assert.Equal(t, definition.str(t, "volumes[0].name"), c.MountPoints[0].SourceVolume)
		assert.Equal(t, "/ecs/itrack-backend-"+stack, c.LogConfiguration.Options["awslogs-group"])
		var names []string
		values := map[string]string{}
		for _, variable := range c.Environment {
			names = append(names, variable.Name)
			values[variable.Name] = variable.Value
		}
		assert.Equal(t, []string{"ALLOWED_ORIGINS", "DB_HOST", "DB_NAME", "DB_PORT", "DB_USER", "ENVIRONMENT", "HISTORY_TABLE", "ITEMS_TABLE", "PORT"}, names)
		assert.Equal(t, "3306", values["DB_PORT"])
		// Browsers call from the frontend's origin, also without a domain: the distribution is there before the services.
		assert.Equal(t, "https://site.domainName", values["ALLOWED_ORIGINS"])
		assert.Equal(t, "itrack-items-"+stack, values["ITEMS_TABLE"])
		assert.Equal(t, "8080", values["PORT"])
		var secrets []string
		for _, secret := range c.Secrets {
			secrets = append(secrets, secret.Name)
			assert.Contains(t, secret.ValueFrom, "arn:aws:secretsmanager:us-east-1:123456789012:secret:itrack/"+stack+"/")
		}
		assert.Equal(t, []string{"API_KEY", "DB_PASSWORD", "JWT_SECRET"}, secrets)
	}
}

func TestEcsRights(t *testing.T) {
	result := recorded(t, "production")
	start := grantsOf(t, result.one(t, "aws:iam/policy:Policy", "backend-execution-start"))
	assert.Equal(t, []string{"*"}, start["RegistryToken"].Resources)
	assert.Equal(t, []string{"ecr:GetAuthorizationToken"}, start["RegistryToken"].Actions)
	assert.Equal(t, []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}, start["PullImages"].Actions)
	assert.Len(t, start["PullImages"].Resources, 1)
	assert.Equal(t, []string{"secretsmanager:GetSecretValue"}, start["ReadSecrets"].Actions)
	assert.Len(t, start["ReadSecrets"].Resources, 3)
	assert.Equal(t, []string{"kms:Decrypt"}, start["SecretsKey"].Actions)
	data := grantsOf(t, result.one(t, "aws:iam/policy:Policy", "backend-task-data"))
	assert.Contains(t, data["Items"].Actions, "dynamodb:PutItem")
	assert.Contains(t, data["History"].Actions, "dynamodb:Query")
	assert.NotContains(t, data["History"].Actions, "dynamodb:PutItem", "the backend only reads the history")
	for sid, grant := range data {
		assert.NotContains(t, grant.Resources, "*", sid)
	}
	trust := result.one(t, "aws:iam/role:Role", "backend-task").document(t, "assumeRolePolicy")
	text, err := json.Marshal(trust)
	require.NoError(t, err)
	assert.Contains(t, string(text), "ecs-tasks.amazonaws.com")
	assert.Contains(t, string(text), `"aws:SourceAccount":"123456789012"`)
}

func TestEcsTargetGroupsAndRules(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		for _, colour := range []string{"blue", "green"} {
			group := result.one(t, "aws:lb/targetGroup:TargetGroup", "backend-"+colour)
			assert.Equal(t, "itrack-backend-"+colour+"-"+stack, group.str(t, "name"))
			assert.LessOrEqual(t, len(group.str(t, "name")), 32)
			assert.Equal(t, "ip", group.str(t, "targetType"))
			assert.Equal(t, "/live", group.str(t, "healthCheck.path"))
			assert.Equal(t, "200", group.str(t, "healthCheck.matcher"))
			assert.InDelta(t, 60, group.num(t, "deregistrationDelay"), 0)
		}
		for _, listener := range []string{"production", "test"} {
			rule := result.one(t, "aws:lb/listenerRule:ListenerRule", "backend-"+listener)
			assert.Contains(t, rule.str(t, "listenerArn"), ":"+listener)
			assert.Equal(t, []string{"/api", "/api/*"}, rule.strs(t, "conditions[0].pathPattern.values"))
			assert.Equal(t, "forward", rule.str(t, "actions[0].type"))
			assert.Contains(t, rule.str(t, "actions[0].targetGroupArn"), "backend-blue")
			assert.Equal(t, []string{"actions"}, rule.IgnoreChanges)
		}
	}
}

func TestEcsScaling(t *testing.T) {
	for stack, bounds := range map[string][2]float64{"staging": {1, 2}, "production": {3, 12}} {
		result := recorded(t, stack)
		target := result.one(t, "aws:appautoscaling/target:Target", "backend")
		assert.Equal(t, "service/itrack-ecs-cluster-"+stack+"/itrack-backend-service", target.str(t, "resourceId"))
		assert.InDelta(t, bounds[0], target.num(t, "minCapacity"), 0)
		assert.InDelta(t, bounds[1], target.num(t, "maxCapacity"), 0)
		const tracking = "targetTrackingScalingPolicyConfiguration."
		for name, want := range map[string]struct {
			metric string
			target float64
		}{"cpu": {"ECSServiceAverageCPUUtilization", 60}, "memory": {"ECSServiceAverageMemoryUtilization", 70}} {
			policy := result.one(t, "aws:appautoscaling/policy:Policy", "backend-"+name)
			assert.Equal(t, want.metric, policy.str(t, tracking+"predefinedMetricSpecification.predefinedMetricType"))
			assert.InDelta(t, want.target, policy.num(t, tracking+"targetValue"), 0)
		}
		requests := result.one(t, "aws:appautoscaling/policy:Policy", "backend-requests")
		const metrics = tracking + "customizedMetricSpecification.metrics"
		assert.InDelta(t, 600, requests.num(t, tracking+"targetValue"), 0)
		assert.Equal(t, "backend-blue.arnSuffix", requests.str(t, metrics+"[0].metricStat.metric.dimensions[1].value"))
		assert.Equal(t, "backend-green.arnSuffix", requests.str(t, metrics+"[1].metricStat.metric.dimensions[1].value"))
		assert.Equal(t, "(FILL(blue,0)+FILL(green,0))/tasks", requests.str(t, metrics+"[3].expression"))
		assert.True(t, requests.flag(t, metrics+"[3].returnData"))
	}
}

func TestEcsAlarms(t *testing.T) {
	result := recorded(t, "production")
	for _, kind := range []string{"errors", "latency", "unhealthy"} {
		alarm := result.one(t, alarmToken, "service-backend-"+kind)
		groups := map[string]bool{}
		for _, query := range alarm.value(t, "metricQueries").ArrayValue() {
			if metric := query.ObjectValue()["metric"]; metric.IsObject() {
				groups[metric.ObjectValue()["dimensions"].ObjectValue()["TargetGroup"].StringValue()] = true
			}
		}
		assert.Equal(t, map[string]bool{"backend-blue.arnSuffix": true, "backend-green.arnSuffix": true}, groups, "after a shift the traffic is in the other group")
	}
	assert.InDelta(t, 1, result.one(t, alarmToken, "service-backend-latency").num(t, "threshold"), 0)
	tasks := result.one(t, alarmToken, "service-backend-tasks")
	assert.Equal(t, "desired-running", tasks.str(t, "metricQueries[2].expression"))
	assert.Equal(t, "CPUUtilization", result.one(t, alarmToken, "service-backend-cpu").str(t, "metricName"))
	assert.Equal(t, "MemoryUtilization", result.one(t, alarmToken, "service-backend-memory").str(t, "metricName"))
}

// Who may talk to the service, and to whom it may talk.
func TestEcsNetwork(t *testing.T) {
	result := recorded(t, "production")
	in := result.one(t, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "service-backend-balancer-in")
	assert.Equal(t, "balancer-id", in.str(t, "referencedSecurityGroupId"))
	assert.InDelta(t, 8080, in.num(t, "fromPort"), 0)
	for _, rule := range result.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
		if rule.str(t, "securityGroupId") == "service-backend-id" {
			assert.Equal(t, "service-backend-balancer-in", rule.Name, "the balancer alone reaches the service")
		}
	}
	mysql := result.one(t, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "service-backend-mysql-in")
	assert.Equal(t, "service-backend-id", mysql.str(t, "referencedSecurityGroupId"))
	assert.InDelta(t, 3306, mysql.num(t, "toPort"), 0)
}

// The migration alone reads the database's master secret: neither the service's tasks nor what starts them may.
func TestEcsMigration(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		const master = "rds!db"
		start := grantsOf(t, result.one(t, "aws:iam/policy:Policy", "backend-migrate-start"))
		assert.Equal(t, []string{"secretsmanager:GetSecretValue"}, start["ReadSecrets"].Actions)
		assert.Len(t, start["ReadSecrets"].Resources, 4)
		assert.Contains(t, start["ReadSecrets"].Resources[3], master)
		for _, policy := range result.all("aws:iam/policy:Policy") {
			if policy.Name != "backend-migrate-start" {
				assert.NotContains(t, strings.Join(grantsOf(t, policy)["ReadSecrets"].Resources, " "), master, policy.Name)
			}
		}
		release := releasesOf(t, result)["backend"]
		assert.Equal(t, []string{"migrate"}, release.MigrateCommand)
		assert.Equal(t, "itrack-backend-migrate-"+stack, release.MigrationTask["family"])
		assert.Contains(t, release.MigrationTask["executionRoleArn"], "backend-migrate")
		assert.NotContains(t, release.MigrationTask, "taskRoleArn", "a migration asks nothing of AWS")
		text, err := json.Marshal(release.MigrationTask["containerDefinitions"])
		require.NoError(t, err)
		var containers []container
		require.NoError(t, json.Unmarshal(text, &containers))
		require.Len(t, containers, 1)
		assert.Equal(t, []string{"migrate"}, containers[0].Command)
		assert.Empty(t, containers[0].Image, "the deployment puts it in")
		assert.Empty(t, containers[0].PortMappings)
		assert.Nil(t, containers[0].HealthCheck)
		assert.True(t, containers[0].ReadonlyRootFilesystem)
		var secrets []string
		for _, secret := range containers[0].Secrets {
			secrets = append(secrets, secret.Name)
			assert.Equal(t, secret.Name == "DB_MASTER_SECRET", strings.Contains(secret.ValueFrom, master), secret.Name)
		}
		assert.Equal(t, []string{"API_KEY", "DB_MASTER_SECRET", "DB_PASSWORD", "JWT_SECRET"}, secrets)
		service, err := json.Marshal(release.TaskDefinition)
		require.NoError(t, err)
		assert.NotContains(t, string(service), master)
		assert.Contains(t, string(service), `"command":["CMD","backend","healthcheck"]`)
	}
}

func TestRoutedReadyPath(t *testing.T) {
	for _, c := range []struct{ path, health, ready, want string }{
		{"/api", "/health", "", "/api/health"}, {"/", "/health", "", "/health"}, {"/api", "/api/health", "", "/api/health"},
		{"/api", "/apiary", "", "/api/apiary"}, {"/up", "/up", "", "/up"}, {"/api", "/live", "/health", "/api/health"},
	} {
		assert.Equal(t, c.want, infra.RoutedReadyPath(infra.ServiceSettings{Path: c.path, HealthPath: c.health, ReadyPath: c.ready}))
	}
}
