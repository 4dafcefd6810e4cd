// Package docs is `itrack docs`.
package docs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/cmd/itrack/internal/page"
	"github.com/itrack/itrack/infra"
	"github.com/itrack/itrack/internal/docgen"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/rehearsal/rules"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Check bool
}

// NewCmdDocs makes the command. runF, if given, takes the place of the command's own work.
func NewCmdDocs(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "docs",
		Short: "Write the documents that are made from the code",
		Long: `Write the documents that are made from the code into docs/:

  config.schema.json  the settings, for editors
  settings.md         the settings, for readers
  outputs.md          the stack's outputs
  rules.md            what AWS refuses late, and what the rehearsal refuses for it
  coverage.md         which resources carry each phrase of the design

The last one is made from rehearsals of staging, of production and of production with every optional part on.

Exit codes: 0 written, or with --check nothing differs; 1 otherwise.`,
		Example: `  itrack docs
  itrack docs --check`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runDocs(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.Check, "check", false, "write nothing; fail where a document is not what the code says")
	return cmd
}

// document is one file of docs/ and what makes it.
type document struct {
	name string
	make func(context.Context) ([]byte, error)
}

func runDocs(ctx context.Context, o *Options) error {
	project, err := o.Factory.Project()
	if err != nil {
		return err
	}
	documents := []document{
		{docgen.SchemaFile, func(context.Context) ([]byte, error) { return o.Factory.Schema() }},
		{docgen.SettingsFile, func(context.Context) ([]byte, error) { return []byte(docgen.Settings()), nil }},
		{docgen.OutputsFile, func(context.Context) ([]byte, error) { return []byte(infra.OutputsPage()), nil }},
		{docgen.RulesFile, func(context.Context) ([]byte, error) { return []byte(docgen.Rules(rules.All())), nil }},
		{docgen.CoverageFile, func(ctx context.Context) ([]byte, error) { return o.coverage(ctx, project) }},
	}
	// One document that can't be made keeps none of the others from being written.
	var problems []error
	var different []string
	for _, document := range documents {
		path := filepath.Join(project, "docs", document.name)
		text, err := document.make(ctx)
		if err != nil {
			if errors.Is(err, context.Canceled) {
				return err
			}
			problems = append(problems, fmt.Errorf("making docs/%s: %w", document.name, err))
			continue
		}
		have, err := os.ReadFile(path)
		switch {
		case err == nil && bytes.Equal(have, text):
			continue
		case err != nil && !errors.Is(err, os.ErrNotExist):
			problems = append(problems, fmt.Errorf("reading docs/%s: %w", document.name, err))
			continue
		case o.Check:
			different = append(different, "docs/"+document.name)
			continue
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			problems = append(problems, fmt.Errorf("writing docs/%s: %w", document.name, err))
			continue
		}
		fmt.Fprintln(o.Factory.IO.Err, "wrote docs/"+document.name)
	}
	if len(different) > 0 {
		problems = append(problems, fmt.Errorf("not what the code says: %s; run `make docs` and commit what it writes", strings.Join(different, ", ")))
	}
	return errors.Join(problems...)
}

// coverage rehearses the three deployments that the page is made from.
func (o *Options) coverage(ctx context.Context, project string) ([]byte, error) {
	cli, err := o.Factory.Pulumi(ctx, project)
	if err != nil {
		return nil, err
	}
	both, err := o.rehearse(ctx, engine.Options{Project: project, CLI: cli, Environments: []string{"staging", "production"}})
	if err != nil {
		return nil, err
	}
	full := engine.Options{Project: project, CLI: cli, Environments: []string{"production"}}
	for _, setting := range docgen.EveryPart {
		overlay, err := engine.ParseOverlay(setting)
		if err != nil {
			return nil, err
		}
		full.Overlays = append(full.Overlays, overlay)
	}
	every, err := o.rehearse(ctx, full)
	if err != nil {
		return nil, err
	}
	text, err := docgen.Coverage(both[0], both[1], every[0])
	return []byte(text), err
}

// rehearse deploys into a stand-in AWS of its own and returns what was deployed. What fails there is printed as
// `itrack rehearse` prints it: a page made from a stack that does not stand would claim what is not so.
func (o *Options) rehearse(ctx context.Context, options engine.Options) ([]apitype.UntypedDeployment, error) {
	progress := page.NewProgress(o.Factory.IO)
	options.Program, options.Plugins, options.Observer = o.Factory.Program, o.Factory.Plugins, progress.Observe
	report, err := o.Factory.Rehearse(ctx, options)
	progress.Close()
	if err != nil {
		return nil, err
	}
	if !report.OK() {
		streams := o.Factory.IO
		streams.Out, streams.OutWidth = streams.Err, streams.ErrWidth
		if err := page.Rehearsal(streams, report); err != nil {
			return nil, fmt.Errorf("printing the rehearsal: %w", err)
		}
		return nil, errors.New("the rehearsal does not hold; the page above says where")
	}
	var states []apitype.UntypedDeployment
	for _, stack := range report.Stacks {
		states = append(states, stack.State.Raw)
	}
	return states, nil
}
