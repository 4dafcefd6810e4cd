package scan

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// pages are what SARIF names as the pages of the scanners.
var pages = map[string]string{
	Govulncheck: "https://go.dev/doc/security/vuln/", Npm: "https://docs.npmjs.com/cli/commands/npm-audit", Trivy: "https://trivy.dev",
	Secrets: "https://docs.github.com/en/code-security/secret-scanning", Review: "https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html",
}

// levels are SARIF's levels and GitHub's scores by severity; what has none is an error: it is known to be vulnerable.
var levels = map[string]struct{ level, score string }{
	"critical": {"error", "9.5"}, "high": {"error", "8.0"}, "medium": {"warning", "5.5"}, "low": {"note", "2.0"}, "": {"error", "7.0"},
}

// SARIF writes one document in version 2.1.0 with a run for each scanner. more are runs in documents that others wrote, such as
// the review's: they take the place of this report's run of that scanner.
func SARIF(out io.Writer, r *Report, more map[string][]byte) error {
	document := sarif.NewReport()
	for _, result := range r.Results {
		if written := more[result.Scanner]; len(written) > 0 {
			other, err := sarif.FromBytes(written)
			if err != nil {
				return fmt.Errorf("reading the SARIF of %s: %w", result.Scanner, err)
			}
			for _, run := range other.Runs {
				document.AddRun(run)
			}
			continue
		}
		document.AddRun(runOf(result, r.Day))
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		return fmt.Errorf("writing SARIF: %w", err)
	}
	return nil
}

func runOf(result Result, day string) *sarif.Run {
	run := sarif.NewRunWithInformationURI("itrack security-scan: "+result.Scanner, pages[result.Scanner])
	// GitHub keeps runs apart by the category, all that comes before the last slash.
	run.WithAutomationDetails(sarif.NewRunAutomationDetails().WithID("itrack-security-scan/" + result.Scanner + "/" + day))
	invocation := sarif.NewInvocation().WithExecutionSuccessful(result.Status != NotRun)
	if result.Why != "" {
		invocation.AddToolExecutionNotification(sarif.NewNotification().WithMessage(sarif.NewTextMessage(oneLine(result.Why))))
	}
	run.AddInvocation(invocation)
	ruled := map[string]bool{}
	for _, finding := range append(append([]Finding{}, result.Findings...), result.Accepted...) {
		if !ruled[finding.Rule] {
			ruled[finding.Rule] = true
			addRule(run, finding)
		}
		addResult(run, finding)
	}
	return run
}

func addRule(run *sarif.Run, f Finding) {
	rule := run.AddRule(f.Rule).WithShortDescription(sarif.NewMultiformatMessageString().WithText(oneLine(f.Title)))
	if strings.HasPrefix(f.URL, "https://") {
		rule.WithHelpURI(f.URL)
	}
	rule.WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(levels[f.Severity].level))
	properties := sarif.NewPropertyBag()
	properties.AddTag("security")
	properties.Add("security-severity", levels[f.Severity].score)
	rule.WithProperties(properties)
}

func addResult(run *sarif.Run, f Finding) {
	text := oneLine(f.Title)
	if f.Detail != "" {
		text += ". " + oneLine(f.Detail)
	}
	if f.Fix != "" {
		text += ". Fix: " + oneLine(f.Fix)
	}
	result := run.CreateResultForRule(f.Rule).WithKind("fail").WithLevel(levels[f.Severity].level).WithMessage(sarif.NewTextMessage(text))
	location := sarif.NewLocation()
	if f.Path != "" {
		place := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(f.Path))
		if f.Line > 0 {
			place.WithRegion(sarif.NewSimpleRegion(f.Line, f.Line))
		}
		location.WithPhysicalLocation(place)
	}
	if f.Resource != "" {
		location.AddLogicalLocation(sarif.NewLogicalLocation().WithFullyQualifiedName(f.Resource))
	}
	result.AddLocation(location)
	if f.Accepted != nil {
		result.AddSuppression(sarif.NewSuppression().WithKind("external").WithStatus("accepted").
			WithJustification(f.Accepted.Reason + " (until " + f.Accepted.Expires + ")"))
	}
}
