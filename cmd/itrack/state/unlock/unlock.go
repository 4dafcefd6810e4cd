// Package unlock is `itrack state unlock`.
package unlock

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

	Environment string
	Yes         bool
	DryRun      bool
	JSON        bool
	Timeout     time.Duration
}

// NewCmdUnlock makes the command. runF, if given, takes the place of the command's own work.
func NewCmdUnlock(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "unlock ENVIRONMENT",
		Short: "Release the lock that a killed deployment left, and put the state right",
		Long: `Release the lock that a killed deployment left, and put the state right.

In this order: makes sure of the AWS account; shows who holds the stack's lock and since when, and what was being made when
that run ended; asks for the environment's name; releases the lock; then does what ` + "`itrack state repair`" + ` does: looks in AWS for
what was being made, adopts it or clears it, and reads the state of everything anew.

It never releases the lock of a process that runs on this host. Of a process on another host nothing is known here: make sure
that it has ended (a job's page tells) before you answer. While something has to be decided by somebody the state is not
written; ` + "`itrack state repair`" + ` takes the decision.

No lock and nothing pending: it says so, and changes nothing. Killed in the middle, it can be run again.

Exit codes: 0 unlocked and put right, or nothing to do, 1 something failed or is open, 2 wrong usage, settings or account,
4 refused, nothing was changed, 5 the time is over, 130 cancelled.`,
		Example: `  itrack state unlock staging --dry-run
  itrack state unlock staging
  itrack state unlock production --yes`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return unlockRun(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.Yes, "yes", false, "do not ask")
	flags.BoolVar(&o.DryRun, "dry-run", false, "look and say, change nothing")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	flags.DurationVar(&o.Timeout, "timeout", time.Hour, "how long the whole may take")
	return cmd
}

// document is what --json prints.
type document struct {
	stack.Held
	Released bool                 `json:"released"` // the locks are gone
	Repair   *engine.RepairReport `json:"repair,omitempty"`
}

func unlockRun(ctx context.Context, o *Options) error {
	return o.Factory.WithStack(ctx, o.Environment, o.Timeout, o.unlock)
}

func (o *Options) unlock(ctx context.Context, opened *engine.Stack) error {
	f := o.Factory
	held, err := stack.Look(ctx, opened)
	if err != nil {
		return err
	}
	out := document{Held: held}
	if !o.JSON {
		o.show(held)
	}
	err = o.release(ctx, opened, held, &out)
	if o.JSON {
		return errors.Join(err, f.PrintJSON(out))
	}
	if out.Released {
		fmt.Fprintf(f.IO.Out, "%s: the lock is released\n", o.Environment)
	}
	if out.Repair != nil {
		err = errors.Join(err, page.Repair(f.IO, *out.Repair))
	}
	return err
}

// show writes what was found.
func (o *Options) show(held stack.Held) {
	out := o.Factory.IO.Out
	if len(held.Locks) == 0 {
		fmt.Fprintf(out, "%s: nobody holds the lock\n", held.Environment)
	}
	for _, lock := range held.Locks {
		fmt.Fprintf(out, "%s: locked by %s\n", held.Environment, stack.Holder(lock, time.Now()))
	}
	stack.WriteProblems(out, held.Pending)
}

// release releases and repairs.
func (o *Options) release(ctx context.Context, opened *engine.Stack, held stack.Held, out *document) error {
	ids, err := held.Releasable()
	if err != nil || o.DryRun || len(held.Locks)+len(held.Pending) == 0 {
		return err
	}
	f := o.Factory
	if err := f.Confirm(ctx, o.Yes, held.Action(), o.Environment); err != nil {
		return err
	}
	project, err := f.Project()
	if err != nil {
		return err
	}
	progress := page.NewProgress(f.IO)
	report, err := f.Repair(ctx, engine.RepairRun{
		Project: project, Environment: o.Environment, Opened: opened, AWS: f.Finder,
		RepairOptions: engine.RepairOptions{Unlock: ids, Observer: progress.Observe},
	})
	progress.Close()
	out.Repair = &report
	// The locks go first: they may be gone although the rest is open.
	if left, lookErr := opened.Locks(context.WithoutCancel(ctx)); lookErr == nil {
		out.Released = len(held.Locks) > 0 && len(left) == 0
	}
	if err != nil {
		return fmt.Errorf("unlocking %s: %w; `itrack state repair %s` goes on from here", o.Environment, err, o.Environment)
	}
	return nil
}
