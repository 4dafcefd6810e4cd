package docgen

// The rows follow the two lists below the design's component table: the alarms there are at least, and what a second
// service gets from a few lines of its stack file.

func listSections() []Section { return []Section{alarmsSection(), servicesSection()} }

// alarm is a metric alarm that tells a topic.
func alarm(names string, where ...string) Match {
	return has("cloudwatch.MetricAlarm", names, append([]string{"alarmActions=arn:aws:sns:*"}, where...)...)
}

func alarmsSection() Section {
	return Section{Title: "Alarms", Rows: []Row{
		{Phrase: "ECS CPU", Matches: []Match{alarm("", "namespace=AWS/ECS", "metricName=CPUUtilization")}},
		{Phrase: "ECS memory", Matches: []Match{alarm("", "namespace=AWS/ECS", "metricName=MemoryUtilization")}},
		{Phrase: "Running below desired", Matches: []Match{alarm("", "metricQueries.metric.metricName=RunningTaskCount", "metricQueries.metric.metricName=DesiredTaskCount")}},
		{Phrase: "RDS CPU", Matches: []Match{alarm("", "namespace=AWS/RDS", "metricName=CPUUtilization")}},
		{Phrase: "RDS connections", Matches: []Match{alarm("", "metricName=DatabaseConnections")}},
		{Phrase: "RDS storage", Matches: []Match{alarm("", "metricName=FreeStorageSpace")}},
		{Phrase: "RDS memory", Matches: []Match{alarm("", "metricName=FreeableMemory")}},
		{Phrase: "RDS replication: writes wait for the standby; the replicated backups' events", Matches: []Match{
			alarm("rds-replication", "namespace=AWS/RDS", "metricName=WriteLatency"), has("rds.EventSubscription", "rds-replication", "snsTopic=arn:aws:sns:us-west-2:*")}},
		{Phrase: "Lambda errors", Matches: []Match{alarm("", "namespace=AWS/Lambda", "metricName=Errors").times(3)}},
		{Phrase: "Lambda throttles", Matches: []Match{alarm("", "namespace=AWS/Lambda", "metricName=Throttles").times(3)}},
		{Phrase: "Lambda duration", Matches: []Match{alarm("", "namespace=AWS/Lambda", "metricName=Duration").times(3)}},
		{Phrase: "API 5xx", Matches: []Match{alarm("", "metricQueries.metric.namespace=AWS/ApiGateway", "metricQueries.metric.metricName=5XXError")}},
		{Phrase: "API 4xx rate", Matches: []Match{alarm("", "metricQueries.metric.metricName=4XXError", "metricQueries.metric.metricName=Count")}},
		{Phrase: "API latency", Matches: []Match{alarm("", "namespace=AWS/ApiGateway", "metricName=Latency")}},
		{Phrase: "Target 5xx, over both target groups", Matches: []Match{alarm("service-*", "metricQueries[id=errors_blue].metric.metricName=HTTPCode_Target_5XX_Count", "metricQueries[id=errors_green].metric.metricName=HTTPCode_Target_5XX_Count")}},
		{Phrase: "Unhealthy hosts, over both target groups", Matches: []Match{alarm("service-*", "metricQueries[id=unhealthy_blue].metric.metricName=UnHealthyHostCount", "metricQueries[id=unhealthy_green].metric.metricName=UnHealthyHostCount")}},
		{Phrase: "DynamoDB throttles", Matches: []Match{alarm("", "metricQueries.metric.namespace=AWS/DynamoDB", "metricQueries.metric.metricName=ReadThrottleEvents", "metricQueries.metric.metricName=WriteThrottleEvents").times(2)}},
		{Phrase: "Failed backups", Matches: []Match{alarm("", "metricQueries.metric.metricName=NumberOfBackupJobsFailed")}},
		{Phrase: "Missing backups", Matches: []Match{alarm("", "metricName=NumberOfBackupJobsCompleted", "treatMissingData=breaching").times(2)}},
		{Phrase: "Failed copies", Matches: []Match{alarm("", "metricName=NumberOfCopyJobsFailed").times(2)}},
		{Phrase: "Expiring certificates", Matches: []Match{alarm("", "metricName=DaysToExpiry").times(3)}},
		{Phrase: "Budget", Matches: []Match{has("budgets.Budget", "", "notifications.notificationType=ACTUAL", "notifications.subscriberSnsTopicArns=arn:aws:sns:*")}},
	}}
}

