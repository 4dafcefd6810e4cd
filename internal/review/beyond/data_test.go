package beyond_test

import (
	"testing"

	"github.com/itrack/itrack/internal/review/beyond"
	"github.com/itrack/itrack/internal/review/stacktest"
	"github.com/stretchr/testify/require"
)

const database = "arn:aws:rds:us-east-1:1:db:app"

// backedUp is a database with everything declared for its loss, by name of the part.
func backedUp() map[string]*r {
	return map[string]*r{
		"db": {Type: "aws:rds/instance:Instance", Name: "db", ID: "app", Props: p{"arn": database, "identifier": "app", "storageEncrypted": true,
			"kmsKeyId":              "arn:aws:kms:us-east-1:1:key/k",
			"backupRetentionPeriod": 30, "multiAz": true, "tagsAll": p{"Backup": "yes"}}},
		"key": {Type: "aws:kms/key:Key", Name: "data", Props: p{"arn": "arn:aws:kms:us-east-1:1:key/k"}},
		"replication": {Type: "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication", Name: "db", Region: "us-west-2",
			Props: p{"sourceDbInstanceArn": database, "retentionPeriod": 7}},
		"vault": {Type: "aws:backup/vault:Vault", Name: "vault", Props: p{"name": "vault", "arn": "arn:aws:backup:us-east-1:1:backup-vault:vault",
			"kmsKeyArn": "arn:aws:kms:us-east-1:1:key/k"}},
		"plan": {Type: "aws:backup/plan:Plan", Name: "plan", Props: p{"rules": l{
			p{"ruleName": "weekly", "schedule": "cron(0 8 ? * SUN *)", "targetVaultName": "vault"},
			p{"ruleName": "daily", "schedule": "cron(0 8 ? * * *)", "targetVaultName": "vault", "lifecycle": p{"deleteAfter": 35},
				"copyActions": l{p{"destinationVaultArn": "arn:aws:backup:us-west-2:1:backup-vault:vault"}}},
		}}},
		"selection": {Type: "aws:backup/selection:Selection", Name: "selection", Props: p{"planId": "plan", "selectionTags": l{p{"type": "STRINGEQUALS",
			"key": "Backup", "value": "yes"}}}},
		"region": {Type: "aws:backup/regionSettings:RegionSettings", Name: "region", Props: p{"resourceTypeOptInPreference": p{"RDS": true}}},
		"tests": {Type: "aws:backup/restoreTestingPlan:RestoreTestingPlan", Name: "tests", Props: p{"name": "tests",
			"scheduleExpression":     "cron(0 6 ? * SUN *)",
			"recoveryPointSelection": p{"includeVaults": l{"arn:aws:backup:us-east-1:1:backup-vault:vault"}}}},
		"tested": {Type: "aws:backup/restoreTestingSelection:RestoreTestingSelection", Name: "tested", Props: p{"restoreTestingPlanName": "tests",
			"protectedResourceType": "RDS",
			"protectedResourceArns": l{database}, "validationWindowHours": 4}},
	}
}

func stores(t *testing.T, parts map[string]*r) []beyond.Store {
	t.Helper()
	var all []r
	for _, one := range parts {
		all = append(all, *one)
	}
	return beyond.Examine(stacktest.Model(t, "production", all...)).Data
}

func TestADatabaseWithEverything(t *testing.T) {
	found := stores(t, backedUp())
	require.Len(t, found, 1)
	require.Equal(t, beyond.Store{
		Resource: "aws:rds/instance:Instance::db", Kind: "RDS", Region: "us-east-1", Encrypted: true, Key: "the customer managed key kms/key::data",
		Backups: []string{
			"RDS's automated backups: any point in time of the last 30 days",
			"AWS Backup, rule weekly, every week into the vault vault, under the customer managed key kms/key::data",
			"AWS Backup, rule daily, every 24 hours into the vault vault, kept 35 days, under the customer managed key kms/key::data",
		},
		SecondRegion: []string{
			"automated backups replicated to us-west-2, kept 7 days, under the AWS managed key alias/aws/rds",
			"AWS Backup copies the recovery points of the rule daily to us-west-2",
		},
		RestoreTested: []string{"every week by the restore testing plan tests, with 4 hours to validate what came back"},
		RecoveryPoint: []string{
			"in its region: about 5 minutes (RDS's point-in-time recovery)",
			"region lost: any point in time that was copied to us-west-2; how far that lags is measured, not declared",
			"from the vault vault: what changed since the last backup, every 24 hours",
			"region lost, from the copied vault: what changed since the last copied backup, every 24 hours",
		},
		RecoveryTime: []string{
			"zone lost: the standby takes over by itself, typically in 60 to 120 seconds",
			"restore: a new instance by hand or command; how long, a restore test tells",
		},
		Notes: []string{},
	}, found[0])
}

