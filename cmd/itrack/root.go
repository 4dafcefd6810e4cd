package main

import (
	"fmt"

	"github.com/itrack/itrack/cmd/itrack/bench"
	"github.com/itrack/itrack/cmd/itrack/build"
	"github.com/itrack/itrack/cmd/itrack/config"
	"github.com/itrack/itrack/cmd/itrack/dev"
	"github.com/itrack/itrack/cmd/itrack/docs"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/cmd/itrack/rehearse"
	"github.com/itrack/itrack/cmd/itrack/review"
	"github.com/itrack/itrack/cmd/itrack/state"
	"github.com/itrack/itrack/cmd/itrack/version"
	"github.com/spf13/cobra"
)

// newRoot makes the command that holds all others.
func newRoot(f *cmdutil.Factory) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "itrack",
		Short: "Rehearse, review, build and operate the iTrack platform on AWS",
		Long: `Rehearse, review, build and operate the iTrack platform on AWS.

Data goes to stdout, everything else to stderr. Exit codes: 0 ok, 1 failed, 2 wrong usage or settings, 3 changed, 4 refused,
5 time over, 6 incomplete, 130 cancelled; docs/cli.md has the whole table.`,
		Example: `  itrack rehearse
  itrack rehearse production --json
  itrack review production --set itrack:domain=example.com
  itrack state repair staging --dry-run
  itrack config schema`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		// Errors are printed once, by main, and a failed run needs no usage text.
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	cmd.AddCommand(
		rehearse.NewCmdRehearse(f, nil), bench.NewCmdBench(f, nil), build.NewCmdBuild(f), config.NewCmdConfig(f),
		review.NewCmdReview(f, nil), docs.NewCmdDocs(f, nil),
		state.NewCmdState(f), dev.NewCmdDev(f, nil),
		version.NewCmdVersion(f, nil),
	)
	markUsage(cmd)
	return cmd
}

// markUsage makes wrong flags and arguments of a command and all below it usage errors.
func markUsage(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return cmdutil.UsageError{Err: fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())}
	})
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return cmdutil.UsageError{Err: fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())}
			}
			return nil
		}
	}
	for _, child := range cmd.Commands() {
		markUsage(child)
	}
}
