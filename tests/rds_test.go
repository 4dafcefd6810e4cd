package tests

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const databaseToken = "aws:rds/instance:Instance"

func TestRdsInstance(t *testing.T) {
	for stack, want := range map[string]struct {
		class             string
		storage, most     float64
		multiAz, protect  bool
		backupDays        float64
		monitoringSeconds float64
		atOnce            bool
	}{
		"staging":    {"db.t4g.micro", 20, 50, false, false, 7, 60, true},
		"production": {"db.r7g.large", 100, 1000, true, true, 30, 15, false},
	} {
		result := recorded(t, stack)
		database := result.one(t, databaseToken, "rds")
		assert.Equal(t, "itrack-"+stack, database.str(t, "identifier"))
		assert.Equal(t, "mysql", database.str(t, "engine"))
		assert.Equal(t, "8.4", database.str(t, "engineVersion"))
		assert.InDelta(t, 3306, database.num(t, "port"), 0)
		assert.Equal(t, "itrack", database.str(t, "dbName"))
		assert.Equal(t, "itrackadmin", database.str(t, "username"))
		assert.True(t, database.flag(t, "manageMasterUserPassword"))
		for _, never := range []string{"password", "blueGreenUpdate", "name", "domain", "iops", "storageThroughput"} {
			assert.False(t, database.has(never), never)
		}
		assert.Equal(t, want.class, database.str(t, "instanceClass"))
		assert.Equal(t, "gp3", database.str(t, "storageType"))
		assert.InDelta(t, want.storage, database.num(t, "allocatedStorage"), 0)
		assert.InDelta(t, want.most, database.num(t, "maxAllocatedStorage"), 0)
		assert.Equal(t, want.multiAz, database.flag(t, "multiAz"))
		assert.InDelta(t, want.backupDays, database.num(t, "backupRetentionPeriod"), 0)
		assert.Equal(t, "03:00-04:00", database.str(t, "backupWindow"))
		assert.Equal(t, "sun:05:00-sun:06:00", database.str(t, "maintenanceWindow"))
		assert.InDelta(t, want.monitoringSeconds, database.num(t, "monitoringInterval"), 0)
		assert.Equal(t, want.atOnce, database.flag(t, "applyImmediately"))
		assert.Equal(t, "rds-ca-rsa2048-g1", database.str(t, "caCertIdentifier"))
		for _, on := range []string{"autoMinorVersionUpgrade", "copyTagsToSnapshot", "iamDatabaseAuthenticationEnabled", "storageEncrypted"} {
			assert.True(t, database.flag(t, on), on)
		}
		assert.False(t, database.flag(t, "publiclyAccessible"))
		key := "arn:aws:kms:us-east-1:" + mockAccount + ":data"
		assert.Equal(t, key, database.str(t, "kmsKeyId"))
		assert.Equal(t, key, database.str(t, "masterUserSecretKmsKeyId"))
		assert.Equal(t, "itrack-"+stack, database.str(t, "tags.Backup"))

		// Protection: Pulumi's, AWS's, the last snapshot, and the automated backups that outlive the instance.
		assert.Equal(t, want.protect, database.Protect)
		assert.Equal(t, want.protect, database.flag(t, "deletionProtection"))
		assert.Equal(t, !want.protect, database.flag(t, "skipFinalSnapshot"))
		assert.Equal(t, !want.protect, database.flag(t, "deleteAutomatedBackups"))
		assert.Equal(t, want.protect, database.has("finalSnapshotIdentifier"))
		if want.protect {
			assert.Equal(t, "itrack-production-final", database.str(t, "finalSnapshotIdentifier"))
		}
		assert.Equal(t, want.protect, result.one(t, "aws:rds/optionGroup:OptionGroup", "rds").flag(t, "skipDestroy"), "a kept snapshot keeps its option group")
	}
}

// Where the database stands: in the isolated subnets, in a group of its own, whose rules the consumers open.
func TestRdsNetwork(t *testing.T) {
	result := recorded(t, "production")
	assert.Equal(t, []string{"subnet-isolated-1", "subnet-isolated-2", "subnet-isolated-3"}, result.one(t, "aws:rds/subnetGroup:SubnetGroup", "rds").strs(t, "subnetIds"))
	database := result.one(t, databaseToken, "rds")
	assert.Equal(t, []string{"rds-id"}, database.strs(t, "vpcSecurityGroupIds"))
	assert.Equal(t, "itrack-production", database.str(t, "dbSubnetGroupName"))
	for _, rule := range result.all("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") {
		assert.NotEqual(t, "rds-id", rule.str(t, "securityGroupId"), "%s: the database calls nobody", rule.Name)
	}
	for _, rule := range result.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
		if rule.str(t, "securityGroupId") != "rds-id" {
			continue
		}
		assert.InDelta(t, 3306, rule.num(t, "fromPort"), 0)
		assert.InDelta(t, 3306, rule.num(t, "toPort"), 0)
		assert.True(t, rule.has("referencedSecurityGroupId"), "%s lets in a group, never an address", rule.Name)
		assert.NotContains(t, rule.Parent, "::itrack:infra:Rds::", "consumers open their own way")
	}
}

