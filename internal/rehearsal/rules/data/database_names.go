package data

import (
	"regexp"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func databaseNames() []rule.Rule {
	create := rdsAPI + "API_CreateDBInstance.html"
	return []rule.Rule{{
		ID: "data-database-identifier", Types: []string{instance}, Code: "InvalidParameterValue", Page: create,
		Says:     "A DB instance's identifier has 1 to 63 letters, digits and single hyphens, a letter first and no hyphen last.",
		Fix:      "Give identifier such a name, in lower case.",
		Foreseen: true, Check: identifier,
		Pass: rule.Case{Inputs: map[string]any{"identifier": "orders-staging"}},
		Fail: rule.Case{Inputs: map[string]any{"identifier": "orders_staging"}},
		Seed: rule.Seed{Stack: "staging", At: instance + "::rds", Set: map[string]any{"identifier": "itrack--staging"}},
	}, {
		ID: "data-database-name", Types: []string{instance}, Code: "InvalidParameterValue", Page: create,
		Says:     "A MySQL database has a name of 1 to 64 letters, digits and underscores, a letter first, and not one of the engine's own.",
		Fix:      "Give dbName such a name: no hyphens, and not mysql, sys or another schema of the engine.",
		Foreseen: true, Check: databaseName,
		Pass: rule.Case{Inputs: map[string]any{"engine": "mysql", "dbName": "orders"}},
		Fail: rule.Case{Inputs: map[string]any{"engine": "mysql", "dbName": "mysql"}},
		Seed: rule.Seed{Stack: "production", At: instance + "::rds", Set: map[string]any{"dbName": "itrack-production"}},
	}, {
		ID: "data-database-master-user", Types: []string{instance}, Code: "InvalidParameterValue", Page: create,
		Says:     "The master user of MySQL has a name of 1 to 16 letters, digits and underscores, a letter first, and not rdsadmin.",
		Fix:      "Choose a shorter username that is no word of the engine.",
		Foreseen: true, Check: masterUser,
		Pass: rule.Case{Inputs: map[string]any{"engine": "mysql", "username": "orders_admin"}},
		Fail: rule.Case{Inputs: map[string]any{"engine": "mysql", "username": "rdsadmin"}},
		Seed: rule.Seed{Stack: "production", At: instance + "::rds", Set: map[string]any{"username": "itrack_administrator"}},
	}, {
		ID: "data-database-one-password", Types: []string{instance}, Code: "InvalidParameterCombination", Page: rdsGuide + "rds-secrets-manager.html",
		Says:     "A master password is either managed by RDS or given, not both.",
		Fix:      "Leave password out where manageMasterUserPassword is set.",
		Foreseen: true, Check: onePassword,
		Pass: rule.Case{Inputs: map[string]any{"manageMasterUserPassword": true}},
		Fail: rule.Case{Inputs: map[string]any{"manageMasterUserPassword": true, "password": "not-a-secret"}},
		Seed: rule.Seed{Stack: "staging", At: instance + "::rds", Set: map[string]any{"password": "not-a-secret-at-all"}},
	}, {
		ID: "data-database-port", Types: []string{instance}, Code: "InvalidParameterValue", Page: create,
		Says:     "A DB instance listens on a port from 1150 to 65535.",
		Fix:      "Choose a port in that range; MySQL's own is 3306.",
		Foreseen: true, Check: within("port", 1150, 65535, "Invalid port: must be between 1150 and 65535"),
		Pass: rule.Case{Inputs: map[string]any{"port": 3306}},
		Fail: rule.Case{Inputs: map[string]any{"port": 1024}},
		Seed: rule.Seed{Stack: "staging", At: instance + "::rds", Set: map[string]any{"port": 443}},
	}, {
		ID: "data-database-log-exports", Types: []string{instance}, Code: "InvalidParameterCombination",
		Page:     rdsGuide + "USER_LogAccess.MySQLDB.PublishtoCloudWatchLogs.html",
		Says:     "MySQL exports the logs audit, error, general, iam-db-auth-error and slowquery.",
		Fix:      "List only these in enabledCloudwatchLogsExports.",
		Foreseen: true, Check: logExports,
		Pass: rule.Case{Inputs: map[string]any{"engine": "mysql", "enabledCloudwatchLogsExports": []any{"error", "slowquery"}}},
		Fail: rule.Case{Inputs: map[string]any{"engine": "mysql", "enabledCloudwatchLogsExports": []any{"error", "postgresql"}}},
		Seed: rule.Seed{Stack: "staging", At: instance + "::rds", Set: map[string]any{"enabledCloudwatchLogsExports": []any{"error", "slow-query"}}},
	}}
}

var (
	identifierForm = regexp.MustCompile(`^[a-z](-?[a-z0-9])*$`)
	schemaForm     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
	userForm       = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,15}$`)
	// schemas are MySQL's own.
	schemas = []string{"information_schema", "mysql", "performance_schema", "sys"}
	// mysqlLogs are what MySQL can export to CloudWatch Logs.
	mysqlLogs = []string{"audit", "error", "general", "iam-db-auth-error", "slowquery"}
)

func identifier(c *catalog.Call) *rule.Finding {
	name := c.Str("identifier")
	if c.Known("identifier") && (!identifierForm.MatchString(name) || len(name) > 63) {
		return rule.Find("identifier", name, "The parameter DBInstanceIdentifier is not a valid identifier. Identifiers must begin with a letter; "+
			"must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens")
	}
	return nil
}

func databaseName(c *catalog.Call) *rule.Finding {
	name := c.Str("dbName")
	switch {
	case c.Str("engine") != "mysql" || !c.Known("dbName"):
	case !schemaForm.MatchString(name):
		return rule.Find("dbName", name, "DatabaseName must begin with a letter and contain only alphanumeric characters")
	case slices.Contains(schemas, strings.ToLower(name)):
		return rule.Find("dbName", name, "DBName %s cannot be used. It is a reserved word for this engine", name)
	}
	return nil
}

func masterUser(c *catalog.Call) *rule.Finding {
	name := c.Str("username")
	switch {
	case c.Str("engine") != "mysql" || !c.Known("username"):
	case !userForm.MatchString(name):
		return rule.Find("username", name, "The parameter MasterUsername is not a valid identifier: it must be 1 to 16 letters, digits and underscores and begin with a letter")
	case strings.EqualFold(name, "rdsadmin"):
		return rule.Find("username", name, "MasterUsername %s cannot be used as it is a reserved word used by the engine", name)
	}
	return nil
}

func onePassword(c *catalog.Call) *rule.Finding {
	if boolIn(c.Inputs, "manageMasterUserPassword") && c.Has("password") {
		return rule.Find("password", nil, "You can't specify MasterUserPassword when ManageMasterUserPassword is enabled")
	}
	return nil
}

func logExports(c *catalog.Call) *rule.Finding {
	for _, log := range c.Strs("enabledCloudwatchLogsExports") {
		if c.Str("engine") == "mysql" && !slices.Contains(mysqlLogs, log) {
			return rule.Find("enabledCloudwatchLogsExports", log, "You cannot use the log types '%s' with engine version mysql %s", log, c.Str("engineVersion"))
		}
	}
	return nil
}
