package release

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type deploy struct {
	group       string
	lost, muted error
	told        []*codedeploy.PutLifecycleEventHookExecutionStatusInput
}

func (d *deploy) GetDeployment(_ context.Context, input *codedeploy.GetDeploymentInput, _ ...func(*codedeploy.Options)) (*codedeploy.GetDeploymentOutput, error) {
	if d.lost != nil {
		return nil, d.lost
	}
	return &codedeploy.GetDeploymentOutput{DeploymentInfo: &types.DeploymentInfo{DeploymentId: input.DeploymentId, DeploymentGroupName: aws.String(d.group)}}, nil
}

func (d *deploy) PutLifecycleEventHookExecutionStatus(_ context.Context, input *codedeploy.PutLifecycleEventHookExecutionStatusInput, _ ...func(*codedeploy.Options)) (*codedeploy.PutLifecycleEventHookExecutionStatusOutput, error) {
	d.told = append(d.told, input)
	return &codedeploy.PutLifecycleEventHookExecutionStatusOutput{}, d.muted
}

var event = Event{DeploymentID: "d-1", ExecutionID: "execution-1"}

func checker(d *deploy, server *httptest.Server) *Checker {
	return &Checker{
		CodeDeploy: d, HTTP: NewClient(10 * time.Second), TestURL: server.URL, Checks: map[string]string{"itrack-backend-staging": "/api/health", "itrack-audit-staging": "/audit/up"},
		Attempts: 6, Wanted: 3, Pause: time.Millisecond, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// answering serves status codes in turn, the last one for ever, and counts the requests for path.
func answering(t *testing.T, path string, codes ...int) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path || r.Method != http.MethodGet {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		n := int(asked.Add(1))
		w.WriteHeader(codes[min(n, len(codes))-1])
	}))
	t.Cleanup(server.Close)
	return server, &asked
}

func TestVerdicts(t *testing.T) {
	for name, c := range map[string]struct {
		group string
		codes []int
		want  types.LifecycleEventStatus
		asked int64
	}{
		"healthy":                       {"itrack-backend-staging", []int{200}, types.LifecycleEventStatusSucceeded, 3},
		"after a start":                 {"itrack-backend-staging", []int{503, 503, 200}, types.LifecycleEventStatusSucceeded, 5},
		"good answers must be in a row": {"itrack-backend-staging", []int{200, 200, 500, 200, 200, 500}, types.LifecycleEventStatusFailed, 6},
		"never healthy":                 {"itrack-backend-staging", []int{500}, types.LifecycleEventStatusFailed, 6},
		"no content is no health":       {"itrack-backend-staging", []int{204}, types.LifecycleEventStatusFailed, 6},
		"another service's path":        {"itrack-audit-staging", []int{200}, types.LifecycleEventStatusFailed, 0},
		"unknown group":                 {"itrack-reports-staging", []int{200}, types.LifecycleEventStatusFailed, 0},
	} {
		t.Run(name, func(t *testing.T) {
			server, asked := answering(t, "/api/health", c.codes...)
			d := &deploy{group: c.group}
			require.NoError(t, checker(d, server).Handle(context.Background(), event))
			require.Len(t, d.told, 1)
			assert.Equal(t, c.want, d.told[0].Status)
			assert.Equal(t, "d-1", *d.told[0].DeploymentId)
			assert.Equal(t, "execution-1", *d.told[0].LifecycleEventHookExecutionId)
			assert.Equal(t, c.asked, asked.Load())
		})
	}
}

func TestAnUnreadableDeploymentFails(t *testing.T) {
	server, _ := answering(t, "/api/health", 200)
	d := &deploy{lost: errors.New("denied")}
	require.NoError(t, checker(d, server).Handle(context.Background(), event))
	assert.Equal(t, types.LifecycleEventStatusFailed, d.told[0].Status)
}

// CodeDeploy waits an hour for an answer: when telling fails, Lambda must call again.
func TestTellingMustSucceed(t *testing.T) {
	server, _ := answering(t, "/api/health", 200)
	muted := errors.New("throttled")
	err := checker(&deploy{group: "itrack-backend-staging", muted: muted}, server).Handle(context.Background(), event)
	require.ErrorIs(t, err, muted)
	assert.Contains(t, err.Error(), "d-1")
}

