package docgen

// The rows follow the design's component table: Account to Secrets.

func foundationSections() []Section {
	return []Section{boundarySection(), accountSection(), networkSection(), keysSection(), alertsSection(), archiveSection(), certificatesSection(), secretsSection()}
}

func boundarySection() Section {
	return Section{Component: "Boundary", Title: "Boundary", Rows: []Row{
		{Phrase: "The permissions boundary of every role of the stack", Matches: []Match{
			has("iam.Policy", "boundary"),
			all("iam.Role", "", "permissionsBoundary=arn:*").in("*"),
		}},
		{Phrase: "A role path of the environment's own", Matches: []Match{all("iam.Role", "", "path=/itrack/*/").in("*")}},
	}}
}

func accountSection() Section {
	return Section{Component: "Account", Title: "Account", Rows: []Row{
		{Phrase: "API Gateway's CloudWatch role", Matches: []Match{
			has("apigateway.Account", "", "cloudwatchRoleArn"), has("iam.Role", "api-gateway-logs", "assumeRolePolicy.Statement.Principal.Service=apigateway.*"),
		}},
		{Phrase: "GitHub's OIDC provider", Matches: []Match{has("iam.OpenIdConnectProvider", "", "url=https://token.actions.githubusercontent.com", "clientIdLists=sts.amazonaws.com")}},
		{Phrase: "ECR replication to the recovery region", Matches: []Match{
			has("ecr.ReplicationConfiguration", "", "replicationConfiguration.rules.destinations.region=us-west-2"),
			has("ecr.RepositoryCreationTemplate", "", "@region=us-west-2", "appliedFors=REPLICATION", "encryptionConfigurations.encryptionType=KMS"),
		}},
		{Phrase: "ECR scanning", Matches: []Match{has("ecr.RegistryScanningConfiguration", "", "rules.scanFrequency=SCAN_ON_PUSH")}},
		{Phrase: "The per-service anomaly monitor", Matches: []Match{has("costexplorer.AnomalyMonitor", "", "monitorType=DIMENSIONAL", "monitorDimension=SERVICE")}},
		{Phrase: "Backup region settings, in both regions", Matches: []Match{
			has("backup.RegionSettings", "", "@region=us-east-1", "resourceTypeOptInPreference.RDS=true", "resourceTypeOptInPreference.DynamoDB=true"),
			has("backup.RegionSettings", "", "@region=us-west-2", "resourceTypeManagementPreference.DynamoDB=true"),
		}},
		{Phrase: "The session document", Matches: []Match{
			has("ssm.Document", "", "name=SSM-SessionManagerRunShell", "documentType=Session", "content.inputs.cloudWatchLogGroupName=/itrack/sessions", "content.inputs.kmsKeyId=*"),
			has("cloudwatch.LogGroup", "sessions", "kmsKeyId"),
		}},
		{Phrase: "Cost-allocation tags, off unless a setting turns them on", Matches: []Match{has("costexplorer.CostAllocationTag", "", "status=Active").times(2)}},
		{Phrase: "Shared by two stacks of an account: each thing made or taken over by a setting", Tests: []string{"TestOneAccountTwoStacks"}},
	}}
}

func networkSection() Section {
	return Section{Component: "Network", Title: "Network", Rows: []Row{
		{Phrase: "awsx Vpc", Matches: []Match{has("awsx.Vpc", "network"), has("ec2.Vpc", "network", "enableDnsHostnames=true", "cidrBlock=10.*.0.0/16")}},
		{Phrase: "Public subnets per zone, giving no public address", Matches: []Match{
			has("ec2.Subnet", "network-public-*").times(2), all("ec2.Subnet", "network-public-*", "mapPublicIpOnLaunch=false"),
		}},
		{Phrase: "Private subnets per zone", Matches: []Match{has("ec2.Subnet", "network-private-*").times(2)}},
		{Phrase: "Isolated subnets per zone, without a way out", Matches: []Match{
			has("ec2.Subnet", "network-isolated-*").times(2), no("ec2.Route", "network-isolated-*"),
		}},
		{Phrase: "Three zones", Matches: []Match{
			has("ec2.Subnet", "network-public-*").times(3), has("ec2.Subnet", "network-private-*").times(3), has("ec2.Subnet", "network-isolated-*").times(3),
		}},
		{Phrase: "One NAT gateway", Matches: []Match{
			has("ec2.NatGateway", "").exactly(1), has("ec2.Eip", "").exactly(1),
		}},
		{Phrase: "A NAT gateway per zone", Matches: []Match{
			has("ec2.NatGateway", "").exactly(3), has("ec2.Eip", "").exactly(3),
		}},
		{Phrase: "No NAT gateway, where the settings say so", Tests: []string{"TestWithoutNat"}},
		{Phrase: "S3 and DynamoDB gateway endpoints", Matches: []Match{
			has("ec2.VpcEndpoint", "", "vpcEndpointType=Gateway", "serviceName=*.s3"), has("ec2.VpcEndpoint", "", "vpcEndpointType=Gateway", "serviceName=*.dynamodb"),
		}},
		{Phrase: "Interface endpoints by list", Matches: []Match{
			has("ec2.VpcEndpoint", "", "vpcEndpointType=Interface", "privateDnsEnabled=true"), has("ec2.SecurityGroup", "endpoints"),
		}},
		{Phrase: "Flow logs", Matches: []Match{
			has("ec2.FlowLog", "", "trafficType=ALL"), has("cloudwatch.LogGroup", "network-flow", "kmsKeyId", "retentionInDays"),
			has("iam.Role", "network-flow", "assumeRolePolicy.**.aws:SourceAccount=*"),
		}},
		{Phrase: "The default security group emptied", Matches: []Match{all("ec2.DefaultSecurityGroup", "", "!ingress", "!egress")}},
		{Phrase: "Allow-lists of CIDRs by config", Matches: []Match{has("vpc.SecurityGroupEgressRule", "*-nat-*", "cidrIpv4=203.0.113.0/24").in("*")}},
	}}
}

