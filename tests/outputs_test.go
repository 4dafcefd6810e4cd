package tests

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/infra"
)

// TestOutputsPage keeps docs/outputs.md equal to the table of outputs; UPDATE_DOCS=1 writes the page.
func TestOutputsPage(t *testing.T) {
	path := filepath.Join(root, "docs", "outputs.md")
	if os.Getenv("UPDATE_DOCS") != "" {
		require.NoError(t, os.WriteFile(path, []byte(infra.OutputsPage()), 0o644))
	}
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, infra.OutputsPage(), string(page), "run UPDATE_DOCS=1 go test ./tests -run TestOutputsPage")
	for _, output := range infra.Outputs() {
		assert.NotEmpty(t, output.Description, output.Name)
	}
}

// outputNames are the names of the table without those that are missing.
func outputNames(missing ...string) []string {
	var names []string
	for _, output := range infra.Outputs() {
		if !slices.Contains(missing, output.Name) {
			names = append(names, output.Name)
		}
	}
	return names
}

// TestOutputsOfBothStacks wants exactly the outputs of the table, those of optional parts where the part is there.
func TestOutputsOfBothStacks(t *testing.T) {
	for stack, missing := range map[string][]string{
		"staging":    {"edgeWebAclArn", "recoveryVault", "restoreTestPlan"},
		"production": {},
	} {
		outputs := recorded(t, stack).Exports
		assert.ElementsMatch(t, outputNames(missing...), slices.Collect(maps.Keys(outputs)), stack)
		for name, value := range outputs {
			assert.Falsef(t, value.ContainsSecrets(), "%s: the output %s is a secret", stack, name)
			value = plain(value)
			assert.Falsef(t, value.IsNull() || value.IsString() && value.StringValue() == "", "%s: the output %s is empty", stack, name)
		}
		assert.Equal(t, stack, outputs["environment"].StringValue())
		assert.Equal(t, mockAccount, outputs["account"].StringValue())
		assert.Equal(t, "us-west-2", outputs["recoveryRegion"].StringValue())
		assert.Contains(t, outputs["releases"].ObjectValue(), resource.PropertyKey("backend"))
		assert.Contains(t, outputs["repositories"].ObjectValue(), resource.PropertyKey("backend"))
		assert.Contains(t, outputs["dashboards"].ObjectValue(), resource.PropertyKey("overview"))
	}
}

// TestOutputsWithoutOptionalParts takes every optional part out of production.
func TestOutputsWithoutOptionalParts(t *testing.T) {
	run := recordedWith(t, "production", map[string]any{
		"itrack:bastion": nil, "itrack:backup": nil, "itrack:budget": nil, "itrack:github": nil, "itrack:waf.edge": false,
	})
	assert.ElementsMatch(t, outputNames("bastionGroup", "backupVault", "recoveryVault", "backupPlan", "restoreTestPlan", "budget", "deployRoleArn",
		"previewRoleArn", "edgeWebAclArn"), slices.Collect(maps.Keys(run.Exports)))
}