func TestWhatBreaksABackup(t *testing.T) {
	const aws = "AWS Backup, rule daily, every 24 hours into the vault vault, kept 35 days, under the customer managed key kms/key::data"
	for name, c := range map[string]struct {
		change func(map[string]*r)
		backed bool
		tested string
	}{
		"nothing": {func(map[string]*r) {}, true, "every week by the restore testing plan tests, with 4 hours to validate what came back"},
		"no selection": {func(parts map[string]*r) { delete(parts, "selection") }, false,
			"never: the plan tests would, but looks into no vault that the recovery points go to"},
		"another tag": {func(parts map[string]*r) { parts["db"].Props["tagsAll"] = p{"Backup": "no"} }, false,
			"never: the plan tests would, but looks into no vault that the recovery points go to"},
		"not opted in": {func(parts map[string]*r) { parts["region"].Props["resourceTypeOptInPreference"] = p{"RDS": false} }, false,
			"never: the plan tests would, but looks into no vault that the recovery points go to"},
		"another's opt-in": {func(parts map[string]*r) {
			parts["region"].Props["resourceTypeOptInPreference"] = p{"RDS": false}
			parts["region"].Region = "us-west-2"
		}, true, "every week by the restore testing plan tests, with 4 hours to validate what came back"},
		"by ARN, which needs no opt-in": {func(parts map[string]*r) {
			parts["region"].Props["resourceTypeOptInPreference"] = p{"RDS": false}
			parts["selection"].Props = p{"planId": "plan", "resources": l{"arn:aws:rds:*:*:db:app"}}
		}, true, "every week by the restore testing plan tests, with 4 hours to validate what came back"},
		"by the ARN of the whole service": {func(parts map[string]*r) {
			parts["selection"].Props = p{"planId": "plan", "resources": l{"arn:aws:rds:*"}}
		}, true, "every week by the restore testing plan tests, with 4 hours to validate what came back"},
		"by the ARN of the whole service, which needs the opt-in": {func(parts map[string]*r) {
			parts["region"].Props["resourceTypeOptInPreference"] = p{"RDS": false}
			parts["selection"].Props = p{"planId": "plan", "resources": l{"arn:aws:rds:*"}}
		}, false, "never: the plan tests would, but looks into no vault that the recovery points go to"},
		"everything that is opted in": {func(parts map[string]*r) {
			parts["selection"].Props = p{"planId": "plan"}
		}, true, "every week by the restore testing plan tests, with 4 hours to validate what came back"},
		"left out": {func(parts map[string]*r) { parts["selection"].Props["notResources"] = l{database} }, false,
			"never: the plan tests would, but looks into no vault that the recovery points go to"},
		"a condition that fails": {func(parts map[string]*r) {
			parts["selection"].Props["conditions"] = p{"stringEquals": l{p{"key": "aws:ResourceTag/Team", "value": "a"}}}
		}, false, "never: the plan tests would, but looks into no vault that the recovery points go to"},
		"tests of another vault": {func(parts map[string]*r) {
			parts["tests"].Props["recoveryPointSelection"] = p{"includeVaults": l{"arn:aws:backup:us-east-1:1:backup-vault:other"}}
		}, true, "never: the plan tests would, but looks into no vault that the recovery points go to"},
		"tests of another database": {func(parts map[string]*r) { parts["tested"].Props["protectedResourceArns"] = l{database + "2"} }, true, ""},
		"tests by another tag": {func(parts map[string]*r) {
			parts["tested"].Props["protectedResourceArns"] = l{"*"}
			parts["tested"].Props["protectedResourceConditions"] = p{"stringEquals": l{p{"key": "aws:ResourceTag/Backup", "value": "no"}}}
		}, true, ""},
		"no plan of tests": {func(parts map[string]*r) { delete(parts, "tests") }, true, ""},
	} {
		parts := backedUp()
		c.change(parts)
		store := stores(t, parts)[0]
		if c.backed {
			require.Contains(t, store.Backups, aws, name)
		} else {
			require.Equal(t, []string{"RDS's automated backups: any point in time of the last 30 days"}, store.Backups, name)
		}
		if c.tested == "" {
			require.Empty(t, store.RestoreTested, name)
		} else {
			require.Equal(t, []string{c.tested}, store.RestoreTested, name)
		}
	}
}

