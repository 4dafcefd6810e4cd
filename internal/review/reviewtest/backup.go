package reviewtest

func backup() []Variant {
	const (
		database = "aws:rds/instance:Instance::rds"
		vault    = "aws:backup/vault:Vault::"
	)
	return []Variant{
		{Name: "an unencrypted database is backed up", Stack: Staging, Control: "Backup.1", Wants: vault + "backup", Joins: true,
			Also: []string{"RDS.3", "RDS.4"}, Edit: put(database, "storageEncrypted", false)},
		{Name: "an unencrypted database is copied to the other region", Stack: Production, Control: "Backup.1", Wants: vault + "backup-us-west-2", Joins: true,
			Also: []string{"Backup.1", "RDS.3", "RDS.4"}, Edit: put(database, "storageEncrypted", false)},
	}
}
