package infra

import "fmt"

// networkStatements are the VPC and what stands in it. Describing has no resources in EC2; what is made must carry the
// tag, and only what carries it can be changed.
func networkStatements(p *Placement) []Statement {
	create := []string{
		"ec2:AllocateAddress", "ec2:CreateFlowLogs", "ec2:CreateInternetGateway", "ec2:CreateLaunchTemplate", "ec2:CreateNatGateway",
		"ec2:CreateNetworkAcl", "ec2:CreateRouteTable", "ec2:CreateSecurityGroup", "ec2:CreateSubnet", "ec2:CreateVpc", "ec2:CreateVpcEndpoint",
	}
	return []Statement{
		{Sid: "See", Actions: []string{"ec2:Describe*", "ec2:GetManagedPrefixListEntries", "elasticloadbalancing:Describe*", "autoscaling:Describe*"}, Resources: []string{"*"}},
		{Sid: "Make", Actions: create, Resources: everywhere(p, "ec2", "*/*"), Conditions: map[string]map[string][]string{
			// A creation also names what it happens in (the VPC of a subnet): that carries no request tag, but ours.
			"StringEqualsIfExists": {"aws:RequestTag/Environment": {p.Environment}, "aws:ResourceTag/Environment": {p.Environment}},
		}},
		{
			Sid: "TagAtCreation", Actions: []string{"ec2:CreateTags"}, Resources: everywhere(p, "ec2", "*/*"), Conditions: requested(p),
		},
		{
			Sid: "Change", Conditions: tagged(p), Resources: everywhere(p, "ec2", "*/*"),
			Actions: []string{
				"ec2:AssociateRouteTable", "ec2:AttachInternetGateway", "ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress",
				"ec2:CreateLaunchTemplateVersion", "ec2:CreateNetworkAclEntry", "ec2:CreateRoute", "ec2:DeleteFlowLogs", "ec2:DeleteInternetGateway",
				"ec2:DeleteLaunchTemplate", "ec2:DeleteLaunchTemplateVersions", "ec2:DeleteNatGateway", "ec2:DeleteNetworkAcl",
				"ec2:DeleteNetworkAclEntry", "ec2:DeleteRoute", "ec2:DeleteRouteTable", "ec2:DeleteSecurityGroup", "ec2:DeleteSubnet",
				"ec2:DeleteTags", "ec2:DeleteVpc", "ec2:DeleteVpcEndpoints", "ec2:DetachInternetGateway", "ec2:DisassociateAddress",
				"ec2:DisassociateRouteTable", "ec2:ModifyLaunchTemplate", "ec2:ModifySecurityGroupRules", "ec2:ModifySubnetAttribute",
				"ec2:ModifyVpcAttribute", "ec2:ModifyVpcEndpoint", "ec2:ReleaseAddress", "ec2:ReplaceNetworkAclAssociation",
				"ec2:ReplaceNetworkAclEntry", "ec2:ReplaceRoute", "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
				"ec2:UpdateSecurityGroupRuleDescriptionsEgress", "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
			},
		},
		{
			// The autoscaling group of the bastion: who may name a launch template must be able to start it.
			Sid: "Launch", Actions: []string{"ec2:RunInstances"}, Resources: []string{"*"}, Conditions: map[string]map[string][]string{
				"ArnLike": {"ec2:LaunchTemplate": {p.Arn("ec2", p.Primary.Name, "launch-template/*")}},
			},
		},
		{
			Sid: "Bastion", Resources: []string{p.Arn("autoscaling", p.Primary.Name, "autoScalingGroup:*:autoScalingGroupName/"+Project+"-*")},
			Actions: []string{
				"autoscaling:CancelInstanceRefresh", "autoscaling:CreateAutoScalingGroup", "autoscaling:CreateOrUpdateTags",
				"autoscaling:DeleteAutoScalingGroup", "autoscaling:DeleteTags", "autoscaling:DisableMetricsCollection",
				"autoscaling:EnableMetricsCollection", "autoscaling:SetInstanceProtection", "autoscaling:StartInstanceRefresh",
				"autoscaling:UpdateAutoScalingGroup",
			},
		},
		{
			Sid: "Balancer", Resources: []string{p.Arn("elasticloadbalancing", p.Primary.Name, "*/"+Project+"-*"), p.Arn("elasticloadbalancing", p.Primary.Name, "*/app/"+Project+"-*")},
			Actions: []string{
				"elasticloadbalancing:AddTags", "elasticloadbalancing:CreateListener", "elasticloadbalancing:CreateLoadBalancer",
				"elasticloadbalancing:CreateRule", "elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:DeleteListener",
				"elasticloadbalancing:DeleteLoadBalancer", "elasticloadbalancing:DeleteRule", "elasticloadbalancing:DeleteTargetGroup",
				"elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyListenerAttributes", "elasticloadbalancing:ModifyLoadBalancerAttributes",
				"elasticloadbalancing:ModifyRule", "elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes",
				"elasticloadbalancing:RemoveTags", "elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets",
			},
		},
	}
}

