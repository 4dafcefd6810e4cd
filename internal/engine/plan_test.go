package engine

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/stretchr/testify/require"
)

// values reads properties as the engine writes them into its events.
func values(t *testing.T, text string) map[string]any {
	t.Helper()
	var out map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &out))
	return out
}

const secretValue = `{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","ciphertext":"W3NlY3JldF0="}`

func TestDifferencesShowValuesAndNoSecret(t *testing.T) {
	step := apitype.StepEventMetadata{
		Old: &apitype.StepEventStateMetadata{
			Inputs:  values(t, `{"size":1,"tags":{"a.b":"x"},"list":[{"n":"one"}],"password":`+secretValue+`,"nested":{"key":`+secretValue+`}}`),
			Outputs: values(t, `{"size":1,"arn":"old","computed":"was"}`),
		},
		New: &apitype.StepEventStateMetadata{
			Inputs: values(t, `{"size":2,"tags":{"a.b":"y"},"list":[{"n":"two"}],"password":`+secretValue+`,"nested":{"key":`+secretValue+`},"arn":"`+plugin.UnknownStringValue+
				`","code":{"4dabf18193072939515e22adb298388d":"0def7320c3a5731c473e5ecbe6d01bc7","hash":"0123456789abcdef"}}`),
		},
		DetailedDiff: map[string]apitype.PropertyDiff{
			"size": {Kind: apitype.DiffUpdateReplace, InputDiff: true}, `tags["a.b"]`: {Kind: apitype.DiffUpdate, InputDiff: true},
			"list[0].n": {Kind: apitype.DiffUpdate, InputDiff: true}, "password": {Kind: apitype.DiffUpdate, InputDiff: true},
			"nested.key.inside": {Kind: apitype.DiffUpdate, InputDiff: true}, "arn": {Kind: apitype.DiffUpdate}, "code": {Kind: apitype.DiffAdd},
			"list[9].n": {Kind: apitype.DiffDelete}, "computed": {Kind: apitype.DiffDelete},
		},
	}
	require.Equal(t, []Difference{
		{Path: "arn", Old: `"old"`, New: Unknown},
		{Path: "code", New: `"file 0123456789ab"`},
		{Path: "computed", Old: `"was"`},
		{Path: "list[0].n", Old: `"one"`, New: `"two"`},
		{Path: "list[9].n"},
		{Path: "nested.key.inside", Old: Masked, New: Masked},
		{Path: "password", Old: Masked, New: Masked},
		{Path: "size", Replaces: true, Old: "1", New: "2"},
		{Path: `tags["a.b"]`, Old: `"x"`, New: `"y"`},
	}, differences(step))

	// A provider that gives no details: the keys alone.
	step = apitype.StepEventMetadata{Diffs: []string{"a", "b"}, Keys: []string{"b"},
		Old: &apitype.StepEventStateMetadata{Inputs: map[string]any{"a": "1"}}, New: &apitype.StepEventStateMetadata{Inputs: map[string]any{"a": "2", "b": true}}}
	require.Equal(t, []Difference{{Path: "a", Old: `"1"`, New: `"2"`}, {Path: "b", Replaces: true, New: "true"}}, differences(step))
}

func TestLongValuesAreShortened(t *testing.T) {
	long := make([]byte, 5000)
	for i := range long {
		long[i] = 'x'
	}
	require.Len(t, []rune(show(string(long))), longestValue)
	require.Equal(t, `{"a":"<&>"}`, show(map[string]any{"a": "<&>"}), "documents are read by people")
}