// servicesSection looks at the second service that EveryPart adds.
func servicesSection() Section {
	return Section{Title: "A second service", Rows: []Row{
		{Phrase: "Its path, on each listener", Matches: []Match{has("lb.ListenerRule", "audit-production", "conditions.pathPattern.values=/audit/*"), has("lb.ListenerRule", "audit-test", "conditions.pathPattern.values=/audit/*")}},
		{Phrase: "Port and health path", Matches: []Match{has("ecs.TaskDefinition", "audit", "containerDefinitions.portMappings.containerPort=9000"), has("lb.TargetGroup", "audit-*", "healthCheck.path=/ready")}},
		{Phrase: "cpu and memory", Matches: []Match{has("ecs.TaskDefinition", "audit", "cpu=512", "memory=1024")}},
		{Phrase: "Desired, minimum and maximum", Matches: []Match{has("ecs.Service", "audit", "desiredCount=2"), has("appautoscaling.Target", "audit", "minCapacity=2", "maxCapacity=6")}},
		{Phrase: "Spot share", Matches: []Match{has("ecs.Service", "audit", "capacityProviderStrategies[capacityProvider=FARGATE_SPOT].weight=50")}},
		{Phrase: "Secrets", Matches: []Match{has("ecs.TaskDefinition", "audit", "containerDefinitions.secrets.name=API_KEY", "containerDefinitions.secrets.name!=DB_PASSWORD")}},
		{Phrase: "Environment", Matches: []Match{has("ecs.TaskDefinition", "audit", "containerDefinitions.environment[name=MODE].value=audit")}},
		{Phrase: "Migrate command", Matches: []Match{has("infra.Delivery", "", "@outputs.releases.audit.migrateCommand=/migrate")}},
		{Phrase: "Which data it may use", Matches: []Match{has("iam.Policy", "audit-task-data", "policy.Statement.Resource=*itrack-item-history-*", "policy.Statement.Action!=dynamodb:PutItem"), no("vpc.SecurityGroupEgressRule", "service-audit-mysql-out")}},
		{Phrase: "Its own repository", Matches: []Match{has("ecr.Repository", "audit"), has("ecr.LifecyclePolicy", "audit")}},
		{Phrase: "Its own roles", Matches: []Match{has("iam.Role", "audit-task"), has("iam.Role", "audit-execution")}},
		{Phrase: "Its own security group", Matches: []Match{has("ec2.SecurityGroup", "service-audit"), has("vpc.SecurityGroupIngressRule", "service-audit-balancer-in", "fromPort=9000")}},
		{Phrase: "Its own target groups: one pair", Matches: []Match{has("lb.TargetGroup", "audit-blue,audit-green").times(2)}},
		{Phrase: "Its own traffic canary", Matches: []Match{has("codedeploy.DeploymentConfig", "audit", "trafficRoutingConfig.type=TimeBasedCanary"), has("codedeploy.DeploymentGroup", "audit")}},
		{Phrase: "Its own alarms", Matches: []Match{alarm("service-audit-*").times(6), alarm("errors-audit")}},
		{Phrase: "Its own dashboard row", Matches: []Match{has("cloudwatch.Dashboard", "services", "dashboardBody.**=itrack-audit-service")}},
		{Phrase: "Requests-per-target scaling over both groups", Matches: []Match{has("appautoscaling.Policy", "audit-requests", "**.metrics[id=blue].metricStat.metric.metricName=RequestCount", "**.metrics[id=green].metricStat.metric.metricName=RequestCount")}},
		{Phrase: "The API's route to it", Matches: []Match{has("apigateway.RestApi", "", "body.paths./audit/{proxy+}")}},
		{Phrase: "Functions are a table in the same way", Matches: []Match{has("lambda.Function", "item-events"), has("lambda.Function", "release-check"), has("lambda.Function", "restore-check")}},
	}}
}
