package data

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func databaseBackups() []rule.Rule {
	return []rule.Rule{{
		ID: "data-database-backup-retention", Types: []string{instance}, Code: "InvalidParameterValue", Page: rdsAPI + "API_CreateDBInstance.html",
		Says:     "Automated backups of a DB instance are kept 0 to 35 days.",
		Fix:      "Set backupRetentionPeriod to 1 to 35 days (0 turns automated backups off).",
		Foreseen: true, Check: within("backupRetentionPeriod", 0, 35, "Invalid backup retention period: must be between 0 and 35"),
		Pass: rule.Case{Inputs: map[string]any{"backupRetentionPeriod": 35}},
		Fail: rule.Case{Inputs: map[string]any{"backupRetentionPeriod": 36}},
		Seed: rule.Seed{Stack: "staging", At: instance + "::rds", Set: map[string]any{"backupRetentionPeriod": 90}},
	}, {
		ID: "data-database-backup-window", Types: []string{instance}, Code: "InvalidParameterValue", Page: rdsAPI + "API_CreateDBInstance.html",
		Says:     "A backup window is hh24:mi-hh24:mi in UTC and at least 30 minutes long.",
		Fix:      "Write backupWindow as 03:00-04:00, 30 minutes or longer.",
		Foreseen: true, Check: backupWindow,
		Pass: rule.Case{Inputs: map[string]any{"backupWindow": "23:45-00:15"}},
		Fail: rule.Case{Inputs: map[string]any{"backupWindow": "03:00-03:20"}},
		Seed: rule.Seed{Stack: "staging", At: instance + "::rds", Set: map[string]any{"backupWindow": "03:00-03:15"}},
	}, {
		ID: "data-database-maintenance-window", Types: []string{instance}, Code: "InvalidParameterValue", Page: rdsAPI + "API_CreateDBInstance.html",
		Says:     "A maintenance window is ddd:hh24:mi-ddd:hh24:mi in UTC, at least 30 minutes and less than a day long.",
		Fix:      "Write maintenanceWindow as sun:05:00-sun:06:00, 30 minutes or longer.",
		Foreseen: true, Check: maintenanceWindow,
		Pass: rule.Case{Inputs: map[string]any{"maintenanceWindow": "Sat:23:45-Sun:00:15"}},
		Fail: rule.Case{Inputs: map[string]any{"maintenanceWindow": "sunday:05:00-sunday:06:00"}},
		Seed: rule.Seed{Stack: "production", At: instance + "::rds", Set: map[string]any{"maintenanceWindow": "05:00-06:00"}},
	}, {
		ID: "data-database-windows-apart", Types: []string{instance}, Code: "InvalidParameterValue", Page: rdsGuide + "USER_UpgradeDBInstance.Maintenance.html",
		Says:     "The backup window, which is daily, and the weekly maintenance window do not overlap.",
		Fix:      "Move maintenanceWindow to a time of day outside of backupWindow.",
		Foreseen: true, Check: windowsApart,
		Pass: rule.Case{Inputs: map[string]any{"backupWindow": "03:00-04:00", "maintenanceWindow": "sun:04:00-sun:05:00"}},
		Fail: rule.Case{Inputs: map[string]any{"backupWindow": "23:30-00:30", "maintenanceWindow": "sun:00:00-sun:01:00"}},
		Seed: rule.Seed{Stack: "staging", At: instance + "::rds", Set: map[string]any{"maintenanceWindow": "sun:03:30-sun:04:30"}},
	}, {
		ID: "data-database-final-snapshot-name", Types: []string{instance}, Code: "InvalidParameterValue", Page: rdsAPI + "API_DeleteDBInstance.html",
		Says:     "The final snapshot's name has 1 to 255 letters, digits and single hyphens, a letter first and no hyphen last.",
		Fix:      "Give finalSnapshotIdentifier such a name: with any other the instance can't be deleted.",
		Foreseen: true, Check: form("finalSnapshotIdentifier", `^[A-Za-z](-?[A-Za-z0-9]){0,254}$`, "The parameter FinalDBSnapshotIdentifier is not a valid identifier"),
		Pass: rule.Case{Inputs: map[string]any{"finalSnapshotIdentifier": "orders-final"}},
		Fail: rule.Case{Inputs: map[string]any{"finalSnapshotIdentifier": "orders--final"}},
		Seed: rule.Seed{Stack: "production", At: instance + "::rds", Set: map[string]any{"finalSnapshotIdentifier": "itrack_production_final"}},
	}}
}

