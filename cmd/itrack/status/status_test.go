package status

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdtest"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/watch"
	"github.com/stretchr/testify/require"
)

// safe is a buffer that two may use.
type safe struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (s *safe) Write(p []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.Write(p)
}

func (s *safe) String() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.String()
}

// broken takes nothing, as a closed pipe.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestStatus(t *testing.T) {
	cloud := opstest.New(t)
	opstest.NewDelivery(cloud)
	opstest.NewMaintenance(cloud)
	env := cloud.Open(t, "staging", nil)
	out := opstest.Stack(t, cloud, env)
	once := func(args ...string) (string, error) {
		f, data, _ := cmdtest.Factory(t, out, nil)
		cmd := NewCmdStatus(f, nil)
		cmd.SetArgs(args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(context.Background())
		return data.String(), err
	}
	cloud.Forget()
	text, err := once("staging")
	require.NoError(t, err)
	require.Contains(t, text, "2 desired, 2 running, 0 pending")
	require.Contains(t, text, "no alarm in ALARM")
	text, err = once("staging", "--json")
	require.NoError(t, err)
	var status watch.Status
	require.NoError(t, json.Unmarshal([]byte(text), &status))
	require.Equal(t, "available", status.Database.State)
	require.Empty(t, cloud.Changes())
	cloud.Fail(opstest.Fault{Service: "sqs", Status: 403, Code: "AccessDenied"})
	text, err = once("staging")
	require.Equal(t, cmdutil.ExitIncomplete, cmdutil.ExitCode(err))
	require.ErrorIs(t, err, cmdutil.ErrSilent)
	require.Contains(t, text, "gap queues")
	cloud.Heal()
	cloud.Fail(opstest.Fault{After: 1, Status: 403, Code: "AccessDenied"})
	_, err = once("staging")
	require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(err))
	_, err = once("staging", "--watch")
	require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(err), "the first look has to succeed")
	cloud.Heal()

	watching := func(width int, until func(string) bool, between func()) (string, error) {
		f, _, _ := cmdtest.Factory(t, out, nil)
		data := &safe{}
		f.IO.Out, f.IO.OutWidth = data, width
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		cmd := NewCmdStatus(f, nil)
		cmd.SetArgs([]string{"staging", "--watch"})
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		done := make(chan error, 1)
		go func() { done <- cmd.ExecuteContext(ctx) }()
		require.Eventually(t, func() bool { return strings.Contains(data.String(), "service backend") }, 20e9, 1e6)
		between()
		require.Eventually(t, func() bool { return until(data.String()) }, 20e9, 1e6)
		cancel()
		return data.String(), <-done
	}
	t.Run("lines where there is no terminal", func(t *testing.T) {
		name := out.Releases["backend"].AlarmNames[0]
		text, err := watching(0, func(text string) bool { return strings.Contains(text, "alarm "+name+": over") }, func() {
			opstest.SetAlarm(t, env, name, "ALARM")
			calls := len(cloud.Calls())
			require.Eventually(t, func() bool { return len(cloud.Calls()) > calls+60 }, 20e9, 1e6)
			cloud.Fail(opstest.Fault{Service: "monitoring", Times: 2, Status: 400, Code: "ThrottlingException"})
			opstest.SetAlarm(t, env, name, "OK")
		})
		require.NoError(t, err, "Ctrl-C is how it ends")
		require.Equal(t, 1, strings.Count(text, "service backend: 2 desired"), "what stays is said once")
		require.Equal(t, 1, strings.Count(text, "alarm "+name+": in ALARM in us-east-1 since"))
		require.NotContains(t, text, "\x1b")
	})
	t.Run("the screen anew on a terminal", func(t *testing.T) {
		text, err := watching(100, func(text string) bool { return strings.Count(text, "\x1b[H\x1b[2J") > 2 }, func() {})
		require.NoError(t, err)
		require.Contains(t, text, "Ctrl-C ends this")
	})
	t.Run("nobody reads", func(t *testing.T) {
		for _, width := range []int{0, 100} {
			f, _, _ := cmdtest.Factory(t, out, nil)
			f.IO.Out, f.IO.OutWidth = broken{}, width
			cmd := NewCmdStatus(f, nil)
			cmd.SetArgs([]string{"staging", "--watch"})
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			require.ErrorContains(t, cmd.ExecuteContext(context.Background()), "writing the status: broken pipe")
		}
	})
}

func TestUsage(t *testing.T) {
	cmd := NewCmdStatus(&cmdutil.Factory{}, nil)
	cmd.SetArgs([]string{"staging", "--watch", "--json"})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(cmd.Execute()))
	var got *Options
	cmd = NewCmdStatus(&cmdutil.Factory{}, func(_ context.Context, o *Options) error { got = o; return nil })
	cmd.SetArgs([]string{"staging", "--json"})
	require.NoError(t, cmd.Execute())
	require.Equal(t, &Options{Factory: got.Factory, Environment: "staging", JSON: true}, got)
}
