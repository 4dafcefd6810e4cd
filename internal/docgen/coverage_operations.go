package docgen

// The rows follow the design's component table: Bastion, Backup, Monitoring, Budget, Github.

func operationsSections() []Section {
	return []Section{bastionSection(), backupSection(), monitoringSection(), budgetSection(), githubSection()}
}

func bastionSection() Section {
	return Section{Component: "Bastion", Title: "Bastion", Rows: []Row{
		{Phrase: "One small ARM instance kept by an autoscaling group of one", Matches: []Match{
			has("autoscaling.Group", "", "minSize=1", "maxSize=1", "desiredCapacity=1"), has("ec2.LaunchTemplate", "", "instanceType=t4g.*", "imageId=*arm64*"),
		}},
		{Phrase: "In a private subnet, without a public address", Matches: []Match{has("autoscaling.Group", "", "vpcZoneIdentifiers"), has("ec2.LaunchTemplate", "", "networkInterfaces.associatePublicIpAddress=false")}},
		{Phrase: "Systems Manager only", Matches: []Match{has("iam.InstanceProfile", ""), has("iam.Role", "bastion", "assumeRolePolicy.Statement.Principal.Service=ec2.amazonaws.com"), has("iam.Policy", "bastion-managed", "policy.Statement.Action=ssmmessages:*"), has("ssm.Association", "").times(3)}},
		{Phrase: "No inbound rule", Matches: []Match{has("ec2.SecurityGroup", "bastion", "!ingress"), no("vpc.SecurityGroupIngressRule", "", "@from.securityGroupId=*SecurityGroup::bastion").in("*")}},
		{Phrase: "No key pair", Matches: []Match{all("ec2.LaunchTemplate", "", "!keyName")}},
		{Phrase: "IMDSv2", Matches: []Match{all("ec2.LaunchTemplate", "", "metadataOptions.httpTokens=required", "metadataOptions.httpPutResponseHopLimit=1")}},
		{Phrase: "Encrypted disk", Matches: []Match{all("ec2.LaunchTemplate", "", "blockDeviceMappings.ebs.encrypted=true")}},
		{Phrase: "A MySQL client", Matches: []Match{has("ec2.LaunchTemplate", "", "userData.@text=*dnf install*mariadb*"), has("vpc.SecurityGroupEgressRule", "bastion-rds-out", "fromPort=3306")}},
		{Phrase: "Session logs", Matches: []Match{has("ssm.Document", "sessions", "content.inputs.cloudWatchStreamingEnabled=true").in("Account"), has("cloudwatch.LogGroup", "sessions").in("Account"), has("iam.Policy", "bastion-session", "policy.Statement.Action=logs:PutLogEvents")}},
	}}
}

