package page

import (
	"regexp"
	"sort"
	"strings"

	"github.com/itrack/itrack/internal/engine"
)

// refusals writes what would not be deleted, grouped by the reason.
func (w *writer) refusals(refusals []engine.Problem) {
	w.heading("Deleting would be refused")
	if len(refusals) == 0 {
		w.printf("    for nothing: the stack can be torn down\n")
		return
	}
	type group struct {
		reason    string
		resources []string
	}
	var groups []*group
	byReason := map[string]*group{}
	for _, r := range refusals {
		reason := refusalReason(r)
		g := byReason[reason]
		if g == nil {
			g = &group{reason: reason}
			byReason[reason] = g
			groups = append(groups, g)
		}
		g.resources = append(g.resources, resourceName(r.URN, r.Type))
	}
	// The reason that holds back most comes first.
	sort.SliceStable(groups, func(i, j int) bool { return len(groups[i].resources) > len(groups[j].resources) })
	for _, g := range groups {
		if len(g.resources) == 1 {
			w.printf("    %s: %s\n", g.resources[0], g.reason)
			continue
		}
		w.printf("    %d because: %s\n", len(g.resources), g.reason)
		w.wrapped("      ", g.resources)
	}
}

// apiError is how the stand-in words a refusal of AWS's: what was tried, the error code, AWS's message, and where the rule
// comes from.
var apiError = regexp.MustCompile(`api error (\w+): (.*?)(?: \(property |$)`)

// refusalReason is a refusal in one line that resources can share: AWS's own words without the single resource in them.
// What is refused only because something above it stays is one reason, however many things that are.
func refusalReason(r engine.Problem) string {
	if r.Rule == "dependents" {
		return "something that is refused itself still stands on it"
	}
	if match := apiError.FindStringSubmatch(r.Message); match != nil {
		return "AWS says " + match[1] + ": " + quotedNames.ReplaceAllString(match[2], "it")
	}
	if r.Rule == "" {
		return r.Message
	}
	return r.Message + " (" + r.Rule + ")"
}

// quotedNames are what AWS names in a message: an ARN or a name in quotes, with the kind before it.
var quotedNames = regexp.MustCompile(`(?:Load balancer |The \w+ )?'[^']+'`)

func (w *writer) destroy(d *engine.DestroyReport) {
	if d == nil {
		return
	}
	w.heading("Destroy")
	if d.Remaining == 0 {
		w.printf("    everything is gone: %d resources\n", d.Deleted)
		return
	}
	w.printf("    refused: %d resources deleted, %d remain\n", d.Deleted, d.Remaining)
	for _, p := range d.Refused {
		w.problem(p)
	}
}

func (w *writer) failures(failures []engine.Problem) {
	if len(failures) == 0 {
		return
	}
	w.heading(w.paint("31", counted(len(failures), "failure")))
	for _, p := range failures {
		w.problem(p)
	}
}

// problem writes resource, reason and next step.
func (w *writer) problem(p engine.Problem) {
	head := resourceName(p.URN, p.Type)
	if p.Property != "" {
		head = strings.TrimSpace(head + " " + p.Property)
	}
	if p.Rule != "" {
		head = strings.TrimSpace(head + " [" + p.Rule + "]")
	}
	lines := strings.Split(p.Message, "\n")
	if head != "" {
		w.printf("    %s\n", head)
	}
	for _, line := range lines {
		w.printf("      %s\n", line)
	}
	if p.Next != "" {
		w.printf("      next: %s\n", p.Next)
	}
}

// resourceName is a resource in a reader's words: the kind and the name in the program.
func resourceName(urn, kind string) string {
	name := urn
	if i := strings.LastIndex(urn, "::"); i >= 0 {
		name = urn[i+2:]
	}
	return strings.TrimSpace(words(kind[strings.LastIndex(kind, ":")+1:]) + " " + name)
}
