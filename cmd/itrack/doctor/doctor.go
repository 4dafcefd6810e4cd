// Package doctor is `itrack doctor`.
package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops/doctor"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory
	// Change, if set, changes what the checks go by: the place of tools and of the DNS.
	Change func(in *doctor.Input)

	Environment string
	JSON        bool
	Timeout     time.Duration
}

// NewCmdDoctor makes the command. runF, if given, takes the place of the command's own work.
func NewCmdDoctor(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "doctor ENVIRONMENT",
		Short: "Look for what would stop a deployment",
		Long: `Look for what would stop a deployment, before it starts. Each check is ok, warn, fail or unknown, and says what to do.

In this order: tools on this machine (go, git, pulumi, session-manager-plugin, a MySQL client; docker is not needed); the stack
file and what guards its secrets; credentials and account; and, in the right account alone, side by side: both regions, the
state's bucket and key, pulumi's login, the three secrets and their replicas, the hosted zone of itrack:domain and its
delegation in the DNS, GitHub's identity provider, and the quotas that are low or lower in a new account.

It changes nothing, reads no secret's value, and a check that fails stops no other. A right that is missing makes its check
unknown, and is named. In a wrong account nothing but the account is asked.

Exit codes: 0 nothing fails, with or without warnings; 1 something fails; 2 wrong usage, or no such environment; 130 cancelled.`,
		Example: `  itrack doctor staging

  # what fails, for a script
  itrack doctor production --json | jq '.checks[] | select(.state == "fail")'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return doctorRun(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	flags.DurationVar(&o.Timeout, "timeout", 30*time.Second, "longest time for one check")
	return cmd
}

func doctorRun(ctx context.Context, o *Options) error {
	if err := cmdutil.CheckTime("--timeout", o.Timeout); err != nil {
		return err
	}
	in, err := o.input()
	if err != nil {
		return err
	}
	report, err := doctor.Run(ctx, in)
	if err != nil {
		return fmt.Errorf("looking at %s: %w", o.Environment, err)
	}
	if o.JSON {
		err = o.Factory.PrintJSON(report)
	} else {
		err = page(o.Factory.IO.Out, report)
	}
	if err == nil && report.Count(doctor.Fail) > 0 {
		err = cmdutil.ErrSilent
	}
	return err
}

// input reads the project. A stack file that does not pass is a check that fails; one that does not exist is wrong usage.
func (o *Options) input() (doctor.Input, error) {
	f := o.Factory
	in := doctor.Input{Environment: o.Environment, Timeout: o.Timeout, Options: f.Ops}
	in.Options.Say, in.Options.Version = nil, f.Version
	project, err := f.Project()
	if err != nil {
		return in, err
	}
	if _, err := cmdutil.ChooseEnvironments(project, []string{o.Environment}); err != nil {
		return in, err
	}
	in.Settings, in.SettingsErr = f.StackSettings(project, o.Environment)
	if in.SettingsErr == nil {
		file, err := engine.ReadStackFile(project, o.Environment)
		if err != nil {
			return in, err
		}
		guard, err := engine.ReadStackSecrets(project, o.Environment)
		if err != nil {
			return in, err
		}
		in.Needs, in.Guard = doctor.ReadNeeds(file.Values), doctor.Guard{Provider: guard.Provider, Passphrase: guard.Passphrase}
	}
	in.Pulumi = func(ctx context.Context) doctor.Pulumi { return o.pulumi(ctx, project) }
	if o.Change != nil {
		o.Change(&in)
	}
	return in, nil
}

// pulumi asks the pulumi command for its version and its login.
func (o *Options) pulumi(ctx context.Context, project string) doctor.Pulumi {
	cli, err := o.Factory.Pulumi(ctx, project)
	if err != nil {
		return doctor.Pulumi{Err: err}
	}
	found := doctor.Pulumi{Version: cli.Version().String()}
	out, _, _, err := cli.Run(ctx, project, nil, nil, nil, []string{"PULUMI_SKIP_UPDATE_CHECK=1"}, "whoami", "--verbose", "--json")
	var login struct {
		URL string `json:"url"`
	}
	if err == nil && json.Unmarshal([]byte(out), &login) == nil {
		found.Backend = login.URL
	}
	return found
}

func page(out io.Writer, report doctor.Report) error {
	var text strings.Builder
	for _, check := range report.Checks {
		fmt.Fprintf(&text, "%-8s %s: %s\n", check.State, check.Name, check.Detail)
		if check.Next != "" {
			fmt.Fprintf(&text, "         what to do: %s\n", check.Next)
		}
	}
	fmt.Fprintf(&text, "\n%s: %d ok, %d to know, %d failing, %d unknown\n", report.Environment,
		report.Count(doctor.OK), report.Count(doctor.Warn), report.Count(doctor.Fail), report.Count(doctor.Unknown))
	if _, err := io.WriteString(out, text.String()); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
