package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/docgen"
)

// TestCoverage holds docs/coverage.md against what both stacks, and production with every optional part, consist of.
// Every phrase of the design must be carried by a resource whose deployed inputs say so.
func TestCoverage(t *testing.T) {
	full := rehearseWith(t, "production", docgen.EveryPart...)
	requireOK(t, full)
	staging, production := rehearsed(t, "staging"), rehearsed(t, "production")
	page, err := docgen.Coverage(staging.State.Raw, production.State.Raw, full.State.Raw)
	require.NoError(t, err)
	for _, random := range []string{staging.Account, production.Account, string(staging.State.First("aws:ec2/vpc:Vpc").ID)} {
		assert.NotContains(t, page, random, "ids and accounts change from one place to the next")
	}
	assertFile(t, docgen.CoverageFile, page)

	// A stack that lacks what the page says is refused: without production's parts nothing replicates.
	_, err = docgen.Coverage(staging.State.Raw, staging.State.Raw, staging.State.Raw)
	require.ErrorContains(t, err, "Multi-AZ in production")
	_, err = docgen.Coverage(apitype.UntypedDeployment{Deployment: []byte(`{}`)}, production.State.Raw, full.State.Raw)
	require.ErrorContains(t, err, "Spot share in staging")
}

// TestCoverageNamesRealTests: where the page refers to a test, there is one.
func TestCoverageNamesRealTests(t *testing.T) {
	var sources strings.Builder
	files, err := filepath.Glob(filepath.Join(root, "tests", "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		sources.Write(text)
	}
	names := docgen.CoverageTests()
	require.NotEmpty(t, names)
	for _, name := range names {
		assert.Contains(t, sources.String(), "\nfunc "+name+"(t *testing.T) {", name)
	}
}

// TestWithoutNat: a network without NAT gateways has no way out but its endpoints.
func TestWithoutNat(t *testing.T) {
	recording := recordedWith(t, "staging", map[string]any{
		"itrack:network.nat":                           "none",
		"itrack:network.interfaceEndpoints":            []any{"ecr.api", "ecr.dkr", "logs", "secretsmanager"},
		"itrack:services.backend.bootstrapImage.image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/python:3.13",
	})
	assert.Equal(t, "None", recording.one(t, "awsx:ec2:Vpc", "network").str(t, "natGateways.strategy"))
	for _, rule := range recording.all("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") {
		assert.Falsef(t, rule.has("cidrIpv4"), "%s leads to addresses, and nothing carries it there", rule.Name)
	}
}
