// Package status is `itrack status`.
package status

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/watch"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Environment string
	Watch       bool
	JSON        bool
}

// every is the time between two looks.
const every = 5 * time.Second

// NewCmdStatus makes the command. runF, if given, takes the place of the command's own work.
func NewCmdStatus(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "status ENVIRONMENT",
		Short: "Show how an environment stands, on one screen",
		Long: `Show how an environment stands, on one screen: each service's tasks, version and image; deployments under way with where
their traffic goes; the database with changes and maintenance that wait; dead letters of the functions; alarms that are on,
of every region in use.

All parts are read at once, within 45 seconds; one that cannot be read is said, and the others are shown. It changes nothing.
--watch looks again every five seconds until Ctrl-C: on a terminal the screen is drawn anew, elsewhere what changes is a line.

Exit codes: 0 shown (with --watch: ended by Ctrl-C), 1 nothing could be read, 2 wrong usage or account, 6 a part could not be
read, 130 cancelled without --watch. Whether it is well is ` + "`itrack health`" + `'s answer.`,
		Example: `  itrack status production
  itrack status staging --watch
  itrack status production --json | jq '.services[] | {name, running, desired}'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if o.Watch && o.JSON {
				return cmdutil.UsageError{Err: errors.New("--json is one document, --watch never ends: give one of them")}
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runStatus(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.Watch, "watch", false, "look again every five seconds until Ctrl-C")
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	return cmd
}

func runStatus(ctx context.Context, o *Options) error {
	f := o.Factory
	env, out, err := f.Deployed(ctx, o.Environment)
	if err != nil {
		return err
	}
	if o.Watch {
		return o.watch(ctx, env, out)
	}
	status, err := watch.Look(ctx, env, out)
	if err != nil {
		return err
	}
	if o.JSON {
		err = f.PrintJSON(status)
	} else {
		_, err = fmt.Fprint(f.IO.Out, status.Page())
	}
	if err == nil && len(status.Gaps) > 0 {
		return cmdutil.Silent(ops.Incomplete)
	}
	return err
}

// watch looks again and again. A look that fails is said and does not end it: a network comes back. The first one has to
// succeed.
func (o *Options) watch(ctx context.Context, env *ops.Environment, out ops.Outputs) error {
	var last watch.Status
	for first := true; ; first = false {
		status, err := watch.Look(ctx, env, out)
		switch {
		case ctx.Err() != nil:
			return nil // that is how it ends
		case err != nil && first:
			return err
		case err != nil:
			o.Factory.Say("%v", err)
		default:
			if err := o.show(status, last); err != nil {
				return fmt.Errorf("writing the status: %w", err)
			}
			last = status
		}
		timer := time.NewTimer(env.Every(every))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// show draws the page anew on a terminal; elsewhere it prints what has changed since the last look, with its time.
func (o *Options) show(status, last watch.Status) error {
	streams := o.Factory.IO
	if streams.OutWidth > 0 {
		// Home, and clear.
		_, err := fmt.Fprint(streams.Out, "\x1b[H\x1b[2J"+status.Page()+"\nCtrl-C ends this\n")
		return err
	}
	for _, line := range status.Changed(last) {
		if _, err := fmt.Fprintf(streams.Out, "%s  %s\n", status.At.Format(time.RFC3339), strings.ReplaceAll(line, "\n", "; ")); err != nil {
			return err
		}
	}
	return nil
}
