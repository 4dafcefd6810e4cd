package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BoundaryType is the type token of Boundary.
const BoundaryType = "itrack:infra:Boundary"

// Boundary is the permissions boundary that every role of the stack carries: whoever may make roles here (the deploy
// role) can only make ones that stay below it.
type Boundary struct {
	pulumi.ResourceState

	// Arn: ARN of the managed policy.
	Arn pulumi.StringOutput
}

// BoundaryArgs are what Boundary is made from.
type BoundaryArgs struct {
	// Placement: where.
	Placement *Placement
}

// boundaryName is the short name of the boundary's policy.
const boundaryName = "boundary"

// NewBoundary makes the permissions boundary that every role of the stack carries.
func NewBoundary(ctx *pulumi.Context, name string, args *BoundaryArgs, opts ...pulumi.ResourceOption) (*Boundary, error) {
	component := &Boundary{}
	if err := ctx.RegisterComponentResource(BoundaryType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating the boundary: %w", err)
	}
	document, err := Policy(boundaryStatements(args.Placement)...)
	if err != nil {
		return nil, fmt.Errorf("creating the boundary: %w", err)
	}
	policy, err := iam.NewPolicy(ctx, name, &iam.PolicyArgs{
		Name:        pulumi.String(args.Placement.Of(limitGeneral, boundaryName)),
		Path:        pulumi.String(args.Placement.RolePath()),
		Description: pulumi.String("The most that any role of this stack can do, whatever its own policies say"),
		Policy:      pulumi.String(document),
	}, pulumi.Parent(component))
	if err != nil {
		return nil, fmt.Errorf("creating the boundary's policy: %w", err)
	}
	component.Arn = policy.Arn
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{"arn": component.Arn}); err != nil {
		return nil, fmt.Errorf("creating the boundary: %w", err)
	}
	return component, nil
}

// boundaryArn is the ARN of a boundary before it exists: a boundary has to deny changes of itself.
func (p *Placement) boundaryArn(name string) string {
	return p.Arn("iam", "", "policy"+p.RolePath()+p.Of(limitGeneral, name))
}

// workloadActions are what the workload, and the AWS services that work under roles of the stack, need at most. Each
// role's own policies say on what; here the resource is "*", since a boundary gives nothing. There is no service
// wildcard in it, because what AWS adds to a service tomorrow should not be allowed today.
var workloadActions = []string{
	// Tasks and functions: images, secrets, keys, tables, the database, traces, logs, metrics.
	"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer",
	"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue",
	"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:RetireGrant", "kms:ListGrants",
	"dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem", "dynamodb:Describe*",
	"dynamodb:GetItem", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:List*", "dynamodb:PartiQL*", "dynamodb:PutItem",
	"dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem",
	"rds-db:connect",
	"xray:Get*", "xray:Put*",
	"logs:CreateLogGroup", "logs:CreateLogStream", "logs:Describe*", "logs:FilterLogEvents", "logs:Get*", "logs:ListTagsForResource",
	"logs:PutLogEvents", "logs:PutRetentionPolicy", "logs:StartQuery", "logs:StopQuery",
	"cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*", "cloudwatch:PutMetricData",
	"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage", "sns:Publish", "lambda:InvokeFunction",
	// A function in the VPC makes and removes its network interfaces under its own role.
	"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:Describe*", "ec2:UnassignPrivateIpAddresses",
	// CodeDeploy and its hooks.
	"codedeploy:Get*", "codedeploy:List*", "codedeploy:PutLifecycleEventHookExecutionStatus",
	"ecs:CreateTaskSet", "ecs:DeleteTaskSet", "ecs:Describe*", "ecs:List*", "ecs:UpdateServicePrimaryTaskSet",
	"elasticloadbalancing:Describe*", "elasticloadbalancing:ModifyListener", "elasticloadbalancing:ModifyRule",
	// Replication of the site's bucket and of images.
	"s3:Get*", "s3:List*", "s3:ObjectOwnerOverrideToBucketOwner", "s3:PutObject*", "s3:Replicate*", "s3:InitiateReplication",
	"ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource",
	// AWS Backup and its restore tests.
	"backup:CopyFromBackupVault", "backup:CopyIntoBackupVault", "backup:Describe*", "backup:Get*", "backup:List*", "backup:PutRestoreValidationResult",
	"backup:StartBackupJob", "backup:StartCopyJob", "backup:StartRestoreJob", "backup:TagResource",
	"dynamodb:CreateBackup", "dynamodb:DeleteBackup", "dynamodb:RestoreTableFrom*", "dynamodb:StartAwsBackupJob", "dynamodb:TagResource", "dynamodb:UntagResource",
	"rds:AddTagsToResource", "rds:CopyDBSnapshot", "rds:CreateDBInstance", "rds:CreateDBSnapshot", "rds:DeleteDBInstance", "rds:DeleteDBSnapshot",
	"rds:Describe*", "rds:ListTagsForResource", "rds:ModifyDBInstance", "rds:ModifyDBSnapshotAttribute", "rds:RestoreDBInstanceFromDBSnapshot",
	"rds:RestoreDBInstanceToPointInTime", "tag:GetResources", "events:Describe*", "events:List*",
	// The bastion's agent and ECS Exec.
	"ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint", "ec2messages:GetMessages", "ec2messages:SendReply",
	"ssm:Describe*", "ssm:GetDeployablePatchSnapshotForInstance", "ssm:GetDocument", "ssm:GetManifest", "ssm:List*", "ssm:PutComplianceItems",
	"ssm:PutConfigurePackageResult", "ssm:PutInventory", "ssm:UpdateAssociationStatus", "ssm:UpdateInstanceAssociationStatus", "ssm:UpdateInstanceInformation",
	"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
}

