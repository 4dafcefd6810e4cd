package interruption

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/engine"
)

// resources is about how many resources staging consists of: moments are drawn over all of them.
const resources = 370

// A staging stack that is killed again and again on its way: half of the times inside a create, half at any moment.
func TestKilledDeploymentsAreRepaired(t *testing.T) {
	l := newLife(t, "staging", seed(t))
	campaign(l, 10)
}

// campaign deploys with kills on the way, repairs after each, and compares at the end.
func campaign(l *life, kills int) {
	l.Helper()
	begun := time.Now()
	inside := 0
	for i := range kills {
		// What is left, shared among the kills that are left: the moments spread over the whole run.
		left := l.left()
		moment := 1 + l.random.IntN(max(1, 2*left/(kills-i+1)))
		if i%2 == 0 {
			held := l.killedInCreate(moment)
			if held == nil {
				l.Logf("%2d: the up ended before create %d", i+1, moment)
				continue
			}
			inside++
			l.Logf("%2d: killed inside create %d: %s %s", i+1, moment, held.URN, held.ID)
		} else {
			done := resources - left + moment
			killed := l.killedAt(done, func(observer engine.Observer) error {
				_, err := l.stack.Up(context.Background(), engine.UpOptions{Observer: observer})
				return err
			})
			l.Logf("%2d: killed at %d resources: %v", i+1, done, killed)
		}
		report := l.repair()
		l.Logf("    repaired: %s (%.0f s)", said(report), time.Since(begun).Seconds())
		assert.Empty(l, report.Orphans)
		for _, d := range report.Interrupted {
			assert.NotEqual(l, engine.ActionOpen, d.Action, d.URN)
		}
	}
	l.up()
	l.equal()
	again, err := l.stack.Up(context.Background(), engine.UpOptions{Refresh: true})
	require.NoError(l, err)
	assert.Empty(l, again.Changes, "a further up changes nothing")
	assert.GreaterOrEqual(l, inside, kills/2, "half of the kills must be inside a create")
}

// left is about how many resources are still to be made.
func (l *life) left() int {
	l.Helper()
	state, err := l.stack.Export(context.Background())
	require.NoError(l, err)
	made := 0
	for _, r := range state.Resources {
		if r.Custom {
			made++
		}
	}
	return max(2, resources-made)
}
