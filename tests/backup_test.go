package tests

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	vaultToken  = "aws:backup/vault:Vault"
	backupRole  = "aws:iam/role:Role"
	lockToken   = "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
	restoreTest = "aws:backup/restoreTestingSelection:RestoreTestingSelection"
)

func TestBackupVaults(t *testing.T) {
	staging, production := recorded(t, "staging"), recorded(t, "production")
	assert.Equal(t, []string{"backup"}, staging.names(vaultToken), "no copies, no second vault")
	assert.Equal(t, []string{"backup", "backup-us-west-2"}, production.names(vaultToken))
	vault := staging.one(t, vaultToken, "backup")
	assert.Equal(t, "itrack-backup-staging", vault.str(t, "name"))
	assert.True(t, vault.flag(t, "forceDestroy"))
	assert.False(t, vault.Protect)
	assert.Empty(t, staging.all(lockToken))
	assert.Empty(t, staging.all("aws:backup/vaultPolicy:VaultPolicy"), "what may be destroyed must be deletable")

	for logical, want := range map[string]struct{ provider, key, topic string }{
		"backup":           {"primary", "data", "warning"},
		"backup-us-west-2": {"recovery", "data-us-west-2", "warning-us-west-2"},
	} {
		vault := production.one(t, vaultToken, logical)
		assert.Equal(t, "itrack-backup-production", vault.str(t, "name"))
		assert.Equal(t, "arn:aws:kms:us-east-1:"+mockAccount+":"+want.key, vault.str(t, "kmsKeyArn"))
		assert.False(t, vault.flag(t, "forceDestroy"))
		assert.True(t, vault.Protect)
		lock := production.one(t, lockToken, logical)
		assert.InDelta(t, 7, lock.num(t, "minRetentionDays"), 0)
		assert.InDelta(t, 365, lock.num(t, "maxRetentionDays"), 0)
		assert.False(t, lock.has("changeableForDays"), "with a day named the lock could never be lifted again")
		policy := statements(t, production.one(t, "aws:backup/vaultPolicy:VaultPolicy", logical), "policy")
		assert.Equal(t, map[string]map[string]any{"KeepRecoveryPoints": {
			"Sid": "KeepRecoveryPoints", "Effect": "Deny", "Principal": "*", "Resource": "*",
			"Action": []any{"backup:DeleteRecoveryPoint", "backup:DisassociateRecoveryPoint", "backup:UpdateRecoveryPointLifecycle"},
		}}, policy)
		told := production.one(t, "aws:backup/vaultNotifications:VaultNotifications", logical)
		assert.Equal(t, "arn:aws:sns:us-east-1:"+mockAccount+":"+want.topic, told.str(t, "snsTopicArn"))
		assert.Contains(t, told.strs(t, "backupVaultEvents"), "COPY_JOB_FAILED")
		for _, token := range []string{vaultToken, lockToken, "aws:backup/vaultPolicy:VaultPolicy", "aws:backup/vaultNotifications:VaultNotifications"} {
			assert.Contains(t, production.one(t, token, logical).Provider, "::"+want.provider+"::", token)
		}
		// The database's recovery points are snapshots, which hold its option group: in a teardown the vault goes first.
		assert.Contains(t, strings.Join(vault.Dependencies, "\n"), "aws:rds/instance:Instance::rds")
	}
}

func TestBackupComplianceLockIsExplicit(t *testing.T) {
	result := recordedWith(t, "production", map[string]any{"itrack:backup.lock.mode": "compliance", "itrack:backup.lock.graceDays": 5})
	for _, lock := range result.all(lockToken) {
		assert.InDelta(t, 5, lock.num(t, "changeableForDays"), 0)
	}
	require.Len(t, result.all(lockToken), 2)
}

