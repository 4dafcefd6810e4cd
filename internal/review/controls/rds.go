package controls

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

const (
	tokenDatabase     = "aws:rds/instance:Instance"
	tokenSubscription = "aws:rds/eventSubscription:EventSubscription"

	noDatabase = "the stack declares no database instance"
	noSnapshot = "the stack declares no database snapshot"
)

func rds() []review.Control {
	const s, r, o = review.Security, review.Reliability, review.Operations
	each := func(answer func(*review.Model, *review.Resource) review.Answer) func(*review.Model) []review.Answer {
		return review.Each(tokenDatabase, answer)
	}
	return []review.Control{
		hub("RDS.1", "Snapshots should be private", review.Critical, s, noSnapshot, rdsPublicSnapshots),
		hub("RDS.2", "DB instances should prohibit public access", review.Critical, s, noDatabase, each(rdsPublic)),
		hub("RDS.3", "DB instances should have encryption at rest enabled", review.Medium, s, noDatabase, each(flag("storageEncrypted"))),
		hub("RDS.4", "Snapshots should be encrypted at rest", review.Medium, s, noSnapshot, rdsSnapshotsEncrypted),
		hub("RDS.5", "DB instances should be configured with multiple Availability Zones", review.Medium, r, noDatabase, each(flag("multiAz"))),
		hub("RDS.6", "Enhanced monitoring should be configured", review.Low, o, noDatabase, each(rdsMonitoring)),
		hub("RDS.8", "DB instances should have deletion protection enabled", review.Low, r, noDatabase, each(flag("deletionProtection"))),
		hub("RDS.9", "DB instances should publish logs to CloudWatch Logs", review.Medium, o, noDatabase, each(rdsLogs)),
		hub("RDS.10", "IAM authentication should be configured", review.Medium, s, noDatabase, each(flag("iamDatabaseAuthenticationEnabled"))),
		hub("RDS.11", "Instances should have automatic backups enabled", review.Medium, r, noDatabase, rdsBackups),
		hub("RDS.13", "Automatic minor version upgrades should be enabled", review.High, s, noDatabase, each(flag("autoMinorVersionUpgrade"))),
		hub("RDS.17", "DB instances should copy tags to snapshots", review.Low, o, noDatabase, each(flag("copyTagsToSnapshot"))),
		hub("RDS.20", "Subscriptions should cover critical database instance events", review.Low, o, noDatabase, each(rdsInstanceEvents)),
		hub("RDS.21", "A subscription should cover critical parameter group events", review.Low, o, "the stack declares no parameter group", rdsParameterEvents),
		hub("RDS.22", "A subscription should cover critical security group events", review.Low, o, noDatabase, each(rdsSecurityEvents)),
		hub("RDS.23", "Instances should not use a database engine's default port", review.Low, s, noDatabase, each(rdsPort)),
		hub("RDS.25", "Instances should use a custom administrator name", review.Medium, s, noDatabase, each(rdsAdministrator)),
		hub("RDS.46", "Instances should not be in public subnets with routes to internet gateways", review.High, s, noDatabase, each(rdsSubnets)),
	}
}

// flag answers for a property that must be true.
func flag(property string) func(*review.Model, *review.Resource) review.Answer {
	return func(_ *review.Model, r *review.Resource) review.Answer {
		return review.When(r.Bool(property), r, property+" is true", property+" is not true", "set "+property+" to true")
	}
}

func rdsPublicSnapshots(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, snapshot := range m.All("aws:rds/snapshot:Snapshot", "aws:rds/clusterSnapshot:ClusterSnapshot", "aws:rds/snapshotCopy:SnapshotCopy") {
		public := slices.Contains(snapshot.Strs("sharedAccounts"), "all")
		out = append(out, review.When(!public, snapshot, "it is not shared with everybody", "sharedAccounts has all", "take all out of sharedAccounts"))
	}
	return out
}

