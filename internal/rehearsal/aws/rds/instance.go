package rds

import (
	"fmt"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

const logGroupToken = "aws:cloudwatch/logGroup:LogGroup"

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
		Check: checkInstance, Compute: computeInstance, After: makeLogGroups,
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

// checkInstance applies what of an instance's inputs is no rule of the catalogue.
func checkInstance(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	if c.Bool("manageMasterUserPassword") && c.Bool("blueGreenUpdate.enabled") {
		problems = append(problems, catalog.Problem{Property: "blueGreenUpdate", Rule: "no managed password", Message: "can't be used with manageMasterUserPassword",
			Source: guide + "blue-green-deployments-considerations.html"})
	}
	if !c.Has("username") && !c.Has("snapshotIdentifier") && !c.Has("replicateSourceDb") && !c.Has("restoreToPointInTime") {
		problems = append(problems, catalog.Problem{Property: "username", Rule: "required", Message: "missing required property of an instance that is not restored",
			Source: api + "API_CreateDBInstance.html"})
	}
	return problems
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