func TestBackupPlan(t *testing.T) {
	for stack, want := range map[string]struct {
		days   [2]float64
		copies float64
	}{"staging": {[2]float64{7, 14}, 0}, "production": {[2]float64{35, 90}, 35}} {
		result := recorded(t, stack)
		plan := result.one(t, "aws:backup/plan:Plan", "backup")
		rules := plan.value(t, "rules").ArrayValue()
		require.Len(t, rules, 2)
		for i, name := range []string{"daily", "weekly"} {
			at := []string{"rules[0]", "rules[1]"}[i]
			assert.Equal(t, name, plan.str(t, at+".ruleName"))
			assert.Equal(t, "itrack-backup-"+stack, plan.str(t, at+".targetVaultName"))
			assert.InDelta(t, want.days[i], plan.num(t, at+".lifecycle.deleteAfter"), 0)
			assert.False(t, plan.flag(t, at+".enableContinuousBackup"), "point-in-time recovery is RDS's own")
			assert.GreaterOrEqual(t, plan.num(t, at+".completionWindow"), plan.num(t, at+".startWindow")+60)
			if want.copies == 0 {
				assert.False(t, plan.has(at+".copyActions"))
				continue
			}
			assert.InDelta(t, want.copies, plan.num(t, at+".copyActions[0].lifecycle.deleteAfter"), 0)
			assert.Equal(t, "arn:aws:backup:us-east-1:"+mockAccount+":backup-us-west-2", plan.str(t, at+".copyActions[0].destinationVaultArn"))
		}
		selection := result.one(t, "aws:backup/selection:Selection", "backup")
		assert.Equal(t, "STRINGEQUALS", selection.str(t, "selectionTags[0].type"))
		assert.Equal(t, "Backup", selection.str(t, "selectionTags[0].key"))
		assert.Equal(t, "itrack-"+stack, selection.str(t, "selectionTags[0].value"))
		assert.Contains(t, strings.Join(selection.Dependencies, "\n"), "RolePolicyAttachment::backup-managed-0")

		// What the selection finds: the database and both tables carry the very tag.
		tagged := 0
		for _, token := range []string{databaseToken, tableToken} {
			for _, resource := range result.all(token) {
				if assert.Equal(t, "itrack-"+stack, resource.str(t, "tags.Backup")) {
					tagged++
				}
			}
		}
		assert.Equal(t, 3, tagged)
	}
}

func TestBackupRoles(t *testing.T) {
	result := recorded(t, "production")
	for name, policy := range map[string]string{"backup": "AWSBackupServiceRolePolicyForBackup", "restore": "AWSBackupServiceRolePolicyForRestores"} {
		role := result.one(t, backupRole, name)
		assert.Equal(t, map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]any{"Service": "backup.amazonaws.com"},
		}}}, role.document(t, "assumeRolePolicy"))
		assert.Equal(t, "arn:aws:iam::aws:policy/service-role/"+policy,
			result.one(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", name+"-managed-0").str(t, "policyArn"))
		assert.NotContains(t, result.names("aws:iam/rolePolicyAttachment:RolePolicyAttachment"), name+"-managed-1", "whoever takes backups can't restore")
	}
}

