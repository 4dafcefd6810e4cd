package health

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdtest"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/watch"
	"github.com/stretchr/testify/require"
)

func TestHealth(t *testing.T) {
	cloud := opstest.New(t)
	env := cloud.Open(t, "staging", nil)
	var status atomic.Int64
	status.Store(http.StatusOK)
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }))
	defer site.Close()
	// No service: this is about the command. What is looked at is the package watch's.
	out := ops.Outputs{Environment: "staging", Region: env.Region, Cluster: "itrack-ecs-cluster-staging", SiteURL: site.URL}
	run := func(args ...string) (string, string, error) {
		f, data, complaints := cmdtest.Factory(t, out, nil)
		cmd := NewCmdHealth(f, nil)
		cmd.SetArgs(args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(context.Background())
		return data.String(), complaints.String(), err
	}
	text, _, err := run("staging")
	require.NoError(t, err)
	require.Regexp(t, `^ok  site   http://\S+  +\d+ ms +200 OK\nok  alarm  us-east-1 +\d+ ms +no alarm is in ALARM\nok  alarm  us-west-2 +\d+ ms +no alarm is in ALARM\n\nstaging is healthy\n$`, text)
	status.Store(http.StatusBadGateway)
	text, _, err = run("staging")
	require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(err))
	require.Contains(t, text, "FAILING  site")
	require.Contains(t, text, "staging is not healthy: 1 of 3 checks")
	text, _, err = run("staging", "--json")
	require.ErrorIs(t, err, cmdutil.ErrSilent)
	var report watch.Report
	require.NoError(t, json.Unmarshal([]byte(text), &report))
	require.False(t, report.Healthy)
	require.Equal(t, []string{"site " + site.URL + ": 502 Bad Gateway"}, report.Problems())
	text, said, err := run("staging", "--wait", "20ms", "--json")
	require.Equal(t, cmdutil.ExitTimeout, cmdutil.ExitCode(err))
	require.NoError(t, json.Unmarshal([]byte(text), &report), "one document")
	require.Contains(t, said, "the health of staging: site "+site.URL+": 502 Bad Gateway")
	time.AfterFunc(30*time.Millisecond, func() { status.Store(http.StatusOK) })
	_, said, err = run("staging", "--wait", "1m")
	require.NoError(t, err)
	require.Contains(t, said, "the health of staging: healthy")
	cloud.Fail(opstest.Fault{Service: "monitoring", Status: 403, Code: "AccessDenied"})
	text, _, err = run("staging")
	require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(err))
	require.Contains(t, text, "UNKNOWN  alarm  us-east-1")
}

func TestTheWrongAccountAndUsage(t *testing.T) {
	cloud := opstest.New(t)
	cloud.SignIn(t)
	f, _, _ := cmdtest.Factory(t, ops.Outputs{}, func(s *ops.Settings) { s.AllowedAccounts = []string{"999999999999"} })
	for _, args := range [][]string{{"staging"}, {"nowhere"}, {"staging", "--wait", "-1s"}} {
		cmd := NewCmdHealth(f, nil)
		cmd.SetArgs(args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(cmd.ExecuteContext(context.Background())), args)
	}
	var got *Options
	cmd := NewCmdHealth(&cmdutil.Factory{}, func(_ context.Context, o *Options) error { got = o; return nil })
	cmd.SetArgs([]string{"staging", "--wait", "5m", "--json"})
	require.NoError(t, cmd.Execute())
	require.Equal(t, &Options{Factory: got.Factory, Environment: "staging", Wait: 5 * time.Minute, JSON: true}, got)
}
