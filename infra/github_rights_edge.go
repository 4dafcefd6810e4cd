package infra

// edgeStatements are the API, its firewall, the site's distribution, certificates and records. CloudFront and API
// Gateway give objects ids of their own choice, so that most of them can be named only by their kind.
func edgeStatements(p *Placement) []Statement {
	region := p.Primary.Name
	global := func(service, resource string) string { return p.Arn(service, "", resource) }
	// API Gateway's ARNs have no account in them.
	gateway := func(path string) string { return "arn:" + p.Partition + ":apigateway:" + region + "::/" + path }
	return []Statement{
		{
			Sid: "Api", Actions: []string{"apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT", "apigateway:SetWebACL"},
			Resources: []string{
				gateway("account"), gateway("domainnames*"), gateway("restapis*"), gateway("tags/*"), gateway("usageplans*"), gateway("vpclinks*"), gateway("v2/*"),
			},
		},
		{Sid: "SeeFirewall", Actions: []string{"wafv2:DescribeManagedRuleGroup", "wafv2:List*"}, Resources: []string{"*"}},
		{
			Sid: "Firewall", Resources: append(everywhere(p, "wafv2", "*/webacl/"+Project+"-*/*", "*/regexpatternset/"+Project+"-*/*", "*/ipset/"+Project+"-*/*", "*/managedruleset/*/*"),
				gateway("restapis/*"), global("cloudfront", "distribution/*")),
			Actions: []string{
				"wafv2:AssociateWebACL", "wafv2:CreateIPSet", "wafv2:CreateRegexPatternSet", "wafv2:CreateWebACL", "wafv2:DeleteIPSet", "wafv2:DeleteLoggingConfiguration",
				"wafv2:DeleteRegexPatternSet", "wafv2:DeleteWebACL", "wafv2:DisassociateWebACL", "wafv2:Get*", "wafv2:PutLoggingConfiguration",
				"wafv2:TagResource", "wafv2:UntagResource", "wafv2:UpdateIPSet", "wafv2:UpdateRegexPatternSet", "wafv2:UpdateWebACL",
			},
		},
		{
			Sid: "Distribution", Resources: []string{
				global("cloudfront", "distribution/*"), global("cloudfront", "function/*"), global("cloudfront", "origin-access-control/*"),
				global("cloudfront", "response-headers-policy/*"), global("cloudfront", "cache-policy/*"), global("cloudfront", "origin-request-policy/*"),
			},
			Actions: []string{
				"cloudfront:AllowVendedLogDeliveryForResource", "cloudfront:AssociateAlias", "cloudfront:CreateCachePolicy", "cloudfront:CreateDistribution",
				"cloudfront:CreateFunction", "cloudfront:CreateInvalidation", "cloudfront:CreateMonitoringSubscription", "cloudfront:CreateOriginAccessControl",
				"cloudfront:CreateResponseHeadersPolicy", "cloudfront:DeleteCachePolicy", "cloudfront:DeleteDistribution", "cloudfront:DeleteFunction",
				"cloudfront:DeleteMonitoringSubscription", "cloudfront:DeleteOriginAccessControl", "cloudfront:DeleteResponseHeadersPolicy",
				"cloudfront:DescribeFunction", "cloudfront:Get*", "cloudfront:PublishFunction", "cloudfront:TagResource", "cloudfront:TestFunction",
				"cloudfront:UntagResource", "cloudfront:UpdateCachePolicy", "cloudfront:UpdateDistribution", "cloudfront:UpdateFunction",
				"cloudfront:UpdateOriginAccessControl", "cloudfront:UpdateResponseHeadersPolicy",
			},
		},
		{Sid: "SeeEdge", Resources: []string{"*"}, Actions: []string{"cloudfront:List*", "route53:ListHostedZones", "route53:ListHostedZonesByName", "acm:ListCertificates", "route53:GetChange"}},
		{
			Sid: "Certificates", Conditions: tagged(p), Resources: everywhere(p, "acm", "certificate/*"),
			Actions: []string{
				"acm:AddTagsToCertificate", "acm:DeleteCertificate", "acm:DescribeCertificate", "acm:GetCertificate", "acm:ListTagsForCertificate",
				"acm:RemoveTagsFromCertificate", "acm:UpdateCertificateOptions",
			},
		},
		{Sid: "NewCertificates", Actions: []string{"acm:AddTagsToCertificate", "acm:RequestCertificate"}, Resources: []string{"*"}, Conditions: requested(p)},
		{
			Sid: "Records", Actions: []string{"route53:ChangeResourceRecordSets", "route53:GetHostedZone", "route53:ListResourceRecordSets", "route53:ListTagsForResource"},
			Resources: []string{"arn:" + p.Partition + ":route53:::hostedzone/*"},
		},
	}
}

