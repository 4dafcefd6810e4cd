package interruption

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// resources are about how many resources a stack has: moments are drawn over all of them.
var resources = map[string]int{"staging": 370, "production": 450}

// A staging stack that is killed again and again on its way: half of the times inside a create, half at any moment. In the long
// campaign the number of kills is what ITRACK_SOAK says, for each stack, and the stacks live on to their end.
func TestKilledDeploymentsAreRepaired(t *testing.T) {
	text := os.Getenv(envSoak)
	if text == "" {
		campaign(newLife(t, "staging", seed(t)), 10)
		return
	}
	kills, err := strconv.Atoi(text)
	require.NoError(t, err, "%s is the number of kills on each stack's way", envSoak)
	drawn := seed(t)
	for _, name := range []string{"staging", "production"} {
		t.Run(name, func(t *testing.T) { wholeLife(newLife(t, name, drawn), kills) })
	}
}

// wholeLife is a stack from its first up to its destroy, with kills in each part of it.
func wholeLife(l *life, kills int) {
	campaign(l, kills)
	l.driftIsExact()
	l.Log("drift: found exactly and put right")
	for i, days := range []string{"30", "60"} {
		l.reopen("itrack:logs.retentionDays=" + days)
		// Most of an update's resources stay the same and are finished early: the kill comes among the last.
		total := l.total()
		killed := l.killedAt(total/2+l.random.IntN(total/2), func(observer engine.Observer) error {
			_, err := l.stack.Up(context.Background(), engine.UpOptions{Observer: observer})
			return err
		})
		l.Logf("change %d: killed %v; %s", i+1, killed, said(l.repair()))
		l.up()
		l.equal()
	}
	if l.name == "production" {
		_, err := l.stack.Destroy(context.Background(), nil)
		require.ErrorContains(l, err, "protected")
		l.equal()
		l.Log("destroy: refused, and nothing is lost")
		return
	}
	for i := range 2 {
		killed := l.killedAt(1+l.random.IntN(l.total()/2), func(observer engine.Observer) error {
			_, err := l.stack.Destroy(context.Background(), observer)
			return err
		})
		report := l.repair()
		l.Logf("destroy %d: killed %v; %s", i+1, killed, said(report))
		for _, d := range report.Planned {
			assert.Truef(l, l.keptByDestroy(d), "what was deleted is not adopted: %v", d)
		}
		l.equal()
	}
	l.destroy()
	l.Log("destroy: gone whole")
}

// total is how many resources the state has.
func (l *life) total() int {
	l.Helper()
	return resources[l.name] - l.left()
}

// campaign deploys with kills on the way, repairs after each, and compares at the end.
func campaign(l *life, kills int) {
	l.Helper()
	begun := time.Now()
	killed, inside, found := 0, 0, 0
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
			killed++
			inside++
			l.unrepaired(held)
			l.Logf("%2d: killed inside create %d: %s %s", i+1, moment, held.URN, held.ID)
		} else {
			done := resources[l.name] - left + moment
			if !l.killedAt(done, func(observer engine.Observer) error {
				_, err := l.stack.Up(context.Background(), engine.UpOptions{Observer: observer})
				return err
			}) {
				l.Logf("%2d: the up ended before it had %d resources", i+1, done)
				continue
			}
			killed++
			l.Logf("%2d: killed at %d resources", i+1, done)
		}
		report := l.repair()
		pending, planned := adopted(report)
		found += pending + planned
		l.Logf("    repaired: %s (%.0f s)", said(report), time.Since(begun).Seconds())
		assert.Empty(l, report.Orphans)
		for _, d := range report.Interrupted {
			assert.NotEqual(l, engine.ActionOpen, d.Action, d.URN)
		}
	}
	l.up()
	l.equal()
	// What is written in place is what a kill leaves empty.
	require.NoError(l, filepath.WalkDir(filepath.Join(l.dir, "state"), func(path string, _ fs.DirEntry, err error) error {
		assert.NotEqual(l, ".attrs", filepath.Ext(path), path)
		return err
	}))
	again, err := l.stack.Up(context.Background(), engine.UpOptions{Refresh: true})
	require.NoError(l, err)
	assert.Empty(l, again.Changes, "a further up changes nothing")
	assert.GreaterOrEqual(l, 2*inside, killed, "half of the kills must be inside a create")
	assert.GreaterOrEqual(l, killed, kills-kills/5, "nearly every moment must have come before the end")
	l.Logf("%d kills, %d of them inside a create, %d creations adopted, state and cloud equal; %.0f s", killed, inside, found, time.Since(begun).Seconds())
}

// unrepaired shows that the kill left something to repair: what was being made exists outside the state, and an up refuses to
// go on and names the command.
func (l *life) unrepaired(held *cloud.Strike) {
	l.Helper()
	assert.Contains(l, strings.Join(l.differences(), "\n"), "made as "+held.URN)
	outcome, err := l.stack.Up(context.Background(), engine.UpOptions{})
	require.ErrorContains(l, err, "itrack state repair "+l.name)
	assert.Empty(l, outcome.Changes)
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
	return max(2, resources[l.name]-made)
}
