package tests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// docs/emulate.md lists an endpoint for every service that the stacks use: what it leaves out would be called at AWS.
func TestEmulateListsEveryService(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "emulate.md"))
	require.NoError(t, err)
	// Modules of the provider that are named otherwise than the service.
	endpoints := map[string]string{"lb": "elbv2", "vpc": "ec2"}
	types := map[string]bool{}
	for _, stack := range []string{"staging", "production"} {
		for _, resource := range recorded(t, stack).Resources {
			types[resource.Type] = true
		}
	}
	checked := 0
	for token := range types {
		module, found := strings.CutPrefix(token, "aws:")
		if !found {
			continue
		}
		module, _, _ = strings.Cut(module, "/")
		if name := endpoints[module]; name != "" {
			module = name
		}
		if module == "cloudwatch" && strings.Contains(token, "/event") {
			module = "events"
		}
		if module == "cloudwatch" && strings.Contains(token, "/log") {
			module = "logs"
		}
		checked++
		assert.Contains(t, string(page), " "+module+": http://127.0.0.1:5000", token)
	}
	require.Greater(t, checked, 20)
}