func TestBackupRestoreTesting(t *testing.T) {
	assert.Empty(t, recorded(t, "staging").all(restoreTest))
	assert.NotContains(t, recorded(t, "staging").names("aws:ec2/securityGroup:SecurityGroup"), "restore")
	result := recorded(t, "production")
	plan := result.one(t, "aws:backup/restoreTestingPlan:RestoreTestingPlan", "restore")
	assert.Equal(t, "itrack_restore_production", plan.str(t, "name"), "letters, digits and underscores only")
	assert.Equal(t, "cron(0 6 ? * SUN *)", plan.str(t, "scheduleExpression"))
	assert.Equal(t, "LATEST_WITHIN_WINDOW", plan.str(t, "recoveryPointSelection.algorithm"))
	assert.Equal(t, []string{"SNAPSHOT"}, plan.strs(t, "recoveryPointSelection.recoveryPointTypes"))
	assert.Equal(t, []string{"arn:aws:backup:us-east-1:" + mockAccount + ":backup"}, plan.strs(t, "recoveryPointSelection.includeVaults"))

	database := result.one(t, restoreTest, "restore-database")
	assert.Equal(t, "RDS", database.str(t, "protectedResourceType"))
	assert.Equal(t, []string{"arn:aws:rds:us-east-1:" + mockAccount + ":rds"}, database.strs(t, "protectedResourceArns"))
	assert.Equal(t, "itrack-production", database.str(t, "restoreMetadataOverrides.dbSubnetGroupName"))
	assert.Equal(t, `["restore-id"]`, database.str(t, "restoreMetadataOverrides.vpcSecurityGroupIds"))
	assert.Equal(t, "true", database.str(t, "restoreMetadataOverrides.enableIAMDatabaseAuthentication"), "nobody knows a restored master password")
	tables := result.one(t, restoreTest, "restore-tables")
	assert.Equal(t, "DynamoDB", tables.str(t, "protectedResourceType"))
	assert.Equal(t, []string{"*"}, tables.strs(t, "protectedResourceArns"))
	assert.Equal(t, "aws:ResourceTag/Backup", tables.str(t, "protectedResourceConditions.stringEquals[0].key"))
	assert.Equal(t, "itrack-production", tables.str(t, "protectedResourceConditions.stringEquals[0].value"))
	assert.Equal(t, "KMS", tables.str(t, "restoreMetadataOverrides.encryptionType"))
	for _, selection := range result.all(restoreTest) {
		assert.InDelta(t, 4, selection.num(t, "validationWindowHours"), 0)
		assert.Equal(t, "arn:aws:iam:us-east-1:"+mockAccount+":restore", selection.str(t, "iamRoleArn"))
	}
}

// A restored copy is queried by the restore hook, which alone may reach it; a failed restore wakes somebody.
func TestBackupRestoreIsValidated(t *testing.T) {
	result := recorded(t, "production")
	const ruleToken, targetToken = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
	role := "arn:aws:iam:us-east-1:" + mockAccount + ":restore"
	completed := result.one(t, ruleToken, "restore-completed")
	assert.Equal(t, map[string]any{
		"source": []any{"aws.backup"}, "detail-type": []any{"Restore Job State Change"},
		"detail": map[string]any{"status": []any{"COMPLETED"}, "iamRoleArn": []any{role}},
	}, completed.document(t, "eventPattern"))
	target := result.one(t, targetToken, "restore-completed")
	assert.Equal(t, "itrack-restore-completed-production", target.str(t, "rule"))
	assert.Contains(t, target.str(t, "arn"), "restore-check")
	permission := result.one(t, "aws:lambda/permission:Permission", "restore-completed")
	assert.Equal(t, "events.amazonaws.com", permission.str(t, "principal"))
	assert.Equal(t, "lambda:InvokeFunction", permission.str(t, "action"))
	assert.Equal(t, "live", permission.str(t, "qualifier"))
	assert.Equal(t, "arn:aws:cloudwatch:us-east-1:"+mockAccount+":restore-completed", permission.str(t, "sourceArn"))

	failed := result.one(t, ruleToken, "restore-failed")
	assert.Equal(t, []any{"ABORTED", "FAILED"}, failed.document(t, "eventPattern")["detail"].(map[string]any)["status"])
	assert.Equal(t, "arn:aws:sns:us-east-1:"+mockAccount+":critical", result.one(t, targetToken, "restore-failed").str(t, "arn"))

	var sources []string
	for _, rule := range result.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
		if rule.str(t, "securityGroupId") == "restore-id" {
			assert.InDelta(t, 3306, rule.num(t, "fromPort"), 0)
			sources = append(sources, rule.str(t, "referencedSecurityGroupId"))
		}
	}
	require.Len(t, sources, 1)
	assert.Contains(t, sources[0], "restore-check")
	for _, rule := range result.all("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") {
		assert.NotEqual(t, "restore-id", rule.str(t, "securityGroupId"), "a restored copy calls nobody")
	}
}

