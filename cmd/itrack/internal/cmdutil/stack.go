package cmdutil

import (
	"context"
	"errors"

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
	stack, err := f.OpenStack(ctx, project, name, true)
	if errors.Is(err, engine.ErrNoStack) {
		return nil, &ops.Problem{Kind: ops.Usage, What: "opening the stack of " + name, Why: "it was never made in this backend", Err: err,
			Next: "`itrack setup-state " + name + "` makes it, and says how to log in to its state"}
	}
	return stack, err
}
