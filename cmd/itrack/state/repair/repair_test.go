package repair

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/recovery"
	"github.com/stretchr/testify/require"
)

// settings are what the stack file says, and noStack that there is no such stack.
var (
	settings = opstest.Settings("staging")
	noStack  = false
)

func execute(t *testing.T, repair func(engine.RepairRun) (engine.RepairReport, error), args ...string) (string, error) {
	t.Helper()
	return executeWith(t, func(_ context.Context, run engine.RepairRun) (engine.RepairReport, error) { return repair(run) }, args...)
}

// opened is the stack that the tests open.
var opened = &engine.Stack{}

func executeWith(t *testing.T, repair func(context.Context, engine.RepairRun) (engine.RepairReport, error), args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.staging.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("name: itrack\nruntime: go\n"), 0o600))
	}
	if !slices.Contains(args, "--keep") {
		opstest.New(t).SignIn(t)
	}
	out := &bytes.Buffer{}
	cmd := NewCmdRepair(&cmdutil.Factory{
		IO: cmdutil.IOStreams{Out: out, Err: &bytes.Buffer{}}, Plugins: []string{"plugin"},
		Project:       func() (string, error) { return dir, nil },
		StackSettings: func(string, string) (ops.Settings, error) { return settings, nil }, Ops: opstest.Options(t),
		OpenStack: func(context.Context, string, string) (*engine.Stack, error) {
			if noStack {
				return nil, engine.ErrNoStack
			}
			return opened, nil
		},
		Pulumi: func(context.Context, string) (*engine.CLI, error) { return &engine.CLI{}, nil },
		Repair: repair,
	}, nil)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.ExecuteContext(context.Background())
	return out.String(), err
}

// run runs the command on a repair with that outcome.
func run(t *testing.T, report engine.RepairReport, args ...string) (string, error) {
	t.Helper()
	return execute(t, func(engine.RepairRun) (engine.RepairReport, error) { return report, nil }, args...)
}

func TestFlagsReachTheEngine(t *testing.T) {
	var got engine.RepairRun
	here, err := os.Getwd()
	require.NoError(t, err)
	_, err = execute(t, func(run engine.RepairRun) (engine.RepairReport, error) { got = run; return engine.RepairReport{}, nil },
		"staging", "--dry-run", "--keep", "kept", "--one-account", "--set", "itrack:domain=example.com", "--unlock", "l1",
		"--adopt", "urn:pulumi:staging::itrack::t::n=i=1", "--clear", "urn:pulumi:staging::itrack::t::m", "--delete-orphan", "o1")
	require.NoError(t, err)
	require.Equal(t, "staging", got.Environment)
	require.Equal(t, filepath.Join(here, "kept"), got.Keep)
	require.True(t, got.DryRun)
	require.True(t, got.OneAccount)
	require.Equal(t, []engine.Overlay{{Key: "itrack:domain", Value: "example.com"}}, got.Overlays)
	require.Equal(t, []string{"l1"}, got.Unlock)
	require.Equal(t, map[string]string{"urn:pulumi:staging::itrack::t::n": "i=1"}, got.Adopt)
	require.Equal(t, []string{"urn:pulumi:staging::itrack::t::m"}, got.Clear)
	require.Equal(t, []string{"o1"}, got.DeleteOrphan)
}

func TestWrongUsage(t *testing.T) {
	never := func(engine.RepairRun) (engine.RepairReport, error) {
		t.Error("nothing may run")
		return engine.RepairReport{}, nil
	}
	for _, args := range [][]string{
		{"nowhere"}, {"staging", "--adopt", "urn:pulumi:x"}, {"staging", "--adopt", "a=b"}, {"staging", "--one-account"}, {"staging", "--set", "a:b=c"},
		{"staging", "--timeout", "0"}, {"staging", "--timeout", "-1s"},
	} {
		_, err := execute(t, never, args...)
		require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err), "%v: %v", args, err)
	}
}