func TestRdsInsightsByClassAndSetting(t *testing.T) {
	production := recorded(t, "production").one(t, databaseToken, "rds")
	assert.True(t, production.flag(t, "performanceInsightsEnabled"))
	assert.Equal(t, "advanced", production.str(t, "databaseInsightsMode"))
	assert.InDelta(t, 465, production.num(t, "performanceInsightsRetentionPeriod"), 0)
	assert.Equal(t, "arn:aws:kms:us-east-1:"+mockAccount+":data", production.str(t, "performanceInsightsKmsKeyId"))
	standard := recordedWith(t, "production", map[string]any{"itrack:database.insights": "standard"}).one(t, databaseToken, "rds")
	assert.Equal(t, "standard", standard.str(t, "databaseInsightsMode"))
	assert.InDelta(t, 7, standard.num(t, "performanceInsightsRetentionPeriod"), 0)
	// db.t4g.micro has none, and asking for it fails the creation.
	staging := recorded(t, "staging").one(t, databaseToken, "rds")
	assert.False(t, staging.flag(t, "performanceInsightsEnabled"))
	for _, absent := range []string{"databaseInsightsMode", "performanceInsightsRetentionPeriod", "performanceInsightsKmsKeyId"} {
		assert.False(t, staging.has(absent), absent)
	}
}

func TestRdsGroups(t *testing.T) {
	result := recorded(t, "staging")
	group := result.one(t, "aws:rds/parameterGroup:ParameterGroup", "rds")
	assert.Equal(t, "mysql8.4", group.str(t, "family"))
	parameters := map[string]string{}
	for _, raw := range group.value(t, "parameters").ArrayValue() {
		parameter := plain(raw).ObjectValue()
		assert.Equal(t, "immediate", plain(parameter["applyMethod"]).StringValue())
		parameters[plain(parameter["name"]).StringValue()] = plain(parameter["value"]).StringValue()
	}
	assert.Equal(t, map[string]string{
		"require_secure_transport": "1", "slow_query_log": "1", "long_query_time": "1", "log_output": "FILE", "general_log": "0", "innodb_print_all_deadlocks": "1",
	}, parameters)
	options := result.one(t, "aws:rds/optionGroup:OptionGroup", "rds")
	assert.Equal(t, "8.4", options.str(t, "majorEngineVersion"))
	assert.Equal(t, "MARIADB_AUDIT_PLUGIN", options.str(t, "options[0].optionName"))
	settings := map[string]string{}
	for _, raw := range options.value(t, "options[0].optionSettings").ArrayValue() {
		setting := plain(raw).ObjectValue()
		settings[plain(setting["name"]).StringValue()] = plain(setting["value"]).StringValue()
	}
	assert.Equal(t, "CONNECT,QUERY_DCL,QUERY_DDL", settings["SERVER_AUDIT_EVENTS"], "queries hold the users' data")
	assert.Equal(t, "rdsadmin", settings["SERVER_AUDIT_EXCL_USERS"])
}

// The log groups exist, encrypted and with an end, before RDS would make its own; so do the monitoring role's rights.
func TestRdsLogsAndMonitoringComeFirst(t *testing.T) {
	for stack, days := range map[string]float64{"staging": 14, "production": 90} {
		result := recorded(t, stack)
		database := result.one(t, databaseToken, "rds")
		logs := database.strs(t, "enabledCloudwatchLogsExports")
		assert.Equal(t, []string{"audit", "error", "general", "slowquery"}, logs)
		before := strings.Join(database.Dependencies, "\n")
		for _, log := range logs {
			group := result.one(t, "aws:cloudwatch/logGroup:LogGroup", "rds-"+log)
			assert.Equal(t, "/aws/rds/instance/itrack-"+stack+"/"+log, group.str(t, "name"))
			assert.InDelta(t, days, group.num(t, "retentionInDays"), 0)
			assert.Equal(t, "arn:aws:kms:us-east-1:"+mockAccount+":logs", group.str(t, "kmsKeyId"))
			assert.Contains(t, before, "::rds-"+log)
		}
		assert.Contains(t, before, "RolePolicyAttachment::rds-monitoring-managed-0")
		role := result.one(t, "aws:iam/role:Role", "rds-monitoring")
		assert.Equal(t, map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
			"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]any{"Service": "monitoring.rds.amazonaws.com"},
			"Condition": map[string]any{
				"StringEquals": map[string]any{"aws:SourceAccount": mockAccount},
				"StringLike":   map[string]any{"aws:SourceArn": "arn:aws:rds:us-east-1:" + mockAccount + ":db:itrack-" + stack},
			},
		}}}, role.document(t, "assumeRolePolicy"))
		assert.Equal(t, "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
			result.one(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "rds-monitoring-managed-0").str(t, "policyArn"))
	}
}

