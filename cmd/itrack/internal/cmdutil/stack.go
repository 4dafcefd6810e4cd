package cmdutil

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
)

// Stack signs in to AWS for one environment, which refuses the wrong account, and then opens its stack. A stack that was never
// made is not made.
func (f *Factory) Stack(ctx context.Context, name string) (*engine.Stack, error) {
	if _, err := f.Environment(ctx, name); err != nil {
		return nil, err
	}
	return f.OpenedStack(ctx, name)
}

// OpenedStack opens the stack of an environment without signing in to AWS.
func (f *Factory) OpenedStack(ctx context.Context, name string) (*engine.Stack, error) {
	project, err := f.Project()
	if err != nil {
		return nil, err
	}
	stack, err := f.OpenStack(ctx, project, name)
	return stack, ExplainStack(name, err)
}

// ExplainStack says what to do about a stack that was never made, or that nobody said where to look for.
func ExplainStack(name string, err error) error {
	problem := ops.Problem{Kind: ops.Usage, What: "opening the stack of " + name, Err: err}
	switch {
	case errors.Is(err, engine.ErrNoStack):
		problem.Why = "no backend that was looked at has it: it was never made, or pulumi is told to look elsewhere"
		problem.Next = "`itrack setup-state " + name + "` makes it, and says how to log in to its state"
	case errors.Is(err, engine.ErrNotLoggedIn):
		problem.Why = "pulumi is not logged in, and no other place that was looked at has the state"
		problem.Next = "`itrack setup-state " + name + "` makes it; where the state is elsewhere, `pulumi login` to it"
	default:
		return err
	}
	return &problem
}

// WithStack does what Stack does and then works with the stack, all of it within the time that --timeout gives.
func (f *Factory) WithStack(ctx context.Context, name string, timeout time.Duration, work func(context.Context, *engine.Stack) error) error {
	ctx, cancel, err := Within(ctx, timeout)
	if err != nil {
		return err
	}
	defer cancel()
	stack, err := f.Stack(ctx, name)
	if err == nil {
		err = work(ctx, stack)
	}
	return Overdue(ctx, "working on the stack of "+name, err)
}

// Within bounds a command's work by the time that --timeout gives.
func Within(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc, error) {
	if err := CheckTime("--timeout", timeout); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	return ctx, cancel, nil
}

// CheckTime refuses a flag's time that is over before it begins.
func CheckTime(flag string, given time.Duration) error {
	if given > 0 {
		return nil
	}
	return UsageError{Err: fmt.Errorf("%s %s: it takes a time above 0, such as 30m", flag, given)}
}

// Overdue says of an error that the end of the time brought about that the time is over, whatever broke: a pulumi command that
// was ended says something else. A Problem stays what it is, and so does every error in time.
func Overdue(ctx context.Context, what string, err error) error {
	var problem *ops.Problem
	if err == nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.As(err, &problem) {
		return err
	}
	return ops.Explain(what, errors.Join(ctx.Err(), err))
}
