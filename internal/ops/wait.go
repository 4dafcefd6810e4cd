package ops

import (
	"context"
	"fmt"
	"time"
)

// Say tells a person what goes on; it must not be given secrets.
type Say func(format string, arguments ...any)

// Wait is a bounded wait that says what it waits for.
type Wait struct {
	For   string        // such as "deployment d-ABC of backend"
	Limit time.Duration // how long at most
	Every time.Duration // between two looks
	Say   Say
	Next  string // what to do when the time is over
}

// quiet is how long a wait says nothing while nothing changes.
const quiet = 30 * time.Second

// Until looks until look says that it is over or fails. It says each new state, and every half minute that it still waits.
// When the time is over the error tells the last state.
func (w Wait) Until(ctx context.Context, look func(context.Context) (done bool, state string, err error)) error {
	start := time.Now()
	said, last := time.Time{}, ""
	for {
		done, state, err := look(ctx)
		if err != nil {
			return err
		}
		now := time.Now()
		if w.Say != nil && (state != last || now.Sub(said) >= quiet) && state != "" {
			w.Say("%s: %s (%s)", w.For, state, now.Sub(start).Round(time.Second))
			said = now
		}
		last = state
		if done {
			return nil
		}
		if now.Sub(start)+w.Every > w.Limit {
			return &Problem{Kind: TimedOut, What: "waiting for " + w.For,
				Why: fmt.Sprintf("after %s it is still: %s", w.Limit, state), Next: w.Next}
		}
		timer := time.NewTimer(w.Every)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("waiting for %s (last: %s): %w", w.For, state, ctx.Err())
		case <-timer.C:
		}
	}
}
