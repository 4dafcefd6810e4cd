package connect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/connect"
	"github.com/itrack/itrack/internal/ops/opstest"
)

func TestBastion(t *testing.T) {
	p, ctx := newPlace(t, "staging"), context.Background()
	found, err := connect.Bastion(ctx, p.env, p.out, time.Minute)
	require.NoError(t, err)
	require.Equal(t, p.instance, found)
	t.Run("it starts", func(t *testing.T) {
		p.ping.Store("")
		asked := len(p.cloud.Calls())
		go func() {
			for len(p.cloud.Calls()) < asked+6 {
				time.Sleep(time.Millisecond)
			}
			p.ping.Store("Online")
		}()
		found, err := connect.Bastion(ctx, p.env, p.out, time.Minute)
		require.NoError(t, err)
		require.Equal(t, p.instance, found)
	})
	t.Run("it does not come up", func(t *testing.T) {
		for ping, want := range map[string]string{"": p.instance + " runs, its agent has not reported yet", "ConnectionLost": "the agent of " + p.instance + ": ConnectionLost"} {
			p.ping.Store(ping)
			_, err := connect.Bastion(ctx, p.env, p.out, 10*time.Millisecond)
			require.Equal(t, ops.TimedOut, ops.KindOf(err))
			require.ErrorContains(t, err, "it is still: "+want)
			require.ErrorContains(t, err, "describe-scaling-activities --auto-scaling-group-name itrack-bastion-staging")
		}
		p.ping.Store("Online")
	})
	t.Run("errors of AWS", func(t *testing.T) {
		defer p.cloud.Heal()
		p.cloud.Fail(opstest.Fault{Service: "autoscaling", Times: 2, Status: 400, Code: "Throttling"})
		p.cloud.Fail(opstest.Fault{Service: "ssm", Times: 1, Lost: true})
		_, err := connect.Bastion(ctx, p.env, p.out, time.Minute)
		require.NoError(t, err)
		p.cloud.Fail(opstest.Fault{Service: "ssm", Status: 403, Code: "AccessDeniedException"})
		_, err = connect.Bastion(ctx, p.env, p.out, time.Minute)
		require.ErrorContains(t, err, "asking Systems Manager for the bastion's agent: AccessDeniedException")
		p.cloud.Fail(opstest.Fault{Service: "autoscaling", Status: 500, Code: "InternalFailure"})
		_, err = connect.Bastion(ctx, p.env, p.out, time.Minute)
		require.ErrorContains(t, err, "AWS had an internal error")
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		_, err = connect.Bastion(cancelled, p.env, p.out, time.Minute)
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("there is none", func(t *testing.T) {
		out := p.out
		out.BastionGroup = ""
		_, err := connect.Bastion(ctx, p.env, out, time.Minute)
		require.Equal(t, ops.Usage, ops.KindOf(err))
		require.ErrorContains(t, err, "set itrack:bastion in Pulumi.staging.yaml")
		out.BastionGroup = "itrack-gone"
		_, err = connect.Bastion(ctx, p.env, out, time.Minute)
		require.ErrorContains(t, err, "there is no autoscaling group itrack-gone in us-east-1")
		_, err = p.env.Primary().AutoScaling().SetDesiredCapacity(ctx, &autoscaling.SetDesiredCapacityInput{AutoScalingGroupName: aws.String(p.out.BastionGroup), DesiredCapacity: aws.Int32(0)})
		require.NoError(t, err)
		_, err = connect.Bastion(ctx, p.env, p.out, time.Minute)
		require.Equal(t, ops.Refused, ops.KindOf(err))
		require.ErrorContains(t, err, "--desired-capacity 1 --region us-east-1")
	})
}

func TestTunnel(t *testing.T) {
	p, ctx := newPlace(t, "staging"), context.Background()
	closed := func(t *testing.T) {
		t.Helper()
		require.Empty(t, p.sessions.Active(), "the session is ended")
		require.False(t, opstest.Alive(p.Get(t, "plugin").PID), "the plugin has ended")
	}
	t.Run("it opens and closes", func(t *testing.T) {
		wanted := port(t)
		tunnel, err := connect.Open(ctx, p.env, p.out, p.instance, wanted, p.Roots)
		require.NoError(t, err)
		require.Equal(t, wanted, tunnel.Local)
		require.Equal(t, []string{tunnel.Session}, p.sessions.Active())
		got := p.Get(t, "plugin")
		require.Equal(t, []string{"AWS_SSM_START_SESSION_RESPONSE", "us-east-1", "StartSession", "", got.Arguments[4], p.cloud.URL}, got.Arguments)
		require.JSONEq(t, fmt.Sprintf(`{"Target":%q,"DocumentName":"AWS-StartPortForwardingSessionToRemoteHost","Parameters":{"host":[%q],"portNumber":["3306"],"localPortNumber":["%d"]}}`,
			p.instance, p.out.DatabaseAddress, wanted), got.Arguments[4])
		p.noSecret(t, strings.Join(got.Arguments, " "))
		require.True(t, opstest.Alive(got.PID))
		require.NoError(t, tunnel.Ended())
		tunnel.Close()
		tunnel.Close()
		closed(t)
		require.Equal(t, []string{"ssm StartSession", "ssm TerminateSession"}, p.cloud.Changes())
		<-tunnel.Done()
		// The next run is not disturbed, on the same port.
		tunnel, err = connect.Open(ctx, p.env, p.out, p.instance, wanted, p.Roots)
		require.NoError(t, err)
		tunnel.Close()
		closed(t)
	})
	t.Run("a plugin that does not want to end", func(t *testing.T) {
		t.Setenv(opstest.PluginDoes, "ignores")
		tunnel, err := connect.Open(ctx, p.env, p.out, p.instance, port(t), p.Roots)
		require.NoError(t, err)
		tunnel.Close()
		closed(t)
	})
	t.Run("a plugin that dies", func(t *testing.T) {
		t.Setenv(opstest.PluginDoes, "dies")
		_, err := connect.Open(ctx, p.env, p.out, p.instance, port(t), p.Roots)
		require.ErrorContains(t, err, "session-manager-plugin ended: Cannot perform start session: EOF")
		p.noSecret(t, err.Error())
		closed(t)
	})
	t.Run("cancelled while it opens", func(t *testing.T) {
		t.Setenv(opstest.PluginDoes, "deaf")
		cancelled, cancel := context.WithCancel(ctx)
		p.When(t, "plugin", cancel)
		_, err := connect.Open(cancelled, p.env, p.out, p.instance, port(t), p.Roots)
		require.ErrorIs(t, err, context.Canceled)
		require.Empty(t, p.sessions.Active())
	})
	t.Run("who answers is not the database", func(t *testing.T) {
		for _, try := range []struct {
			first []byte
			roots []byte
			want  string
		}{
			{opstest.Greeting(0x0a, 0x8aff), p.Roots, "checking who the database is: "},
			{opstest.Greeting(0x0a, 0x00ff), p.Roots, "the server takes no TLS"},
			{opstest.Greeting('H', 0), p.Roots, "is no MySQL server"},
			{append([]byte{24, 0, 0, 0, 0xff, 0x10, 0x04}, "Too many connections."...), p.Roots, "error 1040: Too many connections."},
			{opstest.Greeting(0x0a, 0x8aff), []byte("no certificate"), "the file of certificate authorities has no certificate"},
		} {
			opstest.NewGreeter(t, "another.example.com", try.first)
			_, err := connect.Open(ctx, p.env, p.out, p.instance, port(t), try.roots)
			require.ErrorContains(t, err, try.want)
			closed(t)
		}
	})
	t.Run("errors of AWS", func(t *testing.T) {
		defer p.cloud.Heal()
		p.cloud.Fail(opstest.Fault{Service: "ssm", Action: "StartSession", Status: 400, Code: "AccessDeniedException"})
		_, err := connect.Open(ctx, p.env, p.out, p.instance, port(t), p.Roots)
		require.ErrorContains(t, err, "have ssm:StartSession added for the instance arn:aws:ec2:us-east-1:123456789012:instance/"+p.instance+" and the document arn:aws:ssm:us-east-1::document/AWS-StartPortForwardingSessionToRemoteHost")
		p.cloud.Heal()
		_, err = connect.Open(ctx, p.env, p.out, "i-0123456789abcdef0", port(t), p.Roots)
		require.ErrorContains(t, err, "its agent has just gone offline")
		p.cloud.Fail(opstest.Fault{Service: "ssm", Action: "StartSession", Status: 500, Code: "InternalServerError"})
		_, err = connect.Open(ctx, p.env, p.out, p.instance, port(t), p.Roots)
		require.ErrorContains(t, err, "starting a session on the bastion: InternalServerError")
	})
	t.Run("the end cannot be told to AWS", func(t *testing.T) {
		defer p.cloud.Heal()
		tunnel, err := connect.Open(ctx, p.env, p.out, p.instance, port(t), p.Roots)
		require.NoError(t, err)
		var said []string
		p.env.Say = func(format string, a ...any) { said = append(said, fmt.Sprintf(format, a...)) }
		p.cloud.Fail(opstest.Fault{Service: "ssm", Action: "TerminateSession", Status: 403, Code: "AccessDeniedException"})
		tunnel.Close()
		require.Len(t, said, 1)
		require.Contains(t, said[0], "the session "+tunnel.Session+" ends by itself after 20 idle minutes")
		require.False(t, opstest.Alive(p.Get(t, "plugin").PID))
	})
	t.Run("no plugin, an old one, a taken port", func(t *testing.T) {
		before := p.sessions.All()
		for version, want := range map[string]string{"1.2.497.0": "would show the session's token", "1.2": "1.2:", "": "versions up to", "x.y": "x.y"} {
			t.Setenv(opstest.PluginVersion, version)
			_, err := connect.Open(ctx, p.env, p.out, p.instance, port(t), p.Roots)
			require.Equal(t, ops.Usage, ops.KindOf(err))
			require.ErrorContains(t, err, want)
		}
		t.Setenv(opstest.PluginVersion, "1.2.498")
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer listener.Close()
		taken := listener.Addr().(*net.TCPAddr).Port
		_, err = connect.Open(ctx, p.env, p.out, p.instance, taken, p.Roots)
		require.Equal(t, ops.Usage, ops.KindOf(err))
		require.ErrorContains(t, err, fmt.Sprintf("the local port %d is taken", taken))
		t.Setenv("PATH", t.TempDir())
		_, err = connect.Open(ctx, p.env, p.out, p.instance, port(t), p.Roots)
		require.ErrorContains(t, err, "there is no command session-manager-plugin")
		require.Equal(t, before, p.sessions.All(), "no session was started")
	})
}

func TestLocalPort(t *testing.T) {
	first, err := connect.LocalPort(0)
	require.NoError(t, err)
	require.Positive(t, first)
	if listener, err := net.Listen("tcp", "127.0.0.1:3306"); err == nil { // else somebody's MySQL has it, which is the same
		defer listener.Close()
		require.Equal(t, 3306, first)
	}
	second, err := connect.LocalPort(0)
	require.NoError(t, err)
	require.NotEqual(t, 3306, second)
}

func TestTheClientGetsItsPasswordByAPipeAlone(t *testing.T) {
	p, ctx := newPlace(t, "production"), context.Background()
	t.Setenv("MYSQL_PWD", "of somebody else")
	tunnel, err := connect.Open(ctx, p.env, p.out, p.instance, port(t), p.Roots)
	require.NoError(t, err)
	defer tunnel.Close()
	// The role's credentials, which the plugin could not find itself.
	plugin := p.Get(t, "plugin")
	credentials, err := p.env.Primary().Config.Credentials.Retrieve(ctx)
	require.NoError(t, err)
	require.Contains(t, plugin.Environment, "AWS_SESSION_TOKEN="+credentials.SessionToken)
	require.Contains(t, plugin.Environment, "AWS_ACCESS_KEY_ID="+credentials.AccessKeyID)
	client, ok, err := connect.FindClient(ctx)
	require.NoError(t, err)
	require.True(t, ok)
	require.False(t, client.MariaDB)
	run := func(ctx context.Context, login connect.Login) (string, string, error) {
		var out, complaints bytes.Buffer
		err := client.Run(ctx, tunnel, "itrack", login, p.File, connect.Streams{In: strings.NewReader("SELECT 1"), Out: &out, Err: &complaints})
		return out.String(), complaints.String(), err
	}
	common := []string{"--defaults-file=/dev/fd/3", "--host=127.0.0.1", fmt.Sprintf("--port=%d", tunnel.Local), "--protocol=TCP"}
	t.Run("by IAM", func(t *testing.T) {
		login, err := connect.SignIn(ctx, p.env, p.out, connect.ReadOnly, connect.Token)
		require.NoError(t, err)
		require.Equal(t, "itrack_readonly itrack_readonly itrack_readonly", fmt.Sprintf("%v %+v %#v", login, login, login))
		out, _, err := run(ctx, login)
		require.NoError(t, err)
		require.Equal(t, "answer to SELECT 1", out)
		got := p.Get(t, "client")
		require.Equal(t, append(common, "--user=itrack_readonly", "--ssl-mode=VERIFY_CA", "--ssl-ca="+p.File, "--enable-cleartext-plugin", "itrack"), got.Arguments)
		require.Regexp(t, `^\[client\]\npassword="itrack\.abc\.us-east-1\.rds\.amazonaws\.com:3306\?Action=connect&DBUser=itrack_readonly&[^"]+X-Amz-Signature=[0-9a-f]{64}"\n$`, got.Input)
		require.NotContains(t, strings.Join(append(got.Arguments, got.Environment...), " "), "X-Amz-Signature")
		require.NotContains(t, strings.Join(got.Environment, " "), "MYSQL_PWD")
	})
	t.Run("as the master user", func(t *testing.T) {
		_, err := connect.SignIn(ctx, p.env, p.out, "", connect.Master)
		require.ErrorContains(t, err, "the stack's outputs name none")
		made, err := p.env.Primary().Secrets().CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("rds!db-1"), SecretString: aws.String(`{"username":"itrackadmin","password":"a#b\\c\"d' e"}`)})
		require.NoError(t, err)
		out := p.out
		out.DatabaseMasterSecretArn = *made.ARN
		login, err := connect.SignIn(ctx, p.env, out, "", connect.Master)
		require.NoError(t, err)
		_, _, err = run(ctx, login)
		require.NoError(t, err)
		got := p.Get(t, "client")
		require.Equal(t, append(common, "--user=itrackadmin", "--ssl-mode=VERIFY_CA", "--ssl-ca="+p.File, "itrack"), got.Arguments)
		require.Equal(t, "[client]\npassword=\"a#b\\\\c\\\"d' e\"\n", got.Input)
		for _, value := range []string{`{"username":"itrackadmin"}`, `canary-value`, `{"password":"canary-value"}`} {
			_, err = p.env.Primary().Secrets().PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: made.ARN, SecretString: aws.String(value)})
			require.NoError(t, err)
			_, err = connect.SignIn(ctx, p.env, out, "", connect.Master)
			require.ErrorContains(t, err, "it is no JSON object with username and password")
			require.NotContains(t, err.Error(), "canary-value")
		}
		p.cloud.Fail(opstest.Fault{Service: "secretsmanager", Status: 400, Code: "AccessDeniedException"})
		defer p.cloud.Heal()
		_, err = connect.SignIn(ctx, p.env, out, "", connect.Master)
		require.ErrorContains(t, err, "reading the master user's secret: AccessDeniedException")
	})
	t.Run("typed, by MariaDB's client", func(t *testing.T) {
		login, err := connect.SignIn(ctx, p.env, p.out, "ann", connect.Typed)
		require.NoError(t, err)
		t.Setenv(opstest.ClientVersion, "mysql  Ver 15.1 Distrib 10.11.14-MariaDB, for debian-linux-gnu (x86_64)")
		maria, _, err := connect.FindClient(ctx)
		require.NoError(t, err)
		require.True(t, maria.MariaDB)
		require.NoError(t, maria.Run(ctx, tunnel, "itrack", login, p.File, connect.Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}))
		got := p.Get(t, "client")
		require.Equal(t, append(common, "--user=ann", "--ssl", "--skip-ssl-verify-server-cert", "--password", "itrack"), got.Arguments)
		require.Equal(t, "[client]\n", got.Input)
	})
	t.Run("it fails, it is cancelled, the tunnel ends", func(t *testing.T) {
		login, err := connect.SignIn(ctx, p.env, p.out, connect.ReadOnly, connect.Token)
		require.NoError(t, err)
		t.Setenv(opstest.ClientDoes, "fails")
		_, complaints, err := run(ctx, login)
		require.ErrorContains(t, err, "it ended with exit status 1; its own words stand above")
		require.ErrorContains(t, err, "the role in use needs rds-db:connect for the user itrack_readonly")
		require.Contains(t, complaints, "ERROR 1045")
		t.Setenv(opstest.ClientDoes, "waits")
		cancelled, cancel := context.WithCancel(ctx)
		p.When(t, "client", cancel)
		_, _, err = run(cancelled, login)
		require.ErrorIs(t, err, context.Canceled)
		require.False(t, opstest.Alive(p.Get(t, "client").PID))
		p.When(t, "client", tunnel.Close)
		_, _, err = run(ctx, login)
		require.ErrorContains(t, err, "keeping the session open: session-manager-plugin ended: Port ")
		require.False(t, opstest.Alive(p.Get(t, "client").PID))
		require.Empty(t, p.sessions.Active())
		p.noSecret(t, err.Error())
	})
}

