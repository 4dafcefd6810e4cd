package promote_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/promote"
	"github.com/itrack/itrack/internal/ops/registry"
	"github.com/itrack/itrack/internal/ops/release"
)

// answers is a client whose every request is answered with a status.
type answers struct{ status func(host string) int }

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status(r.URL.Host), Header: http.Header{"Content-Type": {"text/html"}}, Body: io.NopCloser(strings.NewReader("<html>")), Request: r}, nil
}

// world is staging and production in two accounts; staging runs a pushed image.
type world struct {
	cloud    *opstest.Cloud
	delivery *opstest.Delivery
	from, to registry.Stack
	digest   string
	zips     string
	status   func(host string) int
	tests    int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{cloud: opstest.New(t), zips: t.TempDir(), status: func(string) int { return http.StatusOK }}
	w.delivery = opstest.NewDelivery(w.cloud)
	opstest.NewSigning(w.cloud)
	for _, stack := range []struct {
		environment string
		into        *registry.Stack
	}{{"staging", &w.from}, {"production", &w.to}} {
		env := w.cloud.Open(t, stack.environment, nil)
		out := opstest.Stack(t, w.cloud, env)
		images := opstest.NewRegistry(t, env.Account)
		images.Serve(&out)
		images.Mirror(t, env)
		opstest.Targets(t, env, "backend")
		*stack.into = registry.Stack{Env: env, Out: out}
	}
	images := t.TempDir()
	w.digest = opstest.Layout(t, images, "backend", "v1.0.0", "linux/arm64")
	_, err := registry.Push(ctx, w.from.Env, w.from.Out, images, registry.Options{})
	require.NoError(t, err)
	functions := map[string]string{}
	for function := range w.from.Out.Functions {
		path := filepath.Join(w.zips, function+".zip")
		require.NoError(t, os.WriteFile(path, opstest.Zip(t, "version 1 of "+function), 0o600))
		functions[function] = path
	}
	_, err = release.Deploy(ctx, w.from.Env, w.from.Out, release.Request{Images: map[string]string{"backend": w.digest}, Functions: functions})
	require.NoError(t, err)
	w.cloud.Forget()
	return w
}

func (w *world) promotion() promote.Promotion {
	return promote.Promotion{
		From: w.from, To: w.to, Functions: w.zips, Test: func(context.Context) error { w.tests++; return nil },
		Client: &http.Client{Transport: answers{func(host string) int { return w.status(host) }}},
		Limit:  10 * time.Second, HealthLimit: 200 * time.Millisecond,
	}
}

func (w *world) running(t *testing.T) string {
	t.Helper()
	run, err := release.Running(context.Background(), w.to.Env, w.to.Out, "backend")
	require.NoError(t, err)
	return run.Digest
}

func TestPromotion(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()

	// A dry run says what would be done.
	p := w.promotion()
	p.DryRun = true
	result, err := promote.Run(ctx, p)
	require.NoError(t, err)
	require.Equal(t, w.digest, result.Plan.Services[0].Digest)
	require.Empty(t, result.Plan.Services[0].Running, "the bootstrap image has no digest")
	require.Len(t, result.Plan.Functions, 3)
	require.False(t, result.Plan.Empty())
	require.NotEmpty(t, result.Copied[0].Changes)
	require.Empty(t, w.cloud.Changes())
	require.Empty(t, w.running(t))

	// Nothing is changed without a yes, or when the tests fail.
	no := ops.Refuse("promoting", "nobody said yes", "say it")
	p = w.promotion()
	p.Confirm = func(promote.Plan) error { return no }
	_, err = promote.Run(ctx, p)
	require.ErrorIs(t, err, no)
	require.Zero(t, w.tests)
	p.Confirm = nil
	p.Test = func(context.Context) error { return errors.New("3 tests failed") }
	_, err = promote.Run(ctx, p)
	require.ErrorContains(t, err, "the test suite failed: 3 tests failed")
	require.Empty(t, w.cloud.Changes())

	// The very digest runs in production, with its signature, and so do the functions.
	result, err = promote.Run(ctx, w.promotion())
	require.NoError(t, err)
	require.True(t, result.Tested)
	require.Equal(t, 1, w.tests)
	require.Equal(t, w.digest, w.running(t))
	require.Equal(t, release.Deployed, result.Deploy.Services[0].Action)
	require.True(t, result.Health.Healthy)
	require.NoError(t, registry.Verify(ctx, w.to.Env, w.to.Out, "backend", w.digest))

	// A second run has nothing to do.
	w.cloud.Forget()
	result, err = promote.Run(ctx, w.promotion())
	require.NoError(t, err)
	require.True(t, result.Plan.Empty())
	require.Equal(t, release.Unchanged, result.Deploy.Services[0].Action)
	require.Empty(t, w.cloud.Changes())
}

