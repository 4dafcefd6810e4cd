package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/backup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BackupType is the type token of Backup.
const BackupType = "itrack:infra:Backup"

// BackupTag is the tag by which a resource is selected for backup; its value names the stack, so that two stacks in one
// account do not back up each other's data.
const BackupTag = "Backup"

func (p *Placement) backupTagValue() string { return Project + separator + p.Environment }

const (
	limitVault = 50
	// The jobs run after RDS's own backup window and the maintenance window (03:00 and 05:00 UTC by default): RDS refuses
	// a snapshot during both and in the hour before.
	backupDaily  = "cron(0 8 ? * * *)"
	backupWeekly = "cron(0 10 ? * SUN *)"
	// A job that does not start within two hours, or does not end within eight, has failed: AWS takes 60 minutes at
	// least to start; without an end, a stuck job would never be told.
	backupStartMinutes    = 120
	backupCompleteMinutes = 480
)

// Backup is AWS Backup in both regions.
type Backup struct {
	pulumi.ResourceState

	// VaultName: vault.
	VaultName pulumi.StringOutput
	// VaultArn: ARN.
	VaultArn pulumi.StringOutput
	// RecoveryVaultName: vault in the recovery region; nil without copies.
	RecoveryVaultName pulumi.StringPtrOutput
	// PlanId: plan.
	PlanId pulumi.StringOutput
	// RestoreTestPlan: restore testing plan; nil without.
	RestoreTestPlan pulumi.StringPtrOutput
}

// BackupArgs are what Backup is made from.
type BackupArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: plan.
	Settings BackupSettings
	// Protect: refuse deletion.
	Protect bool
	// Keys: encryption of vaults.
	Keys *Keys
	// Rds: subnet group of restore tests.
	Rds *Rds
	// Network: restore tests.
	Network *Network
	// Functions: restore hook.
	Functions *Functions
	// Account: region settings first; nil where nobody makes them.
	Account *Account
	// Alerts: who is told.
	Alerts *Alerts
}

// NewBackup makes AWS Backup in both regions.
func NewBackup(ctx *pulumi.Context, name string, args *BackupArgs, opts ...pulumi.ResourceOption) (*Backup, error) {
	component := &Backup{RecoveryVaultName: noString(), RestoreTestPlan: noString()}
	if err := ctx.RegisterComponentResource(BackupType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating backup: %w", err)
	}
	if lock := args.Settings.Lock; lock != nil && lock.Mode == "compliance" {
		if err := ctx.Log.Warn(fmt.Sprintf("itrack:backup.lock.mode is compliance: %d days after this deployment nobody can lift the lock or "+
			"delete a recovery point before its time, AWS included. Set governance and deploy before then if that is not what you want.",
			lock.GraceDays), &pulumi.LogArgs{Resource: component}); err != nil {
			return nil, fmt.Errorf("creating backup: warning of the compliance lock: %w", err)
		}
	}
	vault, err := component.vault(ctx, args, args.Placement.Primary)
	if err != nil {
		return nil, err
	}
	component.VaultName, component.VaultArn = vault.Name, vault.Arn
	var copies *backup.Vault
	if args.Settings.CopyDays > 0 {
		if copies, err = component.vault(ctx, args, args.Placement.Recovery); err != nil {
			return nil, err
		}
		component.RecoveryVaultName = copies.Name.ToStringPtrOutput()
	}
	if err := component.plan(ctx, args, vault, copies); err != nil {
		return nil, err
	}
	if args.Settings.RestoreTest != nil {
		if err := component.restoreTest(ctx, args, vault); err != nil {
			return nil, err
		}
	}
	if err := component.alarms(ctx, args, vault, copies); err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{
		"vaultName": component.VaultName, "vaultArn": component.VaultArn, "recoveryVaultName": component.RecoveryVaultName,
		"planId": component.PlanId, "restoreTestPlan": component.RestoreTestPlan,
	}); err != nil {
		return nil, fmt.Errorf("creating backup: %w", err)
	}
	return component, nil
}

