package review_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/itrack/itrack/internal/review"
	"github.com/stretchr/testify/require"
)

func acceptance(control string, resources ...string) review.Acceptance {
	return review.Acceptance{
		Control: control, Environments: []string{"staging", "production"}, Resources: resources, Reason: "because", Kind: review.ForCost, Owner: "platform",
		Expires: "2026-12-31",
	}
}

const file = `acceptances:
  - control: RDS.23
    environments: [production]
    resources: ["aws:rds/instance:Instance::rds", "aws:rds/*::r?s"]
    reason: Users have the port in their settings
    kind: tension
    owner: platform
    expires: 2027-03-10
`

func TestParseAcceptances(t *testing.T) {
	list := []review.Control{control("RDS.23", queue, review.Low)}
	parsed, err := review.ParseAcceptances([]byte(file), list, day)
	require.NoError(t, err, "twelve months to the day are allowed")
	require.Len(t, parsed, 1)
	require.Equal(t, "RDS.23", parsed[0].Control)
	require.Equal(t, review.ForTension, parsed[0].Kind)
	require.Equal(t, "2027-03-10", parsed[0].Expires)

	for _, empty := range []string{"", "acceptances: []\n", "# nothing yet\n"} {
		parsed, err = review.ParseAcceptances([]byte(empty), list, day)
		require.NoError(t, err)
		require.Empty(t, parsed)
	}
	past := strings.ReplaceAll(file, "2027-03-10", "2026-03-09")
	_, err = review.ParseAcceptances([]byte(past), list, day)
	require.NoError(t, err, "an expired one is read, so that the review can report it")
}

func TestWrongAcceptancesNameFieldAndWayOut(t *testing.T) {
	list := []review.Control{control("RDS.23", queue, review.Low)}
	for _, c := range []struct{ name, old, new, wanted string }{
		{"unknown field", "    owner:", "    ownr: x\n    owner:", "ownr"},
		{"unknown control", "RDS.23", "RDS.99", `acceptances[0].control: "RDS.99" is not in the list; docs/controls.md`},
		{"control in other letters", "RDS.23", "rds-23", "(RDS.23 is)"},
		{"no control", "control: RDS.23", "control: ''", "acceptances[0].control: missing"},
		{"no environments", "[production]", "[]", "acceptances[0].environments: missing"},
		{"environment pattern", "[production]", "['prod*']", "acceptances[0].environments[0]"},
		{"no resources", `["aws:rds/instance:Instance::rds", "aws:rds/*::r?s"]`, "[]", "acceptances[0].resources: missing"},
		{"no type", `"aws:rds/*::r?s"`, `"rds"`, `acceptances[0].resources[1]: "rds" is not type::name`},
		{"every type", `"aws:rds/*::r?s"`, `"*::rds"`, "accepts resources of every type"},
		{"no reason", "Users have the port in their settings", "' '", "acceptances[0].reason: missing"},
		{"unknown kind", "tension", "laziness", `acceptances[0].kind: "laziness" is none of cost, deletability, tension`},
		{"no owner", "owner: platform", "owner: ''", "acceptances[0].owner: missing"},
		{"no expiry", "2027-03-10", "''", "acceptances[0].expires: missing; give the last day"},
		{"no day", "2027-03-10", "soon", `acceptances[0].expires: "soon" is not a day; write YYYY-MM-DD`},
		{"too far", "2027-03-10", "2027-03-11", "acceptances[0].expires: 2027-03-11 is more than 12 months after 2026-03-10; 2027-03-10 is the latest"},
		{"second document", "acceptances:", "acceptances: []\n---\nacceptances:", "second YAML document"},
		{"no list", "acceptances:\n", "acceptances: yes\nx:\n", "acceptances"},
	} {
		text := strings.Replace(file, c.old, c.new, 1)
		require.NotEqual(t, file, text, c.name)
		_, err := review.ParseAcceptances([]byte(text), list, day)
		require.ErrorContains(t, err, c.wanted, c.name)
	}
	_, err := review.ParseAcceptances([]byte("acceptances:\n  - control: A\n  - reason: x\n"), list, day)
	require.ErrorContains(t, err, "acceptances[0].owner")
	require.ErrorContains(t, err, "acceptances[1].control", "all problems at once")
}

