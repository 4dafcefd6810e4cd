package securityscan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops/scan"
	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/output"
	"github.com/itrack/itrack/internal/review/stacktest"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/require"
)

const queue = "aws:sqs/queue:Queue"

// setup is a project in a git repository, with a govulncheck of its own on PATH and no trivy, whose staging has an encrypted queue
// and whose production has one that is not.
type setup struct {
	*Options
	dir       string
	out, said *bytes.Buffer
	reviewed  [][]string
	fails     error
}

// nothing is what govulncheck prints where it finds nothing.
const nothing = `{"config": {"protocol_version": "v1.0.0", "db": "https://vuln.go.dev", "db_last_modified": "2026-03-01T00:00:00Z", "scan_level": "symbol"}}`

func newSetup(t *testing.T) *setup {
	t.Helper()
	s := &setup{dir: t.TempDir(), out: &bytes.Buffer{}, said: &bytes.Buffer{}}
	for _, name := range []string{"Pulumi.yaml", "Pulumi.production.yaml", "Pulumi.staging.yaml"} {
		s.write(t, name, "name: itrack\nruntime: go\n")
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	init := exec.Command("git", "init", "-q")
	init.Dir = s.dir
	require.NoError(t, init.Run())
	s.onPath(t, "#!/bin/sh\necho '"+nothing+"'\n")
	s.Options = &Options{
		Now: func() time.Time { return time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC) },
		Factory: &cmdutil.Factory{
			IO: cmdutil.IOStreams{Out: s.out, Err: s.said}, Version: "v1.2.3",
			Project: func() (string, error) { return s.dir, nil },
			UnknownKeys: func(keys []string) []string {
				return map[bool][]string{true: {"no such key"}}[len(keys) > 0 && keys[0] == "itrack:moon"]
			},
		},
		Review: func(_ context.Context, _ *cmdutil.Factory, environments, sets []string) (*output.Document, error) {
			s.reviewed = append(s.reviewed, append(environments, sets...))
			if s.fails != nil {
				return nil, s.fails
			}
			return reviews(t, environments), nil
		},
	}
	return s
}

// onPath makes a PATH with git and the given govulncheck, and nothing else.
func (s *setup) onPath(t *testing.T, govulncheck string) {
	t.Helper()
	path := t.TempDir()
	git, err := exec.LookPath("git")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(git, filepath.Join(path, "git")))
	if govulncheck != "" {
		require.NoError(t, os.WriteFile(filepath.Join(path, "govulncheck"), []byte(govulncheck), 0o700))
	}
	t.Setenv("PATH", path)
}

func (s *setup) write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600))
}

