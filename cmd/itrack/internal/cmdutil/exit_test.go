package cmdutil

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/stretchr/testify/require"
)

func TestExitCodesFollowTheErrors(t *testing.T) {
	problem := func(kind ops.Kind, err error) error { return &ops.Problem{Kind: kind, What: "trying", Err: err} }
	for _, c := range []struct {
		err  error
		code int
	}{
		{nil, ExitOK},
		{errors.New("broken"), ExitFailed},
		{problem(ops.Failed, nil), ExitFailed},
		{UsageError{errors.New("no such flag")}, ExitUsage},
		{fmt.Errorf("reading: %w", engine.ErrSettings), ExitUsage},
		{problem(ops.Usage, nil), ExitUsage},
		{problem(ops.Changed, nil), ExitChanged},
		{fmt.Errorf("deploying: %w", problem(ops.Refused, nil)), ExitRefused},
		{Silent(ops.Incomplete), ExitIncomplete},
		{problem(ops.TimedOut, nil), ExitTimeout},
		{problem(ops.TimedOut, engine.ErrNoPulumi), ExitTimeout}, // the time was over while the command was looked for
		{problem(ops.Failed, context.Canceled), ExitCancelled},
	} {
		require.Equal(t, c.code, ExitCode(c.err), "%v", c.err)
	}
	require.ErrorIs(t, Silent(ops.Changed), ErrSilent)
}
