package health

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func checker(fresh time.Duration, probes ...Probe) (*Checker, *bytes.Buffer) {
	var out bytes.Buffer
	return &Checker{Probes: probes, Timeout: 100 * time.Millisecond, Fresh: fresh, Log: slog.New(slog.NewJSONHandler(&out, nil))}, &out
}

func report(t *testing.T, c *Checker) (Report, bool) {
	body, well := c.Body()
	var r Report
	require.NoError(t, json.Unmarshal(body, &r))
	return r, well
}

func TestHealth(t *testing.T) {
	good := Probe{"good", func(context.Context) error { return nil }}
	bad := Probe{"bad", func(context.Context) error { return errors.New("password=x refused") }}
	deaf := Probe{"deaf", func(context.Context) error { select {} }} // minds no context
	c, out := checker(0, good, bad, deaf)
	started := time.Now()
	r, well := report(t, c)
	assert.Less(t, time.Since(started), 2*time.Second, "bounded, whatever a probe does")
	assert.False(t, well)
	assert.Equal(t, Failing, r.State)
	require.Len(t, r.Checks, 3)
	assert.Equal(t, OK, r.Checks[0].State)
	assert.Equal(t, "it answers with an error", r.Checks[1].Reason)
	assert.Equal(t, "no answer in time", r.Checks[2].Reason)
	assert.Greater(t, r.Checks[2].LatencyMillis, 50.0)
	assert.Contains(t, out.String(), "refused")

	c, _ = checker(0, good)
	r, well = report(t, c)
	assert.True(t, well)
	assert.Equal(t, OK, r.State)
	c.Drain()
	r, well = report(t, c)
	assert.False(t, well)
	assert.Equal(t, Draining, r.State)
}

// A thousand questions at once are one question to the dependency.
func TestQuestionsAreShared(t *testing.T) {
	var asked atomic.Int64
	c, _ := checker(time.Minute, Probe{"slow", func(context.Context) error { asked.Add(1); time.Sleep(20 * time.Millisecond); return nil }})
	var wait sync.WaitGroup
	for range 1000 {
		wait.Go(func() { _, well := c.Body(); assert.True(t, well) })
	}
	wait.Wait()
	assert.Equal(t, int64(1), asked.Load())
}