func rdsPublic(_ *review.Model, database *review.Resource) review.Answer {
	return review.When(!database.Bool("publiclyAccessible"), database, "it has no public address", "publiclyAccessible is true", "set publiclyAccessible to false")
}

// rdsSnapshotsEncrypted answers for snapshots, for the instances whose automated and final snapshots take over the instance's
// encryption, and for automated backups in a second region.
func rdsSnapshotsEncrypted(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, snapshot := range m.All("aws:rds/snapshot:Snapshot", "aws:rds/snapshotCopy:SnapshotCopy") {
		out = append(out, flag("encrypted")(m, snapshot))
	}
	for _, snapshot := range m.All("aws:rds/clusterSnapshot:ClusterSnapshot") {
		out = append(out, flag("storageEncrypted")(m, snapshot))
	}
	for _, database := range m.All(tokenDatabase) {
		out = append(out, review.When(database.Bool("storageEncrypted"), database, "its snapshots are encrypted as it is",
			"its snapshots are not encrypted, because it is not", "set storageEncrypted to true"))
	}
	for _, copies := range m.All("aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication") {
		source := m.Find(tokenDatabase, copies.Str("sourceDbInstanceArn"))
		encrypted := copies.Str("kmsKeyId") != "" && (source == nil || source.Bool("storageEncrypted"))
		out = append(out, review.When(encrypted, copies, "the copies are encrypted with "+copies.Str("kmsKeyId"),
			"the copies in the other region are not encrypted", "encrypt the source instance and set kmsKeyId to a key of that region"))
	}
	return out
}

func rdsMonitoring(m *review.Model, database *review.Resource) review.Answer {
	seconds := database.Num("monitoringInterval")
	role := database.Str("monitoringRoleArn")
	return review.When(seconds > 0 && role != "", database, fmt.Sprintf("every %v seconds", seconds),
		"enhanced monitoring is off", "set monitoringInterval to 1, 5, 10, 15, 30 or 60, and monitoringRoleArn")
}

// engineLogs are the logs that AWS wants of each engine.
var engineLogs = []struct {
	engine string
	logs   []string
}{
	{"mysql", []string{"audit", "error", "general", "slowquery"}},
	{"mariadb", []string{"audit", "error", "general", "slowquery"}},
	{"postgres", []string{"postgresql", "upgrade"}},
	{"oracle", []string{"alert", "audit", "trace", "listener"}},
	{"sqlserver", []string{"error", "agent"}},
}

func rdsLogs(_ *review.Model, database *review.Resource) review.Answer {
	exported := database.Strs("enabledCloudwatchLogsExports")
	for _, of := range engineLogs {
		if !strings.HasPrefix(database.Str("engine"), of.engine) {
			continue
		}
		missing := slices.DeleteFunc(slices.Clone(of.logs), func(log string) bool { return slices.Contains(exported, log) })
		return review.When(len(missing) == 0, database, "it publishes "+list(of.logs), "it does not publish "+list(missing),
			"add them to enabledCloudwatchLogsExports")
	}
	return review.When(len(exported) > 0, database, "it publishes "+list(exported), "it publishes no log", "set enabledCloudwatchLogsExports")
}

// rdsBackups leaves read replicas out, as AWS does.
func rdsBackups(m *review.Model) []review.Answer {
	// AWS's default for the least number of days.
	const least = 7
	var out []review.Answer
	for _, database := range m.All(tokenDatabase) {
		if database.Str("replicateSourceDb") != "" {
			continue
		}
		days := database.Num("backupRetentionPeriod")
		out = append(out, review.When(days >= least, database, fmt.Sprintf("backups are kept for %v days", days),
			fmt.Sprintf("backups are kept for %v days", days), "set backupRetentionPeriod to 7 or more"))
	}
	return out
}

