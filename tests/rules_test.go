package tests

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/infra"
	"github.com/itrack/itrack/internal/docgen"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	catalogue "github.com/itrack/itrack/internal/rehearsal/rules"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
	"github.com/itrack/itrack/internal/rehearsal/rules/ruletest"
)

// The catalogue holds rules, each under an id of its own, in the order of the areas.
func TestRulesCatalogue(t *testing.T) {
	all := catalogue.All()
	assert.GreaterOrEqual(t, len(all), 120)
	assertFile(t, docgen.RulesFile, docgen.Rules(all))
	seen := map[string]bool{}
	for i := range all {
		assert.Falsef(t, seen[all[i].ID], "%s is there twice", all[i].ID)
		seen[all[i].ID] = true
		if i > 0 {
			assert.LessOrEqual(t, slices.Index(rule.Areas, all[i-1].Area()), slices.Index(rule.Areas, all[i].Area()), all[i].ID)
		}
	}
}

// Every rule is proven in a real stack: with its fault in the program's own resource the rehearsal refuses, by this rule
// and at the right resource, and refuses nothing that has no fault.
func TestSeededFaults(t *testing.T) {
	t.Parallel()
	groups := map[string][]rule.Rule{}
	for _, r := range catalogue.All() {
		key := string(r.Area()) + "/" + r.Seed.Stack + " " + strings.Join(r.Seed.Settings, " ")
		if len(r.Seed.Exists) > 0 {
			key += " " + r.ID
		}
		groups[strings.TrimSpace(key)] = append(groups[strings.TrimSpace(key)], r)
	}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			seedUntilAllRefused(t, groups[key])
		})
	}
}

// seedUntilAllRefused runs one stack with as many faults at a time as there are resources for them. What a fault keeps from
// being made is not reached: its own fault comes in the next run.
func seedUntilAllRefused(t *testing.T, waiting []rule.Rule) {
	for len(waiting) > 0 {
		var batch, later []rule.Rule
		taken := map[string]bool{}
		for _, r := range waiting {
			if taken[r.Seed.At] || taken[r.Seed.Where()] {
				later = append(later, r)
				continue
			}
			taken[r.Seed.At], taken[r.Seed.Where()] = true, true
			batch = append(batch, r)
		}
		unreached, ok := seedOnce(t, batch)
		if !ok {
			return
		}
		if len(unreached) == len(batch) {
			for _, r := range unreached {
				t.Errorf("%s: the stack has no %s, or the fault is no fault: nothing was refused at %s", r.ID, r.Seed.At, r.Seed.Where())
			}
			return
		}
		waiting = append(unreached, later...)
	}
}

// seedOnce runs the stack with the faults of all the rules and returns those whose resource was not refused.
func seedOnce(t *testing.T, batch []rule.Rule) (unreached []rule.Rule, ok bool) {
	seed := batch[0].Seed
	dir := t.TempDir()
	o, err := options(dir, seed.Stack)
	require.NoError(t, err)
	for _, text := range seed.Settings {
		overlay, err := engine.ParseOverlay(text)
		require.NoError(t, err)
		o.Overlays = append(o.Overlays, overlay)
	}
	if len(seed.Exists) > 0 {
		account := map[string]string{"staging": "111122223333", "production": "444455556666"}[seed.Stack]
		pretend, err := cloud.Open(engine.CloudDir(dir))
		require.NoError(t, err)
		require.NoError(t, pretend.Do(func(tx *cloud.Tx) error {
			for _, thing := range seed.Exists {
				if err := tx.Put(ruletest.Object(thing, account)); err != nil {
					return err
				}
			}
			return nil
		}))
		require.NoError(t, pretend.Close())
	}
	faults := map[string]rule.Seed{}
	for _, r := range batch {
		faults[r.Seed.At] = r.Seed
	}
	o.Program = faulty(infra.Stack, faults)
	report, err := engine.Rehearse(context.Background(), o)
	require.NoError(t, err)

	expected := map[string]string{}
	for _, r := range batch {
		expected[r.Seed.Where()+" "+r.ID] = r.ID
	}
	hit := map[string]bool{}
	ok = true
	for _, failure := range report.Stacks[0].Failures {
		urn := resource.URN(failure.URN)
		at := ""
		if failure.URN != "" {
			at = string(urn.Type()) + "::" + urn.Name()
		}
		if id, seeded := expected[at+" "+failure.Rule]; seeded {
			hit[id] = true
			continue
		}
		// What the engine itself says of the run as a whole ("update failed") is no refusal.
		if at == "" && len(hit) > 0 {
			continue
		}
		ok = false
		t.Errorf("refused without a fault of its own: %s %s: %s", at, failure.Rule, failure.Message)
	}
	for _, r := range batch {
		if !hit[r.ID] {
			unreached = append(unreached, r)
		}
	}
	return unreached, ok
}

// faulty is the program with faults in some of its resources, by type::name.
func faulty(program pulumi.RunFunc, faults map[string]rule.Seed) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		var mu sync.Mutex
		err := ctx.RegisterResourceTransform(func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
			seed, faulty := faults[args.Type+"::"+args.Name]
			if !faulty {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			props := maps.Clone(args.Props)
			for _, path := range slices.Sorted(maps.Keys(seed.Set)) {
				value := seed.Set[path]
				if value == nil && !strings.ContainsAny(path, ".[") {
					delete(props, path)
					continue
				}
				change(props, path, func(any) any { return value })
			}
			for path, edit := range seed.Edit {
				change(props, path, func(old any) any {
					text, is := old.(string)
					if !is {
						panic(fmt.Sprintf("%s::%s has no text at %s but %v", args.Type, args.Name, path, old))
					}
					return edit(text)
				})
			}
			return &pulumi.ResourceTransformResult{Props: props, Opts: args.Opts}
		})
		if err != nil {
			return err
		}
		return program(ctx)
	}
}

// change edits the value at a property path ("a.b[0].c"); below the first step, an edit that returns nil removes it.
func change(props pulumi.Map, path string, edit func(any) any) {
	steps := pathSteps(path)
	key := steps[0].(string)
	old, there := props[key]
	if !there {
		props[key] = pulumi.Any(changed(nil, steps[1:], edit))
		return
	}
	props[key] = pulumi.ToOutput(old).ApplyT(func(v any) any { return changed(v, steps[1:], edit) })
}

func pathSteps(path string) []any {
	var steps []any
	for part := range strings.SplitSeq(path, ".") {
		name, rest, _ := strings.Cut(part, "[")
		if name != "" {
			steps = append(steps, name)
		}
		for rest != "" {
			index, more, _ := strings.Cut(rest, "]")
			n, err := strconv.Atoi(index)
			if err != nil {
				panic("a path with the index " + index)
			}
			steps = append(steps, n)
			rest = strings.TrimPrefix(more, "[")
		}
	}
	return steps
}

func changed(v any, steps []any, edit func(any) any) any {
	if len(steps) == 0 {
		return edit(v)
	}
	switch step := steps[0].(type) {
	case int:
		list, _ := v.([]any)
		list = slices.Clone(list)
		for len(list) <= step {
			list = append(list, nil)
		}
		if list[step] = changed(list[step], steps[1:], edit); list[step] == nil {
			list = slices.Delete(list, step, step+1)
		}
		return list
	default:
		at, _ := v.(map[string]any)
		out := map[string]any{}
		maps.Copy(out, at)
		key := steps[0].(string)
		if out[key] = changed(out[key], steps[1:], edit); out[key] == nil {
			delete(out, key)
		}
		return out
	}
}