func TestAccepting(t *testing.T) {
	failing := control("Fail.1", queue, review.Low)
	twice := control("Twice.1", queue, review.Low)
	twice.Check = func(m *review.Model) []review.Answer {
		return []review.Answer{review.Fail(m.All(queue)[0], "bad", "fix"), review.Fail(m.All(queue)[1], "bad", "fix")}
	}
	verdict := func(m *review.Model, c review.Control, acceptances ...review.Acceptance) review.Verdict {
		return run(t, m, acceptances, c).Controls[0].Verdict
	}
	m := stack(t, "staging")
	require.Equal(t, review.Accepted, verdict(m, failing, acceptance("Fail.1", queue+"::bad")))
	require.Equal(t, review.Accepted, verdict(m, failing, acceptance("Fail.1", "aws:sqs/*::b?d")), "* runs over the slash of a type")
	require.Equal(t, review.Failed, verdict(m, failing, acceptance("Other.1", queue+"::bad")))
	require.Equal(t, review.Failed, verdict(m, failing, acceptance("Fail.1", queue+"::ba")), "a pattern means the whole label")
	require.Equal(t, review.Failed, verdict(m, twice, acceptance("Twice.1", queue+"::bad")), "one of two accepted is not enough")
	require.Equal(t, review.Accepted, verdict(m, twice, acceptance("Twice.1", queue+"::bad"), acceptance("Twice.1", queue+"::good")))
	require.Equal(t, review.Failed, verdict(stack(t, "trial"), failing, acceptance("Fail.1", queue+"::bad")), "not meant for this stack")

	last := acceptance("Fail.1", queue+"::bad")
	last.Expires = "2026-03-10"
	require.Equal(t, review.Accepted, verdict(m, failing, last), "the day itself counts")
	last.Expires = "2026-03-09"
	require.Equal(t, review.Failed, verdict(m, failing, last))
}

func TestProblemsOfAcceptances(t *testing.T) {
	problems := func(stackName string, severity review.Severity, acceptances ...review.Acceptance) []string {
		out := []string{}
		for _, p := range run(t, stack(t, stackName), acceptances, control("Fail.1", queue, severity)).Problems {
			out = append(out, fmt.Sprintf("%s %s %s", p.Kind, p.Control, p.Field))
			require.NotEmpty(t, p.Message)
		}
		return out
	}
	fine := acceptance("Fail.1", queue+"::bad")
	require.Empty(t, problems("staging", review.High, fine))
	require.Empty(t, problems("production", review.Medium, fine))
	require.Equal(t, []string{"severe Fail.1 control"}, problems("production", review.High, fine))
	require.Equal(t, []string{"severe Fail.1 control"}, problems("production", review.Critical, fine))
	require.Equal(t, []string{"stale Fail.1 resources[0]"}, problems("staging", review.Low, acceptance("Fail.1", queue+"::gone", queue+"::bad")))
	require.Equal(t, []string{"unneeded Fail.1 resources[1]"}, problems("staging", review.Low, acceptance("Fail.1", queue+"::bad", queue+"::good")))
	expired := fine
	expired.Expires = "2026-01-01"
	require.Equal(t, []string{"expired Fail.1 expires"}, problems("staging", review.Low, expired))
	require.Empty(t, problems("trial", review.Low, expired), "what is not meant for the stack is not its problem")
	report := run(t, stack(t, "staging"), []review.Acceptance{expired}, control("Fail.1", queue, review.Low))
	require.Equal(t, review.Failed, report.Controls[0].Verdict)

	severe := run(t, stack(t, "production"), []review.Acceptance{fine}, control("Fail.1", queue, review.High))
	require.Equal(t, review.Accepted, severe.Controls[0].Verdict, "reported, and still accepted")

	parsed, err := review.ParseAcceptances([]byte(strings.ReplaceAll(file, "RDS.23", "Fail.1")), []review.Control{control("Fail.1", queue, review.Low)}, day)
	require.NoError(t, err)
	fields := run(t, stack(t, "production"), parsed, control("Fail.1", queue, review.Low)).Problems
	require.Equal(t, "acceptances[0].resources[0]", fields[0].Field, "from a file, the place in the file")
}
