package infra

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ReadOnlyDatabaseUser is the MySQL user that signs in by IAM: it reads, and has no password that could leak.
const ReadOnlyDatabaseUser = "itrack_readonly"

// instanceSizes are the sizes of small instance types, ascending.
var instanceSizes = []string{"nano", "micro", "small", "medium", "large", "xlarge", "2xlarge"}

// cutInstanceType splits t4g.nano into t4g and nano.
func cutInstanceType(kind string) (family, size string, ok bool) { return strings.Cut(kind, ".") }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// bastionScript is the instance's first start. It holds no secret: whoever reads the launch template reads this. The
// repositories of Amazon Linux lie in S3, so that this works through the gateway endpoint, without NAT. The user that
// sessions run as loses sudo: what they may do is what that user may.
const bastionScript = `#!/bin/bash
set -euo pipefail
dnf install --assumeyes mariadb105
rm --force /etc/sudoers.d/90-cloud-init-users
curl --fail --silent --show-error --output /etc/ssl/certs/rds.pem https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem || true
`

// bastionUserData is the script as a launch template takes it.
func bastionUserData() string { return base64.StdEncoding.EncodeToString([]byte(bastionScript)) }

// bastionIdentity makes the instance's role and profile.
func bastionIdentity(ctx *pulumi.Context, args *BastionArgs, parent pulumi.ResourceOption) (*Role, *iam.InstanceProfile, error) {
	place := args.Placement
	trust, err := TrustServices(nil, place.Principal("ec2"))
	if err != nil {
		return nil, nil, fmt.Errorf("creating the bastion's role: %w", err)
	}
	role, err := newRole(ctx, "bastion", place, RoleArgs{
		Parts: []string{"bastion"}, Description: "The bastion: managed by Systems Manager, reads the database by IAM", Trust: pulumi.String(trust),
		Policies: []RolePolicy{
			{Name: "managed", Document: policyInput(agentStatements(place))},
			{Name: "session", Document: PolicyFrom([]pulumi.StringInput{args.Account.SessionLogGroup, args.Account.SessionKeyArn, args.Rds.ResourceId},
				func(known []string) []Statement { return sessionStatements(place, known[0], known[1], known[2]) })},
		},
	}, parent)
	if err != nil {
		return nil, nil, err
	}
	profile, err := iam.NewInstanceProfile(ctx, "bastion", &iam.InstanceProfileArgs{
		Name: pulumi.String(place.Of(limitGeneral, "bastion")), Path: pulumi.String(place.RolePath()), Role: role.Name,
	}, parent)
	if err != nil {
		return nil, nil, fmt.Errorf("creating the bastion's instance profile: %w", err)
	}
	return role, profile, nil
}

// policyInput is a document whose parts are all known.
func policyInput(statements []Statement) pulumi.StringOutput {
	return PolicyFrom(nil, func([]string) []Statement { return statements })
}

// agentStatements are what the agent needs to be a managed, patched and inventoried instance. AWS's
// AmazonSSMManagedInstanceCore would also let it read every parameter of the account.
func agentStatements(p *Placement) []Statement {
	region := p.Primary.Name
	return []Statement{
		{
			// The two message services and the agent's own actions have no resources to name.
			Sid: "Agent", Resources: []string{"*"},
			Actions: []string{
				"ec2messages:AcknowledgeMessage", "ec2messages:DeleteMessage", "ec2messages:FailMessage", "ec2messages:GetEndpoint",
				"ec2messages:GetMessages", "ec2messages:SendReply", "ssm:DescribeAssociation", "ssm:GetDeployablePatchSnapshotForInstance",
				"ssm:GetManifest", "ssm:ListAssociations", "ssm:ListInstanceAssociations", "ssm:PutComplianceItems",
				"ssm:PutConfigurePackageResult", "ssm:PutInventory", "ssm:UpdateAssociationStatus", "ssm:UpdateInstanceAssociationStatus",
				"ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
				"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
			},
		},
		{
			Sid: "Documents", Actions: []string{"ssm:DescribeDocument", "ssm:GetDocument"},
			Resources: []string{
				p.Arn("ssm", region, "document/"+sessionDocument),
				// Documents of AWS's own have no account in their ARN.
				fmt.Sprintf("arn:%s:ssm:%s::document/AWS-*", p.Partition, region),
			},
		},
		{
			// AWS's buckets with the agent, its packages and the patch snapshots of the region.
			Sid: "Patches", Actions: []string{"s3:GetObject"},
			Resources: []string{
				fmt.Sprintf("arn:%s:s3:::aws-ssm-%s/*", p.Partition, region),
				fmt.Sprintf("arn:%s:s3:::amazon-ssm-%s/*", p.Partition, region),
				fmt.Sprintf("arn:%s:s3:::amazon-ssm-packages-%s/*", p.Partition, region),
				fmt.Sprintf("arn:%s:s3:::patch-baseline-snapshot-%s/*", p.Partition, region),
				fmt.Sprintf("arn:%s:s3:::aws-patchmanager-%s/*", p.Partition, region),
			},
		},
	}
}

