// Package bench is `itrack bench`.
package bench

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Environments []string
	Runs         int
	MaxRatio     float64
	Checkpoints  bool
	JSON         bool
}

// NewCmdBench makes the command. runF, if given, takes the place of the command's own work.
func NewCmdBench(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "bench [ENVIRONMENT...]",
		Short: "Time the first up against as many trivial resources",
		Long: `Time the first up of each environment in a rehearsal, and the first up of a program with as many trivial resources:
the same engine, the same components, the same number of provider processes. What is above it is the price of the
program and of the stand-in. Prints medians with the spread; fails when the ratio is above --max-ratio.`,
		Example: `  itrack bench
  itrack bench staging --runs 3 --json
  itrack bench staging --runs 1 --checkpoints`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environments = args
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runBench(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Runs, "runs", 5, "runs of each")
	flags.Float64Var(&o.MaxRatio, "max-ratio", 1.5, "highest ratio of the medians that passes")
	flags.BoolVar(&o.Checkpoints, "checkpoints", false, "write the state at every step, as a kept rehearsal and a real deployment do")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	return cmd
}

func runBench(ctx context.Context, o *Options) error {
	if o.Runs < 1 {
		return cmdutil.UsageError{Err: fmt.Errorf("--runs is %d; at least 1 is needed", o.Runs)}
	}
	f := o.Factory
	project, err := f.Project()
	if err != nil {
		return err
	}
	environments, err := cmdutil.ChooseEnvironments(project, o.Environments)
	if err != nil {
		return err
	}
	cli, err := f.Pulumi(ctx, project)
	if err != nil {
		return err
	}
	results, err := f.Measure(ctx, engine.MeasureOptions{
		Runs: o.Runs,
		Rehearsal: engine.Options{
			Project: project, Environments: environments, Program: f.Program, CLI: cli, Plugins: f.Plugins,
			Checkpoints: o.Checkpoints,
		},
		Ran: func(stack, what string, run int, seconds float64) {
			fmt.Fprintf(f.IO.Err, "%s: %s, run %d of %d: %.2fs\n", stack, what, run, o.Runs, seconds)
		},
	})
	if err != nil {
		return err
	}
	if err := o.print(results); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	for _, r := range results {
		if r.Ratio > o.MaxRatio {
			fmt.Fprintf(f.IO.Err, "%s: the ratio %.2f is above %.2f\n", r.Stack, r.Ratio, o.MaxRatio)
			err = cmdutil.ErrSilent
		}
	}
	return err
}

func (o *Options) print(results []engine.Bench) error {
	out := o.Factory.IO.Out
	if o.JSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"runs": o.Runs, "maxRatio": o.MaxRatio, "stacks": results})
	}
	if _, err := fmt.Fprintf(out, "first up, seconds: median of %d (lowest to highest)\n%-12s %9s %9s  %-24s %-24s %s\n", o.Runs,
		"stack", "resources", "providers", "program", "trivial", "ratio"); err != nil {
		return err
	}
	for _, r := range results {
		if _, err := fmt.Fprintf(out, "%-12s %9d %9d  %-24s %-24s %.2f\n", r.Stack, r.Resources, r.Providers,
			spread(r.Program), spread(r.Trivial), r.Ratio); err != nil {
			return err
		}
	}
	return nil
}

func spread(s engine.Spread) string {
	return fmt.Sprintf("%.2f (%.2f to %.2f)", s.Median, s.Min, s.Max)
}
