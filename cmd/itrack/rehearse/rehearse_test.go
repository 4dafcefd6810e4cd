package rehearse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
)

// setup is a project with three stack files and a factory whose rehearsal is the given one.
func setup(t *testing.T, rehearse func(engine.Options) (engine.Report, error)) (f *cmdutil.Factory, out, said *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.production.yaml", "Pulumi.staging.yaml", "Pulumi.trial.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("name: itrack\nruntime: go\n"), 0o600))
	}
	out, said = &bytes.Buffer{}, &bytes.Buffer{}
	return &cmdutil.Factory{
		IO:      cmdutil.IOStreams{Out: out, Err: said},
		Plugins: []string{"pulumi-resource-aws"},
		Project: func() (string, error) { return dir, nil },
		Pulumi:  func(context.Context, string) (*engine.CLI, error) { return &engine.CLI{}, nil },
		Rehearse: func(_ context.Context, o engine.Options) (engine.Report, error) {
			o.Observer(engine.Progress{Stack: "staging", Phase: engine.PhaseUp})
			return rehearse(o)
		},
	}, out, said
}

func execute(f *cmdutil.Factory, args ...string) error {
	cmd := NewCmdRehearse(f, nil)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return cmd.ExecuteContext(context.Background())
}

func TestFlagsReachTheEngine(t *testing.T) {
	var got engine.Options
	f, _, _ := setup(t, func(o engine.Options) (engine.Report, error) {
		got = o
		return engine.Report{Stacks: []engine.StackReport{{Stack: "trial", OK: true}}}, nil
	})
	here, err := os.Getwd()
	require.NoError(t, err)
	require.NoError(t, execute(f, "trial", "--keep", "kept", "--export", "states", "--destroy", "--one-account",
		"--set", "itrack:domain=example.com", "--set", "aws:region=us-west-2"))
	require.Equal(t, []string{"trial"}, got.Environments)
	require.Equal(t, filepath.Join(here, "kept"), got.Keep, "relative to where the command was called")
	require.Equal(t, filepath.Join(here, "states"), got.Export)
	require.True(t, got.Destroy)
	require.True(t, got.OneAccount)
	require.Equal(t, []engine.Overlay{{Key: "itrack:domain", Value: "example.com"}, {Key: "aws:region", Value: "us-west-2"}}, got.Overlays)
	require.Equal(t, []string{"pulumi-resource-aws"}, got.Plugins)

	require.NoError(t, execute(f))
	require.Equal(t, []string{"staging", "production"}, got.Environments, "staging first, and no others")
}

func TestJSONIsOneDocumentAndNothingElse(t *testing.T) {
	f, out, said := setup(t, func(engine.Options) (engine.Report, error) {
		return engine.Report{Stacks: []engine.StackReport{{
			Stack: "staging", OK: true, Resources: 3, ByType: map[string]int{"aws:sns/topic:Topic": 3},
			Outputs: map[string]any{"url": "https://x"}, SecondRunChanges: []engine.Change{}, Failures: []engine.Problem{},
			Refusals:    []engine.Problem{{URN: "u", Type: "t", Property: "p", Rule: "r", Message: "m"}},
			WallSeconds: 2.5, EngineSeconds: 2,
		}}}, nil
	})
	require.NoError(t, execute(f, "--json"))
	var document map[string][]map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &document))
	stack := document["stacks"][0]
	require.Equal(t, "staging", stack["stack"])
	require.Equal(t, true, stack["ok"])
	require.EqualValues(t, 3, stack["resources"])
	require.Equal(t, map[string]any{"aws:sns/topic:Topic": float64(3)}, stack["byType"])
	require.Equal(t, map[string]any{"url": "https://x"}, stack["outputs"])
	require.Equal(t, []any{}, stack["secondRunChanges"], "an empty list, not null")
	require.Equal(t, []any{}, stack["failures"])
	require.Equal(t, []any{map[string]any{"urn": "u", "type": "t", "property": "p", "rule": "r", "message": "m"}}, stack["refusals"])
	require.EqualValues(t, 2.5, stack["wallSeconds"])
	require.EqualValues(t, 2, stack["engineSeconds"])
	require.Contains(t, said.String(), "staging: first up", "progress goes to stderr")
}

func TestExitCodes(t *testing.T) {
	broken := engine.Report{Stacks: []engine.StackReport{{Stack: "staging", OK: true}, {Stack: "production"}}}
	refused := engine.StackReport{Stack: "staging", Failures: []engine.Problem{{Message: "the configuration of stack staging has 2 problem(s); nothing was changed:"}}}
	cases := []struct {
		name   string
		args   []string
		report engine.Report
		err    error
		code   int
	}{
		{"something does not hold", nil, broken, nil, cmdutil.ExitFailed},
		{"nothing was rehearsed", nil, engine.Report{}, nil, cmdutil.ExitFailed},
		{"it could not run", nil, engine.Report{}, errors.New("no space left"), cmdutil.ExitFailed},
		{"settings", nil, engine.Report{}, engine.ErrSettings, cmdutil.ExitUsage},
		{"settings that the program refuses", nil, engine.Report{Stacks: []engine.StackReport{refused, {Stack: "production", OK: true}}}, nil, cmdutil.ExitUsage},
		{"settings in one, a failure in another", nil, engine.Report{Stacks: []engine.StackReport{refused, {Stack: "production"}}}, nil, cmdutil.ExitFailed},
		{"cancelled", nil, engine.Report{}, context.Canceled, cmdutil.ExitCancelled},
		{"an unknown environment", []string{"moon"}, engine.Report{}, nil, cmdutil.ExitUsage},
		{"an environment twice", []string{"staging", "staging"}, engine.Report{}, nil, cmdutil.ExitUsage},
		{"a wrong overlay", []string{"--set", "novalue"}, engine.Report{}, nil, cmdutil.ExitUsage},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, _, _ := setup(t, func(engine.Options) (engine.Report, error) { return c.report, c.err })
			require.Equal(t, c.code, cmdutil.ExitCode(execute(f, c.args...)))
		})
	}
}

func TestUnknownSettingsAreRefused(t *testing.T) {
	f, _, _ := setup(t, func(engine.Options) (engine.Report, error) {
		return engine.Report{Stacks: []engine.StackReport{{OK: true}}}, nil
	})
	var asked []string
	f.UnknownKeys = func(keys []string) []string {
		asked = keys
		return []string{keys[0] + ": is not a known key"}
	}
	err := execute(f, "--set", "itrack:netwerk.zones=3", "--set", `itrack:services["backend"].cpu=512`)
	require.Equal(t, []string{"itrack:netwerk", "itrack:services"}, asked)
	require.ErrorContains(t, err, "itrack:netwerk: is not a known key")
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
}

func TestTakeOver(t *testing.T) {
	var values []string
	for _, overlay := range TakeOver(engine.StackReport{}) {
		require.True(t, strings.HasPrefix(overlay.Key, "itrack:account."))
		values = append(values, overlay.Value)
	}
	require.Equal(t, []string{"use", "use", "use", "use", "use"}, values)

	state := &engine.State{Resources: []apitype.ResourceV3{{
		Type: "aws:costexplorer/anomalyMonitor:AnomalyMonitor", Custom: true, ID: "arn:aws:ce::111122223333:anomalymonitor/x",
	}}}
	all := TakeOver(engine.StackReport{State: state})
	require.Equal(t, engine.Overlay{Key: "itrack:account.anomalyMonitorArn", Value: "arn:aws:ce::111122223333:anomalymonitor/x"}, all[len(all)-1])
}