func TestAPlanJoinsTheStepsOfAResource(t *testing.T) {
	real := &apitype.StepEventStateMetadata{Custom: true, ID: "i-1"}
	step := func(name string, op apitype.OpType, old, now *apitype.StepEventStateMetadata) apitype.StepEventMetadata {
		return apitype.StepEventMetadata{Op: op, URN: urnPrefix + "t:a:A::" + name, Type: "t:a:A", Old: old, New: now}
	}
	stack := func(old, now map[string]any) apitype.StepEventMetadata {
		return apitype.StepEventMetadata{Op: apitype.OpSame, Type: "pulumi:pulumi:Stack", URN: urnPrefix + "pulumi:pulumi:Stack::itrack-staging",
			Old: &apitype.StepEventStateMetadata{Outputs: old}, New: &apitype.StepEventStateMetadata{Outputs: now}}
	}
	kept := &apitype.StepEventStateMetadata{Custom: true, ID: "i-1", RetainOnDelete: true}
	plan := newPlan(Outcome{}, []apitype.StepEventMetadata{
		step("same", apitype.OpSame, real, real), step("looked-up", apitype.OpRead, nil, real),
		step("made-first", apitype.OpCreateReplacement, real, real), step("made-first", apitype.OpReplace, real, real), step("made-first", apitype.OpDeleteReplaced, real, nil),
		step("deleted-first", apitype.OpDeleteReplaced, real, nil), step("deleted-first", apitype.OpReplace, real, real), step("deleted-first", apitype.OpCreateReplacement, real, real),
		step("left-over", apitype.OpSame, real, real), step("left-over", apitype.OpDeleteReplaced, real, nil),
		step("lost", apitype.OpDelete, real, nil), step("lost", apitype.OpCreate, nil, real),
		step("gone", apitype.OpDelete, kept, nil), step("component", apitype.OpDelete, &apitype.StepEventStateMetadata{}, nil),
		stack(map[string]any{"a": 1, "b": 2, "c": 3}, map[string]any{"a": 1, "b": 3, "d": 4}),
	})
	type line struct {
		name string
		verb Verb
		id   string
	}
	var got []line
	for _, s := range plan.Steps {
		got = append(got, line{s.Name, s.Verb, s.ID})
	}
	require.Equal(t, []line{
		{"component", VerbDelete, ""}, {"deleted-first", VerbReplace, "i-1"}, {"gone", VerbDelete, "i-1"}, {"left-over", VerbDelete, "i-1"},
		{"lost", VerbCreate, ""}, {"made-first", VerbReplace, "i-1"},
	}, got)
	require.False(t, plan.Steps[0].Custom)
	require.True(t, plan.Steps[2].Kept)
	require.Equal(t, 1, plan.Same)
	require.Equal(t, []Difference{{Path: "b", Old: "2", New: "3"}, {Path: "c", Old: "3"}, {Path: "d", New: "4"}}, plan.Outputs)
}

func TestTheGuardIsAskedAboutWhatExistsAlone(t *testing.T) {
	refused := errors.New("refused")
	var asked []string
	tr := newTracker("staging", PhaseDeploy, nil)
	ctx, stop := context.WithCancelCause(context.Background())
	tr.stop = stop
	tr.guard = func(urn string, verb Verb) error { asked = append(asked, string(verb)); return refused }
	begin := func(op apitype.OpType, kind string, old *apitype.StepEventStateMetadata) {
		tr.take(events.EngineEvent{EngineEvent: apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{
			Metadata: apitype.StepEventMetadata{Op: op, URN: urnPrefix + kind + "::x", Type: kind, Old: old}}}})
	}
	real := &apitype.StepEventStateMetadata{Custom: true}
	begin(apitype.OpCreate, "t:a:A", nil)
	begin(apitype.OpUpdate, "t:a:A", real)
	begin(apitype.OpDelete, "itrack:infra:X", &apitype.StepEventStateMetadata{})
	begin(apitype.OpReplace, providerPrefix+"aws", real)
	begin(apitype.OpDelete, "t:a:A", &apitype.StepEventStateMetadata{Custom: true, External: true})
	require.Empty(t, asked)
	require.NoError(t, ctx.Err())
	begin(apitype.OpDelete, "t:a:A", real)
	begin(apitype.OpCreateReplacement, "t:a:A", real)
	require.Equal(t, []string{"delete", "replace"}, asked)
	require.ErrorIs(t, context.Cause(ctx), refused)
}

func TestOwned(t *testing.T) {
	state, err := parseState(apitype.UntypedDeployment{Version: 3, Deployment: []byte(`{"resources":[
		{"urn":"urn:pulumi:s::p::pulumi:pulumi:Stack::p-s","type":"pulumi:pulumi:Stack"},
		{"urn":"urn:pulumi:s::p::pulumi:providers:aws::x","type":"pulumi:providers:aws","custom":true},
		{"urn":"urn:pulumi:s::p::t:a:A::read","type":"t:a:A","custom":true,"external":true},
		{"urn":"urn:pulumi:s::p::t:a:A::own","type":"t:a:A","custom":true,"id":"i-1"}]}`)})
	require.NoError(t, err)
	require.Len(t, state.Owned(), 1)
	require.Equal(t, "own", state.Owned()[0].URN.Name())
}
