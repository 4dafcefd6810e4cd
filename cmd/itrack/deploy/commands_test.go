package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/cmd/itrack/deploy"
	"github.com/itrack/itrack/cmd/itrack/deployapps"
	"github.com/itrack/itrack/cmd/itrack/destroy"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/cmd/itrack/preview"
	"github.com/itrack/itrack/cmd/itrack/state"
	"github.com/itrack/itrack/cmd/itrack/validate"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/stack"
	"github.com/itrack/itrack/internal/ops/stack/stacktest"
	"github.com/itrack/itrack/internal/recovery"
	"github.com/itrack/itrack/internal/recovery/pretend"
	"github.com/itrack/itrack/internal/rehearsal/enginetest"
)

// The commands about a whole stack are tested in one binary: linking the stand-in AWS takes longer than the tests do.
func TestMain(m *testing.M) { enginetest.Main(m) }

// scene is a project, its stack and who sits before it.
type scene struct {
	*testing.T
	place    *stacktest.Place
	settings ops.Settings
	typed    string // on the terminal; empty: there is none
	released []string
	noStack  bool
	cloud    *opstest.Cloud
	open     func(ctx context.Context) (*engine.Stack, error) // instead of the place's
	outputs  func() (map[string]any, error)
	converge bool // the step after the stack is the real one
	stdin    io.Reader
}

func newScene(t *testing.T, program pulumi.RunFunc) *scene {
	t.Helper()
	cloud := opstest.New(t)
	cloud.SignIn(t)
	return &scene{T: t, place: stacktest.New(t, program), settings: opstest.Settings("staging"), cloud: cloud}
}

// run runs one command line and returns what it printed and its exit code.
func (s *scene) run(args ...string) (code int, out, said string) {
	s.Helper()
	return s.runIn(context.Background(), args...)
}

func (s *scene) runIn(ctx context.Context, args ...string) (code int, out, said string) {
	s.Helper()
	var stdout, stderr bytes.Buffer
	f := &cmdutil.Factory{
		IO:            cmdutil.IOStreams{Out: &stdout, Err: &stderr, In: strings.NewReader(s.typed), InTerminal: s.typed != ""},
		Project:       func() (string, error) { return s.place.Project, nil },
		Pulumi:        func(context.Context, string) (*engine.CLI, error) { return s.place.CLI, nil },
		StackSettings: func(string, string) (ops.Settings, error) { return s.settings, nil },
		Ops:           opstest.Options(s),
		OpenStack: func(ctx context.Context, project, environment string) (*engine.Stack, error) {
			if s.noStack {
				return nil, fmt.Errorf("opening: %w", engine.ErrNoStack)
			}
			if s.open != nil {
				return s.open(ctx)
			}
			return s.place.Open(ctx, project, environment)
		},
		Repair: func(ctx context.Context, run engine.RepairRun) (engine.RepairReport, error) {
			run.Finder, run.Account = recovery.New(pretend.Lister{Cloud: s.place.Cloud}), enginetest.Account
			return s.place.Stack().Repair(ctx, run.RepairOptions)
		},
	}
	if s.stdin != nil {
		f.IO.In, f.IO.InTerminal = s.stdin, true
	}
	f.Outputs = func(context.Context, string, string) (map[string]any, error) { return s.outputs() }
	root := &cobra.Command{Use: "itrack", SilenceErrors: true, SilenceUsage: true}
	release := func(_ context.Context, environment string) error {
		s.released = append(s.released, environment)
		return nil
	}
	if s.converge {
		release = deployapps.Converge(f, time.Minute)
	}
	root.AddCommand(preview.NewCmdPreview(f, nil), deploy.NewCmdDeploy(f, release, nil), validate.NewCmdValidate(f, nil), destroy.NewCmdDestroy(f, nil), state.NewCmdState(f))
	root.SetArgs(args)
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	err := root.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(&stderr, "itrack:", err)
	}
	return cmdutil.ExitCode(err), stdout.String(), stderr.String()
}

// document runs a command with --json: stdout is one document.
func (s *scene) document(into any, args ...string) (int, string) {
	s.Helper()
	code, out, said := s.run(append(args, "--json")...)
	decoder := json.NewDecoder(strings.NewReader(out))
	require.NoError(s, decoder.Decode(into), out)
	require.False(s, decoder.More(), "one document alone")
	return code, said
}

