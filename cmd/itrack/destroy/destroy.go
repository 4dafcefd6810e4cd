// Package destroy is `itrack destroy`.
package destroy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/cmd/itrack/internal/page"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/stack"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Environment string
	Confirmed   string
	DryRun      bool
	JSON        bool
	Timeout     time.Duration
}

// NewCmdDestroy makes the command. runF, if given, takes the place of the command's own work.
func NewCmdDestroy(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "destroy ENVIRONMENT",
		Short: "Delete everything that the stack made in AWS",
		Long: `Delete everything that the stack made in AWS, with the data in it.

In this order: makes sure of the AWS account; refuses while somebody else holds the stack's lock, or an interrupted run has left
creations that may exist without being in the state; refuses while anything protects the stack, and lists all of it with what
lifts each: settings of the stack file, protected resources, deletion protections in AWS; asks for the environment's name;
deletes; says what stays in AWS.

It never lifts a protection, never deletes the secrets or the bucket of the state, and leaves the empty stack
(` + "`pulumi stack rm`" + ` removes it). On a stack that is empty already it says so, and that is success.

One Ctrl-C ends it cleanly, after the calls in flight; the next run deletes what is left. A run that is killed leaves the
lock: ` + "`itrack state unlock`" + ` puts that right.

Exit codes: 0 destroyed, or nothing was left, 1 something failed, 2 wrong usage, settings or account, 4 refused, nothing was
deleted, 5 the time is over, 130 cancelled.`,
		Example: `  # what protects it, and what would stay
  itrack destroy staging --dry-run

  itrack destroy staging

  # where nobody can be asked
  itrack destroy staging --confirm staging`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return destroyRun(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Confirmed, "confirm", "", "the `ENVIRONMENT` once more, instead of being asked for it")
	flags.BoolVar(&o.DryRun, "dry-run", false, "look and say, delete nothing")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	flags.DurationVar(&o.Timeout, "timeout", 3*time.Hour, "how long the whole may take; then it ends as after Ctrl-C")
	return cmd
}

func destroyRun(ctx context.Context, o *Options) error {
	if o.Confirmed != "" && o.Confirmed != o.Environment {
		return cmdutil.UsageError{Err: fmt.Errorf("--confirm %s is not the environment %s that is to be destroyed", o.Confirmed, o.Environment)}
	}
	return o.Factory.WithStack(ctx, o.Environment, o.Timeout, o.destroy)
}

func (o *Options) destroy(ctx context.Context, opened *engine.Stack) error {
	f := o.Factory
	settings, _, err := f.Settings(o.Environment)
	if err != nil {
		return err
	}
	progress := page.NewProgress(f.IO)
	out, err := stack.Destroy(ctx, stack.Destruction{
		Stack: opened, Environment: o.Environment, Settings: settings.Protections, DryRun: o.DryRun, Observer: progress.Observe,
		Confirm: func(resources int) error { return o.confirm(ctx, resources) },
	})
	progress.Close()
	if o.JSON {
		return errors.Join(err, f.PrintJSON(out))
	}
	out.Write(f.IO.Out)
	return err
}

// confirm asks for the environment's name. There is no --yes: what says yes has to name what goes.
func (o *Options) confirm(ctx context.Context, resources int) error {
	action := fmt.Sprintf("Destroying %s: %d resources, with the data in them", o.Environment, resources)
	err := o.Factory.Confirm(ctx, o.Confirmed == o.Environment, action, o.Environment)
	var problem *ops.Problem
	if errors.As(err, &problem) && problem.Kind == ops.Refused {
		return ops.Refuse(action, problem.Why, "answer with the environment's name, or add --confirm "+o.Environment)
	}
	return err
}