func TestTheRepairIsBounded(t *testing.T) {
	var until time.Time
	_, err := executeWith(t, func(ctx context.Context, run engine.RepairRun) (engine.RepairReport, error) {
		until, _ = ctx.Deadline()
		require.Same(t, opened, run.Opened, "the stack that was found is the one that is repaired")
		return engine.RepairReport{}, nil
	}, "staging", "--timeout", "3h")
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(3*time.Hour), until, time.Minute)

	text, err := executeWith(t, func(ctx context.Context, _ engine.RepairRun) (engine.RepairReport, error) {
		<-ctx.Done()
		return engine.RepairReport{Stack: "staging"}, errors.New("refreshing: signal: interrupt")
	}, "staging", "--keep", "kept", "--timeout", "5ms")
	require.Equal(t, cmdutil.ExitTimeout, cmdutil.ExitCode(err), "%v", err)
	require.ErrorContains(t, err, "repairing the stack of staging: the time is over")
	require.NotContains(t, text, "nothing to repair", "nobody knows that")

	// What was found until then is told.
	text, err = executeWith(t, func(ctx context.Context, _ engine.RepairRun) (engine.RepairReport, error) {
		<-ctx.Done()
		return report, errors.New("refreshing: signal: interrupt")
	}, "staging", "--keep", "kept", "--timeout", "5ms")
	require.Equal(t, cmdutil.ExitTimeout, cmdutil.ExitCode(err))
	require.Contains(t, text, "vpc-1: found by tags")

	_, err = executeWith(t, func(context.Context, engine.RepairRun) (engine.RepairReport, error) {
		return engine.RepairReport{}, errors.New("in time")
	}, "staging")
	require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(err))
}

// In another account nothing that was being made is found: it would be taken for not made, and cleared.
func TestNothingIsRepairedFromTheWrongAccount(t *testing.T) {
	never := func(engine.RepairRun) (engine.RepairReport, error) {
		t.Error("nothing may run")
		return engine.RepairReport{}, nil
	}
	settings.AllowedAccounts = []string{opstest.OtherAccount}
	_, err := execute(t, never, "staging")
	settings = opstest.Settings("staging")
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
	require.ErrorContains(t, err, "allows only aws:allowedAccountIds "+opstest.OtherAccount)
	noStack = true
	_, err = execute(t, never, "staging")
	noStack = false
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
	require.ErrorContains(t, err, "no backend that was looked at has it")
}

var report = engine.RepairReport{
	Stack: "staging",
	Locks: []engine.Lock{{ID: "abc", PID: 7, User: "ann", Host: "here", Time: time.Unix(0, 0), Holder: engine.HolderDead}},
	Interrupted: []engine.Decision{
		{URN: "urn:pulumi:staging::itrack::aws:ec2/vpc:Vpc::net", Type: "aws:ec2/vpc:Vpc", Action: engine.ActionAdopt, ID: "vpc-1", Why: "found by tags"},
		{URN: "urn:pulumi:staging::itrack::aws:ec2/eip:Eip::nat", Type: "aws:ec2/eip:Eip", Action: engine.ActionOpen, Why: "2 objects look like it"},
	},
	Orphans: []recovery.Object{{Type: "aws:ec2/eip:Eip", ID: "eipalloc-1", Region: "us-east-1"}},
	Drift:   []engine.Change{{URN: "urn:pulumi:staging::itrack::aws:sqs/queue:Queue::q", Type: "aws:sqs/queue:Queue", Op: "delete"}},
}

func TestThePageSaysWhatWasDoneAndWhatIsOpen(t *testing.T) {
	text, err := run(t, report, "staging")
	require.NoError(t, err)
	for _, part := range []string{
		"abc  ann on here, pid 7", "it is gone", "adopted", "vpc-1: found by tags", "2 objects look like it",
		"--adopt 'urn:pulumi:staging::itrack::aws:ec2/eip:Eip::nat=ID'", "does not exist any more", "--delete-orphan eipalloc-1 deletes it",
	} {
		require.Contains(t, text, part)
	}
	dry := report
	dry.DryRun = true
	text, err = run(t, dry, "staging")
	require.NoError(t, err)
	require.Contains(t, text, "would adopt")
	text, err = run(t, engine.RepairReport{Stack: "staging"}, "staging")
	require.NoError(t, err)
	require.Contains(t, text, "nothing to repair")
}

func TestJSONIsOneDocument(t *testing.T) {
	text, err := run(t, report, "staging", "--json")
	require.NoError(t, err)
	var back engine.RepairReport
	require.NoError(t, json.Unmarshal([]byte(text), &back))
	require.Equal(t, report.Interrupted, back.Interrupted)
	require.Equal(t, engine.HolderDead, back.Locks[0].Holder)
}
