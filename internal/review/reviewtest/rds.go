package reviewtest

const (
	database   = "aws:rds/instance:Instance::rds"
	subnets    = "aws:rds/subnetGroup:SubnetGroup::rds"
	replicated = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication::rds"
	parameters = "aws:rds/parameterGroup:ParameterGroup::rds"

	instanceEvents  = "aws:rds/eventSubscription:EventSubscription::rds-instance"
	parameterEvents = "aws:rds/eventSubscription:EventSubscription::rds-parameters"
	securityEvents  = "aws:rds/eventSubscription:EventSubscription::rds-security"

	isolatedTable = "aws:ec2/routeTable:RouteTable::network-isolated-1"
	gateway       = "aws:ec2/internetGateway:InternetGateway::network"
)

func rds() []Variant {
	off := func(property string) func(*Export) { return put(database, property, false) }
	return append(rdsJoins(), []Variant{
		{Name: "a public snapshot", Stack: Production, Control: "RDS.1", Wants: "aws:rds/snapshot:Snapshot::release", Edit: func(e *Export) {
			e.Add(database, "aws:rds/snapshot:Snapshot", "release", "release", map[string]any{"encrypted": true, "sharedAccounts": []string{"all"}})
		}},
		{Name: "a public database", Stack: Production, Control: "RDS.2", Wants: database, Edit: put(database, "publiclyAccessible", true)},
		{Name: "a database without encryption", Stack: Staging, Control: "RDS.3", Wants: database, Also: []string{"RDS.4", "Backup.1"},
			Edit: off("storageEncrypted")},
		{Name: "a snapshot without encryption", Stack: Domain, Control: "RDS.4", Wants: "aws:rds/snapshot:Snapshot::release", Edit: func(e *Export) {
			e.Add(database, "aws:rds/snapshot:Snapshot", "release", "release", map[string]any{"encrypted": false})
		}},
		{Name: "one zone", Stack: Production, Control: "RDS.5", Wants: database, Also: []string{"REL13-BP05"}, Edit: off("multiAz")},
		{Name: "no enhanced monitoring", Stack: Staging, Control: "RDS.6", Wants: database, Edit: put(database, "monitoringInterval", 0)},
		{Name: "no deletion protection", Stack: Domain, Control: "RDS.8", Wants: database, Edit: off("deletionProtection")},
		{Name: "no audit log", Stack: Production, Control: "RDS.9", Wants: database,
			Edit: put(database, "enabledCloudwatchLogsExports", []string{"error", "general", "slowquery"})},
		{Name: "no IAM authentication", Stack: Staging, Control: "RDS.10", Wants: database, Edit: off("iamDatabaseAuthenticationEnabled")},
		{Name: "six days of backups", Stack: Production, Control: "RDS.11", Wants: database, Edit: put(database, "backupRetentionPeriod", 6)},
		{Name: "no backups", Stack: Staging, Control: "RDS.11", Wants: database, Also: []string{"REL09-BP03"}, Edit: put(database, "backupRetentionPeriod", 0)},
		{Name: "no minor upgrades", Stack: Production, Control: "RDS.13", Wants: database, Edit: off("autoMinorVersionUpgrade")},
		{Name: "no tags on snapshots", Stack: Domain, Control: "RDS.17", Wants: database, Edit: off("copyTagsToSnapshot")},
		{Name: "the engine's port", Stack: Production, Control: "RDS.23", Wants: database, Mend: put(database, "port", 13306), Edit: put(database, "port", 3306)},
		{Name: "the default administrator", Stack: Staging, Control: "RDS.25", Wants: database, Edit: put(database, "username", "admin")},
	}...)
}

// rdsJoins have the fault in what the database uses or what watches it.
func rdsJoins() []Variant {
	return []Variant{
		{Name: "copies in the other region without a key", Stack: Production, Control: "RDS.4", Wants: replicated, Edit: unset(replicated, "kmsKeyId")},
		{Name: "copies of a database without encryption", Stack: Domain, Control: "RDS.4", Wants: replicated, Joins: true,
			Also: []string{"RDS.3", "RDS.4", "Backup.1"},
			Edit: put(database, "storageEncrypted", false)},
		{Name: "instance events that leave maintenance out", Stack: Staging, Control: "RDS.20", Wants: database, Joins: true,
			Edit: put(instanceEvents, "eventCategories", []string{"configuration change", "failure"})},
		{Name: "instance events of another database", Stack: Production, Control: "RDS.20", Wants: database, Joins: true,
			Edit: put(instanceEvents, "sourceIds", []string{"another"})},
		{Name: "no instance events but those of the other region", Stack: Domain, Control: "RDS.20", Wants: database, Joins: true, Edit: remove(instanceEvents)},
		{Name: "parameter events turned off", Stack: Production, Control: "RDS.21", Wants: parameters, Joins: true, Edit: put(parameterEvents, "enabled", false)},
		{Name: "parameter events of another group", Stack: Staging, Control: "RDS.21", Wants: parameters, Joins: true,
			Edit: put(parameterEvents, "sourceIds", []string{"default.mysql8.4"})},
		{Name: "security group events without failures", Stack: Production, Control: "RDS.22", Wants: database, Joins: true,
			Edit: put(securityEvents, "eventCategories", []string{"configuration change"})},
		{Name: "an isolated route table with a way to the internet", Stack: Production, Control: "RDS.46", Wants: database, Joins: true, Edit: func(e *Export) {
			e.Add(isolatedTable, "aws:ec2/route:Route", "isolated-out", "r-isolated-out",
				map[string]any{"routeTableId": e.ID(isolatedTable), "destinationCidrBlock": "0.0.0.0/0", "gatewayId": e.ID(gateway)})
		}},
		{Name: "a way to the internet over IPv6", Stack: Staging, Control: "RDS.46", Wants: database, Joins: true,
			Edit: func(e *Export) {
				e.Set(isolatedTable, "routes", []any{map[string]any{"ipv6CidrBlock": "::/0", "gatewayId": e.ID(gateway)}})
			}},
		{Name: "an isolated subnet with the public route table", Stack: Domain, Control: "RDS.46", Wants: database, Joins: true,
			Edit: func(e *Export) {
				e.Set("aws:ec2/routeTableAssociation:RouteTableAssociation::network-isolated-2", "routeTableId", e.ID("aws:ec2/routeTable:RouteTable::network-public-2"))
			}},
		{Name: "a public subnet in the subnet group", Stack: Production, Control: "RDS.46", Wants: database, Joins: true,
			Edit: func(e *Export) { e.Append(subnets, "subnetIds", e.ID("aws:ec2/subnet:Subnet::network-public-1")) }},
	}
}
