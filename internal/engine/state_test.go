package engine

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/stretchr/testify/require"
)

// stateOf is a state of the given resources, through the form an export has.
func stateOf(t *testing.T, resources ...apitype.ResourceV3) *State {
	t.Helper()
	text, err := json.Marshal(apitype.DeploymentV3{Resources: resources})
	require.NoError(t, err)
	state, err := parseState(apitype.UntypedDeployment{Version: 3, Deployment: text})
	require.NoError(t, err)
	return state
}

func made(kind, name, parent string, change ...func(*apitype.ResourceV3)) apitype.ResourceV3 {
	r := apitype.ResourceV3{
		URN: resource.URN(urnPrefix + kind + "::" + name), Type: tokens.Type(kind), Parent: resource.URN(parent), Custom: true,
		ID: resource.ID(name + "-id"), Outputs: map[string]any{},
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func component(r *apitype.ResourceV3) { r.Custom, r.ID = false, "" }

func named(name string) func(*apitype.ResourceV3) {
	return func(r *apitype.ResourceV3) { r.Outputs["name"] = name }
}

func testState(t *testing.T) *State {
	const stack = urnPrefix + "pulumi:pulumi:Stack::itrack-staging"
	const network = urnPrefix + "itrack:infra:Network::network"
	const vpc = urnPrefix + "awsx:ec2:Vpc::vpc"
	const keys = urnPrefix + "itrack:infra:Keys::keys"
	return stateOf(t,
		made("pulumi:pulumi:Stack", "itrack-staging", "", component, func(r *apitype.ResourceV3) {
			r.Outputs["url"] = "https://example.com"
			r.Outputs["secret"] = map[string]any{sig.Key: sig.Secret, "ciphertext": "v1:x"}
			r.Outputs["nested"] = map[string]any{"list": []any{map[string]any{sig.Key: sig.Secret, "ciphertext": "v1:y"}, "plain"}}
		}),
		made("pulumi:providers:aws", "primary", stack),
		made("itrack:infra:Keys", "keys", stack, component),
		made("itrack:infra:Network", "network", stack, component),
		made("awsx:ec2:Vpc", "vpc", network, component),
		made("aws:ec2/vpc:Vpc", "vpc", vpc, named("itrack-staging")),
		made("aws:ec2/subnet:Subnet", "a", vpc),
		made("aws:ec2/subnet:Subnet", "b", vpc),
		made("aws:kms/key:Key", "data", keys, func(r *apitype.ResourceV3) { r.Protect = true }),
		made("aws:kms/alias:Alias", "data", keys),
		made("aws:secretsmanager/secret:Secret", "seen", stack, func(r *apitype.ResourceV3) { r.External = true }),
		made("aws:sns/topic:Topic", "alone", stack),
	)
}

func TestStateCountsWhatTheStackOwns(t *testing.T) {
	state := testState(t)
	counts, total := state.byType()
	require.Equal(t, 6, total, "no components, no providers, nothing that was only looked up")
	require.Equal(t, map[string]int{
		"aws:ec2/vpc:Vpc": 1, "aws:ec2/subnet:Subnet": 2, "aws:kms/key:Key": 1, "aws:kms/alias:Alias": 1, "aws:sns/topic:Topic": 1,
	}, counts)
}

func TestSecretsAreMasked(t *testing.T) {
	require.Equal(t, map[string]any{
		"url": "https://example.com", "secret": Masked, "nested": map[string]any{"list": []any{Masked, "plain"}},
	}, testState(t).outputs())
}

func TestComponents(t *testing.T) {
	components := testState(t).components()
	require.Len(t, components, 3)
	require.Equal(t, ComponentReport{
		Name: "keys", Type: "itrack:infra:Keys", Count: 2,
		Kinds: []KindReport{{"Key", 1, []string{"data-id"}}, {"Alias", 1, []string{"data-id"}}},
	}, components[0], "in the program's order, the things before what serves them")
	require.Equal(t, ComponentReport{
		Name: "network", Type: "itrack:infra:Network", Count: 3,
		Kinds: []KindReport{{"Vpc", 1, []string{"itrack-staging"}}, {"Subnet", 2, []string{"a-id", "b-id"}}},
	}, components[1], "grandchildren belong to the component below the stack")
	require.Equal(t, "(stack)", components[2].Name)
}

func TestProtected(t *testing.T) {
	refusals := testState(t).protected()
	require.Len(t, refusals, 1)
	require.Equal(t, urnPrefix+"aws:kms/key:Key::data", refusals[0].URN)
	require.Equal(t, "protect", refusals[0].Property)
}

func TestAnEmptyState(t *testing.T) {
	state, err := parseState(apitype.UntypedDeployment{Version: 3})
	require.NoError(t, err)
	_, total := state.byType()
	require.Zero(t, total)
	_, err = parseState(apitype.UntypedDeployment{Version: 3, Deployment: json.RawMessage("[]")})
	require.ErrorContains(t, err, "reading the exported state")
}

func TestSpread(t *testing.T) {
	require.Equal(t, Spread{Median: 3, Min: 1, Max: 9, All: []float64{9, 1, 3}}, newSpread([]float64{9, 1, 3}))
	require.Equal(t, 2.5, newSpread([]float64{4, 1, 3, 2}).Median)
	require.Zero(t, newSpread(nil).Median)
}
