// Package ruletest runs the cases of rules and checks that each rule is whole.
package ruletest

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	account = "111122223333"
	region  = "us-east-1"
)

var (
	idPattern   = regexp.MustCompile(`^[a-z]+(-[a-z0-9]+)+$`)
	codePattern = regexp.MustCompile(`^[A-Z][A-Za-z0-9.]+$`)
	atPattern   = regexp.MustCompile(`^aws:[a-z0-9]+/[A-Za-z0-9]+:[A-Za-z0-9]+::[A-Za-z0-9_.-]+$`)
)

// Run checks rules of one area: each says what it must say, its passing case passes, its failing case does not, and one
// that is foreseen says nothing while values are unknown.
func Run(t *testing.T, area rule.Area, rules []rule.Rule) {
	t.Helper()
	seen := map[string]bool{}
	for i := range rules {
		r := &rules[i]
		t.Run(r.ID, func(t *testing.T) {
			assert.False(t, seen[r.ID], "the id is used twice")
			seen[r.ID] = true
			whole(t, area, r)
			assert.Nil(t, apply(t, r, r.Pass), "the passing case")
			refusal := apply(t, r, r.Fail)
			require.NotNil(t, refusal, "the failing case passes")
			assert.Equal(t, r.ID, refusal.Rule)
			assert.NotEmpty(t, refusal.Property, "the refusal names no property")
			assert.Contains(t, refusal.Error(), r.Fix)
			if r.Foreseen {
				foreseen(t, r)
			}
		})
	}
}

func whole(t *testing.T, area rule.Area, r *rule.Rule) {
	assert.Regexp(t, idPattern, r.ID)
	assert.Equal(t, area, r.Area(), "the id begins with its area")
	assert.Regexp(t, codePattern, r.Code, "AWS's error code")
	assert.True(t, strings.HasPrefix(r.Page, "https://docs.aws.amazon.com/"), "the page is %q", r.Page)
	for what, sentence := range map[string]string{"Says": r.Says, "Fix": r.Fix} {
		assert.Regexp(t, `^[A-Z].{14,}\.$`, sentence, what)
	}
	assert.NotEmpty(t, r.Types)
	assert.Contains(t, []string{"staging", "production"}, r.Seed.Stack, "the stack of the seed")
	assert.Regexp(t, atPattern, r.Seed.Where(), "where the seed is refused")
	assert.True(t, len(r.Seed.Set)+len(r.Seed.Edit)+len(r.Seed.Exists)+len(r.Seed.Settings) > 0, "the seed changes nothing")
}

// apply runs a case in a cloud of its own.
func apply(t *testing.T, r *rule.Rule, c rule.Case) *catalog.Error {
	t.Helper()
	pretend, err := cloud.Open(t.TempDir())
	require.NoError(t, err)
	defer func() { assert.NoError(t, pretend.Close()) }()
	var refusal *catalog.Error
	require.NoError(t, pretend.Do(func(tx *cloud.Tx) error {
		for _, thing := range c.World {
			if err := tx.Put(Object(thing, account)); err != nil {
				return err
			}
		}
		call := newCall(r, c)
		call.Tx = tx
		refusal = r.Apply(call)
		return nil
	}))
	return refusal
}

func newCall(r *rule.Rule, c rule.Case) *catalog.Call {
	token := c.Type
	if token == "" {
		token = r.Types[0]
	}
	call := &catalog.Call{Type: &catalog.Type{Token: token}, Account: account, Region: region, Partition: "aws",
		URN: "urn:pulumi:test::itrack::" + token + "::case", Logical: "case",
		Inputs: rule.Props(c.Inputs), State: rule.Props(c.Inputs), Now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	if c.Region != "" {
		call.Region = c.Region
	}
	if c.Old != nil {
		call.Old = &cloud.Object{Type: token, Account: account, Region: call.Region, State: rule.Props(c.Old), Inputs: rule.Props(c.Old)}
	}
	return call
}

// foreseen runs the failing case without a cloud, as it is and with every value unknown.
func foreseen(t *testing.T, r *rule.Rule) {
	assert.Nil(t, r.Fail.World, "a foreseen rule needs nothing but the inputs")
	assert.NotNil(t, r.Apply(newCall(r, r.Fail)), "the failing case in a preview")
	unknown := newCall(r, r.Fail)
	for key := range unknown.Inputs {
		unknown.Inputs[key] = resource.MakeComputed(resource.NewStringProperty(""))
	}
	unknown.State = unknown.Inputs
	assert.Nil(t, r.Apply(unknown), "nothing is known yet, so nothing is wrong")
}

// Object is a thing as the pretend cloud holds it.
func Object(thing rule.Thing, account string) *cloud.Object {
	state := rule.Props(thing.State)
	o := &cloud.Object{Account: account, Region: thing.Region, Type: thing.Type, ID: thing.ID, ARN: thing.ARN, Name: thing.Name,
		State: state, Inputs: state}
	if o.Region == "" {
		o.Region = region
	}
	if o.ARN == "" {
		o.ARN = catalog.Str(state, "arn")
	}
	if o.Name == "" {
		o.Name = catalog.Str(state, "name")
	}
	if o.ID == "" {
		o.ID = o.Name
	}
	return o
}
