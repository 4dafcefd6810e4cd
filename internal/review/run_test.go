package review_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/stacktest"
	"github.com/stretchr/testify/require"
)

var day = time.Date(2026, time.March, 10, 15, 4, 5, 0, time.UTC)

const (
	queue = "aws:sqs/queue:Queue"
	table = "aws:dynamodb/table:Table"
)

// stack has two queues, one of which is not encrypted, and a table.
func stack(t *testing.T, name string) *review.Model {
	return stacktest.Model(t, name,
		stacktest.R{Type: queue, Name: "good", Props: stacktest.P{"encrypted": true}},
		stacktest.R{Type: queue, Name: "bad", Props: stacktest.P{"encrypted": false}},
		stacktest.R{Type: table, Name: "items", Props: stacktest.P{}},
	)
}

// control asks of each resource of a type whether it is encrypted.
func control(id, token string, severity review.Severity) review.Control {
	return review.Control{
		ID: id, Title: "Things are encrypted", Source: "https://docs.aws.amazon.com/x", Severity: severity, Pillars: []review.Pillar{review.Security},
		Absent: "the stack has no " + token,
		Check: review.Each(token, func(_ *review.Model, r *review.Resource) review.Answer {
			return review.When(r.Bool("encrypted"), r, "it is encrypted", "it is not\n encrypted", "set encrypted")
		}),
	}
}

func run(t *testing.T, m *review.Model, acceptances []review.Acceptance, controls ...review.Control) *review.Report {
	t.Helper()
	report, err := review.Run(m, controls, acceptances, day)
	require.NoError(t, err)
	return report
}

func TestVerdicts(t *testing.T) {
	m := stack(t, "staging")
	domain := control("Domain.1", queue, review.Medium)
	domain.Pillars = []review.Pillar{review.Security, review.Reliability}
	domain.Check = func(m *review.Model) []review.Answer {
		failed := review.Fail(m.All(queue)[0], "no certificate", "give the stack a domain")
		failed.NeedsDomain = true
		return []review.Answer{failed, review.Pass(m.All(queue)[1], "fine")}
	}
	both := domain
	both.ID = "Domain.2"
	both.Check = func(m *review.Model) []review.Answer {
		return append(domain.Check(m), review.Fail(m.All(table)[0], "wrong", "change it"))
	}
	whole := control("Whole.1", queue, review.Low)
	whole.Check = func(*review.Model) []review.Answer {
		return []review.Answer{review.Fail(nil, "the stack lacks it", "declare it")}
	}
	commanded := control("Command.1", queue, review.Low)
	commanded.Check, commanded.Absent, commanded.Decide = nil, "", "aws x y"
	account := commanded
	account.ID, account.Outside = "Account.1", true
	good := control("Good.1", queue, review.Low)
	good.Check = func(m *review.Model) []review.Answer { return []review.Answer{review.Pass(m.All(queue)[0], "fine")} }

	report := run(t, m, nil, control("Fail.1", queue, review.High), domain, both, whole, commanded, account, control("None.1", "aws:x/y:Z", review.Low), good)
	verdicts := map[string]review.Verdict{}
	for _, result := range report.Controls {
		verdicts[result.ID] = result.Verdict
	}
	require.Equal(t, map[string]review.Verdict{
		"Fail.1": review.Failed, "Domain.1": review.NeedsDomain, "Domain.2": review.Failed, "Whole.1": review.Failed, "Command.1": review.Undecidable,
		"Account.1": review.OutsideStack, "None.1": review.NotApplicable, "Good.1": review.Passed,
	}, verdicts)
	require.Equal(t, review.Totals{Controls: 8, Passed: 1, Failed: 3, NeedsDomain: 1, NotApplicable: 1, Undecidable: 1, Outside: 1}, report.Totals)
	require.Equal(t, "2026-03-10", report.Day)
	require.Equal(t, 3, report.Resources)
	require.False(t, report.OK())

	failed := report.Controls[0]
	require.Equal(t, []review.Finding{
		{Resource: queue + "::good", URN: m.All(queue)[0].URN, Verdict: review.Passed, Why: "it is encrypted"},
		{Resource: queue + "::bad", URN: m.All(queue)[1].URN, Verdict: review.Failed, Why: "it is not encrypted", Fix: "set encrypted"},
	}, failed.Findings, "why and fix are on one line; a passed answer has no fix")
	require.Equal(t, "pulumi:pulumi:Stack::staging", report.Controls[3].Findings[0].Resource)
	require.Equal(t, "aws x y", report.Controls[4].Decide)
	require.Equal(t, "the stack has no aws:x/y:Z", report.Controls[6].Why)
	require.Equal(t, []review.Result{report.Controls[1]}, report.Verdicts(review.NeedsDomain))

	require.False(t, run(t, m, nil, domain).OK(), "what fails for want of a domain fails")
	require.True(t, run(t, m, nil, good, commanded, account).OK())
}

