// Package logs is `itrack logs`.
package logs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops/watch"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Environment string
	Name        string
	Follow      bool
	Since       string
	Filter      string
	Pattern     string
	Limit       int
	JSON        bool
}

// NewCmdLogs makes the command. runF, if given, takes the place of the command's own work.
func NewCmdLogs(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "logs ENVIRONMENT [SERVICE|FUNCTION|api]",
		Short: "Read what services, functions and the API log",
		Long: `Read what services, functions and the API log, in the order of time. Without a name it is the service's, where there is one.

A line of JSON is shown as time, level, message, request id and the other fields; every other line as it is, with control
characters written out. --json prints each event as one JSON document a line, as CloudWatch has it.

--filter looks for a text as it stands, whatever signs it holds. --pattern is CloudWatch's own syntax, such as
'{ $.level = "ERROR" }' or '?timeout ?refused'.

--follow goes on until Ctrl-C, tells each line once and outlasts throttling and a network that is away. A line that arrives more
than a minute after its time is not told. It changes nothing.

Exit codes: 0 read (with --follow: ended by Ctrl-C), 1 failed, 2 wrong usage, pattern or account, 130 cancelled without --follow.`,
		Example: `  itrack logs staging --follow
  itrack logs production backend --since 2h --filter 'requestId":"4b1f'
  itrack logs production item-events --pattern '{ $.level = "ERROR" }'
  itrack logs staging api --limit 50`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if len(args) > 1 {
				o.Name = args[1]
			}
			if o.Filter != "" && o.Pattern != "" {
				return cmdutil.UsageError{Err: errors.New("--filter is a text, --pattern a pattern: give one of them")}
			}
			if o.Limit < 0 {
				return cmdutil.UsageError{Err: fmt.Errorf("--limit %d is below 0", o.Limit)}
			}
			if _, err := watch.ParseSince(o.Since, time.Now()); err != nil {
				return cmdutil.UsageError{Err: fmt.Errorf("--since: %w", err)}
			}
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runLogs(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.Follow, "follow", "f", false, "go on with what comes, until Ctrl-C")
	flags.StringVar(&o.Since, "since", "15m", "how far back: `TIME` such as 15m, 2h, 3d or 2026-01-31T08:00:00Z")
	flags.StringVar(&o.Filter, "filter", "", "only lines that hold this `TEXT`")
	flags.StringVar(&o.Pattern, "pattern", "", "only lines that match this `PATTERN` of CloudWatch")
	flags.IntVar(&o.Limit, "limit", 0, "only the newest `N` lines of those that are there (0: all)")
	flags.BoolVar(&o.JSON, "json", false, "print each event as one JSON document a line")
	return cmd
}

func runLogs(ctx context.Context, o *Options) error {
	f := o.Factory
	env, out, err := f.Deployed(ctx, o.Environment)
	if err != nil {
		return err
	}
	group, err := watch.LogGroup(out, o.Name)
	if err != nil {
		return err
	}
	since, err := watch.ParseSince(o.Since, time.Now())
	if err != nil {
		return cmdutil.UsageError{Err: fmt.Errorf("--since: %w", err)}
	}
	query := watch.Query{Group: group, Since: since, Pattern: o.Pattern, Limit: o.Limit, Follow: o.Follow}
	if o.Filter != "" {
		query.Pattern = watch.Literal(o.Filter)
	}
	told := 0
	encoder := json.NewEncoder(f.IO.Out)
	encoder.SetEscapeHTML(false)
	err = watch.Logs(ctx, env, query, func(event watch.Event) error {
		told++
		var err error
		if o.JSON {
			err = encoder.Encode(event)
		} else {
			_, err = fmt.Fprintln(f.IO.Out, event.Text())
		}
		if err != nil {
			return fmt.Errorf("writing the log: %w", err)
		}
		return nil
	})
	if err == nil && told == 0 && !o.JSON {
		f.Say("no such line in %s since %s", group, time.Now().Add(-since).UTC().Format(time.RFC3339))
	}
	return err
}
