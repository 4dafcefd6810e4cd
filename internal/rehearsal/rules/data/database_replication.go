package data

import (
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func databaseReplication() []rule.Rule {
	const arn = "arn:aws:rds:us-east-1:111122223333:db:orders"
	start, page := rdsAPI+"API_StartDBInstanceAutomatedBackupsReplication.html", rdsGuide+"AutomatedBackups.Replicating.Enable.html"
	source := func(days int) []rule.Thing {
		return []rule.Thing{{Type: instance, ID: "db-1", Name: "orders", ARN: arn, State: map[string]any{"backupRetentionPeriod": days, "storageEncrypted": true}}}
	}
	copied := func(more map[string]any) map[string]any {
		inputs := map[string]any{"sourceDbInstanceArn": arn}
		for k, v := range more {
			inputs[k] = v
		}
		return inputs
	}
	key := map[string]any{"kmsKeyId": "arn:aws:kms:us-west-2:111122223333:key/1"}
	at := replication + "::rds"
	return []rule.Rule{{
		ID: "data-backup-replication-region", Types: []string{replication}, Code: "InvalidParameterValue", Page: page,
		Says:     "Automated backups are replicated into another region than their DB instance's.",
		Fix:      "Make the replication with the provider of another region.",
		Foreseen: true, Check: replicationRegion,
		Pass: rule.Case{Region: "us-west-2", Inputs: copied(nil)},
		Fail: rule.Case{Region: "us-east-1", Inputs: copied(nil)},
		Seed: rule.Seed{Stack: "production", At: at, Set: map[string]any{"sourceDbInstanceArn": "arn:aws:rds:us-west-2:444455556666:db:itrack-production"}},
	}, {
		ID: "data-backup-replication-retention", Types: []string{replication}, Code: "InvalidParameterValue", Page: start,
		Says:     "Replicated automated backups are kept 1 to 35 days.",
		Fix:      "Set retentionPeriod to 1 to 35 days.",
		Foreseen: true, Check: within("retentionPeriod", 1, 35, "Invalid backup retention period: must be between 1 and 35"),
		Pass: rule.Case{Region: "us-west-2", Inputs: copied(map[string]any{"retentionPeriod": 35})},
		Fail: rule.Case{Region: "us-west-2", Inputs: copied(map[string]any{"retentionPeriod": 0})},
		Seed: rule.Seed{Stack: "production", At: at, Set: map[string]any{"retentionPeriod": 90}},
	}, {
		ID: "data-backup-replication-source", Types: []string{replication}, Code: "InvalidDBInstanceState", Page: page,
		Says:  "Only a DB instance with automated backups can have them replicated.",
		Fix:   "Set the instance's backupRetentionPeriod to 1 day or more.",
		Check: replicationSource,
		Pass:  rule.Case{Region: "us-west-2", World: source(7), Inputs: copied(key)},
		Fail:  rule.Case{Region: "us-west-2", World: source(0), Inputs: copied(key)},
		Seed:  rule.Seed{Stack: "production", At: instance + "::rds", Refused: at, Set: map[string]any{"backupRetentionPeriod": 0}},
	}, {
		ID: "data-backup-replication-key", Types: []string{replication}, Code: "InvalidParameterCombination", Page: start,
		Says:  "Replicated backups of an encrypted DB instance need a key of the region that they go to.",
		Fix:   "Set kmsKeyId to a key of the destination region, for a multi-Region key its replica.",
		Check: replicationKey,
		Pass:  rule.Case{Region: "us-west-2", World: source(7), Inputs: copied(key)},
		Fail:  rule.Case{Region: "us-west-2", World: source(7), Inputs: copied(nil)},
		Seed:  rule.Seed{Stack: "production", At: at, Set: map[string]any{"kmsKeyId": nil}},
	}}
}

func replicationRegion(c *catalog.Call) *rule.Finding {
	arn := c.Str("sourceDbInstanceArn")
	if !strings.Contains(arn, ":rds:") || regionOf(arn) != c.Region {
		return nil
	}
	return rule.Find("sourceDbInstanceArn", arn, "Automated backups can't be replicated into the region of the DB instance, %s", c.Region)
}

func replicationSource(c *catalog.Call) *rule.Finding {
	source := c.Tx.ByARN(c.Str("sourceDbInstanceArn"))
	if source == nil {
		return nil
	}
	if days, _ := numIn(source.State, "backupRetentionPeriod"); days < 1 {
		return rule.Find("sourceDbInstanceArn", source.ARN, "DB instance %s does not have automated backups enabled", source.Name)
	}
	return nil
}

func replicationKey(c *catalog.Call) *rule.Finding {
	source := c.Tx.ByARN(c.Str("sourceDbInstanceArn"))
	if source == nil || !boolIn(source.State, "storageEncrypted") || c.Has("kmsKeyId") {
		return nil
	}
	return rule.Find("kmsKeyId", nil, "KmsKeyId is required to replicate the automated backups of the encrypted DB instance %s", source.Name)
}
