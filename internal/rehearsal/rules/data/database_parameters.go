package data

import (
	"slices"
	"strconv"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func databaseParameters() []rule.Rule {
	group := func(name, value, method string) rule.Case {
		return rule.Case{Inputs: map[string]any{"family": "mysql8.4", "parameters": []any{map[string]any{"name": name, "value": value, "applyMethod": method}}}}
	}
	modify := rdsAPI + "API_ModifyDBParameterGroup.html"
	return []rule.Rule{{
		ID: "data-parameter-static", Types: []string{parameters}, Code: "InvalidParameterCombination", Page: rdsGuide + "USER_WorkingWithParamGroups.html",
		Says:     "A static parameter is applied at the next reboot, not at once.",
		Fix:      "Set applyMethod to pending-reboot for the parameter.",
		Foreseen: true, Check: staticParameter,
		Pass: group("performance_schema", "1", "pending-reboot"),
		Fail: group("performance_schema", "1", "immediate"),
		Seed: rule.Seed{Stack: "staging", At: parameters + "::rds", Set: map[string]any{"parameters[0].name": "performance_schema"}},
	}, {
		ID: "data-parameter-known", Types: []string{parameters}, Code: "InvalidParameterValue", Page: modify,
		Says:     "A parameter is one that the family's MySQL version still has.",
		Fix:      "Take the parameter out, or use what replaced it in this version.",
		Foreseen: true, Check: knownParameter,
		Pass: group("binlog_expire_logs_seconds", "86400", "immediate"),
		Fail: group("expire_logs_days", "1", "immediate"),
		Seed: rule.Seed{Stack: "production", At: parameters + "::rds", Set: map[string]any{"parameters[0].name": "expire_logs_days"}},
	}, {
		ID: "data-parameter-modifiable", Types: []string{parameters}, Code: "InvalidParameterValue", Page: modify,
		Says:     "Parameters that RDS keeps for itself, such as paths and the server's id, can't be set.",
		Fix:      "Take the parameter out of the group.",
		Foreseen: true, Check: modifiableParameter,
		Pass: group("long_query_time", "1", "immediate"),
		Fail: group("datadir", "/data", "pending-reboot"),
		Seed: rule.Seed{Stack: "production", At: parameters + "::rds", Set: map[string]any{"parameters[0].name": "server_id"}},
	}, {
		ID: "data-parameter-value", Types: []string{parameters}, Code: "InvalidParameterValue", Page: rdsAPI + "API_Parameter.html",
		Says:     "A parameter's value is within its allowed values.",
		Fix:      "Choose one of the values that DescribeDBParameters lists for the parameter: 0 or 1 for a switch.",
		Foreseen: true, Check: parameterValue,
		Pass: group("slow_query_log", "1", "immediate"),
		Fail: group("slow_query_log", "2", "immediate"),
		Seed: rule.Seed{Stack: "staging", At: parameters + "::rds", Set: map[string]any{"parameters[0].value": "yes"}},
	}}
}

// staticParameters take effect at a restart of MySQL only; the performance schema's sizes are static too.
var staticParameters = []string{"back_log", "ft_max_word_len", "ft_min_word_len", "innodb_autoinc_lock_mode", "innodb_buffer_pool_instances",
	"innodb_ft_max_token_size", "innodb_ft_min_token_size", "innodb_page_cleaners", "innodb_purge_threads", "innodb_read_io_threads", "innodb_sort_buffer_size",
	"innodb_sync_array_size", "innodb_write_io_threads", "lower_case_table_names", "max_digest_length", "performance_schema", "skip_name_resolve",
	"table_open_cache_instances"}

// removedParameters are those that a family lacks because its MySQL version removed them.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.MySQL.Parameters.html
var (
	removedIn80 = []string{"query_cache_limit", "query_cache_size", "query_cache_type", "innodb_file_format", "innodb_large_prefix", "log_warnings", "sync_frm",
		"tx_isolation", "tx_read_only"}
	removedIn84 = []string{"binlog_transaction_dependency_tracking", "default_authentication_plugin", "expire_logs_days", "master_info_repository",
		"relay_log_info_repository", "slave_rows_search_algorithms", "transaction_write_set_extraction"}
)

// reservedParameters are set by RDS.
var reservedParameters = []string{"basedir", "datadir", "innodb_data_home_dir", "innodb_log_group_home_dir", "pid_file", "plugin_dir", "port", "server_id",
	"socket", "tmpdir"}

// parameterSwitches take 0 and 1; RDS has no words for them.
var parameterSwitches = []string{"general_log", "innodb_print_all_deadlocks", "log_queries_not_using_indexes", "require_secure_transport", "slow_query_log"}

// eachParameter calls find for the parameters of a MySQL group until it finds something.
func eachParameter(c *catalog.Call, find func(family string, parameter block, name string) *rule.Finding) *rule.Finding {
	family := c.Str("family")
	if !strings.HasPrefix(family, "mysql") {
		return nil
	}
	for _, parameter := range blocks(c, "parameters") {
		if found := find(family, parameter, catalog.Str(parameter.props, "name")); found != nil {
			return found
		}
	}
	return nil
}

func staticParameter(c *catalog.Call) *rule.Finding {
	return eachParameter(c, func(_ string, parameter block, name string) *rule.Finding {
		// The provider's own default is immediate.
		method := catalog.Str(parameter.props, "applyMethod")
		static := slices.Contains(staticParameters, name) || strings.HasPrefix(name, "performance_schema_max_")
		if !static || method != "immediate" && has(parameter.props, "applyMethod") {
			return nil
		}
		return rule.Find(parameter.at+".applyMethod", name, "cannot use immediate apply method for static parameter")
	})
}

func knownParameter(c *catalog.Call) *rule.Finding {
	return eachParameter(c, func(family string, parameter block, name string) *rule.Finding {
		gone := slices.Contains(removedIn80, name) && (family == "mysql8.0" || family == "mysql8.4") || slices.Contains(removedIn84, name) && family == "mysql8.4"
		if !gone {
			return nil
		}
		return rule.Find(parameter.at+".name", name, "Could not find parameter with name: %s", name)
	})
}

func modifiableParameter(c *catalog.Call) *rule.Finding {
	return eachParameter(c, func(_ string, parameter block, name string) *rule.Finding {
		if !slices.Contains(reservedParameters, name) {
			return nil
		}
		return rule.Find(parameter.at+".name", name, "The parameter %s cannot be modified", name)
	})
}

func parameterValue(c *catalog.Call) *rule.Finding {
	return eachParameter(c, func(_ string, parameter block, name string) *rule.Finding {
		value := catalog.Str(parameter.props, "value")
		wanted := ""
		switch {
		case value == "":
		case slices.Contains(parameterSwitches, name) && value != "0" && value != "1":
			wanted = "0,1"
		case name == "log_output" && value != "FILE" && value != "TABLE" && value != "NONE":
			wanted = "FILE,NONE,TABLE"
		case name == "long_query_time" && !isNumber(value, 0, 31536000):
			wanted = "0-31536000"
		case name == "max_connections" && !strings.Contains(value, "{") && !isNumber(value, 1, 100000):
			wanted = "1-100000"
		}
		if wanted == "" {
			return nil
		}
		return rule.Find(parameter.at+".value", value, "Invalid parameter value: %s for: %s allowed values are: %s", value, name, wanted)
	})
}

func isNumber(text string, least, most float64) bool {
	n, err := strconv.ParseFloat(text, 64)
	return err == nil && n >= least && n <= most
}
