package opstest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

func TestLogPages(t *testing.T) {
	cloud := opstest.New(t)
	opstest.NewLogPages(cloud, 3)
	env, ctx := cloud.Open(t, "staging", nil), context.Background()
	client := env.Primary().Logs()
	_, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("g")})
	require.NoError(t, err)
	_, err = client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s")})
	require.NoError(t, err)
	var events []types.InputLogEvent
	messages := []string{`say "hi"`, `c:\temp`, `ERROR one`, `{"status":503,"level":"WARN"}`, `plain`}
	for i, message := range messages {
		events = append(events, types.InputLogEvent{Message: aws.String(message), Timestamp: aws.Int64(time.Now().UnixMilli() + int64(i))})
	}
	_, err = client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("s"), LogEvents: events})
	require.NoError(t, err)
	read := func(pattern string) (found []string, pages int) {
		t.Helper()
		paginator := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g"), FilterPattern: aws.String(pattern)})
		for paginator.HasMorePages() {
			page, err := paginator.NextPage(ctx)
			require.NoError(t, err, pattern)
			for _, event := range page.Events {
				found = append(found, *event.Message)
			}
			pages++
		}
		return found, pages
	}
	found, pages := read("")
	require.Equal(t, messages, found)
	require.Equal(t, 3, pages, "an empty one, one of three, one of two")
	for pattern, want := range map[string][]string{
		`"say \"hi\""`: {messages[0]}, `"c:\\temp"`: {messages[1]}, `ERROR`: {messages[2]}, `?ERROR ?plain`: {messages[2], messages[4]},
		`-ERROR -plain -"say"`: {messages[1], messages[3]}, `{ $.status = 503 }`: {messages[3]}, `{ $.level = "WARN" }`: {messages[3]}, `"nothing"`: nil,
	} {
		found, _ := read(pattern)
		require.Equal(t, want, found, pattern)
	}
	first, err := client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g")})
	require.NoError(t, err)
	for name, input := range map[string]*cloudwatchlogs.FilterLogEventsInput{
		"InvalidParameterException not closed":  {LogGroupName: aws.String("g"), FilterPattern: aws.String(`"open`)},
		"InvalidParameterException not quoted":  {LogGroupName: aws.String("g"), FilterPattern: aws.String(`a/b`)},
		"InvalidParameterException json":        {LogGroupName: aws.String("g"), FilterPattern: aws.String(`{ $.a ! }`)},
		"InvalidParameterException limit":       {LogGroupName: aws.String("g"), Limit: aws.Int32(10001)},
		"InvalidParameterException token":       {LogGroupName: aws.String("g"), NextToken: aws.String("made up")},
		"InvalidParameterException other query": {LogGroupName: aws.String("g"), FilterPattern: aws.String("ERROR"), NextToken: first.NextToken},
		"ResourceNotFoundException":             {LogGroupName: aws.String("missing")},
	} {
		_, err := client.FilterLogEvents(ctx, input)
		var code string
		_, scanErr := fmt.Sscan(name, &code)
		require.NoError(t, scanErr)
		require.Truef(t, ops.IsCode(err, code), "%s: %v", name, err)
	}
}
