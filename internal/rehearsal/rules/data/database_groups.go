package data

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func databaseGroups() []rule.Rule {
	parametersOf := func(family string) []rule.Thing {
		return []rule.Thing{{Type: parameters, ID: "orders", State: map[string]any{"name": "orders", "family": family}}}
	}
	optionsOf := func(version string) []rule.Thing {
		return []rule.Thing{{Type: options, ID: "orders", State: map[string]any{"name": "orders", "engineName": "mysql", "majorEngineVersion": version}}}
	}
	subnets := []rule.Thing{
		{Type: subnet, ID: "subnet-1", State: map[string]any{"availabilityZone": "us-east-1a"}},
		{Type: subnet, ID: "subnet-2", State: map[string]any{"availabilityZone": "us-east-1b"}},
		{Type: subnet, ID: "subnet-3", State: map[string]any{"availabilityZone": "us-east-1a"}},
	}
	audit := func(setting, value string) map[string]any {
		return map[string]any{"engineName": "mysql", "majorEngineVersion": "8.4", "options": []any{map[string]any{"optionName": "MARIADB_AUDIT_PLUGIN",
			"optionSettings": []any{map[string]any{"name": setting, "value": value}}}}}
	}
	return []rule.Rule{{
		ID: "data-database-parameter-family", Types: []string{instance}, Code: "InvalidParameterCombination",
		Page:  rdsGuide + "USER_WorkingWithDBInstanceParamGroups.html",
		Says:  "A DB instance has a parameter group of the family of its engine version.",
		Fix:   "Give the parameter group the family of the engine's major version, mysql8.4 for 8.4.",
		Check: parameterFamily,
		Pass:  rule.Case{World: parametersOf("mysql8.4"), Inputs: map[string]any{"engine": "mysql", "engineVersion": "8.4", "parameterGroupName": "orders"}},
		Fail:  rule.Case{World: parametersOf("mysql8.0"), Inputs: map[string]any{"engine": "mysql", "engineVersion": "8.4", "parameterGroupName": "orders"}},
		Seed:  rule.Seed{Stack: "staging", At: parameters + "::rds", Refused: instance + "::rds", Set: map[string]any{"family": "mysql8.0"}},
	}, {
		ID: "data-database-option-version", Types: []string{instance}, Code: "InvalidParameterCombination", Page: rdsGuide + "USER_WorkingWithOptionGroups.html",
		Says:  "A DB instance has an option group of its engine's major version.",
		Fix:   "Give the option group the majorEngineVersion of the instance's engineVersion.",
		Check: optionVersion,
		Pass:  rule.Case{World: optionsOf("8.4"), Inputs: map[string]any{"engine": "mysql", "engineVersion": "8.4.6", "optionGroupName": "orders"}},
		Fail:  rule.Case{World: optionsOf("8.0"), Inputs: map[string]any{"engine": "mysql", "engineVersion": "8.4.6", "optionGroupName": "orders"}},
		Seed:  rule.Seed{Stack: "production", At: options + "::rds", Refused: instance + "::rds", Set: map[string]any{"majorEngineVersion": "8.0"}},
	}, {
		ID: "data-database-subnet-zones", Types: []string{subnetGroup}, Code: "DBSubnetGroupDoesNotCoverEnoughAZs", Page: rdsAPI + "API_CreateDBSubnetGroup.html",
		Says:  "The subnets of a DB subnet group are in at least two availability zones.",
		Fix:   "Add a subnet in another zone, also where the database is in one zone only.",
		Check: subnetZones,
		Pass:  rule.Case{World: subnets, Inputs: map[string]any{"subnetIds": []any{"subnet-1", "subnet-2"}}},
		Fail:  rule.Case{World: subnets, Inputs: map[string]any{"subnetIds": []any{"subnet-1", "subnet-3"}}},
		Seed:  rule.Seed{Stack: "staging", At: subnetGroup + "::rds", Set: map[string]any{"subnetIds[1]": nil}},
	}, {
		ID: "data-database-group-name", Types: []string{parameters, options}, Code: "InvalidParameterValue", Page: rdsAPI + "API_CreateDBParameterGroup.html",
		Says:     "Parameter and option groups have names of 1 to 255 letters, digits and single hyphens, a letter first and no hyphen last.",
		Fix:      "Give the group such a name: no underscores, dots or double hyphens.",
		Foreseen: true, Check: form("name", `^[A-Za-z](-?[A-Za-z0-9]){0,254}$`,
			"The parameter is not a valid identifier: it must begin with a letter and contain only letters, digits and single hyphens"),
		Pass: rule.Case{Inputs: map[string]any{"name": "orders-mysql84"}},
		Fail: rule.Case{Inputs: map[string]any{"name": "orders-mysql8.4"}},
		Seed: rule.Seed{Stack: "staging", At: options + "::rds", Set: map[string]any{"name": "itrack_staging"}},
	}, {
		ID: "data-database-options", Types: []string{options}, Code: "InvalidParameterValue", Page: rdsGuide + "Appendix.MySQL.Options.html",
		Says:     "RDS for MySQL has the options MARIADB_AUDIT_PLUGIN and, below 8.4, MEMCACHED.",
		Fix:      "Take out the option, or write its name as AWS does.",
		Foreseen: true, Check: optionNames,
		Pass: rule.Case{Inputs: map[string]any{"engineName": "mysql", "majorEngineVersion": "8.4",
			"options": []any{map[string]any{"optionName": "MARIADB_AUDIT_PLUGIN"}}}},
		Fail: rule.Case{Inputs: map[string]any{"engineName": "mysql", "majorEngineVersion": "8.4", "options": []any{map[string]any{"optionName": "MEMCACHED"}}}},
		Seed: rule.Seed{Stack: "production", At: options + "::rds", Set: map[string]any{"options[0].optionName": "MYSQL_AUDIT_PLUGIN"}},
	}, {
		ID: "data-database-audit-settings", Types: []string{options}, Code: "InvalidParameterValue", Page: rdsGuide + "Appendix.MySQL.Options.AuditPlugin.html",
		Says:     "The audit plugin records the six kinds of events that it knows, keeps 0 to 100 files, and turns them over at 1 to 1,000,000,000 bytes.",
		Fix:      "Correct the option setting: events are CONNECT, QUERY, QUERY_DDL, QUERY_DML, QUERY_DML_NO_SELECT and QUERY_DCL.",
		Foreseen: true, Check: auditSettings,
		Pass: rule.Case{Inputs: audit("SERVER_AUDIT_EVENTS", "CONNECT,QUERY_DDL")},
		Fail: rule.Case{Inputs: audit("SERVER_AUDIT_EVENTS", "CONNECT,DDL")},
		Seed: rule.Seed{Stack: "staging", At: options + "::rds", Set: map[string]any{"options[0].optionSettings[0].value": "CONNECT,LOGIN"}},
	}}
}

