package tests

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// granted is what a policy allows or denies, by Sid: its actions and resources, sorted.
type granted struct {
	Effect             string
	Actions, Resources []string
	Condition          any
}

// grantsOf reads a policy document statement by statement.
func grantsOf(t *testing.T, policy *declared) map[string]granted {
	t.Helper()
	grants := map[string]granted{}
	for _, raw := range policy.document(t, "policy")["Statement"].([]any) {
		statement := raw.(map[string]any)
		sid := statement["Sid"].(string)
		grants[sid] = granted{
			Effect: statement["Effect"].(string), Actions: sortedStrings(statement["Action"]), Resources: sortedStrings(statement["Resource"]), Condition: statement["Condition"],
		}
	}
	return grants
}

// sortedStrings is a string or a list of strings as a sorted list.
func sortedStrings(value any) []string {
	var list []string
	switch value := value.(type) {
	case string:
		list = []string{value}
	case []any:
		for _, entry := range value {
			list = append(list, entry.(string))
		}
	}
	slices.Sort(list)
	return list
}

// assertDependsOn demands an explicit or implicit edge to a resource, given as type::name.
func assertDependsOn(t *testing.T, resource *declared, wanted string) {
	t.Helper()
	for _, urn := range resource.Dependencies {
		if strings.HasSuffix(urn, "$"+wanted) || strings.HasSuffix(urn, "::"+wanted) {
			return
		}
	}
	assert.Failf(t, "missing edge", "%s %s does not depend on %s but on %v", resource.Type, resource.Name, wanted, resource.Dependencies)
}

// policyNames are the names of the customer-managed policies that belong to a role, by the names' beginning.
func policyNames(result *recording, prefix string) []string {
	var names []string
	for _, name := range result.names("aws:iam/policy:Policy") {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}