func TestABareDatabase(t *testing.T) {
	store := stores(t, map[string]*r{"db": {Type: "aws:rds/instance:Instance", Name: "db", Props: p{"arn": database,
		"masterUserSecrets": l{p{"secretArn": "arn:s"}}}}})
	require.Len(t, store, 2, "and its master user's secret")
	require.False(t, store[0].Encrypted)
	require.Empty(t, store[0].Backups)
	require.Empty(t, store[0].SecondRegion)
	require.Empty(t, store[0].RecoveryPoint)
	require.Equal(t, []string{"zone lost: no standby; a restore into another zone"}, store[0].RecoveryTime)
	require.Equal(t, "secret", store[1].Kind)
}

func TestAClusterNeedsASecondInstance(t *testing.T) {
	parts := map[string]*r{
		"c":  {Type: "aws:rds/cluster:Cluster", Name: "c", ID: "c", Props: p{"arn": "arn:aws:rds:us-east-1:1:cluster:c"}},
		"c1": {Type: "aws:rds/clusterInstance:ClusterInstance", Name: "c1", Props: p{"clusterIdentifier": "c"}},
	}
	require.Equal(t, []string{"zone lost: no second instance to take over"}, stores(t, parts)[0].RecoveryTime)
	parts["c"].Props["dbClusterInstanceClass"] = "db.r6gd.large"
	require.Equal(t, []string{"zone lost: one of its readers takes over by itself, typically in less than 35 seconds"}, stores(t, parts)[0].RecoveryTime)
	delete(parts["c"].Props, "dbClusterInstanceClass")
	parts["c2"] = &r{Type: "aws:rds/clusterInstance:ClusterInstance", Name: "c2", Props: p{"clusterIdentifier": "c"}}
	require.Equal(t, []string{"zone lost: another of its 2 instances takes over by itself"}, stores(t, parts)[0].RecoveryTime)
}

