package engine

import (
	"context"
	"fmt"
	"math"
	"os"
	"sort"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Bench is a stack's first up compared with the least the engine needs for as many resources.
type Bench struct {
	Stack     string  `json:"stack"`
	Resources int     `json:"resources"`
	Providers int     `json:"providers"`
	Program   Spread  `json:"program"` // seconds of the first up of the stack
	Trivial   Spread  `json:"trivial"` // seconds of the first up of as many trivial resources
	Ratio     float64 `json:"ratio"`   // of the medians
}

// Spread is a set of measurements in seconds.
type Spread struct {
	Median float64   `json:"median"`
	Min    float64   `json:"min"`
	Max    float64   `json:"max"`
	All    []float64 `json:"all"`
}

// newSpread orders measurements. The median of an even number is the mean of the middle two.
func newSpread(values []float64) Spread {
	all := append([]float64(nil), values...)
	sort.Float64s(all)
	n := len(all)
	if n == 0 {
		return Spread{}
	}
	return Spread{Median: (all[(n-1)/2] + all[n/2]) / 2, Min: all[0], Max: all[n-1], All: values}
}

// MeasureOptions describe a benchmark.
type MeasureOptions struct {
	Rehearsal Options // which project, program and plugins; what is kept or exported does not matter
	Runs      int
	// Ran, if set, is told of each measured up.
	Ran func(stack, what string, run int, seconds float64)
}

// Measure times the first up of each environment, and the first up of a program that declares one trivial resource
// for each of its custom resources, under the same component tree and in the same providers. The two take turns, so
// that a machine that gets slower hits both.
func Measure(ctx context.Context, o MeasureOptions) ([]Bench, error) {
	var out []Bench
	for _, environment := range o.Rehearsal.Environments {
		bench, err := measureStack(ctx, o, environment)
		if err != nil {
			return out, fmt.Errorf("measuring %s: %w", environment, err)
		}
		out = append(out, bench)
	}
	return out, nil
}

func measureStack(ctx context.Context, o MeasureOptions, environment string) (Bench, error) {
	bench := Bench{Stack: environment}
	var program, trivial []float64
	for run := 1; run <= o.Runs; run++ {
		took, state, err := firstUp(ctx, o.Rehearsal, environment)
		if err != nil {
			return bench, err
		}
		program = append(program, took)
		o.tell(environment, "program", run, took)
		plan := planTrivial(state)
		_, bench.Resources = state.byType()
		bench.Providers = plan.providers

		same := o.Rehearsal
		same.Program = plan.program
		took, state, err = firstUp(ctx, same, environment)
		if err != nil {
			return bench, fmt.Errorf("the trivial program: %w", err)
		}
		if _, made := state.byType(); made != bench.Resources {
			return bench, fmt.Errorf("the trivial program made %d resources instead of %d", made, bench.Resources)
		}
		trivial = append(trivial, took)
		o.tell(environment, "trivial", run, took)
	}
	bench.Program, bench.Trivial = newSpread(program), newSpread(trivial)
	if bench.Trivial.Median > 0 {
		bench.Ratio = math.Round(100*bench.Program.Median/bench.Trivial.Median) / 100
	}
	return bench, nil
}

func (o MeasureOptions) tell(stack, what string, run int, seconds float64) {
	if o.Ran != nil {
		o.Ran(stack, what, run, seconds)
	}
}

// firstUp deploys one environment into a new, empty cloud and returns the seconds it took and what was made.
func firstUp(ctx context.Context, o Options, environment string) (float64, *State, error) {
	dir, err := os.MkdirTemp("", "itrack-bench-")
	if err != nil {
		return 0, nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	run, done, err := begin(o, dir)
	if err != nil {
		return 0, nil, err
	}
	defer done()
	stack, _, err := run.open(ctx, environment)
	if err != nil {
		return 0, nil, err
	}
	outcome, err := stack.Up(ctx, UpOptions{Phase: PhaseUp, Observer: o.Observer})
	if err != nil {
		return 0, nil, err
	}
	state, err := stack.Export(ctx)
	return outcome.WallSeconds, state, err
}

// trivialPlan is a program that declares trivial resources.
type trivialPlan struct {
	program   pulumi.RunFunc
	providers int
}

// trivialResource is any custom resource; trivialProvider and trivialComponent likewise.
type (
	trivialResource  struct{ pulumi.CustomResourceState }
	trivialProvider  struct{ pulumi.ProviderResourceState }
	trivialComponent struct{ pulumi.ResourceState }
)

// trivialType is about the cheapest thing the stand-in makes: a topic with nothing but a name.
const trivialType = "aws:sns/topic:Topic"

// planTrivial makes a program from a stack's state: each component under its own parent, each provider, and for each
// custom resource one trivial resource under the same parent, in the same provider. Resources of other packages than
// aws come from the first aws provider; their own provider is started all the same.
func planTrivial(state *State) trivialPlan {
	plan := trivialPlan{}
	for i := range state.Resources {
		if isProvider(&state.Resources[i]) {
			plan.providers++
		}
	}
	plan.program = func(ctx *pulumi.Context) error {
		made := map[resource.URN]pulumi.Resource{}
		providers := map[string]pulumi.ProviderResource{}
		var first pulumi.ProviderResource
		for i := range state.Resources {
			r := &state.Resources[i]
			if !isProvider(r) {
				continue
			}
			provider := &trivialProvider{}
			inputs := pulumi.Map{}
			if region, ok := r.Inputs["region"].(string); ok {
				inputs["region"] = pulumi.String(region)
			}
			name := fmt.Sprintf("%s-%d", r.URN.Name(), i)
			if err := ctx.RegisterResource(string(r.Type), name, inputs, provider); err != nil {
				return fmt.Errorf("creating provider %s: %w", name, err)
			}
			providers[string(r.URN)+"::"+string(r.ID)] = provider
			if first == nil && r.Type == "pulumi:providers:aws" && inputs["region"] != nil {
				first = provider
			}
		}
		for i := range state.Resources {
			if err := registerTrivial(ctx, &state.Resources[i], i, made, providers, first); err != nil {
				return err
			}
		}
		return nil
	}
	return plan
}

func registerTrivial(ctx *pulumi.Context, r *apitype.ResourceV3, index int, made map[resource.URN]pulumi.Resource,
	providers map[string]pulumi.ProviderResource, first pulumi.ProviderResource,
) error {
	var options []pulumi.ResourceOption
	if parent := made[r.Parent]; parent != nil {
		options = []pulumi.ResourceOption{pulumi.Parent(parent)}
	}
	switch {
	case r.Type == resource.RootStackType, isProvider(r):
		return nil
	case !r.Custom:
		component := &trivialComponent{}
		if err := ctx.RegisterComponentResource(string(r.Type), r.URN.Name(), component, options...); err != nil {
			return fmt.Errorf("creating component %s: %w", r.URN.Name(), err)
		}
		made[r.URN] = component
		return ctx.RegisterResourceOutputs(component, pulumi.Map{})
	case isCustom(r):
		provider := first
		if own := providers[r.Provider]; own != nil && r.Type.Package() == "aws" {
			provider = own
		}
		name := fmt.Sprintf("%s-%d", r.URN.Name(), index)
		thing := &trivialResource{}
		all := []pulumi.ResourceOption{pulumi.Provider(provider)}
		all = append(all, options...)
		inputs := pulumi.Map{"name": pulumi.String(fmt.Sprintf("trivial-%d", index))}
		if err := ctx.RegisterResource(trivialType, name, inputs, thing, all...); err != nil {
			return fmt.Errorf("creating resource %s: %w", name, err)
		}
		made[r.URN] = thing
	}
	return nil
}
