package docgen

// The rows follow the design's component table: Balancer, Functions, Ecs, Delivery.

func workloadSections() []Section {
	return []Section{balancerSection(), functionsSection(), ecsSection(), deliverySection()}
}

func balancerSection() Section {
	return Section{Component: "Balancer", Title: "Balancer", Rows: []Row{
		{Phrase: "The internal ALB", Matches: []Match{has("lb.LoadBalancer", "", "internal=true", "loadBalancerType=application", "dropInvalidHeaderFields=true")}},
		{Phrase: "Its production and test listeners", Matches: []Match{has("lb.Listener", "production"), has("lb.Listener", "test")}},
		{Phrase: "With a domain the listeners speak TLS", Matches: []Match{has("lb.Listener", "production,test", "protocol=HTTPS", "sslPolicy=ELBSecurityPolicy-TLS13-*").times(2)}},
		{Phrase: "Security groups", Matches: []Match{
			has("ec2.SecurityGroup", "balancer"), has("vpc.SecurityGroupIngressRule", "api-balancer-in").in("Api"),
			has("vpc.SecurityGroupEgressRule", "service-*-balancer-out").in("Ecs"),
		}},
		{Phrase: "No way in from an address range", Matches: []Match{no("vpc.SecurityGroupIngressRule", "", "cidrIpv4").in("*"), no("vpc.SecurityGroupIngressRule", "", "cidrIpv6").in("*")}},
		{Phrase: "Access logs", Matches: []Match{has("lb.LoadBalancer", "", "accessLogs.enabled=true", "connectionLogs.enabled=true")}},
		{Phrase: "Deletion protection", Matches: []Match{has("lb.LoadBalancer", "", "enableDeletionProtection=true", "@protect=true")}},
	}}
}

func functionsSection() Section {
	return Section{Component: "Functions", Title: "Functions", Rows: []Row{
		{Phrase: "item-events: stream to history", Matches: []Match{
			has("lambda.Function", "item-events", "environment.variables.HISTORY_TABLE=itrack-item-history-*"),
			has("lambda.EventSourceMapping", "item-events", "eventSourceArn=arn:aws:dynamodb:*/stream/*"), has("iam.Policy", "function-item-events-stream,function-item-events-data").times(2),
		}},
		{Phrase: "release-check: deployment hook, in the VPC", Matches: []Match{has("lambda.Function", "release-check", "vpcConfig.subnetIds"), has("iam.Policy", "function-release-check-hook")}},
		{Phrase: "restore-check: restore testing, in the VPC", Matches: []Match{has("lambda.Function", "restore-check", "vpcConfig.subnetIds"), has("iam.Policy", "function-restore-check-hook")}},
		{Phrase: "arm64, provided.al2023", Matches: []Match{all("lambda.Function", "", "architectures=arm64", "runtime=provided.al2023")}},
		{Phrase: "Aliases", Matches: []Match{has("lambda.Alias", "", "name=live").times(3), all("lambda.Function", "", "publish=true")}},
		{Phrase: "Dead-letter queues", Matches: []Match{
			has("sqs.Queue", "*-dead-letters").times(3), all("lambda.Function", "", "deadLetterConfig.targetArn=arn:aws:sqs:*"),
			all("lambda.EventSourceMapping", "", "destinationConfig.onFailure.destinationArn=arn:aws:sqs:*"),
		}},
		{Phrase: "Iterator-age alarm", Matches: []Match{has("cloudwatch.MetricAlarm", "", "metricName=IteratorAge", "alarmActions")}},
		{Phrase: "Tracing", Matches: []Match{all("lambda.Function", "", "tracingConfig.mode=Active")}},
		{Phrase: "A log group and a role of its own for each", Matches: []Match{all("cloudwatch.LogGroup", "function-*", "kmsKeyId", "retentionInDays"), has("iam.Role", "function-*").times(3)}},
	}}
}

