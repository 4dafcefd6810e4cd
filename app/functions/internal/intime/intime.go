// Package intime keeps some of a function's time for what it has to tell at its end.
package intime

import (
	"context"
	"time"
)

// Before is a context that ends a reserve before ctx does; of a short time a quarter is kept. Without a deadline it is ctx's own.
func Before(ctx context.Context, reserve time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-min(reserve, time.Until(deadline)/4)))
}