func TestCommands(t *testing.T) {
	cloud := opstest.New(t)
	env := cloud.Open(t, "staging", nil)
	env.Profile = "it's mine"
	out := ops.Outputs{DatabaseAddress: "db.example", DatabasePort: 3306, DatabaseName: "itrack"}
	commands, err := connect.Commands(env, out, "i-1", 13306, connect.Login{User: connect.ReadOnly}, connect.Token, connect.Client{}, "/ca bundle.pem")
	require.NoError(t, err)
	require.Equal(t, []string{
		`aws ssm start-session --target i-1 --document-name AWS-StartPortForwardingSessionToRemoteHost --parameters '{"host":["db.example"],"localPortNumber":["13306"],"portNumber":["3306"]}' --region us-east-1 --profile 'it'\''s mine'`,
		`MYSQL_PWD=$(aws rds generate-db-auth-token --hostname db.example --port 3306 --username itrack_readonly --region us-east-1 --profile 'it'\''s mine'); export MYSQL_PWD`,
		`mysql --host=127.0.0.1 --port=13306 --protocol=TCP --user=itrack_readonly --ssl-mode=VERIFY_CA '--ssl-ca=/ca bundle.pem' --enable-cleartext-plugin itrack`,
	}, commands)
	commands, err = connect.Commands(env, out, "i-1", 3306, connect.Login{User: "itrackadmin"}, connect.Master, connect.Client{Path: "/usr/bin/mysql", MariaDB: true}, "ca.pem")
	require.NoError(t, err)
	require.Len(t, commands, 2)
	require.Equal(t, "/usr/bin/mysql --host=127.0.0.1 --port=3306 --protocol=TCP --user=itrackadmin --ssl --skip-ssl-verify-server-cert --password itrack", commands[1])
	text, err := json.Marshal(connect.Tunnel{Session: "s"})
	require.NoError(t, err)
	require.JSONEq(t, `{"session":"s","instance":"","localPort":0,"host":"","port":0}`, string(text))
}