// Where the answer to the first telling was lost, CodeDeploy has the verdict: another call would change nothing.
func TestToldBefore(t *testing.T) {
	server, _ := answering(t, "/api/health", 200)
	d := &deploy{group: "itrack-backend-staging", muted: &types.LifecycleEventAlreadyCompletedException{}}
	require.NoError(t, checker(d, server).Handle(context.Background(), event))
	require.Len(t, d.told, 1)
}

// A redirect may lead to the listener that serves the old version, which is healthy.
func TestARedirectIsNoHealth(t *testing.T) {
	old, asked := answering(t, "/api/health", 200)
	server := httptest.NewServer(http.RedirectHandler(old.URL+"/api/health", http.StatusMovedPermanently))
	t.Cleanup(server.Close)
	d := &deploy{group: "itrack-backend-staging"}
	require.NoError(t, checker(d, server).Handle(context.Background(), event))
	require.Len(t, d.told, 1)
	assert.Equal(t, types.LifecycleEventStatusFailed, d.told[0].Status)
	assert.Zero(t, asked.Load())
}

func TestAnEventOfSomebodyElse(t *testing.T) {
	server, _ := answering(t, "/api/health", 200)
	d := &deploy{}
	require.Error(t, checker(d, server).Handle(context.Background(), Event{}))
	assert.Empty(t, d.told)
}

// The verdict goes out before Lambda's time is over, however long the new version keeps us waiting.
func TestTheVerdictComesInTime(t *testing.T) {
	server, _ := answering(t, "/api/health", 500)
	d := &deploy{group: "itrack-backend-staging"}
	c := checker(d, server)
	c.Attempts, c.Pause = 1000, time.Hour
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(4*time.Second))
	defer cancel()
	require.NoError(t, c.Handle(ctx, event))
	require.NoError(t, ctx.Err(), "the function's own time must not be over")
	assert.Equal(t, types.LifecycleEventStatusFailed, d.told[0].Status)
}

func TestReadChecks(t *testing.T) {
	found, err := ReadChecks(`{"itrack-backend-staging":"/health","itrack-audit-staging":"/audit/up"}`)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"itrack-backend-staging": "/health", "itrack-audit-staging": "/audit/up"}, found)
	for name, c := range map[string]struct{ text, wanted string }{
		"nothing": {"", "JSON object"}, "a list": {"[]", "JSON object"}, "a number as path": {`{"a":1}`, "JSON object"},
		"another host": {`{"a":"@evil.example/health"}`, "begin with a slash"}, "no path": {`{"a":""}`, "begin with a slash"},
	} {
		_, err := ReadChecks(c.text)
		require.ErrorContains(t, err, "CHECKS", name)
		require.ErrorContains(t, err, c.wanted, name)
	}
}

// A setting leads to the listener that was named and to no other host.
func FuzzReadChecks(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"a":"/health"}`, `{"a":"@evil.example"}`, `{"a":"//evil.example"}`, `{"a":null}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checks, err := ReadChecks(text)
		if err != nil {
			return
		}
		for _, path := range checks {
			request, err := http.NewRequest(http.MethodGet, "http://test.example:8443"+path, nil)
			if err == nil && request.URL.Host != "test.example:8443" {
				t.Fatalf("%q leads to %q", path, request.URL.Host)
			}
		}
	})
}

// Whatever an event says: CodeDeploy hears once about each hook, and never about none.
func FuzzHandle(f *testing.F) {
	for _, seed := range []string{`{"DeploymentId":"d-1","LifecycleEventHookExecutionId":"e-1"}`, "", "{}", "[]", `{"DeploymentId":"d-1"}`, `{"DeploymentId":1}`, `{"deploymentid":"d","lifecycleeventhookexecutionid":"e"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var given Event
		if json.Unmarshal(text, &given) != nil {
			return
		}
		d := &deploy{group: "itrack-unknown-staging"}
		c := &Checker{CodeDeploy: d, Checks: map[string]string{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
		err := c.Handle(context.Background(), given)
		complete := given.DeploymentID != "" && given.ExecutionID != ""
		if complete != (err == nil) || complete != (len(d.told) == 1) {
			t.Fatalf("%+v: %d answers, %v", given, len(d.told), err)
		}
		if complete && (*d.told[0].DeploymentId != given.DeploymentID || *d.told[0].LifecycleEventHookExecutionId != given.ExecutionID) {
			t.Fatalf("%+v: another deployment was told about", given)
		}
	})
}
