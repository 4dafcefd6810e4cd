package review

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/controls"
	"github.com/itrack/itrack/internal/review/stacktest"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
)

const queue = "aws:sqs/queue:Queue"

// setup is a project and a factory whose rehearsal deploys one queue into each environment: an encrypted one into staging, one
// that is not into production.
type setup struct {
	*cmdutil.Factory
	dir       string
	out, said *bytes.Buffer
	got       []engine.Options
	fails     error
	broken    bool
}

func newSetup(t *testing.T) *setup {
	t.Helper()
	s := &setup{dir: t.TempDir(), out: &bytes.Buffer{}, said: &bytes.Buffer{}}
	for _, name := range []string{"Pulumi.yaml", "Pulumi.production.yaml", "Pulumi.staging.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), []byte("name: itrack\nruntime: go\n"), 0o600))
	}
	s.Factory = &cmdutil.Factory{
		IO: cmdutil.IOStreams{Out: s.out, Err: s.said}, Version: "v1.2.3", Plugins: []string{"pulumi-resource-aws"},
		Project: func() (string, error) { return s.dir, nil },
		Pulumi:  func(context.Context, string) (*engine.CLI, error) { return &engine.CLI{}, nil },
		UnknownKeys: func(keys []string) []string {
			return map[bool][]string{true: {"no such key"}}[keys != nil && keys[0] == "itrack:moon"]
		},
		Rehearse: func(_ context.Context, o engine.Options) (engine.Report, error) {
			s.got = append(s.got, o)
			o.Observer(engine.Progress{Stack: "staging", Phase: engine.PhaseUp})
			var report engine.Report
			for _, name := range o.Environments {
				report.Stacks = append(report.Stacks, engine.StackReport{Stack: name, OK: !s.broken, State: &engine.State{Raw: export(t, name,
					name == "staging")}})
			}
			return report, s.fails
		},
	}
	return s
}

func export(t *testing.T, name string, encrypted bool) apitype.UntypedDeployment {
	return stacktest.Export(t, name, stacktest.R{Type: queue, Name: "q", Props: stacktest.P{"encrypted": encrypted}})
}

// list is one control: queues are encrypted.
func list() []review.Control {
	return []review.Control{{
		ID: "SQS.1", Title: "Queues are encrypted", Source: "https://docs.aws.amazon.com/x", Severity: review.Medium, Pillars: []review.Pillar{review.Security},
		Absent: "the stack has no queue",
		Check: review.Each(queue, func(_ *review.Model, r *review.Resource) review.Answer {
			return review.When(r.Bool("encrypted"), r, "it is encrypted", "it is not encrypted", "set kmsMasterKeyId")
		}),
	}}
}

func (s *setup) execute(in io.Reader, args ...string) error {
	cmd := newCmd(&Options{Factory: s.Factory, Controls: list, Now: func() time.Time { return time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC) }}, nil)
	cmd.SetArgs(args)
	cmd.SetIn(in)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return cmd.ExecuteContext(context.Background())
}

const accepted = `acceptances:
  - {control: SQS.1, environments: [production], resources: ["aws:sqs/*::q"], reason: r, kind: cost, owner: o, expires: 2026-12-31}
`

func TestRehearsesWhatIsNamed(t *testing.T) {
	s := newSetup(t)
	require.NoError(t, s.execute(nil, "staging", "--set", "itrack:domain=example.com"))
	require.Equal(t, []string{"staging"}, s.got[0].Environments)
	require.Equal(t, []engine.Overlay{{Key: "itrack:domain", Value: "example.com"}}, s.got[0].Overlays)
	require.Equal(t, []string{"pulumi-resource-aws"}, s.got[0].Plugins)
	require.Contains(t, s.out.String(), "REVIEW OF STAGING")
	require.Contains(t, s.out.String(), "staging passes")
	require.Contains(t, s.said.String(), "staging: first up", "progress goes to stderr")

	require.ErrorIs(t, s.execute(nil), cmdutil.ErrSilent, "production fails")
	require.Equal(t, []string{"staging", "production"}, s.got[1].Environments)
	require.Contains(t, s.out.String(), "production fails 1 control")
}

func TestReadsAnExport(t *testing.T) {
	s := newSetup(t)
	raw, err := json.Marshal(export(t, "production", false))
	require.NoError(t, err)
	require.ErrorIs(t, s.execute(bytes.NewReader(raw), "--from", "-"), cmdutil.ErrSilent)
	require.Contains(t, s.out.String(), "fix: set kmsMasterKeyId")
	require.Empty(t, s.got, "nothing is rehearsed")

	path := filepath.Join(t.TempDir(), "export.json")
	require.NoError(t, os.WriteFile(path, raw, 0o600))
	require.ErrorIs(t, s.execute(nil, "--from", path), cmdutil.ErrSilent)

	s.Project = func() (string, error) { return "", errors.New("no Pulumi.yaml") }
	require.ErrorIs(t, s.execute(nil, "--from", path), cmdutil.ErrSilent, "an export needs no project")
	require.Contains(t, s.said.String(), "no acceptances are read")
}

