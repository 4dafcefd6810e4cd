package engine

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

const exported = `{"version":3,"future":"kept","deployment":{"manifest":{"version":"v9"},"resources":[
 {"urn":"urn:pulumi:s::p::t:a:A::one","custom":true,"id":"i-1","type":"t:a:A","inputs":{"secret":{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","ciphertext":"c"}},"novelty":7},
 {"urn":"urn:pulumi:s::p::t:a:A::gone","custom":true,"id":"i-2","type":"t:a:A","pendingReplacement":true}],
 "pending_operations":[
 {"type":"creating","resource":{"urn":"urn:pulumi:s::p::t:a:A::new","custom":true,"type":"t:a:A","inputs":{"name":"n"}}},
 {"type":"creating","resource":{"urn":"urn:pulumi:s::p::t:a:A::one","custom":true,"type":"t:a:A"}},
 {"type":"creating","resource":{"urn":"urn:pulumi:s::p::t:a:A::gone","custom":true,"type":"t:a:A"}},
 {"type":"updating","resource":{"urn":"urn:pulumi:s::p::t:a:A::one","custom":true,"id":"i-1","type":"t:a:A"}}]}}`

func TestAdoptingPutsResourcesIntoTheState(t *testing.T) {
	state, err := parseRaw([]byte(exported))
	require.NoError(t, err)
	require.Len(t, state.Pending, 4)
	require.NoError(t, state.adopt(state.Pending[0].Resource, "i-9"))
	require.NoError(t, state.adopt(state.Pending[1].Resource, "i-10"))
	require.NoError(t, state.adopt(state.Pending[2].Resource, "i-11"))
	type line struct {
		name, id string
		deleted  bool
	}
	var got []line
	for _, r := range state.Resources {
		got = append(got, line{r.URN.Name(), string(r.ID), r.Delete})
	}
	require.Equal(t, []line{
		{"one", "i-10", false}, {"one", "i-1", true}, // what it replaces waits behind it to be deleted
		{"gone", "i-11", false}, // what was deleted before its replacement is gone
		{"new", "i-9", false},
	}, got)
	require.Equal(t, 0, state.index(resource.URN("urn:pulumi:s::p::t:a:A::one")), "the live one")
}

func TestAStateKeepsWhatIsNotUnderstood(t *testing.T) {
	state, err := parseRaw([]byte(exported))
	require.NoError(t, err)
	text, err := json.Marshal(state.Resources[0])
	require.NoError(t, err)
	require.Contains(t, string(text), `"novelty":7`)
	require.Contains(t, string(text), `"ciphertext":"c"`)
	require.NoError(t, state.Resources[0].set("delete", true))
	text, err = json.Marshal(state.Resources[0])
	require.NoError(t, err)
	require.Contains(t, string(text), `"novelty":7`)
	require.True(t, state.Resources[0].Delete)
}

func TestPendingCreationsStopADeployment(t *testing.T) {
	state, err := parseRaw([]byte(exported))
	require.NoError(t, err)
	stack := &Stack{Name: "staging", keep: "/kept"}
	problems := stack.pendingProblems(state)
	require.Len(t, problems, 3, "an update that was cut off is what a refresh is for")
	require.Contains(t, problems[0].Error(), "`itrack state repair staging --keep /kept`")
	require.Equal(t, "PendingOperations", problems[0].Rule)
}

func TestProviderSettingsInBothForms(t *testing.T) {
	want := map[string]string{"Project": "p"}
	for _, tags := range []any{map[string]any{"tags": map[string]any{"Project": "p"}}, `{"tags":{"Project":"p"}}`} {
		region, got := providerSettings(map[string]any{"region": "us-east-1", "defaultTags": tags})
		require.Equal(t, "us-east-1", region)
		require.Equal(t, want, got)
	}
}
