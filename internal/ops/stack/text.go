package stack

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/engine"
)

// Write writes a summary as one page: what loses data first, then what is replaced, then the rest.
func (s Summary) Write(w io.Writer) {
	fmt.Fprintf(w, "%s: %s", s.Environment, s.Counts)
	if s.Counts.Same > 0 {
		fmt.Fprintf(w, "; %d stay as they are", s.Counts.Same)
	}
	fmt.Fprintln(w)
	section(w, "LOSES DATA", s.Stateful, func(change Change) {
		fmt.Fprintf(w, "    %s %s\n      lost with it: %s\n", change.Verb, describe(change), change.Loses)
		if change.Kept {
			fmt.Fprintln(w, "      the object stays in AWS, and the stack lets go of it")
		}
		differences(w, change.Differences)
	})
	for _, part := range []struct {
		title   string
		changes []Change
	}{{"Replaced", s.Replacements}, {"Deleted", s.Deletions}} {
		section(w, part.title, part.changes, func(change Change) {
			fmt.Fprintf(w, "    %s\n", describe(change))
			differences(w, change.Differences)
		})
	}
	s.writeUpdates(w)
	s.writeCreations(w)
	if len(s.Outputs) > 0 {
		fmt.Fprintln(w, "\n  Outputs of the stack")
		differences(w, s.Outputs)
	}
	if s.Counts.Other > 0 {
		fmt.Fprintf(w, "\n  In the state alone: %d providers and components\n", s.Counts.Other)
	}
}

func section(w io.Writer, title string, changes []Change, write func(Change)) {
	if len(changes) == 0 {
		return
	}
	fmt.Fprintf(w, "\n  %s (%d)\n", title, len(changes))
	for _, change := range changes {
		write(change)
	}
}

func differences(w io.Writer, all []engine.Difference) {
	for _, d := range all {
		fmt.Fprintf(w, "      %s: %s -> %s", d.Path, orNone(d.Old), orNone(d.New))
		if d.Replaces {
			fmt.Fprint(w, "  (forces the replacement)")
		}
		fmt.Fprintln(w)
	}
}

func orNone(value string) string {
	if value == "" {
		return "(none)"
	}
	return value
}

// writeUpdates puts together what changes in the same way: a tag that changes everywhere is one entry, not four hundred.
func (s Summary) writeUpdates(w io.Writer) {
	var order []string
	names, what := map[string][]string{}, map[string][]engine.Difference{}
	for _, change := range s.Updates {
		key := fmt.Sprint(change.Differences)
		if names[key] == nil {
			order = append(order, key)
		}
		names[key] = append(names[key], describe(change))
		what[key] = change.Differences
	}
	if len(order) > 0 {
		fmt.Fprintf(w, "\n  Updated (%d)\n", len(s.Updates))
	}
	for _, key := range order {
		fmt.Fprintf(w, "    %s\n", some(names[key]))
		differences(w, what[key])
	}
}

func (s Summary) writeCreations(w io.Writer) {
	var order []string
	names := map[string][]string{}
	for _, change := range s.Creations {
		key := kind(change.Type)
		if names[key] == nil {
			order = append(order, key)
		}
		names[key] = append(names[key], change.Name)
	}
	if len(order) > 0 {
		fmt.Fprintf(w, "\n  Created (%d)\n", len(s.Creations))
	}
	slices.Sort(order)
	for _, key := range order {
		fmt.Fprintf(w, "    %s: %s\n", key, some(names[key]))
	}
}

// some lists a few names and counts the rest.
func some(names []string) string {
	const few = 6
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

// WriteProblems writes what went wrong, each with what to do.
func WriteProblems(w io.Writer, problems []engine.Problem) {
	if len(problems) == 0 {
		return
	}
	fmt.Fprintf(w, "\n  Problems (%d)\n", len(problems))
	for _, p := range problems {
		head := kind(p.Type)
		if i := strings.LastIndex(p.URN, "::"); i >= 0 {
			head += " " + p.URN[i+2:]
		}
		if p.Rule != "" {
			head = strings.TrimSpace(head + " [" + p.Rule + "]")
		}
		if head != "" {
			fmt.Fprintf(w, "    %s\n", head)
		}
		for line := range strings.Lines(p.Message) {
			fmt.Fprintf(w, "      %s\n", strings.TrimSuffix(line, "\n"))
		}
		if p.Next != "" {
			fmt.Fprintf(w, "      what to do: %s\n", p.Next)
		}
	}
}

// Write writes how a deployment ended. What was planned stands above it already.
func (r Result) Write(w io.Writer) {
	switch r.State {
	case StateUnchanged:
		fmt.Fprintf(w, "\n  %s is as the program wants it: nothing was changed\n", r.Environment)
	case StatePlanned:
		fmt.Fprintln(w, "\n  dry run: nothing was changed")
	case StateDeployed:
		fmt.Fprintf(w, "\n  deployed in %.0f s: %s\n", r.Seconds, r.Done.done())
	case StateFailed:
		if r.Plan != nil {
			fmt.Fprintf(w, "\n  ended early: %d of %d changes were made and stay\n", r.Done.Changing(), r.Plan.Counts.Changing())
		}
	}
	if r.Released {
		fmt.Fprintln(w, "  what runs is the release that the stack wants")
	}
	WriteProblems(w, r.Problems)
}

func (c Counts) done() string {
	if c.Changing() == 0 {
		return "nothing to change in AWS"
	}
	return strings.NewReplacer("to create", "created", "to update", "updated", "to replace", "replaced", "to delete", "deleted").Replace(c.String())
}
