package catalog

// Enum are the values that AWS allows for a property, and the page that lists them.
type Enum struct {
	Values []string
	Source string
}

func values(source string, values ...string) Enum { return Enum{values, source} }

const ec2API = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/"

// enums are the allowed values by type token and property path (without `[]`), for every type in use.
var enums = map[string]map[string]Enum{
	"aws:ec2/vpc:Vpc": {
		"instanceTenancy": values(ec2API+"API_CreateVpc.html", "default", "dedicated"),
	},
	"aws:ec2/eip:Eip": {
		"domain": values(ec2API+"API_AllocateAddress.html", "vpc", "standard"),
	},
	"aws:ec2/natGateway:NatGateway": {
		"connectivityType": values(ec2API+"API_CreateNatGateway.html", "public", "private"),
	},
	"aws:ec2/vpcEndpoint:VpcEndpoint": {
		"vpcEndpointType": values(ec2API+"API_CreateVpcEndpoint.html", "Interface", "Gateway", "GatewayLoadBalancer", "Resource",
			"ServiceNetwork"),
		"ipAddressType":              values(ec2API+"API_CreateVpcEndpoint.html", "ipv4", "dualstack", "ipv6"),
		"dnsOptions.dnsRecordIpType": values(ec2API+"API_DnsOptions.html", "ipv4", "dualstack", "ipv6", "service-defined"),
	},
	"aws:ec2/flowLog:FlowLog": {
		"trafficType":                   values(ec2API+"API_CreateFlowLogs.html", "ACCEPT", "REJECT", "ALL"),
		"logDestinationType":            values(ec2API+"API_CreateFlowLogs.html", "cloud-watch-logs", "s3", "kinesis-data-firehose"),
		"destinationOptions.fileFormat": values(ec2API+"API_DestinationOptionsRequest.html", "plain-text", "parquet"),
	},
	"aws:kms/key:Key": {
		"keyUsage": values("https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html", "ENCRYPT_DECRYPT", "SIGN_VERIFY",
			"GENERATE_VERIFY_MAC", "KEY_AGREEMENT"),
		"customerMasterKeySpec": values("https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html", "SYMMETRIC_DEFAULT",
			"RSA_2048", "RSA_3072", "RSA_4096", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "ECC_NIST_P256", "ECC_NIST_P384",
			"ECC_NIST_P521", "ECC_SECG_P256K1", "SM2"),
	},
	"aws:sns/topic:Topic": {
		"tracingConfig": values("https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html", "PassThrough", "Active"),
	},
	"aws:sns/topicSubscription:TopicSubscription": {
		"protocol": values("https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html", "http", "https", "email", "email-json", "sms",
			"sqs", "application", "lambda", "firehose"),
		"filterPolicyScope": values("https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html", "MessageAttributes",
			"MessageBody"),
	},
	"aws:cloudwatch/logGroup:LogGroup": {
		"logGroupClass": values("https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html", "STANDARD",
			"INFREQUENT_ACCESS", "DELIVERY"),
	},
	"aws:cloudwatch/metricAlarm:MetricAlarm": {
		"comparisonOperator": values("https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
			"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
			"LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"),
		"statistic": values("https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html", "SampleCount",
			"Average", "Sum", "Minimum", "Maximum"),
		"treatMissingData": values("https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html", "breaching",
			"notBreaching", "ignore", "missing"),
		"evaluateLowSampleCountPercentiles": values(
			"https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html", "evaluate", "ignore"),
	},
	"aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
		"rule.objectOwnership": values("https://docs.aws.amazon.com/AmazonS3/latest/API/API_OwnershipControlsRule.html", "BucketOwnerPreferred",
			"ObjectWriter", "BucketOwnerEnforced"),
	},
	"aws:s3/bucketVersioningV2:BucketVersioningV2": {
		"versioningConfiguration.status":    values("https://docs.aws.amazon.com/AmazonS3/latest/API/API_VersioningConfiguration.html", "Enabled", "Suspended", "Disabled"),
		"versioningConfiguration.mfaDelete": values("https://docs.aws.amazon.com/AmazonS3/latest/API/API_VersioningConfiguration.html", "Enabled", "Disabled"),
	},
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {
		"rules.applyServerSideEncryptionByDefault.sseAlgorithm": values(
			"https://docs.aws.amazon.com/AmazonS3/latest/API/API_ServerSideEncryptionByDefault.html", "AES256", "aws:kms", "aws:kms:dsse"),
	},
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": {
		"rules.status": values("https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html", "Enabled", "Disabled"),
		"rules.transitions.storageClass": values("https://docs.aws.amazon.com/AmazonS3/latest/API/API_Transition.html", "GLACIER", "STANDARD_IA",
			"ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR"),
		"transitionDefaultMinimumObjectSize": values("https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html",
			"varies_by_storage_class", "all_storage_classes_128K"),
	},
	"aws:rds/instance:Instance": {
		"storageType":          values("https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html", "standard", "gp2", "gp3", "io1", "io2"),
		"databaseInsightsMode": values("https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html", "standard", "advanced"),
		"networkType":          values("https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html", "IPV4", "DUAL"),
		"caCertIdentifier": values("https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html", "rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1",
			"rds-ca-ecc384-g1"),
	},
	"aws:rds/parameterGroup:ParameterGroup": {
		"parameters.applyMethod": values("https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Parameter.html", "immediate", "pending-reboot"),
	},
	"aws:dynamodb/table:Table": {
		"billingMode":     values("https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html", "PROVISIONED", "PAY_PER_REQUEST"),
		"tableClass":      values("https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html", "STANDARD", "STANDARD_INFREQUENT_ACCESS"),
		"attributes.type": values("https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeDefinition.html", "S", "N", "B"),
		"streamViewType": values("https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_StreamSpecification.html", "NEW_IMAGE", "OLD_IMAGE",
			"NEW_AND_OLD_IMAGES", "KEYS_ONLY"),
		"globalSecondaryIndexes.projectionType": values("https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Projection.html", "ALL", "KEYS_ONLY", "INCLUDE"),
	},
	"aws:dynamodb/tableReplica:TableReplica": {
		"tableClassOverride": values("https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html", "STANDARD", "STANDARD_INFREQUENT_ACCESS"),
	},
	"aws:autoscaling/group:Group": {
		"healthCheckType":          values("https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html", "EC2", "ELB", "VPC_LATTICE", "EBS"),
		"instanceRefresh.strategy": values("https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_StartInstanceRefresh.html", "Rolling", "ReplaceRootVolume"),
		"metricsGranularity":       values("https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_EnableMetricsCollection.html", "1Minute"),
		"enabledMetrics": values("https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_EnableMetricsCollection.html", "GroupMinSize", "GroupMaxSize",
			"GroupDesiredCapacity", "GroupInServiceInstances", "GroupPendingInstances", "GroupStandbyInstances", "GroupTerminatingInstances", "GroupTotalInstances"),
		"mixedInstancesPolicy.instancesDistribution.onDemandAllocationStrategy": values(
			"https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstancesDistribution.html", "lowest-price", "prioritized"),
		"mixedInstancesPolicy.instancesDistribution.spotAllocationStrategy": values(
			"https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstancesDistribution.html", "lowest-price", "capacity-optimized",
			"capacity-optimized-prioritized", "price-capacity-optimized"),
	},
	"aws:ec2/launchTemplate:LaunchTemplate": {
		"metadataOptions.httpEndpoint":         values(ec2API+"API_LaunchTemplateInstanceMetadataOptionsRequest.html", "enabled", "disabled"),
		"metadataOptions.httpTokens":           values(ec2API+"API_LaunchTemplateInstanceMetadataOptionsRequest.html", "optional", "required"),
		"metadataOptions.instanceMetadataTags": values(ec2API+"API_LaunchTemplateInstanceMetadataOptionsRequest.html", "enabled", "disabled"),
		"blockDeviceMappings.ebs.volumeType":   values(ec2API+"API_LaunchTemplateEbsBlockDeviceRequest.html", "standard", "io1", "io2", "gp2", "gp3", "sc1", "st1"),
		"tagSpecifications.resourceType": values(ec2API+"API_LaunchTemplateTagSpecificationRequest.html", "instance", "volume", "network-interface",
			"spot-instances-request", "elastic-gpu"),
	},
	"aws:ssm/document:Document": {
		"documentType": values("https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html", "Command", "Policy", "Automation", "Session",
			"Package", "ApplicationConfiguration", "ApplicationConfigurationSchema", "DeploymentStrategy", "ChangeCalendar", "Automation.ChangeTemplate",
			"ProblemAnalysis", "ProblemAnalysisTemplate", "CloudFormation", "ConformancePackTemplate", "QuickSetup"),
		"documentFormat": values("https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html", "YAML", "JSON", "TEXT"),
	},
	"aws:ssm/association:Association": {
		"complianceSeverity": values("https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateAssociation.html", "CRITICAL", "HIGH", "MEDIUM", "LOW",
			"UNSPECIFIED"),
		"syncCompliance": values("https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateAssociation.html", "AUTO", "MANUAL"),
	},
	"aws:cloudwatch/eventRule:EventRule": {
		"state": values("https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html", "ENABLED", "DISABLED",
			"ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"),
	},
	"aws:cloudwatch/logMetricFilter:LogMetricFilter": {
		"metricTransformation.unit": values("https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html", "None", "Count", "Count/Second", "Percent",
			"Seconds", "Milliseconds", "Microseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Bits"),
	},
	"aws:budgets/budget:Budget": {
		"budgetType": values("https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html", "USAGE", "COST", "RI_UTILIZATION", "RI_COVERAGE",
			"SAVINGS_PLANS_UTILIZATION", "SAVINGS_PLANS_COVERAGE"),
		"timeUnit": values("https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Budget.html", "DAILY", "MONTHLY", "QUARTERLY", "ANNUALLY"),
		"notifications.comparisonOperator": values("https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Notification.html", "GREATER_THAN",
			"LESS_THAN", "EQUAL_TO"),
		"notifications.notificationType": values("https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Notification.html", "ACTUAL", "FORECASTED"),
		"notifications.thresholdType":    values("https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_Notification.html", "PERCENTAGE", "ABSOLUTE_VALUE"),
	},
	"aws:costexplorer/anomalyMonitor:AnomalyMonitor": {
		"monitorType":      values("https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_AnomalyMonitor.html", "DIMENSIONAL", "CUSTOM"),
		"monitorDimension": values("https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_AnomalyMonitor.html", "SERVICE"),
	},
	"aws:costexplorer/anomalySubscription:AnomalySubscription": {
		"frequency":        values("https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_AnomalySubscription.html", "DAILY", "IMMEDIATE", "WEEKLY"),
		"subscribers.type": values("https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_Subscriber.html", "EMAIL", "SNS"),
		"thresholdExpression.dimension.key": values("https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_AnomalySubscription.html",
			"ANOMALY_TOTAL_IMPACT_ABSOLUTE", "ANOMALY_TOTAL_IMPACT_PERCENTAGE"),
		"thresholdExpression.dimension.matchOptions": values("https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_AnomalySubscription.html",
			"GREATER_THAN_OR_EQUAL"),
	},
	"aws:costexplorer/costAllocationTag:CostAllocationTag": {
		"status": values("https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_CostAllocationTagStatusEntry.html", "Active", "Inactive"),
	},
	"aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration": {
		"scanType": values("https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryScanningConfiguration.html", "BASIC", "ENHANCED"),
		"rules.scanFrequency": values("https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RegistryScanningRule.html", "SCAN_ON_PUSH", "CONTINUOUS_SCAN",
			"MANUAL"),
		"rules.repositoryFilters.filterType": values("https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ScanningRepositoryFilter.html", "WILDCARD"),
	},
	"aws:ecr/replicationConfiguration:ReplicationConfiguration": {
		"replicationConfiguration.rules.repositoryFilters.filterType": values(
			"https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_RepositoryFilter.html", "PREFIX_MATCH"),
	},
	"aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate": {
		"appliedFors": values("https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html", "REPLICATION", "PULL_THROUGH_CACHE",
			"CREATE_ON_PUSH"),
		"imageTagMutability": values("https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html", "MUTABLE", "IMMUTABLE",
			"IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"),
		"encryptionConfigurations.encryptionType": values("https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EncryptionConfigurationForRepositoryCreationTemplate.html",
			"AES256", "KMS", "KMS_DSSE"),
	},
	"aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": {
		"loggingLevel": values("https://docs.aws.amazon.com/chatbot/latest/APIReference/API_CreateSlackChannelConfiguration.html", "ERROR", "INFO", "NONE"),
	},
}