// workloadStatements are the registry, the services, their deployments and the functions.
func workloadStatements(p *Placement) []Statement {
	region := p.Primary.Name
	return []Statement{
		{Sid: "See", Resources: []string{"*"}, Actions: []string{
			"ecr:DescribeRegistry", "ecr:GetAuthorizationToken", "ecr:GetRegistryScanningConfiguration", "ecs:DescribeTaskDefinition",
			"ecs:ListTaskDefinitions", "application-autoscaling:Describe*", "application-autoscaling:ListTagsForResource", "lambda:GetEventSourceMapping",
			"lambda:ListEventSourceMappings", "codedeploy:Get*", "codedeploy:List*", "codedeploy:BatchGet*",
		}},
		{
			Sid: "Registry", Resources: everywhere(p, "ecr", "repository/"+Project+"*"),
			Actions: []string{
				"ecr:BatchCheckLayerAvailability", "ecr:BatchDeleteImage", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:CreateRepository",
				"ecr:DeleteLifecyclePolicy", "ecr:DeleteRepository", "ecr:DescribeImageScanFindings", "ecr:DescribeImages", "ecr:DescribeRepositories",
				"ecr:GetDownloadUrlForLayer", "ecr:GetLifecyclePolicy", "ecr:GetRepositoryPolicy", "ecr:InitiateLayerUpload", "ecr:ListImages",
				"ecr:ListTagsForResource", "ecr:PutImage", "ecr:PutImageScanningConfiguration", "ecr:PutImageTagMutability", "ecr:PutLifecyclePolicy",
				"ecr:SetRepositoryPolicy", "ecr:StartImageScan", "ecr:TagResource", "ecr:UntagResource", "ecr:UploadLayerPart",
			},
		},
		{
			// Settings of the registry as a whole have no resource.
			Sid: "RegistrySettings", Resources: []string{"*"},
			Actions: []string{
				"ecr:CreateRepositoryCreationTemplate", "ecr:DeleteRepositoryCreationTemplate", "ecr:DescribeRepositoryCreationTemplates",
				"ecr:PutRegistryScanningConfiguration", "ecr:PutReplicationConfiguration", "ecr:UpdateRepositoryCreationTemplate",
			},
		},
		{
			// Task definitions have no tag at the time they are registered or taken back.
			Sid: "Definitions", Actions: []string{"ecs:DeregisterTaskDefinition", "ecs:RegisterTaskDefinition"}, Resources: []string{"*"},
		},
		{
			Sid: "Services", Resources: []string{
				p.Arn("ecs", region, "cluster/"+Project+"-*"), p.Arn("ecs", region, "service/"+Project+"-*/*"), p.Arn("ecs", region, "task/"+Project+"-*/*"),
				p.Arn("ecs", region, "task-definition/"+Project+"-*:*"), p.Arn("ecs", region, "task-set/"+Project+"-*/*/*"),
			},
			Actions: []string{
				"ecs:CreateCluster", "ecs:CreateService", "ecs:DeleteCluster", "ecs:DeleteService", "ecs:DescribeClusters", "ecs:DescribeServices",
				"ecs:DescribeTaskSets", "ecs:DescribeTasks", "ecs:ListServices", "ecs:ListTagsForResource", "ecs:PutClusterCapacityProviders",
				"ecs:RunTask", "ecs:StopTask", "ecs:TagResource", "ecs:UntagResource", "ecs:UpdateCluster", "ecs:UpdateClusterSettings", "ecs:UpdateService",
			},
		},
		{
			// AWS checks this call against container instances, of which Fargate has none: only the cluster tells whose tasks.
			Sid: "Tasks", Actions: []string{"ecs:ListTasks"}, Resources: []string{"*"},
			Conditions: map[string]map[string][]string{"ArnLike": {"ecs:cluster": {p.Arn("ecs", region, "cluster/"+Project+"-*")}}},
		},
		{
			// A deployment is no resource of IAM: both calls know none.
			Sid: "RunningDeployments", Actions: []string{"codedeploy:ContinueDeployment", "codedeploy:StopDeployment"}, Resources: []string{"*"},
		},
		{
			Sid: "Scaling", Resources: []string{p.Arn("application-autoscaling", region, "scalable-target/*")},
			Actions: []string{
				"application-autoscaling:DeleteScalingPolicy", "application-autoscaling:DeregisterScalableTarget", "application-autoscaling:PutScalingPolicy",
				"application-autoscaling:RegisterScalableTarget", "application-autoscaling:TagResource", "application-autoscaling:UntagResource",
			},
		},
		{
			Sid: "Deployments", Resources: []string{
				p.Arn("codedeploy", region, "application:"+Project+"*"), p.Arn("codedeploy", region, "deploymentgroup:"+Project+"*"), p.Arn("codedeploy", region, "deploymentconfig:*"),
			},
			Actions: []string{
				"codedeploy:CreateApplication", "codedeploy:CreateDeployment", "codedeploy:CreateDeploymentConfig",
				"codedeploy:CreateDeploymentGroup", "codedeploy:DeleteApplication", "codedeploy:DeleteDeploymentConfig", "codedeploy:DeleteDeploymentGroup",
				"codedeploy:RegisterApplicationRevision", "codedeploy:TagResource", "codedeploy:UntagResource",
				"codedeploy:UpdateApplication", "codedeploy:UpdateDeploymentGroup",
			},
		},
		{
			Sid: "Functions", Resources: []string{p.Arn("lambda", region, "function:"+Project+"-*")},
			Actions: []string{
				"lambda:AddPermission", "lambda:CreateAlias", "lambda:CreateFunction", "lambda:DeleteAlias", "lambda:DeleteFunction",
				"lambda:DeleteFunctionConcurrency", "lambda:DeleteFunctionEventInvokeConfig", "lambda:Get*", "lambda:InvokeFunction", "lambda:List*",
				"lambda:PublishVersion", "lambda:PutFunctionConcurrency", "lambda:PutFunctionEventInvokeConfig", "lambda:RemovePermission",
				"lambda:TagResource", "lambda:UntagResource", "lambda:UpdateAlias", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
				"lambda:UpdateFunctionEventInvokeConfig",
			},
		},
		{
			Sid: "Streams", Resources: []string{p.Arn("lambda", region, "event-source-mapping:*")},
			Actions: []string{
				"lambda:CreateEventSourceMapping", "lambda:DeleteEventSourceMapping", "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateEventSourceMapping",
			},
		},
	}
}