// noString is the output of what is not there.
func noString() pulumi.StringPtrOutput {
	return pulumi.String("").ToStringOutput().ApplyT(func(string) *string { return nil }).(pulumi.StringPtrOutput)
}

// vault makes a region's vault, who may touch it, its lock and whom it tells.
func (b *Backup) vault(ctx *pulumi.Context, args *BackupArgs, region *Region) (*backup.Vault, error) {
	place, options := args.Placement, in(b, region)
	// After the account's region settings: they say by which mechanism DynamoDB is backed up, and only AWS Backup's own can
	// copy to another region. After the database, so that in a teardown the vault's recovery points go first: they are
	// snapshots, and an option group with snapshots can't be deleted.
	after := []pulumi.Resource{args.Rds}
	if args.Account != nil {
		after = append(after, args.Account)
	}
	logical, physical := regional(place, region, "backup"), place.Of(limitVault, "backup")
	vault, err := backup.NewVault(ctx, logical, &backup.VaultArgs{
		Name: pulumi.String(physical), KmsKeyArn: args.Keys.Data.In(region).Arn.ToStringPtrOutput(),
		ForceDestroy: pulumi.Bool(args.Settings.ForceDestroy),
	}, with(options, pulumi.Protect(args.Protect), pulumi.DependsOn(after))...)
	if err != nil {
		return nil, fmt.Errorf("creating the vault %s in %s: %w", physical, region.Name, err)
	}
	if !args.Settings.ForceDestroy {
		document, err := vaultPolicy()
		if err != nil {
			return nil, err
		}
		if _, err := backup.NewVaultPolicy(ctx, logical, &backup.VaultPolicyArgs{
			BackupVaultName: vault.Name, Policy: pulumi.String(document),
		}, options...); err != nil {
			return nil, fmt.Errorf("creating the policy of vault %s in %s: %w", physical, region.Name, err)
		}
	}
	if err := b.lock(ctx, args, logical, vault, options); err != nil {
		return nil, err
	}
	events := []string{"BACKUP_JOB_EXPIRED", "BACKUP_JOB_FAILED", "COPY_JOB_FAILED"}
	if region != place.Primary {
		events = []string{"COPY_JOB_FAILED", "RESTORE_JOB_FAILED"}
	}
	if _, err := backup.NewVaultNotifications(ctx, logical, &backup.VaultNotificationsArgs{
		BackupVaultName: vault.Name, BackupVaultEvents: pulumi.ToStringArray(events),
		SnsTopicArn: args.Alerts.In(region).Warning,
	}, options...); err != nil {
		return nil, fmt.Errorf("creating the notifications of vault %s in %s: %w", physical, region.Name, err)
	}
	return vault, nil
}

// lock makes the vault lock. What tells the modes apart is only whether a day is named from which it is final.
func (b *Backup) lock(ctx *pulumi.Context, args *BackupArgs, logical string, vault *backup.Vault, options []pulumi.ResourceOption) error {
	settings := args.Settings.Lock
	if settings == nil {
		return nil
	}
	lock := &backup.VaultLockConfigurationArgs{
		BackupVaultName:  vault.Name,
		MinRetentionDays: pulumi.Int(settings.MinDays), MaxRetentionDays: pulumi.Int(settings.MaxDays),
	}
	if settings.Mode == "compliance" {
		lock.ChangeableForDays = pulumi.Int(settings.GraceDays)
	}
	if _, err := backup.NewVaultLockConfiguration(ctx, logical, lock, with(options, pulumi.Protect(args.Protect))...); err != nil {
		return fmt.Errorf("creating the lock of the vault %s: %w", logical, err)
	}
	return nil
}

