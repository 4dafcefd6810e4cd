package data

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func databaseClasses() []rule.Rule {
	const monitoring = "aws:iam/role:Role::rds-monitoring"
	monitors := func(service string) []rule.Thing {
		return []rule.Thing{
			{Type: role, ID: "monitor", Region: cloud.Global, State: map[string]any{"arn": "arn:aws:iam::111122223333:role/monitor", "name": "monitor",
				"assumeRolePolicy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`}},
			{Type: attachment, ID: "monitor-1", Region: cloud.Global, State: map[string]any{"role": "monitor",
				"policyArn": "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"}},
		}
	}
	monitored := map[string]any{"monitoringInterval": 60, "monitoringRoleArn": "arn:aws:iam::111122223333:role/monitor"}
	return []rule.Rule{{
		ID: "data-database-class-form", Types: []string{instance}, Code: "InvalidParameterValue", Page: rdsGuide + "Concepts.DBInstanceClass.html",
		Says:     "A DB instance class begins with db. and has a family and a size.",
		Fix:      "Write instanceClass as db.t4g.small: an EC2 instance type is none.",
		Foreseen: true, Check: form("instanceClass", `^db\.[a-z0-9-]+\.[a-z0-9]+(\.tpc\d\.mem\dx)?$`, "Invalid DB Instance class"),
		Pass: rule.Case{Inputs: map[string]any{"instanceClass": "db.t4g.small"}},
		Fail: rule.Case{Inputs: map[string]any{"instanceClass": "t4g.small"}},
		Seed: rule.Seed{Stack: "staging", At: instance + "::rds", Set: map[string]any{"instanceClass": "t4g.micro"}},
	}, {
		ID: "data-database-insights-class", Types: []string{instance}, Code: "InvalidParameterCombination", Page: rdsGuide + "USER_PerfInsights.Overview.Engines.html",
		Says:     "The micro and small burstable classes have no Performance Insights for MySQL.",
		Fix:      "Leave performanceInsightsEnabled off, or choose db.t4g.medium or larger.",
		Foreseen: true, Check: insightsClass,
		Pass: rule.Case{Inputs: map[string]any{"engine": "mysql", "instanceClass": "db.t4g.medium", "performanceInsightsEnabled": true}},
		Fail: rule.Case{Inputs: map[string]any{"engine": "mysql", "instanceClass": "db.t4g.small", "performanceInsightsEnabled": true}},
		Seed: rule.Seed{Stack: "staging", At: instance + "::rds", Set: map[string]any{"performanceInsightsEnabled": true}},
	}, {
		ID: "data-database-insights-retention", Types: []string{instance}, Code: "InvalidParameterValue", Page: rdsAPI + "API_CreateDBInstance.html",
		Says:     "Performance Insights keeps 7 days, 731 days, or 1 to 23 months of 31 days.",
		Fix:      "Set performanceInsightsRetentionPeriod to 7, 731 or a multiple of 31 up to 713.",
		Foreseen: true, Check: insightsRetention,
		Pass: rule.Case{Inputs: map[string]any{"performanceInsightsEnabled": true, "performanceInsightsRetentionPeriod": 93}},
		Fail: rule.Case{Inputs: map[string]any{"performanceInsightsEnabled": true, "performanceInsightsRetentionPeriod": 94}},
		Seed: rule.Seed{Stack: "production", At: instance + "::rds", Set: map[string]any{"performanceInsightsRetentionPeriod": 500}},
	}, {
		ID: "data-database-insights-advanced", Types: []string{instance}, Code: "InvalidParameterCombination",
		Page:     rdsGuide + "USER_DatabaseInsights.TurningOnAdvanced.html",
		Says:     "The advanced mode of Database Insights needs Performance Insights with at least 465 days of history.",
		Fix:      "Set performanceInsightsEnabled and performanceInsightsRetentionPeriod 465, or databaseInsightsMode standard.",
		Foreseen: true, Check: insightsAdvanced,
		Pass: rule.Case{Inputs: map[string]any{"databaseInsightsMode": "advanced", "performanceInsightsEnabled": true, "performanceInsightsRetentionPeriod": 465}},
		Fail: rule.Case{Inputs: map[string]any{"databaseInsightsMode": "advanced", "performanceInsightsEnabled": true, "performanceInsightsRetentionPeriod": 7}},
		Seed: rule.Seed{Stack: "production", At: instance + "::rds", Set: map[string]any{"performanceInsightsRetentionPeriod": 7}},
	}, {
		ID: "data-database-insights-settings", Types: []string{instance}, Code: "InvalidParameterCombination", Page: rdsGuide + "USER_PerfInsights.Enabling.html",
		Says:     "The key and the retention of Performance Insights are given only where it is on.",
		Fix:      "Set performanceInsightsEnabled, or leave performanceInsightsKmsKeyId and performanceInsightsRetentionPeriod out.",
		Foreseen: true, Check: insightsSettings,
		Pass: rule.Case{Inputs: map[string]any{"performanceInsightsEnabled": true, "performanceInsightsRetentionPeriod": 7}},
		Fail: rule.Case{Inputs: map[string]any{"performanceInsightsEnabled": false, "performanceInsightsRetentionPeriod": 7}},
		Seed: rule.Seed{Stack: "staging", At: instance + "::rds", Set: map[string]any{"performanceInsightsRetentionPeriod": 31}},
	}, {
		ID: "data-database-monitoring-interval", Types: []string{instance}, Code: "InvalidParameterValue", Page: rdsAPI + "API_CreateDBInstance.html",
		Says:     "Enhanced Monitoring measures every 1, 5, 10, 15, 30 or 60 seconds; 0 turns it off.",
		Fix:      "Set monitoringInterval to one of 0, 1, 5, 10, 15, 30 and 60.",
		Foreseen: true, Check: monitoringInterval,
		Pass: rule.Case{Inputs: map[string]any{"monitoringInterval": 30}},
		Fail: rule.Case{Inputs: map[string]any{"monitoringInterval": 20}},
		Seed: rule.Seed{Stack: "staging", At: instance + "::rds", Set: map[string]any{"monitoringInterval": 120}},
	}, {
		ID: "data-database-monitoring-role-given", Types: []string{instance}, Code: "InvalidParameterCombination", Page: rdsGuide + "USER_Monitoring.OS.Enabling.html",
		Says:     "Enhanced Monitoring needs a role that delivers its measurements.",
		Fix:      "Give monitoringRoleArn with monitoringInterval, or set the interval to 0.",
		Foreseen: true, Check: monitoringRoleGiven,
		Pass: rule.Case{Inputs: monitored},
		Fail: rule.Case{Inputs: map[string]any{"monitoringInterval": 60}},
		Seed: rule.Seed{Stack: "production", At: instance + "::rds", Set: map[string]any{"monitoringRoleArn": nil}},
	}, {
		ID: "data-database-monitoring-role", Types: []string{instance}, Code: "InvalidParameterValue", Page: rdsGuide + "USER_Monitoring.OS.Enabling.html",
		Says:  "The monitoring role trusts monitoring.rds.amazonaws.com and has the policy AmazonRDSEnhancedMonitoringRole.",
		Fix:   "Let the role trust that service, attach the policy, and make the instance depend on the attachment.",
		Check: monitoringRole,
		Pass:  rule.Case{World: monitors("monitoring.rds.amazonaws.com"), Inputs: monitored},
		Fail:  rule.Case{World: monitors("rds.amazonaws.com"), Inputs: monitored},
		Seed: rule.Seed{Stack: "staging", At: monitoring, Refused: instance + "::rds",
			Edit: map[string]func(string) string{"assumeRolePolicy": rule.Replace("monitoring.rds.amazonaws.com", "rds.amazonaws.com")}},
	}, {
		ID: "data-database-engine-version", Types: []string{instance}, Code: "InvalidParameterCombination", Page: rdsGuide + "MySQL.Concepts.VersionMgmt.html",
		Says:     "RDS for MySQL has the major versions 5.7, 8.0 and 8.4.",
		Fix:      "Set engineVersion to one of them, with or without a minor version.",
		Foreseen: true, Check: engineVersion,
		Pass: rule.Case{Inputs: map[string]any{"engine": "mysql", "engineVersion": "8.4.6"}},
		Fail: rule.Case{Inputs: map[string]any{"engine": "mysql", "engineVersion": "8.3"}},
		Seed: rule.Seed{Stack: "production", At: instance + "::rds", Set: map[string]any{"engineVersion": "9.1"}},
	}, {
		ID: "data-database-zone-of-multi-az", Types: []string{instance}, Code: "InvalidParameterCombination", Page: rdsAPI + "API_CreateDBInstance.html",
		Says:     "A Multi-AZ DB instance can't be given an availability zone: it has two.",
		Fix:      "Leave availabilityZone out, or turn multiAz off.",
		Foreseen: true, Check: zoneOfMultiAZ,
		Pass: rule.Case{Inputs: map[string]any{"multiAz": false, "availabilityZone": "us-east-1a"}},
		Fail: rule.Case{Inputs: map[string]any{"multiAz": true, "availabilityZone": "us-east-1a"}},
		Seed: rule.Seed{Stack: "production", At: instance + "::rds", Set: map[string]any{"availabilityZone": "us-east-1a"}},
	}}
}

// withoutInsights are the classes that have no Performance Insights for MySQL.
var withoutInsights = []string{"db.t2.micro", "db.t2.small", "db.t3.micro", "db.t3.small", "db.t4g.micro", "db.t4g.small"}

func insightsClass(c *catalog.Call) *rule.Finding {
	class := c.Str("instanceClass")
	if c.Bool("performanceInsightsEnabled") && c.Str("engine") == "mysql" && slices.Contains(withoutInsights, class) {
		return rule.Find("performanceInsightsEnabled", class, "Performance Insights not supported for this configuration")
	}
	return nil
}

func insightsRetention(c *catalog.Call) *rule.Finding {
	days, known := num(c, "performanceInsightsRetentionPeriod")
	if !known || days == 7 || days == 731 || int(days)%31 == 0 && days >= 31 && days <= 713 {
		return nil
	}
	return rule.Find("performanceInsightsRetentionPeriod", days, "Invalid Performance Insights retention period. Valid values are 7, 731 and multiples of 31 up to 713")
}

func insightsAdvanced(c *catalog.Call) *rule.Finding {
	unknown := c.Has("performanceInsightsEnabled") && !c.Known("performanceInsightsEnabled") ||
		c.Has("performanceInsightsRetentionPeriod") && !c.Known("performanceInsightsRetentionPeriod")
	days, _ := num(c, "performanceInsightsRetentionPeriod")
	if c.Str("databaseInsightsMode") != "advanced" || unknown || boolIn(c.Inputs, "performanceInsightsEnabled") && days >= 465 {
		return nil
	}
	return rule.Find("databaseInsightsMode", "advanced",
		"To enable the Advanced mode of Database Insights, enable Performance Insights and set its retention period to at least 465 days")
}

func insightsSettings(c *catalog.Call) *rule.Finding {
	if boolIn(c.Inputs, "performanceInsightsEnabled") || c.Has("performanceInsightsEnabled") && !c.Known("performanceInsightsEnabled") {
		return nil
	}
	for _, property := range []string{"performanceInsightsRetentionPeriod", "performanceInsightsKmsKeyId"} {
		if c.Known(property) {
			return rule.Find(property, nil, "To enable PerformanceInsights, EnablePerformanceInsights must be set to 'true'")
		}
	}
	return nil
}

func monitoringInterval(c *catalog.Call) *rule.Finding {
	seconds, known := num(c, "monitoringInterval")
	if known && !slices.Contains([]float64{0, 1, 5, 10, 15, 30, 60}, seconds) {
		return rule.Find("monitoringInterval", seconds, "Invalid monitoring interval. Valid values are 0, 1, 5, 10, 15, 30, 60")
	}
	return nil
}

func monitoringRoleGiven(c *catalog.Call) *rule.Finding {
	if seconds, _ := num(c, "monitoringInterval"); seconds > 0 && !c.Has("monitoringRoleArn") {
		return rule.Find("monitoringRoleArn", nil, "A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0")
	}
	return nil
}

func monitoringRole(c *catalog.Call) *rule.Finding {
	who := c.Tx.ByARN(c.Str("monitoringRoleArn"))
	if who == nil || c.Num("monitoringInterval") == 0 {
		return nil
	}
	attached := c.Tx.Find(c.Account, cloud.Global, attachment, func(o *cloud.Object) bool {
		return catalog.Str(o.State, "role") == who.Name && strings.HasSuffix(catalog.Str(o.State, "policyArn"), "/AmazonRDSEnhancedMonitoringRole")
	})
	if len(attached) > 0 && policy.TrustsService(catalog.Str(who.State, "assumeRolePolicy"), "monitoring.rds.amazonaws.com") {
		return nil
	}
	return rule.Find("monitoringRoleArn", who.ARN, "IAM role ARN value is invalid or does not include the required permissions for: ENHANCED_MONITORING")
}

// majors are the major versions of RDS for MySQL.
var majors = []string{"5.7", "8.0", "8.4"}

// major is the major version of a MySQL version: 8.4 of 8.4.6.
func major(version string) string {
	return strings.Join(strings.SplitN(version+"..", ".", 3)[:2], ".")
}

func engineVersion(c *catalog.Call) *rule.Finding {
	version := c.Str("engineVersion")
	if c.Str("engine") != "mysql" || !c.Known("engineVersion") || slices.Contains(majors, major(version)) || version == "8" {
		return nil
	}
	return rule.Find("engineVersion", version, "Cannot find version %s for mysql", version)
}

func zoneOfMultiAZ(c *catalog.Call) *rule.Finding {
	if boolIn(c.Inputs, "multiAz") && c.Known("availabilityZone") {
		return rule.Find("availabilityZone", c.Str("availabilityZone"), "Requesting a specific availability zone is not valid for Multi-AZ instances")
	}
	return nil
}
