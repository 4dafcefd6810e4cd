package stack

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
)

// Destruction is the end of a stack.
type Destruction struct {
	Stack       *engine.Stack
	Environment string
	Settings    []string // the protections that are on in the stack file
	DryRun      bool
	Observer    engine.Observer
	// Confirm is asked once nothing stands in the way.
	Confirm func(resources int) error
}

// Destroyed is what a destruction did.
type Destroyed struct {
	Environment string           `json:"environment"`
	State       string           `json:"state"` // empty (there was nothing), refused, planned, destroyed, failed
	Protections []Protection     `json:"protections"`
	Resources   int              `json:"resources"` // there were
	Remaining   int              `json:"remaining"`
	Stays       []string         `json:"stays"` // in AWS, after the stack
	Problems    []engine.Problem `json:"problems"`
}

// Destroy deletes what the stack made, unless something protects it. The empty stack stays.
func Destroy(ctx context.Context, d Destruction) (Destroyed, error) {
	what := "destroying " + d.Environment
	out := Destroyed{Environment: d.Environment, State: "refused", Protections: []Protection{}, Stays: []string{}, Problems: []engine.Problem{}}
	if err := Free(ctx, d.Stack, what); err != nil {
		return out, err
	}
	if err := Sound(ctx, d.Stack, what); err != nil {
		return out, err
	}
	state, err := d.Stack.Export(ctx)
	if err != nil {
		return out, err
	}
	out.Resources = len(state.Owned())
	out.Remaining = out.Resources
	if len(state.Resources) == 0 {
		out.State = "empty"
		return out, nil
	}
	out.Stays = stays(d.Environment, state)
	if out.Protections = Protections(d.Environment, d.Settings, state); len(out.Protections) > 0 {
		var lines []string
		for _, p := range out.Protections {
			lines = append(lines, p.Where+": "+p.What+"; to lift it "+p.Lift)
		}
		return out, ops.Refuse(what, fmt.Sprintf("%d protections are on:\n  %s", len(lines), strings.Join(lines, "\n  ")),
			"lift each of them, once what is to be kept is backed up outside the stack; nothing was deleted")
	}
	if d.DryRun {
		out.State = "planned"
		return out, nil
	}
	if d.Confirm != nil {
		if err := d.Confirm(out.Resources); err != nil {
			return out, err
		}
	}
	if err := Free(ctx, d.Stack, what); err != nil {
		return out, err
	}
	outcome, err := d.Stack.Destroy(ctx, d.Observer)
	if err == nil {
		out.State, out.Remaining = "destroyed", 0
		return out, nil
	}
	if isLocked(outcome.Problems) {
		// Taken in the moment before: nothing was deleted.
		return out, takenBefore(ctx, d.Stack, what)
	}
	out.State, out.Problems = "failed", append(out.Problems, outcome.Problems...)
	// Also after a cancellation: what is left has to be told.
	if left, exportErr := d.Stack.Export(context.WithoutCancel(ctx)); exportErr == nil {
		out.Remaining = len(left.Owned())
	}
	progress := fmt.Sprintf("%d of %d resources are deleted, %d are left", out.Resources-out.Remaining, out.Resources, out.Remaining)
	return out, failed(ctx, what, err, outcome.Problems, progress)
}

// Write writes how a destruction ended.
func (d Destroyed) Write(w io.Writer) {
	switch d.State {
	case "empty":
		fmt.Fprintf(w, "%s: nothing is left to destroy\n", d.Environment)
		return
	case "planned":
		fmt.Fprintf(w, "%s: dry run: %d resources would be deleted, nothing protects them\n", d.Environment, d.Resources)
	case "destroyed":
		fmt.Fprintf(w, "%s: %d resources are deleted\n", d.Environment, d.Resources)
	case "failed":
		fmt.Fprintf(w, "%s: %d of %d resources are deleted, %d are left\n", d.Environment, d.Resources-d.Remaining, d.Resources, d.Remaining)
	default:
		fmt.Fprintf(w, "%s: refused; %d resources are as they were\n", d.Environment, d.Resources)
	}
	if len(d.Protections) > 0 {
		fmt.Fprintf(w, "\n  Protected (%d)\n", len(d.Protections))
		for _, p := range d.Protections {
			fmt.Fprintf(w, "    %s\n      %s\n      to lift it: %s\n", p.Where, p.What, p.Lift)
		}
	} else if len(d.Stays) > 0 {
		fmt.Fprintln(w, "\n  What stays")
		for _, text := range d.Stays {
			fmt.Fprintf(w, "    %s\n", text)
		}
	}
	WriteProblems(w, d.Problems)
}
