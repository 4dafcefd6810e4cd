// Package promote is `itrack promote`.
package promote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/promote"
	"github.com/itrack/itrack/internal/ops/registry"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	From, To  string
	Functions string
	Skip      []string
	Tested    string
	Timeout   time.Duration
	Health    time.Duration
	Yes       bool
	DryRun    bool
	JSON      bool

	// Test runs the test suite in the project's folder; tests give something else.
	Test func(ctx context.Context, project string, out io.Writer) error
	// Client asks for the health of both; nil is the usual one.
	Client *http.Client
}

// NewCmdPromote makes the command. runF, if given, takes the place of the command's own work.
func NewCmdPromote(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f, Test: makeTest}
	cmd := &cobra.Command{
		Use:   "promote FROM TO",
		Short: "Bring what runs in one environment to another, by digest",
		Long: `Bring what runs in one environment (staging) to another (production).

In this order: looks what runs in both, and refuses while the source runs no image of its repository, is being deployed or
is not healthy; checks the signatures of the source's images; shows what would change, and asks; runs the whole test suite
(make test); copies the very digests that run in the source into the target's repositories, with SBOMs and signatures, and
signs them with the target's key; checks the signatures there; deploys functions and services, and uploads the frontend, as
` + "`itrack deploy-apps`" + ` does; waits until the target is healthy.

The functions' zips are built the same bit by bit: build/functions must hold what the source runs. The frontend is the build in
app/frontend/dist, if that folder exists: it may hold the target's own addresses, so it is not compared with the source's.

Nothing is changed in the target before the tests passed. A run that was ended goes on with the next one.

Exit codes: 0 the target runs it and is healthy, 1 failed, 2 wrong usage, settings or account, 4 refused or not confirmed,
5 the time is over while a deployment goes on, 130 cancelled.`,
		Example: `  # see what would change
  itrack promote staging production --dry-run

  # on a terminal: asks for the target's name
  itrack promote staging production

  # in a pipeline whose earlier job ran the tests on this very commit
  itrack promote staging production --yes --tested 1f0c7c2b9a4be6f7d1f3c5f3a2f0c9d8e7b6a5f4`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.From, o.To = args[0], args[1]
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			return runPromote(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Functions, "functions", "build/functions", "the `FOLDER` with the functions' zips")
	flags.StringSliceVar(&o.Skip, "skip", nil, "leave a `PART` alone: functions or frontend (repeatable)")
	flags.StringVar(&o.Tested, "tested", "", "the full `COMMIT` that the test suite passed on; it must be the one that is checked out, without changes")
	flags.DurationVar(&o.Timeout, "timeout", time.Hour, "how long each migration and deployment is waited for")
	flags.DurationVar(&o.Health, "health-timeout", 10*time.Minute, "how long the target may take to be healthy")
	flags.BoolVar(&o.Yes, "yes", false, "do not ask")
	flags.BoolVar(&o.DryRun, "dry-run", false, "look and say, change nothing")
	flags.BoolVar(&o.JSON, "json", false, "print one JSON document on stdout and nothing else")
	return cmd
}