func TestTheOtherStores(t *testing.T) {
	found := map[string]beyond.Store{}
	for _, store := range stores(t, map[string]*r{
		"table": {Type: "aws:dynamodb/table:Table", Name: "t", Props: p{"name": "t", "arn": "arn:aws:dynamodb:us-east-1:1:table/t",
			"pointInTimeRecovery": p{"enabled": true}, "replicas": l{p{"regionName": "us-west-2"}}}},
		"replica": {Type: "aws:dynamodb/tableReplica:TableReplica", Name: "t", Region: "us-west-2",
			Props: p{"globalTableArn": "arn:aws:dynamodb:us-east-1:1:table/t"}},
		"bucket": {Type: "aws:s3/bucketV2:BucketV2", Name: "b", Props: p{"bucket": "b", "arn": "arn:aws:s3:::b", "region": "us-east-1"}},
		"copy": {Type: "aws:s3/bucketV2:BucketV2", Name: "copy", Region: "us-west-2", Props: p{"bucket": "copy", "arn": "arn:aws:s3:::copy",
			"region": "us-west-2"}},
		"version": {Type: "aws:s3/bucketVersioningV2:BucketVersioningV2", Name: "b", Props: p{"bucket": "b",
			"versioningConfiguration": p{"status": "Enabled"}}},
		"replicate": {Type: "aws:s3/bucketReplicationConfig:BucketReplicationConfig", Name: "b", Props: p{"bucket": "b", "rules": l{p{"status": "Enabled",
			"destination": p{"bucket": "arn:aws:s3:::copy", "replicationTime": p{"status": "Enabled"}}}}}},
		"ecr": {Type: "aws:ecr/repository:Repository", Name: "r", Props: p{"name": "app-r", "arn": "arn:aws:ecr:us-east-1:1:repository/app-r"}},
		"ecr-r": {Type: "aws:ecr/replicationConfiguration:ReplicationConfiguration", Name: "r", Props: p{"replicationConfiguration": p{"rules": l{
			p{"destinations": l{p{"region": "us-west-2"}}, "repositoryFilters": l{p{"filter": "app"}}}, p{"destinations": l{p{"region": "eu-west-1"}},
				"repositoryFilters": l{p{"filter": "web"}}}}}}},
		"queue": {Type: "aws:sqs/queue:Queue", Name: "q", Props: p{"messageRetentionSeconds": 86400, "sqsManagedSseEnabled": false}},
		"logs":  {Type: "aws:cloudwatch/logGroup:LogGroup", Name: "l", Props: p{"name": "l", "retentionInDays": 0, "kmsKeyId": "arn:elsewhere"}},
		"disk": {Type: "aws:ec2/launchTemplate:LaunchTemplate", Name: "m", Props: p{"blockDeviceMappings": l{p{"deviceName": "/dev/xvda",
			"ebs": p{"encrypted": "true"}}}}},
		"task": {Type: "aws:ecs/taskDefinition:TaskDefinition", Name: "td",
			Props: p{"containerDefinitions": `[{"secrets":[{"valueFrom":"arn:aws:secretsmanager:us-east-1:1:secret:a-X:key::"},{"valueFrom":"arn:aws:secretsmanager:us-east-1:1:secret:mine"}]}]`}},
		"mine": {Type: "aws:secretsmanager/secret:Secret", Name: "mine", Props: p{"arn": "arn:aws:secretsmanager:us-east-1:1:secret:mine",
			"replicas": l{p{"region": "us-west-2"}}, "recoveryWindowInDays": 7}},
	}) {
		found[beyond.Short(store.Resource)] = store
	}
	table := found["dynamodb/table::t"]
	require.Equal(t, []string{"point-in-time recovery: any second of the last 35 days"}, table.Backups)
	require.Equal(t, []string{"a replica in us-west-2"}, table.SecondRegion, "the table's own list and the replica's resource are one")
	require.Equal(t, "a key that AWS owns", table.Key)
	bucket := found["s3/bucketV2::b"]
	require.Equal(t, []string{"objects replicated to s3/bucketV2::copy in us-west-2"}, bucket.SecondRegion)
	require.Contains(t, bucket.RecoveryPoint, "region lost: 15 minutes (S3 Replication Time Control)")
	require.Equal(t, []string{"holds the replicas of b"}, found["s3/bucketV2::copy"].Notes)
	require.Empty(t, found["s3/bucketV2::copy"].Backups)
	require.Equal(t, []string{"images pushed from now on replicated to us-west-2"}, found["ecr/repository::r"].SecondRegion, "by the prefix of its name")
	require.False(t, found["sqs/queue::q"].Encrypted)
	require.Equal(t, []string{"messages stay 1 day; SQS copies none to another region"}, found["sqs/queue::q"].Notes)
	require.Equal(t, []string{"events are kept for ever"}, found["cloudwatch/logGroup::l"].Notes)
	require.Equal(t, "the key arn:elsewhere, which the stack does not declare", found["cloudwatch/logGroup::l"].Key)
	require.True(t, found["ec2/launchTemplate::m /dev/xvda"].Encrypted)
	require.Equal(t, []string{"a replica in us-west-2"}, found["secretsmanager/secret::mine"].SecondRegion)
	foreign := found["arn:aws:secretsmanager:us-east-1:1:secret:a-X"]
	require.Len(t, foreign.Notes, 1)
	require.Contains(t, foreign.Notes[0], "aws secretsmanager describe-secret --secret-id arn:aws:secretsmanager:us-east-1:1:secret:a-X")
}

func TestSchedules(t *testing.T) {
	for schedule, wanted := range map[string]string{
		"":                         "by hand only",
		"cron(0 8 ? * * *)":        "every 24 hours",
		"cron(0 8,20 * * ? *)":     "every 12 hours",
		"cron(0 8,10 * * ? *)":     "every 22 hours",
		"cron(0 * ? * * *)":        "every hour",
		"cron(0 */6 ? * * *)":      "every 6 hours",
		"cron(0 10 ? * SUN *)":     "every week",
		"cron(0 10 ? * 1 *)":       "every week",
		"cron(0 10 ? * MON-FRI *)": "at most every 3 days",
		"cron(0 10 1 * ? *)":       "at most every 31 days",
		"cron(0 10 ? 1 SUN *)":     "by the schedule cron(0 10 ? 1 SUN *)",
		"cron(0 10 ? * 2#1 *)":     "by the schedule cron(0 10 ? * 2#1 *)",
		"cron(0 10 L * ? *)":       "by the schedule cron(0 10 L * ? *)",
		"cron(0 25 ? * * *)":       "by the schedule cron(0 25 ? * * *)",
		"rate(12 hours)":           "every 12 hours",
		"rate(2 days)":             "at most every 2 days",
		"rate(5 minutes)":          "by the schedule rate(5 minutes)",
		"daily":                    "by the schedule daily",
	} {
		require.Equal(t, wanted, beyond.Every(schedule), schedule)
	}
}
