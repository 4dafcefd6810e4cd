package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/itrack/itrack/internal/recovery"
)

// planned finds what a lost answer left behind. The engine took the create for failed and recorded nothing, so that only
// the program still knows of the resource: a preview would make it again. What exists of that is adopted.
func (r *repair) planned(ctx context.Context) error {
	if len(r.state.Resources) == 0 {
		return nil
	}
	for range maxRounds {
		creates, err := r.creates(ctx)
		if err != nil {
			return err
		}
		adopted, err := r.adoptPlanned(ctx, creates)
		if err != nil || adopted == 0 || r.DryRun {
			return err
		}
		if err := r.writeRaw(ctx, r.state); err != nil {
			return err
		}
		if err := r.settle(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: every preview finds more that exists already; run this again", r.Name)
}

// creates are what a preview of the program would make.
func (r *repair) creates(ctx context.Context) ([]apitype.StepEventMetadata, error) {
	t, restore := r.follow(UpOptions{Phase: PhasePreview, Observer: r.Observer})
	defer restore()
	_, err := r.operate(ctx, t, "preview", func(stream chan<- events.EngineEvent) error {
		_, err := r.auto.Preview(ctx, optpreview.EventStreams(stream), optpreview.Color("never"), optpreview.SuppressProgress())
		return err
	})
	return t.creates, err
}

// adoptPlanned looks for what is about to be made and puts what exists into the state; it tells how many there were.
func (r *repair) adoptPlanned(ctx context.Context, creates []apitype.StepEventMetadata) (int, error) {
	adopted := 0
	for _, step := range creates {
		res, err := resourceOf(step)
		if err != nil {
			return adopted, err
		}
		// What the state called pending is decided already; a dry run has not written that down.
		if !isCustom(&res.ResourceV3) || r.decided(step.URN) {
			continue
		}
		p := r.pending(&res.ResourceV3)
		if p.Region == "" {
			continue // its provider is about to be made too: then nothing of it was made
		}
		d, err := r.look(ctx, p)
		if errors.Is(err, recovery.ErrNotKnown) {
			continue // a later round knows
		}
		if err != nil {
			return adopted, err
		}
		if d.Action == ActionOpen && r.Adopt[d.URN] != "" {
			d.Action, d.ID, d.Why = ActionAdopt, r.Adopt[d.URN], "named by --adopt"
		}
		if d.Action != ActionAdopt {
			if d.Action == ActionOpen {
				r.report.Planned = append(r.report.Planned, d)
			}
			continue
		}
		r.report.Planned = append(r.report.Planned, d)
		if err := r.state.adopt(res, d.ID); err != nil {
			return adopted, fmt.Errorf("adopting %s: %w", d.URN, err)
		}
		adopted++
	}
	return adopted, nil
}

func (r *repair) decided(urn string) bool {
	for _, d := range append(r.report.Interrupted, r.report.Planned...) {
		if d.URN == urn && (d.Action == ActionOpen || d.Action == ActionAdopt || r.DryRun) {
			return true
		}
	}
	return false
}

// resourceOf is the state of a resource that a preview would make, as far as the preview knows it.
func resourceOf(step apitype.StepEventMetadata) (rawResource, error) {
	var res rawResource
	if step.New == nil {
		return res, nil
	}
	text, err := json.Marshal(map[string]any{
		"urn": step.URN, "type": step.Type, "custom": step.New.Custom, "inputs": step.New.Inputs, "parent": step.New.Parent,
		"provider": step.New.Provider, "protect": step.New.Protect, "retainOnDelete": step.New.RetainOnDelete,
	})
	if err != nil {
		return res, err
	}
	return res, json.Unmarshal(text, &res)
}
