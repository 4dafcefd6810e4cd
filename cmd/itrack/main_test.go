package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/infra"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/rehearsal"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// The engine starts this test program as the stand-in plugins, as it starts itrack.
func TestMain(m *testing.M) {
	if kind, ok := rehearsal.PluginKind(os.Args[0]); ok {
		if err := rehearsal.ServePlugin(kind, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if child := os.Getenv(childVariable); child != "" {
		os.Exit(runChild(child))
	}
	os.Exit(m.Run())
}

type group struct{ pulumi.ResourceState }

// topics is a program of topics in one component, the named one protected.
func topics(protect string, names ...string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		provider, err := aws.NewProvider(ctx, "primary", &aws.ProviderArgs{Region: pulumi.String("us-east-1")})
		if err != nil {
			return err
		}
		parent := &group{}
		if err := ctx.RegisterComponentResource("itrack:test:Topics", "topics", parent); err != nil {
			return err
		}
		for i, name := range names {
			topic, err := sns.NewTopic(ctx, fmt.Sprintf("t%d", i), &sns.TopicArgs{Name: pulumi.String(name)},
				pulumi.Provider(provider), pulumi.Parent(parent), pulumi.Protect(name == protect))
			if err != nil {
				return err
			}
			ctx.Export(fmt.Sprintf("t%d", i), topic.Arn)
		}
		return ctx.RegisterResourceOutputs(parent, pulumi.Map{})
	}
}

// itrack runs the command line on a project of two stacks with the given program.
func itrack(t *testing.T, program pulumi.RunFunc, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	project := t.TempDir()
	for name, text := range map[string]string{
		"Pulumi.yaml":            "name: itrack\nruntime: go\n",
		"Pulumi.staging.yaml":    "config:\n  aws:region: us-east-1\n",
		"Pulumi.production.yaml": "config:\n  aws:region: us-east-1\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(project, name), []byte(text), 0o600))
	}
	var out, said bytes.Buffer
	root := newRoot(&cmdutil.Factory{
		IO: cmdutil.IOStreams{Out: &out, Err: &said}, Version: "v1.2.3", Program: program, Plugins: rehearsal.PluginNames(),
		Schema:      func() ([]byte, error) { return []byte(`{"type":"object"}`), nil },
		UnknownKeys: unknownKeys,
		Project:     func() (string, error) { return project, nil },
		Pulumi: func(ctx context.Context, _ string) (*engine.CLI, error) {
			return engine.FindPulumi(ctx, repository)
		},
		StackSettings: func(_, environment string) (ops.Settings, error) { return ops.Settings{Environment: environment}, nil },
		Rehearse:      engine.Rehearse, Measure: engine.Measure,
	})
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&said)
	err = root.ExecuteContext(context.Background())
	if err != nil && !errors.Is(err, cmdutil.ErrSilent) {
		fmt.Fprintln(&said, err)
	}
	return out.String(), said.String(), cmdutil.ExitCode(err)
}

// document reads what --json printed.
func document(t *testing.T, text string) []engine.StackReport {
	t.Helper()
	var report engine.Report
	require.NoError(t, json.Unmarshal([]byte(text), &report), text)
	return report.Stacks
}

func TestRehearsalEndToEnd(t *testing.T) {
	states := t.TempDir()
	out, said, code := itrack(t, topics("", "critical", "warning"), "rehearse", "--json", "--destroy", "--export", states)
	require.Equal(t, cmdutil.ExitOK, code, said+out)
	stacks := document(t, out)
	require.Len(t, stacks, 2)
	require.NotEqual(t, stacks[0].Account, stacks[1].Account, "each environment has its own account")
	for _, stack := range stacks {
		require.True(t, stack.OK)
		require.Equal(t, 2, stack.Resources, "the provider and the component are not counted")
		require.Equal(t, map[string]int{"aws:sns/topic:Topic": 2}, stack.ByType)
		require.Equal(t, "arn:aws:sns:us-east-1:"+stack.Account+":critical", stack.Outputs["t0"])
		require.Empty(t, stack.SecondRunChanges)
		require.Empty(t, stack.Refusals)
		require.Positive(t, stack.WallSeconds)
		require.Equal(t, 2, stack.Destroy.Deleted)
		require.Zero(t, stack.Destroy.Remaining)
		require.FileExists(t, filepath.Join(states, stack.Stack+".json"))
	}
}

func TestRehearsalRefusesToDeleteWhatIsProtected(t *testing.T) {
	out, said, code := itrack(t, topics("critical", "critical", "warning"), "rehearse", "staging", "--json", "--destroy")
	require.Equal(t, cmdutil.ExitOK, code, "a refusal that was announced holds: "+said+out)
	stack := document(t, out)[0]
	require.Len(t, stack.Refusals, 1)
	require.Equal(t, "PulumiProtect", stack.Refusals[0].Rule)
	require.Contains(t, stack.Refusals[0].URN, "::t0")
	require.NotEmpty(t, stack.Destroy.Refused)
	require.NotZero(t, stack.Destroy.Remaining)
}

func TestRehearsalReportsTheProgramsError(t *testing.T) {
	out, said, code := itrack(t, func(ctx *pulumi.Context) error {
		if err := topics("", "critical")(ctx); err != nil {
			return err
		}
		return errors.New("creating network: the range 10.0.0.0/30 is too small")
	}, "rehearse", "staging", "--json")
	require.Equal(t, cmdutil.ExitFailed, code, said)
	stack := document(t, out)[0]
	require.False(t, stack.OK)
	require.Len(t, stack.Failures, 1)
	require.Equal(t, "creating network: the range 10.0.0.0/30 is too small", stack.Failures[0].Message)
}