func TestScores(t *testing.T) {
	m := stack(t, "staging")
	good := control("Good.1", queue, review.Low)
	good.Pillars = []review.Pillar{review.Security, review.Cost}
	good.Check = func(m *review.Model) []review.Answer { return []review.Answer{review.Pass(m.All(queue)[0], "fine")} }
	command := control("Command.1", queue, review.Low)
	command.Check, command.Decide = nil, "aws x y"
	account := command
	account.ID, account.Outside = "Account.1", true
	accepted := []review.Acceptance{acceptance("Taken.1", queue+"::bad")}
	report := run(t, m, accepted, good, control("Fail.1", queue, review.Low), control("Taken.1", queue, review.Low),
		control("None.1", "aws:x/y:Z", review.Low), command, account)
	byPillar := map[review.Pillar]review.Score{}
	for _, score := range report.Scores {
		byPillar[score.Pillar] = score
	}
	require.Len(t, byPillar, len(review.Pillars))
	security := byPillar[review.Security]
	require.Equal(t, 1, security.Passed)
	require.Equal(t, 3, security.Applicable, "failed and accepted ones apply and are not passed; what does not apply is left out")
	require.Equal(t, 1, security.Accepted)
	require.Equal(t, 1, security.Failed)
	require.Equal(t, 33, *security.Percent)
	require.Equal(t, []string{"Command.1"}, security.NotCovered.Undecidable)
	require.Equal(t, []string{"Account.1"}, security.NotCovered.Outside)
	require.Equal(t, 100, *byPillar[review.Cost].Percent)
	require.Nil(t, byPillar[review.Reliability].Percent, "nothing applies, which is no score of 0 or 100")
	for pillar, score := range byPillar {
		require.NotEmpty(t, score.NotCovered.Undeclared, pillar)
	}
}

func TestJSONNamesAreStable(t *testing.T) {
	report := run(t, stack(t, "staging"), []review.Acceptance{acceptance("Taken.1", queue+"::bad")}, control("Taken.1", queue, review.Low))
	text, err := json.Marshal(report)
	require.NoError(t, err)
	var document map[string]any
	require.NoError(t, json.Unmarshal(text, &document))
	require.EqualValues(t, review.Format, document["format"])
	require.Equal(t, []any{}, document["problems"], "an empty list, not null")
	result := document["controls"].([]any)[0].(map[string]any)
	require.Equal(t, "accepted", result["verdict"])
	finding := result["findings"].([]any)[1].(map[string]any)
	require.Equal(t, map[string]any{
		"resource": queue + "::bad", "urn": "urn:pulumi:staging::itrack::" + queue + "::bad", "verdict": "accepted", "why": "it is not encrypted",
		"fix": "set encrypted",
		"acceptance": map[string]any{
			"control": "Taken.1", "environments": []any{"staging", "production"}, "resources": []any{queue + "::bad"}, "reason": "because", "kind": "cost",
			"owner": "platform", "expires": "2026-12-31",
		},
	}, finding)
	require.EqualValues(t, 1, document["totals"].(map[string]any)["accepted"])
	score := document["scores"].([]any)[1].(map[string]any)
	require.Equal(t, "security", score["pillar"])
	require.Equal(t, []any{}, score["notCovered"].(map[string]any)["undecidable"])
}

func TestAListThatIsNone(t *testing.T) {
	good := control("Good.1", queue, review.Low)
	for field, change := range map[string]func(*review.Control){
		"ID is empty":                 func(c *review.Control) { c.ID = "" },
		"Title is empty":              func(c *review.Control) { c.Title = "" },
		"Severity is none of":         func(c *review.Control) { c.Severity = "bad" },
		"Pillars is empty":            func(c *review.Control) { c.Pillars = nil },
		"is not one of the framework": func(c *review.Control) { c.Pillars = []review.Pillar{"beauty"} },
		"Source is not an https":      func(c *review.Control) { c.Source = "http://docs.aws.amazon.com" },
		"either Check or Decide":      func(c *review.Control) { c.Decide = "aws x" },
		"Absent is empty":             func(c *review.Control) { c.Absent = "" },
		"Outside needs Decide":        func(c *review.Control) { c.Outside = true },
	} {
		broken := good
		change(&broken)
		_, err := review.Run(stack(t, "staging"), []review.Control{broken}, nil, day)
		require.ErrorContains(t, err, field)
	}
	require.ErrorContains(t, review.Validate([]review.Control{good, good}), "control Good.1: ID is in the list twice")
	require.NoError(t, review.Validate([]review.Control{good}))
}

func TestControlsPage(t *testing.T) {
	command := control("Command.1", queue, review.Low)
	command.Check, command.Decide, command.Title = nil, "aws x | grep y", "Runs | well"
	account := command
	account.ID, account.Outside = "Account.1", true
	page := review.ControlsPage([]review.Control{control("Fail.1", queue, review.High), command, account})
	require.Contains(t, page, "3 controls")
	require.Contains(t, page, "1 are answered from declarations, 1 by a command, and 1 belong to the account")
	require.Contains(t, page, "| [Fail.1](https://docs.aws.amazon.com/x) | Things are encrypted | high | security | what the stack declares |")
	require.Contains(t, page, "| Runs \\| well | low | security | `aws x \\| grep y` |")
	require.Contains(t, page, "| the account's: `aws x")
}