func keysSection() Section {
	return Section{Component: "Keys", Title: "Keys", Rows: []Row{
		{Phrase: "Two symmetric customer-managed multi-region keys: data and logs", Matches: []Match{
			has("kms.Key", "data", "multiRegion=true", "!customerMasterKeySpec"), has("kms.Key", "logs", "multiRegion=true", "!customerMasterKeySpec"),
			has("kms.Alias", "data,logs").times(2),
		}},
		{Phrase: "Rotation on", Matches: []Match{all("kms.Key", "data,logs", "enableKeyRotation=true")}},
		{Phrase: "Replicas in every other region in use", Matches: []Match{
			has("kms.ReplicaKey", "data-*", "@region=us-west-2"), has("kms.ReplicaKey", "logs-*", "@region=us-west-2"), has("kms.Alias", "", "@region=us-west-2").times(2),
		}},
		{Phrase: "One asymmetric key for signing images", Matches: []Match{has("kms.Key", "signing", "customerMasterKeySpec=ECC_NIST_P256", "keyUsage=SIGN_VERIFY")}},
		{Phrase: "Key policies name service principals with source conditions", Matches: []Match{
			has("kms.Key", "logs", "policy.Statement.Principal.Service=logs.*", "policy.Statement.Condition.**=arn:aws:logs:*"),
			has("kms.Key", "logs", "policy.**.aws:SourceAccount=*"),
			has("kms.Key", "data", "policy.**.kms:ViaService=rds.*", "policy.**.kms:CallerAccount=*"),
		}},
		{Phrase: "Key policies never name our own roles", Matches: []Match{
			no("kms.Key", "", "policy.**=arn:aws:iam::*:role/*"), no("kms.ReplicaKey", "", "policy.**=arn:aws:iam::*:role/*"),
		}},
		{Phrase: "Region by region, three in use at once", Tests: []string{"TestKeysInEveryRegionInUse", "TestOtherRegionsAndDomain"}},
	}}
}

func alertsSection() Section {
	return Section{Component: "Alerts", Title: "Alerts", Rows: []Row{
		{Phrase: "Topics critical and warning", Matches: []Match{has("sns.Topic", "critical"), has("sns.Topic", "warning")}},
		{Phrase: "Encrypted, and published to over TLS alone", Matches: []Match{
			all("sns.Topic", "", "kmsMasterKeyId=arn:*"), all("sns.TopicPolicy", "", "policy.Statement[Effect=Deny].Condition.Bool.aws:SecureTransport=false"),
		}},
		{Phrase: "In every distinct region in use", Matches: []Match{
			has("sns.Topic", "", "@region=us-east-1").times(2), has("sns.Topic", "", "@region=us-west-2").times(2),
		}},
		{Phrase: "CloudFront's alarms live in us-east-1 and tell a topic there", Matches: []Match{
			all("cloudwatch.MetricAlarm", "site-5xx,site-latency,site-pages", "@region=us-east-1", "alarmActions=arn:aws:sns:us-east-1:*").in("Frontend"),
		}},
		{Phrase: "Copy alarms live in the recovery region and tell a topic there", Matches: []Match{
			has("cloudwatch.MetricAlarm", "*-us-west-2", "@region=us-west-2", "namespace=AWS/Backup", "alarmActions=arn:aws:sns:us-west-2:*").in("Backup"),
		}},
		{Phrase: "Email subscriptions by config", Matches: []Match{has("sns.TopicSubscription", "", "protocol=email", "endpoint=oncall@example.com")}},
		{Phrase: "Slack by Chatbot", Matches: []Match{has("chatbot.SlackChannelConfiguration", "", "slackChannelId=C01234567", "snsTopicArns"), has("iam.Role", "slack")}},
		{Phrase: "PagerDuty by HTTPS", Matches: []Match{has("sns.TopicSubscription", "*pagerduty*", "protocol=https")}},
	}}
}

