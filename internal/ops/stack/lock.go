package stack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
)

// Free refuses when somebody holds the stack, and says who and since when. A backend that does not show its locks is left to
// the engine, which asks for the lock itself.
func Free(ctx context.Context, s *engine.Stack, what string) error {
	locks, err := s.Locks(ctx)
	if errors.Is(err, engine.ErrHiddenLocks) {
		return nil
	}
	if err != nil {
		return ops.Explain("reading the locks of "+s.Name, err)
	}
	if len(locks) == 0 {
		return nil
	}
	return heldError(s.Name, what, locks)
}

// takenBefore is the refusal of an operation for whose lock somebody else was quicker.
func takenBefore(ctx context.Context, s *engine.Stack, what string) error {
	if held := Free(ctx, s, what); held != nil {
		return held
	}
	return ops.Refuse(what, "somebody else took the stack's lock just before and is over now", "run it again")
}

func heldError(environment, what string, locks []engine.Lock) error {
	var holders []string
	living := false
	for _, lock := range locks {
		holders = append(holders, Holder(lock, time.Now()))
		living = living || lock.Holder == engine.HolderAlive
	}
	next := "`itrack state unlock " + environment + "` releases it once its holder is known to be gone, and puts the state right"
	if living {
		next = "wait until it is over, or end that process with one Ctrl-C and give it a minute"
	}
	return ops.Refuse(what, "the stack is locked by "+strings.Join(holders, ", and by "), next)
}

// Holder says who holds a lock, and since when.
func Holder(lock engine.Lock, now time.Time) string {
	state := map[engine.Holder]string{
		engine.HolderAlive:     "it is running",
		engine.HolderDead:      "it is gone",
		engine.HolderElsewhere: "on another host, so that nothing is known about it here",
	}[lock.Holder]
	return fmt.Sprintf("%s on %s (process %d, since %s, %s; lock %s): %s", lock.User, lock.Host, lock.PID,
		lock.Time.UTC().Format("2006-01-02 15:04:05 MST"), ago(now.Sub(lock.Time)), lock.ID, state)
}

func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}

// Sound refuses while creations of an earlier run are pending in the state.
func Sound(ctx context.Context, s *engine.Stack, what string) error {
	pending, err := s.Pending(ctx)
	if err != nil {
		return ops.Explain("reading the state of "+s.Name, err)
	}
	if len(pending) == 0 {
		return nil
	}
	var names []string
	for _, p := range pending {
		names = append(names, kind(p.Type)+" "+p.URN[strings.LastIndex(p.URN, "::")+2:])
	}
	return ops.Refuse(what, "an earlier run was interrupted while it made "+strings.Join(names, ", ")+": each may exist without being in the state", pending[0].Next)
}
