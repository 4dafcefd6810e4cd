package controls

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/policy"
)

const noStore = "the stack declares no database and no table"

// reliability are lines of the Well-Architected reliability pillar. Their severity is AWS's level of risk without the practice.
func reliability() []review.Control {
	line := func(id, title, page string, severity review.Severity, absent string, check func(*review.Model) []review.Answer) review.Control {
		return review.Control{
			ID: id, Title: title, Severity: severity, Pillars: []review.Pillar{review.Reliability}, Absent: absent, Check: check,
			Source: "https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/" + page + ".html",
		}
	}
	return []review.Control{
		line("REL09-BP01", "Identify and back up all data that needs to be backed up", "rel_backing_up_data_identified_backups_data", review.High, noStore, backedUp),
		line("REL09-BP02", "Secure and encrypt backups", "rel_backing_up_data_secured_backups_data", review.High, "the stack declares no backup vault",
			review.Each(tokenVault, backupsSecured)),
		line("REL09-BP03", "Perform data backup automatically", "rel_backing_up_data_automated_backups_data", review.Medium, noStore, automaticBackups),
		line("REL09-BP04", "Perform periodic recovery of the data", "rel_backing_up_data_periodic_recovery_testing_data", review.Medium, noStore, restoresTried),
		line("REL13-BP01", "Define recovery objectives for downtime and data loss", "rel_planning_for_recovery_objective_defined_recovery", review.High,
			"the stack declares no backup plan", review.Each(tokenPlan, objectives)),
		line("REL13-BP05", "Automate recovery", "rel_planning_for_recovery_auto_recovery", review.Medium, "the stack declares nothing that runs", automaticRecovery),
	}
}

// backedUp wants every store in a plan that AWS Backup may carry out, and every bucket to keep what is overwritten or deleted.
func backedUp(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, store := range stores(m) {
		switch {
		case len(plansOf(m, store)) == 0:
			out = append(out, review.Fail(store, "no selection of a backup plan takes it", "give it the tag that the plan selects (itrack: the tag Backup)"))
		case !optedIn(m, store):
			out = append(out, review.Fail(store, "AWS Backup is told to leave "+backedUpTypes[store.Type]+" out in its region",
				"opt "+backedUpTypes[store.Type]+" in, in the region's backup settings"))
		default:
			out = append(out, review.Pass(store, "the backup plan "+plansOf(m, store)[0].Name+" takes it"))
		}
	}
	for _, bucket := range m.All(tokenBucket) {
		kept := slices.ContainsFunc(m.Referring("aws:s3/bucketVersioningV2:BucketVersioningV2", "bucket", bucket), func(v *review.Resource) bool {
			return v.Str("versioningConfiguration.status") == "Enabled"
		})
		out = append(out, review.When(kept || len(plansOf(m, bucket)) > 0, bucket, "it keeps what is overwritten or deleted",
			"it keeps no earlier versions, and no backup plan takes it", "turn its versioning on"))
	}
	return out
}

// optedIn reads the region's settings of AWS Backup; where the stack does not declare them, the account decides.
func optedIn(m *review.Model, store *review.Resource) bool {
	for _, settings := range inRegionOf(m, "aws:backup/regionSettings:RegionSettings", store) {
		if path := "resourceTypeOptInPreference." + backedUpTypes[store.Type]; settings.Has(path) {
			return settings.Bool(path)
		}
	}
	return true
}

// backupsSecured wants a vault with a key of our own, and recovery points that a deleted or captured role can't take away.
func backupsSecured(m *review.Model, vault *review.Resource) review.Answer {
	if vault.Str("kmsKeyArn") == "" {
		return review.Fail(vault, "it has no key of the stack's", "set kmsKeyArn to a key of its region")
	}
	ofVault := func(r *review.Resource) bool {
		return r.Region == vault.Region && r.Str("backupVaultName") == vault.Str("name")
	}
	locked := slices.ContainsFunc(m.All("aws:backup/vaultLockConfiguration:VaultLockConfiguration"), ofVault)
	kept := slices.ContainsFunc(m.All("aws:backup/vaultPolicy:VaultPolicy"), func(r *review.Resource) bool { return ofVault(r) && deniesDeletion(r) })
	return review.When(locked || kept, vault, "it is encrypted, and its recovery points can't be deleted at will",
		"whoever may delete recovery points can delete its", "set itrack:backup.lock")
}

// deniesDeletion tells whether a vault's policy denies to delete recovery points.
func deniesDeletion(holder *review.Resource) bool {
	return slices.ContainsFunc(documents(holder, "policy"), func(document *policy.Document) bool {
		return slices.ContainsFunc(document.Statements, func(s policy.Statement) bool {
			return !s.Allow && s.Everybody() && s.Speaks(policy.Request{Action: "backup:DeleteRecoveryPoint"})
		})
	})
}

// automaticBackups wants plans that run by themselves, and stores with point-in-time recovery of their own.
func automaticBackups(m *review.Model) []review.Answer {
	out := review.Each(tokenPlan, planRuns)(m)
	for _, store := range stores(m) {
		itself := store.Num("backupRetentionPeriod") > 0 || store.Bool("pointInTimeRecovery.enabled")
		out = append(out, review.When(itself, store, "it can be restored to any point in time", "it can't be restored to a point in time",
			"turn its automatic backups or point-in-time recovery on"))
	}
	return out
}

