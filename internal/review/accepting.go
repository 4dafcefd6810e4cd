package review

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Production is the environment in which critical and high controls are not to be accepted.
const Production = "production"

// accepting holds the acceptances of one stack while its controls are answered, and what each of them was good for.
type accepting struct {
	model *Model
	day   string
	all   []*entry
}

// entry is an acceptance with its patterns compiled and what each of them accepted.
type entry struct {
	Acceptance
	patterns []*regexp.Regexp
	expired  bool
	used     []int // by pattern: failed resources of the control that it means
}

func newAccepting(m *Model, acceptances []Acceptance, day time.Time) *accepting {
	out := &accepting{model: m, day: day.Format(time.DateOnly)}
	for _, one := range acceptances {
		if !slices.Contains(one.Environments, m.Stack) {
			continue
		}
		e := &entry{Acceptance: one, used: make([]int, len(one.Resources)), expired: one.Expires < out.day}
		for _, pattern := range one.Resources {
			e.patterns = append(e.patterns, glob(pattern))
		}
		out.all = append(out.all, e)
	}
	return out
}

// glob compiles a pattern: * is any text, ? any character. Type tokens have slashes, which * runs over.
func glob(pattern string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.ReplaceAll(quoted, `\*`, `.*`)
	return regexp.MustCompile(`^` + strings.ReplaceAll(quoted, `\?`, `.`) + `$`)
}

// meant are the acceptances for this stack.
func (a *accepting) meant() []Acceptance {
	out := []Acceptance{}
	for _, e := range a.all {
		out = append(out, e.Acceptance)
	}
	return out
}

// accept is the acceptance for a failed resource of a control, nil when none accepts it.
func (a *accepting) accept(control Control, label string) *Acceptance {
	var found *Acceptance
	for _, e := range a.all {
		if e.Control != control.ID {
			continue
		}
		for i, pattern := range e.patterns {
			if !pattern.MatchString(label) {
				continue
			}
			e.used[i]++
			if found == nil && !e.expired {
				found = &e.Acceptance
			}
		}
	}
	return found
}

// problems says what is wrong with the acceptances, after every control has been answered.
func (a *accepting) problems(controls []Control) []Problem {
	var out []Problem
	for _, e := range a.all {
		say := func(kind ProblemKind, field, format string, args ...any) {
			out = append(out, Problem{Kind: kind, Control: e.Control, Field: e.field(field), Message: fmt.Sprintf(format, args...)})
		}
		if e.expired {
			say(Expired, "expires", "expired on %s and accepts nothing: fix the failure, or decide again and give a new day", e.Expires)
		}
		for i, pattern := range e.patterns {
			field := fmt.Sprintf("resources[%d]", i)
			switch {
			case e.used[i] > 0:
			case a.means(pattern):
				say(Unneeded, field, "%s does not fail at %s: take it out", e.Control, e.Resources[i])
			default:
				say(Stale, field, "%s means no resource of %s: take it out or correct it", e.Resources[i], a.model.Stack)
			}
		}
		i := slices.IndexFunc(controls, func(c Control) bool { return c.ID == e.Control })
		if i >= 0 && a.model.Stack == Production && (controls[i].Severity == Critical || controls[i].Severity == High) {
			say(Severe, "control", "%s is of %s severity: fix it in %s instead of accepting it", e.Control, controls[i].Severity, Production)
		}
	}
	return out
}

// means tells whether a pattern means any resource of the stack, or the stack itself.
func (a *accepting) means(pattern *regexp.Regexp) bool {
	return pattern.MatchString(a.model.label()) ||
		slices.ContainsFunc(a.model.Resources, func(r *Resource) bool { return pattern.MatchString(r.Label()) })
}

// field is a field's place in the file.
func (e *entry) field(name string) string {
	if e.path == "" {
		return name
	}
	return e.path + "." + name
}
