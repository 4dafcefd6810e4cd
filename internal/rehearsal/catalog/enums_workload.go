package catalog

import "maps"

const (
	elbAPI    = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/"
	ecsAPI    = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"
	lambdaAPI = "https://docs.aws.amazon.com/lambda/latest/api/"
	deployAPI = "https://docs.aws.amazon.com/codedeploy/latest/APIReference/"
	scaleAPI  = "https://docs.aws.amazon.com/autoscaling/application/APIReference/"
)

// The allowed values of what carries the workload: registry, balancer, functions, services, deployments.
func init() {
	maps.Copy(enums, map[string]map[string]Enum{
		"aws:ecr/repository:Repository": {
			"imageTagMutability": values("https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html", "MUTABLE", "IMMUTABLE",
				"IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"),
			"encryptionConfigurations.encryptionType": values("https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EncryptionConfiguration.html", "AES256", "KMS", "KMS_DSSE"),
		},
		"aws:lb/loadBalancer:LoadBalancer": {
			"loadBalancerType":        values(elbAPI+"API_CreateLoadBalancer.html", "application", "network", "gateway"),
			"ipAddressType":           values(elbAPI+"API_CreateLoadBalancer.html", "ipv4", "dualstack", "dualstack-without-public-ipv4"),
			"desyncMitigationMode":    values(elbAPI+"API_LoadBalancerAttribute.html", "monitor", "defensive", "strictest"),
			"xffHeaderProcessingMode": values(elbAPI+"API_LoadBalancerAttribute.html", "append", "preserve", "remove"),
		},
		"aws:lb/listener:Listener": {
			"protocol": values(elbAPI+"API_CreateListener.html", "HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE"),
			"sslPolicy": values("https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html",
				"ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06", "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06",
				"ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06", "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04", "ELBSecurityPolicy-2016-08"),
			"defaultActions.type":                      values(elbAPI+"API_Action.html", "forward", "authenticate-oidc", "authenticate-cognito", "redirect", "fixed-response"),
			"defaultActions.redirect.statusCode":       values(elbAPI+"API_RedirectActionConfig.html", "HTTP_301", "HTTP_302"),
			"defaultActions.fixedResponse.contentType": values(elbAPI+"API_FixedResponseActionConfig.html", "text/plain", "text/css", "text/html", "application/javascript", "application/json"),
		},
		"aws:lb/listenerRule:ListenerRule": {
			"actions.type": values(elbAPI+"API_Action.html", "forward", "authenticate-oidc", "authenticate-cognito", "redirect", "fixed-response"),
		},
		"aws:lb/targetGroup:TargetGroup": {
			"targetType":                 values(elbAPI+"API_CreateTargetGroup.html", "instance", "ip", "lambda", "alb"),
			"protocol":                   values(elbAPI+"API_CreateTargetGroup.html", "HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE"),
			"protocolVersion":            values(elbAPI+"API_CreateTargetGroup.html", "HTTP1", "HTTP2", "GRPC"),
			"ipAddressType":              values(elbAPI+"API_CreateTargetGroup.html", "ipv4", "ipv6"),
			"healthCheck.protocol":       values(elbAPI+"API_CreateTargetGroup.html", "HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE"),
			"loadBalancingAlgorithmType": values(elbAPI+"API_TargetGroupAttribute.html", "round_robin", "least_outstanding_requests", "weighted_random"),
		},
		"aws:lambda/function:Function": {
			"architectures":                     values(lambdaAPI+"API_CreateFunction.html", "x86_64", "arm64"),
			"packageType":                       values(lambdaAPI+"API_CreateFunction.html", "Zip", "Image"),
			"tracingConfig.mode":                values(lambdaAPI+"API_TracingConfig.html", "Active", "PassThrough"),
			"loggingConfig.logFormat":           values(lambdaAPI+"API_LoggingConfig.html", "JSON", "Text"),
			"loggingConfig.applicationLogLevel": values(lambdaAPI+"API_LoggingConfig.html", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"),
			"loggingConfig.systemLogLevel":      values(lambdaAPI+"API_LoggingConfig.html", "DEBUG", "INFO", "WARN"),
			"runtime": values("https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html", "provided.al2023", "provided.al2", "python3.13", "python3.12", "nodejs22.x",
				"nodejs20.x", "java21", "java17", "dotnet8", "ruby3.3"),
		},
		"aws:lambda/eventSourceMapping:EventSourceMapping": {
			"startingPosition":      values(lambdaAPI+"API_CreateEventSourceMapping.html", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"),
			"functionResponseTypes": values(lambdaAPI+"API_CreateEventSourceMapping.html", "ReportBatchItemFailures"),
		},
		"aws:lambda/permission:Permission": {
			"functionUrlAuthType": values(lambdaAPI+"API_AddPermission.html", "NONE", "AWS_IAM"),
		},
		"aws:ecs/cluster:Cluster": {
			"settings.name":  values(ecsAPI+"API_ClusterSetting.html", "containerInsights"),
			"settings.value": values(ecsAPI+"API_ClusterSetting.html", "enhanced", "enabled", "disabled"),
			"configuration.executeCommandConfiguration.logging": values(ecsAPI+"API_ExecuteCommandConfiguration.html", "NONE", "DEFAULT", "OVERRIDE"),
		},
		"aws:ecs/service:Service": {
			"deploymentController.type":   values(ecsAPI+"API_DeploymentController.html", "ECS", "CODE_DEPLOY", "EXTERNAL"),
			"launchType":                  values(ecsAPI+"API_CreateService.html", "EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"),
			"propagateTags":               values(ecsAPI+"API_CreateService.html", "TASK_DEFINITION", "SERVICE", "NONE"),
			"schedulingStrategy":          values(ecsAPI+"API_CreateService.html", "REPLICA", "DAEMON"),
			"availabilityZoneRebalancing": values(ecsAPI+"API_CreateService.html", "ENABLED", "DISABLED"),
		},
		"aws:ecs/taskDefinition:TaskDefinition": {
			"networkMode":                           values(ecsAPI+"API_RegisterTaskDefinition.html", "awsvpc", "bridge", "host", "none"),
			"requiresCompatibilities":               values(ecsAPI+"API_RegisterTaskDefinition.html", "EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"),
			"cpu":                                   values(ecsAPI+"API_RegisterTaskDefinition.html", "256", "512", "1024", "2048", "4096", "8192", "16384"),
			"runtimePlatform.cpuArchitecture":       values(ecsAPI+"API_RuntimePlatform.html", "X86_64", "ARM64"),
			"runtimePlatform.operatingSystemFamily": values(ecsAPI+"API_RuntimePlatform.html", "LINUX", "WINDOWS_SERVER_2019_FULL", "WINDOWS_SERVER_2022_CORE", "WINDOWS_SERVER_2022_FULL"),
		},
		"aws:appautoscaling/target:Target": {
			"serviceNamespace": values(scaleAPI+"API_RegisterScalableTarget.html", "ecs", "elasticmapreduce", "ec2", "appstream", "dynamodb", "rds", "sagemaker",
				"custom-resource", "comprehend", "lambda", "cassandra", "kafka", "elasticache", "neptune", "workspaces"),
		},
		"aws:appautoscaling/policy:Policy": {
			"policyType": values(scaleAPI+"API_PutScalingPolicy.html", "StepScaling", "TargetTrackingScaling", "PredictiveScaling"),
			"targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.predefinedMetricType": values(scaleAPI+"API_PredefinedMetricSpecification.html",
				"ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", "ALBRequestCountPerTarget", "DynamoDBReadCapacityUtilization",
				"DynamoDBWriteCapacityUtilization", "RDSReaderAverageCPUUtilization", "LambdaProvisionedConcurrencyUtilization"),
		},
		"aws:codedeploy/application:Application": {
			"computePlatform": values(deployAPI+"API_CreateApplication.html", "Server", "Lambda", "ECS", "Kubernetes"),
		},
		"aws:codedeploy/deploymentConfig:DeploymentConfig": {
			"computePlatform":           values(deployAPI+"API_CreateDeploymentConfig.html", "Server", "Lambda", "ECS", "Kubernetes"),
			"trafficRoutingConfig.type": values(deployAPI+"API_TrafficRoutingConfig.html", "TimeBasedCanary", "TimeBasedLinear", "AllAtOnce"),
		},
		"aws:codedeploy/deploymentGroup:DeploymentGroup": {
			"deploymentStyle.deploymentOption":                                           values(deployAPI+"API_DeploymentStyle.html", "WITH_TRAFFIC_CONTROL", "WITHOUT_TRAFFIC_CONTROL"),
			"deploymentStyle.deploymentType":                                             values(deployAPI+"API_DeploymentStyle.html", "IN_PLACE", "BLUE_GREEN"),
			"blueGreenDeploymentConfig.deploymentReadyOption.actionOnTimeout":            values(deployAPI+"API_DeploymentReadyOption.html", "CONTINUE_DEPLOYMENT", "STOP_DEPLOYMENT"),
			"blueGreenDeploymentConfig.terminateBlueInstancesOnDeploymentSuccess.action": values(deployAPI+"API_BlueInstanceTerminationOption.html", "TERMINATE", "KEEP_ALIVE"),
			"autoRollbackConfiguration.events":                                           values(deployAPI+"API_AutoRollbackConfiguration.html", "DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"),
			"triggerConfigurations.triggerEvents": values(deployAPI+"API_TriggerConfig.html", "DeploymentStart", "DeploymentSuccess", "DeploymentFailure", "DeploymentStop",
				"DeploymentRollback", "DeploymentReady", "InstanceStart", "InstanceSuccess", "InstanceFailure", "InstanceReady"),
		},
	})
}
