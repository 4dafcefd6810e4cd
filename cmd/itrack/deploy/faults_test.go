package deploy_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/stack"
	"github.com/itrack/itrack/internal/ops/stack/stacktest"
)

// What these commands ask of AWS themselves, beside what the engine's plugin asks: the sign-in, the place of the state, and
// after a deployment the release.

// whole are the commands about a whole stack, each so that it asks nobody.
var whole = [][]string{{"preview", "staging"}, {"deploy", "staging", "--yes"}, {"validate", "staging"}, {"destroy", "staging", "--confirm", "staging"}, {"state", "unlock", "staging", "--yes"}}

// withSource gives the project what validate formats and vets.
func (s *scene) withSource() {
	s.Helper()
	s.place.Write("go.mod", "module example.com/x\n\ngo 1.24\n")
	s.place.Write("a.go", "package x\n")
	git := exec.Command("git", "init", "-q")
	git.Dir = s.place.Project
	require.NoError(s, git.Run())
}

func TestTheSignInIsThrottledOrBroken(t *testing.T) {
	s := newScene(t, func(ctx *pulumi.Context) error { return stacktest.Topic(ctx, "alarms", pulumi.String("x")) })
	s.withSource()
	for _, args := range whole {
		s.cloud.Heal()
		s.cloud.Fail(opstest.Fault{Service: "sts", Status: http.StatusInternalServerError, Code: "InternalFailure"})
		code, out, said := s.run(args...)
		require.Equal(t, cmdutil.ExitFailed, code, args)
		require.Contains(t, out+said, "asking AWS which account this is: InternalFailure", args)
		require.Contains(t, out+said, "nothing is done twice", args)
		require.Empty(t, s.place.Existing())
	}
	s.cloud.Heal()
	s.cloud.Fail(opstest.Fault{Service: "sts", Times: 2, Status: http.StatusBadRequest, Code: "Throttling"})
	code, _, said := s.run("deploy", "staging", "--yes")
	require.Equal(t, cmdutil.ExitOK, code, said)
	require.Equal(t, []string{"Topic alarms"}, s.place.Existing())
	require.Len(t, s.cloud.Calls(), 4*len(whole)+3, "outlasted: asked thrice, and once in vain by each command before, four times")
}

// inBucket gives the stack its state in a bucket, as setup-state makes one.
func (s *scene) inBucket() {
	s.Helper()
	const bucket = "itrack-pulumi-state-" + opstest.Account + "-staging"
	env := s.cloud.Open(s.T, "staging", nil)
	_, err := env.Primary().S3().CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String(bucket)})
	require.NoError(s, err)
	s.open = func(ctx context.Context) (*engine.Stack, error) {
		return s.place.OpenIn(ctx, "s3://"+bucket+"?region=us-east-1&awssdk=v2")
	}
}

