package output_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/beyond"
	"github.com/itrack/itrack/internal/review/output"
	"github.com/itrack/itrack/internal/review/stacktest"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/require"
)

const queue = "aws:sqs/queue:Queue"

// list has a control for each verdict.
func list() []review.Control {
	control := func(id string, severity review.Severity, check func(*review.Model) []review.Answer) review.Control {
		return review.Control{ID: id, Title: "Title of " + id, Source: "https://docs.aws.amazon.com/" + id, Severity: severity,
			Pillars: []review.Pillar{review.Security}, Absent: "the stack has none", Check: check}
	}
	failing := review.Each(queue, func(_ *review.Model, r *review.Resource) review.Answer {
		return review.When(r.Name == "good", r, "it is fine", "it is open", "close it")
	})
	domain := control("Domain.1", review.Medium, func(m *review.Model) []review.Answer {
		failed := review.Fail(m.All(queue)[0], "it has no certificate", "give the stack a domain")
		failed.NeedsDomain = true
		return []review.Answer{failed}
	})
	command := control("Command.1", review.Low, nil)
	command.Absent, command.Decide = "", `aws ssm list-resource-compliance-summaries --filters Key=ComplianceType,Values=Patch,Type=EQUAL --query 'A long query with spaces'`
	account := command
	account.ID, account.Outside = "Account.1", true
	return []review.Control{
		control("Fail.1", review.Critical, failing), domain, control("Taken.1", review.Low, failing), command, account,
		control("None.1", review.High, func(*review.Model) []review.Answer { return nil }),
		control("Good.1", review.High, func(m *review.Model) []review.Answer { return []review.Answer{review.Pass(m.All(queue)[0], "fine")} }),
	}
}

func document(t *testing.T) *output.Document {
	t.Helper()
	m := stacktest.Model(t, "production",
		stacktest.R{Type: queue, Name: "good", Props: stacktest.P{"kmsMasterKeyId": "arn:aws:kms:us-east-1:111122223333:key/" + strings.Repeat("long", 40)}},
		stacktest.R{Type: queue, Name: "bad", Props: stacktest.P{}},
		stacktest.R{Type: "aws:iam/role:Role", Name: "ci", Props: stacktest.P{"name": "ci", "arn": "arn:aws:iam::1:role/ci",
			"assumeRolePolicy": `{"Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`}},
		stacktest.R{Type: "aws:iam/rolePolicy:RolePolicy", Name: "ci", Props: stacktest.P{"role": "ci",
			"policy": `{"Statement":{"Sid":"Any","Effect":"Allow","Action":"*","Resource":"*"}}`}},
		stacktest.R{Type: "aws:lambda/function:Function", Name: "f", Props: stacktest.P{"name": "f"}},
		stacktest.R{Type: "aws:lambda/functionUrl:FunctionUrl", Name: "u", Props: stacktest.P{"functionName": "f", "authorizationType": "NONE"}},
	)
	accepted := []review.Acceptance{{Control: "Taken.1", Environments: []string{"production"}, Resources: []string{queue + "::bad", queue + "::gone"},
		Reason: "Nobody uses it", Kind: review.ForTension, Owner: "platform", Expires: "2026-12-31"}}
	report, err := review.Run(m, list(), accepted, time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	return &output.Document{Reviews: []output.Review{{Report: report, Beyond: beyond.Examine(m)}}}
}

func TestTextHasEverythingInItsOrder(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, output.Text(&out, document(t), false))
	text := out.String()
	at := 0
	for _, wanted := range []string{
		"REVIEW OF PRODUCTION  on 2026-03-10, 6 resources, 7 controls",
		"     1  fail\n", "     1  fail only for want of a domain",
		"Fails (1)", "Fail.1, critical: Title of Fail.1", "https://docs.aws.amazon.com/Fail.1", queue + "::bad", "it is open", "fix: close it",
		"Fails only for want of a domain (1)", "Domain.1, medium", "fix: give the stack a domain",
		"Fails and is accepted (1)", "Taken.1, low", "tension, by platform until 2026-12-31: Nobody uses it",
		"Acceptances to look at (1)", "Taken.1, resources[1], stale: " + queue + "::gone means no resource of production",
		"Declarations cannot tell; these commands can (1)", "Command.1",
		"The account's, not the stack's; these commands tell (1)", "Account.1",
		"Does not apply (1)", "None.1: the stack has none",
		"Scores", "Security                   1 of   4   25 %, 1 failed, 1 for want of a domain, 1 accepted", "by command: Command.1; the account's: Account.1",
		"Reliability              nothing applies",
		"ways to others' rights", "iam/role::ci by every action on every resource gets to everything: an administrator's rights",
		"wildcards that no condition narrows (1)", "iam/role::ci Any: * on every resource",
		"who may do what (1 principal)", "iam/role::ci, an administrator", "used by lambda.amazonaws.com", "without a boundary", "may * on every resource",
		"paths from the internet (1)", "-> aws:lambda/functionUrl:FunctionUrl::u over HTTPS 443", "! no authentication",
		"-> aws:lambda/function:Function::f over invocation",
		"where data lies (2)", "SQS in us-east-1: sqs/queue::good", "sqs/queue::bad", "not encrypted", "no backup is declared",
		"production fails 2 controls: 1 passed, 1 failed, 1 for want of a domain, 1 accepted",
	} {
		i := strings.Index(text[at:], wanted)
		require.GreaterOrEqual(t, i, 0, "%s after\n%s", wanted, text[:at])
		at += i
	}
}

