// Package rehearse is `itrack rehearse`.
package rehearse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/cmd/itrack/internal/page"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Environments []string
	JSON         bool
	Keep         string
	Export       string
	Destroy      bool
	Sets         []string
	OneAccount   bool
}

// NewCmdRehearse makes the command. runF, if given, takes the place of the command's own work.
func NewCmdRehearse(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "rehearse [ENVIRONMENT...]",
		Short: "Deploy into a stand-in AWS with the real Pulumi engine",
		Long: `Deploy each environment (default: staging, then production) into a stand-in AWS on this machine, with the real
Pulumi engine, the real program and the environment's own settings file. No AWS account is needed, and neither your
Pulumi login nor a stack file is touched.

For each environment: a first up, a second up that must change nothing, and what a deletion would be refused for.

Exit codes: 0 everything holds, 1 something does not, 2 wrong usage or settings, 130 cancelled.`,
		Example: `  # both environments
  itrack rehearse

  # production alone, with a domain and without the bastion's zone count
  itrack rehearse production --set itrack:domain=example.com --set itrack:network.zones=2

  # one JSON document for a machine, the states beside it
  itrack rehearse --json --export states/ > rehearsal.json

  # keep backend and cloud, then tear staging down
  itrack rehearse staging --keep .rehearsal
  itrack rehearse staging --keep .rehearsal --destroy`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environments = args
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runRehearse(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	flags.StringVar(&o.Keep, "keep", "", "keep backend and cloud in `DIR` and go on from there the next time")
	flags.StringVar(&o.Export, "export", "", "write each stack's state to `DIR`/<environment>.json")
	flags.BoolVar(&o.Destroy, "destroy", false, "tear down at the end and show what refuses")
	flags.StringArrayVar(&o.Sets, "set", nil, "replace a setting, as `pulumi config set --path` would (`KEY=VALUE`, repeatable)")
	flags.BoolVar(&o.OneAccount, "one-account", false, "rehearse every environment in one account; the later ones use what the first made")
	return cmd
}

func runRehearse(ctx context.Context, o *Options) error {
	options, err := o.engineOptions(ctx)
	if err != nil {
		return err
	}
	progress := page.NewProgress(o.Factory.IO)
	options.Observer = progress.Observe
	report, err := o.Factory.Rehearse(ctx, options)
	progress.Close()
	if o.JSON {
		// What was rehearsed before an error is worth its place: the document is always complete JSON.
		encoder := json.NewEncoder(o.Factory.IO.Out)
		encoder.SetIndent("", "  ")
		if encodeErr := encoder.Encode(report); encodeErr != nil {
			return errors.Join(err, fmt.Errorf("writing the report: %w", encodeErr))
		}
	} else if pageErr := page.Rehearsal(o.Factory.IO, report); pageErr != nil {
		return errors.Join(err, fmt.Errorf("writing the report: %w", pageErr))
	}
	if err != nil {
		return err
	}
	switch {
	case SettingsRefused(report):
		return cmdutil.Silent(ops.Usage)
	case !report.OK():
		return cmdutil.ErrSilent
	}
	return nil
}

// refusedSettings is how the program's own check of the settings begins; the engine hands on its text alone.
var refusedSettings = regexp.MustCompile(`^the configuration of stack \S+ has \d+ problem`)

// SettingsRefused tells whether a rehearsal failed by its settings alone: nothing was made then, and the exit code is that of wrong
// usage.
func SettingsRefused(report engine.Report) bool {
	refused := false
	for _, stack := range report.Stacks {
		if stack.OK {
			continue
		}
		if len(stack.Failures) != 1 || !refusedSettings.MatchString(stack.Failures[0].Message) {
			return false
		}
		refused = true
	}
	return refused
}

// engineOptions checks the flags and finds the project and the pulumi command.
func (o *Options) engineOptions(ctx context.Context) (engine.Options, error) {
	overlays, err := o.Factory.Overlays(o.Sets)
	if err != nil {
		return engine.Options{}, err
	}
	for _, dir := range []*string{&o.Keep, &o.Export} {
		if *dir == "" {
			continue
		}
		// Relative to where the command was called, before the project becomes the working folder.
		absolute, err := filepath.Abs(*dir)
		if err != nil {
			return engine.Options{}, fmt.Errorf("resolving %s: %w", *dir, err)
		}
		*dir = absolute
	}
	project, err := o.Factory.Project()
	if err != nil {
		return engine.Options{}, err
	}
	environments, err := cmdutil.ChooseEnvironments(project, o.Environments)
	if err != nil {
		return engine.Options{}, err
	}
	cli, err := o.Factory.Pulumi(ctx, project)
	if err != nil {
		return engine.Options{}, err
	}
	return engine.Options{
		Project: project, Environments: environments, Program: o.Factory.Program, CLI: cli, Plugins: o.Factory.Plugins,
		Keep: o.Keep, Checkpoints: o.Keep != "", Export: o.Export, Destroy: o.Destroy, Overlays: overlays, OneAccount: o.OneAccount, TakeOver: TakeOver,
	}, nil
}

// TakeOver is the settings with which a second stack of an account uses what the first made once for the account.
func TakeOver(first engine.StackReport) []engine.Overlay {
	var overlays []engine.Overlay
	for _, part := range []string{"apiGatewayRole", "githubProvider", "registry", "backupRegion", "sessionDocument"} {
		overlays = append(overlays, engine.Overlay{Key: "itrack:account." + part, Value: "use"})
	}
	if first.State == nil {
		return overlays
	}
	monitor := first.State.First("aws:costexplorer/anomalyMonitor:AnomalyMonitor")
	if monitor == nil {
		return overlays
	}
	return append(overlays, engine.Overlay{Key: "itrack:account.anomalyMonitor", Value: "use"},
		engine.Overlay{Key: "itrack:account.anomalyMonitorArn", Value: string(monitor.ID)})
}
