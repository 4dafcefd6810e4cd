package scan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/require"
)

var today = time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)

func fake(name string, seen Seen, err error) Scanner {
	return Scanner{name, func(context.Context) (Seen, error) { return seen, err }}
}

func found(path, rule string) Finding {
	return Finding{Rule: rule, Title: "Title of " + rule, Severity: "high", Path: path, Line: 7, Detail: "a detail", Fix: "mend it", URL: "https://example.com/" + rule}
}

func run(t *testing.T, o Options) *Report {
	t.Helper()
	o.Limit, o.Day = time.Minute, today
	report, err := Run(context.Background(), o)
	require.NoError(t, err)
	return report
}

func TestWhatAScannerSawAndWhatItCouldNotSeeAreToldApart(t *testing.T) {
	var said []string
	report := run(t, Options{Say: func(format string, _ ...any) { said = append(said, format) }, Scanners: []Scanner{
		fake(Govulncheck, Seen{}, &NotDone{NotRun, "no database", "fetch it"}),
		fake(Npm, Seen{Findings: []Finding{found("b", "B"), found("a", "A")}}, errors.New("the second lock file is broken")),
		fake(Trivy, Seen{}, &NotDone{NotInstalled, "there is no trivy", "install it"}),
		fake(Secrets, Seen{Looked: "3 files", Notes: []Finding{found("big", "not-read")}}, nil),
		fake(Review, Seen{Looked: "staging", Findings: []Finding{{Rule: "RDS.1", Title: "T", Severity: "low", Resource: "a::b"}}}, nil),
	}})
	var statuses []Status
	for _, result := range report.Results {
		statuses = append(statuses, result.Status)
	}
	require.Equal(t, []Status{NotRun, NotRun, NotInstalled, Clean, Found}, statuses)
	require.Equal(t, 3, report.Findings(), "half a look may find something")
	require.Equal(t, "A B", rulesOf(report.Results[1].Findings), "in the order of their places")
	require.Equal(t, []string{Govulncheck, Npm}, report.NotRun(), "what is not installed could not have run")
	require.Len(t, said, 5)

	var page bytes.Buffer
	require.NoError(t, Text(&page, report))
	at := 0
	for _, wanted := range []string{"SECURITY SCAN  on 2026-03-10", "govulncheck  NOT RUN", "no database", "npm          NOT RUN, 2 findings", "trivy        not installed",
		"secrets      clean", "3 files", "review       1 finding ", "Found (3)", "npm A, high: Title of A", "a:7", "a detail", "fix: mend it", "https://example.com/A",
		"review RDS.1, low: T", "a::b", "Did not look (3)", "govulncheck: no database", "what to do: fetch it", "trivy: there is no trivy",
		"Worth knowing, and not counted (1)", "big:7", "3 findings; did not look, so nothing is known of it: govulncheck, npm"} {
		i := strings.Index(page.String()[at:], wanted)
		require.GreaterOrEqual(t, i, 0, "%q after\n%s", wanted, page.String()[:at])
		at += i
	}
	require.NotContains(t, page.String(), "Accepted")

	var document struct {
		Format  int
		Results []map[string]any
	}
	raw, err := json.Marshal(report)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &document))
	require.Equal(t, 1, document.Format)
	require.NotContains(t, string(raw), "null", "lists are empty")
	require.Equal(t, "no database", document.Results[0]["why"])
}

func TestNothingFound(t *testing.T) {
	report := run(t, Options{Scanners: []Scanner{fake(Npm, Seen{}, &NotDone{NotApplicable, "there is no package-lock.json", ""}), fake(Secrets, Seen{Looked: "1 file"}, nil)}})
	require.Zero(t, report.Findings())
	require.Empty(t, report.NotRun())
	var page bytes.Buffer
	require.NoError(t, Text(&page, report))
	require.Contains(t, page.String(), "npm      nothing to look at  there is no package-lock.json")
	require.True(t, strings.HasSuffix(page.String(), "\nnothing was found\n"), page.String())
	require.NotContains(t, page.String(), "Did not look")
	require.ErrorContains(t, Text(broken{}, report), "disk full")
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAScannerIsStoppedAfterItsTimeWithAllItStarted(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	tools(t, map[string]string{"npm": "sleep 60 & echo $! > " + pid + "; wait\n"})
	dir := project(t, map[string]string{"package-lock.json": "{}"})
	limit := 500 * time.Millisecond
	report, err := Run(context.Background(), Options{Scanners: []Scanner{NewNpm(dir), fake(Secrets, Seen{}, nil)}, Limit: limit, Day: today})
	require.NoError(t, err)
	require.Equal(t, NotRun, report.Results[0].Status)
	require.Equal(t, "it was not over after 500ms and was stopped", report.Results[0].Why)
	require.Contains(t, report.Results[0].Next, "--timeout")
	require.Equal(t, Clean, report.Results[1].Status, "the others have their own time")
	text, err := os.ReadFile(pid)
	require.NoError(t, err)
	child, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return gone(child) }, 5*time.Second, time.Millisecond, "what npm started is stopped too")
}

// gone tells whether a process has ended; one that nobody has waited for yet has.
func gone(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err == nil {
		return strings.Contains(string(stat), ") Z ")
	}
	return syscall.Kill(pid, 0) != nil
}

func TestCancelledByTheUser(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Run(ctx, Options{Limit: time.Minute, Day: today, Scanners: []Scanner{{Secrets, func(context.Context) (Seen, error) {
		cancel()
		return Seen{}, errors.New("signal: killed")
	}}}})
	require.ErrorIs(t, err, context.Canceled)
}