func TestPromotionIsRefused(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	refused := func(why string) {
		t.Helper()
		_, err := promote.Run(ctx, w.promotion())
		require.Equal(t, ops.Refused, ops.KindOf(err), "%v", err)
		require.ErrorContains(t, err, why)
		require.Zero(t, w.tests)
		require.Empty(t, w.running(t))
	}
	// The source is ill.
	w.status = func(string) int { return http.StatusBadGateway }
	refused("staging is not healthy")
	w.status = func(string) int { return http.StatusOK }

	// The zips are not what the source runs.
	changed := filepath.Join(w.zips, "item-events.zip")
	code, err := os.ReadFile(changed)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(changed, opstest.Zip(t, "another version"), 0o600))
	refused("staging runs other code than " + changed)
	require.NoError(t, os.WriteFile(changed, code, 0o600))

	// The source runs what is not signed by its key.
	swapped := w.from.Out.SigningKeyArn
	w.from.Out.SigningKeyArn = w.to.Out.SigningKeyArn
	_, err = promote.Run(ctx, w.promotion())
	require.Error(t, err)
	require.Zero(t, w.tests)
	w.from.Out.SigningKeyArn = swapped

	// Nothing of the source was ever deployed.
	w.from, w.to = w.to, w.from
	_, err = promote.Run(ctx, w.promotion())
	require.Equal(t, ops.Refused, ops.KindOf(err), "%v", err)
	require.ErrorContains(t, err, "no image of its repository by digest")
	w.to = w.from
	_, err = promote.Run(ctx, w.promotion())
	require.Equal(t, ops.Usage, ops.KindOf(err))
}

func TestAPromotionThatEndsBadlySaysHowToGoBack(t *testing.T) {
	w := newWorld(t)
	w.status = func(host string) int {
		if w.running(t) != "" && strings.Contains(w.to.Out.SiteURL, host) {
			return http.StatusServiceUnavailable
		}
		return http.StatusOK
	}
	_, err := promote.Run(context.Background(), w.promotion())
	require.ErrorContains(t, err, "it was deployed, and is not healthy")
	require.ErrorContains(t, err, "itrack rollback production")
}

// The frontend is part of what is shown and asked for, also where nothing else changes.
func TestTheFrontendIsAskedForToo(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	opstest.Site(t, w.cloud, w.to.Env, w.to.Out)
	_, err := promote.Run(ctx, w.promotion())
	require.NoError(t, err)
	dist := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dist, "index.html"), []byte("<p>new"), 0o600))
	p := w.promotion()
	p.Frontend = dist
	w.cloud.Forget()
	no := ops.Refuse("promoting", "nobody said yes", "say it")
	p.Confirm = func(plan promote.Plan) error {
		require.False(t, plan.Empty())
		require.Equal(t, "index.html", plan.Frontend.Uploaded[0].Key)
		return no
	}
	_, err = promote.Run(ctx, p)
	require.ErrorIs(t, err, no)
	require.Empty(t, w.cloud.Changes())

	p.Confirm = nil
	result, err := promote.Run(ctx, p)
	require.NoError(t, err)
	require.True(t, result.Site.Changed())
	w.cloud.Forget()
	result, err = promote.Run(ctx, p)
	require.NoError(t, err)
	require.True(t, result.Plan.Empty())
	require.Equal(t, result.Plan.Frontend.Release, result.Site.Release)
	require.Empty(t, w.cloud.Changes())

	// Half a frontend is refused before the tests run.
	tests := w.tests
	require.NoError(t, os.WriteFile(filepath.Join(dist, "index.html"), []byte(`<script src="/app.js"></script>`), 0o600))
	_, err = promote.Run(ctx, p)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.Equal(t, tests, w.tests)
	require.Empty(t, w.cloud.Changes())
}

// Settings of a function that the target's stack has changed are in the plan, and Ctrl-C says nothing about the tests.
func TestWhatElseAPlanSays(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := promote.Run(ctx, w.promotion())
	require.NoError(t, err)
	_, err = w.to.Env.Primary().Lambda().UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String(w.to.Out.Functions["item-events"]), MemorySize: aws.Int32(512)})
	require.NoError(t, err)
	w.cloud.Forget()
	p := w.promotion()
	p.Test = func(context.Context) error { cancel(); return errors.New("make test: signal: killed") }
	result, err := promote.Run(ctx, p)
	require.ErrorIs(t, err, context.Canceled)
	require.NotContains(t, err.Error(), "the test suite failed")
	require.False(t, result.Plan.Empty())
	require.Equal(t, []string{"memory"}, result.Plan.Functions[0].Differences)
	require.Empty(t, w.cloud.Changes())
}
