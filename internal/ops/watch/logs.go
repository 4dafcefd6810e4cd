package watch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/itrack/itrack/internal/ops"
)

// Event is one line of a log.
type Event struct {
	ID       string    `json:"id"`
	Time     time.Time `json:"time"`
	Ingested time.Time `json:"ingested"`
	Stream   string    `json:"stream"`
	Message  string    `json:"message"`
}

// Query says which lines are wanted.
type Query struct {
	Group   string        // log group
	Since   time.Duration // how far back
	Pattern string        // CloudWatch's filter pattern; empty for everything. Literal makes one of any text
	Limit   int           // the newest so many of those that are there; 0 for all
	Follow  bool          // go on with what comes
}

const (
	// late is how long after its time a line may still arrive: the containers' log driver sends every few seconds, Lambda
	// and API Gateway take longer. Following asks for that long again, and leaves out what was told.
	late = time.Minute
	// followEvery is the time between two looks. FilterLogEvents is throttled for the whole account at a few calls a second.
	followEvery = 2 * time.Second
	// outlast is how often a page is asked for again, beyond the SDK's attempts.
	outlast = 6
	// longest is the longest pause between two of those.
	longest = 30 * time.Second
)

// Literal makes a filter pattern that matches a text as it stands, whatever it holds: in double quotes, with backslash and
// double quote escaped, as AWS's CDK does it.
func Literal(text string) string {
	if text == "" {
		return ""
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// LogGroup finds the log group of a service, a function, or the API's requests ("api"). Without a name it is the one
// service's.
func LogGroup(out ops.Outputs, name string) (string, error) {
	if name == "" && len(out.ServiceLogGroups) == 1 {
		for _, group := range out.ServiceLogGroups {
			return group, nil
		}
	}
	if group, ok := out.ServiceLogGroups[name]; ok {
		return group, nil
	}
	if function, ok := out.Functions[name]; ok {
		return "/aws/lambda/" + function, nil
	}
	if name == "api" && out.APIAccessLogGroup != "" {
		return out.APIAccessLogGroup, nil
	}
	known := append(slices.Sorted(maps.Keys(out.ServiceLogGroups)), slices.Sorted(maps.Keys(out.Functions))...)
	why := "the stack has no service or function " + name
	if name == "" {
		why = "the stack has several services"
	}
	return "", &ops.Problem{Kind: ops.Usage, What: "looking for a log", Why: why, Next: "name one of " + strings.Join(append(known, "api"), ", ")}
}

// Logs hands over the lines in the order of their times, each once. With Follow it ends by the context alone, which is no
// error; lines that arrive late come late.
func Logs(ctx context.Context, env *ops.Environment, query Query, emit func(Event) error) error {
	reader := newReader(env, query)
	var kept []Event
	keep := func(event Event) error {
		kept = append(kept, event)
		if query.Limit > 0 && len(kept) > 2*query.Limit {
			kept = slices.Clone(kept[len(kept)-query.Limit:])
		}
		return nil
	}
	first := emit
	if query.Limit > 0 {
		first = keep
	}
	err := reader.round(ctx, first)
	if query.Limit > 0 && err == nil {
		for _, event := range kept[max(0, len(kept)-query.Limit):] {
			if err := emit(event); err != nil {
				return err
			}
		}
	}
	for err == nil && query.Follow {
		if err = pause(ctx, env.Every(followEvery)); err == nil {
			err = reader.round(ctx, emit)
		}
	}
	if query.Follow && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// reader reads a group round by round. A round goes through all pages; what the one before told is left out.
type reader struct {
	env    *ops.Environment
	query  Query
	client *cloudwatchlogs.Client

	from time.Time // where the next round begins
	// Ids that may come again, with their events' times: told by the rounds before and since from, and by this round.
	before, told map[string]time.Time
}

func newReader(env *ops.Environment, query Query) *reader {
	return &reader{env: env, query: query, client: env.Primary().Logs(), before: map[string]time.Time{}, told: map[string]time.Time{}, from: time.Now().Add(-query.Since)}
}

// round reads everything since from. Where it fails, the next one begins at the same place: nothing is lost, and what was
// told is known.
func (r *reader) round(ctx context.Context, emit func(Event) error) error {
	var token *string
	var began, newest time.Time
	for {
		page, err := r.page(ctx, token)
		if err != nil {
			return err
		}
		if began.IsZero() {
			// AWS's clock, not this machine's: one that is ahead would leave a gap.
			var known bool
			if began, known = awsmiddleware.GetServerTime(page.ResultMetadata); !known {
				began = time.Now()
			}
		}
		for _, event := range page.Events {
			at, err := r.tell(event, emit)
			if err != nil {
				return err
			}
			if at.After(newest) {
				newest = at
			}
		}
		// The next round asks from a while before this one began, and the next page goes on at the newest line: what is older
		// than both comes no more. To remember it would take memory for every line of the months that somebody reads.
		forget(r.told, earlier(began, newest).Add(-late))
		// A page may be empty and not the last: AWS searches a part of the log for each.
		if token = page.NextToken; aws.ToString(token) == "" {
			break
		}
	}
	if next := began.Add(-late); next.After(r.from) {
		r.from = next
	}
	maps.Copy(r.before, r.told)
	clear(r.told)
	forget(r.before, r.from)
	return nil
}

// forget forgets the lines before a time.
func forget(told map[string]time.Time, before time.Time) {
	maps.DeleteFunc(told, func(_ string, at time.Time) bool { return at.Before(before) })
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// tell hands over a line unless it was told, and says its time.
func (r *reader) tell(event types.FilteredLogEvent, emit func(Event) error) (time.Time, error) {
	id := aws.ToString(event.EventId)
	for _, told := range []map[string]time.Time{r.told, r.before} {
		if at, known := told[id]; known {
			return at, nil
		}
	}
	found := Event{
		ID: id, Time: time.UnixMilli(aws.ToInt64(event.Timestamp)).UTC(), Ingested: time.UnixMilli(aws.ToInt64(event.IngestionTime)).UTC(),
		Stream: aws.ToString(event.LogStreamName), Message: aws.ToString(event.Message),
	}
	if err := emit(found); err != nil {
		return time.Time{}, err
	}
	r.told[id] = found.Time
	return found.Time, nil
}

// page asks for one page, again and again while AWS wants less of it; who follows outlasts also AWS's own errors and a
// network that is away.
func (r *reader) page(ctx context.Context, token *string) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	input := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String(r.query.Group), StartTime: aws.Int64(r.from.UnixMilli()), NextToken: token}
	if r.query.Pattern != "" {
		input.FilterPattern = aws.String(r.query.Pattern)
	}
	wait := r.env.Every(time.Second)
	for try := 1; ; try++ {
		page, err := r.client.FilterLogEvents(ctx, input)
		if err == nil {
			return page, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("reading the log %s: %w", r.query.Group, ctx.Err())
		}
		if !throttled(err) && !(r.query.Follow && passing(err)) || !r.query.Follow && try >= outlast {
			return nil, r.explain(err)
		}
		if try == 1 {
			r.env.Say("the log %s cannot be read for now, trying again: %v", r.query.Group, reason(err))
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
		wait = min(2*wait, r.env.Every(longest))
	}
}

func (r *reader) explain(err error) error {
	what := "reading the log " + r.query.Group
	switch {
	case ops.IsCode(err, "ResourceNotFoundException"):
		return &ops.Problem{What: what, Why: "there is no such log group in " + r.env.Region, Err: err,
			Next: "`itrack deploy " + r.env.Settings.Environment + "` makes it"}
	case ops.IsCode(err, "InvalidParameterException") && r.query.Pattern != "":
		return &ops.Problem{Kind: ops.Usage, What: what, Why: "CloudWatch does not take the pattern " + r.query.Pattern, Err: err,
			Next: "--filter TEXT looks for a text as it stands; --pattern takes CloudWatch's filter pattern syntax"}
	}
	return ops.Explain(what, err)
}

func reason(err error) string {
	var answer smithy.APIError
	if errors.As(err, &answer) {
		return answer.ErrorCode()
	}
	return err.Error()
}

func throttled(err error) bool {
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return false
	}
	return slices.ContainsFunc([]string{"Throttl", "TooManyRequests", "LimitExceeded", "SlowDown"}, func(part string) bool { return strings.Contains(answer.ErrorCode(), part) })
}

// passing errors are AWS's own and the network's.
func passing(err error) bool {
	var response *smithyhttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() >= 500 {
		return true
	}
	var network *net.OpError
	var unknown *net.DNSError
	return errors.As(err, &network) || errors.As(err, &unknown)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("reading the log: %w", ctx.Err())
	case <-timer.C:
		return nil
	}
}