// vaultPolicy denies everybody, administrators included, to delete a recovery point by hand, to shorten its life or to
// take it out of the vault. Expiry by the plan is AWS Backup's own doing and goes on. Who must delete one first changes
// this policy, which CloudTrail records. In a vault policy "*" is the vault itself and its recovery points.
func vaultPolicy() (string, error) {
	return Policy(Statement{
		Sid: "KeepRecoveryPoints", Effect: "Deny", Principals: Principals{Any: true},
		Actions: []string{
			"backup:DeleteRecoveryPoint", "backup:DisassociateRecoveryPoint", "backup:UpdateRecoveryPointLifecycle",
		},
		Resources: []string{"*"},
	})
}

// plan makes the plan with its rules, and selects what carries the tag. Continuous backup stays off: point-in-time
// recovery of the database is RDS's own, and two owners of its retention would fight over it.
func (b *Backup) plan(ctx *pulumi.Context, args *BackupArgs, vault, copies *backup.Vault) error {
	place, s := args.Placement, args.Settings
	rule := func(name, schedule string, days int) *backup.PlanRuleArgs {
		made := &backup.PlanRuleArgs{
			RuleName: pulumi.String(name), TargetVaultName: vault.Name, Schedule: pulumi.String(schedule),
			ScheduleExpressionTimezone: pulumi.String("Etc/UTC"),
			StartWindow:                pulumi.Int(backupStartMinutes), CompletionWindow: pulumi.Int(backupCompleteMinutes),
			EnableContinuousBackup: pulumi.Bool(false),
			Lifecycle:              &backup.PlanRuleLifecycleArgs{DeleteAfter: pulumi.Int(days)},
		}
		if copies != nil {
			made.CopyActions = backup.PlanRuleCopyActionArray{&backup.PlanRuleCopyActionArgs{
				DestinationVaultArn: copies.Arn,
				Lifecycle:           &backup.PlanRuleCopyActionLifecycleArgs{DeleteAfter: pulumi.Int(s.CopyDays)},
			}}
		}
		return made
	}
	plan, err := backup.NewPlan(ctx, "backup", &backup.PlanArgs{
		Name: pulumi.String(place.Of(limitVault, "backup")),
		Rules: backup.PlanRuleArray{
			rule("daily", backupDaily, s.DailyDays),
			rule("weekly", backupWeekly, s.WeeklyDays),
		},
	}, pulumi.Parent(b))
	if err != nil {
		return fmt.Errorf("creating the backup plan: %w", err)
	}
	b.PlanId = plan.ID().ToStringOutput()
	role, err := b.role(ctx, args, "backup", "Takes and copies backups", "AWSBackupServiceRolePolicyForBackup")
	if err != nil {
		return err
	}
	if _, err := backup.NewSelection(ctx, "backup", &backup.SelectionArgs{
		Name: pulumi.String(place.Of(limitVault, "tagged")), PlanId: plan.ID(), IamRoleArn: role.Arn,
		SelectionTags: backup.SelectionSelectionTagArray{&backup.SelectionSelectionTagArgs{
			Type: pulumi.String("STRINGEQUALS"), Key: pulumi.String(BackupTag), Value: pulumi.String(place.backupTagValue()),
		}},
		// AWS refuses a selection whose role has no rights yet.
	}, pulumi.Parent(b), pulumi.DependsOn(role.Ready)); err != nil {
		return fmt.Errorf("creating the backup selection: %w", err)
	}
	return nil
}

// role is one of the two roles of AWS Backup, with AWS's own policy: whoever takes backups can't restore, and the other
// way round. AWS documents no source condition for this trust; it is bound to the account by iam:PassRole.
func (b *Backup) role(ctx *pulumi.Context, args *BackupArgs, short, description, managed string) (*Role, error) {
	trust, err := TrustServices(nil, args.Placement.Principal("backup"))
	if err != nil {
		return nil, err
	}
	return newRole(ctx, short, args.Placement, RoleArgs{
		Parts: []string{short}, Description: description, Trust: pulumi.String(trust),
		Managed: []string{args.Placement.ManagedPolicy("service-role/" + managed)},
	}, pulumi.Parent(b))
}