// operationsStatements are logs, alarms, events, topics, queues, documents and money.
func operationsStatements(p *Placement) []Statement {
	region := p.Primary.Name
	return []Statement{
		{
			Sid: "Logs", Resources: everywhere(p, "logs", "log-group:*", "delivery:*", "delivery-source:*", "delivery-destination:*"),
			Actions: []string{
				"logs:AssociateKmsKey", "logs:CreateDelivery", "logs:CreateLogGroup", "logs:DeleteDelivery", "logs:DeleteDeliveryDestination",
				"logs:DeleteDeliverySource", "logs:DeleteLogGroup", "logs:DeleteMetricFilter", "logs:DescribeMetricFilters", "logs:DisassociateKmsKey",
				"logs:FilterLogEvents", "logs:GetDelivery", "logs:GetDeliveryDestination", "logs:GetDeliverySource", "logs:GetLogEvents", "logs:ListTagsForResource",
				"logs:PutDeliveryDestination", "logs:PutDeliverySource", "logs:PutMetricFilter", "logs:PutRetentionPolicy", "logs:TagResource",
				"logs:UntagResource",
			},
		},
		{
			// Resource policies, query definitions and deliveries to S3 or CloudFront belong to the account.
			Sid: "LogsOfTheAccount", Resources: []string{"*"},
			Actions: []string{
				"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DeleteQueryDefinition", "logs:DeleteResourcePolicy", "logs:DescribeDeliveries",
				"logs:DescribeDeliveryDestinations", "logs:DescribeDeliverySources", "logs:DescribeLogGroups", "logs:DescribeQueryDefinitions",
				"logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutQueryDefinition", "logs:PutResourcePolicy",
				"logs:UpdateLogDelivery",
			},
		},
		{
			Sid: "Alarms", Resources: append(everywhere(p, "cloudwatch", "alarm:"+Project+"-*"), p.Arn("cloudwatch", "", "dashboard/"+Project+"-*")),
			Actions: []string{
				"cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource",
				"cloudwatch:PutCompositeAlarm", "cloudwatch:PutDashboard", "cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource",
			},
		},
		{Sid: "See", Resources: []string{"*"}, Actions: []string{
			"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "events:ListRules", "ssm:DescribeDocument*", "ssm:GetParameter*",
			"ssm:DescribeInstanceInformation", "tag:GetResources", "sns:ListTopics", "sqs:ListQueues",
		}},
		{
			Sid: "Events", Resources: everywhere(p, "events", "rule/"+Project+"-*"),
			Actions: []string{
				"events:DeleteRule", "events:DescribeRule", "events:ListTagsForResource", "events:ListTargetsByRule", "events:PutRule", "events:PutTargets",
				"events:RemoveTargets", "events:TagResource", "events:UntagResource",
			},
		},
		{
			Sid: "Topics", Resources: append(everywhere(p, "sns", Project+"-*"), everywhere(p, "sqs", Project+"-*")...),
			Actions: []string{
				"sns:CreateTopic", "sns:DeleteTopic", "sns:GetSubscriptionAttributes", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic",
				"sns:ListTagsForResource", "sns:SetSubscriptionAttributes", "sns:SetTopicAttributes", "sns:Subscribe", "sns:TagResource", "sns:Unsubscribe",
				"sns:UntagResource", "sqs:CreateQueue", "sqs:DeleteQueue", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueueTags",
				"sqs:SetQueueAttributes", "sqs:TagQueue", "sqs:UntagQueue",
			},
		},
		{
			Sid: "Chat", Resources: []string{"*"}, // AWS Chatbot has no resources to name when a channel is made.
			Actions: []string{
				"chatbot:CreateSlackChannelConfiguration", "chatbot:DeleteSlackChannelConfiguration", "chatbot:DescribeSlackChannelConfigurations",
				"chatbot:ListTagsForResource", "chatbot:TagResource", "chatbot:UntagResource", "chatbot:UpdateSlackChannelConfiguration",
			},
		},
		{
			Sid: "Documents", Resources: []string{
				p.Arn("ssm", region, "association/*"), p.Arn("ssm", region, "document/"+sessionDocument), "arn:" + p.Partition + ":ssm:" + region + "::document/AWS-*",
			},
			Actions: []string{
				"ssm:AddTagsToResource", "ssm:CreateAssociation", "ssm:CreateDocument", "ssm:DeleteAssociation", "ssm:DeleteDocument", "ssm:DescribeAssociation",
				"ssm:GetDocument", "ssm:ListTagsForResource", "ssm:RemoveTagsFromResource", "ssm:UpdateAssociation", "ssm:UpdateDocument",
				"ssm:UpdateDocumentDefaultVersion",
			},
		},
		{
			Sid: "Money", Resources: []string{p.Arn("budgets", "", "budget/"+Project+"-*"), p.Arn("ce", "", "anomalymonitor/*"), p.Arn("ce", "", "anomalysubscription/*")},
			Actions: []string{
				"budgets:ListTagsForResource", "budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource", "budgets:ViewBudget",
				"ce:CreateAnomalyMonitor", "ce:CreateAnomalySubscription", "ce:DeleteAnomalyMonitor", "ce:DeleteAnomalySubscription", "ce:GetAnomalyMonitors",
				"ce:GetAnomalySubscriptions", "ce:ListTagsForResource", "ce:TagResource", "ce:UntagResource", "ce:UpdateAnomalyMonitor", "ce:UpdateAnomalySubscription",
			},
		},
		{Sid: "CostTags", Resources: []string{"*"}, Actions: []string{"ce:ListCostAllocationTags", "ce:UpdateCostAllocationTagsStatus"}},
	}
}

