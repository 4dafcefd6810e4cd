package reviewtest

const (
	items     = "aws:dynamodb/table:Table::items"
	history   = "aws:dynamodb/table:Table::item-history"
	vault     = "aws:backup/vault:Vault::backup"
	copies    = "aws:backup/vault:Vault::backup-us-west-2"
	plan      = "aws:backup/plan:Plan::backup"
	selection = "aws:backup/selection:Selection::backup"

	testPlan   = "aws:backup/restoreTestingPlan:RestoreTestingPlan::restore"
	testTables = "aws:backup/restoreTestingSelection:RestoreTestingSelection::restore-tables"
	testRds    = "aws:backup/restoreTestingSelection:RestoreTestingSelection::restore-database"
)

// untag takes the tag away that the backup plan selects.
func untag(label string) func(*Export) { return unset(label, "tags.Backup", "tagsAll.Backup") }

func reliability() []Variant {
	settings := "aws:backup/regionSettings:RegionSettings::backup-primary"
	return append(restores(), []Variant{
		{Name: "a table without the tag", Stack: Staging, Control: "REL09-BP01", Wants: items, Edit: untag(items)},
		{Name: "a database without the tag", Stack: Production, Control: "REL09-BP01", Wants: database, Also: []string{"REL09-BP04"}, Edit: untag(database)},
		{Name: "a selection of another tag", Stack: Staging, Control: "REL09-BP01", Wants: database, Joins: true, Also: []string{"REL09-BP01"},
			Edit: put(selection, "selectionTags.0.value", "another")},
		{Name: "a selection of another plan", Stack: Staging, Control: "REL09-BP01", Wants: history, Joins: true, Also: []string{"REL09-BP01", "REL09-BP03"},
			Edit: put(selection, "planId", "another")},
		{Name: "databases left out of the region's backups", Stack: Production, Control: "REL09-BP01", Wants: database, Joins: true,
			Edit: put(settings, "resourceTypeOptInPreference.RDS", false)},
		{Name: "a bucket without versions", Stack: Domain, Control: "REL09-BP01", Wants: "aws:s3/bucketV2:BucketV2::archive", Joins: true,
			Edit: put("aws:s3/bucketVersioningV2:BucketVersioningV2::archive", "versioningConfiguration.status", "Suspended")},
		{Name: "a vault without a key", Stack: Production, Control: "REL09-BP02", Wants: vault, Also: []string{"Backup.1"}, Edit: unset(vault, "kmsKeyArn")},
		{Name: "copies that anybody may delete", Stack: Domain, Control: "REL09-BP02", Wants: copies, Joins: true,
			Edit: all(remove("aws:backup/vaultPolicy:VaultPolicy::backup-us-west-2"),
				remove("aws:backup/vaultLockConfiguration:VaultLockConfiguration::backup-us-west-2"))},
		{Name: "a policy that allows deletion, and no lock", Stack: Production, Control: "REL09-BP02", Wants: vault, Joins: true,
			Edit: all(restate("aws:backup/vaultPolicy:VaultPolicy::backup", "policy", "KeepRecoveryPoints", statement{"Effect": "Allow"}),
				remove("aws:backup/vaultLockConfiguration:VaultLockConfiguration::backup"))},
		{Name: "a rule without a schedule", Stack: Production, Control: "REL09-BP03", Wants: plan, Edit: unset(plan, "rules.1.schedule")},
		{Name: "a rule with a vault that is not there", Stack: Staging, Control: "REL09-BP03", Wants: plan, Joins: true, Edit: put(vault, "name", "another")},
		{Name: "a role that may not make backups", Stack: Domain, Control: "REL09-BP03", Wants: plan, Joins: true,
			Edit: remove("aws:iam/rolePolicyAttachment:RolePolicyAttachment::backup-managed-0")},
		{Name: "a table without points in time", Stack: Staging, Control: "REL09-BP03", Wants: history, Also: []string{"DynamoDB.2"},
			Edit: put(history, "pointInTimeRecovery.enabled", false)},
		{Name: "a backup once a week", Stack: Production, Control: "REL13-BP01", Wants: plan, Edit: put(plan, "rules.0.schedule", "cron(0 8 ? * SUN *)")},
		{Name: "nobody is told of missing backups", Stack: Production, Control: "REL13-BP01", Wants: plan, Joins: true,
			Edit: all(remove("aws:cloudwatch/metricAlarm:MetricAlarm::backup-database-fresh"), remove("aws:cloudwatch/metricAlarm:MetricAlarm::backup-tables-fresh"))},
		{Name: "restore tests without a time limit", Stack: Domain, Control: "REL13-BP01", Wants: plan, Joins: true,
			Edit: all(unset(testRds, "validationWindowHours"), unset(testTables, "validationWindowHours"))},
		{Name: "a database that does not fail over", Stack: Domain, Control: "REL13-BP05", Wants: database, Also: []string{"RDS.5"},
			Edit: put(database, "multiAz", false)},
		{Name: "failed deployments that stay", Stack: Staging, Control: "REL13-BP05", Wants: service, Joins: true, Also: []string{"BlueGreen.3"},
			Edit: put(group, "autoRollbackConfiguration.enabled", false)},
		{Name: "a group that may be empty", Stack: Production, Control: "REL13-BP05", Wants: fleet, Edit: put(fleet, "minSize", 0)},
	}...)
}

// restores have their faults in the restore tests.
func restores() []Variant {
	called := "aws:cloudwatch/eventTarget:EventTarget::restore-completed"
	return []Variant{
		{Name: "a database that no test restores", Stack: Production, Control: "REL09-BP04", Wants: database, Joins: true,
			Edit: put(testRds, "protectedResourceArns", []string{"arn:aws:rds:us-east-1:444455556666:db:another"})},
		{Name: "tables that no test restores", Stack: Domain, Control: "REL09-BP04", Wants: items, Joins: true, Also: []string{"REL09-BP04"},
			Edit: remove(testTables)},
		{Name: "a test of other tables", Stack: Production, Control: "REL09-BP04", Wants: history, Joins: true, Also: []string{"REL09-BP04"},
			Edit: put(testTables, "protectedResourceConditions.stringEquals.0.value", "another")},
		{Name: "a test of another vault", Stack: Domain, Control: "REL09-BP04", Wants: database, Joins: true, Also: []string{"REL09-BP04"},
			Edit: func(e *Export) {
				e.Set(testPlan, "recoveryPointSelection.includeVaults", []string{e.Text(copies, "arn")})
			}},
		{Name: "a restore that nobody checks", Stack: Production, Control: "REL09-BP04", Wants: database, Joins: true, Also: []string{"REL09-BP04"},
			Edit: remove(called)},
		{Name: "a check that is turned off", Stack: Domain, Control: "REL09-BP04", Wants: items, Joins: true, Also: []string{"REL09-BP04"},
			Edit: put("aws:cloudwatch/eventRule:EventRule::restore-completed", "state", "DISABLED")},
	}
}
