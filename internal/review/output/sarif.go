package output

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/beyond"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
)

// toolPage is what SARIF names as the page of the tool.
const toolPage = "https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html"

// levels are SARIF's levels by severity. GitHub sorts by security-severity, a number from 0 to 10:
// https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
var levels = map[review.Severity]struct{ level, score string }{
	review.Critical: {"error", "9.5"}, review.High: {"error", "8.0"}, review.Medium: {"warning", "5.5"}, review.Low: {"note", "2.0"},
}

// SARIF writes the document in version 2.1.0, one run for each stack. A failed resource is a result of the kind fail; an
// accepted one is suppressed; what a command decides is a review. What is beyond the list is informational.
func SARIF(out io.Writer, d *Document, version string) error {
	report := sarif.NewReport()
	for _, one := range d.Reviews {
		report.AddRun(runOf(one, version))
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return fmt.Errorf("writing the review as SARIF: %w", err)
	}
	return nil
}

// run is a stack's run while it is put together.
type run struct {
	*sarif.Run
	file string
}

func runOf(one Review, version string) *sarif.Run {
	r := &run{sarif.NewRunWithInformationURI("itrack review", toolPage), "Pulumi." + one.Stack + ".yaml"}
	r.Tool.Driver.WithSemanticVersion(semantic(version))
	// GitHub keeps the results of two stacks apart by the category, all that comes before the last slash.
	r.WithAutomationDetails(sarif.NewRunAutomationDetails().WithID("itrack-review/" + one.Stack + "/" + one.Day))
	for _, result := range one.Controls {
		r.rule(result)
	}
	for _, result := range one.Controls {
		r.control(result)
	}
	if one.Beyond != nil {
		r.beyond(one.Beyond)
	}
	return r.Run
}

// semantic is a version as SARIF wants it, 0.0.0 for a build that has none.
func semantic(version string) string {
	version = strings.TrimPrefix(version, "v")
	if strings.Count(version, ".") < 2 {
		return "0.0.0-" + strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' {
				return r
			}
			return '-'
		}, version)
	}
	return version
}

// rule declares a control.
func (r *run) rule(result review.Result) {
	rule := r.AddRule(result.ID).WithName(strings.ReplaceAll(result.ID, ".", "")).WithHelpURI(result.Source)
	rule.WithShortDescription(multi(result.Title)).WithFullDescription(multi(result.Title))
	rule.WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(levels[result.Severity].level))
	properties := sarif.NewPropertyBag()
	for _, pillar := range result.Pillars {
		properties.AddTag(string(pillar))
	}
	properties.Add("precision", "high")
	properties.Add("security-severity", levels[result.Severity].score)
	rule.WithProperties(properties)
}

// control adds the results of one control.
func (r *run) control(result review.Result) {
	switch result.Verdict {
	case review.Undecidable, review.OutsideStack:
		r.add(result.ID, "review", "none", result.Title+". Declarations cannot tell; this command can: "+result.Decide, "", string(result.Verdict))
		return
	case review.NotApplicable:
		r.add(result.ID, "notApplicable", "none", result.Why, "", string(result.Verdict))
		return
	}
	for _, finding := range result.Findings {
		if finding.Verdict == review.Passed {
			r.add(result.ID, "pass", "none", finding.Why, finding.Resource, string(finding.Verdict))
			continue
		}
		text := finding.Why + ". Fix: " + finding.Fix
		added := r.add(result.ID, "fail", levels[result.Severity].level, text, finding.Resource, string(finding.Verdict))
		if a := finding.Acceptance; a != nil {
			added.AddSuppression(sarif.NewSuppression().WithKind("external").WithStatus("accepted").
				WithJustification(fmt.Sprintf("%s (%s, accepted by %s until %s)", a.Reason, a.Kind, a.Owner, a.Expires)))
		}
	}
}

// Rules of what is beyond the list.
var beyondRules = []struct{ id, title, page string }{
	{"Beyond.Administrator", "Ways from a principal's own rights to others", "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html"},
	{"Beyond.Wildcard", "Statements that allow by pattern", "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"},
	{"Beyond.Path", "Network paths from the internet", "https://docs.aws.amazon.com/vpc/latest/userguide/infrastructure-security.html"},
	{"Beyond.OpenRule", "Security group rules for every address", "https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html"},
	{"Beyond.Data", "Where data lies, and what is declared for its loss",
		"https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/back-up-data.html"},
}

// beyond adds what no list asks. The kind informational has no level: it passes and fails nothing.
func (r *run) beyond(found *beyond.Findings) {
	for _, rule := range beyondRules {
		r.AddRule(rule.id).WithName(strings.ReplaceAll(rule.id, ".", "")).WithHelpURI(rule.page).WithShortDescription(multi(rule.title)).
			WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel("none"))
	}
	for _, way := range found.Access.Ways {
		r.add("Beyond.Administrator", "informational", "none", wayText(way), way.Principal, "beyond")
	}
	for _, wildcard := range found.Access.Wildcards {
		r.add("Beyond.Wildcard", "informational", "none", wildcardText(wildcard), wildcard.Principal, "beyond")
	}
	for _, path := range found.Network.Paths {
		if n := len(path.Steps); n > 0 {
			r.add("Beyond.Path", "informational", "none", pathText(path), path.Steps[n-1].Resource, "beyond")
		}
	}
	for _, rule := range found.Network.OpenRules {
		r.add("Beyond.OpenRule", "informational", "none", openRuleText(rule), rule.Resource, "beyond")
	}
	for _, store := range found.Data {
		r.add("Beyond.Data", "informational", "none", strings.Join(storeLines(store), "; "), store.Resource, "beyond")
	}
}

// add appends a result. Its place is the resource; viewers that need a file get the stack's settings.
func (r *run) add(rule, kind, level, text, resource, verdict string) *sarif.Result {
	result := r.CreateResultForRule(rule).WithKind(kind).WithLevel(level).WithMessage(sarif.NewTextMessage(text))
	location := sarif.NewLocationWithPhysicalLocation(sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(r.file)))
	if resource != "" {
		_, name, _ := strings.Cut(resource, "::")
		location.AddLogicalLocation(sarif.NewLogicalLocation().WithFullyQualifiedName(resource).WithName(name).WithKind("resource"))
	}
	result.AddLocation(location)
	print := rule + " " + resource
	if kind == "informational" {
		// Of these a resource may have several.
		print += " " + text
	}
	result.WithPartialFingerprints(map[string]string{"controlAndResource/v1": print})
	properties := sarif.NewPropertyBag()
	properties.Add("verdict", verdict)
	return result.WithProperties(properties)
}

func multi(text string) *sarif.MultiformatMessageString {
	return sarif.NewMultiformatMessageString().WithText(text)
}
