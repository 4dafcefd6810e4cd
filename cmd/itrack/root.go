package main

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/cmd/itrack/bench"
	"github.com/itrack/itrack/cmd/itrack/build"
	"github.com/itrack/itrack/cmd/itrack/config"
	"github.com/itrack/itrack/cmd/itrack/connect"
	"github.com/itrack/itrack/cmd/itrack/createsecrets"
	"github.com/itrack/itrack/cmd/itrack/deploy"
	"github.com/itrack/itrack/cmd/itrack/deployapps"
	"github.com/itrack/itrack/cmd/itrack/destroy"
	"github.com/itrack/itrack/cmd/itrack/dev"
	"github.com/itrack/itrack/cmd/itrack/docs"
	"github.com/itrack/itrack/cmd/itrack/doctor"
	"github.com/itrack/itrack/cmd/itrack/health"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/cmd/itrack/logs"
	"github.com/itrack/itrack/cmd/itrack/outputs"
	"github.com/itrack/itrack/cmd/itrack/preview"
	"github.com/itrack/itrack/cmd/itrack/promote"
	"github.com/itrack/itrack/cmd/itrack/push"
	"github.com/itrack/itrack/cmd/itrack/rehearse"
	"github.com/itrack/itrack/cmd/itrack/review"
	"github.com/itrack/itrack/cmd/itrack/rollback"
	"github.com/itrack/itrack/cmd/itrack/securityscan"
	"github.com/itrack/itrack/cmd/itrack/setupstate"
	"github.com/itrack/itrack/cmd/itrack/state"
	"github.com/itrack/itrack/cmd/itrack/status"
	"github.com/itrack/itrack/cmd/itrack/validate"
	"github.com/itrack/itrack/cmd/itrack/version"
	deliver "github.com/itrack/itrack/internal/ops/release"
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
  itrack doctor staging
  itrack deploy staging
  itrack health production
  itrack rollback production`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		// Errors are printed once, by main, and a failed run needs no usage text.
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	add(cmd, "rehearse", "Try it without an account:",
		rehearse.NewCmdRehearse(f, nil), review.NewCmdReview(f, nil), bench.NewCmdBench(f, nil), dev.NewCmdDev(f, nil))
	add(cmd, "prepare", "Prepare an account:",
		doctor.NewCmdDoctor(f, nil), setupstate.NewCmdSetupState(f, nil), createsecrets.NewCmdCreateSecrets(f, nil))
	add(cmd, "deploy", "Deploy and deliver:",
		preview.NewCmdPreview(f, nil), deploy.NewCmdDeploy(f, deployapps.Converge(f, deliver.DefaultLimit), nil), validate.NewCmdValidate(f, nil),
		build.NewCmdBuild(f), push.NewCmdPush(f, nil), deployapps.NewCmdDeployApps(f, nil), promote.NewCmdPromote(f, nil),
		rollback.NewCmdRollback(f, nil), destroy.NewCmdDestroy(f, nil))
	add(cmd, "operate", "Operate:",
		health.NewCmdHealth(f, nil), status.NewCmdStatus(f, nil), logs.NewCmdLogs(f, nil), outputs.NewCmdOutputs(f, nil),
		connect.NewCmdConnect(f), state.NewCmdState(f), securityscan.NewCmdSecurityScan(f, nil))
	add(cmd, "more", "More:",
		config.NewCmdConfig(f), docs.NewCmdDocs(f, nil), version.NewCmdVersion(f, nil))
	cmd.SetHelpCommandGroupID("more")
	cmd.SetCompletionCommandGroupID("more")
	cmdutil.CompleteEnvironments(f, cmd)
	cmd.InitDefaultCompletionCmd() // cobra adds it when the command runs, which is too late for markUsage
	markUsage(cmd)
	return cmd
}

// add adds commands under a heading of the help text.
func add(root *cobra.Command, group, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: group, Title: title})
	for _, command := range commands {
		command.GroupID = group
		root.AddCommand(command)
	}
}

// holder marks a command that only holds others, and has their help instead of work of its own.
const holder = "holder"

// markUsage makes wrong flags, wrong arguments, flags that exclude each other and unknown commands usage errors, of a command and
// all below it. Cobra itself answers an unknown command below another with the help text, as if all were well.
func markUsage(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return wrongUsage(c, err) })
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.Annotations = map[string]string{holder: "true"}
		cmd.Args = knownCommand
		cmd.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	check := cmd.Args
	cmd.Args = func(c *cobra.Command, args []string) error {
		if check != nil {
			if err := check(c, args); err != nil {
				return wrongUsage(c, err)
			}
		}
		if err := c.ValidateFlagGroups(); err != nil {
			return wrongUsage(c, err)
		}
		return nil
	}
	for _, child := range cmd.Commands() {
		markUsage(child)
	}
}

func wrongUsage(c *cobra.Command, err error) error {
	return cmdutil.UsageError{Err: fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())}
}

// knownCommand refuses every argument of a command that only holds others.
func knownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	c.SuggestionsMinimumDistance = 2
	if like := c.SuggestionsFor(args[0]); len(like) > 0 {
		return fmt.Errorf("unknown command %q for %q (did you mean %s?)", args[0], c.CommandPath(), strings.Join(like, " or "))
	}
	return fmt.Errorf("unknown command %q for %q", args[0], c.CommandPath())
}
