package output

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/internal/review/beyond"
)

// What is beyond the list, in the words that text and SARIF share.

// shown is how many actions or resources a line names; the JSON form has all.
const shown = 4

// some names the first few of a list.
func some(list []string, nothing string) string {
	switch {
	case len(list) == 0:
		return nothing
	case len(list) <= shown+1:
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:shown], ", "), len(list)-shown)
}

// each applies a function to a list.
func each(list []string, change func(string) string) []string {
	out := make([]string, len(list))
	for i, text := range list {
		out[i] = change(text)
	}
	return out
}

// resourceName is a resource pattern in a reader's words.
func resourceName(pattern string) string {
	if pattern == "*" {
		return "every resource"
	}
	return pattern
}

// statementText is a statement in a sentence.
func statementText(s beyond.Statement) string {
	may := "may "
	if s.Effect == "Deny" {
		may = "may never "
	}
	what := some(s.Actions, "do nothing")
	if len(s.NotActions) > 0 {
		what = "do everything but " + some(s.NotActions, "")
	}
	on := some(each(s.Resources, resourceName), "it")
	if len(s.NotResources) > 0 {
		on = "everything but " + some(s.NotResources, "")
	}
	text := may + what + " on " + on
	if len(s.Principals) > 0 {
		text = some(s.Principals, "") + " " + text
	}
	if len(s.Conditions) > 0 {
		text += ", where " + strings.Join(s.Conditions, " and ")
	}
	return text
}

func wayText(w beyond.Way) string {
	text := fmt.Sprintf("%s by %s gets to %s", beyond.Short(w.Principal), w.Method, some(each(w.To, beyond.Short), "nothing"))
	if w.Administrator {
		text += ": an administrator's rights"
	} else if w.Limit != "" {
		text += "; " + w.Limit
	}
	if len(w.NarrowedBy) > 0 {
		text += "; narrowed by " + strings.Join(w.NarrowedBy, " and ")
	}
	return text
}

func wildcardText(w beyond.Wildcard) string {
	what := w.Actions
	if len(what) == 0 {
		what = w.Allowed
	}
	text := beyond.Short(w.Principal)
	if w.Sid != "" {
		text += " " + w.Sid
	}
	switch {
	case w.Everybody:
		text += " lets everybody " + some(what, "in")
	case w.AllResources:
		text += ": " + some(what, "") + " on every resource"
	default:
		text += ": " + some(what, "") + " on " + some(w.Resources, "the resources that it names")
	}
	if len(w.NarrowedBy) > 0 {
		return text + "; narrowed by " + strings.Join(w.NarrowedBy, " and ")
	}
	return text + "; not narrowed"
}

func pathText(p beyond.Path) string {
	parts := []string{"internet"}
	for _, step := range p.Steps {
		parts = append(parts, stepText(step))
	}
	return strings.Join(parts, " -> ")
}

// stepText is a step of a path with what stands before it.
func stepText(s beyond.Step) string {
	text := beyond.Short(s.Resource)
	if s.Over != "" {
		text += " over " + s.Over
	}
	if len(s.Guards) > 0 {
		text += "; " + strings.Join(s.Guards, ", ")
	}
	if len(s.Open) > 0 {
		text += "; open: " + strings.Join(s.Open, ", ")
	}
	return text
}

func openRuleText(r beyond.OpenRule) string {
	text := fmt.Sprintf("%s lets %s in at %s of %s", beyond.Short(r.Resource), r.From, r.Ports, beyond.Short(r.Group))
	text += ", used by " + some(each(r.UsedBy, beyond.Short), "nothing")
	return text + "; with a public address: " + some(each(r.Reachable, beyond.Short), "nothing")
}

// storeLines are what there is to say of a store, one sentence each.
func storeLines(s beyond.Store) []string {
	out := []string{"not encrypted"}
	if s.Encrypted {
		out[0] = "encrypted with " + s.Key
	}
	for _, line := range []struct {
		head    string
		list    []string
		nothing string
	}{
		{"backed up by: ", s.Backups, "no backup is declared"},
		{"second region: ", s.SecondRegion, "nothing of it in a second region"},
		{"restore tested: ", s.RestoreTested, "no restore test is declared"},
		{"may lose: ", s.RecoveryPoint, "recovery point: none is declared, all of it may be lost"},
		{"may be away: ", s.RecoveryTime, "recovery time: none is declared"},
		{"note: ", s.Notes, ""},
	} {
		if len(line.list) > 0 {
			out = append(out, line.head+strings.Join(line.list, "; "))
		} else if line.nothing != "" {
			out = append(out, line.nothing)
		}
	}
	return out
}