func TestALifeOfAStack(t *testing.T) {
	key := "id"
	s := newScene(t, func(ctx *pulumi.Context) error {
		if err := stacktest.Table(ctx, "items", key); err != nil {
			return err
		}
		return stacktest.Topic(ctx, "alarms", pulumi.ToSecret(pulumi.String("canary")).(pulumi.StringOutput))
	})

	// Nothing is there yet.
	code, out, _ := s.run("preview", "staging")
	require.Equal(t, cmdutil.ExitChanged, code)
	require.Contains(t, out, "staging: 2 to create")
	require.Empty(t, s.place.Existing(), "a preview makes nothing")

	code, _, said := s.run("deploy", "staging")
	require.Equal(t, cmdutil.ExitRefused, code)
	require.Contains(t, said, "add --yes")
	s.typed = "y\n"
	code, _, said = s.run("deploy", "staging")
	require.Equal(t, cmdutil.ExitRefused, code)
	require.Contains(t, said, "Deploying staging: 2 to create")
	require.Empty(t, s.place.Existing())
	require.Empty(t, s.released)

	s.typed = "staging\n"
	code, out, said = s.run("deploy", "staging")
	require.Equal(t, cmdutil.ExitOK, code, said)
	require.Contains(t, out, "2 created")
	require.Equal(t, []string{"Table items-id", "Topic alarms"}, s.place.Existing())
	require.Equal(t, []string{"staging"}, s.released)

	// A second run changes nothing and asks nothing.
	s.typed = ""
	var result stack.Result
	code, said = s.document(&result, "deploy", "staging")
	require.Equal(t, cmdutil.ExitOK, code, said)
	require.Equal(t, stack.StateUnchanged, result.State)
	require.True(t, result.Released)
	code, _, _ = s.run("deploy", "staging", "--skip-release")
	require.Equal(t, cmdutil.ExitOK, code)
	require.Len(t, s.released, 2)
	code, out, _ = s.run("preview", "staging")
	require.Equal(t, cmdutil.ExitOK, code)
	require.Contains(t, out, "nothing to change in AWS; 2 stay as they are")

	// Data is at stake.
	key = "sku"
	var planned struct {
		Stateful []struct{ Name, Verb, Loses string }
	}
	code, _ = s.document(&planned, "preview", "staging")
	require.Equal(t, cmdutil.ExitChanged, code)
	require.Equal(t, "items", planned.Stateful[0].Name)
	require.Equal(t, "replace", planned.Stateful[0].Verb)
	code, said = s.document(&result, "deploy", "staging", "--yes")
	require.Equal(t, cmdutil.ExitRefused, code)
	require.Contains(t, said, "--allow-replace items")
	code, _, said = s.run("deploy", "staging", "--yes", "--allow-replace", "nothing")
	require.Equal(t, cmdutil.ExitUsage, code, said)
	require.Equal(t, []string{"Table items-id", "Topic alarms"}, s.place.Existing())
	code, out, said = s.run("deploy", "staging", "--yes", "--allow-replace", "items")
	require.Equal(t, cmdutil.ExitOK, code, said)
	require.Contains(t, out, "1 replaced")
	require.NotContains(t, out+said, "canary")

	s.destroyed()
}

// destroyed is the last part of a life.
func (s *scene) destroyed() {
	s.Helper()
	s.settings.Protections = []string{"itrack:protect"}
	var gone stack.Destroyed
	code, said := s.document(&gone, "destroy", "staging", "--confirm", "staging")
	require.Equal(s, cmdutil.ExitRefused, code)
	require.Equal(s, "itrack:protect", gone.Protections[0].Where)
	require.Contains(s, said, "itrack:protect: false")
	s.settings.Protections = nil
	code, _, said = s.run("destroy", "staging", "--confirm", "production")
	require.Equal(s, cmdutil.ExitUsage, code, said)
	code, _, said = s.run("destroy", "staging")
	require.Equal(s, cmdutil.ExitRefused, code)
	require.Contains(s, said, "add --confirm staging")
	code, out, _ := s.run("destroy", "staging", "--dry-run")
	require.Equal(s, cmdutil.ExitOK, code)
	require.Contains(s, out, "2 resources would be deleted")
	require.Len(s, s.place.Existing(), 2)

	s.typed = "staging\n"
	code, out, said = s.run("destroy", "staging")
	require.Equal(s, cmdutil.ExitOK, code, said)
	require.Contains(s, out, "2 resources are deleted")
	require.Empty(s, s.place.Existing())
	s.typed = ""
	code, out, _ = s.run("destroy", "staging")
	require.Equal(s, cmdutil.ExitOK, code)
	require.Equal(s, "staging: nothing is left to destroy\n", out)
}