func runPromote(ctx context.Context, o *Options) error {
	functions := o.Functions
	for _, part := range o.Skip {
		if part != "functions" && part != "frontend" {
			return cmdutil.UsageError{Err: fmt.Errorf("--skip %s: it takes functions, frontend", part)}
		}
	}
	if slices.Contains(o.Skip, "functions") {
		functions = ""
	}
	for flag, limit := range map[string]time.Duration{"--timeout": o.Timeout, "--health-timeout": o.Health} {
		if err := cmdutil.CheckTime(flag, limit); err != nil {
			return err
		}
	}
	if o.From == o.To {
		return cmdutil.UsageError{Err: fmt.Errorf("promoting %s to itself changes nothing: name where from and where to, as in `itrack promote staging production`", o.From)}
	}
	f := o.Factory
	project, err := f.Project()
	if err != nil {
		return err
	}
	for _, name := range []string{o.From, o.To} {
		if _, _, err := f.Settings(name); err != nil {
			return err // a name that is not there, before any account is asked
		}
	}
	if o.Tested != "" {
		if err := tested(ctx, project, o.Tested); err != nil {
			return err
		}
	}
	var from, to registry.Stack
	if from.Env, from.Out, err = f.Deployed(ctx, o.From); err != nil {
		return err
	}
	if to.Env, to.Out, err = f.Deployed(ctx, o.To); err != nil {
		return err
	}
	p := promote.Promotion{From: from, To: to, Functions: functions, Limit: o.Timeout, HealthLimit: o.Health, DryRun: o.DryRun,
		Client: o.Client}
	if o.Tested == "" {
		p.Test = func(ctx context.Context) error { return o.Test(ctx, project, f.IO.Err) }
	}
	p.Confirm = func(plan promote.Plan) error {
		if plan.Empty() {
			f.Say("%s already runs what %s runs", plan.To, plan.From)
			return nil
		}
		for _, line := range lines(plan) {
			f.Say("%s", line)
		}
		return f.Confirm(ctx, o.Yes, "Promoting this to "+plan.To, plan.To)
	}
	if dist := filepath.Join(project, "app", "frontend", "dist"); cmdutil.IsFolder(dist) && !slices.Contains(o.Skip, "frontend") {
		p.Frontend = dist
	}
	result, err := promote.Run(ctx, p)
	if o.JSON {
		return errors.Join(err, f.PrintJSON(result))
	}
	if err != nil {
		return err
	}
	if o.DryRun {
		for _, line := range lines(result.Plan) {
			fmt.Fprintln(f.IO.Out, line)
		}
		return nil
	}
	fmt.Fprintf(f.IO.Out, "%s runs what %s runs, and is healthy\n", o.To, o.From)
	return nil
}

// lines say what a plan changes.
func lines(plan promote.Plan) []string {
	var all []string
	for _, service := range plan.Services {
		text := "stays at " + short(service.Digest)
		if service.Digest != service.Running {
			text = fmt.Sprintf("%s -> %s", short(service.Running), short(service.Digest))
		}
		if len(service.Differences) > 0 {
			text += ", with changed " + strings.Join(service.Differences, ", ")
		}
		all = append(all, fmt.Sprintf("service %s: %s", service.Service, text))
	}
	for _, function := range plan.Functions {
		text := "stays"
		if function.Code != function.Running {
			text = "gets the code that " + plan.From + " runs"
		}
		if len(function.Differences) > 0 {
			text += ", with changed " + strings.Join(function.Differences, ", ")
		}
		all = append(all, fmt.Sprintf("function %s: %s", function.Function, text))
	}
	if frontend := plan.Frontend; frontend != nil {
		text := "stays at release " + frontend.Release
		if frontend.Changed() {
			text = fmt.Sprintf("%d files of app/frontend/dist are uploaded, in the place of release %s", len(frontend.Uploaded), orNone(frontend.Previous))
		}
		all = append(all, "frontend: "+text)
	}
	return all
}

func orNone(release string) string {
	if release == "" {
		return "none"
	}
	return release
}

// short is a digest as people compare it.
func short(digest string) string {
	if digest == "" {
		return "the bootstrap image"
	}
	return strings.TrimPrefix(digest, "sha256:")[:min(12, len(strings.TrimPrefix(digest, "sha256:")))]
}

// makeTest runs `make test`; what it prints is progress.
func makeTest(ctx context.Context, project string, out io.Writer) error {
	command := exec.CommandContext(ctx, "make", "test")
	command.Dir, command.Stdout, command.Stderr = project, out, out
	// make passes this signal on to what it has begun; killed, it would leave the tests running.
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second
	if err := command.Run(); err != nil {
		return fmt.Errorf("make test: %w", err)
	}
	return nil
}

// tested makes sure that a commit is what is checked out, without changes.
func tested(ctx context.Context, project, commit string) error {
	git := func(arguments ...string) (string, error) {
		command := exec.CommandContext(ctx, "git", arguments...)
		command.Dir = project
		out, err := command.Output()
		return strings.TrimSpace(string(out)), err
	}
	head, err := git("rev-parse", "HEAD")
	if err != nil {
		return &ops.Problem{Kind: ops.Usage, What: "checking --tested " + commit, Why: "git does not tell the commit that is checked out: " + err.Error(), Err: err,
			Next: "run this in a clone of the repository, or leave --tested out: the tests then run here"}
	}
	changed, err := git("status", "--porcelain")
	if err == nil && head == commit && changed == "" {
		return nil
	}
	why := "the commit that is checked out is " + head
	if head == commit {
		why = "there are changes beside that commit"
	}
	return ops.Refuse("checking --tested "+commit, why, "check that commit out without changes, or leave --tested out: the tests then run here")
}