// sessionStatements are the rights of a session: writing its log, the key it is encrypted with, and reading the
// database. Where another stack made the document, its key is known only by the alias of this project's keys.
func sessionStatements(p *Placement, logGroup, keyArn, databaseID string) []Statement {
	region := p.Primary.Name
	key := Statement{Sid: "Key", Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{keyArn}}
	if keyArn == "" {
		key.Resources = []string{p.Arn("kms", region, "key/*")}
		key.Conditions = map[string]map[string][]string{"ForAnyValue:StringLike": {"kms:ResourceAliases": {"alias/" + Project + "*"}}}
	}
	return []Statement{
		{
			Sid: "Log", Actions: []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
			Resources: []string{p.Arn("logs", region, "log-group:"+logGroup), p.Arn("logs", region, "log-group:"+logGroup+":*")},
		},
		{
			// The agent looks for the group among all of them before a session starts; there is no narrower form.
			Sid: "FindLog", Actions: []string{"logs:DescribeLogGroups"}, Resources: []string{"*"},
		},
		key,
		{
			Sid: "Database", Actions: []string{"rds-db:connect"},
			Resources: []string{p.Arn("rds-db", region, "dbuser:"+databaseID+"/"+ReadOnlyDatabaseUser)},
		},
	}
}

// upkeep keeps the instance patched, its agent current and its inventory known. Associations find it by its group, so
// that a new instance is covered from its first minute.
func (b *Bastion) upkeep(ctx *pulumi.Context, args *BastionArgs, parent pulumi.ResourceOption) error {
	associations := []struct {
		name, document, schedule string
		parameters               pulumi.StringMap
	}{
		// Patches are installed at night and the instance started again where they ask for it: that ends open sessions.
		{"patches", "AWS-RunPatchBaseline", "cron(0 2 ? * * *)", pulumi.StringMap{
			"Operation": pulumi.String("Install"), "RebootOption": pulumi.String("RebootIfNeeded"),
		}},
		{"inventory", "AWS-GatherSoftwareInventory", "rate(12 hours)", nil},
		{"agent", "AWS-UpdateSSMAgent", "rate(7 days)", nil},
	}
	for _, association := range associations {
		if _, err := ssm.NewAssociation(ctx, "bastion-"+association.name, &ssm.AssociationArgs{
			AssociationName:    pulumi.String(args.Placement.Of(limitGeneral, "bastion", association.name)),
			Name:               pulumi.String(association.document),
			ScheduleExpression: pulumi.String(association.schedule),
			ComplianceSeverity: pulumi.String("HIGH"),
			Parameters:         association.parameters,
			Targets: ssm.AssociationTargetArray{&ssm.AssociationTargetArgs{
				Key: pulumi.String("tag:aws:autoscaling:groupName"), Values: pulumi.StringArray{b.GroupName},
			}},
		}, parent); err != nil {
			return fmt.Errorf("creating the bastion's association %s: %w", association.name, err)
		}
	}
	return nil
}

// alarms tell when there is no bastion, or one that does not answer. Nobody is woken: users do not notice.
func (b *Bastion) alarms(ctx *pulumi.Context, args *BastionArgs, parent pulumi.ResourceOption) error {
	topics := args.Alerts.In(args.Placement.Primary)
	group := pulumi.StringMap{"AutoScalingGroupName": b.GroupName}
	for name, alarm := range map[string]AlarmArgs{
		// A replacement takes some minutes; a quarter of an hour means that the group can't start one.
		"in-service": {
			Description: "There is no bastion. Look first at the group's activities (aws autoscaling describe-scaling-activities): they say why no instance starts.",
			Namespace:   "AWS/AutoScaling", Metric: "GroupInServiceInstances", Statistic: "Minimum",
			Comparison: "LessThanThreshold", Threshold: 1, PeriodSeconds: 300, Periods: 3, Missing: MissingIsBad,
		},
		"status": {
			Description: "The bastion fails its status checks. The group replaces it; if this does not end, terminate the instance and read its system log.",
			Namespace:   "AWS/EC2", Metric: "StatusCheckFailed", Statistic: "Maximum",
			Comparison: "GreaterThanThreshold", Threshold: 0, PeriodSeconds: 300, Periods: 3, Missing: MissingIsGood,
		},
	} {
		alarm.Parts, alarm.Severity, alarm.Dimensions = []string{"bastion", name}, Warning, group
		if _, err := newAlarm(ctx, "bastion-"+name, args.Placement.Names, topics, alarm, parent); err != nil {
			return err
		}
	}
	return nil
}