// boundaryStatements are the boundary: an allow-list, the roles that may be passed on, and denials. The denials repeat
// what the list leaves out, because a resource policy that names a session could give it in spite of the list; a
// denial holds against that too.
func boundaryStatements(p *Placement) []Statement {
	return []Statement{
		{Sid: "Workload", Actions: workloadActions, Resources: []string{"*"}},
		{
			// CodeDeploy hands the task's roles to ECS, AWS Backup the monitoring role to a restored database.
			Sid: "PassOwnRoles", Actions: []string{"iam:PassRole"}, Resources: []string{p.Arn("iam", "", "role"+p.RolePath()+"*")},
			Conditions: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {
				p.Principal("ecs-tasks"), p.Principal("monitoring.rds"), p.Principal("backup"),
			}}},
		},
		{
			Sid: "NoEscalation", Effect: "Deny", Resources: []string{"*"},
			Actions: []string{
				"iam:Add*", "iam:Attach*", "iam:Create*", "iam:Deactivate*", "iam:Delete*", "iam:Detach*", "iam:Enable*", "iam:Put*", "iam:Remove*",
				"iam:Set*", "iam:Tag*", "iam:Untag*", "iam:Update*", "iam:Upload*", "organizations:*", "account:*", "sso:*", "sts:AssumeRole",
			},
		},
		{
			Sid: "NoBlinding", Effect: "Deny", Resources: []string{"*"},
			Actions: []string{
				"logs:DeleteLogGroup", "logs:DeleteLogStream", "logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey", "cloudtrail:DeleteTrail",
				"cloudtrail:PutEventSelectors", "cloudtrail:StopLogging", "cloudtrail:UpdateTrail", "config:DeleteConfigurationRecorder",
				"config:StopConfigurationRecorder", "guardduty:DeleteDetector", "guardduty:UpdateDetector", "ec2:DeleteFlowLogs",
				"cloudwatch:DeleteAlarms", "cloudwatch:DisableAlarmActions", "events:DisableRule", "events:DeleteRule",
			},
		},
		{
			Sid: "NoLoss", Effect: "Deny", Resources: []string{"*"},
			Actions: []string{
				"backup:DeleteBackupVault*", "backup:DeleteRecoveryPoint", "backup:DisassociateRecoveryPoint", "backup:PutBackupVaultAccessPolicy",
				"backup:UpdateRecoveryPointLifecycle", "dynamodb:DeleteTable", "kms:DeleteImportedKeyMaterial", "kms:DisableKey", "kms:DisableKeyRotation",
				"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "s3:DeleteBucket*", "secretsmanager:DeleteSecret",
			},
		},
	}
}
