package watch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/watch"
)

const group = "/ecs/itrack-backend-staging"

// put writes lines into a stream of the group, each with its age.
func put(t *testing.T, env *ops.Environment, stream string, lines map[string]time.Duration) {
	t.Helper()
	ctx, client := context.Background(), env.Primary().Logs()
	_, err := client.CreateLogStream(ctx, &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String(group), LogStreamName: aws.String(stream)})
	if err != nil && !ops.IsCode(err, "ResourceAlreadyExistsException") {
		require.NoError(t, err)
	}
	now := time.Now()
	var events []types.InputLogEvent
	for line, age := range lines {
		events = append(events, types.InputLogEvent{Message: aws.String(line), Timestamp: aws.Int64(now.Add(-age).UnixMilli())})
	}
	slices.SortFunc(events, func(a, b types.InputLogEvent) int { return int(*a.Timestamp - *b.Timestamp) })
	_, err = client.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String(group), LogStreamName: aws.String(stream), LogEvents: events})
	require.NoError(t, err)
}

func logPlace(t *testing.T) (*opstest.Cloud, *ops.Environment) {
	t.Helper()
	cloud := opstest.New(t)
	opstest.NewLogPages(cloud, 4)
	env := cloud.Open(t, "staging", nil)
	_, err := env.Primary().Logs().CreateLogGroup(context.Background(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String(group)})
	require.NoError(t, err)
	return cloud, env
}

func read(t *testing.T, env *ops.Environment, query watch.Query) ([]string, error) {
	t.Helper()
	var lines []string
	query.Group = group
	err := watch.Logs(context.Background(), env, query, func(event watch.Event) error {
		lines = append(lines, event.Message)
		return nil
	})
	return lines, err
}

