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
	"github.com/itrack/itrack/infra"
	"github.com/itrack/itrack/internal/docgen"
	"github.com/itrack/itrack/internal/rehearsal/rules"
	"github.com/itrack/itrack/internal/rehearsal/rules/quotas"
	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/controls"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory
	// Root is the command that holds all others.
	Root *cobra.Command

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
  controls.md         the best practices that a review answers
  cli.md              the commands
  coverage.md         which resources carry each phrase of the design
  quotas.md           what the stacks take of AWS's default quotas

The last two are made from rehearsals: staging and production apart, both in one account, production with every optional part.

Exit codes: 0 written, or with --check nothing differs; 1 otherwise.`,
		Example: `  itrack docs
  itrack docs --check`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Root = cmd.Root()
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
	made := &rehearsals{Options: o, project: project}
	defer made.remove()
	documents := []document{
		{docgen.SchemaFile, func(context.Context) ([]byte, error) { return o.Factory.Schema() }},
		{docgen.SettingsFile, func(context.Context) ([]byte, error) { return []byte(docgen.Settings()), nil }},
		{docgen.OutputsFile, func(context.Context) ([]byte, error) { return []byte(infra.OutputsPage()), nil }},
		{docgen.RulesFile, func(context.Context) ([]byte, error) { return []byte(docgen.Rules(rules.All())), nil }},
		{review.ControlsFile, func(context.Context) ([]byte, error) { return []byte(review.ControlsPage(controls.All())), nil }},
		{docgen.CLIFile, func(context.Context) ([]byte, error) { return []byte(CLI(o.Root)), nil }},
		{docgen.CoverageFile, made.coverage},
		{quotas.File, made.quotas},
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

// CLI is docs/cli.md for the command that holds all others.
func CLI(root *cobra.Command) string {
	var codes []docgen.ExitCode
	for _, code := range cmdutil.ExitCodes {
		codes = append(codes, docgen.ExitCode(code))
	}
	return docgen.CLI(root, codes)
}
