// Package preview is `itrack preview`.
package preview

import (
	"context"
	"errors"
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
	Refresh     bool
	JSON        bool
	Timeout     time.Duration
}

// NewCmdPreview makes the command. runF, if given, takes the place of the command's own work.
func NewCmdPreview(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "preview ENVIRONMENT",
		Short: "Show what a deployment of the stack would change",
		Long: `Show what a deployment of the stack would change. Nothing is changed, neither in AWS nor in the state.

In this order: makes sure of the AWS account, opens the stack, runs the program. First come the replacements and deletions
that lose data (databases, tables, buckets, keys, backups, images, logs), each with what is lost; then other replacements and
deletions; then updates and creations. Each changed property is shown with its old and its new value, shortened; a secret
is never shown.

The state is taken as it is; --refresh looks first at what AWS has, so that drift is shown as changes.

Exit codes: 0 nothing would change, 1 the preview failed, 2 wrong usage, settings or account, 3 something would change,
5 the time is over, 130 cancelled.`,
		Example: `  itrack preview staging
  itrack preview production --refresh
  itrack preview production --json | jq '.stateful[].name'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return previewRun(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.Refresh, "refresh", false, "look first at what AWS has, so that drift is shown as changes")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	flags.DurationVar(&o.Timeout, "timeout", 30*time.Minute, "how long to wait at most")
	return cmd
}

// document is what --json prints.
type document struct {
	stack.Summary
	Problems []engine.Problem `json:"problems"`
}

func previewRun(ctx context.Context, o *Options) error {
	return o.Factory.WithStack(ctx, o.Environment, o.Timeout, o.preview)
}

func (o *Options) preview(ctx context.Context, opened *engine.Stack) error {
	f := o.Factory
	progress := page.NewProgress(f.IO)
	problems := []engine.Problem{}
	summary, err := stack.Preview(ctx, opened, o.Environment, o.Refresh, progress.Observe, &problems)
	progress.Close()
	switch {
	case o.JSON:
		err = errors.Join(err, f.PrintJSON(document{Summary: summary, Problems: problems}))
	case err != nil:
		stack.WriteProblems(f.IO.Out, problems)
	default:
		summary.Write(f.IO.Out)
	}
	if err == nil && !summary.Empty() {
		return cmdutil.Silent(ops.Changed)
	}
	return err
}
