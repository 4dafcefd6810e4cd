// Package validate is `itrack validate`.
package validate

import (
	"context"
	"errors"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/cmd/itrack/internal/page"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops/stack"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Environment string
	JSON        bool
	Timeout     time.Duration
}

// NewCmdValidate makes the command. runF, if given, takes the place of the command's own work.
func NewCmdValidate(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "validate ENVIRONMENT",
		Short: "Check formatting, vet, settings, preview and drift",
		Long: `Check an environment from the source code to AWS. Nothing is changed, neither in AWS nor in the state.

In this order: the formatting of the project's Go files (those that git knows), go vet, the stack file, the AWS account, the
stack, a preview, and the drift: what AWS has otherwise than the state, property by property, wanted and found. What a
deployment of the applications or the autoscaling owns is no drift.

Formatting and vet are always looked at; from the stack file on, each part needs those before it, and is "notRun" while one
of them is broken.

Exit codes: 0 all clean, 1 something is broken, 2 wrong usage, 3 a deployment would change something, or there is drift,
5 the time is over, 130 cancelled.`,
		Example: `  itrack validate staging
  itrack validate production --json | jq '.parts[] | select(.state != "clean")'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return validateRun(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	flags.DurationVar(&o.Timeout, "timeout", time.Hour, "how long the whole may take")
	return cmd
}

func validateRun(ctx context.Context, o *Options) error {
	ctx, cancel, err := cmdutil.Within(ctx, o.Timeout)
	if err != nil {
		return err
	}
	defer cancel()
	f := o.Factory
	project, err := f.Project()
	if err != nil {
		return err
	}
	if _, err := cmdutil.ChooseEnvironments(project, []string{o.Environment}); err != nil {
		return err
	}
	progress := page.NewProgress(f.IO)
	validation, err := stack.Validate{
		Environment: o.Environment, Project: project, Say: f.Say, Observer: progress.Observe,
		Settings: func() error {
			_, _, err := f.Settings(o.Environment)
			return err
		},
		SignIn: func(ctx context.Context) error {
			_, err := f.Environment(ctx, o.Environment)
			return err
		},
		Open: func(ctx context.Context) (*engine.Stack, error) { return f.OpenedStack(ctx, o.Environment) },
	}.Run(ctx)
	progress.Close()
	if err != nil {
		return cmdutil.Overdue(ctx, "validating "+o.Environment, err)
	}
	if o.JSON {
		err = f.PrintJSON(validation)
	} else {
		validation.Write(f.IO.Out)
	}
	if kind, ok := validation.Kind(); !ok {
		return errors.Join(err, cmdutil.Silent(kind))
	}
	return err
}
