package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
)

// Deployment is one deployment of a stack.
type Deployment struct {
	Stack       *engine.Stack
	Environment string
	// AllowReplace names the stateful resources that may be replaced or deleted.
	AllowReplace []string
	Refresh      bool // read what AWS has first, so that drift is put back
	DryRun       bool // preview and check, change nothing
	Observer     engine.Observer

	// Show shows what would be done, before Confirm asks; an error of Confirm ends the deployment.
	Show    func(Summary)
	Confirm func(Summary) error
	// Release, if set, is the step after the stack: it brings what runs to the release that the stack wants.
	Release func(ctx context.Context, environment string) error
}

// State is how a deployment ended.
type State string

// The states.
const (
	StateUnchanged State = "unchanged" // the stack is as the program wants it
	StatePlanned   State = "planned"   // a dry run
	StateRefused   State = "refused"   // nothing was done
	StateDeployed  State = "deployed"
	StateFailed    State = "failed" // or stopped; what was done stays
)

// Result is what a deployment did.
type Result struct {
	Environment string           `json:"environment"`
	State       State            `json:"state"`
	Plan        *Summary         `json:"plan,omitempty"`
	Done        Counts           `json:"done"`
	Problems    []engine.Problem `json:"problems"`
	Released    bool             `json:"released"` // the step after the stack was taken and ended well
	Seconds     float64          `json:"seconds"`  // of the deployment of the stack
}

// Deploy previews, checks, asks, previews once more and deploys, in this order.
//
// The engine holds the lock of a stack only while it deploys, and does not bind a deployment to its preview: its update plans
// cannot be used, since a remote component (awsx's Vpc) refers to resources whose ids are not known in the plan, and the engine
// takes the known ids for a deviation. So what was shown is compared with a second preview after the answer, which may have
// taken an hour; and a replacement or deletion that comes up during the deployment all the same ends it (see engine.UpOptions for what
// that can still save).
func Deploy(ctx context.Context, d Deployment) (Result, error) {
	what := "deploying " + d.Environment
	result := Result{Environment: d.Environment, State: StateRefused, Problems: []engine.Problem{}}
	if err := Free(ctx, d.Stack, what); err != nil {
		return result, err
	}
	if err := Sound(ctx, d.Stack, what); err != nil {
		return result, err
	}
	summary, err := Preview(ctx, d.Stack, d.Environment, d.Refresh, d.Observer, &result.Problems)
	if err != nil {
		result.State = StateFailed
		return result, err
	}
	result.Plan = &summary
	if d.Show != nil {
		d.Show(summary)
	}
	if err := summary.Allow(d.AllowReplace); err != nil {
		return result, err
	}
	switch {
	case d.DryRun:
		result.State = StatePlanned
		return result, nil
	case summary.Empty():
		result.State = StateUnchanged
	default:
		if err := d.up(ctx, summary, &result); err != nil {
			return result, err
		}
		result.State = StateDeployed
	}
	if d.Release == nil {
		return result, nil
	}
	if err := d.Release(ctx, d.Environment); err != nil {
		return result, fmt.Errorf("the stack of %s is deployed; bringing what runs to the release that it wants: %w", d.Environment, err)
	}
	result.Released = true
	return result, nil
}

// Preview is what a deployment would do. What is wrong with the program or AWS goes to problems.
func Preview(ctx context.Context, s *engine.Stack, environment string, refresh bool, observer engine.Observer, problems *[]engine.Problem) (Summary, error) {
	plan, err := s.Plan(ctx, engine.PlanOptions{Refresh: refresh, Observer: observer})
	if err != nil {
		*problems = append(*problems, plan.Problems...)
		return Summarize(environment, engine.Plan{}), failed(ctx, "previewing "+environment, err, plan.Problems, "nothing was changed")
	}
	return Summarize(environment, plan), nil
}

// up asks, makes sure that what was shown still holds, and deploys.
func (d Deployment) up(ctx context.Context, shown Summary, result *Result) error {
	what := "deploying " + d.Environment
	if d.Confirm != nil {
		if err := d.Confirm(shown); err != nil {
			return err
		}
	}
	// Somebody else may have come meanwhile.
	if err := Free(ctx, d.Stack, what); err != nil {
		return err
	}
	now, err := Preview(ctx, d.Stack, d.Environment, d.Refresh, d.Observer, &result.Problems)
	if err != nil {
		result.State = StateFailed
		return err
	}
	if beyond := shown.Beyond(now); len(beyond) > 0 {
		return ops.Refuse(what, "something changed since what was shown: now "+strings.Join(beyond, ", "),
			"run it again, which shows what would be done now")
	}
	planned := shown.verbs()
	outcome, err := d.Stack.Up(ctx, engine.UpOptions{Phase: engine.PhaseDeploy, Refresh: d.Refresh, Observer: d.Observer,
		Guard: func(urn string, verb engine.Verb) error { return guard(what, planned, urn, verb) }})
	result.Done, result.Seconds = count(outcome.Changes, planned), outcome.WallSeconds
	if err == nil {
		return nil
	}
	if isLocked(outcome.Problems) {
		// Taken in the moment before: nothing was done.
		return takenBefore(ctx, d.Stack, what)
	}
	result.State, result.Problems = StateFailed, outcome.Problems
	progress := fmt.Sprintf("%d of %d changes were made and stay, and the state has them", result.Done.Changing(), shown.Counts.Changing())
	return failed(ctx, what, err, outcome.Problems, progress)
}