func named(name string) func(*cloud.Object) bool {
	return func(o *cloud.Object) bool { return o.Name == name }
}

func parameterFamily(c *catalog.Call) *rule.Finding {
	version := major(c.Str("engineVersion"))
	if c.Str("engine") != "mysql" || !slices.Contains(majors, version) {
		return nil
	}
	for _, group := range c.Tx.Find(c.Account, c.Region, parameters, named(c.Str("parameterGroupName"))) {
		if family := catalog.Str(group.State, "family"); family != "mysql"+version {
			return rule.Find("parameterGroupName", group.Name, "The Parameter Group %s with DBParameterGroupFamily %s cannot be used for this instance. "+
				"Please use a Parameter Group with DBParameterGroupFamily mysql%s", group.Name, family, version)
		}
	}
	return nil
}

func optionVersion(c *catalog.Call) *rule.Finding {
	version := major(c.Str("engineVersion"))
	if c.Str("engine") != "mysql" || !slices.Contains(majors, version) {
		return nil
	}
	for _, group := range c.Tx.Find(c.Account, c.Region, options, named(c.Str("optionGroupName"))) {
		engine, have := catalog.Str(group.State, "engineName"), catalog.Str(group.State, "majorEngineVersion")
		if engine != "mysql" || have != version {
			return rule.Find("optionGroupName", group.Name, "The option group %s is for %s %s and cannot be used for mysql %s", group.Name, engine, have, version)
		}
	}
	return nil
}

func subnetZones(c *catalog.Call) *rule.Finding {
	zones := map[string]bool{}
	for _, id := range c.Strs("subnetIds") {
		there := c.Get(subnet, id)
		if there == nil {
			return nil // the reference is refused by itself
		}
		zones[catalog.Str(there.State, "availabilityZone")] = true
	}
	if len(zones) >= 2 {
		return nil
	}
	return rule.Find("subnetIds", fmt.Sprint(len(zones)), "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. "+
		"Current AZ coverage: %d. Add subnets to cover at least 2 AZs", len(zones))
}

func optionNames(c *catalog.Call) *rule.Finding {
	version := c.Str("majorEngineVersion")
	if c.Str("engineName") != "mysql" || version == "" {
		return nil
	}
	for _, option := range blocks(c, "options") {
		name := catalog.Str(option.props, "optionName")
		if name == "MARIADB_AUDIT_PLUGIN" || name == "MEMCACHED" && version != "8.4" || name == "" {
			continue
		}
		return rule.Find(option.at+".optionName", name, "Invalid option name: %s for mysql %s", name, version)
	}
	return nil
}

// auditForms are the values that the audit plugin's settings take; numbers have bounds besides.
var auditForms = map[string]*regexp.Regexp{
	"SERVER_AUDIT_EVENTS":           regexp.MustCompile(`^(CONNECT|QUERY(_DDL|_DML|_DML_NO_SELECT|_DCL)?)(,(CONNECT|QUERY(_DDL|_DML|_DML_NO_SELECT|_DCL)?))*$`),
	"SERVER_AUDIT_FILE_ROTATIONS":   regexp.MustCompile(`^\d+$`),
	"SERVER_AUDIT_FILE_ROTATE_SIZE": regexp.MustCompile(`^\d+$`),
	"SERVER_AUDIT_FILE_PATH":        regexp.MustCompile(`^/rdsdbdata/log/audit/$`),
}

var auditBounds = map[string][2]int{"SERVER_AUDIT_FILE_ROTATIONS": {0, 100}, "SERVER_AUDIT_FILE_ROTATE_SIZE": {1, 1000000000}}

func auditSettings(c *catalog.Call) *rule.Finding {
	for _, option := range blocks(c, "options") {
		if catalog.Str(option.props, "optionName") != "MARIADB_AUDIT_PLUGIN" {
			continue
		}
		for _, setting := range blocksIn(option.props, "optionSettings") {
			name, value := catalog.Str(setting.props, "name"), strings.TrimSpace(catalog.Str(setting.props, "value"))
			wanted, known := auditForms[name]
			if !known || !has(setting.props, "value") || value == "" {
				continue
			}
			n, _ := strconv.Atoi(value)
			bounds, bounded := auditBounds[name]
			if !wanted.MatchString(value) || bounded && (n < bounds[0] || n > bounds[1]) {
				return rule.Find(option.at+"."+setting.at, value, "The value %s is not allowed for the option setting %s", value, name)
			}
		}
	}
	return nil
}
