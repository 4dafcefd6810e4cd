package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the runbooks name exists: alarms, dashboards, budgets, log groups and whatever else begins with itrack-, by its name at AWS.
func TestRunbooksNameWhatExists(t *testing.T) {
	// The secrets are looked up by the stack and made by a command; the state's file and bucket are no resources (the deploy role's rights name the bucket: TestDeployRights).
	known := map[string]bool{"itrack/production/db_password": true, "itrack/production/jwt_secret": true, "itrack/production/api_key": true,
		"pulumi/stacks/itrack/production": true, "itrack-pulumi-state-" + mockAccount + "-production": true,
		"//itrack-pulumi-state-" + mockAccount + "-production": true}
	for _, resource := range recorded(t, "production").Resources {
		for _, property := range []string{"name", "alarmName", "dashboardName", "identifier", "ruleName"} {
			if value, ok := resource.find(property); ok && plain(value).IsString() {
				known[plain(value).StringValue()] = true
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(root, "docs", "runbooks", "*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	named := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`[A-Za-z0-9/-]*\bitrack[/-][a-z0-9/-]*production(?:/[a-z_-]+)?\b`).FindAllString(string(text), -1) {
			named++
			assert.True(t, known[match], "%s names %s, which production does not have", filepath.Base(file), match)
		}
	}
	require.Greater(t, named, 30)
}
