package secrets

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/internal/ops"
)

// next are the commands that make it effective, in their order: a task reads its secrets when it starts.
func next(env *ops.Environment, report Report) []string {
	name := env.Settings.Environment
	var rotated, steps, finishes []string
	var deadlines, cutOffs strings.Builder
	created := false
	for _, one := range report.Secrets {
		created = created || one.Action == Created
		if one.Action != Rotated && one.Action != Finished {
			continue
		}
		rotated = append(rotated, one.kind.Name)
		if one.SignsFrom != nil {
			fmt.Fprintf(&deadlines, "; the deployment has to be over before %s, when the new key of %s begins to sign: a task of before refuses what that key signed", stamp(*one.SignsFrom), one.kind.Name)
		}
		if one.CutOff != nil {
			fmt.Fprintf(&cutOffs, "; people whose token is of the old key of %s, whose last token is valid until %s, sign in again, perhaps more than once before the deployment is over", one.kind.Name, stamp(*one.CutOff))
		}
		if one.Action == Rotated && one.Overlap {
			finishes = append(finishes, fmt.Sprintf("after that deployment, %s: `itrack create-secrets %s --rotate %s --finish` drops the old key, and `itrack deploy-apps %s --restart` makes that effective",
				one.until(), name, one.kind.Name, name))
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
	if len(steps) > 0 { // the last one is the deployment
		steps[len(steps)-1] += deadlines.String() + cutOffs.String()
	}
	steps = append(steps, finishes...)
	if created && len(steps) == 0 {
		steps = append(steps, fmt.Sprintf("`itrack deploy %s`: the stack looks the three secrets up by name", name))
	}
	return steps
}

// until is how long both keys are needed, with the time where one is known.
func (r Result) until() string {
	expired, known := pair{From: r.SignsFrom}.expired(r.kind)
	if !known {
		return r.kind.Until
	}
	return "after " + stamp(expired) + ", " + r.kind.Until
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