// planRuns wants a schedule and a vault for every rule, and a selection whose role may make backups.
func planRuns(m *review.Model, plan *review.Resource) review.Answer {
	for _, rule := range plan.Maps("rules") {
		if rule.Str("schedule") == "" || vaultOf(m, plan, rule) == nil {
			return review.Fail(plan, "its rule "+rule.Str("ruleName")+" has no schedule, or no vault of the stack", "give the rule a schedule and a vault of its region")
		}
	}
	for _, selection := range selectionsOf(m, plan) {
		role := m.Find(tokenRole, selection.Str("iamRoleArn"))
		if role == nil {
			continue
		}
		managed := func(arn string) bool {
			return strings.HasSuffix(arn, "/service-role/AWSBackupServiceRolePolicyForBackup")
		}
		if slices.ContainsFunc(attachedTo(m, role), managed) || may(m, role, "backup:CreateBackupJob", "") || may(m, role, "dynamodb:StartAwsBackupJob", "") {
			return review.Pass(plan, "its rules have schedules, and the role "+role.Name+" makes the backups")
		}
	}
	return review.Fail(plan, "no selection of it has a role of the stack that may make backups",
		"attach AWSBackupServiceRolePolicyForBackup to the selection's role")
}

// restoresTried wants every store in a restore test that runs by schedule, and a function that queries what came back.
func restoresTried(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, store := range stores(m) {
		check := checksRestores(m)
		switch {
		case len(testsOf(m, store)) == 0:
			out = append(out, review.Fail(store, "no restore test of the stack restores it", "set itrack:backup.restoreTest"))
		case check == nil:
			out = append(out, review.Fail(store, "nothing queries what a restore test restored",
				"let an event rule on completed restore jobs call a function with hook: restore"))
		default:
			out = append(out, review.Pass(store, "a restore test restores it, and the function "+check.Name+" queries what came back"))
		}
	}
	return out
}

// objectives looks for what an objective is worth: a backup at least once a day, an alarm when there is no new recovery point, and a
// restore test with a time limit, which shows how long a recovery takes.
func objectives(m *review.Model, plan *review.Resource) review.Answer {
	if !slices.ContainsFunc(plan.Maps("rules"), func(rule *review.Resource) bool { return daily(rule.Str("schedule")) }) {
		return review.Fail(plan, "none of its rules runs every day", "add a rule that runs at least once a day")
	}
	fresh := slices.ContainsFunc(inRegionOf(m, "aws:cloudwatch/metricAlarm:MetricAlarm", plan), func(alarm *review.Resource) bool {
		metrics := append(alarm.Strs("metricName"), alarm.Strs("metricQueries.metric.metricName")...)
		return slices.Contains(metrics, "NumberOfBackupJobsCompleted") || slices.Contains(metrics, "NumberOfRecoveryPointsCreated")
	})
	if !fresh {
		return review.Fail(plan, "no alarm of its region tells that there is no new backup", "add an alarm on NumberOfBackupJobsCompleted of AWS/Backup")
	}
	for _, test := range m.All(tokenTest) {
		if hours := test.Num("validationWindowHours"); test.Region == plan.Region && hours > 0 {
			return review.Pass(plan, fmt.Sprintf("a backup every day with an alarm when it is missing, and a restore that is checked within %v hours", hours))
		}
	}
	return review.Fail(plan, "no restore test measures how long a recovery takes", "set itrack:backup.restoreTest")
}

// automaticRecovery wants databases that fail over, services in several zones whose failed deployments roll back, and groups that
// replace an instance in another zone.
func automaticRecovery(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, database := range m.All(tokenDatabase) {
		out = append(out, review.When(database.Bool("multiAz"), database, "it fails over to another zone by itself", "nothing takes over when its zone fails",
			"set itrack:database.multiAz"))
	}
	for _, service := range m.All(tokenService) {
		in := zones(m, service.Strs("networkConfiguration.subnets"))
		rolls := rollsBack(m, service)
		out = append(out, review.When(len(in) >= 2 && rolls, service, "tasks are replaced in "+list(in)+", and a failed deployment rolls back",
			fmt.Sprintf("its tasks have %d zones; a failed deployment rolls back: %v", len(in), rolls),
			"give it subnets in two zones, and roll failed deployments back"))
	}
	for _, group := range m.All(tokenFleet) {
		heals := group.Num("minSize") >= 1 && len(fleetSpread(m, group)) >= 2
		out = append(out, review.When(heals, group, "a lost instance is replaced, in another zone if need be", "a lost instance is not replaced in another zone",
			"set minSize to 1 or more, and subnets in two zones"))
	}
	return out
}

// rollsBack tells whether failed deployments of a service are undone, by its deployment group or by ECS itself.
func rollsBack(m *review.Model, service *review.Resource) bool {
	for _, s := range shifts(m) {
		if s.service == service {
			return s.group != nil && s.group.Bool("autoRollbackConfiguration.enabled") && slices.Contains(s.group.Strs("autoRollbackConfiguration.events"),
				"DEPLOYMENT_FAILURE")
		}
	}
	return service.Bool("deploymentCircuitBreaker.rollback")
}
