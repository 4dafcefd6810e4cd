package tests

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/infra"
)

// TestOutputsPage keeps docs/outputs.md equal to the table of outputs; UPDATE_DOCS=1 writes the page.
func TestOutputsPage(t *testing.T) {
	path := filepath.Join("..", "docs", "outputs.md")
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
		outputs := rehearsed(t, stack).Outputs
		assert.ElementsMatch(t, outputNames(missing...), slices.Collect(maps.Keys(outputs)), stack)
		for name, value := range outputs {
			assert.NotEmpty(t, value, "%s: the output %s is empty", stack, name)
		}
		assert.Equal(t, stack, outputs["environment"])
		assert.Regexp(t, `^https://`, outputs["siteUrl"])
		assert.Regexp(t, `^https://[^/]+(/[a-z0-9]+)?$`, outputs["apiUrl"])
		assert.Contains(t, outputs["releases"], "backend")
	}
}

// TestOutputsWithoutOptionalParts takes every optional part out of production.
func TestOutputsWithoutOptionalParts(t *testing.T) {
	report := rehearseWith(t, "production", "itrack:bastion=null", "itrack:backup=null", "itrack:budget=null", "itrack:github=null", "itrack:waf.edge=false")
	requireOK(t, report)
	assert.ElementsMatch(t, outputNames("bastionGroup", "backupVault", "recoveryVault", "backupPlan", "restoreTestPlan", "budget", "deployRoleArn", "previewRoleArn", "edgeWebAclArn"),
		slices.Collect(maps.Keys(report.Outputs)))
}