// Settings that do not pass are wrong usage, also where the program finds them: nothing was run.
func TestRehearsalOfWrongSettingsIsWrongUsage(t *testing.T) {
	out, said, code := itrack(t, infra.Stack, "rehearse", "staging", "--json")
	require.Equal(t, cmdutil.ExitUsage, code, said)
	failures := document(t, out)[0].Failures
	require.Len(t, failures, 1)
	require.Contains(t, failures[0].Message, "itrack:network")
}

// unknown is a resource of a type that the stand-in has never heard of.
type unknown struct{ pulumi.CustomResourceState }

func TestRehearsalReportsWhatTheStandInRefuses(t *testing.T) {
	out, said, code := itrack(t, func(ctx *pulumi.Context) error {
		provider, err := aws.NewProvider(ctx, "primary", &aws.ProviderArgs{Region: pulumi.String("us-east-1")})
		if err != nil {
			return err
		}
		return ctx.RegisterResource("aws:moon/base:Base", "tranquility", pulumi.Map{}, &unknown{}, pulumi.Provider(provider))
	}, "rehearse", "staging", "--json")
	require.Equal(t, cmdutil.ExitFailed, code, said)
	failures := document(t, out)[0].Failures
	require.Len(t, failures, 1, "the engine and the program repeat it; it is reported once")
	require.Equal(t, "aws:moon/base:Base", failures[0].Type)
	require.Contains(t, failures[0].URN, "::tranquility")
	require.Contains(t, failures[0].Message, "aws:moon/base:Base")
}

func TestKeepGoesOnFromWhereItWas(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	out, said, code := itrack(t, topics("", "critical"), "rehearse", "staging", "--keep", dir)
	require.Equal(t, cmdutil.ExitOK, code, said+out)
	require.Contains(t, out, "Topics    1  topic critical")
	out, said, code = itrack(t, topics("", "critical", "warning"), "rehearse", "staging", "--keep", dir, "--json")
	require.Equal(t, cmdutil.ExitOK, code, said+out)
	require.Equal(t, 2, document(t, out)[0].Resources)
}

func TestBench(t *testing.T) {
	out, said, code := itrack(t, topics("critical", "critical", "warning"), "bench", "staging", "--runs", "2", "--max-ratio", "20", "--json")
	require.Equal(t, cmdutil.ExitOK, code, said+out)
	var result struct{ Stacks []engine.Bench }
	require.NoError(t, json.Unmarshal([]byte(out), &result))
	require.Equal(t, 2, result.Stacks[0].Resources)
	require.Equal(t, 1, result.Stacks[0].Providers)
	require.Len(t, result.Stacks[0].Program.All, 2)
	require.Len(t, result.Stacks[0].Trivial.All, 2)
	require.Positive(t, result.Stacks[0].Ratio)

	_, said, code = itrack(t, topics("", "critical"), "bench", "staging", "--runs", "1", "--max-ratio", "0.01")
	require.Equal(t, cmdutil.ExitFailed, code)
	require.Contains(t, said, "is above 0.01")
}

func TestCommands(t *testing.T) {
	cases := []struct {
		args []string
		code int
		out  string
		said string
	}{
		{[]string{"version"}, cmdutil.ExitOK, "itrack v1.2.3 (needs pulumi 3.230.0 or newer)\n", ""},
		{[]string{"config", "schema"}, cmdutil.ExitOK, "{\"type\":\"object\"}\n", ""},
		{[]string{"moon"}, cmdutil.ExitUsage, "", `unknown command "moon"`},
		{[]string{"state", "unlok"}, cmdutil.ExitUsage, "", `unknown command "unlok" for "itrack state" (did you mean unlock?); see`},
		{[]string{"completion", "moon"}, cmdutil.ExitUsage, "", `unknown command "moon" for "itrack completion"; see`},
		{[]string{"rollback", "staging", "--frontend", "--function", "x"}, cmdutil.ExitUsage, "", "none of the others can be"},
		{[]string{"promote", "staging", "staging"}, cmdutil.ExitUsage, "", "promoting staging to itself"},
		{[]string{"promote", "staging", "produciton", "--yes"}, cmdutil.ExitUsage, "", "produciton"},
		{[]string{"deploy-apps", "staging", "--image", "backend=latest"}, cmdutil.ExitUsage, "", "reading the image latest: it is no digest"},
		{[]string{"push", "staging", "--images", "/nowhere"}, cmdutil.ExitUsage, "", "--images /nowhere is no folder"},
		{[]string{"rehearse", "--wrong"}, cmdutil.ExitUsage, "", "unknown flag: --wrong; see `itrack rehearse --help`"},
		{[]string{"version", "x"}, cmdutil.ExitUsage, "", "itrack version --help"},
		{[]string{"rehearse", "--set", "itrack:domian=example.com"}, cmdutil.ExitUsage, "", "did you mean domain?"},
		{[]string{"bench", "--runs", "0"}, cmdutil.ExitUsage, "", "at least 1"},
	}
	for _, c := range cases {
		out, said, code := itrack(t, nil, c.args...)
		require.Equal(t, c.code, code, c.args)
		require.Equal(t, c.out, out, c.args)
		require.Contains(t, said, c.said, c.args)
	}
}

func TestEveryCommandHasHelpAndExamples(t *testing.T) {
	root := newRoot(&cmdutil.Factory{})
	require.NotEmpty(t, root.Commands())
	for _, cmd := range root.Commands() {
		require.NotEmpty(t, cmd.Short, cmd.CommandPath())
		if works(cmd) {
			require.Contains(t, cmd.Example, cmd.CommandPath())
		}
	}
}
