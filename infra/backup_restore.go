package infra

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/backup"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// A restore test takes the newest recovery point of the last week: a week without one is an alarm of its own.
	restoreWindowDays = 7
	restoreStartHours = 2
)

// restoreTest restores the newest recovery points on a schedule into a place of their own, lets the restore hook query
// what came back, and has AWS Backup delete it after the validation window.
func (b *Backup) restoreTest(ctx *pulumi.Context, args *BackupArgs, vault *backup.Vault) error {
	place, s := args.Placement, args.Settings.RestoreTest
	plan, err := backup.NewRestoreTestingPlan(ctx, "restore", &backup.RestoreTestingPlanArgs{
		Name:                       pulumi.String(restoreName(place, "restore")),
		ScheduleExpression:         pulumi.String(s.Schedule),
		ScheduleExpressionTimezone: pulumi.String("Etc/UTC"),
		StartWindowHours:           pulumi.Int(restoreStartHours),
		RecoveryPointSelection: &backup.RestoreTestingPlanRecoveryPointSelectionArgs{
			Algorithm: pulumi.String("LATEST_WITHIN_WINDOW"), IncludeVaults: pulumi.StringArray{vault.Arn},
			RecoveryPointTypes: pulumi.ToStringArray([]string{"SNAPSHOT"}), SelectionWindowDays: pulumi.Int(restoreWindowDays),
		},
	}, pulumi.Parent(b))
	if err != nil {
		return fmt.Errorf("creating the restore testing plan: %w", err)
	}
	b.RestoreTestPlan = plan.Name.ToStringPtrOutput()
	role, err := b.role(ctx, args, "restore", "Restores recovery points for the restore test", "AWSBackupServiceRolePolicyForRestores")
	if err != nil {
		return err
	}
	group, err := newSecurityGroup(ctx, "restore", place, args.Network.VpcId, "Restored databases of the restore test", pulumi.Parent(b))
	if err != nil {
		return err
	}
	ready := pulumi.DependsOn(role.Ready)
	if _, err := backup.NewRestoreTestingSelection(ctx, "restore-database", &backup.RestoreTestingSelectionArgs{
		Name: pulumi.String(restoreName(place, "database")), RestoreTestingPlanName: plan.Name, IamRoleArn: role.Arn,
		ProtectedResourceType: pulumi.String("RDS"), ProtectedResourceArns: pulumi.StringArray{args.Rds.Arn},
		ValidationWindowHours: pulumi.Int(s.Hours),
		// Left alone, the test restores into the default VPC and its default group, where nobody can query the copy (and
		// where there is none, the restore fails). The hook signs in by IAM: nobody knows a restored master password.
		RestoreMetadataOverrides: pulumi.StringMap{
			"dbSubnetGroupName":               args.Rds.SubnetGroupName,
			"enableIAMDatabaseAuthentication": pulumi.String("true"),
			"vpcSecurityGroupIds":             DocumentFrom([]pulumi.StringInput{group.ID().ToStringOutput()}, func(ids []string) (string, error) { return canonicalJSON(ids) }),
		},
	}, pulumi.Parent(b), ready); err != nil {
		return fmt.Errorf("creating the restore test of the database: %w", err)
	}
	if _, err := backup.NewRestoreTestingSelection(ctx, "restore-tables", &backup.RestoreTestingSelectionArgs{
		Name: pulumi.String(restoreName(place, "tables")), RestoreTestingPlanName: plan.Name, IamRoleArn: role.Arn,
		ProtectedResourceType: pulumi.String("DynamoDB"), ProtectedResourceArns: pulumi.ToStringArray([]string{"*"}),
		// Every table that carries the stack's tag; AWS takes conditions only together with "*".
		ProtectedResourceConditions: &backup.RestoreTestingSelectionProtectedResourceConditionsArgs{
			StringEquals: backup.RestoreTestingSelectionProtectedResourceConditionsStringEqualArray{
				&backup.RestoreTestingSelectionProtectedResourceConditionsStringEqualArgs{
					Key: pulumi.String("aws:ResourceTag/" + BackupTag), Value: pulumi.String(place.backupTagValue()),
				},
			},
		},
		ValidationWindowHours: pulumi.Int(s.Hours),
		// Left alone, a restored table would be encrypted with a key of DynamoDB's, not ours.
		RestoreMetadataOverrides: pulumi.StringMap{
			"encryptionType":  pulumi.String("KMS"),
			"kmsMasterKeyArn": args.Keys.Data.In(place.Primary).Arn,
		},
	}, pulumi.Parent(b), ready); err != nil {
		return fmt.Errorf("creating the restore test of the tables: %w", err)
	}
	return b.validate(ctx, args, role, group.ID().ToStringOutput())
}

