package secrets

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/internal/ops"
)

// next are the commands that make it effective, in their order: a task reads its secrets when it starts.
func next(env *ops.Environment, report Report) []string {
	name := env.Settings.Environment
	var rotated, overlapping []string
	var steps []string
	created := false
	for _, one := range report.Secrets {
		created = created || one.Action == Created
		if one.Action != Rotated && one.Action != Finished {
			continue
		}
		rotated = append(rotated, one.kind.Name)
		if one.Action == Rotated && one.kind.Overlap {
			overlapping = append(overlapping, one.kind.Name)
		}
		if one.kind.Name != "db_password" {
			continue
		}
		if migrates(env) {
			steps = append(steps, fmt.Sprintf("`itrack deploy-apps %s --restart` at once: its migration gives the MySQL user the new password and leaves the old one valid for the tasks that run; "+
				"a task that starts before that cannot sign in to the database", name))
		} else {
			steps = append(steps, "set the password of the MySQL user itrack to the new value (ALTER USER … RETAIN CURRENT PASSWORD): no service has a migrateCommand that does it")
		}
	}
	if len(rotated) > 0 && (len(steps) == 0 || !migrates(env)) {
		steps = append(steps, fmt.Sprintf("`itrack deploy-apps %s --restart`: the tasks take it when they start (%s)", name, strings.Join(rotated, ", ")))
	}
	for _, short := range overlapping {
		kind, _ := Find(short)
		steps = append(steps, fmt.Sprintf("after that deployment, %s: `itrack create-secrets %s --rotate %s --finish` drops the old key, and `itrack deploy-apps %s --restart` makes that effective",
			kind.Until, name, short, name))
	}
	if created && len(steps) == 0 {
		steps = append(steps, fmt.Sprintf("`itrack deploy %s`: the stack looks the three secrets up by name", name))
	}
	return steps
}

// migrates tells whether any service has a migration, which sets the password of the MySQL user.
func migrates(env *ops.Environment) bool {
	for _, has := range env.Migrates {
		if has {
			return true
		}
	}
	return false
}
