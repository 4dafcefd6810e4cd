// Package repair is `itrack state repair`.
package repair

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/cmd/itrack/internal/page"
	"github.com/itrack/itrack/internal/engine"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Environment  string
	Keep         string
	OneAccount   bool
	Sets         []string
	DryRun       bool
	JSON         bool
	Unlock       []string
	Adopt        []string
	Clear        []string
	DeleteOrphan []string
	Timeout      time.Duration
}

// NewCmdRepair makes the command. runF, if given, takes the place of the command's own work.
func NewCmdRepair(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "repair ENVIRONMENT",
		Short: "Put a stack right after a deployment that was killed or lost an answer",
		Long: `Put a stack right after a deployment that was killed, or that lost the answer of AWS.

In this order: makes sure of the AWS account and of the stack; shows who holds the lock, and releases it when the holder ran on this host and is gone; looks in AWS for
what was being created when the deployment ended, adopts what exists and clears what does not; refreshes the state; previews,
and adopts what the preview would create although it exists; lists what carries the stack's tags and is in no state.

A lock held by a running process is never released, that of another host only when --unlock names it. Orphans stay unless
--delete-orphan names them. While something cannot be decided nothing is written; the message says how to decide it.

Exit codes: 0 the state is right (or, with --dry-run, was looked at), 1 something is open or failed, 2 wrong usage,
settings or account, or no such stack, 5 the time is over: run it again, it goes on where it stopped, 130 cancelled.`,
		Example: `  # see what happened, change nothing
  itrack state repair staging --dry-run

  # put it right
  itrack state repair staging

  # a job on another machine was killed; its lock is named in the message
  itrack state repair production --unlock 6f1c2d3e-0b4a-4f1e-9c55-6a1d5e2b7c90

  # a rehearsal that was kept
  itrack state repair staging --keep .rehearsal

  # delete what nothing can adopt
  itrack state repair staging --delete-orphan eipalloc-0123456789abcdef0`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runRepair(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.DryRun, "dry-run", false, "look and say, change nothing")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	flags.StringVar(&o.Keep, "keep", "", "repair the rehearsal that was kept in `DIR`")
	flags.BoolVar(&o.OneAccount, "one-account", false, "with --keep: the rehearsal had every environment in one account")
	flags.StringArrayVar(&o.Sets, "set", nil, "with --keep: the settings the rehearsal had (`KEY=VALUE`, repeatable)")
	flags.StringArrayVar(&o.Unlock, "unlock", nil, "release the lock `ID` of another host, whose holder is known to be gone (repeatable)")
	flags.StringArrayVar(&o.Adopt, "adopt", nil, "adopt a resource under a known id (`URN=ID`, repeatable)")
	flags.StringArrayVar(&o.Clear, "clear", nil, "take a pending creation for not made (`URN`, repeatable)")
	flags.StringArrayVar(&o.DeleteOrphan, "delete-orphan", nil, "delete the orphan of this `ID` or ARN (repeatable)")
	flags.DurationVar(&o.Timeout, "timeout", 2*time.Hour, "how long the whole may take; then it ends as after Ctrl-C")
	return cmd
}

func runRepair(ctx context.Context, o *Options) error {
	ctx, cancel, err := cmdutil.Within(ctx, o.Timeout)
	if err != nil {
		return err
	}
	defer cancel()
	what := "repairing the stack of " + o.Environment
	run, err := o.engineOptions(ctx)
	if err != nil {
		return cmdutil.Overdue(ctx, what, err)
	}
	progress := page.NewProgress(o.Factory.IO)
	run.Observer = progress.Observe
	report, err := o.Factory.Repair(ctx, run)
	progress.Close()
	err = cmdutil.Overdue(ctx, what, err)
	if o.JSON {
		encoder := json.NewEncoder(o.Factory.IO.Out)
		encoder.SetIndent("", "  ")
		if encodeErr := encoder.Encode(report); encodeErr != nil {
			return errors.Join(err, fmt.Errorf("writing the report: %w", encodeErr))
		}
		return err
	}
	if err != nil && nothingFound(report) {
		return err // a page that says "nothing to repair" would be wrong: it ended before it knew
	}
	return errors.Join(err, page.Repair(o.Factory.IO, report))
}

// nothingFound tells whether a report has nothing to say.
func nothingFound(r engine.RepairReport) bool {
	return len(r.Locks)+len(r.Interrupted)+len(r.Planned)+len(r.Drift)+len(r.Orphans)+len(r.Deleted) == 0
}

// engineOptions checks the flags and finds the project and the pulumi command.
func (o *Options) engineOptions(ctx context.Context) (engine.RepairRun, error) {
	run := engine.RepairRun{Program: o.Factory.Program, Plugins: o.Factory.Plugins, OneAccount: o.OneAccount, AWS: o.Factory.Finder,
		RepairOptions: engine.RepairOptions{DryRun: o.DryRun, Unlock: o.Unlock, Clear: o.Clear, DeleteOrphan: o.DeleteOrphan, Adopt: map[string]string{}}}
	for _, text := range o.Adopt {
		// A URN has no "="; an id may.
		urn, id, ok := strings.Cut(text, "=")
		if !ok || !strings.HasPrefix(urn, "urn:pulumi:") || id == "" {
			return run, cmdutil.UsageError{Err: fmt.Errorf("--adopt %s: it takes URN=ID, as the messages print the URN", text)}
		}
		run.Adopt[urn] = id
	}
	if o.Keep == "" && (len(o.Sets) > 0 || o.OneAccount) {
		return run, cmdutil.UsageError{Err: errors.New("--set and --one-account describe a kept rehearsal: they need --keep")}
	}
	overlays, err := o.Factory.Overlays(o.Sets)
	if err != nil {
		return run, err
	}
	run.Overlays = overlays
	if o.Keep != "" {
		// Relative to where the command was called, before the project becomes the working folder.
		keep, err := filepath.Abs(o.Keep)
		if err != nil {
			return run, fmt.Errorf("resolving %s: %w", o.Keep, err)
		}
		run.Keep = keep
	}
	project, err := o.Factory.Project()
	if err != nil {
		return run, err
	}
	run.Project = project
	environments, err := cmdutil.ChooseEnvironments(project, []string{o.Environment})
	if err != nil {
		return run, err
	}
	run.Environment = environments[0]
	if o.Keep == "" {
		// In another account nothing that was being made is found, and would be taken for not made. In another backend there
		// is no such stack.
		run.Opened, err = o.Factory.Stack(ctx, run.Environment)
		return run, err
	}
	run.CLI, err = o.Factory.Pulumi(ctx, project)
	return run, err
}
