package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/cmd/itrack/internal/page"
	"github.com/itrack/itrack/cmd/itrack/rehearse"
	"github.com/itrack/itrack/internal/engine"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
)

// readExport reads what `pulumi stack export` wrote, from a file or from stdin.
func readExport(path string, in io.Reader) (apitype.UntypedDeployment, error) {
	var raw apitype.UntypedDeployment
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return raw, err
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	if err := json.NewDecoder(in).Decode(&raw); err != nil {
		return raw, fmt.Errorf("not what `pulumi stack export` writes: %w", err)
	}
	if len(raw.Deployment) == 0 || string(raw.Deployment) == "null" {
		return raw, errors.New("not what `pulumi stack export` writes: it has no deployment")
	}
	return raw, nil
}

// rehearsed deploys each environment into the stand-in AWS. A stack that does not stand is not reviewed: its page says why.
func (o *Options) rehearsed(ctx context.Context) ([]apitype.UntypedDeployment, error) {
	f := o.Factory
	overlays, err := f.Overlays(o.Sets)
	if err != nil {
		return nil, err
	}
	project, err := f.Project()
	if err != nil {
		return nil, err
	}
	environments, err := cmdutil.ChooseEnvironments(project, o.Environments)
	if err != nil {
		return nil, err
	}
	cli, err := f.Pulumi(ctx, project)
	if err != nil {
		return nil, err
	}
	progress := page.NewProgress(f.IO)
	report, err := f.Rehearse(ctx, engine.Options{
		Project: project, Environments: environments, Program: f.Program, CLI: cli, Plugins: f.Plugins, Overlays: overlays, Observer: progress.Observe,
	})
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
		err := errors.New("the rehearsal does not hold, so there is nothing to review; the page above says where")
		if rehearse.SettingsRefused(report) {
			return nil, cmdutil.UsageError{Err: err}
		}
		return nil, err
	}
	exports := make([]apitype.UntypedDeployment, 0, len(report.Stacks))
	for _, stack := range report.Stacks {
		exports = append(exports, stack.State.Raw)
	}
	return exports, nil
}