func backupSection() Section {
	return Section{Component: "Backup", Title: "Backup", Rows: []Row{
		{Phrase: "A vault, encrypted by our key", Matches: []Match{has("backup.Vault", "backup", "kmsKeyArn=arn:aws:kms:*")}},
		{Phrase: "Vaults in both regions", Matches: []Match{has("backup.Vault", "backup", "@region=us-east-1"), has("backup.Vault", "backup-us-west-2", "@region=us-west-2", "kmsKeyArn=arn:aws:kms:us-west-2:*")}},
		{Phrase: "Daily and weekly rules", Matches: []Match{has("backup.Plan", "", "rules[ruleName=daily].lifecycle.deleteAfter>=1", "rules[ruleName=weekly].lifecycle.deleteAfter>=1")}},
		{Phrase: "With copies", Matches: []Match{has("backup.Plan", "", "rules[ruleName=daily].copyActions.destinationVaultArn=arn:aws:backup:us-west-2:*", "rules[ruleName=weekly].copyActions.destinationVaultArn=arn:aws:backup:us-west-2:*")}},
		{Phrase: "Selection by tag", Matches: []Match{
			has("backup.Selection", "", "selectionTags.type=STRINGEQUALS", "selectionTags.key=Backup"), has("rds.Instance", "", "tags.Backup=itrack-*").in("Rds"),
			all("dynamodb.Table", "", "tags.Backup=itrack-*").in("Items"),
		}},
		{Phrase: "Governance lock in production", Matches: []Match{has("backup.VaultLockConfiguration", "", "minRetentionDays>=1", "maxRetentionDays>=1", "!changeableForDays").times(2)}},
		{Phrase: "Restore testing plan", Matches: []Match{
			has("backup.RestoreTestingPlan", "", "scheduleExpression=cron(*"), has("backup.RestoreTestingSelection", "", "protectedResourceType=RDS"), has("backup.RestoreTestingSelection", "", "protectedResourceType=DynamoDB"),
			has("cloudwatch.EventRule", "restore-completed"), has("lambda.Permission", "restore-completed", "principal=events.amazonaws.com"),
		}},
		{Phrase: "Subnet and security group overrides", Matches: []Match{has("backup.RestoreTestingSelection", "", "restoreMetadataOverrides.dbSubnetGroupName=itrack-*", "restoreMetadataOverrides.vpcSecurityGroupIds=*sg-*"), has("ec2.SecurityGroup", "restore")}},
		{Phrase: "Failed backup alarms", Matches: []Match{has("cloudwatch.MetricAlarm", "backup-jobs-failed", "metricQueries.metric.metricName=NumberOfBackupJobsFailed", "alarmActions")}},
		{Phrase: "Failed copy alarms", Matches: []Match{has("cloudwatch.MetricAlarm", "backup-copies-failed*", "metricName=NumberOfCopyJobsFailed", "alarmActions").times(2)}},
		{Phrase: "Freshness of the newest copy", Matches: []Match{has("cloudwatch.MetricAlarm", "copy-*-fresh-us-west-2", "@region=us-west-2", "metricName=NumberOfRecoveryPointsCompleted", "treatMissingData=breaching").times(2)}},
		{Phrase: "No continuous backup of RDS", Matches: []Match{no("backup.Plan", "", "rules.enableContinuousBackup=true")}},
	}}
}