func TestTextFitsThePage(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, output.Text(&out, document(t), false))
	for _, line := range strings.Split(out.String(), "\n") {
		require.LessOrEqual(t, len([]rune(line)), output.Width, line)
	}
	require.NotContains(t, out.String(), "\x1b")
	require.Contains(t, out.String(), "--filters \\\n", "a broken command can be copied")
	require.Contains(t, out.String(), "'A long query with spaces'", "and is not broken inside quotes")

	var painted bytes.Buffer
	require.NoError(t, output.Text(&painted, document(t), true))
	require.Contains(t, painted.String(), "\x1b[31m")
	require.ErrorContains(t, output.Text(broken{}, document(t), false), "disk full")
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestJSONHasTheListAndWhatIsBeyond(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, output.JSON(&out, document(t)))
	var d struct {
		Reviews []map[string]any `json:"reviews"`
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &d))
	require.Len(t, d.Reviews, 1)
	one := d.Reviews[0]
	for _, key := range []string{"format", "stack", "day", "resources", "totals", "scores", "controls", "acceptances", "problems", "beyond"} {
		require.Contains(t, one, key)
	}
	found := one["beyond"].(map[string]any)
	require.Equal(t, true, found["access"].(map[string]any)["principals"].([]any)[0].(map[string]any)["administrator"])
	require.Len(t, found["network"].(map[string]any)["paths"], 1)
	require.Len(t, found["data"], 2)
	require.NotContains(t, strings.ReplaceAll(out.String(), `"percent": null`, ""), ": null",
		"lists are empty; a pillar to which nothing applies alone is null")
	require.False(t, document(t).OK())
	require.False(t, (&output.Document{}).OK(), "nothing reviewed is nothing passed")
}

func TestSARIFIsValid(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, output.SARIF(&out, document(t), "v1.2.3"))
	report, err := sarif.FromBytes(out.Bytes())
	require.NoError(t, err)
	require.NoError(t, report.Validate(), "against the schema of SARIF 2.1.0")
	require.Equal(t, "2.1.0", report.Version)
	require.Len(t, report.Runs, 1)
	run := report.Runs[0]
	require.Equal(t, "itrack-review/production/2026-03-10", *run.AutomationDetails.ID)
	require.Equal(t, "1.2.3", *run.Tool.Driver.SemanticVersion)
	rules := map[string]*sarif.ReportingDescriptor{}
	for _, rule := range run.Tool.Driver.Rules {
		rules[*rule.ID] = rule
	}
	require.Equal(t, "https://docs.aws.amazon.com/Fail.1", *rules["Fail.1"].HelpURI)
	require.Equal(t, "error", rules["Fail.1"].DefaultConfiguration.Level)
	require.Equal(t, "note", rules["Taken.1"].DefaultConfiguration.Level)

	byRule := map[string][]*sarif.Result{}
	for _, result := range run.Results {
		byRule[*result.RuleID] = append(byRule[*result.RuleID], result)
		require.Same(t, run.Tool.Driver.Rules[result.RuleIndex], rules[*result.RuleID])
	}
	find := func(rule, kind string) *sarif.Result {
		for _, result := range byRule[rule] {
			if result.Kind == kind {
				return result
			}
		}
		require.Fail(t, "no result", "%s %s", rule, kind)
		return nil
	}
	failed := find("Fail.1", "fail")
	require.Equal(t, "error", failed.Level)
	require.Equal(t, "it is open. Fix: close it", *failed.Message.Text)
	require.Equal(t, queue+"::bad", *failed.Locations[0].LogicalLocations[0].FullyQualifiedName)
	require.Equal(t, "Pulumi.production.yaml", *failed.Locations[0].PhysicalLocation.ArtifactLocation.URI)
	require.Empty(t, failed.Suppressions)
	require.Equal(t, "warning", find("Domain.1", "fail").Level)
	accepted := find("Taken.1", "fail")
	require.Equal(t, "note", accepted.Level)
	require.Equal(t, "accepted", *accepted.Suppressions[0].Status)
	require.Contains(t, *accepted.Suppressions[0].Justification, "Nobody uses it (tension, accepted by platform until 2026-12-31)")
	require.Equal(t, "none", find("Fail.1", "pass").Level)
	require.Contains(t, *find("Command.1", "review").Message.Text, "aws ssm list-resource")
	require.Equal(t, "none", find("None.1", "notApplicable").Level)
	for _, rule := range []string{"Beyond.Administrator", "Beyond.Wildcard", "Beyond.Path", "Beyond.Data"} {
		require.Equal(t, "none", find(rule, "informational").Level, rule)
	}

	out.Reset()
	require.NoError(t, output.SARIF(&out, document(t), "development"))
	require.Contains(t, out.String(), `"semanticVersion": "0.0.0-development"`)
}