// dataStatements are the database, the tables, the buckets and the backups.
func dataStatements(p *Placement) []Statement {
	buckets := fmt.Sprintf("arn:%s:s3:::%s-*", p.Partition, Project)
	return []Statement{
		{Sid: "See", Resources: []string{"*"}, Actions: []string{
			"rds:Describe*", "dynamodb:DescribeLimits", "dynamodb:ListTables", "backup:DescribeRegionSettings", "backup:ListBackupVaults", "s3:ListAllMyBuckets",
			"backup:UpdateRegionSettings", "backup-storage:MountCapsule",
		}},
		{
			Sid: "Database", Resources: everywhere(p, "rds", "*:"+Project+"-*", "auto-backup:*"),
			Actions: []string{
				"rds:AddTagsToResource", "rds:CreateDBInstance", "rds:CreateDBParameterGroup", "rds:CreateDBSnapshot", "rds:CreateDBSubnetGroup",
				"rds:CreateEventSubscription", "rds:CreateOptionGroup", "rds:DeleteDBInstance", "rds:DeleteDBInstanceAutomatedBackup",
				"rds:DeleteDBParameterGroup", "rds:DeleteDBSubnetGroup", "rds:DeleteEventSubscription", "rds:DeleteOptionGroup", "rds:ListTagsForResource",
				"rds:ModifyDBInstance", "rds:ModifyDBParameterGroup", "rds:ModifyDBSubnetGroup", "rds:ModifyEventSubscription", "rds:ModifyOptionGroup",
				"rds:RebootDBInstance", "rds:RemoveTagsFromResource", "rds:ResetDBParameterGroup", "rds:StartDBInstanceAutomatedBackupsReplication",
				"rds:StopDBInstanceAutomatedBackupsReplication",
			},
		},
		{
			// RDS makes the master password's secret in the pipeline's name; its value is denied by the boundary.
			Sid: "Secrets", Resources: append(everywhere(p, "secretsmanager", "secret:rds!db-*"), everywhere(p, "secretsmanager", "secret:"+p.Path()+"*")...),
			Actions: []string{
				"secretsmanager:CreateSecret", "secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy", "secretsmanager:ListSecretVersionIds",
				"secretsmanager:RotateSecret", "secretsmanager:TagResource",
			},
		},
		{
			Sid: "Tables", Resources: everywhere(p, "dynamodb", "table/"+Project+"-*"),
			Actions: []string{
				"dynamodb:CreateTable", "dynamodb:CreateTableReplica", "dynamodb:DeleteTable", "dynamodb:DeleteTableReplica", "dynamodb:Describe*",
				"dynamodb:EnableKinesisStreamingDestination", "dynamodb:ListTagsOfResource", "dynamodb:TagResource", "dynamodb:UntagResource",
				"dynamodb:UpdateContinuousBackups", "dynamodb:UpdateContributorInsights", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive",
				// Making a replica reads and writes the table under the caller's name.
				"dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem",
			},
		},
		{
			Sid: "Buckets", Resources: []string{buckets},
			Actions: []string{
				"s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:DeleteBucketWebsite", "s3:Get*", "s3:ListBucket", "s3:ListBucketVersions",
				"s3:ListTagsForResource", "s3:PutAccelerateConfiguration", "s3:PutBucket*", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
				"s3:PutReplicationConfiguration",
			},
		},
		{Sid: "Site", Resources: []string{buckets + "/*"}, Actions: []string{"s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectTagging"}},
		{
			Sid: "Backups", Resources: append(everywhere(p, "backup", "backup-vault:"+Project+"-*"), p.Arn("backup", p.Primary.Name, "backup-plan:*"),
				p.Arn("backup", p.Primary.Name, "restore-testing-plan:*")),
			Actions: []string{
				"backup:CreateBackupPlan", "backup:CreateBackupSelection", "backup:CreateBackupVault", "backup:CreateRestoreTestingPlan",
				"backup:CreateRestoreTestingSelection", "backup:DeleteBackupPlan", "backup:DeleteBackupSelection", "backup:DeleteBackupVault",
				"backup:DeleteBackupVaultAccessPolicy", "backup:DeleteBackupVaultNotifications", "backup:DeleteRestoreTestingPlan",
				"backup:DeleteRestoreTestingSelection", "backup:DescribeBackupVault", "backup:Get*", "backup:List*", "backup:PutBackupVaultAccessPolicy",
				"backup:PutBackupVaultLockConfiguration", "backup:PutBackupVaultNotifications", "backup:TagResource", "backup:UntagResource",
				"backup:UpdateBackupPlan", "backup:UpdateRestoreTestingPlan", "backup:UpdateRestoreTestingSelection",
			},
		},
	}
}
