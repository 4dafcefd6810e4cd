package review

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Run answers every control from a stack's declarations on the given day. The error is for a list that is not one: a
// control without an id, two with the same, one that neither checks nor says how to decide.
func Run(m *Model, controls []Control, acceptances []Acceptance, day time.Time) (*Report, error) {
	if err := Validate(controls); err != nil {
		return nil, err
	}
	accepting := newAccepting(m, acceptances, day)
	report := &Report{
		Format: Format, Stack: m.Stack, Day: day.Format(time.DateOnly), Resources: len(m.Resources),
		Controls: []Result{}, Acceptances: accepting.meant(), Problems: []Problem{},
	}
	for _, control := range controls {
		result := answer(m, control, accepting)
		report.Controls = append(report.Controls, result)
		report.Totals.add(result.Verdict)
	}
	report.Scores = scores(report.Controls)
	report.Problems = append(report.Problems, accepting.problems(controls)...)
	return report, nil
}

// Validate checks the list itself.
func Validate(controls []Control) error {
	var problems []error
	seen := map[string]bool{}
	for i, control := range controls {
		name := control.ID
		if name == "" {
			name = fmt.Sprintf("number %d of the list", i+1)
		}
		for _, problem := range faults(control, seen[control.ID]) {
			problems = append(problems, fmt.Errorf("control %s: %s", name, problem))
		}
		seen[control.ID] = true
	}
	return errors.Join(problems...)
}

// faults says what is wrong with one control.
func faults(c Control, twice bool) []string {
	var out []string
	say := func(wrong bool, problem string) {
		if wrong {
			out = append(out, problem)
		}
	}
	say(c.ID == "", "ID is empty: give it AWS's")
	say(twice, "ID is in the list twice: drop one")
	say(c.Title == "", "Title is empty: give it AWS's sentence in short")
	say(!slices.Contains([]Severity{Critical, High, Medium, Low}, c.Severity), "Severity is none of critical, high, medium, low")
	say(len(c.Pillars) == 0, "Pillars is empty: name one at least")
	for _, pillar := range c.Pillars {
		say(!slices.Contains(Pillars, pillar), fmt.Sprintf("Pillars: %q is not one of the framework's", pillar))
	}
	page, err := url.Parse(c.Source)
	say(err != nil || page.Scheme != "https" || page.Host == "", "Source is not an https address: name AWS's page")
	say((c.Check == nil) == (c.Decide == ""), "it needs either Check or Decide, and not both")
	say(c.Check != nil && c.Absent == "", "Absent is empty: say why the control does not apply where nothing answers")
	say(c.Outside && c.Decide == "", "Outside needs Decide: what the account owns is decided by a command")
	return out
}

// answer gives one control its result.
func answer(m *Model, control Control, accepting *accepting) Result {
	result := Result{
		ID: control.ID, Title: control.Title, Severity: control.Severity, Pillars: control.Pillars, Source: control.Source,
		Findings: []Finding{},
	}
	if control.Check == nil {
		result.Verdict, result.Decide = Undecidable, control.Decide
		if control.Outside {
			result.Verdict = OutsideStack
		}
		return result
	}
	for _, answer := range control.Check(m) {
		result.Findings = append(result.Findings, finding(m, answer))
	}
	if len(result.Findings) == 0 {
		result.Verdict, result.Why = NotApplicable, control.Absent
		return result
	}
	for i := range result.Findings {
		if one := &result.Findings[i]; one.Verdict != Passed {
			if acceptance := accepting.accept(control, one.Resource); acceptance != nil {
				one.Verdict, one.Acceptance = Accepted, acceptance
			}
		}
	}
	result.Verdict = worst(result.Findings)
	return result
}

// finding is an answer with its resource's name. What is said of no resource is said of the stack.
func finding(m *Model, a Answer) Finding {
	out := Finding{Resource: m.label(), Verdict: Passed, Why: sentence(a.Why)}
	if a.Resource != nil {
		out.Resource, out.URN = a.Resource.Label(), a.Resource.URN
	}
	if !a.OK {
		out.Verdict, out.Fix = Failed, sentence(a.Fix)
		if a.NeedsDomain {
			out.Verdict = NeedsDomain
		}
	}
	return out
}

// worst is a control's verdict from those of its resources: a failure weighs more than one that a domain would end, and
// that more than an accepted one.
func worst(findings []Finding) Verdict {
	for _, verdict := range []Verdict{Failed, NeedsDomain, Accepted} {
		if slices.ContainsFunc(findings, func(f Finding) bool { return f.Verdict == verdict }) {
			return verdict
		}
	}
	return Passed
}

// sentence keeps a control's words on one line.
func sentence(text string) string { return strings.Join(strings.Fields(text), " ") }
