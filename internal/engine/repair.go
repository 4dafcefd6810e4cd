package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/recovery"
)

// RepairOptions shape one repair.
type RepairOptions struct {
	Finder  recovery.Finder
	Account string // the account whose objects are looked at
	DryRun  bool   // look and say, change nothing

	Unlock       []string          // locks of other hosts whose holder is known to be gone
	Adopt        map[string]string // ids that somebody knows, by URN
	Clear        []string          // URNs of pending creations that are known to exist nowhere
	DeleteOrphan []string          // ids (or ARNs) of orphans to delete

	Observer Observer
}

// RepairReport says what a repair found and did.
type RepairReport struct {
	Stack       string            `json:"stack"`
	DryRun      bool              `json:"dryRun"`
	Locks       []Lock            `json:"locks"`
	Interrupted []Decision        `json:"interrupted"` // what the state says was going on
	Planned     []Decision        `json:"planned"`     // made, not in the state, and about to be made again
	Orphans     []recovery.Object `json:"orphans"`     // tagged as this stack's, in no state
	Deleted     []recovery.Object `json:"deleted"`
	Drift       []Change          `json:"drift"` // what the refresh found to differ
}

// Decision is what becomes of one resource.
type Decision struct {
	URN    string `json:"urn"`
	Type   string `json:"type"`
	Action Action `json:"action"`
	ID     string `json:"id,omitempty"`
	Why    string `json:"why"`
}

// Action is what is done about a resource.
type Action string

// The actions.
const (
	ActionAdopt   Action = "adopt"   // it exists: it goes into the state under its id
	ActionClear   Action = "clear"   // it exists nowhere, or making it again makes no second one
	ActionRefresh Action = "refresh" // an update, deletion or read was cut off: the refresh tells how far it came
	ActionOpen    Action = "open"    // somebody has to decide
)

// repair is one run of Repair.
type repair struct {
	RepairOptions
	*Stack
	report *RepairReport
	state  *rawState
}

// maxRounds bounds how often a repair previews: each round may make known what identifies the resources of the next.
const maxRounds = 10

// Repair puts a stack right whose last operation was killed or lost an answer: it releases a dead holder's lock, adopts what
// was made and not recorded, clears what was not made, deletes the orphans that are named, and refreshes. Nothing is written
// while something is open.
func (s *Stack) Repair(ctx context.Context, o RepairOptions) (RepairReport, error) {
	report := RepairReport{Stack: s.Name, DryRun: o.DryRun, Locks: []Lock{}, Interrupted: []Decision{}, Planned: []Decision{},
		Orphans: []recovery.Object{}, Deleted: []recovery.Object{}, Drift: []Change{}}
	r := &repair{RepairOptions: o, Stack: s, report: &report}
	for _, step := range []func(context.Context) error{r.unlock, r.interrupted, r.settle, r.planned, r.orphans, r.remove} {
		if err := step(ctx); err != nil {
			return report, err
		}
	}
	if !o.DryRun {
		s.sound = true
	}
	return report, nil
}

// unlock looks at the locks and releases those it may.
func (r *repair) unlock(ctx context.Context) error {
	locks, err := r.Locks(ctx)
	if err != nil {
		return err
	}
	r.report.Locks = locks
	if r.DryRun || len(locks) == 0 {
		return nil
	}
	return r.release(ctx, locks, r.Unlock)
}

// interrupted decides about the operations that the state calls pending, and writes the decisions into the state.
func (r *repair) interrupted(ctx context.Context) error {
	var err error
	if r.state, err = r.readRaw(ctx); err != nil {
		return err
	}
	for _, operation := range r.state.Pending {
		decision, err := r.decide(ctx, operation)
		if err != nil {
			return err
		}
		r.report.Interrupted = append(r.report.Interrupted, decision)
	}
	if err := r.open(r.report.Interrupted); err != nil || r.DryRun || len(r.state.Pending) == 0 {
		return err
	}
	for i, decision := range r.report.Interrupted {
		if decision.Action == ActionAdopt {
			if err := r.state.adopt(r.state.Pending[i].Resource, decision.ID); err != nil {
				return fmt.Errorf("adopting %s: %w", decision.URN, err)
			}
		}
	}
	return r.writeRaw(ctx, r.state)
}

// open is an error that says how to decide about what is open.
func (r *repair) open(decisions []Decision) error {
	var lines []string
	for _, d := range decisions {
		if d.Action == ActionOpen {
			lines = append(lines, fmt.Sprintf("%s: %s", d.URN, d.Why))
		}
	}
	if len(lines) == 0 || r.DryRun {
		return nil
	}
	return fmt.Errorf("nothing was changed, for somebody has to decide about %d (--adopt URN=ID if it exists, --clear URN if not):\n  %s",
		len(lines), strings.Join(lines, "\n  "))
}

// decide says what becomes of one pending operation.
func (r *repair) decide(ctx context.Context, operation rawOperation) (Decision, error) {
	d := Decision{URN: string(operation.Resource.URN), Type: string(operation.Resource.Type)}
	switch {
	case operation.Type != apitype.OperationTypeCreating:
		d.Action, d.Why = ActionRefresh, "was "+string(operation.Type)
		return d, nil
	case !isCustom(&operation.Resource.ResourceV3):
		d.Action, d.Why = ActionClear, "a component or provider exists in no cloud"
		return d, nil
	case r.Adopt[d.URN] != "":
		d.Action, d.ID, d.Why = ActionAdopt, r.Adopt[d.URN], "named by --adopt"
		return d, nil
	case slices.Contains(r.Clear, d.URN):
		d.Action, d.Why = ActionClear, "named by --clear"
		return d, nil
	}
	return r.look(ctx, r.pending(&operation.Resource.ResourceV3))
}