func TestLogs(t *testing.T) {
	cloud, env := logPlace(t)
	var want []string
	one, two := map[string]time.Duration{}, map[string]time.Duration{}
	for i := range 11 {
		line := fmt.Sprintf("line %02d", i)
		want = append(want, line)
		map[bool]map[string]time.Duration{true: one, false: two}[i%2 == 0][line] = time.Duration(11-i) * time.Minute
	}
	put(t, env, "one", one)
	put(t, env, "two", two)
	t.Run("all pages, in order, over streams", func(t *testing.T) {
		lines, err := read(t, env, watch.Query{Since: time.Hour})
		require.NoError(t, err)
		require.Equal(t, want, lines)
	})
	t.Run("since and the newest", func(t *testing.T) {
		lines, err := read(t, env, watch.Query{Since: 4*time.Minute + 30*time.Second})
		require.NoError(t, err)
		require.Equal(t, want[7:], lines)
		lines, err = read(t, env, watch.Query{Since: time.Hour, Limit: 3})
		require.NoError(t, err)
		require.Equal(t, want[8:], lines)
		lines, err = read(t, env, watch.Query{Since: time.Hour, Limit: 50})
		require.NoError(t, err)
		require.Equal(t, want, lines)
	})
	t.Run("a text is taken as it stands", func(t *testing.T) {
		odd := []string{`{"msg":"say \"hi\""}`, `path c:\temp\ [x] {y} ?z -w %q%`}
		put(t, env, "one", map[string]time.Duration{odd[0]: time.Second, odd[1]: 0})
		for text, want := range map[string][]string{
			`say \"hi\"`: odd[:1], `c:\temp\ [x]`: odd[1:], `{y} ?z -w %q%`: odd[1:], `line 03`: {"line 03"}, `"`: odd[:1], `\`: odd, `nowhere`: nil,
		} {
			lines, err := read(t, env, watch.Query{Since: time.Hour, Pattern: watch.Literal(text)})
			require.NoError(t, err, text)
			require.Equal(t, want, lines, text)
		}
		lines, err := read(t, env, watch.Query{Since: time.Hour, Pattern: `?"line 01" ?"line 02"`})
		require.NoError(t, err)
		require.Equal(t, want[1:3], lines)
		_, err = read(t, env, watch.Query{Since: time.Hour, Pattern: `"open`})
		require.Equal(t, ops.Usage, ops.KindOf(err))
		require.ErrorContains(t, err, "--filter TEXT looks for a text as it stands")
	})
	t.Run("throttling beyond the SDK's attempts is outlasted", func(t *testing.T) {
		defer cloud.Heal()
		cloud.Fail(opstest.Fault{Service: "logs", After: 2, Times: 9, Status: 400, Code: "ThrottlingException"}) // the SDK makes four attempts
		lines, err := read(t, env, watch.Query{Since: time.Hour, Pattern: "line"})
		require.NoError(t, err)
		require.Equal(t, want, lines)
		cloud.Fail(opstest.Fault{Service: "logs", Status: 400, Code: "ThrottlingException"})
		_, err = read(t, env, watch.Query{Since: time.Hour})
		require.ErrorContains(t, err, "reading the log "+group+": ThrottlingException")
	})
	t.Run("errors", func(t *testing.T) {
		defer cloud.Heal()
		cloud.Fail(opstest.Fault{Service: "logs", Times: 1, Lost: true})
		_, err := read(t, env, watch.Query{Since: time.Hour})
		require.NoError(t, err, "a lost answer is asked for again")
		cloud.Fail(opstest.Fault{Service: "logs", Status: 403, Code: "AccessDeniedException"})
		_, err = read(t, env, watch.Query{Since: time.Hour})
		require.ErrorContains(t, err, "the role in use lacks this right")
		cloud.Heal()
		cloud.Fail(opstest.Fault{Service: "logs", Status: 500, Code: "InternalFailure"})
		_, err = read(t, env, watch.Query{Since: time.Hour})
		require.ErrorContains(t, err, "InternalFailure")
		cloud.Heal()
		err = watch.Logs(context.Background(), env, watch.Query{Group: "/ecs/missing", Since: time.Hour}, func(watch.Event) error { return nil })
		require.ErrorContains(t, err, "there is no such log group in us-east-1")
		broken := errors.New("the pipe is closed")
		err = watch.Logs(context.Background(), env, watch.Query{Group: group, Since: time.Hour}, func(watch.Event) error { return broken })
		require.ErrorIs(t, err, broken)
		cancelled, cancel := context.WithCancel(context.Background())
		cancel()
		err = watch.Logs(cancelled, env, watch.Query{Group: group, Since: time.Hour}, func(watch.Event) error { return nil })
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestFollowingTellsEachLineOnceAlsoThroughFailures(t *testing.T) {
	cloud, env := logPlace(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var mutex sync.Mutex
	told := map[string]int{}
	put(t, env, "one", map[string]time.Duration{"first": 10 * time.Minute})
	done := make(chan error, 1)
	go func() {
		done <- watch.Logs(ctx, env, watch.Query{Group: group, Since: time.Hour, Follow: true}, func(event watch.Event) error {
			mutex.Lock()
			defer mutex.Unlock()
			told[event.Message]++
			return nil
		})
	}()
	seen := func(count int) func() bool {
		return func() bool {
			mutex.Lock()
			defer mutex.Unlock()
			return len(told) == count
		}
	}
	require.Eventually(t, seen(1), 10*time.Second, time.Millisecond)
	want := 1
	for round := range 6 {
		lines := map[string]time.Duration{}
		for i := range 7 {
			// Some arrive late, with times before those that were told already.
			lines[fmt.Sprintf("round %d line %d", round, i)] = time.Duration(i*3) * time.Second
		}
		switch round {
		case 1:
			cloud.Fail(opstest.Fault{Service: "logs", Action: "Filter", After: 1, Times: 12, Status: 400, Code: "ThrottlingException"})
		case 2:
			cloud.Fail(opstest.Fault{Service: "logs", Action: "Filter", After: 2, Times: 11, Status: 503, Code: "ServiceUnavailableException"})
		case 3:
			cloud.Fail(opstest.Fault{Service: "logs", Action: "Filter", After: 1, Times: 3, Lost: true})
		}
		put(t, env, fmt.Sprintf("stream %d", round%2), lines)
		want += len(lines)
		require.Eventually(t, seen(want), 20*time.Second, time.Millisecond, "round %d", round)
	}
	// Several rounds later nothing was told twice.
	calls := len(cloud.Calls())
	require.Eventually(t, func() bool { return len(cloud.Calls()) > calls+30 }, 20*time.Second, time.Millisecond)
	cancel()
	require.NoError(t, <-done, "that is how following ends")
	for line, count := range told {
		require.Equal(t, 1, count, line)
	}
	// What will not pass ends it.
	cloud.Fail(opstest.Fault{Service: "logs", Status: 403, Code: "AccessDeniedException"})
	err := watch.Logs(context.Background(), env, watch.Query{Group: group, Since: time.Hour, Follow: true}, func(watch.Event) error { return nil })
	require.ErrorContains(t, err, "AccessDeniedException")
}

func TestLogGroup(t *testing.T) {
	out := ops.Outputs{ServiceLogGroups: map[string]string{"backend": group}, Functions: map[string]string{"item-events": "itrack-item-events-staging"}, APIAccessLogGroup: "/aws/apigateway/itrack-api-staging/access"}
	for name, want := range map[string]string{"": group, "backend": group, "item-events": "/aws/lambda/itrack-item-events-staging", "api": "/aws/apigateway/itrack-api-staging/access"} {
		found, err := watch.LogGroup(out, name)
		require.NoError(t, err)
		require.Equal(t, want, found)
	}
	_, err := watch.LogGroup(out, "frontend")
	require.Equal(t, ops.Usage, ops.KindOf(err))
	require.ErrorContains(t, err, "name one of backend, item-events, api")
	out.ServiceLogGroups["second"] = "/ecs/second"
	_, err = watch.LogGroup(out, "")
	require.ErrorContains(t, err, "the stack has several services")
}

func TestText(t *testing.T) {
	at := time.Date(2026, 1, 31, 8, 0, 0, 123e6, time.UTC)
	for message, want := range map[string]string{
		`{"time":"2026-01-31T08:00:00Z","level":"INFO","msg":"request","requestId":"r-1","status":200,"route":"GET /items","extra":{"a":[1]},"none":""}`: `INFO   request  requestId=r-1  extra={"a":[1]}  route=GET /items  status=200`,
		`{"level":"warn","message":"slow","big":12345678901234567890}`:                                                                                   `WARN   slow  big=12345678901234567890`,
		`{"requestId":"a-1","method":"GET","path":"/api/items","route":"/api/items","status":"403","waf":"-","epoch":"1","time":"x"}`:                    `       GET /api/items 403  requestId=a-1  route=/api/items`,
		"plain text\n":                          `plain text`,
		"trace:\n\tat main\x1b[31m":             "trace:\n    \tat main\\x1b[31m",
		`{"a":1} and more`:                      `{"a":1} and more`,
		`null`:                                  `null`,
		"{\"msg\":\"\u001b]0;x\\u0007\u009b\"}": "{\"msg\":\"\\x1b]0;x\\u0007\\x9b\"}",
		`{"msg":"\u001b[2J"}`:                   `       \x1b[2J`,
	} {
		require.Equal(t, "2026-01-31 08:00:00.123Z  "+want, watch.Event{Time: at, Message: message}.Text())
	}
}

func TestSince(t *testing.T) {
	now := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{"15m": 15 * time.Minute, "2h30m": 150 * time.Minute, "3d": 72 * time.Hour, "2026-01-31T07:00:00Z": time.Hour} {
		found, err := watch.ParseSince(text, now)
		require.NoError(t, err)
		require.Equal(t, want, found)
	}
	for _, text := range []string{"", "15", "-5m", "0s", "d", "-1d", "1.5d", "3dd", "yesterday", "2026-02-01T08:00:00Z"} {
		_, err := watch.ParseSince(text, now)
		require.Error(t, err, text)
	}
}

// Months of lines must not stay in memory: only those that may come again.
func TestOnlyTheNewestLinesAreRemembered(t *testing.T) {
	_, env := logPlace(t)
	lines := map[string]time.Duration{"in the last minute": time.Second, "half a minute ago": 30 * time.Second}
	for i := range 60 {
		lines[fmt.Sprintf("line %02d", i)] = time.Duration(60-i) * 10 * time.Minute
	}
	put(t, env, "one", lines)
	told, most := map[string]int{}, 0
	left, err := watch.Remembered(context.Background(), env, watch.Query{Group: group, Since: 24 * time.Hour}, func(event watch.Event, remembered int) {
		told[event.Message]++
		most = max(most, remembered)
	})
	require.NoError(t, err)
	require.Len(t, told, len(lines))
	require.Equal(t, 2, left, "what a second round may find again")
	require.LessOrEqual(t, most, 5, "a page, and the newest line before it")

	// Lines of one moment are told once each, over pages and rounds.
	same := map[string]time.Duration{}
	for i := range 11 {
		same[fmt.Sprintf("same %02d", i)] = 0
	}
	put(t, env, "two", same)
	clear(told)
	left, err = watch.Remembered(context.Background(), env, watch.Query{Group: group, Since: 20 * time.Second}, func(event watch.Event, _ int) { told[event.Message]++ })
	require.NoError(t, err)
	require.Equal(t, 12, left)
	for line, times := range told {
		require.Equal(t, 1, times, line)
	}
}
