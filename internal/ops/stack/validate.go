package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/format"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
)

// PartState is how one part of a validation ended.
type PartState string

// The states of a part.
const (
	PartClean   PartState = "clean"
	PartChanged PartState = "changed" // a deployment would change something, or AWS differs from the state
	PartBroken  PartState = "broken"
	PartNotRun  PartState = "notRun" // what comes before is broken
)

// Part is one part of a validation.
type Part struct {
	Name     string    `json:"name"`
	State    PartState `json:"state"`
	Findings []Finding `json:"findings"`
}

// Finding is one thing that a part found.
type Finding struct {
	Subject  string `json:"subject"`            // a file, a setting or a resource
	Property string `json:"property,omitempty"` // of the resource
	Wanted   string `json:"wanted,omitempty"`
	Found    string `json:"found,omitempty"`
	Message  string `json:"message,omitempty"`
	Next     string `json:"next,omitempty"`
}

// Validation is the outcome of all parts, in their order.
type Validation struct {
	Environment string `json:"environment"`
	Parts       []Part `json:"parts"`
}

// Validate is what to validate. What needs AWS is asked for late, so that the first parts are looked at without it.
type Validate struct {
	Environment, Project string
	Settings             func() error                                     // reads the stack file
	SignIn               func(ctx context.Context) error                  // makes sure of the account
	Open                 func(ctx context.Context) (*engine.Stack, error) // opens the stack
	Observer             engine.Observer
	Say                  ops.Say
}

// Run runs every part that can be run. The error is for a validation that was stopped; what is wrong is in the parts.
func (v Validate) Run(ctx context.Context) (Validation, error) {
	out := Validation{Environment: v.Environment}
	var opened *engine.Stack
	broken := false // from the settings on, each part stands on the one before
	for _, part := range []struct {
		name       string
		standsOn   bool
		work       func(context.Context) (PartState, []Finding, error)
		whatToSay  string
		foundation bool
	}{
		{"formatting", false, v.formatting, "looking at the formatting of the Go files", false},
		{"vet", false, v.vet, "running go vet ./...", false},
		{"settings", true, func(context.Context) (PartState, []Finding, error) { return "", nil, v.Settings() }, "", true},
		{"account", true, func(ctx context.Context) (PartState, []Finding, error) { return "", nil, v.SignIn(ctx) }, "", true},
		{"stack", true, func(ctx context.Context) (PartState, []Finding, error) {
			var err error
			opened, err = v.Open(ctx)
			return "", nil, err
		}, "", true},
		{"preview", true, func(ctx context.Context) (PartState, []Finding, error) { return v.preview(ctx, opened) }, "", false},
		{"drift", true, func(ctx context.Context) (PartState, []Finding, error) { return v.drift(ctx, opened) }, "", false},
	} {
		done := Part{Name: part.name, State: PartNotRun, Findings: []Finding{}}
		if !broken || !part.standsOn {
			if part.whatToSay != "" {
				v.Say("%s: %s", v.Environment, part.whatToSay)
			}
			state, findings, err := part.work(ctx)
			if ctx.Err() != nil {
				return out, fmt.Errorf("validating %s: %w", v.Environment, context.Cause(ctx))
			}
			done = conclude(part.name, state, findings, err)
			broken = broken || part.foundation && done.State == PartBroken
		}
		out.Parts = append(out.Parts, done)
	}
	return out, nil
}

// conclude makes a part of what its work found.
func conclude(name string, state PartState, findings []Finding, err error) Part {
	part := Part{Name: name, State: state, Findings: append([]Finding{}, findings...)}
	if err != nil {
		part.State = PartBroken
		if len(findings) == 0 {
			finding := Finding{Subject: name, Message: err.Error()}
			var problem *ops.Problem
			if errors.As(err, &problem) {
				finding.Message, finding.Next = strings.TrimSuffix(problem.What+": "+problem.Why, ": "), problem.Next
			}
			part.Findings = append(part.Findings, finding)
		}
	}
	if part.State == "" {
		part.State = PartClean
	}
	return part
}

// formatting compares the project's Go files with what gofmt makes of them.
func (v Validate) formatting(ctx context.Context) (PartState, []Finding, error) {
	files, err := goFiles(ctx, v.Project)
	if err != nil {
		return "", nil, err
	}
	var findings []Finding
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(v.Project, name))
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, and git still lists it
		}
		if err != nil {
			return "", nil, fmt.Errorf("reading %s: %w", name, err)
		}
		formatted, err := format.Source(text)
		switch {
		case err != nil:
			findings = append(findings, Finding{Subject: name, Message: "it does not parse: " + err.Error()})
		case !bytes.Equal(text, formatted):
			findings = append(findings, Finding{Subject: name, Message: "it is not formatted", Next: "`gofmt -w " + name + "`"})
		}
	}
	if len(findings) > 0 {
		return PartBroken, findings, nil
	}
	return PartClean, nil, nil
}

// goFiles are the Go files that git tracks or would: what is built or downloaded is none of the project's.
func goFiles(ctx context.Context, project string) ([]string, error) {
	out, err := run(ctx, project, "git", "ls-files", "-z", "-co", "--exclude-standard", "*.go")
	if err != nil {
		return nil, fmt.Errorf("listing the project's Go files with git: %w: %s", err, strings.TrimSpace(out))
	}
	var files []string
	for name := range strings.SplitSeq(out, "\x00") {
		if name != "" {
			files = append(files, name)
		}
	}
	return files, nil
}

