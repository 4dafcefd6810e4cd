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

// Held is who holds a stack, and what an interrupted run left in its state.
type Held struct {
	Environment string           `json:"environment"`
	Locks       []engine.Lock    `json:"locks"`
	Pending     []engine.Problem `json:"pending"`
}

// Look tells who holds a stack and what is pending; nothing is changed.
func Look(ctx context.Context, s *engine.Stack) (Held, error) {
	held := Held{Environment: s.Name, Locks: []engine.Lock{}, Pending: []engine.Problem{}}
	locks, err := s.Locks(ctx)
	if errors.Is(err, engine.ErrHiddenLocks) {
		return held, &ops.Problem{Kind: ops.Usage, What: "reading the locks of " + s.Name, Why: err.Error(), Err: err,
			Next: "`pulumi cancel -s " + s.Name + "`, then `itrack state repair " + s.Name + "`"}
	}
	if err != nil {
		return held, ops.Explain("reading the locks of "+s.Name, err)
	}
	held.Locks = append(held.Locks, locks...)
	pending, err := s.Pending(ctx)
	if err != nil {
		return held, ops.Explain("reading the state of "+s.Name, err)
	}
	held.Pending = append(held.Pending, pending...)
	return held, nil
}

// Releasable refuses when a holder runs on this host; else it gives the ids of the locks that a repair needs to be told,
// those of other hosts. A lock of a process that was not seen here is none of them, so that a repair does not release it.
func (h Held) Releasable() ([]string, error) {
	var ids []string
	for _, lock := range h.Locks {
		switch lock.Holder {
		case engine.HolderAlive:
			return nil, heldError(h.Environment, "unlocking "+h.Environment, h.Locks)
		case engine.HolderElsewhere:
			ids = append(ids, lock.ID)
		}
	}
	return ids, nil
}

// Action words what will be done, for the question.
func (h Held) Action() string {
	var parts []string
	if len(h.Locks) > 0 {
		var who []string
		for _, lock := range h.Locks {
			who = append(who, Holder(lock, time.Now()))
		}
		parts = append(parts, "releasing the lock of "+strings.Join(who, ", and of "))
	}
	if len(h.Pending) > 0 {
		parts = append(parts, fmt.Sprintf("looking in AWS for %d resources that were being made", len(h.Pending)))
	}
	return strings.Join(append(parts, "reading the state of "+h.Environment+" anew"), ", ")
}
