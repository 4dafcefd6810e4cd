package docs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/itrack/itrack/cmd/itrack/internal/page"
	"github.com/itrack/itrack/cmd/itrack/rehearse"
	"github.com/itrack/itrack/internal/docgen"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/quotas"
)

// rehearsals are the deployments that two documents are made from.
type rehearsals struct {
	*Options
	project string
	folders []string

	// both is staging and production, each in an account of its own, deployed when it is first asked for.
	both *rehearsed
	err  error
}

// rehearsed is what a rehearsal left: its report, and the folder with its pretend cloud.
type rehearsed struct {
	engine.Report
	dir string
}

// coverage is docs/coverage.md, from both stacks and from production with every optional part.
func (r *rehearsals) coverage(ctx context.Context) ([]byte, error) {
	both, err := r.stacks(ctx)
	if err != nil {
		return nil, err
	}
	full := engine.Options{Environments: []string{"production"}}
	for _, setting := range docgen.EveryPart {
		overlay, err := engine.ParseOverlay(setting)
		if err != nil {
			return nil, err
		}
		full.Overlays = append(full.Overlays, overlay)
	}
	every, err := r.rehearse(ctx, full)
	if err != nil {
		return nil, err
	}
	text, err := docgen.Coverage(both.Stacks[0].State.Raw, both.Stacks[1].State.Raw, every.Stacks[0].State.Raw)
	return []byte(text), err
}

// quotas is docs/quotas.md, from both stacks apart and from both in one account.
func (r *rehearsals) quotas(ctx context.Context) ([]byte, error) {
	apart, err := r.stacks(ctx)
	if err != nil {
		return nil, err
	}
	together, err := r.rehearse(ctx, engine.Options{Environments: environments, OneAccount: true, TakeOver: rehearse.TakeOver})
	if err != nil {
		return nil, err
	}
	var objects [3][]cloud.Object
	for i, place := range []struct {
		dir   string
		stack engine.StackReport
	}{{apart.dir, apart.Stacks[0]}, {apart.dir, apart.Stacks[1]}, {together.dir, together.Stacks[0]}} {
		if objects[i], err = existing(place.dir, place.stack.Account); err != nil {
			return nil, err
		}
	}
	return []byte(quotas.Page(objects[0], objects[1], objects[2])), nil
}

// existing are the objects of an account in a rehearsal's cloud.
func existing(dir, account string) ([]cloud.Object, error) {
	pretend, err := cloud.Open(engine.CloudDir(dir))
	if err != nil {
		return nil, fmt.Errorf("opening the rehearsal's cloud: %w", err)
	}
	objects, err := pretend.Objects(account)
	return objects, errors.Join(err, pretend.Close())
}

// stacks rehearses both stacks once; what failed is not tried again for the next document.
func (r *rehearsals) stacks(ctx context.Context) (*rehearsed, error) {
	if r.both == nil && r.err == nil {
		r.both, r.err = r.rehearse(ctx, engine.Options{Environments: environments})
	}
	return r.both, r.err
}

// environments are the two stacks that the documents speak of.
var environments = []string{"staging", "production"}

// rehearse deploys into a stand-in AWS of its own and keeps it until the documents are made. What fails there is printed as
// `itrack rehearse` prints it: a page made from a stack that does not stand would claim what is not so.
func (r *rehearsals) rehearse(ctx context.Context, options engine.Options) (*rehearsed, error) {
	f := r.Factory
	cli, err := f.Pulumi(ctx, r.project)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "itrack-docs-*")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the rehearsal: %w", err)
	}
	r.folders = append(r.folders, dir)
	progress := page.NewProgress(f.IO)
	options.Project, options.CLI, options.Keep = r.project, cli, filepath.Join(dir, "rehearsal")
	options.Program, options.Plugins, options.Observer = f.Program, f.Plugins, progress.Observe
	report, err := f.Rehearse(ctx, options)
	progress.Close()
	if err != nil {
		return nil, err
	}
	if !report.OK() {
		streams := f.IO
		streams.Out, streams.OutWidth = streams.Err, streams.ErrWidth
		if err := page.Rehearsal(streams, report); err != nil {
			return nil, fmt.Errorf("printing the rehearsal: %w", err)
		}
		return nil, errors.New("the rehearsal does not hold; the page above says where")
	}
	return &rehearsed{Report: report, dir: options.Keep}, nil
}

// remove takes the rehearsals' folders away.
func (r *rehearsals) remove() {
	for _, dir := range r.folders {
		_ = os.RemoveAll(dir)
	}
}