// restoreName is a name of restore testing: letters, digits and underscores only, 50 at most.
func restoreName(place *Placement, part string) string {
	return strings.ReplaceAll(place.Of(limitVault, part), separator, "_")
}

// validate calls the restore hook for each restored copy and lets it reach the restored database. Jobs are told apart
// by the role they ran under, which this stack's tests alone use: restores by hand do not call the hook.
func (b *Backup) validate(ctx *pulumi.Context, args *BackupArgs, role *Role, group pulumi.StringOutput) error {
	hook := args.Functions.Hook("restore")
	if hook == nil {
		return fmt.Errorf("creating the restore test: no function has hook: restore; add one to itrack:functions, or remove itrack:backup.restoreTest")
	}
	if err := flow(ctx, "restore-check-database", "MySQL of a restored copy", hook.SecurityGroupID, group, databasePort, pulumi.Parent(b)); err != nil {
		return err
	}
	rule, err := cloudwatch.NewEventRule(ctx, "restore-completed", &cloudwatch.EventRuleArgs{
		Name:         pulumi.String(args.Placement.Of(limitRule, "restore-completed")),
		Description:  pulumi.String("A restore test has restored a copy: query it"),
		EventPattern: restorePattern(role, "COMPLETED"),
	}, pulumi.Parent(b))
	if err != nil {
		return fmt.Errorf("creating the rule of completed restores: %w", err)
	}
	permission, err := lambda.NewPermission(ctx, "restore-completed", &lambda.PermissionArgs{
		// The alias carries the permission, not the function: a new version needs none of its own.
		Function: hook.Name, Qualifier: pulumi.String("live"), Action: pulumi.String("lambda:InvokeFunction"),
		Principal: pulumi.String(args.Placement.Principal("events")), SourceArn: rule.Arn,
		SourceAccount: pulumi.String(args.Placement.Account), StatementId: pulumi.String("restore-completed"),
	}, pulumi.Parent(b))
	if err != nil {
		return fmt.Errorf("permitting the rule of completed restores to call the restore hook: %w", err)
	}
	if _, err := cloudwatch.NewEventTarget(ctx, "restore-completed", &cloudwatch.EventTargetArgs{
		Rule: rule.Name, TargetId: pulumi.String("restore-check"), Arn: hook.AliasArn,
	}, pulumi.Parent(b), pulumi.DependsOn([]pulumi.Resource{permission})); err != nil {
		return fmt.Errorf("creating the target of completed restores: %w", err)
	}
	return nil
}

// restorePattern matches restore jobs of role that came to one of statuses. (Backup and copy jobs say `state` in their
// events, restore jobs `status`.)
func restorePattern(role *Role, statuses ...string) pulumi.StringOutput {
	return DocumentFrom([]pulumi.StringInput{role.Arn}, func(known []string) (string, error) {
		return canonicalJSON(map[string]any{
			"source":      []string{"aws.backup"},
			"detail-type": []string{"Restore Job State Change"},
			"detail":      map[string]any{"status": statuses, "iamRoleArn": known},
		})
	})
}