const (
	day  = 24 * 60
	week = 7 * day
)

var (
	dailyForm  = regexp.MustCompile(`^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$`)
	weeklyForm = regexp.MustCompile(`^(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):([0-5]\d)-(mon|tue|wed|thu|fri|sat|sun):([01]\d|2[0-3]):([0-5]\d)$`)
	weekdays   = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
)

// minutes is the minute of a day of hh:mi.
func minutes(hour, minute string) int {
	h, _ := strconv.Atoi(hour)
	m, _ := strconv.Atoi(minute)
	return h*60 + m
}

// daily reads a daily window: the minute of the day that it begins at and its length.
func daily(text string) (start, length int, ok bool) {
	m := dailyForm.FindStringSubmatch(text)
	if m == nil {
		return 0, 0, false
	}
	start = minutes(m[1], m[2])
	return start, (minutes(m[3], m[4]) - start + day) % day, true
}

// weekly reads a weekly window: the minute of the week that it begins at and its length.
func weekly(text string) (start, length int, ok bool) {
	m := weeklyForm.FindStringSubmatch(strings.ToLower(text))
	if m == nil {
		return 0, 0, false
	}
	start = slices.Index(weekdays, m[1])*day + minutes(m[2], m[3])
	end := slices.Index(weekdays, m[4])*day + minutes(m[5], m[6])
	return start, (end - start + week) % week, true
}

func backupWindow(c *catalog.Call) *rule.Finding {
	text := c.Str("backupWindow")
	if !c.Known("backupWindow") {
		return nil
	}
	switch _, length, ok := daily(text); {
	case !ok:
		return rule.Find("backupWindow", text, "Invalid backup window format: %s. Should be specified as a range hh24:mi-hh24:mi (24H Clock UTC)", text)
	case length < 30:
		return rule.Find("backupWindow", text, "The backup window must be at least 30 minutes")
	}
	return nil
}

func maintenanceWindow(c *catalog.Call) *rule.Finding {
	text := c.Str("maintenanceWindow")
	if !c.Known("maintenanceWindow") {
		return nil
	}
	switch _, length, ok := weekly(text); {
	case !ok:
		return rule.Find("maintenanceWindow", text, "Invalid maintenance window format: %s. Should be specified as a range ddd:hh24:mi-ddd:hh24:mi (24H Clock UTC)", text)
	case length < 30 || length >= day:
		return rule.Find("maintenanceWindow", text, "The maintenance window must be at least 30 minutes and less than 24 hours")
	}
	return nil
}

// windowsApart compares the two windows that the program gives: one that AWS chooses is chosen outside of the other.
func windowsApart(c *catalog.Call) *rule.Finding {
	if !c.Known("backupWindow") || !c.Known("maintenanceWindow") {
		return nil
	}
	backup, long, ok := daily(c.Str("backupWindow"))
	start, length, also := weekly(c.Str("maintenanceWindow"))
	if !ok || !also {
		return nil
	}
	for d := range 7 {
		// From the backup's start to the maintenance's, round the week: nearer than its length, they overlap.
		gap := (start - (d*day + backup) + week) % week
		if gap < long || week-gap < length {
			return rule.Find("maintenanceWindow", c.Str("maintenanceWindow"), "The backup window and maintenance window must not overlap")
		}
	}
	return nil
}
