// Package stacktest writes small exported stacks for tests, as `pulumi stack export` would print them.
package stacktest

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/itrack/itrack/internal/review"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
)

// P are the properties of a resource.
type P = map[string]any

// L is a list of values.
type L = []any

// R is one resource of a stack. Its region is us-east-1 and its id its name, unless it says otherwise.
type R struct {
	Type, Name, ID, Region string
	Props                  P
}

// Export is a stack with the given resources.
func Export(t testing.TB, stack string, resources ...R) apitype.UntypedDeployment {
	t.Helper()
	root := fmt.Sprintf("urn:pulumi:%s::itrack::pulumi:pulumi:Stack::itrack-%s", stack, stack)
	list := L{P{"urn": root, "type": "pulumi:pulumi:Stack", "custom": false, "outputs": P{"environment": stack}}}
	providers := map[string]string{}
	for _, r := range resources {
		region := r.Region
		if region == "" {
			region = "us-east-1"
		}
		if providers[region] == "" {
			urn := fmt.Sprintf("urn:pulumi:%s::itrack::pulumi:providers:aws::%s", stack, region)
			list = append(list, P{"urn": urn, "type": "pulumi:providers:aws", "custom": true, "id": "p-" + region, "inputs": P{"region": region}})
			providers[region] = urn + "::p-" + region
		}
		id := r.ID
		if id == "" {
			id = r.Name
		}
		list = append(list, P{
			"urn": fmt.Sprintf("urn:pulumi:%s::itrack::%s::%s", stack, r.Type, r.Name), "type": r.Type, "custom": true, "id": id,
			"parent": root, "provider": providers[region], "outputs": r.Props,
		})
	}
	raw, err := json.Marshal(P{"resources": list})
	require.NoError(t, err)
	return apitype.UntypedDeployment{Version: 3, Deployment: raw}
}

// Model is the loaded stack.
func Model(t testing.TB, stack string, resources ...R) *review.Model {
	t.Helper()
	m, err := review.Load(Export(t, stack, resources...))
	require.NoError(t, err)
	return m
}