// guard refuses a replacement or deletion that was not shown.
func guard(what string, planned map[string]engine.Verb, urn string, verb engine.Verb) error {
	switch planned[urn] {
	case engine.VerbReplace, engine.VerbDelete:
		return nil
	case engine.VerbCreate:
		// The refresh before the deployment takes out of the state what AWS has not any more.
		return nil
	}
	return &ops.Problem{What: what, Why: urn + " was about to be " + pastTense[verb] + ", which the preview did not show: the deployment was stopped",
		Next: "run it again, which previews again and shows it; `itrack preview` tells what is left to do"}
}

// failed is the error of an operation that began. What each problem is stands in the result.
func failed(ctx context.Context, what string, err error, problems []engine.Problem, progress string) error {
	var problem *ops.Problem
	switch {
	case errors.As(err, &problem):
		stopped := *problem
		stopped.Why += "; " + progress
		return &stopped
	case errors.Is(err, context.DeadlineExceeded):
		return &ops.Problem{Kind: ops.TimedOut, What: what, Why: "the time is over, and it was stopped: " + progress,
			Next: "run it again, with a longer --timeout; it goes on where it stopped", Err: err}
	case ctx.Err() != nil:
		return fmt.Errorf("%s was stopped; %s; run it again to go on: %w", what, progress, err)
	case len(problems) == 0:
		return ops.Explain(what, err)
	}
	next := "mend that and run it again: it goes on where it stopped"
	if problems[0].Next != "" {
		next = problems[0].Next + "; then run it again: it goes on where it stopped"
	}
	why := problems[0].Error()
	if problems[0].Next != "" {
		why = strings.TrimSuffix(why, "; "+problems[0].Next)
	}
	if len(problems) > 1 {
		why += fmt.Sprintf(" (and %d more problems)", len(problems)-1)
	}
	return &ops.Problem{What: what, Why: why + "; " + progress, Next: next, Err: err}
}

func isLocked(problems []engine.Problem) bool {
	return slices.ContainsFunc(problems, func(p engine.Problem) bool { return p.Rule == "StackLocked" })
}

// verbs is what becomes of each resource.
func (s Summary) verbs() map[string]engine.Verb {
	out := map[string]engine.Verb{}
	for _, change := range s.all() {
		out[change.URN] = change.Verb
	}
	return out
}

func (s Summary) all() []Change {
	return slices.Concat(s.Stateful, s.Replacements, s.Deletions, s.Updates, s.Creations)
}

// Beyond lists what now goes further than s. Less, or an update instead of a replacement, does not.
func (s Summary) Beyond(now Summary) []string {
	was := s.verbs()
	var out []string
	for _, change := range now.all() {
		before := was[change.URN]
		if before == change.Verb || before == engine.VerbReplace && change.Verb == engine.VerbUpdate {
			continue
		}
		out = append(out, fmt.Sprintf("%s would be %s", describe(change), participle[change.Verb]))
	}
	return out
}

var participle = map[engine.Verb]string{engine.VerbCreate: "created", engine.VerbImport: "imported", engine.VerbUpdate: "updated",
	engine.VerbReplace: "replaced", engine.VerbDelete: "deleted"}

// count counts the planned changes that an operation made, a replacement once. Components and providers are none of them.
func count(changes []engine.Change, planned map[string]engine.Verb) Counts {
	verbs := map[string]engine.Verb{}
	counts := Counts{}
	for _, change := range changes {
		if planned[change.URN] != "" {
			verbs[change.URN] = planned[change.URN]
		}
	}
	for verb := range maps.Values(verbs) {
		switch verb {
		case engine.VerbCreate, engine.VerbImport:
			counts.Create++
		case engine.VerbUpdate:
			counts.Update++
		case engine.VerbReplace:
			counts.Replace++
		case engine.VerbDelete:
			counts.Delete++
		}
	}
	return counts
}
