package rds

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

const logGroupToken = "aws:cloudwatch/logGroup:LogGroup"

func named(name string) func(*cloud.Object) bool {
	return func(o *cloud.Object) bool { return o.Name == name }
}

func instanceType() catalog.Type {
	byName := func(path, token, code, message string) catalog.Ref {
		return catalog.Ref{Path: path, To: []string{token}, By: catalog.ByName, Code: code, Message: message, Blocks: true, BlockCode: "InvalidDB" + strings.TrimPrefix(code, "DB") + "State"}
	}
	key := func(path string) catalog.Ref {
		return catalog.Ref{Path: path, To: keyTokens, By: catalog.ByARN, Code: "KMSKeyNotAccessibleFault", Message: "The KMS key {value} does not exist in this region"}
	}
	return catalog.Type{
		Token: instanceToken, Args: (*sdk.InstanceArgs)(nil), Resource: (*sdk.Instance)(nil),
		Service: "RDS", Action: "DBInstance", Title: "RDS DB Instance", Verbs: map[string]string{"update": "ModifyDBInstance"},
		ARN: "arn:{partition}:rds:{region}:{account}:db:{identifier}",
		ID:  catalog.Made(func(*catalog.Call) string { return "db-" + catalog.Letters(26, catalog.UpperDigits) }),
		Name: catalog.Name{Property: "identifier", Auto: 63, Prefix: "identifierPrefix", Lower: true, Scope: catalog.InRegion,
			Code: "DBInstanceAlreadyExists", Message: "DB instance already exists: {name}"},
		Defaults: map[string]any{"autoMinorVersionUpgrade": true, "monitoringInterval": 0, "publiclyAccessible": false, "deleteAutomatedBackups": true,
			"copyTagsToSnapshot": false, "skipFinalSnapshot": false},
		Blank: []string{"identifierPrefix", "characterSetName", "ncharCharacterSetName", "snapshotIdentifier", "timezone", "replicaMode", "masterUserSecretKmsKeyId",
			"performanceInsightsKmsKeyId", "kmsKeyId", "monitoringRoleArn", "dbName", "username", "domainFqdn"},
		// Younger than the facts' schema.
		Computed: []string{"databaseInsightsMode", "engineLifecycleSupport", "domainFqdn"},
		Sets:     []string{"vpcSecurityGroupIds", "enabledCloudwatchLogsExports"},
		Refs: []catalog.Ref{
			byName("dbSubnetGroupName", subnetsToken, "DBSubnetGroupNotFoundFault", "DB subnet group '{value}' does not exist."),
			byName("parameterGroupName", parametersToken, "DBParameterGroupNotFound", "DBParameterGroup not found: {value}"),
			byName("optionGroupName", optionsToken, "OptionGroupNotFoundFault", "Specified OptionGroupName: {value} not found."),
			{Path: "vpcSecurityGroupIds", To: []string{"aws:ec2/securityGroup:SecurityGroup"}, Code: "InvalidParameterValue", Message: "Invalid security group: {value}", Blocks: true},
			key("kmsKeyId"), key("masterUserSecretKmsKeyId"), key("performanceInsightsKmsKeyId"),
			{Path: "monitoringRoleArn", To: []string{"aws:iam/role:Role"}, By: catalog.ByARN, Code: "InvalidParameterValue", Message: "The IAM role {value} does not exist"},
		},
		Check: checkInstance, Refuse: refuseInstance, Compute: computeInstance, After: makeLogGroups,
		RefuseDelete: func(c *catalog.Call) *catalog.Error {
			switch {
			case c.Bool("deletionProtection"):
				return &catalog.Error{Code: "InvalidParameterCombination", Property: "deletionProtection", Value: "true", Rule: "deletion protection",
					Message: "Cannot delete protected DB Instance, please disable deletion protection and try again.", Source: api + "API_DeleteDBInstance.html"}
			case !c.Bool("skipFinalSnapshot") && c.Str("finalSnapshotIdentifier") == "":
				return &catalog.Error{Code: "InvalidParameterCombination", Property: "finalSnapshotIdentifier", Rule: "name of the final snapshot",
					Message: "final_snapshot_identifier is required when skip_final_snapshot is false", Source: api + "API_DeleteDBInstance.html"}
			}
			return nil
		},
		Source: api + "API_CreateDBInstance.html",
	}
}

