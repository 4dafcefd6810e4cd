package docgen

// The rows follow the design's component table: Rds, Items, Registry.

func dataSections() []Section { return []Section{rdsSection(), itemsSection(), registrySection()} }

func rdsSection() Section {
	return Section{Component: "Rds", Title: "Rds", Rows: []Row{
		{Phrase: "MySQL 8.4, identifier itrack-<environment>, port 3306", Matches: []Match{has("rds.Instance", "rds", "engine=mysql", "engineVersion=8.4*", "identifier=itrack-*", "port=3306")}},
		{Phrase: "In isolated subnets, without a public address", Matches: []Match{has("rds.SubnetGroup", ""), has("rds.Instance", "rds", "publiclyAccessible=false"), has("ec2.SecurityGroup", "rds")}},
		{Phrase: "gp3 with autoscaling", Matches: []Match{has("rds.Instance", "rds", "storageType=gp3", "maxAllocatedStorage>=22")}},
		{Phrase: "Encrypted by our key", Matches: []Match{has("rds.Instance", "rds", "storageEncrypted=true", "kmsKeyId")}},
		{Phrase: "TLS required", Matches: []Match{has("rds.ParameterGroup", "", "parameters[name=require_secure_transport].value=1")}},
		{Phrase: "Master secret managed by RDS (user itrackadmin)", Matches: []Match{has("rds.Instance", "rds", "manageMasterUserPassword=true", "masterUserSecretKmsKeyId", "username=itrackadmin", "!password")}},
		{Phrase: "7 days of backups in staging", Matches: []Match{has("rds.Instance", "rds", "backupRetentionPeriod=7")}},
		{Phrase: "30 days of backups in production", Matches: []Match{has("rds.Instance", "rds", "backupRetentionPeriod=30")}},
		{Phrase: "Automated-backup replication to the recovery region", Matches: []Match{has("rds.InstanceAutomatedBackupsReplication", "", "@region=us-west-2", "retentionPeriod=30", "kmsKeyId")}},
		{Phrase: "Deletion protection, final snapshot, kept automated backups", Matches: []Match{
			has("rds.Instance", "rds", "@protect=true", "deletionProtection=true", "skipFinalSnapshot=false", "finalSnapshotIdentifier=itrack-*", "deleteAutomatedBackups=false")}},
		{Phrase: "Multi-AZ in production", Matches: []Match{has("rds.Instance", "rds", "multiAz=true")}},
		{Phrase: "Database Insights where the class has it", Matches: []Match{has("rds.Instance", "rds", "databaseInsightsMode=advanced", "performanceInsightsEnabled=true", "performanceInsightsRetentionPeriod=465")},
			Tests: []string{"TestRdsInsightsByClassAndSetting"}},
		{Phrase: "Enhanced monitoring", Matches: []Match{has("rds.Instance", "rds", "monitoringInterval>=1", "monitoringRoleArn"), has("iam.Role", "rds-monitoring")}},
		{Phrase: "Audit log by option group", Matches: []Match{has("rds.OptionGroup", "", "options.optionName=MARIADB_AUDIT_PLUGIN")}},
		{Phrase: "Log exports", Matches: []Match{
			has("rds.Instance", "rds", "enabledCloudwatchLogsExports=audit", "enabledCloudwatchLogsExports=error", "enabledCloudwatchLogsExports=slowquery"),
			all("cloudwatch.LogGroup", "rds-*", "name=/aws/rds/instance/*", "retentionInDays", "kmsKeyId"),
		}},
		{Phrase: "IAM authentication", Matches: []Match{has("rds.Instance", "rds", "iamDatabaseAuthenticationEnabled=true")}},
		{Phrase: "Event subscriptions", Matches: []Match{
			has("rds.EventSubscription", "", "sourceType=db-instance"), has("rds.EventSubscription", "", "sourceType=db-parameter-group"),
			has("rds.EventSubscription", "", "sourceType=db-security-group"),
		}},
		{Phrase: "Event subscription of the replicated backups, in the recovery region", Matches: []Match{has("rds.EventSubscription", "", "@region=us-west-2")}},
	}}
}

func itemsSection() Section {
	return Section{Component: "Items", Title: "Items", Rows: []Row{
		{Phrase: "itrack-items-<environment> with its keys", Matches: []Match{has("dynamodb.Table", "items", "name=itrack-items-*", "hashKey=id")}},
		{Phrase: "Indexes by holder and by type and status", Matches: []Match{has("dynamodb.Table", "items",
			"globalSecondaryIndexes[name=by-holder].hashKey=holder", "globalSecondaryIndexes[name=by-type-status].hashKey=type", "globalSecondaryIndexes[name=by-type-status].rangeKey=status")}},
		{Phrase: "itrack-item-history-<environment>", Matches: []Match{has("dynamodb.Table", "item-history", "name=itrack-item-history-*", "hashKey=itemId", "rangeKey=at")}},
		{Phrase: "On demand", Matches: []Match{all("dynamodb.Table", "", "billingMode=PAY_PER_REQUEST")}},
		{Phrase: "Point-in-time recovery", Matches: []Match{all("dynamodb.Table", "", "pointInTimeRecovery.enabled=true", "pointInTimeRecovery.recoveryPeriodInDays>=1")}},
		{Phrase: "KMS", Matches: []Match{all("dynamodb.Table", "", "serverSideEncryption.enabled=true", "serverSideEncryption.kmsKeyArn=arn:aws:kms:*")}},
		{Phrase: "Stream", Matches: []Match{has("dynamodb.Table", "items", "streamEnabled=true", "streamViewType=NEW_AND_OLD_IMAGES")}},
		{Phrase: "Deletion protection", Matches: []Match{has("dynamodb.Table", "", "deletionProtectionEnabled=true", "@protect=true").times(2)}},
		{Phrase: "A TableReplica in the recovery region with its own protection", Matches: []Match{
			has("dynamodb.TableReplica", "", "@region=us-west-2", "deletionProtectionEnabled=true", "pointInTimeRecovery=true", "kmsKeyArn=arn:aws:kms:us-west-2:*").times(2)}},
	}}
}

func registrySection() Section {
	return Section{Component: "Registry", Title: "Registry", Rows: []Row{
		{Phrase: "A repository per service", Matches: []Match{has("ecr.Repository", "backend", "name=itrack-backend-*")}},
		{Phrase: "Immutable tags", Matches: []Match{all("ecr.Repository", "", "imageTagMutability=IMMUTABLE")}},
		{Phrase: "Scan on push", Matches: []Match{all("ecr.Repository", "", "imageScanningConfiguration.scanOnPush=true")}},
		{Phrase: "Encrypted by our key", Matches: []Match{all("ecr.Repository", "", "encryptionConfigurations.encryptionType=KMS", "encryptionConfigurations.kmsKey")}},
		{Phrase: "Lifecycle", Matches: []Match{all("ecr.LifecyclePolicy", "", "policy.rules.selection.tagStatus=untagged", "policy.rules.selection.countType=imageCountMoreThan")}},
	}}
}
