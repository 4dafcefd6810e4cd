package cmdutil

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/stretchr/testify/require"
)

// place is a factory of a project with staging, whose stack opens as it is told.
func place(t *testing.T, open func(context.Context) error) *Factory {
	t.Helper()
	opstest.New(t).SignIn(t)
	dir := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.staging.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("name: itrack\nruntime: go\n"), 0o600))
	}
	return &Factory{
		IO: IOStreams{Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}, Ops: opstest.Options(t),
		Project:       func() (string, error) { return dir, nil },
		StackSettings: func(string, string) (ops.Settings, error) { return opstest.Settings("staging"), nil },
		OpenStack:     func(ctx context.Context, _, _ string) (*engine.Stack, error) { return &engine.Stack{}, open(ctx) },
	}
}

// A stack that was never made, or that nobody said where to look for: what to do about it, and that nothing was run.
func TestAStackThatIsNotThere(t *testing.T) {
	ctx := context.Background()
	for cause, why := range map[error]string{engine.ErrNoStack: "no backend that was looked at has it", engine.ErrNotLoggedIn: "pulumi is not logged in"} {
		f := place(t, func(context.Context) error { return cause })
		_, err := f.OpenedStack(ctx, "staging")
		require.Equal(t, ExitUsage, ExitCode(err))
		require.ErrorContains(t, err, why)
		require.ErrorContains(t, err, "`itrack setup-state staging` makes it")
		require.ErrorIs(t, err, cause)
	}
	require.NoError(t, ExplainStack("staging", nil))
	broken := errors.New("broken")
	require.Equal(t, broken, ExplainStack("staging", broken))
}

func TestWorkWithAStackIsBounded(t *testing.T) {
	ctx := context.Background()
	worked := 0
	work := func(ctx context.Context, s *engine.Stack) error {
		worked++
		_, bounded := ctx.Deadline()
		require.True(t, bounded)
		return nil
	}
	f := place(t, func(context.Context) error { return nil })
	require.Equal(t, ExitUsage, ExitCode(f.WithStack(ctx, "staging", 0, work)))
	require.Zero(t, worked)
	require.NoError(t, f.WithStack(ctx, "staging", time.Minute, work))
	require.Equal(t, 1, worked)
	broken := errors.New("broken")
	require.Equal(t, broken, f.WithStack(ctx, "staging", time.Minute, func(context.Context, *engine.Stack) error { return broken }), "in time an error stays what it is")

	// A pulumi command that was ended says that, and not that the time is over.
	killed := errors.New("signal: killed")
	f = place(t, func(ctx context.Context) error {
		<-ctx.Done()
		return killed
	})
	err := f.WithStack(ctx, "staging", 2*time.Second, work)
	require.Equal(t, ExitTimeout, ExitCode(err))
	require.ErrorIs(t, err, killed)
	require.ErrorContains(t, err, "working on the stack of staging: the time is over")
	require.Equal(t, 1, worked)
	refused := ops.Refuse("deploying", "no", "ask")
	over, cancel := context.WithTimeout(ctx, -time.Second)
	defer cancel()
	require.Equal(t, refused, Overdue(over, "deploying", refused), "what it means is said already")
	stopped, stop := context.WithCancel(ctx)
	stop()
	require.Equal(t, ExitCancelled, ExitCode(f.WithStack(stopped, "staging", time.Minute, work)))
}

func TestAQuestionEndsWithTheContext(t *testing.T) {
	silent, writer := io.Pipe()
	defer writer.Close()
	said := &bytes.Buffer{}
	f := &Factory{IO: IOStreams{Err: said, In: silent, InTerminal: true}}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.Equal(t, ExitCancelled, ExitCode(f.Confirm(ctx, false, "Deploying", "staging")))
	require.Contains(t, said.String(), "Type staging to go on: ")
	over, end := context.WithTimeout(context.Background(), time.Millisecond)
	defer end()
	require.Equal(t, ExitTimeout, ExitCode(f.Confirm(over, false, "Deploying", "staging")))
	require.NoError(t, f.Confirm(ctx, true, "Deploying", "staging"))
	f.IO.In = bytes.NewBufferString("staging\n")
	require.NoError(t, f.Confirm(context.Background(), false, "Deploying", "staging"))
}