func TestUnlocking(t *testing.T) {
	s := newScene(t, func(ctx *pulumi.Context) error {
		if err := stacktest.Topic(ctx, "alarms", pulumi.String("x")); err != nil {
			return err
		}
		return stacktest.Table(ctx, "items", "id")
	})
	code, _, said := s.run("deploy", "staging", "--yes")
	require.Equal(t, cmdutil.ExitOK, code, said)
	code, out, _ := s.run("state", "unlock", "staging")
	require.Equal(t, cmdutil.ExitOK, code)
	require.Equal(t, "staging: nobody holds the lock\n", out)

	// A deployment that runs on this host is never cut off.
	here, err := os.Hostname()
	require.NoError(t, err)
	s.place.Lock("l-1", here, os.Getpid())
	code, out, said = s.run("state", "unlock", "staging", "--yes")
	require.Equal(t, cmdutil.ExitRefused, code)
	require.Contains(t, out, "locked by ann on "+here)
	require.Contains(t, said, "one Ctrl-C")
	s.place.Unlock("l-1")

	// One on another host was killed while it made the table.
	s.place.Lock("l-2", "runner-7", 7)
	s.place.Interrupt("items")
	code, _, said = s.run("deploy", "staging", "--yes")
	require.Equal(t, cmdutil.ExitRefused, code)
	require.Contains(t, said, "itrack state unlock staging")
	code, out, _ = s.run("state", "unlock", "staging", "--dry-run")
	require.Equal(t, cmdutil.ExitOK, code)
	require.Contains(t, out, "runner-7")
	require.Contains(t, out, "Table items [PendingOperations]")
	code, _, said = s.run("state", "unlock", "staging")
	require.Equal(t, cmdutil.ExitRefused, code)
	require.Contains(t, said, "releasing the lock of ann on runner-7")

	var done struct {
		Locks    []engine.Lock
		Released bool
		Repair   engine.RepairReport
	}
	code, said = s.document(&done, "state", "unlock", "staging", "--yes")
	require.Equal(t, cmdutil.ExitOK, code, said)
	require.True(t, done.Released)
	require.Equal(t, "l-2", done.Locks[0].ID)
	require.Equal(t, engine.ActionAdopt, done.Repair.Interrupted[0].Action)
	code, out, said = s.run("deploy", "staging", "--yes")
	require.Equal(t, cmdutil.ExitOK, code, said)
	require.Contains(t, out, "nothing was changed", "the table is in the state again")
	code, out, _ = s.run("state", "unlock", "staging", "--yes")
	require.Equal(t, cmdutil.ExitOK, code)
	require.Equal(t, "staging: nobody holds the lock\n", out)

	// Pending creations without a lock: deploying is refused, and unlocking puts them right too.
	s.place.Interrupt("alarms")
	code, _, said = s.run("destroy", "staging", "--confirm", "staging")
	require.Equal(t, cmdutil.ExitRefused, code)
	require.Contains(t, said, "Topic alarms")
	s.place.Lock("l-3", here, 1<<30)
	s.typed = "staging\n"
	code, out, said = s.run("state", "unlock", "staging")
	require.Equal(t, cmdutil.ExitOK, code, said)
	require.Contains(t, out, "it is gone")
	require.Contains(t, out, "the lock is released")
	require.Contains(t, out, "adopted")
}

