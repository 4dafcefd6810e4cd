// Package health asks the dependencies whether they answer.
package health

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/itrack/itrack/app/backend/internal/telemetry"
)

// Probe asks one dependency.
type Probe struct {
	Name string
	Ask  func(ctx context.Context) error
}

// States of the service and of a dependency.
const (
	OK       = "ok"
	Failing  = "failing"
	Draining = "draining"
)

// Check is what was found at one dependency.
type Check struct {
	Name string `json:"name"`
	// State: ok or failing.
	State string `json:"state"`
	// LatencyMillis is how long the answer took, or how long was waited.
	LatencyMillis float64 `json:"latencyMillis"`
	// Reason: why it is failing, in words that tell nothing about the inside.
	Reason string `json:"reason,omitempty"`
}

// Report is the service's health.
type Report struct {
	// State: ok, failing with one dependency, or draining before the end.
	State   string    `json:"state"`
	Checked time.Time `json:"checkedAt"`
	Checks  []Check   `json:"checks"`
}

// Checker asks all probes at once, at most once in Fresh: many who ask for the health cost the dependencies one question.
type Checker struct {
	Probes []Probe
	// Timeout bounds the answer of the slowest; balancers wait for 5 seconds.
	Timeout time.Duration
	Fresh   time.Duration
	Log     *slog.Logger
	Metrics *telemetry.Metrics

	draining atomic.Bool
	mutex    sync.Mutex
	latest   atomic.Pointer[answer]
}

type answer struct {
	report Report
	body   []byte
	at     time.Time
}

// Drain makes every answer from now on say that this task is going: before it refuses requests, nobody sends new ones.
func (c *Checker) Drain() { c.draining.Store(true) }

// Draining says whether Drain was called.
func (c *Checker) Draining() bool { return c.draining.Load() }

// Body is the report as JSON, and whether the service is well.
func (c *Checker) Body() (body []byte, well bool) {
	found := c.current()
	if c.Draining() {
		report := found.report
		report.State = Draining
		return encode(report), false
	}
	return found.body, found.report.State == OK
}

func (c *Checker) current() *answer {
	if latest := c.latest.Load(); latest != nil && time.Since(latest.at) < c.Fresh {
		return latest
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if latest := c.latest.Load(); latest != nil && time.Since(latest.at) < c.Fresh {
		return latest // somebody else asked while this one waited
	}
	// Not the context of who asks: one who goes away must not make the dependencies look broken to the others.
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	report := Report{State: OK, Checked: time.Now().UTC().Truncate(time.Millisecond), Checks: make([]Check, len(c.Probes))}
	var wait sync.WaitGroup
	for i, probe := range c.Probes {
		wait.Go(func() { report.Checks[i] = c.ask(ctx, probe) })
	}
	wait.Wait()
	for _, check := range report.Checks {
		if check.State != OK {
			report.State = Failing
		}
	}
	made := &answer{report: report, body: encode(report), at: time.Now()}
	c.latest.Store(made)
	return made
}

// ask waits for the probe, or until the time is over: a probe that does not mind its context holds nobody up.
func (c *Checker) ask(ctx context.Context, probe Probe) Check {
	started := time.Now()
	done := make(chan error, 1)
	go func() { done <- probe.Ask(ctx) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	check := Check{Name: probe.Name, State: OK, LatencyMillis: float64(time.Since(started).Microseconds()) / 1000}
	if err == nil {
		return check
	}
	check.State, check.Reason = Failing, "it answers with an error"
	if ctx.Err() != nil {
		check.Reason = "no answer in time"
	}
	c.Log.Error("a dependency is failing", "dependency", probe.Name, "reason", check.Reason, "error", err)
	c.Metrics.Add(telemetry.Outages, "Dependency", probe.Name, 1)
	return check
}

func encode(report Report) []byte {
	body, err := json.Marshal(report)
	if err != nil { // strings, numbers and a time can be written
		panic(err)
	}
	return body
}
