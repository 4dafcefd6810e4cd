// Package health is `itrack health`.
package health

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"text/tabwriter"
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
	Wait        time.Duration
	JSON        bool
	Client      *http.Client // nil: the usual one
}

// NewCmdHealth makes the command. runF, if given, takes the place of the command's own work.
func NewCmdHealth(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "health ENVIRONMENT",
		Short: "Ask a running environment whether it is healthy",
		Long: `Ask a running environment whether it is healthy.

All at once, within 45 seconds: the site and the API by their URLs, as users reach them (of each service the path that asks its
dependencies too; where the API keeps it from the public, the targets tell); each service's running and wanted tasks, and its
targets at the load balancer; the alarms of the stack in every region in use. One window of a burn rate is no alarm by itself.
What could not be asked counts as not healthy.

It changes nothing.

Exit codes: 0 all healthy, 1 not, and what is named, 2 wrong usage or account, 5 with --wait: not in time, 130 cancelled.`,
		Example: `  itrack health staging

  # after a deployment, before anything else goes on
  itrack health production --wait 10m

  itrack health staging --json | jq -r '.checks[] | select(.state != "healthy") | .name'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if o.Wait < 0 {
				return cmdutil.UsageError{Err: errors.New("--wait takes a time span such as 5m")}
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runHealth(cmd.Context(), o)
		},
	}
	cmd.Flags().DurationVar(&o.Wait, "wait", 0, "look again until all is healthy, at most this long")
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	return cmd
}

func runHealth(ctx context.Context, o *Options) error {
	f := o.Factory
	env, out, err := f.Deployed(ctx, o.Environment)
	if err != nil {
		return err
	}
	var report watch.Report
	if o.Wait > 0 {
		report, err = watch.WaitHealthy(ctx, env, out, o.Client, o.Wait)
	} else {
		report, err = watch.Health(ctx, env, out, o.Client)
	}
	// Of a wait that ended in vain the last look is shown.
	if err != nil && ops.KindOf(err) != ops.TimedOut {
		return err
	}
	if o.JSON {
		err = errors.Join(err, f.PrintJSON(report))
	} else {
		err = errors.Join(err, page(o, report))
	}
	if err == nil && !report.Healthy {
		return cmdutil.ErrSilent
	}
	return err
}

// marks are words, so that they can be read without colour.
var marks = map[watch.State]string{watch.Healthy: "ok", watch.Private: "-", watch.Unhealthy: "FAILING", watch.Unknown: "UNKNOWN"}

func page(o *Options, report watch.Report) error {
	table := tabwriter.NewWriter(o.Factory.IO.Out, 0, 0, 2, ' ', 0)
	for _, check := range report.Checks {
		fmt.Fprintf(table, "%s\t%s\t%s\t%.0f ms\t%s\n", marks[check.State], check.Kind, check.Name, check.LatencyMillis, check.Detail)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	verdict := report.Environment + " is healthy"
	if problems := report.Problems(); len(problems) > 0 {
		verdict = fmt.Sprintf("%s is not healthy: %d of %d checks", report.Environment, len(problems), len(report.Checks))
	}
	if _, err := fmt.Fprintf(o.Factory.IO.Out, "\n%s\n", verdict); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