// subscribed tells whether a subscription in the resource's region sends the events of a source. An empty list of sources or of
// categories means all of them.
func subscribed(m *review.Model, like *review.Resource, sourceType, source string, categories ...string) bool {
	return slices.ContainsFunc(inRegionOf(m, tokenSubscription, like), func(s *review.Resource) bool {
		ids, events := s.Strs("sourceIds"), s.Strs("eventCategories")
		enabled := s.Bool("enabled") || !s.Has("enabled")
		covers := func(category string) bool { return len(events) == 0 || slices.Contains(events, category) }
		missing := slices.ContainsFunc(categories, func(category string) bool { return !covers(category) })
		return enabled && s.Str("sourceType") == sourceType && (len(ids) == 0 || source == "" || slices.Contains(ids, source)) && !missing && s.Str("snsTopic") != ""
	})
}

func rdsInstanceEvents(m *review.Model, database *review.Resource) review.Answer {
	ok := subscribed(m, database, "db-instance", database.Str("identifier"), "maintenance", "configuration change", "failure")
	return review.When(ok, database, "a subscription sends maintenance, configuration changes and failures",
		"no enabled subscription sends its maintenance, configuration changes and failures",
		"add an event subscription of source type db-instance with these categories")
}

func rdsParameterEvents(m *review.Model) []review.Answer {
	return review.Each("aws:rds/parameterGroup:ParameterGroup", func(m *review.Model, group *review.Resource) review.Answer {
		return review.When(subscribed(m, group, "db-parameter-group", group.Str("name"), "configuration change"), group, "a subscription sends configuration changes",
			"no enabled subscription sends its configuration changes", "add an event subscription of source type db-parameter-group with configuration change")
	})(m)
}

func rdsSecurityEvents(m *review.Model, database *review.Resource) review.Answer {
	return review.When(subscribed(m, database, "db-security-group", "", "configuration change", "failure"), database,
		"a subscription sends configuration changes and failures",
		"no enabled subscription of the region sends configuration changes and failures of database security groups",
		"add an event subscription of source type db-security-group with both categories")
}

// defaultPorts are the ports that engines listen on unless told otherwise.
var defaultPorts = map[string]string{"mysql": "3306", "mariadb": "3306", "postgres": "5432", "oracle": "1521", "sqlserver": "1433"}

func rdsPort(_ *review.Model, database *review.Resource) review.Answer {
	engine, _, _ := strings.Cut(database.Str("engine"), "-")
	port := database.Str("port")
	return review.When(port != "" && port != defaultPorts[engine], database, "it listens on "+port,
		"it listens on "+engine+"'s default port "+defaultPorts[engine],
		"set port to another one and change what connects to it; a new port restarts the instance")
}

func rdsAdministrator(_ *review.Model, database *review.Resource) review.Answer {
	name := database.Str("username")
	return review.When(!slices.Contains([]string{"", "admin", "postgres"}, name), database, "the administrator has a name of its own",
		fmt.Sprintf("the administrator's name is %q, a default", name), "set username when the instance is made; it can't be changed later")
}

// rdsSubnets follows the subnet group to its subnets, their route tables and the routes in them.
func rdsSubnets(m *review.Model, database *review.Resource) review.Answer {
	group := m.Find("aws:rds/subnetGroup:SubnetGroup", database.Str("dbSubnetGroupName"))
	if group == nil {
		return review.Fail(database, "its subnet group is not declared here: nothing shows where it is", "set dbSubnetGroupName to a group of isolated subnets")
	}
	in := found(m, tokenSubnet, group.Strs("subnetIds"))
	if len(in) == 0 || len(in) < len(group.Strs("subnetIds")) {
		return review.Fail(database, "not every subnet of "+group.Name+" is declared here: nothing shows its routes", "use subnets of the stack")
	}
	var public []string
	for _, subnet := range in {
		if internetFacing(m, subnet) {
			public = append(public, subnet.Name)
		}
	}
	return review.When(len(public) == 0, database, "none of its subnets has a route to an internet gateway",
		"its subnets "+list(public)+" have a route to an internet gateway", "take the route away, or the subnets out of the subnet group "+group.Name)
}