func TestTheStatesPlaceIsThrottledOrBroken(t *testing.T) {
	display := "one"
	s := newScene(t, func(ctx *pulumi.Context) error { return stacktest.Topic(ctx, "alarms", pulumi.String(display)) })
	s.withSource()
	s.inBucket()
	slow := func() {
		s.cloud.Heal()
		for _, method := range []string{"GET", "PUT"} {
			s.cloud.Fail(opstest.Fault{Service: "s3", Action: method, Times: 2, Status: http.StatusServiceUnavailable, Code: "SlowDown"})
		}
	}
	slow()
	code, _, said := s.run("deploy", "staging", "--yes")
	require.Equal(t, cmdutil.ExitOK, code, said)
	require.Equal(t, []string{"Topic alarms"}, s.place.Existing())
	require.Contains(t, strings.Join(s.cloud.Changes(), "\n"), "s3 PUT /itrack-pulumi-state-123456789012-staging/.pulumi/stacks/itrack/staging.json")

	display = "two"
	for _, args := range whole {
		// It cannot be read: nothing is known, and nothing is done.
		s.cloud.Heal()
		s.cloud.Fail(opstest.Fault{Service: "s3", Action: "GET", Status: http.StatusInternalServerError, Code: "InternalError"})
		s.cloud.Forget()
		code, out, said := s.run(args...)
		require.Equal(t, cmdutil.ExitFailed, code, "%v: %s", args, said)
		require.Contains(t, out+said, "InternalError", args)
		require.Empty(t, s.cloud.Changes(), args)
		require.Equal(t, []string{"Topic alarms"}, s.place.Existing())
	}
	// It cannot be written: the lock comes before the first change.
	s.cloud.Heal()
	s.cloud.Fail(opstest.Fault{Service: "s3", Action: "PUT", Status: http.StatusInternalServerError, Code: "InternalError"})
	var result stack.Result
	code, said = s.document(&result, "deploy", "staging", "--yes")
	require.Equal(t, cmdutil.ExitFailed, code, said)
	require.Equal(t, stack.StateFailed, result.State)
	require.Zero(t, result.Done.Changing(), "nothing was begun")
	require.Contains(t, said, "InternalError")
	require.Empty(t, s.released[1:], "and nothing is released")

	slow()
	code, _, said = s.run("preview", "staging")
	require.Equal(t, cmdutil.ExitChanged, code, said)
	slow()
	code, out, said := s.run("deploy", "staging", "--yes")
	require.Equal(t, cmdutil.ExitOK, code, said)
	require.Contains(t, out, "1 updated")
	slow()
	code, out, said = s.run("validate", "staging")
	require.Equal(t, cmdutil.ExitOK, code, out+said)
	slow()
	code, _, said = s.run("destroy", "staging", "--confirm", "staging")
	require.Equal(t, cmdutil.ExitOK, code, said)
	require.Empty(t, s.place.Existing())
}

func TestTheReleaseIsThrottledOrBroken(t *testing.T) {
	s := newScene(t, func(ctx *pulumi.Context) error { return stacktest.Topic(ctx, "alarms", pulumi.String("x")) })
	opstest.NewDelivery(s.cloud)
	env := s.cloud.Open(t, "staging", nil)
	text, err := json.Marshal(opstest.Stack(t, s.cloud, env))
	require.NoError(t, err)
	s.outputs = func() (map[string]any, error) {
		var values map[string]any
		return values, json.Unmarshal(text, &values)
	}
	s.converge = true
	for _, service := range []string{"ecs", "lambda"} {
		s.cloud.Heal()
		s.cloud.Forget()
		s.cloud.Fail(opstest.Fault{Service: service, Status: http.StatusInternalServerError, Code: "ServerException"})
		var result stack.Result
		code, said := s.document(&result, "deploy", "staging", "--yes")
		require.Equal(t, cmdutil.ExitFailed, code, said)
		require.Contains(t, said, "the stack of staging is deployed; bringing what runs to the release that it wants: ")
		require.Contains(t, said, "ServerException")
		require.Contains(t, said, "AWS had an internal error, also after several attempts")
		require.False(t, result.Released)
		require.Equal(t, []string{"Topic alarms"}, s.place.Existing())
		for _, change := range s.cloud.Changes() {
			require.NotContains(t, change, "codedeploy CreateDeployment", "a deployment is not begun on half a look")
		}
	}
	s.cloud.Heal()
	for _, service := range []string{"ecs", "lambda", "codedeploy"} {
		s.cloud.Fail(opstest.Fault{Service: service, Times: 2, Status: http.StatusBadRequest, Code: "ThrottlingException"})
	}
	var result stack.Result
	code, said := s.document(&result, "deploy", "staging", "--yes")
	require.Equal(t, cmdutil.ExitOK, code, said)
	require.Equal(t, stack.StateUnchanged, result.State)
	require.True(t, result.Released)
	s.cloud.Forget()
	code, said = s.document(&result, "deploy", "staging", "--yes")
	require.Equal(t, cmdutil.ExitOK, code, said)
	require.Empty(t, s.cloud.Changes(), "a second run changes nothing")
}
