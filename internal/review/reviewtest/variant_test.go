package reviewtest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/reviewtest"
	"github.com/itrack/itrack/internal/review/stacktest"
)

const (
	queue = "aws:sqs/queue:Queue"
	first = queue + "::first"
)

// lists are two controls on queues: one wants a key, the other a key and a short wait.
func lists() []review.Control {
	keyed := func(_ *review.Model, r *review.Resource) review.Answer {
		return review.When(r.Str("kmsMasterKeyId") != "", r, "keyed", "no key", "set a key")
	}
	short := func(_ *review.Model, r *review.Resource) review.Answer {
		return review.When(r.Str("kmsMasterKeyId") != "" && r.Num("wait") < 10, r, "short", "long", "shorten it")
	}
	return []review.Control{{ID: "Key", Check: review.Each(queue, keyed)}, {ID: "Wait", Check: review.Each(queue, short)}, {ID: "Elsewhere", Decide: "aws"}}
}

// A judgement is only worth something when it can be bad: each case but the first two is a mistake of a variant or a control.
func TestJudge(t *testing.T) {
	t.Parallel()
	queueOf := func(name string, wait int) stacktest.R {
		return stacktest.R{Type: queue, Name: name, Props: stacktest.P{"name": name, "kmsMasterKeyId": "key", "wait": wait, "tags": stacktest.P{"A": "b"}}}
	}
	stack, err := reviewtest.NewStack(stacktest.Export(t, "test", queueOf("first", 1), queueOf("second", 60)), lists())
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"Key": 2, "Wait": 2}, stack.Answers)
	assert.Len(t, stack.Faults, 1)
	slow := func(e *reviewtest.Export) { e.Set(first, "wait", 60) }
	open := func(e *reviewtest.Export) { e.Unset(first, "kmsMasterKeyId") }
	for name, c := range map[string]struct {
		variant reviewtest.Variant
		want    string
	}{
		"seen": {reviewtest.Variant{Control: "Wait", Wants: first, Edit: slow}, ""},
		"seen after a mend": {reviewtest.Variant{Control: "Wait", Wants: queue + "::second",
			Mend: func(e *reviewtest.Export) { e.Set(queue+"::second", "wait", 1) }, Edit: func(e *reviewtest.Export) { e.Set(queue+"::second", "wait", 11) }}, ""},
		"failed already":       {reviewtest.Variant{Control: "Wait", Wants: queue + "::second", Edit: slow}, "fails already"},
		"not seen":             {reviewtest.Variant{Control: "Key", Wants: first, Edit: slow}, "is not seen"},
		"seen by another too":  {reviewtest.Variant{Control: "Key", Wants: first, Edit: open}, "is seen too"},
		"seen by a listed one": {reviewtest.Variant{Control: "Key", Wants: first, Also: []string{"Wait"}, Edit: open}, ""},
		"listed for nothing":   {reviewtest.Variant{Control: "Wait", Wants: first, Also: []string{"Key"}, Edit: slow}, "listed in Also and not seen"},
		"nothing changed": {reviewtest.Variant{Control: "Wait", Wants: first, Edit: func(e *reviewtest.Export) { e.Unset(first, "nothing") }},
			"changes nothing"},
		"no such resource": {reviewtest.Variant{Control: "Wait", Wants: first, Edit: func(e *reviewtest.Export) { e.Remove(queue + "::third") }},
			"no such resource"},
		"no such element": {reviewtest.Variant{Control: "Wait", Wants: first,
			Edit: func(e *reviewtest.Export) {
				e.Set(first, "tags.0.x.0", 1)
				e.Set(first, "list.5", 1)
				e.Text(first, "none")
			}}, "has no none"},
		"a replacement of words": {reviewtest.Variant{Control: "Wait", Wants: first, Edit: func(e *reviewtest.Export) { e.Replace(first, "name", "third", "x") }},
			"does not have"},
	} {
		err := c.variant.Judge(stack)
		if c.want == "" {
			assert.NoError(t, err, name)
		} else {
			assert.ErrorContains(t, err, c.want, name)
		}
	}
}
