package db

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdtest"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	opstest.ServeStandIn()
	os.Exit(m.Run())
}

func port(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// listener does something as soon as a text is written.
type listener struct {
	to   *bytes.Buffer
	when string
	do   func()
}

func (l *listener) Write(p []byte) (int, error) {
	if strings.Contains(string(p), l.when) {
		l.do()
	}
	return l.to.Write(p)
}

func TestConnectDB(t *testing.T) {
	cloud := opstest.New(t)
	sessions := opstest.NewSessions(cloud)
	env := cloud.Open(t, "staging", nil)
	out := ops.Outputs{Environment: "staging", Region: env.Region, Cluster: "c", DatabaseAddress: "itrack.abc.us-east-1.rds.amazonaws.com", DatabasePort: 3306, DatabaseName: "itrack", BastionGroup: env.Name("bastion")}
	instance := opstest.Bastion(t, env, out.BastionGroup)
	sessions.Agent(opstest.Account, env.Region, instance, func() string { return "Online" })
	database := opstest.NewGreeter(t, out.DatabaseAddress, opstest.Greeting(0x0a, 0x8aff))
	secret, err := env.Primary().Secrets().CreateSecret(context.Background(), &secretsmanager.CreateSecretInput{Name: aws.String("rds!db-1"), SecretString: aws.String(`{"username":"itrackadmin","password":"canary-value"}`)})
	require.NoError(t, err)
	out.DatabaseMasterSecretArn = *secret.ARN
	standIns := opstest.NewStandIns(t, "session-manager-plugin", "mysql")
	ctrlC := func() {}
	run := func(ctx context.Context, args ...string) (string, string, error) {
		f, data, complaints := cmdtest.Factory(t, out, nil)
		f.IO.In = strings.NewReader("SELECT 1")
		f.IO.Err = &listener{to: complaints, when: "open until Ctrl-C", do: func() { ctrlC() }}
		cmd := NewCmdDB(f, nil)
		cmd.SetArgs(append([]string{"staging", "--ca", database.File}, args...))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(ctx)
		for _, secret := range append(sessions.Tokens(), "canary-value", "X-Amz-Signature") {
			require.NotContains(t, data.String()+complaints.String()+fmt.Sprint(err), secret)
		}
		require.Empty(t, sessions.Active(), "the session is ended")
		return data.String(), complaints.String(), err
	}
	ctx := context.Background()
	local := port(t)
	t.Run("mysql", func(t *testing.T) {
		cloud.Forget()
		for range 2 {
			text, said, err := run(ctx, "--port", fmt.Sprint(local))
			require.NoError(t, err)
			require.Equal(t, "answer to SELECT 1", text)
			require.Contains(t, said, "staging: the database "+out.DatabaseAddress+" as itrack_readonly, through "+instance)
			require.False(t, opstest.Alive(standIns.Get(t, "plugin").PID))
			require.Contains(t, standIns.Get(t, "client").Arguments, fmt.Sprintf("--port=%d", local))
		}
		require.Equal(t, []string{"ssm StartSession", "ssm TerminateSession", "ssm StartSession", "ssm TerminateSession"}, cloud.Changes())
	})
	t.Run("the administrator", func(t *testing.T) {
		_, said, err := run(ctx, "--admin")
		require.NoError(t, err)
		require.Contains(t, said, "this is the administrator: what is typed here changes staging")
		require.Contains(t, standIns.Get(t, "client").Arguments, "--user=itrackadmin")
		require.Contains(t, standIns.Get(t, "client").Input, "canary-value")
	})
	t.Run("mysql fails", func(t *testing.T) {
		t.Setenv(opstest.ClientDoes, "fails")
		_, said, err := run(ctx)
		require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(err))
		require.Contains(t, said, "ERROR 1045")
	})
	t.Run("print", func(t *testing.T) {
		before := sessions.All()
		text, _, err := run(ctx, "--print", "--port", fmt.Sprint(local))
		require.NoError(t, err)
		require.Contains(t, text, "aws ssm start-session --target "+instance)
		require.Contains(t, text, "generate-db-auth-token --hostname "+out.DatabaseAddress)
		text, _, err = run(ctx, "--print", "--json", "--admin", "--port", fmt.Sprint(local))
		require.NoError(t, err)
		var found document
		require.NoError(t, json.Unmarshal([]byte(text), &found))
		require.Equal(t, document{Environment: "staging", Instance: instance, Host: "127.0.0.1", Port: local, Database: "itrack", User: "itrackadmin", Commands: found.Commands}, found)
		require.Len(t, found.Commands, 2)
		require.Equal(t, before, sessions.All())
	})
	for name, prepare := range map[string]func(t *testing.T) []string{
		"a tunnel alone": func(*testing.T) []string { return []string{"--tunnel"} },
		"no mysql here":  func(t *testing.T) []string { standIns = opstest.NewStandIns(t, "session-manager-plugin"); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			keep := standIns
			defer func() { standIns = keep }()
			args := prepare(t)
			cancelled, cancel := context.WithCancel(ctx)
			defer cancel()
			ctrlC = cancel
			text, said, err := run(cancelled, append(args, "--port", fmt.Sprint(local))...)
			require.NoError(t, err, "Ctrl-C is how it ends")
			require.Contains(t, text, fmt.Sprintf("host 127.0.0.1\nport %d\ndatabase itrack\nuser itrack_readonly\n", local))
			require.Contains(t, said, "closing the session")
			require.Equal(t, len(args) == 0, strings.Contains(said, "there is no mysql or mariadb command here"))
		})
	}
	t.Run("no bastion, no authorities, no plugin", func(t *testing.T) {
		keep := out
		defer func() { out = keep }()
		_, _, err := run(ctx, "--ca", filepath.Join(t.TempDir(), "gone.pem"))
		require.ErrorContains(t, err, "reading the database's certificate authorities")
		require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
		t.Setenv("PATH", t.TempDir())
		_, _, err = run(ctx)
		require.ErrorContains(t, err, "there is no command session-manager-plugin")
		out.BastionGroup = ""
		_, _, err = run(ctx)
		require.ErrorContains(t, err, "set itrack:bastion in Pulumi.staging.yaml")
		require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
	})
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"--admin", "--user", "a"}, {"--admin", "--ask-password"}, {"--json"}, {"--port", "70000"}, {"--timeout", "0s"}, {"--user", ""}, {"--user", "--execute=x"}} {
		cmd := NewCmdDB(&cmdutil.Factory{}, nil)
		cmd.SetArgs(append([]string{"staging"}, args...))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(cmd.Execute()), args)
	}
	var got *Options
	cmd := NewCmdDB(&cmdutil.Factory{}, func(_ context.Context, o *Options) error { got = o; return nil })
	cmd.SetArgs([]string{"staging", "--port", "13306", "--user", "ann", "--ask-password", "--tunnel", "--json", "--timeout", "1m"})
	require.NoError(t, cmd.Execute())
	require.Equal(t, &Options{Factory: got.Factory, Environment: "staging", Port: 13306, User: "ann", AskPassword: true, Tunnel: true, JSON: true, Timeout: time.Minute}, got)
}
