package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/backup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	backupNamespace = "AWS/Backup"
	// limitRule is the longest name of an EventBridge rule.
	limitRule = 64
	hour      = 3600
	// Hours after which the newest backup, or copy, is too old: a day between two, the ten hours in which a job may start
	// and end, and, for a copy, the time it takes on top.
	freshBackupHours = 36
	freshCopyHours   = 48
)

// backedUp are the kinds of resources that carry the backup tag, as AWS Backup's metrics call them. Freshness is watched
// for each: a vault's total hides that one of them has left the selection.
var backedUp = []struct{ logical, resourceType, what string }{
	{"database", "RDS", "the database"},
	{"tables", "DynamoDB", "the tables"},
}

// alarms watch jobs and what they leave behind. AWS Backup writes a figure only when something happens: nothing failed
// is no data and good, nothing done is no data and bad.
func (b *Backup) alarms(ctx *pulumi.Context, args *BackupArgs, vault, copies *backup.Vault) error {
	primary := args.Placement.Primary
	if err := b.failures(ctx, args, primary, vault, "jobs", []string{
		"NumberOfBackupJobsFailed", "NumberOfBackupJobsAborted", "NumberOfBackupJobsExpired",
	}, "A backup job failed, was aborted or did not start in time. First: `aws backup list-backup-jobs --by-state FAILED` says why; "+
		"then start one by hand (`aws backup start-backup-job`)."); err != nil {
		return err
	}
	if err := b.failures(ctx, args, primary, vault, "restores", []string{"NumberOfRestoreJobsFailed"},
		"A restore failed, of a restore test or by hand. First: `aws backup list-restore-jobs --by-status FAILED` says why. "+
			"Until one succeeds, do not count on the backups."); err != nil {
		return err
	}
	for _, kind := range backedUp {
		if err := b.fresh(ctx, args, primary, vault, "backup-"+kind.logical, kind.resourceType, "NumberOfBackupJobsCompleted", freshBackupHours,
			fmt.Sprintf("No backup of %s was completed in %d hours. First: see whether it still carries the tag %s and what the newest job says. "+
				"(Goes off after the first deployment too, until the first night's backup.)", kind.what, freshBackupHours, BackupTag)); err != nil {
			return err
		}
	}
	if copies == nil {
		return nil
	}
	// AWS does not say in which of the two regions a failed copy is counted: both vaults are watched, and silence is good.
	for _, side := range []struct {
		region *Region
		vault  *backup.Vault
	}{{primary, vault}, {args.Placement.Recovery, copies}} {
		if err := b.failures(ctx, args, side.region, side.vault, "copies", []string{"NumberOfCopyJobsFailed"},
			"A copy to the recovery region failed. First: `aws backup list-copy-jobs --by-state FAILED` in the primary region says why, "+
				"mostly the key or the vault over there."); err != nil {
			return err
		}
	}
	for _, kind := range backedUp {
		if err := b.fresh(ctx, args, args.Placement.Recovery, copies, "copy-"+kind.logical, kind.resourceType, "NumberOfRecoveryPointsCompleted", freshCopyHours,
			fmt.Sprintf("The newest copy of %s in the recovery region is older than %d hours: losing the primary region now would lose more than that. "+
				"First: look at the copy jobs in the primary region. (Goes off after the first deployment too, until the first night's copy.)",
				kind.what, freshCopyHours)); err != nil {
			return err
		}
	}
	return nil
}

// failures makes the alarm on jobs of a vault that failed: one is enough.
func (b *Backup) failures(ctx *pulumi.Context, args *BackupArgs, region *Region, vault *backup.Vault, what string, metrics []string, description string) error {
	dimensions := pulumi.StringMap{"BackupVaultName": vault.Name}
	alarm := AlarmArgs{
		Parts: []string{"backup", what, "failed"}, Severity: Critical, Description: description,
		Comparison: "GreaterThanThreshold", Threshold: 0, Periods: 1, Missing: MissingIsGood,
	}
	if len(metrics) == 1 {
		alarm.Namespace, alarm.Metric, alarm.Statistic = backupNamespace, metrics[0], "Sum"
		alarm.Dimensions, alarm.PeriodSeconds = dimensions, hour
	} else {
		sum := ""
		for i, metric := range metrics {
			id := fmt.Sprintf("m%d", i)
			alarm.Queries = append(alarm.Queries, metricQuery(id, backupNamespace, metric, "Sum", hour, dimensions))
			if i > 0 {
				sum += "+"
			}
			sum += "FILL(" + id + ",0)"
		}
		alarm.Queries = append(alarm.Queries, mathQuery("failed", sum, "failed jobs"))
	}
	_, err := newAlarm(ctx, regional(args.Placement, region, "backup-"+what+"-failed"), args.Placement.Names,
		args.Alerts.In(region), alarm, in(b, region)...)
	return err
}

// fresh makes the alarm on a vault in which nothing of a kind was completed for hours. An hour without a completion has
// no data, which counts as bad; only when every hour is bad does the alarm go off. (Hours times their number may be a
// week at most, else CloudWatch refuses the alarm.)
func (b *Backup) fresh(ctx *pulumi.Context, args *BackupArgs, region *Region, vault *backup.Vault, what, resourceType, metric string, hours int, description string) error {
	_, err := newAlarm(ctx, regional(args.Placement, region, what+"-fresh"), args.Placement.Names, args.Alerts.In(region), AlarmArgs{
		Parts: []string{what, "fresh"}, Severity: Critical, Description: description,
		Namespace: backupNamespace, Metric: metric, Statistic: "Sum",
		Dimensions: pulumi.StringMap{"BackupVaultName": vault.Name, "ResourceType": pulumi.String(resourceType)},
		Comparison: "LessThanThreshold", Threshold: 1, PeriodSeconds: hour, Periods: hours, Breaching: hours, Missing: MissingIsBad,
	}, in(b, region)...)
	return err
}