func monitoringSection() Section {
	board := func(name string, texts ...string) Match {
		var where []string
		for _, text := range texts {
			where = append(where, "dashboardBody.**="+text)
		}
		return has("cloudwatch.Dashboard", name, where...)
	}
	return Section{Component: "Monitoring", Title: "Monitoring", Rows: []Row{
		{Phrase: "Dashboard ECS: CPU, memory, tasks", Matches: []Match{board("services", "CPUUtilization", "MemoryUtilization", "*Tasks*")}},
		{Phrase: "Dashboard RDS: connections, CPU, storage", Matches: []Match{board("database", "DatabaseConnections", "CPUUtilization", "FreeStorageSpace")}},
		{Phrase: "Dashboard Lambda: invocations, errors, duration", Matches: []Match{board("functions", "Invocations", "Errors", "Duration")}},
		{Phrase: "Dashboard API: requests, latency, errors", Matches: []Match{board("api", "Count", "Latency", "5XXError", "4XXError")}},
		{Phrase: "Dashboard backups", Matches: []Match{board("backups", "NumberOfBackupJobsCompleted", "NumberOfBackupJobsFailed")}},
		{Phrase: "Dashboard cost", Matches: []Match{board("cost", "EstimatedCharges")}},
		{Phrase: "Composite alarms", Matches: []Match{has("cloudwatch.CompositeAlarm", "availability", "alarmRule=*burn-1h*burn-6h*burn-1d*")}},
		{Phrase: "Burn-rate alarm over 1 h", Matches: []Match{has("cloudwatch.CompositeAlarm", "burn-1h", "alarmActions"), has("cloudwatch.MetricAlarm", "burn-1h-long", "metricQueries.metric.period=3600")}},
		{Phrase: "Burn-rate alarm over 6 h", Matches: []Match{has("cloudwatch.CompositeAlarm", "burn-6h", "alarmActions"), has("cloudwatch.MetricAlarm", "burn-6h-long", "metricQueries.metric.period=21600")}},
		{Phrase: "Burn-rate alarm over 1 d", Matches: []Match{has("cloudwatch.CompositeAlarm", "burn-1d", "alarmActions"), has("cloudwatch.MetricAlarm", "burn-1d-long", "metricQueries.metric.period=86400")}},
		{Phrase: "With a floor of traffic", Matches: []Match{all("cloudwatch.MetricAlarm", "burn-*", "metricQueries.expression=IF(requests >= *")}},
		{Phrase: "EventBridge rule for failed backups", Matches: []Match{has("cloudwatch.EventRule", "backup-failed", "eventPattern.detail-type=Backup Job State Change", "eventPattern.detail.state=FAILED"), has("cloudwatch.EventTarget", "backup-failed", "arn=arn:aws:sns:*")}},
		{Phrase: "EventBridge rule for failed deployments", Matches: []Match{has("cloudwatch.EventRule", "deployment-failed", "eventPattern.source=aws.codedeploy", "eventPattern.detail.state=FAILURE"), has("cloudwatch.EventTarget", "deployment-failed", "arn=arn:aws:sns:*")}},
		{Phrase: "EventBridge rule for stopped tasks", Matches: []Match{has("cloudwatch.EventRule", "task-stopped", "eventPattern.detail-type=ECS Task State Change", "eventPattern.detail.lastStatus=STOPPED"), has("cloudwatch.EventTarget", "task-stopped", "arn=arn:aws:sns:*")}},
		{Phrase: "Alarms on Keys", Matches: []Match{has("cloudwatch.EventRule", "key-*", "eventPattern.source=aws.kms", "eventPattern.detail.eventName=ScheduleKeyDeletion"), has("cloudwatch.EventTarget", "key-*", "arn=arn:aws:sns:*")}},
		{Phrase: "Log metric filters", Matches: []Match{has("cloudwatch.LogMetricFilter", "errors-backend"), has("cloudwatch.LogMetricFilter", "api-failures"), has("cloudwatch.MetricAlarm", "errors-backend", "metricName=ErrorLines-backend")}},
	}}
}

func budgetSection() Section {
	return Section{Component: "Budget", Title: "Budget", Rows: []Row{
		{Phrase: "Monthly budget by tag", Matches: []Match{has("budgets.Budget", "", "timeUnit=MONTHLY", "costFilters.name=TagKeyValue", "costFilters.values=user:Environment$*")}},
		{Phrase: "With forecast alert", Matches: []Match{has("budgets.Budget", "", "notifications[notificationType=FORECASTED].subscriberSnsTopicArns=arn:aws:sns:*")}},
		{Phrase: "Cost anomaly subscription", Matches: []Match{has("costexplorer.AnomalySubscription", "", "subscribers.type=SNS", "monitorArnLists")}},
	}}
}

func githubSection() Section {
	return Section{Component: "Github", Title: "Github", Rows: []Row{
		{Phrase: "One deploy role trusted to this repository's environment", Matches: []Match{has("iam.Role", "github-deploy", "assumeRolePolicy.Statement.Action=sts:AssumeRoleWithWebIdentity", "assumeRolePolicy.**=repo:itrack/itrack:environment:*")}},
		{Phrase: "Under a permissions boundary", Matches: []Match{all("iam.Role", "", "permissionsBoundary=arn:*pipeline-boundary*"), has("iam.Policy", "pipeline-boundary")}},
		{Phrase: "And a role path", Matches: []Match{all("iam.Role", "", "path=/itrack/*/")}},
		{Phrase: "A read-only role for previews", Matches: []Match{has("iam.Role", "github-preview", "assumeRolePolicy.**=repo:itrack/itrack:pull_request"), has("iam.Policy", "github-preview-no-data", "policy.Statement.Effect=Deny"), has("iam.RolePolicyAttachment", "github-preview-managed-0", "policyArn=*/ReadOnlyAccess")}},
	}}
}