func TestValidatingAnEnvironment(t *testing.T) {
	s := newScene(t, func(ctx *pulumi.Context) error { return stacktest.Topic(ctx, "alarms", pulumi.String("x")) })
	s.place.Write("go.mod", "module example.com/x\n\ngo 1.24\n")
	s.place.Write("a.go", "package x\n")
	git := exec.Command("git", "init", "-q")
	git.Dir = s.place.Project
	require.NoError(t, git.Run())
	code, out, _ := s.run("validate", "staging")
	require.Equal(t, cmdutil.ExitChanged, code)
	require.Contains(t, out, "Topic alarms: a deployment would create it")
	code, _, said := s.run("deploy", "staging", "--yes")
	require.Equal(t, cmdutil.ExitOK, code, said)
	var v stack.Validation
	code, said = s.document(&v, "validate", "staging")
	require.Equal(t, cmdutil.ExitOK, code, said)
	require.Len(t, v.Parts, 7)
	s.settings.AllowedAccounts = []string{"999999999999"}
	code, out, _ = s.run("validate", "staging")
	require.Equal(t, cmdutil.ExitFailed, code)
	require.Contains(t, out, "signed in to "+opstest.Account)
	require.Contains(t, out, "drift       not run")
}

func TestNothingIsOpenedInTheWrongAccount(t *testing.T) {
	s := newScene(t, nil)
	s.noStack = true
	commands := [][]string{{"preview", "staging"}, {"deploy", "staging", "--yes"}, {"destroy", "staging", "--confirm", "staging"}, {"state", "unlock", "staging", "--yes"}}
	for _, args := range commands {
		code, out, said := s.run(args...)
		require.Equal(t, cmdutil.ExitUsage, code)
		require.Contains(t, said, "`itrack setup-state staging` makes it")
		require.Empty(t, out)
	}
	s.settings.AllowedAccounts = []string{"999999999999"}
	for _, args := range commands {
		code, _, said := s.run(args...)
		require.Equal(t, cmdutil.ExitUsage, code)
		require.Contains(t, said, "allows only aws:allowedAccountIds 999999999999")
	}
	code, _, said := s.run("deploy", "nowhere")
	require.Equal(t, cmdutil.ExitUsage, code)
	require.Contains(t, said, "environments: staging")
}

func TestCtrlC(t *testing.T) {
	begun := make(chan struct{})
	s := newScene(t, func(ctx *pulumi.Context) error {
		if !ctx.DryRun() {
			close(begun)
			<-ctx.Context().Done()
			return ctx.Context().Err()
		}
		return stacktest.Topic(ctx, "alarms", pulumi.String("x"))
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	go func() {
		<-begun
		cancel()
	}()
	code, out, said := s.runIn(ctx, "deploy", "staging", "--yes")
	require.Equal(t, cmdutil.ExitCancelled, code)
	require.Contains(t, said, "0 of 1 changes were made and stay")
	require.Contains(t, out, "ended early: 0 of 1 changes were made and stay")
	code, out, _ = s.run("state", "unlock", "staging")
	require.Equal(t, cmdutil.ExitOK, code)
	require.Equal(t, "staging: nobody holds the lock\n", out, "the lock was given back")
}

// Where nobody answers, Ctrl-C and the time end the question: nothing was begun, and nothing waits for Enter.
func TestAQuestionEnds(t *testing.T) {
	s := newScene(t, func(ctx *pulumi.Context) error { return stacktest.Topic(ctx, "alarms", pulumi.String("x")) })
	silent, writer := io.Pipe()
	t.Cleanup(func() { _ = writer.Close() })
	s.stdin = silent
	code, _, said := s.run("deploy", "staging", "--timeout", "20s")
	require.Equal(t, cmdutil.ExitTimeout, code, said)
	require.Contains(t, said, "Type staging to go on: ")
	require.Contains(t, said, "waiting for the answer: the time is over")
	for _, args := range whole {
		code, _, said := s.run(append(args, "--timeout", "0s")...)
		require.Equal(t, cmdutil.ExitUsage, code, args)
		require.Contains(t, said, ": it takes a time above 0, such as 30m")
		code, out, said := s.run(append(args, "--timeout", "1ns")...)
		require.Equal(t, cmdutil.ExitTimeout, code, args)
		require.Contains(t, said, "the time is over", args)
		require.Empty(t, out)
	}
	require.Empty(t, s.place.Existing())
	require.Empty(t, s.released)
}
