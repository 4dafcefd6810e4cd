package logs

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdtest"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/watch"
	"github.com/stretchr/testify/require"
)

func TestLogs(t *testing.T) {
	cloud := opstest.New(t)
	opstest.NewLogPages(cloud, 2)
	env := cloud.Open(t, "staging", nil)
	ctx, client := context.Background(), env.Primary().Logs()
	out := ops.Outputs{Environment: "staging", Region: env.Region, Cluster: "c", ServiceLogGroups: map[string]string{"backend": "/ecs/itrack-backend-staging"}, Functions: map[string]string{"item-events": "itrack-item-events-staging"}}
	at := time.Now().Add(-time.Minute).UTC().Truncate(time.Millisecond)
	for group, lines := range map[string][]string{
		"/ecs/itrack-backend-staging":            {`{"level":"INFO","msg":"request","requestId":"r-1","status":200}`, `{"level":"ERROR","msg":"say \"hi\"","requestId":"r-2"}`, "plain"},
		"/aws/lambda/itrack-item-events-staging": {"START"},
	} {
		_, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(group)})
		require.NoError(t, err)
		_, err = client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String(group), LogStreamName: aws.String("s")})
		require.NoError(t, err)
		var events []types.InputLogEvent
		for i, line := range lines {
			events = append(events, types.InputLogEvent{Message: aws.String(line), Timestamp: aws.Int64(at.UnixMilli() + int64(i))})
		}
		_, err = client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String(group), LogStreamName: aws.String("s"), LogEvents: events})
		require.NoError(t, err)
	}
	run := func(args ...string) (string, string, error) {
		f, data, complaints := cmdtest.Factory(t, out, nil)
		cmd := NewCmdLogs(f, nil)
		cmd.SetArgs(args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(ctx)
		return data.String(), complaints.String(), err
	}
	when := func(i int) string {
		return at.Add(time.Duration(i) * time.Millisecond).Format("2006-01-02 15:04:05.000Z")
	}
	lines := []string{when(0) + "  INFO   request  requestId=r-1  status=200", when(1) + `  ERROR  say "hi"  requestId=r-2`, when(2) + "  plain"}
	for _, try := range []struct {
		args []string
		want []string
	}{
		{[]string{"staging"}, lines}, {[]string{"staging", "backend", "--limit", "1"}, lines[2:]}, {[]string{"staging", "--filter", `say \"hi\"`}, lines[1:2]},
		{[]string{"staging", "--pattern", `{ $.level = "ERROR" }`}, lines[1:2]}, {[]string{"staging", "item-events"}, []string{when(0) + "  START"}},
	} {
		text, _, err := run(try.args...)
		require.NoError(t, err, try.args)
		require.Equal(t, strings.Join(try.want, "\n")+"\n", text, try.args)
	}
	text, _, err := run("staging", "--json", "--limit", "2")
	require.NoError(t, err)
	documents := strings.Split(strings.TrimSpace(text), "\n")
	require.Len(t, documents, 2)
	var event watch.Event
	require.NoError(t, json.Unmarshal([]byte(documents[0]), &event))
	require.Equal(t, `{"level":"ERROR","msg":"say \"hi\"","requestId":"r-2"}`, event.Message)
	require.Equal(t, at.Add(time.Millisecond), event.Time)
	require.NotEmpty(t, event.ID)
	text, said, err := run("staging", "--filter", "nowhere")
	require.NoError(t, err)
	require.Empty(t, text)
	require.Contains(t, said, "no such line in /ecs/itrack-backend-staging since ")
	_, _, err = run("staging", "frontend")
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
	require.ErrorContains(t, err, "name one of backend, item-events, api")
	_, _, err = run("staging", "--pattern", `"open`)
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"staging", "--since", "yesterday"}, {"staging", "--limit", "-1"}, {"staging", "--filter", "a", "--pattern", "b"}} {
		cmd := NewCmdLogs(&cmdutil.Factory{}, nil)
		cmd.SetArgs(args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(cmd.Execute()), args)
	}
	var got *Options
	cmd := NewCmdLogs(&cmdutil.Factory{}, func(_ context.Context, o *Options) error { got = o; return nil })
	cmd.SetArgs([]string{"staging", "api", "-f", "--since", "2h", "--filter", "x", "--limit", "5", "--json"})
	require.NoError(t, cmd.Execute())
	require.Equal(t, &Options{Factory: got.Factory, Environment: "staging", Name: "api", Follow: true, Since: "2h", Filter: "x", Limit: 5, JSON: true}, got)
}
