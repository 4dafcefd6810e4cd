package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"github.com/itrack/itrack/internal/recovery"
)

// orphans lists what carries the stack's tags and is in no state.
func (r *repair) orphans(ctx context.Context) error {
	regions, tags := r.regions()
	if len(tags) == 0 {
		return nil // nothing says which objects are this stack's
	}
	for _, region := range append(regions, "global") {
		objects, err := r.Finder.Tagged(ctx, r.Account, region, tags)
		if err != nil {
			return fmt.Errorf("listing what is tagged as %s in %s: %w", r.Name, region, err)
		}
		for _, object := range objects {
			if !r.inState(object) && !r.adopting(object) {
				r.report.Orphans = append(r.report.Orphans, object)
			}
		}
	}
	return nil
}

// inState tells whether the state knows an object, by its id or its ARN.
func (r *repair) inState(o recovery.Object) bool {
	for _, known := range r.state.Resources {
		if !known.Custom || o.Type != "" && string(known.Type) != o.Type {
			continue
		}
		region, _ := r.provider(known.Provider)
		if region != o.Region && o.Region != "global" && !strings.HasPrefix(string(known.ID), "arn:") {
			continue
		}
		arn, _ := known.Outputs["arn"].(string)
		if id := string(known.ID); id == o.ID || id == o.ARN || arn != "" && arn == o.ARN {
			return true
		}
	}
	return false
}

// adopting tells whether a dry run would adopt an object.
func (r *repair) adopting(o recovery.Object) bool {
	return slices.ContainsFunc(append(r.report.Interrupted, r.report.Planned...), func(d Decision) bool {
		return d.Action == ActionAdopt && d.Type == o.Type && (d.ID == o.ID || d.ID == o.Import)
	})
}

// remove deletes the orphans that were named.
func (r *repair) remove(ctx context.Context) error {
	if r.DryRun {
		return nil
	}
	for _, id := range r.DeleteOrphan {
		at := slices.IndexFunc(r.report.Orphans, func(o recovery.Object) bool { return o.ID == id || o.ARN == id })
		if at < 0 {
			return fmt.Errorf("--delete-orphan %s: there is no orphan of that id or ARN; without the flag the command lists them", id)
		}
		orphan := r.report.Orphans[at]
		if err := r.deleteOrphan(ctx, orphan); err != nil {
			return fmt.Errorf("deleting the orphan %s: %w", id, err)
		}
		r.report.Deleted = append(r.report.Deleted, orphan)
		r.report.Orphans = slices.Delete(r.report.Orphans, at, at+1)
	}
	return nil
}

// deleteOrphan lets the provider delete an object: it knows what each type needs first. For that the object is in the state
// for a moment, under a name that no program uses.
func (r *repair) deleteOrphan(ctx context.Context, o recovery.Object) error {
	if o.Type == "" {
		return fmt.Errorf("no Pulumi type is known for %s; delete it in the console or with the aws command", o.ARN)
	}
	provider := r.providerOf(o.Region)
	if provider == "" {
		return fmt.Errorf("the stack has no provider for the region %s", o.Region)
	}
	before, err := r.readRaw(ctx)
	if err != nil {
		return err
	}
	id := o.ID
	if o.Import != "" {
		id = o.Import
	}
	urn := resource.NewURN(tokens.QName(r.Name), r.config.project.Name, "", tokens.Type(o.Type), "orphan")
	text, err := json.Marshal(map[string]any{"urn": urn, "type": o.Type, "custom": true, "id": id, "provider": provider,
		"inputs": map[string]any{}, "outputs": map[string]any{}})
	if err != nil {
		return err
	}
	var entry rawResource
	if err := json.Unmarshal(text, &entry); err != nil {
		return err
	}
	kept := slices.Clone(before.Resources)
	before.Resources = append(before.Resources, entry)
	if err := r.writeRaw(ctx, before); err != nil {
		return err
	}
	if err := r.deleteTarget(ctx, string(urn)); err != nil {
		// What refuses to go must not stay in the state as the stack's.
		before.Resources = kept
		if back := r.writeRaw(ctx, before); back != nil {
			return fmt.Errorf("%w; and it stands in the state now: `pulumi state delete '%s'` (%w)", err, urn, back)
		}
		return err
	}
	return nil
}

// deleteTarget reads one resource of the state from the cloud and deletes it.
func (r *repair) deleteTarget(ctx context.Context, urn string) error {
	if _, err := r.auto.Refresh(ctx, optrefresh.Target([]string{urn}), optrefresh.Color("never"), optrefresh.SuppressProgress()); err != nil {
		return Explain(err)
	}
	t := newTracker(r.Name, PhaseDestroy, r.Observer)
	_, err := r.operate(ctx, t, "destroy", func(stream chan<- events.EngineEvent) error {
		_, err := r.auto.Destroy(ctx, optdestroy.Target([]string{urn}), optdestroy.EventStreams(stream), optdestroy.Color("never"),
			optdestroy.SuppressProgress())
		return err
	})
	return err
}

// providerOf is a reference to the provider of a region; what belongs to no region may go through any.
func (r *repair) providerOf(region string) string {
	for _, res := range r.state.Resources {
		if res.Type != providerPrefix+"aws" {
			continue
		}
		if its, _ := providerSettings(res.Inputs); its == region || region == "global" && its != "" {
			return string(res.URN) + "::" + string(res.ID)
		}
	}
	return ""
}

// providerSettings are a provider's region and default tags; what is no text is JSON text in the state of a real provider.
func providerSettings(inputs map[string]any) (string, map[string]string) {
	region, _ := inputs["region"].(string)
	settings := inputs["defaultTags"]
	if text, is := settings.(string); is {
		if json.Unmarshal([]byte(text), &settings) != nil {
			return region, nil
		}
	}
	tags := map[string]string{}
	if whole, is := settings.(map[string]any); is {
		given, _ := whole["tags"].(map[string]any)
		for key, value := range given {
			tags[key] = fmt.Sprint(value)
		}
	}
	return region, tags
}