func archiveSection() Section {
	return Section{Component: "Archive", Title: "Archive", Rows: []Row{
		{Phrase: "The log bucket, private", Matches: []Match{
			has("s3.BucketV2", "archive"), all("s3.BucketPublicAccessBlock", "", "blockPublicAcls=true", "blockPublicPolicy=true", "ignorePublicAcls=true", "restrictPublicBuckets=true"),
			all("s3.BucketOwnershipControls", "", "rule.objectOwnership=BucketOwnerEnforced"),
		}},
		{Phrase: "SSE-S3", Matches: []Match{all("s3.BucketServerSideEncryptionConfigurationV2", "", "rules.applyServerSideEncryptionByDefault.sseAlgorithm=AES256")}},
		{Phrase: "TLS only", Matches: []Match{all("s3.BucketPolicy", "", "policy.Statement[Effect=Deny].Condition.Bool.aws:SecureTransport=false")}},
		{Phrase: "Lifecycle", Matches: []Match{all("s3.BucketLifecycleConfigurationV2", "", "rules.expiration.days", "rules.transitions.storageClass=STANDARD_IA")}},
		{Phrase: "For the balancer's access logs", Matches: []Match{has("lb.LoadBalancer", "", "accessLogs.enabled=true", "accessLogs.bucket=itrack-archive-*").in("Balancer")}},
		{Phrase: "For CloudFront's access logs (v2 delivery)", Matches: []Match{
			has("cloudwatch.LogDeliverySource", "", "logType=ACCESS_LOGS").in("Frontend"),
			has("cloudwatch.LogDeliveryDestination", "", "deliveryDestinationConfiguration.destinationResourceArn=arn:aws:s3:::itrack-archive-*").in("Frontend"),
			has("cloudwatch.LogDelivery", "").in("Frontend"),
		}},
		{Phrase: "For S3 access logs", Matches: []Match{all("s3.BucketLoggingV2", "", "targetBucket=itrack-archive-*").in("*")}},
	}}
}

func certificatesSection() Section {
	return Section{Component: "Certificates", Title: "Certificates", Rows: []Row{
		{Phrase: "With a domain: a certificate for the edge, in us-east-1", Matches: []Match{has("acm.Certificate", "edge", "@region=us-east-1", "domainName=itrack.example.com")}},
		{Phrase: "A certificate for the API", Matches: []Match{has("acm.Certificate", "api", "domainName=api.itrack.example.com")}},
		{Phrase: "A certificate for the hop inside", Matches: []Match{has("acm.Certificate", "internal", "domainName=internal.itrack.example.com")}},
		{Phrase: "DNS validation", Matches: []Match{all("acm.Certificate", "", "validationMethod=DNS"), has("acm.CertificateValidation", "").times(3)}},
		{Phrase: "Records", Matches: []Match{has("route53.Record", "validate-*").times(3)}},
		{Phrase: "Expiry alarms", Matches: []Match{has("cloudwatch.MetricAlarm", "", "metricName=DaysToExpiry", "alarmActions").times(3)}},
	}}
}

func secretsSection() Section {
	return Section{Component: "Secrets", Title: "Secrets", Rows: []Row{
		{Phrase: "db_password, jwt_secret and api_key looked up by name", Matches: []Match{has("infra.Secrets", "",
			"@outputs.arns.db_password=arn:*:secret:itrack/*/db_password*", "@outputs.arns.jwt_secret=arn:*:secret:itrack/*/jwt_secret*", "@outputs.arns.api_key=arn:*:secret:itrack/*/api_key*")}},
		{Phrase: "Made outside the stack, which would hold their values else", Matches: []Match{no("secretsmanager.Secret", "").in("*")},
			Tests: []string{"TestSecretsAreLookedUpByNameOnly", "TestAMissingSecretNamesTheCommandThatMakesIt"}},
		{Phrase: "Never a version: no value in the state", Matches: []Match{no("secretsmanager.SecretVersion", "").in("*")}, Tests: []string{"TestNoSecretInState"}},
	}}
}