func TestAcceptancesOfTheProjectAndOfAFile(t *testing.T) {
	s := newSetup(t)
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, review.AcceptanceFile), []byte(accepted), 0o600))
	require.NoError(t, s.execute(nil, "production"), "what fails is accepted")
	require.Contains(t, s.out.String(), "Fails and is accepted (1)")

	other := filepath.Join(t.TempDir(), "other.yaml")
	require.NoError(t, os.WriteFile(other, []byte("acceptances: []\n"), 0o600))
	require.ErrorIs(t, s.execute(nil, "production", "--acceptances", other), cmdutil.ErrSilent)

	require.NoError(t, os.WriteFile(other, []byte("acceptances: [{control: SQS.9}]\n"), 0o600))
	rehearsals := len(s.got)
	err := s.execute(nil, "production", "--acceptances", other)
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
	require.ErrorContains(t, err, other)
	require.ErrorContains(t, err, "acceptances[0].control")
	require.Len(t, s.got, rehearsals, "said before anything is rehearsed")
}

func TestJSONAndSARIF(t *testing.T) {
	s := newSetup(t)
	path := filepath.Join(t.TempDir(), "review.sarif")
	require.ErrorIs(t, s.execute(nil, "--json", "--sarif", path), cmdutil.ErrSilent)
	var document struct {
		Reviews []struct {
			Stack  string
			Day    string
			Totals review.Totals
		}
	}
	require.NoError(t, json.Unmarshal(s.out.Bytes(), &document), "one document and nothing else")
	require.Len(t, document.Reviews, 2)
	require.Equal(t, "2026-03-10", document.Reviews[0].Day)
	require.Equal(t, 1, document.Reviews[1].Totals.Failed)
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	var log struct {
		Version string
		Runs    []struct {
			Results []struct{ RuleID, Kind string }
		}
	}
	require.NoError(t, json.Unmarshal(raw, &log))
	require.Equal(t, "2.1.0", log.Version)
	require.Len(t, log.Runs, 2)
	require.Equal(t, "fail", log.Runs[1].Results[0].Kind)
}

func TestExitCodes(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	cases := []struct {
		name   string
		args   []string
		in     string
		change func(*setup)
		code   int
	}{
		{"nothing fails", []string{"staging"}, "", nil, cmdutil.ExitOK},
		{"something fails", []string{"production"}, "", nil, cmdutil.ExitFailed},
		{"an unknown environment", []string{"moon"}, "", nil, cmdutil.ExitUsage},
		{"a wrong overlay", []string{"--set", "novalue"}, "", nil, cmdutil.ExitUsage},
		{"an unknown setting", []string{"--set", "itrack:moon.x=1"}, "", nil, cmdutil.ExitUsage},
		{"an environment beside an export", []string{"staging", "--from", "-"}, "", nil, cmdutil.ExitUsage},
		{"a setting beside an export", []string{"--set", "itrack:domain=x", "--from", "-"}, "", nil, cmdutil.ExitUsage},
		{"SARIF on stdout", []string{"--sarif", "-"}, "", nil, cmdutil.ExitUsage},
		{"no such export", []string{"--from", missing}, "", nil, cmdutil.ExitUsage},
		{"no export", []string{"--from", "-"}, "hello", nil, cmdutil.ExitUsage},
		{"an empty export", []string{"--from", "-"}, `{"version":3,"deployment":null}`, nil, cmdutil.ExitUsage},
		{"an empty stack", []string{"--from", "-"}, `{"version":3,"deployment":{"resources":[]}}`, nil, cmdutil.ExitFailed},
		{"no such acceptances", []string{"staging", "--acceptances", missing}, "", nil, cmdutil.ExitUsage},
		{"a rehearsal that does not hold", []string{"staging"}, "", func(s *setup) { s.broken = true }, cmdutil.ExitFailed},
		{"a rehearsal that could not run", []string{"staging"}, "", func(s *setup) { s.fails = errors.New("no space left") }, cmdutil.ExitFailed},
		{"cancelled", []string{"staging"}, "", func(s *setup) { s.fails = context.Canceled }, cmdutil.ExitCancelled},
		{"no project", []string{"staging"}, "", func(s *setup) {
			s.Project = func() (string, error) { return "", cmdutil.UsageError{Err: errors.New("no Pulumi.yaml")} }
		}, cmdutil.ExitUsage},
		{"nowhere to write SARIF", []string{"staging", "--sarif", filepath.Join(missing, "x")}, "", nil, cmdutil.ExitFailed},
	}
	for _, c := range cases {
		s := newSetup(t)
		if c.change != nil {
			c.change(s)
		}
		err := s.execute(bytes.NewReader([]byte(c.in)), c.args...)
		require.Equal(t, c.code, cmdutil.ExitCode(err), "%s: %v", c.name, err)
	}
}

func TestABrokenRehearsalIsNotReviewed(t *testing.T) {
	s := newSetup(t)
	s.broken = true
	require.ErrorContains(t, s.execute(nil, "staging"), "the rehearsal does not hold")
	require.Contains(t, s.said.String(), "staging does not hold")
	require.Empty(t, s.out.String())
}

func TestTheListItself(t *testing.T) {
	require.NoError(t, review.Validate(controls.All()))
	require.NotEmpty(t, review.ControlsPage(controls.All()))
}