// look asks the finder for a resource and decides by what it says.
func (r *repair) look(ctx context.Context, p recovery.Pending) (Decision, error) {
	d := Decision{URN: p.URN, Type: p.Type}
	found, err := r.Finder.Find(ctx, p)
	switch {
	case errors.Is(err, recovery.ErrNotCovered) && recovery.Repeatable(p.Type):
		d.Action, d.Why = ActionClear, "making it again overwrites it"
		return d, nil
	case errors.Is(err, recovery.ErrNotCovered):
		d.Action, d.Why = ActionOpen, fmt.Sprintf("%s cannot be looked for; see whether it exists, in the console or with the aws command", p.Type)
		return d, nil
	case err != nil:
		return d, err
	}
	found = slices.DeleteFunc(found, func(f recovery.Found) bool { return r.taken(p, f.ID) })
	switch len(found) {
	case 0:
		d.Action, d.Why = ActionClear, "exists nowhere"
	case 1:
		d.Action, d.ID, d.Why = ActionAdopt, found[0].ID, "found "+found[0].How
		if found[0].Import != "" {
			d.ID = found[0].Import
		}
	default:
		var ids []string
		for _, f := range found {
			ids = append(ids, f.ID)
		}
		d.Action, d.Why = ActionOpen, fmt.Sprintf("%d objects look like it: %s", len(ids), strings.Join(ids, ", "))
	}
	return d, nil
}

// taken tells whether the state has an object under some URN already. The entry of what a pending creation replaces keeps
// its name's id until the new one is recorded.
func (r *repair) taken(p recovery.Pending, id string) bool {
	for _, known := range r.state.Resources {
		if string(known.Type) != p.Type || known.Delete && string(known.URN) != p.URN {
			continue
		}
		region, _ := r.provider(known.Provider)
		if string(known.ID) == id && region == p.Region && !(known.PendingReplacement && string(known.URN) == p.URN) {
			return true
		}
	}
	return false
}

// pending is what the finder needs to know of a resource.
func (r *repair) pending(res *apitype.ResourceV3) recovery.Pending {
	region, tags := r.provider(res.Provider)
	return recovery.Pending{URN: string(res.URN), Type: string(res.Type), Name: res.URN.Name(), Inputs: res.Inputs,
		Account: r.Account, Region: region, DefaultTags: tags}
}

// provider is the region of a resource's provider and the tags that it puts on everything.
func (r *repair) provider(reference string) (string, map[string]string) {
	urn := reference
	if i := strings.LastIndex(reference, "::"); i > 0 {
		urn = reference[:i]
	}
	at := r.state.index(resource.URN(urn))
	if at < 0 {
		return "", nil
	}
	region, tags := providerSettings(r.state.Resources[at].Inputs)
	return region, tags
}

// settle refreshes. What the refresh does not see although the finder does, just made and not yet visible everywhere, must
// not be lost from the state, or the next up would make a second one: then the state is put back and read again.
func (r *repair) settle(ctx context.Context) error {
	if r.DryRun || len(r.state.Resources) == 0 {
		return nil
	}
	before, err := r.readRaw(ctx)
	if err != nil {
		return err
	}
	for range maxRounds {
		outcome, err := r.Refresh(ctx, r.Observer)
		if err != nil {
			return err
		}
		after, err := r.readRaw(ctx)
		if err != nil {
			return err
		}
		hidden, err := r.hidden(ctx, before, after)
		if err != nil {
			return err
		}
		if len(hidden) == 0 {
			r.state = after
			r.drifted(outcome.Changes)
			return nil
		}
		if err := r.writeRaw(ctx, before); err != nil {
			return err
		}
	}
	return fmt.Errorf("the refresh of %s still does not see what exists; run this again in a few minutes", r.Name)
}

// hidden are the resources that a refresh took out of the state although they exist.
func (r *repair) hidden(ctx context.Context, before, after *rawState) ([]string, error) {
	var hidden []string
	r.state = after
	for _, old := range before.Resources {
		if !isCustom(&old.ResourceV3) || after.index(old.URN) >= 0 {
			continue
		}
		found, err := r.Finder.Find(ctx, r.pending(&old.ResourceV3))
		if errors.Is(err, recovery.ErrNotCovered) || errors.Is(err, recovery.ErrNotKnown) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(found, func(f recovery.Found) bool { return f.ID == string(old.ID) || f.Import == string(old.ID) }) {
			hidden = append(hidden, string(old.URN))
		}
	}
	return hidden, nil
}

// drifted keeps what a refresh changed, other than what was adopted just now.
func (r *repair) drifted(changes []Change) {
	adopted := map[string]bool{}
	for _, d := range slices.Concat(r.report.Interrupted, r.report.Planned) {
		adopted[d.URN] = d.Action == ActionAdopt
	}
	for _, change := range changes {
		if !adopted[change.URN] {
			r.report.Drift = append(r.report.Drift, change)
		}
	}
}

// regions are the regions of the stack's providers.
func (r *repair) regions() ([]string, map[string]string) {
	regions := map[string]bool{}
	var common map[string]string
	for _, res := range r.state.Resources {
		if res.Type != providerPrefix+"aws" {
			continue
		}
		region, tags := providerSettings(res.Inputs)
		if region == "" {
			continue
		}
		regions[region] = true
		if common == nil {
			common = maps.Clone(tags)
		}
		maps.DeleteFunc(common, func(key, value string) bool { return tags[key] != value })
	}
	return slices.Sorted(maps.Keys(regions)), common
}
