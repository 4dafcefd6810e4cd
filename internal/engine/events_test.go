package engine

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
)

const urnPrefix = "urn:pulumi:staging::itrack::"

func TestTrackerCountsAndNamesWhatRuns(t *testing.T) {
	var seen []Progress
	tr := newTracker("staging", PhaseUp, func(p Progress) { seen = append(seen, p) })
	tr.expect("aws:ec2/vpc:Vpc", "main")
	tr.expect("aws:sns/topic:Topic", "critical")
	tr.expect("pulumi:providers:aws", "primary")
	custom := &apitype.StepEventStateMetadata{Custom: true}
	step := func(kind, name string, op apitype.OpType) apitype.StepEventMetadata {
		return apitype.StepEventMetadata{Op: op, URN: urnPrefix + kind + "::" + name, Type: kind, New: custom}
	}
	pre := func(s apitype.StepEventMetadata) {
		tr.take(events.EngineEvent{EngineEvent: apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: s}}})
	}
	out := func(s apitype.StepEventMetadata) {
		tr.take(events.EngineEvent{EngineEvent: apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: s}}})
	}
	pre(step("aws:ec2/vpc:Vpc", "main", apitype.OpCreate))
	last := seen[len(seen)-1]
	require.Equal(t, []string{"Vpc main"}, last.Current)
	require.Equal(t, 2, last.Total, "a provider is not counted")
	require.Zero(t, last.Done)

	out(step("aws:ec2/vpc:Vpc", "main", apitype.OpCreate))
	pre(step("aws:ec2/subnet:Subnet", "child-of-a-remote-component", apitype.OpCreate))
	last = seen[len(seen)-1]
	require.Equal(t, 3, last.Total, "what the engine starts on counts, though the program did not register it")
	require.Equal(t, 1, last.Done)

	// A replacement is three steps on one resource, and one resource done.
	for _, op := range []apitype.OpType{apitype.OpCreateReplacement, apitype.OpReplace, apitype.OpDeleteReplaced} {
		pre(step("aws:sns/topic:Topic", "critical", op))
		out(step("aws:sns/topic:Topic", "critical", op))
	}
	require.Equal(t, 2, seen[len(seen)-1].Done)

	tr.end(nil)
	require.True(t, seen[len(seen)-1].Ended)
	count := len(seen)
	tr.report()
	require.Len(t, seen, count, "nothing is reported after the end")
}

func TestChangesListWhatDiffers(t *testing.T) {
	tr := newTracker("staging", PhaseAgain, nil)
	take := func(name string, op apitype.OpType, detailed map[string]apitype.PropertyDiff, diffs ...string) {
		tr.take(events.EngineEvent{EngineEvent: apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{
			Metadata: apitype.StepEventMetadata{
				Op: op, URN: urnPrefix + "aws:iam/role:Role::" + name, Type: "aws:iam/role:Role", DetailedDiff: detailed, Diffs: diffs,
			},
		}}})
	}
	take("same", apitype.OpSame, nil)
	take("read", apitype.OpRefresh, nil)
	take("looked-up", apitype.OpRead, nil)
	take("b", apitype.OpUpdate, map[string]apitype.PropertyDiff{"tags.b": {}, "tags.a": {}}, "tags")
	take("a", apitype.OpDelete, nil, "name")
	changes, problems := tr.outcome(nil)
	require.Empty(t, problems)
	require.Equal(t, []Change{
		{URN: urnPrefix + "aws:iam/role:Role::a", Type: "aws:iam/role:Role", Op: "delete", Paths: []string{"name"}},
		{URN: urnPrefix + "aws:iam/role:Role::b", Type: "aws:iam/role:Role", Op: "update", Paths: []string{"tags.a", "tags.b"}},
	}, changes)
}
