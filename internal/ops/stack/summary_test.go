package stack_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/stack"
)

const (
	tableType = "aws:dynamodb/table:Table"
	roleType  = "aws:iam/role:Role"
)

func step(kind, name string, verb engine.Verb, differences ...engine.Difference) engine.Step {
	return engine.Step{URN: "urn:pulumi:staging::itrack::" + kind + "::" + name, Type: kind, Name: name, Verb: verb, Custom: true, ID: name + "-1", Differences: differences}
}

func page(s stack.Summary) string {
	var b bytes.Buffer
	s.Write(&b)
	return b.String()
}

func TestWhatLosesDataComesFirst(t *testing.T) {
	provider := step("pulumi:providers:aws", "primary", engine.VerbUpdate)
	provider.Custom = false
	kept := step("aws:rds/instance:Instance", "db", engine.VerbDelete)
	kept.Kept = true
	s := stack.Summarize("staging", engine.Plan{Same: 7, Steps: []engine.Step{
		step(roleType, "new", engine.VerbCreate), step(roleType, "changed", engine.VerbUpdate, engine.Difference{Path: "path", Old: `"/a"`}),
		step(roleType, "other", engine.VerbReplace), step(roleType, "gone", engine.VerbDelete), step(tableType, "items", engine.VerbReplace), kept,
		step(tableType, "grown", engine.VerbUpdate), provider,
	}})
	require.Equal(t, stack.Counts{Create: 1, Update: 2, Replace: 2, Delete: 2, Same: 7, Other: 1}, s.Counts)
	text := page(s)
	last := -1
	for _, part := range []string{
		"staging: 1 to create, 2 to update, 2 to replace, 2 to delete; 7 stay as they are", "LOSES DATA (2)", "replace Table items (items-1)", "the table with its items",
		"delete Instance db (db-1)", "the object stays in AWS", "Replaced (1)", "Role other", "Deleted (1)", "Role gone", "Updated (2)", `path: "/a" -> (none)`,
		"Created (1)", "Role: new", "1 providers and components",
	} {
		at := strings.Index(text, part)
		require.Greater(t, at, last, "%s in its place:\n%s", part, text)
		last = at
	}
	require.True(t, stack.Summarize("staging", engine.Plan{Same: 3}).Empty())
	require.False(t, stack.Summarize("staging", engine.Plan{Outputs: []engine.Difference{{Path: "a"}}}).Empty(), "a changed output is a change")
}

// A tag that changes everywhere must not fill pages.
func TestTheSameChangeOfManyIsOneEntry(t *testing.T) {
	var steps []engine.Step
	for i := range 400 {
		steps = append(steps, step(roleType, fmt.Sprintf("role-%03d", i), engine.VerbUpdate, engine.Difference{Path: "tagsAll.Owner", Old: `"a"`, New: `"b"`}))
	}
	text := page(stack.Summarize("staging", engine.Plan{Steps: steps}))
	require.Equal(t, 1, strings.Count(text, "tagsAll.Owner"))
	require.Contains(t, text, "and 394 more")
}

func TestEveryStatefulTypeHasATokenAndAReason(t *testing.T) {
	token := regexp.MustCompile(`^aws:[a-z0-9]+/[a-zA-Z0-9]+:[A-Z][A-Za-z0-9]+$`)
	for _, kind := range stack.StatefulTypes() {
		require.Regexp(t, token, kind)
		reason, ok := stack.StatefulReason(kind)
		require.True(t, ok)
		require.NotEmpty(t, reason)
	}
	_, ok := stack.StatefulReason(roleType)
	require.False(t, ok)
}

func TestWhichNameIsMeant(t *testing.T) {
	s := stack.Summarize("staging", engine.Plan{Steps: []engine.Step{
		step(tableType, "items", engine.VerbReplace), step("aws:kms/key:Key", "items", engine.VerbDelete), step(tableType, "history", engine.VerbDelete),
		step(tableType, "grown", engine.VerbUpdate), step(roleType, "role", engine.VerbReplace),
	}})
	table, key := s.Stateful[0].URN, s.Stateful[1].URN
	for name, test := range map[string]struct {
		allow []string
		kind  ops.Kind
		says  []string
	}{
		"none":           {nil, ops.Refused, []string{"--allow-replace '" + table + "'", "--allow-replace '" + key + "'", "--allow-replace history"}},
		"one of three":   {[]string{"history"}, ops.Refused, []string{"Table items", "Key items"}},
		"two of a name":  {[]string{"items"}, ops.Usage, []string{"several resources of that name", table, key}},
		"only updated":   {[]string{"grown"}, ops.Usage, []string{"nothing of that name would be replaced or deleted"}},
		"a wrong one":    {[]string{table, key, "history", "nothing"}, ops.Usage, []string{"--allow-replace nothing"}},
		"no data in it":  {[]string{"role"}, ops.Refused, []string{"history"}},
		"all, and twice": {[]string{table, key, "history", "history", "role"}, ops.Failed, nil},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.Allow(test.allow)
			if test.says == nil {
				require.NoError(t, err)
				return
			}
			require.Equal(t, test.kind, ops.KindOf(err))
			for _, part := range test.says {
				require.ErrorContains(t, err, part)
			}
		})
	}
	err := stack.Summarize("staging", engine.Plan{}).Allow([]string{"items"})
	require.Equal(t, ops.Usage, ops.KindOf(err))
	require.ErrorContains(t, err, "leave the flag out")
}

func TestGoingBeyondWhatWasShown(t *testing.T) {
	shown := stack.Summarize("staging", engine.Plan{Steps: []engine.Step{
		step(tableType, "items", engine.VerbReplace), step(roleType, "a", engine.VerbUpdate), step(roleType, "b", engine.VerbCreate),
	}})
	less := stack.Summarize("staging", engine.Plan{Steps: []engine.Step{step(tableType, "items", engine.VerbUpdate)}})
	require.Empty(t, shown.Beyond(less), "less than was shown, or milder, is no surprise")
	more := stack.Summarize("staging", engine.Plan{Steps: []engine.Step{
		step(tableType, "items", engine.VerbDelete), step(roleType, "a", engine.VerbReplace), step(roleType, "c", engine.VerbUpdate), step(roleType, "b", engine.VerbCreate),
	}})
	require.Equal(t, []string{"Table items (items-1) would be deleted", "Role a (a-1) would be replaced", "Role c (c-1) would be updated"}, shown.Beyond(more))
}