// previewActions are what a preview needs beyond reading; the boundary lets ReadOnlyAccess through by these.
var previewActions = []string{
	"acm:Describe*", "autoscaling:Describe*", "ce:Get*", "chatbot:List*", "cloudwatch:Get*", "cloudwatch:List*", "events:Describe*", "events:List*", "rds:List*",
	"route53:Get*", "route53:List*", "sns:Get*", "sns:List*", "sqs:List*", "ssm:List*",
}

// The tag by which setup-state tells the key of Pulumi's secrets from the stack's own keys.
const (
	stateKeyTag     = "aws:ResourceTag/Purpose"
	stateKeyPurpose = "pulumi-secrets"
)

// previewPolicies add the state to AWS's ReadOnlyAccess and take out of it what holds data: a pull request comes from
// whoever may open one, and reading resources does not need to mean reading what is in them.
func previewPolicies(p *Placement, stateBucket string) []namedStatements {
	state := "arn:" + p.Partition + ":s3:::" + stateBucket
	return []namedStatements{
		{"state", append(stateStatements(p, stateBucket, false), Statement{
			// Pulumi opens a stack with the key that guards the secrets in its state. setup-state makes and tags it.
			Sid: "StateSecrets", Actions: []string{"kms:Decrypt"}, Resources: everywhere(p, "kms", "key/*"), Conditions: map[string]map[string][]string{
				"StringEquals": {"aws:ResourceTag/Environment": {p.Environment}, stateKeyTag: {stateKeyPurpose}},
			},
		})},
		{"no-data", []Statement{
			// Only our own keys of data and logs: the state bucket may be encrypted with another one, and Pulumi's key is needed above.
			{Sid: "NoDecryption", Effect: "Deny", Resources: []string{"*"}, Actions: []string{"kms:Decrypt"}, Conditions: map[string]map[string][]string{
				"StringEquals": {"aws:ResourceTag/Environment": {p.Environment}}, "StringNotEquals": {stateKeyTag: {stateKeyPurpose}},
			}},
			{
				Sid: "NoObjects", Effect: "Deny", Actions: []string{"s3:GetObject*"}, NotResources: []string{state + "/*"},
			},
			{
				Sid: "NoData", Effect: "Deny", Resources: []string{"*"},
				Actions: []string{
					"athena:GetQueryResults*", "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:GetRecords", "dynamodb:PartiQLSelect", "dynamodb:Query",
					"dynamodb:Scan", "ecr:GetDownloadUrlForLayer", "kinesis:Get*", "lambda:GetFunction", "logs:FilterLogEvents", "logs:Get*Events",
					"logs:GetLogRecord", "logs:GetQueryResults", "logs:StartLiveTail", "logs:StartQuery", "rds-data:*", "rds:DownloadDBLogFilePortion",
					"secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue", "sqs:ReceiveMessage", "ssm:GetParameter*", "xray:BatchGet*", "xray:GetTrace*",
				},
			},
		}},
	}
}
