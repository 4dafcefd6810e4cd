package data

import (
	"regexp"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func backupPlans() []rule.Rule {
	at, page := plan+"::backup", backupGuide+"API_BackupRuleInput.html"
	with := func(more map[string]any) rule.Case {
		r := map[string]any{"ruleName": "daily", "targetVaultName": "orders"}
		for k, v := range more {
			r[k] = v
		}
		return rule.Case{Inputs: map[string]any{"rules": []any{r}}}
	}
	two := func(first, second string) rule.Case {
		return rule.Case{Inputs: map[string]any{"rules": []any{map[string]any{"ruleName": first}, map[string]any{"ruleName": second}}}}
	}
	life := func(cold, gone int) map[string]any {
		return map[string]any{"lifecycle": map[string]any{"coldStorageAfter": cold, "deleteAfter": gone}}
	}
	return []rule.Rule{{
		ID: "data-backup-plan-name", Types: []string{plan, selection}, Code: "InvalidParameterValueException", Page: backupGuide + "API_BackupPlanInput.html",
		Says:     "Backup plans and selections have names of 1 to 50 letters, digits and ._- characters.",
		Fix:      "Shorten the name, and take out spaces and slashes.",
		Foreseen: true, Check: form("name", `^[a-zA-Z0-9._-]{1,50}$`, "Invalid name: it must match [a-zA-Z0-9-_.]{1,50}"),
		Pass: rule.Case{Inputs: map[string]any{"name": "orders.daily"}},
		Fail: rule.Case{Inputs: map[string]any{"name": "orders daily"}},
		Seed: rule.Seed{Stack: "staging", At: selection + "::backup", Set: map[string]any{"name": "itrack tagged"}},
	}, {
		ID: "data-backup-rule-names", Types: []string{plan}, Code: "InvalidParameterValueException", Page: page,
		Says:     "The rules of a backup plan have names of their own, of 1 to 50 letters, digits and ._- characters.",
		Fix:      "Give each rule another ruleName.",
		Foreseen: true, Check: backupRuleNames,
		Pass: two("daily", "weekly"),
		Fail: two("daily", "daily"),
		Seed: rule.Seed{Stack: "staging", At: at, Set: map[string]any{"rules[1].ruleName": "daily"}},
	}, {
		ID: "data-backup-start-window", Types: []string{plan}, Code: "InvalidParameterValueException", Page: page,
		Says:     "A backup job has at least 60 minutes to start.",
		Fix:      "Set startWindow to 60 minutes or more.",
		Foreseen: true, Check: startWindow,
		Pass: with(map[string]any{"startWindow": 60}),
		Fail: with(map[string]any{"startWindow": 30}),
		Seed: rule.Seed{Stack: "staging", At: at, Set: map[string]any{"rules[0].startWindow": 30}},
	}, {
		ID: "data-backup-completion-window", Types: []string{plan}, Code: "InvalidParameterValueException", Page: page,
		Says:     "A backup job has at least 60 minutes more to complete than to start.",
		Fix:      "Set completionWindow to at least 60 minutes more than startWindow.",
		Foreseen: true, Check: completionWindow,
		Pass: with(map[string]any{"startWindow": 120, "completionWindow": 180}),
		Fail: with(map[string]any{"startWindow": 120, "completionWindow": 150}),
		Seed: rule.Seed{Stack: "production", At: at, Set: map[string]any{"rules[0].completionWindow": 120}},
	}, {
		ID: "data-backup-cold-storage", Types: []string{plan}, Code: "InvalidParameterValueException", Page: backupGuide + "API_Lifecycle.html",
		Says:     "A recovery point that goes to cold storage stays there for at least 90 days.",
		Fix:      "Set deleteAfter to at least coldStorageAfter + 90 days, or leave coldStorageAfter out.",
		Foreseen: true, Check: coldStorage,
		Pass: with(life(30, 120)),
		Fail: with(life(30, 119)),
		Seed: rule.Seed{Stack: "staging", At: at, Set: map[string]any{"rules[1].lifecycle.coldStorageAfter": 7}},
	}, {
		ID: "data-backup-continuous", Types: []string{plan}, Code: "InvalidParameterValueException", Page: backupGuide + "point-in-time-recovery.html",
		Says:     "Continuous backups are kept at most 35 days.",
		Fix:      "Set lifecycle.deleteAfter to 1 to 35 days where enableContinuousBackup is set, and keep snapshots by another rule.",
		Foreseen: true, Check: continuousBackup,
		Pass: with(map[string]any{"enableContinuousBackup": true, "lifecycle": map[string]any{"deleteAfter": 35}}),
		Fail: with(map[string]any{"enableContinuousBackup": true, "lifecycle": map[string]any{"deleteAfter": 36}}),
		Seed: rule.Seed{Stack: "production", At: at, Set: map[string]any{"rules[1].enableContinuousBackup": true}},
	}, {
		ID: "data-backup-schedule", Types: []string{plan}, Code: "InvalidParameterValueException", Page: page,
		Says:     "A backup rule's schedule is a cron expression of six fields, with ? for the day of the month or of the week.",
		Fix:      "Write it as cron(0 8 ? * * *): minute, hour, day of month, month, day of week, year.",
		Foreseen: true, Check: backupSchedule,
		Pass: with(map[string]any{"schedule": "cron(0 8 ? * MON-FRI *)"}),
		Fail: with(map[string]any{"schedule": "cron(0 8 * * *)"}),
		Seed: rule.Seed{Stack: "staging", At: at, Set: map[string]any{"rules[0].schedule": "cron(0 8 * * * *)"}},
	}}
}

var backupName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,50}$`)

func backupRuleNames(c *catalog.Call) *rule.Finding {
	seen := map[string]bool{}
	for _, r := range blocks(c, "rules") {
		name := catalog.Str(r.props, "ruleName")
		switch {
		case name == "":
			continue
		case seen[name]:
			return rule.Find(r.at+".ruleName", name, "Two rules of the plan have the name %s", name)
		case !backupName.MatchString(name):
			return rule.Find(r.at+".ruleName", name, "Invalid rule name: it must match [a-zA-Z0-9-_.]{1,50}")
		}
		seen[name] = true
	}
	return nil
}

func startWindow(c *catalog.Call) *rule.Finding {
	for _, r := range blocks(c, "rules") {
		if start, known := numIn(r.props, "startWindow"); known && start != 0 && start < 60 {
			return rule.Find(r.at+".startWindow", start, "Error in some rules due to: Invalid start window. It must be at least 60 minutes")
		}
	}
	return nil
}

func completionWindow(c *catalog.Call) *rule.Finding {
	for _, r := range blocks(c, "rules") {
		start, known := numIn(r.props, "startWindow")
		complete, also := numIn(r.props, "completionWindow")
		if known && also && complete != 0 && complete < start+60 {
			return rule.Find(r.at+".completionWindow", complete,
				"Error in some rules due to: Invalid completion window. It must be at least 60 minutes greater than the start window")
		}
	}
	return nil
}

func coldStorage(c *catalog.Call) *rule.Finding {
	for _, r := range blocks(c, "rules") {
		for _, life := range append(blocksIn(r.props, "lifecycle"), blocksIn(r.props, "copyActions[].lifecycle")...) {
			cold, known := numIn(life.props, "coldStorageAfter")
			gone, also := numIn(life.props, "deleteAfter")
			if known && also && cold > 0 && gone > 0 && gone < cold+90 {
				return rule.Find(r.at+"."+life.at+".deleteAfter", gone, "Error in some rules due to: Invalid lifecycle. "+
					"DeleteAfterDays cannot be less than 90 days apart from MoveToColdStorageAfterDays")
			}
		}
	}
	return nil
}

func continuousBackup(c *catalog.Call) *rule.Finding {
	for _, r := range blocks(c, "rules") {
		kept, set := numIn(r.props, "lifecycle.deleteAfter")
		if boolIn(r.props, "enableContinuousBackup") && set && kept > 35 {
			return rule.Find(r.at+".lifecycle.deleteAfter", kept, "Error in some rules due to: Invalid lifecycle. EnableContinuousBackup is limited to 35 days")
		}
	}
	return nil
}

func backupSchedule(c *catalog.Call) *rule.Finding {
	for _, r := range blocks(c, "rules") {
		if schedule := catalog.Str(r.props, "schedule"); schedule != "" && !cron(schedule) {
			return rule.Find(r.at+".schedule", schedule, "Error in some rules due to: Invalid schedule expression: %s", schedule)
		}
	}
	return nil
}

// cronFields are the forms of the six fields of AWS's cron expressions.
var cronFields = func() []*regexp.Regexp {
	const (
		days   = `(SUN|MON|TUE|WED|THU|FRI|SAT|[1-7])`
		months = `(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|1[0-2]|0?[1-9])`
	)
	list := func(one string) string {
		item := `(\*|` + one + `)(-` + one + `)?(/\d+)?`
		return item + `(,` + item + `)*`
	}
	var out []*regexp.Regexp
	for _, field := range []string{list(`[0-5]?\d`), list(`([01]?\d|2[0-3])`), `\?|L|L-\d+|(0?[1-9]|[12]\d|3[01])W|` + list(`(0?[1-9]|[12]\d|3[01])`), list(months),
		`\?|L|` + days + `L|` + days + `#[1-5]|` + list(days), list(`(19[7-9]\d|2[01]\d\d)`)} {
		out = append(out, regexp.MustCompile(`^(`+field+`)$`))
	}
	return out
}()

// cron tells whether a text is an expression cron(minute hour day-of-month month day-of-week year), one of the days "?".
func cron(text string) bool {
	inner, opened := strings.CutPrefix(text, "cron(")
	inner, closed := strings.CutSuffix(inner, ")")
	fields := strings.Fields(strings.ToUpper(inner))
	if !opened || !closed || len(fields) != len(cronFields) {
		return false
	}
	for i, form := range cronFields {
		if !form.MatchString(fields[i]) {
			return false
		}
	}
	return slices.Contains([]string{fields[2], fields[4]}, "?") && fields[2] != fields[4]
}
