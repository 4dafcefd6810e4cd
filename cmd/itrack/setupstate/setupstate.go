// Package setupstate is `itrack setup-state`.
package setupstate

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/statestore"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory
	// Init makes the stack in its backend; engine.InitStack.
	Init func(ctx context.Context, run engine.InitRun) (engine.InitReport, error)

	Environment string
	DryRun      bool
	JSON        bool
	Timeout     time.Duration
}

// Result is what the command prints with --json.
type Result struct {
	State statestore.Report `json:"state"`
	Stack engine.InitReport `json:"stack"`
	// Login is the command that makes pulumi use the bucket.
	Login string   `json:"login"`
	Notes []string `json:"notes"`
}

// NewCmdSetupState makes the command. runF, if given, takes the place of the command's own work.
func NewCmdSetupState(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f, Init: engine.InitStack}
	cmd := &cobra.Command{
		Use:   "setup-state ENVIRONMENT",
		Short: "Make the bucket and the key of Pulumi's state, and the stack in it",
		Long: `Make what keeps Pulumi's state of an environment, or repair it. Run it once before the first deployment.

In this order: looks whether the bucket's name can be had; makes the KMS key of the secrets in the state
(alias/itrack-pulumi-ENVIRONMENT, rotated every year); makes the bucket (itrack-pulumi-state-ACCOUNT-ENVIRONMENT, or the one
that itrack:github.stateBucket names) and compares each of its properties: public access blocked, objects belong to the owner,
TLS only, encrypted with KMS, versioned, replaced versions kept for 90 days, tags; adds the lines secretsprovider and
encryptedkey to Pulumi.ENVIRONMENT.yaml, which has to be committed; makes the stack.

It never changes your own pulumi login: it prints the line that does, for pulumi by hand. The other commands need no login: where
there is none, or it leads to a place without this stack, they look into this bucket. PULUMI_BACKEND_URL goes before that.

It never loosens what is stricter, and keeps policy statements, lifecycle rules, tags and a KMS key of the bucket that are there. A
bucket of another account or another environment, or whose lifecycle deletes current objects, is refused. Killed at any point, the
next run completes it; a second run changes nothing.

Exit codes: 0 made or in order, 1 failed, 2 wrong usage, settings or account, or another secrets provider in the stack file,
4 a bucket or key was refused, 5 the time is over, 130 cancelled.`,
		Example: `  # see what would be made
  itrack setup-state staging --dry-run

  # make it, commit the stack file, and log in for pulumi by hand
  itrack setup-state staging
  git commit Pulumi.staging.yaml -m "Staging's secrets provider"
  pulumi login 's3://itrack-pulumi-state-123456789012-staging?region=us-east-1&awssdk=v2'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Environment = args[0]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return setupStateRun(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.DryRun, "dry-run", false, "look and say, change nothing")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	flags.DurationVar(&o.Timeout, "timeout", 10*time.Minute, "longest time for all of it")
	return cmd
}

func setupStateRun(ctx context.Context, o *Options) error {
	ctx, cancel, err := cmdutil.Within(ctx, o.Timeout)
	if err != nil {
		return err
	}
	defer cancel()
	result, err := o.setup(ctx)
	if err != nil {
		return cmdutil.Overdue(ctx, "setting up the state of "+o.Environment, err)
	}
	if o.JSON {
		return o.Factory.PrintJSON(result)
	}
	return page(o.Factory.IO.Out, result)
}

func (o *Options) setup(ctx context.Context) (Result, error) {
	f := o.Factory
	env, err := f.Environment(ctx, o.Environment)
	if err != nil {
		return Result{}, err
	}
	project, err := f.Project()
	if err != nil {
		return Result{}, err
	}
	// Without a pulumi command the stack cannot be made: known before the first change.
	cli, err := f.Pulumi(ctx, project)
	if err != nil {
		return Result{}, err
	}
	work := statestore.Setup
	if o.DryRun {
		work = statestore.Inspect
	}
	state, err := work(ctx, env)
	if err != nil {
		return Result{}, err
	}
	result := Result{State: state, Login: "pulumi login '" + state.Backend + "'", Notes: notes(env)}
	if result.Stack, err = o.stack(ctx, env, project, cli, state); err != nil {
		return Result{}, err
	}
	if result.Stack.FileChanged && !o.DryRun {
		result.Notes = append([]string{"commit " + result.Stack.File + ": its two new lines say how the secrets of the state are read"}, result.Notes...)
	}
	return result, nil
}

// stack makes the stack, or says what would be made.
func (o *Options) stack(ctx context.Context, env *ops.Environment, project string, cli *engine.CLI, state statestore.Report) (engine.InitReport, error) {
	for _, step := range state.Differences() {
		missing := step.What == "bucket "+state.Bucket || step.What == "key "+state.KeyAlias
		if step.State == statestore.ToMake && missing {
			// No engine can look into a bucket that does not exist.
			secrets, err := engine.ReadStackSecrets(project, o.Environment)
			return engine.InitReport{
				File: "Pulumi." + o.Environment + ".yaml", Provider: secrets.Provider, StackMade: true, FileChanged: secrets.Provider == "" || secrets.EncryptedKey == "",
			}, err
		}
	}
	variables, err := statestore.EngineEnv(ctx, env)
	if err != nil {
		return engine.InitReport{}, err
	}
	arn := state.KeyARN
	if !o.DryRun {
		f := o.Factory
		f.Say("stack %s: asking pulumi", o.Environment)
	}
	return o.Init(ctx, engine.InitRun{
		Project: project, Stack: o.Environment, CLI: cli, Backend: state.Backend, Provider: state.SecretsProvider, Env: variables, DryRun: o.DryRun,
		KeyNames: []string{arn[strings.LastIndex(arn, "/")+1:], state.KeyAlias, arn[:strings.LastIndex(arn, ":")+1] + state.KeyAlias},
	})
}

// notes tell what a person has to know besides.
func notes(env *ops.Environment) []string {
	list := []string{}
	if bucket := statestore.BucketName(env); bucket == statestore.DefaultBucketName(env) {
		list = append(list, "the deploy role of GitHub Actions may use a bucket of this name; another one needs itrack:github.stateBucket in the stack file")
	} else {
		list = append(list, "itrack:github.stateBucket names this bucket: the deploy role of GitHub Actions gets its rights on it, and on no other")
	}
	if env.Profile != "" || len(env.Roles) > 0 {
		list = append(list, fmt.Sprintf("pulumi reaches bucket and key with the credentials of your shell, not by aws:profile or aws:assumeRole: there they must be of the account %s", env.Account))
	}
	return list
}

var words = map[statestore.State]string{
	statestore.Kept: "kept", statestore.Made: "made", statestore.Repaired: "repaired", statestore.ToMake: "would be made", statestore.ToRepair: "would be repaired",
}

func page(out io.Writer, result Result) error {
	var text strings.Builder
	fmt.Fprintf(&text, "State of %s in account %s, %s\n\n", result.State.Environment, result.State.Account, result.State.Region)
	for _, step := range result.State.Steps {
		line(&text, words[step.State], step.What, step.Detail)
	}
	stack, file := "kept", "kept"
	switch {
	case result.Stack.StackMade && result.State.DryRun:
		stack = "would be made"
	case result.Stack.StackMade:
		stack = "made"
	}
	switch {
	case result.Stack.FileChanged && result.State.DryRun:
		file = "would change"
	case result.Stack.FileChanged:
		file = "changed"
	}
	line(&text, stack, "stack "+result.State.Environment, "")
	line(&text, file, result.Stack.File, "secretsprovider and encryptedkey")
	fmt.Fprintf(&text, "\nFor pulumi by hand, log in with:\n  %s\n", result.Login)
	for _, note := range result.Notes {
		fmt.Fprintf(&text, "- %s\n", note)
	}
	if _, err := io.WriteString(out, text.String()); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

func line(text *strings.Builder, state, what, detail string) {
	if detail != "" {
		what += " (" + detail + ")"
	}
	fmt.Fprintf(text, "  %-17s %s\n", state, what)
}