func reviews(t *testing.T, environments []string) *output.Document {
	list := []review.Control{{
		ID: "SQS.1", Title: "Queues are encrypted", Source: "https://docs.aws.amazon.com/x", Severity: review.Medium, Pillars: []review.Pillar{review.Security}, Absent: "none",
		Check: review.Each(queue, func(_ *review.Model, r *review.Resource) review.Answer {
			return review.When(r.Bool("encrypted"), r, "it is encrypted", "it is not encrypted", "set kmsMasterKeyId")
		}),
	}}
	document := &output.Document{}
	for _, name := range environments {
		model := stacktest.Model(t, name, stacktest.R{Type: queue, Name: "q", Props: stacktest.P{"encrypted": name == "staging"}})
		report, err := review.Run(model, list, nil, time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		document.Reviews = append(document.Reviews, output.Review{Report: report})
	}
	return document
}

func (s *setup) execute(args ...string) (string, int) {
	s.out.Reset()
	s.said.Reset()
	o := *s.Options
	cmd := newCmd(&o, nil)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.ExecuteContext(context.Background())
	if err != nil && !errors.Is(err, cmdutil.ErrSilent) {
		s.said.WriteString(err.Error())
	}
	return s.out.String(), cmdutil.ExitCode(err)
}

func TestCleanAndFound(t *testing.T) {
	s := newSetup(t)
	page, code := s.execute("staging", "--set", "itrack:domain=example.com")
	require.Equal(t, cmdutil.ExitOK, code, s.said.String()+page)
	require.Equal(t, [][]string{{"staging", "itrack:domain=example.com"}}, s.reviewed)
	for _, wanted := range []string{"govulncheck  clean", "npm          nothing to look at", "trivy        not installed", "secrets      clean", "3 text files of 3",
		"review       clean", "rehearsals of staging; 0 controls accepted in review.yaml", "nothing was found"} {
		require.Contains(t, page, wanted)
	}
	require.Contains(t, s.said.String(), "review: looking (at most 20m0s)", "progress goes to stderr")

	page, code = s.execute()
	require.Equal(t, cmdutil.ExitFailed, code)
	require.Equal(t, []string{"staging", "production"}, s.reviewed[1])
	require.Contains(t, page, "review SQS.1, medium: Queues are encrypted\n      Pulumi.production.yaml aws:sqs/queue:Queue::q\n      it is not encrypted\n      fix: set kmsMasterKeyId\n")
	require.Contains(t, page, "\n1 finding\n")
}

func TestAScannerThatCannotLookIsNoCleanScanner(t *testing.T) {
	s := newSetup(t)
	s.onPath(t, "#!/bin/sh\necho 'govulncheck: fetching vulnerabilities: no such host' >&2\nexit 1\n")
	page, code := s.execute("staging")
	require.Equal(t, cmdutil.ExitIncomplete, code)
	require.Contains(t, page, "govulncheck  NOT RUN")
	require.Contains(t, page, "nothing was found; did not look, so nothing is known of it: govulncheck")

	page, code = s.execute("production")
	require.Equal(t, cmdutil.ExitFailed, code, "what is found weighs more")
	require.Contains(t, page, "1 finding; did not look, so nothing is known of it: govulncheck", "and the page says both")

	s = newSetup(t)
	s.fails = errors.New("there is no pulumi")
	page, code = s.execute("production")
	require.Equal(t, cmdutil.ExitIncomplete, code)
	require.Contains(t, page, "review: there is no pulumi\n      what to do: run `itrack review`")

	s.onPath(t, "")
	page, code = s.execute("--only", "govulncheck,trivy")
	require.Equal(t, cmdutil.ExitIncomplete, code)
	require.Contains(t, page, "nothing is known of it: govulncheck, trivy", "trivy was asked for by name")
	require.NotContains(t, page, "secrets")
}

func TestJSONAndSARIF(t *testing.T) {
	s := newSetup(t)
	s.write(t, "a.txt", "AKIA"+"Q2W3E4R5T6Y7U2IO")
	path := filepath.Join(t.TempDir(), "scan.sarif")
	out, code := s.execute("--json", "--sarif", path)
	require.Equal(t, cmdutil.ExitFailed, code)
	var report scan.Report
	require.NoError(t, json.Unmarshal([]byte(out), &report), "one document and nothing else")
	require.Equal(t, scan.Names, []string{report.Results[0].Scanner, report.Results[1].Scanner, report.Results[2].Scanner, report.Results[3].Scanner, report.Results[4].Scanner})
	require.Equal(t, "aws-access-key-id", report.Results[3].Findings[0].Rule)
	require.NotContains(t, out, "Q2W3")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	document, err := sarif.FromBytes(text)
	require.NoError(t, err)
	require.NoError(t, document.Validate())
	require.Len(t, document.Runs, 6, "the review has one for each stack")
	require.Equal(t, "itrack review", *document.Runs[5].Tool.Driver.Name)

	_, code = s.execute("--sarif", filepath.Join(path, "x"))
	require.Equal(t, cmdutil.ExitFailed, code)
	require.Contains(t, s.said.String(), "writing SARIF")
}

func TestAcceptancesOfTheProject(t *testing.T) {
	s := newSetup(t)
	s.write(t, "a.txt", "AKIA"+"Q2W3E4R5T6Y7U2IO")
	s.write(t, scan.AcceptanceFile, "acceptances:\n  - {scanner: secrets, rule: aws-access-key-id, path: a.txt, reason: Made up, expires: 2026-12-31}\n")
	page, code := s.execute("--only", "secrets")
	require.Equal(t, cmdutil.ExitOK, code, page)
	require.Contains(t, page, "secrets  clean (1 accepted)")
	s.write(t, scan.AcceptanceFile, "acceptances:\n  - {scanner: moon}\n")
	page, code = s.execute("--only", "secrets")
	require.Equal(t, cmdutil.ExitUsage, code)
	require.Empty(t, page)
	require.Contains(t, s.said.String(), `scan.yaml: acceptances[0].scanner: "moon"`)
}

func TestWrongUsage(t *testing.T) {
	for _, c := range []struct {
		said string
		args []string
	}{
		{"--only moon: no such scanner; there are govulncheck, npm, trivy, secrets, review", []string{"--only", "secrets,moon"}},
		{"which --only leaves out", []string{"staging", "--only", "secrets"}},
		{"which --only leaves out", []string{"--set", "a=b", "--only", "secrets"}},
		{"--timeout 0s", []string{"--timeout", "0"}},
		{"--sarif writes a file", []string{"--sarif", "-"}},
		{"no Pulumi.moon.yaml", []string{"moon"}},
		{"no such key", []string{"--set", "itrack:moon=1"}},
	} {
		s := newSetup(t)
		page, code := s.execute(c.args...)
		require.Equal(t, cmdutil.ExitUsage, code, c.args)
		require.Contains(t, s.said.String(), c.said)
		require.Empty(t, page)
		require.Empty(t, s.reviewed)
	}
}

func TestStoppedByTheUser(t *testing.T) {
	s := newSetup(t)
	ctx, cancel := context.WithCancel(context.Background())
	o := *s.Options
	o.Review = func(context.Context, *cmdutil.Factory, []string, []string) (*output.Document, error) {
		cancel()
		return nil, errors.New("killed")
	}
	cmd := newCmd(&o, nil)
	cmd.SetArgs([]string{"--only", "review"})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	require.Equal(t, cmdutil.ExitCancelled, cmdutil.ExitCode(cmd.ExecuteContext(ctx)))
	require.Empty(t, s.out.String())
}