func TestRdsBackupReplication(t *testing.T) {
	const token = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
	assert.Empty(t, recorded(t, "staging").all(token))
	assert.NotContains(t, recorded(t, "staging").names("aws:rds/eventSubscription:EventSubscription"), "rds-replication")
	result := recorded(t, "production")
	replication := result.one(t, token, "rds")
	assert.Contains(t, replication.Provider, "::recovery::")
	assert.True(t, replication.Protect)
	assert.InDelta(t, 30, replication.num(t, "retentionPeriod"), 0)
	assert.Equal(t, "arn:aws:kms:us-east-1:"+mockAccount+":data-us-west-2", replication.str(t, "kmsKeyId"))
	assert.False(t, replication.has("preSignedUrl"))
	assert.Len(t, recordedWith(t, "staging", map[string]any{"itrack:database.replicateBackups": true}).all(token), 1)
}

func TestRdsEventSubscriptions(t *testing.T) {
	result := recorded(t, "production")
	const token = "aws:rds/eventSubscription:EventSubscription"
	// What RDS.20, .21 and .22 of AWS's standard ask for.
	for name, asked := range map[string]struct {
		source     string
		categories []string
	}{
		"rds-instance":   {"db-instance", []string{"maintenance", "configuration change", "failure"}},
		"rds-parameters": {"db-parameter-group", []string{"configuration change"}},
		"rds-security":   {"db-security-group", []string{"configuration change", "failure"}},
	} {
		subscription := result.one(t, token, name)
		assert.Equal(t, asked.source, subscription.str(t, "sourceType"))
		assert.Subset(t, subscription.strs(t, "eventCategories"), asked.categories)
		assert.True(t, subscription.flag(t, "enabled"))
		assert.Equal(t, "arn:aws:sns:us-east-1:"+mockAccount+":warning", subscription.str(t, "snsTopic"))
	}
	assert.Contains(t, result.one(t, token, "rds-instance").strs(t, "eventCategories"), "failover")
	assert.Equal(t, []string{"itrack-production"}, result.one(t, token, "rds-instance").strs(t, "sourceIds"))
	second := result.one(t, token, "rds-replication")
	assert.Contains(t, second.Provider, "::recovery::")
	assert.Equal(t, "arn:aws:sns:us-east-1:"+mockAccount+":warning-us-west-2", second.str(t, "snsTopic"), "the topic of its own region")
}

func TestRdsAlarms(t *testing.T) {
	const gib = 1 << 30
	for stack, want := range map[string]map[string]float64{
		"staging":    {"rds-cpu": 80, "rds-cpu-critical": 95, "rds-connections": 60, "rds-storage": 2 * gib, "rds-memory": 0.05 * gib},
		"production": {"rds-cpu": 80, "rds-cpu-critical": 95, "rds-connections": 800, "rds-storage": 10 * gib, "rds-memory": 0.05 * 16 * gib, "rds-replication": 0.1},
	} {
		result := recorded(t, stack)
		var ours []string
		for _, alarm := range result.all(metricAlarmToken) {
			if !strings.Contains(alarm.Parent, "::itrack:infra:Rds::") && !strings.HasSuffix(alarm.Parent, "$itrack:infra:Rds::rds") {
				continue
			}
			ours = append(ours, alarm.Name)
			assert.InDelta(t, want[alarm.Name], alarm.num(t, "threshold"), 1, alarm.Name)
			assert.Equal(t, "AWS/RDS", alarm.str(t, "namespace"))
			assert.Equal(t, "itrack-"+stack, alarm.str(t, "dimensions.DBInstanceIdentifier"))
			assert.Contains(t, alarm.str(t, "alarmDescription"), "First:", "whoever is woken reads what to do first")
		}
		slices.Sort(ours)
		require.Len(t, ours, len(want), "%v", ours)
		comparison := map[string]string{"rds-cpu": "GreaterThanThreshold", "rds-storage": "LessThanThreshold", "rds-memory": "LessThanThreshold"}
		for name, operator := range comparison {
			assert.Equal(t, operator, result.one(t, metricAlarmToken, name).str(t, "comparisonOperator"), name)
		}
	}
}