var (
	identifierForm = regexp.MustCompile(`^[a-z](-?[a-z0-9]+)*$`)
	databaseForm   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
	dailyWindow    = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$`)
	weeklyWindow   = regexp.MustCompile(`^(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d-(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):[0-5]\d$`)
)

// checkInstance applies what RDS says of the inputs of an instance alone.
func checkInstance(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	add := func(property, rule, value, message, page string) {
		problems = append(problems, catalog.Problem{Property: property, Rule: rule, Value: value, Message: message, Source: page})
	}
	create := api + "API_CreateDBInstance.html"
	form := func(property string, pattern *regexp.Regexp, longest int, message string) {
		if value := c.Str(property); c.Known(property) && (!pattern.MatchString(value) || len(value) > longest) {
			add(property, "form of the value", value, message, create)
		}
	}
	form("identifier", identifierForm, 63, "must have 1 to 63 lower-case letters, digits and single hyphens, a letter first and no hyphen last")
	form("dbName", databaseForm, 64, "must have 1 to 64 letters, digits and underscores, a letter first")
	form("backupWindow", dailyWindow, 11, "must be hh24:mi-hh24:mi")
	form("maintenanceWindow", weeklyWindow, 19, "must be ddd:hh24:mi-ddd:hh24:mi")
	for _, log := range catalog.Strs(c.Inputs, "enabledCloudwatchLogsExports") {
		if c.Str("engine") == "mysql" && !slices.Contains([]string{"audit", "error", "general", "iam-db-auth-error", "slowquery"}, log) {
			add("enabledCloudwatchLogsExports", "logs of the engine", log, "is no log of MySQL", guide+"USER_LogAccess.MySQLDB.PublishtoCloudWatchLogs.html")
		}
	}
	if most := c.Num("maxAllocatedStorage"); c.Known("maxAllocatedStorage") && most > 0 && most*10 < c.Num("allocatedStorage")*11 {
		add("maxAllocatedStorage", "a tenth above the storage", fmt.Sprint(most), "must be at least 10% above allocatedStorage", guide+"USER_PIOPS.Autoscaling.html")
	}
	if c.Str("storageType") == "gp3" && c.Known("allocatedStorage") && c.Num("allocatedStorage") < 20 {
		add("allocatedStorage", "20 GiB at least", fmt.Sprint(c.Num("allocatedStorage")), "must be at least 20 GiB of gp3", guide+"CHAP_Storage.html")
	}
	if c.Str("storageType") == "gp3" && c.Num("allocatedStorage") < 400 && (c.Num("iops") > 0 || c.Num("storageThroughput") > 0) {
		add("iops", "gp3 below 400 GiB", "", "can't be chosen for MySQL below 400 GiB of gp3", guide+"CHAP_Storage.html")
	}
	if days := c.Num("backupRetentionPeriod"); c.Known("backupRetentionPeriod") && (days < 0 || days > 35) {
		add("backupRetentionPeriod", "0 to 35 days", fmt.Sprint(days), "must be 0 to 35 days", create)
	}
	seconds := c.Num("monitoringInterval")
	if c.Known("monitoringInterval") && !slices.Contains([]float64{0, 1, 5, 10, 15, 30, 60}, seconds) {
		add("monitoringInterval", "allowed values", fmt.Sprint(seconds), "must be 0, 1, 5, 10, 15, 30 or 60", create)
	}
	if seconds > 0 && !c.Has("monitoringRoleArn") {
		add("monitoringRoleArn", "required", "", "must be given with monitoringInterval", create)
	}
	if c.Bool("manageMasterUserPassword") && c.Has("password") {
		add("password", "one password", "", "can't be given with manageMasterUserPassword", guide+"rds-secrets-manager.html")
	}
	if c.Bool("manageMasterUserPassword") && c.Bool("blueGreenUpdate.enabled") {
		add("blueGreenUpdate", "no managed password", "", "can't be used with manageMasterUserPassword", guide+"blue-green-deployments-considerations.html")
	}
	if !c.Has("username") && !c.Has("snapshotIdentifier") && !c.Has("replicateSourceDb") && !c.Has("restoreToPointInTime") {
		add("username", "required", "", "missing required property of an instance that is not restored", create)
	}
	return append(problems, checkInsights(c)...)
}

// checkInsights applies what Performance Insights and Database Insights take.
func checkInsights(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	add := func(property, rule, value, message string) {
		problems = append(problems, catalog.Problem{Property: property, Rule: rule, Value: value, Message: message, Source: guide + "USER_PerfInsights.Overview.Engines.html"})
	}
	days := c.Num("performanceInsightsRetentionPeriod")
	if c.Known("performanceInsightsRetentionPeriod") && days != 7 && days != 731 && (int(days)%31 != 0 || days < 31 || days > 713) {
		add("performanceInsightsRetentionPeriod", "allowed values", fmt.Sprint(days), "must be 7, 731 or months of 31 days")
	}
	if c.Str("databaseInsightsMode") == "advanced" && (days < 465 || !c.Bool("performanceInsightsEnabled")) {
		add("databaseInsightsMode", "465 days of history", "advanced", "needs performanceInsightsEnabled and a retention of 465 days")
	}
	small := []string{"db.t2.micro", "db.t2.small", "db.t3.micro", "db.t3.small", "db.t4g.micro", "db.t4g.small"}
	if class := c.Str("instanceClass"); c.Bool("performanceInsightsEnabled") && c.Str("engine") == "mysql" && slices.Contains(small, class) {
		add("performanceInsightsEnabled", "class with Performance Insights", class, "InvalidParameterCombination: Performance Insights not supported for this configuration")
	}
	return problems
}

// refuseInstance applies what RDS checks against the rest of the account.
func refuseInstance(c *catalog.Call) *catalog.Error {
	if role := c.Tx.ByARN(c.Str("monitoringRoleArn")); role != nil && c.Num("monitoringInterval") > 0 {
		attached := c.Tx.Find(c.Account, cloud.Global, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", func(o *cloud.Object) bool {
			return catalog.Str(o.State, "role") == role.Name && strings.HasSuffix(catalog.Str(o.State, "policyArn"), "/AmazonRDSEnhancedMonitoringRole")
		})
		if len(attached) == 0 || !policy.TrustsService(catalog.Str(role.State, "assumeRolePolicy"), "monitoring.rds.amazonaws.com") {
			return &catalog.Error{Code: "InvalidParameterValue", Property: "monitoringRoleArn", Value: role.ARN, Rule: "rights of the monitoring role",
				Message: "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING",
				Source:  guide + "USER_Monitoring.OS.Enabling.html"}
		}
	}
	family := "mysql" + strings.Join(strings.SplitN(c.Str("engineVersion")+"..", ".", 3)[:2], ".")
	for _, group := range c.Tx.Find(c.Account, c.Region, parametersToken, named(c.Str("parameterGroupName"))) {
		if have := catalog.Str(group.State, "family"); c.Str("engine") == "mysql" && c.Has("engineVersion") && have != family {
			return catalog.Refusal("InvalidParameterCombination", "parameterGroupName", group.Name,
				fmt.Sprintf("The parameter group %s with DBParameterGroupFamily %s can't be used for this instance. Please use a Parameter Group with DBParameterGroupFamily %s", group.Name, have, family))
		}
	}
	for _, group := range c.Tx.Find(c.Account, c.Region, optionsToken, named(c.Str("optionGroupName"))) {
		if major := catalog.Str(group.State, "majorEngineVersion"); c.Has("engineVersion") && major != strings.TrimPrefix(family, "mysql") {
			return catalog.Refusal("InvalidParameterCombination", "optionGroupName", group.Name,
				fmt.Sprintf("The option group %s is for version %s of the engine and can't be used for %s", group.Name, major, c.Str("engineVersion")))
		}
	}
	return nil
}

func computeInstance(c *catalog.Call) error {
	identifier := c.Str("identifier")
	defaultKey := func(service string) string {
		return fmt.Sprintf("arn:%s:kms:%s:%s:alias/aws/%s", c.Partition, c.Region, c.Account, service)
	}
	for property, value := range map[string]any{
		"port": 3306, "hostedZoneId": "Z2R2ITUGPM61AM", "licenseModel": "general-public-license", "networkType": "IPV4", "availabilityZone": c.Region + "a",
		"backupRetentionPeriod": 0, "backupTarget": "region", "backupWindow": "06:00-06:30", "maintenanceWindow": "sun:08:00-sun:08:30", "multiAz": false,
		"caCertIdentifier": "rds-ca-rsa2048-g1", "storageType": "gp2", "engineLifecycleSupport": "open-source-rds-extended-support",
		"databaseInsightsMode": "standard", "latestRestorableTime": c.Timestamp(), "parameterGroupName": "default.mysql8.4", "optionGroupName": "default:mysql-8-4",
		"dbSubnetGroupName": "default", "engine": "mysql", "engineVersion": "8.4",
	} {
		c.SetNew(property, value)
	}
	c.Set("status", "available")
	c.Set("resourceId", c.ID)
	c.SetNew("address", fmt.Sprintf("%s.c%s.%s.rds.amazonaws.com", identifier, catalog.Letters(11, catalog.LowerDigits), c.Region))
	c.Set("endpoint", fmt.Sprintf("%s:%v", c.Str("address"), c.Num("port")))
	version := c.Str("engineVersion")
	if strings.Count(version, ".") < 2 {
		version += ".6"
	}
	c.Set("engineVersionActual", version)
	if c.Str("storageType") == "gp3" && c.Num("allocatedStorage") < 400 {
		c.Set("iops", 3000)
		c.Set("storageThroughput", 125)
	}
	if c.Bool("storageEncrypted") {
		c.SetNew("kmsKeyId", defaultKey("rds"))
	}
	if c.Bool("performanceInsightsEnabled") {
		c.SetNew("performanceInsightsKmsKeyId", defaultKey("rds"))
		if c.Num("performanceInsightsRetentionPeriod") == 0 {
			c.Set("performanceInsightsRetentionPeriod", 7)
		}
	}
	if c.Bool("manageMasterUserPassword") {
		masterSecret(c, defaultKey("secretsmanager"))
	}
	return nil
}

// masterSecret makes the secret that RDS manages: once, and gone with the instance.
func masterSecret(c *catalog.Call, defaultKey string) {
	c.SetNew("masterUserSecretKmsKeyId", defaultKey)
	if len(c.Strs("masterUserSecrets[].secretArn")) > 0 {
		return
	}
	name := "rds!db-" + catalog.UUID()
	arn := fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:%s-%s", c.Partition, c.Region, c.Account, name, catalog.Letters(6, catalog.MixedDigits))
	c.Set("masterUserSecrets", []any{map[string]any{"secretArn": arn, "secretStatus": "active", "kmsKeyId": c.Str("masterUserSecretKmsKeyId")}})
	c.Hidden(cloud.SecretToken, arn, arn, map[string]any{"arn": arn, "name": name, "kmsKeyId": c.Str("masterUserSecretKmsKeyId")})
}

// makeLogGroups makes the groups of exported logs that are not there, without key and retention, as RDS does: a program
// that declares them later finds the names taken.
func makeLogGroups(c *catalog.Call) error {
	for _, log := range c.Strs("enabledCloudwatchLogsExports") {
		group := "/aws/rds/instance/" + c.Str("identifier") + "/" + log
		if c.Get(logGroupToken, group) == nil {
			c.Hidden(logGroupToken, group, fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", c.Partition, c.Region, c.Account, group),
				map[string]any{"name": group, "retentionInDays": 0, "logGroupClass": "STANDARD"})
		}
	}
	return nil
}
