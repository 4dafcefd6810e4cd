package tests

import (
	"context"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/cmd/itrack/rehearse"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/quotas"
)

// existing are the objects in an account of a kept rehearsal.
func existing(t *testing.T, dir, account string) []cloud.Object {
	t.Helper()
	pretend, err := cloud.Open(engine.CloudDir(dir))
	require.NoError(t, err)
	defer func() { assert.NoError(t, pretend.Close()) }()
	objects, err := pretend.Objects(account)
	require.NoError(t, err)
	require.NotEmpty(t, objects)
	return objects
}

// bothInOneAccount deploys staging and then production into one account and returns what is there.
func bothInOneAccount(t *testing.T) []cloud.Object {
	t.Helper()
	dir := t.TempDir()
	o, err := options(dir, "staging", "production")
	require.NoError(t, err)
	o.OneAccount, o.TakeOver = true, rehearse.TakeOver
	report, err := engine.Rehearse(context.Background(), o)
	require.NoError(t, err)
	for _, stack := range report.Stacks {
		requireOK(t, stack)
	}
	return existing(t, dir, report.Stacks[0].Account)
}

// Both stacks, each alone and together in one account, fit AWS's default quotas.
func TestQuotas(t *testing.T) {
	t.Parallel()
	both := bothInOneAccount(t)
	kept := filepath.Join(rehearsalDir, "both")
	staging := existing(t, kept, rehearsed(t, "staging").Account)
	production := existing(t, kept, rehearsed(t, "production").Account)

	amounts := map[string]map[string]float64{}
	for name, objects := range map[string][]cloud.Object{"staging": staging, "production": production, "both": both} {
		amounts[name] = map[string]float64{}
		for _, use := range quotas.Usage(objects) {
			amounts[name][use.Quota.ID] = use.Amount
			assert.Truef(t, use.Within(), "%s: %v %s, and the default quota is %v", name, use.Amount, use.Quota.Unit, use.Quota.Default)
		}
	}
	// What is counted is there: a table that finds nothing would fit everything.
	for id, want := range map[string][3]float64{
		"vpcs": {1, 1, 2}, "internet-gateways": {1, 1, 2}, "addresses": {1, 3, 4}, "nat-gateways": {1, 1, 2}, "subnets": {6, 9, 9},
		"balancers": {1, 1, 2}, "database-instances": {1, 1, 2}, "fargate-vcpus": {0.25, 3, 3.25}, "vpc-links": {1, 1, 2},
	} {
		assert.Equalf(t, want, [3]float64{amounts["staging"][id], amounts["production"][id], amounts["both"][id]}, "%s of staging, production and both", id)
	}
	for id, amount := range amounts["both"] {
		// Without a domain there are no certificates; no function reserves concurrency; Spot takes tasks only when services scale.
		switch id {
		case "certificates", "records", "api-domains", "distribution-aliases", "reserved-concurrency", "fargate-spot-vcpus":
			continue
		}
		assert.Positivef(t, amount, "nothing draws on %s", id)
		assert.GreaterOrEqualf(t, amount, max(amounts["staging"][id], amounts["production"][id]), "%s of both", id)
	}

	page := quotas.Page(staging, production, both)
	assertFile(t, quotas.File, page)
	assert.Contains(t, page, "| [Elastic IP addresses in a region]")
	assert.Contains(t, page, "| 5 | 1 | 3 | 4 |")
	assert.NotContains(t, page, "**", "nothing is over its quota after a deployment")
	assert.NotRegexp(t, regexp.MustCompile(`[a-z]-[0-9a-f]{17}|\b\d{12}\b`), page, "ids and accounts change from one place to the next")
}