func TestBackupAlarms(t *testing.T) {
	staging, production := recorded(t, "staging"), recorded(t, "production")
	vault := "itrack-backup-production"
	jobs := production.one(t, metricAlarmToken, "backup-jobs-failed")
	assert.Equal(t, "FILL(m0,0)+FILL(m1,0)+FILL(m2,0)", jobs.str(t, "metricQueries[3].expression"))
	assert.Equal(t, "notBreaching", jobs.str(t, "treatMissingData"))
	for _, name := range []string{"backup-copies-failed", "backup-copies-failed-us-west-2"} {
		alarm := production.one(t, metricAlarmToken, name)
		assert.Equal(t, "NumberOfCopyJobsFailed", alarm.str(t, "metricName"))
		assert.Equal(t, vault, alarm.str(t, "dimensions.BackupVaultName"))
	}
	assert.Contains(t, production.one(t, metricAlarmToken, "backup-copies-failed-us-west-2").Provider, "::recovery::")
	assert.Equal(t, "NumberOfRestoreJobsFailed", production.one(t, metricAlarmToken, "backup-restores-failed").str(t, "metricName"))

	for name, want := range map[string]struct {
		metric, kind, provider, topic string
		hours                         float64
	}{
		"backup-database-fresh":         {"NumberOfBackupJobsCompleted", "RDS", "primary", "critical", 36},
		"backup-tables-fresh":           {"NumberOfBackupJobsCompleted", "DynamoDB", "primary", "critical", 36},
		"copy-database-fresh-us-west-2": {"NumberOfRecoveryPointsCompleted", "RDS", "recovery", "critical-us-west-2", 48},
		"copy-tables-fresh-us-west-2":   {"NumberOfRecoveryPointsCompleted", "DynamoDB", "recovery", "critical-us-west-2", 48},
	} {
		alarm := production.one(t, metricAlarmToken, name)
		assert.Equal(t, want.metric, alarm.str(t, "metricName"), name)
		// For each kind: a vault's total hides that one of them has left the selection.
		assert.Equal(t, want.kind, alarm.str(t, "dimensions.ResourceType"), name)
		assert.Contains(t, alarm.Provider, "::"+want.provider+"::", name)
		assert.Equal(t, []string{"arn:aws:sns:us-east-1:" + mockAccount + ":" + want.topic}, alarm.strs(t, "alarmActions"), name)
		// No data is what a missing backup looks like, and every hour has to be without one.
		assert.Equal(t, "breaching", alarm.str(t, "treatMissingData"), name)
		assert.InDelta(t, 3600, alarm.num(t, "period"), 0)
		assert.InDelta(t, want.hours, alarm.num(t, "evaluationPeriods"), 0, name)
		assert.InDelta(t, want.hours, alarm.num(t, "datapointsToAlarm"), 0, name)
		assert.LessOrEqual(t, alarm.num(t, "period")*alarm.num(t, "evaluationPeriods"), float64(7*24*3600), "CloudWatch looks at a week at most")
	}
	for _, absent := range []string{"backup-copies-failed", "copy-database-fresh-us-west-2"} {
		assert.NotContains(t, staging.names(metricAlarmToken), absent)
	}
	assert.Contains(t, staging.names(metricAlarmToken), "backup-database-fresh")
}

func TestBackupIsThereBecauseItsSettingIs(t *testing.T) {
	none := recordedWith(t, "staging", map[string]any{"itrack:backup": nil})
	assert.Empty(t, none.all(vaultToken))
	assert.Empty(t, none.all("aws:backup/plan:Plan"))
	// Copies and restore tests in staging, and none in production: values, not the environment's name.
	copied := recordedWith(t, "staging", map[string]any{"itrack:backup.copyDays": 7, "itrack:backup.restoreTest": map[string]any{}})
	assert.Len(t, copied.all(vaultToken), 2)
	assert.Len(t, copied.all(restoreTest), 2)
	bare := recordedWith(t, "production", map[string]any{"itrack:backup.copyDays": nil, "itrack:backup.restoreTest": nil, "itrack:backup.lock": nil})
	assert.Len(t, bare.all(vaultToken), 1)
	assert.Empty(t, bare.all(restoreTest))
	assert.Empty(t, bare.all(lockToken))
}