// vet runs go vet.
func (v Validate) vet(ctx context.Context) (PartState, []Finding, error) {
	out, err := run(ctx, v.Project, "go", "vet", "./...")
	if err == nil {
		return PartClean, nil, nil
	}
	var findings []Finding
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		// FILE:LINE:COLUMN: what is wrong
		if file, message, ok := strings.Cut(line, ": "); ok && strings.Contains(file, ".go:") {
			findings = append(findings, Finding{Subject: strings.TrimPrefix(file, "vet: "), Message: message})
			continue
		}
		findings = append(findings, Finding{Subject: "go vet", Message: line})
	}
	return PartBroken, findings, fmt.Errorf("running go vet: %w", err)
}

// run runs a command in a folder and returns what it printed.
func run(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	// What it started may hold its output open: when the time is over, that is not waited for.
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// preview tells what a deployment would change.
func (v Validate) preview(ctx context.Context, s *engine.Stack) (PartState, []Finding, error) {
	var problems []engine.Problem
	summary, err := Preview(ctx, s, v.Environment, false, v.Observer, &problems)
	if err != nil {
		var findings []Finding
		for _, p := range problems {
			findings = append(findings, Finding{Subject: subject(p.Type, p.URN), Property: p.Property, Message: p.Message, Next: p.Next})
		}
		return PartBroken, findings, err
	}
	if summary.Empty() {
		return PartClean, nil, nil
	}
	next := "`itrack deploy " + v.Environment + "` does it"
	var findings []Finding
	for _, change := range summary.all() {
		text := "a deployment would " + string(change.Verb) + " it"
		if change.Loses != "" {
			text += ", and lose " + change.Loses
		}
		findings = append(findings, Finding{Subject: describe(change), Message: text, Next: next})
	}
	for _, output := range summary.Outputs {
		findings = append(findings, Finding{Subject: "output " + output.Path, Wanted: output.New, Found: output.Old, Next: next})
	}
	if len(findings) == 0 {
		findings = append(findings, Finding{Subject: "state", Message: fmt.Sprintf("%d providers and components would change", summary.Counts.Other), Next: next})
	}
	return PartChanged, findings, nil
}

// drift tells what AWS has otherwise than the state; nothing is written.
func (v Validate) drift(ctx context.Context, s *engine.Stack) (PartState, []Finding, error) {
	steps, outcome, err := s.Drift(ctx, v.Observer)
	if err != nil {
		var findings []Finding
		for _, p := range outcome.Problems {
			findings = append(findings, Finding{Subject: subject(p.Type, p.URN), Message: p.Message, Next: p.Next})
		}
		return PartBroken, findings, err
	}
	next := "`itrack deploy " + v.Environment + " --refresh` puts it back; where AWS is right, change the program or its settings"
	var findings []Finding
	for _, step := range steps {
		name := describe(Change{Step: step})
		if step.Verb == engine.VerbDelete {
			findings = append(findings, Finding{Subject: name, Message: "it does not exist any more",
				Next: "`itrack deploy " + v.Environment + " --refresh` makes it again, without what was in it"})
			continue
		}
		for _, d := range step.Differences {
			findings = append(findings, Finding{Subject: name, Property: d.Path, Wanted: orNone(d.Old), Found: orNone(d.New), Next: next})
		}
	}
	if len(findings) == 0 {
		return PartClean, nil, nil
	}
	return PartChanged, findings, nil
}

func subject(token, urn string) string {
	name := kind(token)
	if i := strings.LastIndex(urn, "::"); i >= 0 {
		name += " " + urn[i+2:]
	}
	if name == "" {
		return "the stack"
	}
	return name
}

// Kind is what the validation means for the caller: broken before changed. ok: all is clean.
func (v Validation) Kind() (kind ops.Kind, ok bool) {
	changed := false
	for _, part := range v.Parts {
		if part.State == PartBroken {
			return ops.Failed, false
		}
		changed = changed || part.State == PartChanged
	}
	if changed {
		return ops.Changed, false
	}
	return 0, true
}

// Write writes the page.
func (v Validation) Write(w io.Writer) {
	fmt.Fprintf(w, "%s\n", v.Environment)
	for _, part := range v.Parts {
		state := string(part.State)
		if part.State == PartNotRun {
			state = "not run: what comes before is broken"
		}
		fmt.Fprintf(w, "  %-11s %s\n", part.Name, state)
		next := ""
		for i, f := range part.Findings {
			fmt.Fprintf(w, "    %s\n", f.line())
			next = f.Next
			if last := i == len(part.Findings)-1; next != "" && (last || part.Findings[i+1].Next != next) {
				fmt.Fprintf(w, "      what to do: %s\n", next)
			}
		}
	}
}

func (f Finding) line() string {
	text := f.Subject
	if f.Property != "" {
		text += " " + f.Property
	}
	if f.Message != "" {
		text += ": " + f.Message
	}
	if f.Wanted != "" || f.Found != "" {
		text += ": wanted " + orNone(f.Wanted) + ", found " + orNone(f.Found)
	}
	return text
}
