// Package deploy is `itrack deploy`.
package deploy

import (
	"context"
	"errors"
	"fmt"
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
	// Release brings what runs to the release that the stack wants. It runs after the stack, also when that needed no change.
	Release func(ctx context.Context, environment string) error

	Environment  string
	AllowReplace []string
	Refresh      bool
	SkipRelease  bool
	Yes          bool
	DryRun       bool
	JSON         bool
	Timeout      time.Duration
}

// NewCmdDeploy makes the command. release is the step after the stack; runF, if given, takes the place of the command's own
// work.
func NewCmdDeploy(f *cmdutil.Factory, release func(ctx context.Context, environment string) error, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f, Release: release}
	cmd := &cobra.Command{
		Use:   "deploy ENVIRONMENT",
		Short: "Deploy the stack, and bring what runs to the release that it wants",
		Long: `Deploy the stack, and bring what runs to the release that it wants.

In this order:
  1. makes sure of the AWS account; refuses while somebody else holds the stack's lock, or an interrupted run has left
     creations that may exist without being in the state;
  2. previews, and shows what would change, what loses data first;
  3. refuses replacements and deletions that lose data, unless each is named by --allow-replace (its name in the program, or
     its URN);
  4. asks for the environment's name on a terminal; elsewhere --yes has to be given. Nothing to change: nothing is asked;
  5. previews once more, and refuses when that goes further than what was shown;
  6. deploys. A replacement or deletion that comes up all the same ends the deployment, where possible before the old object
     is deleted;
  7. starts a blue/green deployment, with the running image, for each service whose wanted release differs from the running
     one (--skip-release leaves this out).

It never deploys new images (` + "`itrack deploy-apps`" + ` does), never releases a lock, and never repairs a state.

One Ctrl-C ends it cleanly, after the calls in flight; what was made stays and is in the state, and the next run goes on. A
run that is killed leaves the lock, and may leave something that is not in the state: ` + "`itrack state unlock`" + ` puts that right.

Exit codes: 0 deployed, or nothing to do, 1 something failed, 2 wrong usage, settings or account, 4 refused, nothing was
changed, 5 the time is over, 130 cancelled.`,
		Example: `  itrack deploy staging
  itrack deploy production --dry-run
  itrack deploy staging --yes --json

  # the table's key changes: it is made anew, and its items are lost
  itrack deploy staging --allow-replace items

  # put back what somebody changed in the console
  itrack deploy production --refresh`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return deployRun(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&o.AllowReplace, "allow-replace", nil, "let the resource of this `NAME` or URN be replaced or deleted, with what is in it (repeatable)")
	flags.BoolVar(&o.Refresh, "refresh", false, "look first at what AWS has, so that drift is put back")
	flags.BoolVar(&o.SkipRelease, "skip-release", false, "deploy the stack alone")
	flags.BoolVar(&o.Yes, "yes", false, "do not ask")
	flags.BoolVar(&o.DryRun, "dry-run", false, "preview and check, change nothing")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	flags.DurationVar(&o.Timeout, "timeout", 2*time.Hour, "how long the whole may take; then it ends as after Ctrl-C")
	return cmd
}

func deployRun(ctx context.Context, o *Options) error {
	return o.Factory.WithStack(ctx, o.Environment, o.Timeout, o.deploy)
}

func (o *Options) deploy(ctx context.Context, opened *engine.Stack) error {
	f := o.Factory
	progress := page.NewProgress(f.IO)
	deployment := stack.Deployment{
		Stack: opened, Environment: o.Environment, AllowReplace: o.AllowReplace, Refresh: o.Refresh, DryRun: o.DryRun, Observer: progress.Observe,
		Show: func(summary stack.Summary) {
			progress.Close()
			if o.JSON {
				f.Say("%s: %s", o.Environment, summary.Counts)
				return
			}
			summary.Write(f.IO.Out)
		},
		Confirm: func(summary stack.Summary) error {
			return f.Confirm(ctx, o.Yes, fmt.Sprintf("Deploying %s: %s", o.Environment, summary.Counts), o.Environment)
		},
	}
	if !o.SkipRelease {
		deployment.Release = o.Release
	}
	result, err := stack.Deploy(ctx, deployment)
	progress.Close()
	if o.JSON {
		return errors.Join(err, f.PrintJSON(result))
	}
	result.Write(f.IO.Out)
	return err
}