func TestAcceptances(t *testing.T) {
	entries, err := ParseAcceptances([]byte(`acceptances:
  - {scanner: secrets, rule: jwt, path: "app/*_test.go", reason: Signed with a made key, expires: 2026-12-31}
  - {scanner: secrets, rule: jwt, path: old.go, reason: r, expires: 2026-03-09}
  - {scanner: secrets, rule: jwt, path: gone.go, reason: r, expires: 2026-12-31}
  - {scanner: npm, rule: GHSA-1, path: package-lock.json, reason: r, expires: 2026-12-31}
  - {scanner: secrets, rule: jwt, path: last-day.go, reason: r, expires: 2026-03-10}
`), today)
	require.NoError(t, err)
	report := run(t, Options{Acceptances: entries, Scanners: []Scanner{
		fake(Secrets, Seen{Findings: []Finding{found("app/a_test.go", "jwt"), found("app/a_test.go", "private-key"), found("app/b/c_test.go", "jwt"),
			found("old.go", "jwt"), found("last-day.go", "jwt")}}, nil),
		fake(Npm, Seen{}, &NotDone{NotRun, "no registry", ""}),
	}})
	require.Equal(t, "private-key jwt jwt", rulesOf(report.Results[0].Findings), "another rule, another folder, an entry that has expired")
	require.Len(t, report.Results[0].Accepted, 2)
	require.Equal(t, "Signed with a made key", report.Results[0].Accepted[0].Accepted.Reason)
	require.Equal(t, []Problem{
		{"acceptances[1] (secrets jwt at old.go)", "expired on 2026-03-09 and accepts nothing: mend the finding, or decide again and give a new day"},
		{"acceptances[2] (secrets jwt at gone.go)", "nothing there is found any more: take it out"},
	}, report.Problems, "of npm, which did not look, nothing is known")
	var page bytes.Buffer
	require.NoError(t, Text(&page, report))
	require.Contains(t, page.String(), "Accepted (2)")
	require.Contains(t, page.String(), "accepted until 2026-12-31: Signed with a made key")
	require.Contains(t, page.String(), "Entries of scan.yaml to look at (2)")
}

func TestWrongAcceptancesAreAllNamed(t *testing.T) {
	_, err := ParseAcceptances([]byte(`acceptances:
  - {scanner: moon, rule: "*", path: "*", expires: tomorrow}
  - {scanner: review, rule: RDS.1, path: x, reason: r, expires: 2028-01-01}
`), today)
	for _, wanted := range []string{`acceptances[0].scanner: "moon" is none of`, "acceptances[0].rule", "acceptances[0].path", "acceptances[0].reason: missing",
		`acceptances[0].expires: "tomorrow" is not a day; give the last day it counts, YYYY-MM-DD, no later than 2027-03-10`,
		"acceptances[1].scanner: what the review finds is accepted in review.yaml", "2027-03-10 is the latest"} {
		require.ErrorContains(t, err, wanted)
	}
	_, err = ParseAcceptances([]byte("acceptances: [{owner: me}]"), today)
	require.ErrorContains(t, err, "scanner, rule, path, reason, expires")
	_, err = ParseAcceptances([]byte("acceptances: []\n---\nacceptances: []\n"), today)
	require.ErrorContains(t, err, "second YAML document")
	none, err := ParseAcceptances(nil, today)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestSARIFIsValidWithARunForEachScanner(t *testing.T) {
	report := run(t, Options{
		Acceptances: []Acceptance{{Scanner: Secrets, Rule: "B", Path: "b.go", Reason: "known", Expires: "2026-12-31"}},
		Scanners: []Scanner{fake(Govulncheck, Seen{}, &NotDone{NotRun, "no database", ""}),
			fake(Secrets, Seen{Findings: []Finding{found("a.go", "A"), found("b.go", "B"), found("c.go", "A")}}, nil),
			fake(Review, Seen{Findings: []Finding{found("x", "RDS.1")}}, nil)},
	})
	other := sarif.NewReport()
	other.AddRun(sarif.NewRunWithInformationURI("itrack review", "https://example.com"))
	written, err := json.Marshal(other)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, SARIF(&out, report, map[string][]byte{Review: written}))
	document, err := sarif.FromBytes(out.Bytes())
	require.NoError(t, err)
	require.NoError(t, document.Validate(), "against the schema of SARIF 2.1.0")
	require.Len(t, document.Runs, 3)
	require.False(t, *document.Runs[0].Invocations[0].ExecutionSuccessful)
	require.Equal(t, "no database", *document.Runs[0].Invocations[0].ToolExecutionNotifications[0].Message.Text)
	secrets := document.Runs[1]
	require.True(t, *secrets.Invocations[0].ExecutionSuccessful)
	require.Len(t, secrets.Tool.Driver.Rules, 2)
	require.Len(t, secrets.Results, 3)
	first := secrets.Results[0]
	require.Equal(t, "a.go", *first.Locations[0].PhysicalLocation.ArtifactLocation.URI)
	require.Equal(t, 7, *first.Locations[0].PhysicalLocation.Region.StartLine)
	require.Equal(t, "Title of A. a detail. Fix: mend it", *first.Message.Text)
	require.Equal(t, "error", first.Level)
	require.Empty(t, first.Suppressions)
	require.Equal(t, "known (until 2026-12-31)", *secrets.Results[2].Suppressions[0].Justification)
	require.Equal(t, "itrack review", *document.Runs[2].Tool.Driver.Name, "the review writes its own")
	require.Error(t, SARIF(&out, report, map[string][]byte{Review: []byte("{")}))
}