func ecsSection() Section {
	return Section{Component: "Ecs", Title: "Ecs", Rows: []Row{
		{Phrase: "Cluster itrack-ecs-cluster-<environment>", Matches: []Match{has("ecs.Cluster", "", "name=itrack-ecs-cluster-*", "settings[name=containerInsights].value=enhanced")}},
		{Phrase: "Service itrack-<service>-service", Matches: []Match{has("ecs.Service", "backend", "name=itrack-backend-service", "networkConfiguration.assignPublicIp=false")}},
		{Phrase: "Log group /ecs/itrack-<service>-<environment>", Matches: []Match{has("cloudwatch.LogGroup", "service-backend", "name=/ecs/itrack-backend-*", "kmsKeyId", "retentionInDays")}},
		{Phrase: "Task and execution roles", Matches: []Match{has("iam.Role", "backend-task"), has("iam.Role", "backend-execution"), has("iam.Policy", "backend-task-data,backend-execution-start").times(2)}},
		{Phrase: "Blue and green target groups", Matches: []Match{has("lb.TargetGroup", "backend-blue"), has("lb.TargetGroup", "backend-green")}},
		{Phrase: "Listener rules", Matches: []Match{has("lb.ListenerRule", "backend-production", "conditions.pathPattern.values=/api/*"), has("lb.ListenerRule", "backend-test", "conditions.pathPattern.values=/api/*")}},
		{Phrase: "Fargate ARM64", Matches: []Match{all("ecs.TaskDefinition", "", "runtimePlatform.cpuArchitecture=ARM64", "requiresCompatibilities=FARGATE", "skipDestroy=true")}},
		{Phrase: "Spot share in staging", Matches: []Match{has("ecs.Service", "backend", "capacityProviderStrategies[capacityProvider=FARGATE_SPOT].weight=80"), has("ecs.ClusterCapacityProviders", "", "capacityProviders=FARGATE_SPOT")}},
		{Phrase: "Read-only root, non-root user", Matches: []Match{all("ecs.TaskDefinition", "", "containerDefinitions.readonlyRootFilesystem=true", "containerDefinitions.user!=0*", "containerDefinitions.user=*:*", "containerDefinitions.privileged=false")}},
		{Phrase: "Secrets by reference", Matches: []Match{has("ecs.TaskDefinition", "backend", "containerDefinitions.secrets[name=JWT_SECRET].valueFrom=arn:aws:secretsmanager:*")}},
		{Phrase: "Autoscaling on CPU", Matches: []Match{has("appautoscaling.Target", "backend"), has("appautoscaling.Policy", "", "**.predefinedMetricType=ECSServiceAverageCPUUtilization")}},
		{Phrase: "Autoscaling on memory", Matches: []Match{has("appautoscaling.Policy", "", "**.predefinedMetricType=ECSServiceAverageMemoryUtilization")}},
		{Phrase: "Autoscaling on requests, over both target groups", Matches: []Match{has("appautoscaling.Policy", "backend-requests",
			"**.metrics[id=blue].metricStat.metric.metricName=RequestCount", "**.metrics[id=green].metricStat.metric.metricName=RequestCount", "**.expression=*blue*green*tasks*")}},
	}}
}

func deliverySection() Section {
	return Section{Component: "Delivery", Title: "Delivery", Rows: []Row{
		{Phrase: "The wanted release of each service", Matches: []Match{has("infra.Delivery", "", "@outputs.releases.backend.taskDefinition.**=itrack-backend-*", "@outputs.releases.backend.deploymentGroup")}},
		{Phrase: "CodeDeploy blue/green", Matches: []Match{
			has("codedeploy.Application", "", "computePlatform=ECS"),
			has("codedeploy.DeploymentGroup", "backend", "deploymentStyle.deploymentType=BLUE_GREEN", "deploymentStyle.deploymentOption=WITH_TRAFFIC_CONTROL", "loadBalancerInfo.targetGroupPairInfo.targetGroups.name"),
			has("ecs.Service", "backend", "deploymentController.type=CODE_DEPLOY").in("Ecs"),
		}},
		{Phrase: "Canary in production", Matches: []Match{
			has("codedeploy.DeploymentConfig", "backend", "trafficRoutingConfig.type=TimeBasedCanary", "trafficRoutingConfig.timeBasedCanary.percentage=10"),
			has("codedeploy.DeploymentGroup", "backend", "deploymentConfigName=itrack-backend-canary-*"),
		}},
		{Phrase: "All at once in staging", Matches: []Match{has("codedeploy.DeploymentGroup", "backend", "deploymentConfigName=CodeDeployDefault.ECSAllAtOnce")}},
		{Phrase: "A test-traffic hook function that checks the new version before any user meets it", Matches: []Match{
			has("infra.Delivery", "", "@outputs.releases.backend.hookFunctionArn=arn:aws:lambda:*release-check*"), has("lambda.Function", "release-check", "environment.variables.TEST_URL").in("Functions"),
			has("codedeploy.DeploymentGroup", "backend", "loadBalancerInfo.targetGroupPairInfo.testTrafficRoute.listenerArns"), has("iam.Policy", "delivery-hook"),
		}},
		{Phrase: "Automatic rollback on alarms", Matches: []Match{has("codedeploy.DeploymentGroup", "backend", "alarmConfiguration.enabled=true", "alarmConfiguration.alarms",
			"autoRollbackConfiguration.enabled=true", "autoRollbackConfiguration.events=DEPLOYMENT_STOP_ON_ALARM")}},
	}}
}
