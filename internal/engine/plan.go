package engine

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Verb is what becomes of a resource.
type Verb string

// The verbs. A replacement makes a new object and deletes the old one, in whichever order.
const (
	VerbCreate  Verb = "create"
	VerbUpdate  Verb = "update"
	VerbReplace Verb = "replace"
	VerbDelete  Verb = "delete"
	VerbImport  Verb = "import"
)

// Step is what an operation would do to one resource, with the properties that differ.
type Step struct {
	URN    string `json:"urn"`
	Type   string `json:"type"`
	Name   string `json:"name"` // in the program
	Verb   Verb   `json:"verb"`
	ID     string `json:"id,omitempty"` // of what exists
	Custom bool   `json:"-"`            // it exists in the cloud: no component, no provider
	// Kept: the object stays in the cloud although the stack lets go of it (retainOnDelete).
	Kept        bool         `json:"kept,omitempty"`
	Differences []Difference `json:"differences"`
}

// PlanOptions shape a Plan.
type PlanOptions struct {
	Refresh  bool // read the cloud's state first, without writing it down
	Observer Observer
}

// Plan is what Up would do.
type Plan struct {
	Outcome
	Steps   []Step       // in the order of their URNs
	Outputs []Difference // of the stack
	Same    int          // resources of the cloud that stay as they are
}

// Plan says what Up would change, property by property, without changing it.
func (s *Stack) Plan(ctx context.Context, options PlanOptions) (Plan, error) {
	t, restore := s.follow(UpOptions{Phase: PhasePreview, Observer: options.Observer})
	defer restore()
	t.detailed = true
	outcome, err := s.operate(ctx, t, "preview", func(stream chan<- events.EngineEvent) error {
		opts := []optpreview.Option{optpreview.EventStreams(stream), optpreview.Color("never"), optpreview.SuppressProgress()}
		if options.Refresh {
			opts = append(opts, optpreview.Refresh())
		}
		_, err := s.auto.Preview(ctx, opts...)
		return err
	})
	return newPlan(outcome, t.steps), err
}

// Drift says what differs between the state and the cloud, without writing it into the state. Old is what the state has, New
// what the cloud has; a step to delete is a resource that the cloud has not any more.
func (s *Stack) Drift(ctx context.Context, observer Observer) ([]Step, Outcome, error) {
	t := newTracker(s.Name, PhaseRefresh, observer)
	t.detailed = true
	outcome, err := s.operate(ctx, t, "refresh", func(stream chan<- events.EngineEvent) error {
		_, err := s.auto.PreviewRefresh(ctx, optrefresh.EventStreams(stream), optrefresh.Color("never"), optrefresh.SuppressProgress())
		return err
	})
	return newPlan(outcome, t.steps).Steps, outcome, err
}

// newPlan joins the steps of each resource: a replacement has three.
func newPlan(outcome Outcome, steps []apitype.StepEventMetadata) Plan {
	plan := Plan{Outcome: outcome, Steps: []Step{}, Outputs: []Difference{}}
	byURN := map[string]*Step{}
	same := map[string]bool{}
	for _, step := range steps {
		if step.Type == string(resource.RootStackType) {
			plan.Outputs = append(plan.Outputs, outputDifferences(step)...)
			continue
		}
		verb, known := verbs[step.Op]
		if !known {
			if countable(step) && step.Op == apitype.OpSame {
				same[step.URN] = true
			}
			continue
		}
		joined := byURN[step.URN]
		if joined == nil {
			joined = &Step{URN: step.URN, Type: step.Type, Name: resource.URN(step.URN).Name(), Differences: []Difference{}}
			byURN[step.URN] = joined
		}
		joined.add(step, verb)
	}
	for _, step := range byURN {
		plan.Steps = append(plan.Steps, *step)
	}
	slices.SortFunc(plan.Steps, func(a, b Step) int { return cmp.Compare(a.URN, b.URN) })
	for urn := range same {
		if byURN[urn] == nil {
			plan.Same++
		}
	}
	return plan
}

// verbs are the operations of the engine that change something. What is read, refreshed or only forgotten does not.
var verbs = map[apitype.OpType]Verb{
	apitype.OpCreate:            VerbCreate,
	apitype.OpUpdate:            VerbUpdate,
	apitype.OpDelete:            VerbDelete,
	apitype.OpReplace:           VerbReplace,
	apitype.OpCreateReplacement: VerbReplace,
	apitype.OpDeleteReplaced:    VerbReplace,
	apitype.OpImport:            VerbImport,
	apitype.OpImportReplacement: VerbReplace,
}

func (s *Step) add(step apitype.StepEventMetadata, verb Verb) {
	switch {
	case step.Op == apitype.OpCreate:
		// After a deletion it is what a refresh before the plan did not find any more, and the program wants.
		s.Verb, s.ID = VerbCreate, ""
	case step.Op == apitype.OpDeleteReplaced:
		// Without a replacement in the same plan it is what an earlier one left to delete.
		if s.Verb != VerbReplace {
			s.Verb = VerbDelete
		}
	case verb == VerbReplace, s.Verb == "":
		s.Verb = verb
	}
	if old := step.Old; old != nil {
		s.Custom = s.Custom || isReal(*old, step.Type)
		if s.Verb != VerbCreate {
			s.ID = cmp.Or(s.ID, old.ID)
		}
		s.Kept = s.Kept || old.RetainOnDelete
	}
	if step.New != nil {
		s.Custom = s.Custom || isReal(*step.New, step.Type)
	}
	if len(s.Differences) == 0 && (verb == VerbUpdate || verb == VerbReplace) {
		s.Differences = differences(step)
	}
}

func isReal(state apitype.StepEventStateMetadata, kind string) bool {
	return state.Custom && !state.External && !strings.HasPrefix(kind, providerPrefix)
}
