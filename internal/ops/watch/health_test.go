package watch_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/watch"
)

func TestHealth(t *testing.T) {
	p, ctx := newPlace(t), context.Background()
	look := func(t *testing.T) watch.Report {
		t.Helper()
		report, err := watch.Health(ctx, p.env, p.out, nil)
		require.NoError(t, err)
		require.Equal(t, len(report.Problems()) == 0, report.Healthy)
		return report
	}
	t.Run("all is well", func(t *testing.T) {
		report := look(t)
		require.True(t, report.Healthy, report.Problems())
		var found []string
		for _, check := range report.Checks {
			found = append(found, check.Kind+" "+string(check.State)+" "+check.Detail)
		}
		require.Equal(t, []string{
			"site healthy 200 OK", "api healthy 200 OK, ok", "service healthy 2 of 2 tasks running, " + p.revision(t), "targets healthy 2 healthy",
			"alarm healthy no alarm is in ALARM", "alarm healthy no alarm is in ALARM",
		}, found)
		require.Equal(t, "backend "+p.out.APIURL+"/api/health", report.Checks[1].Name)
		require.Positive(t, report.Checks[1].LatencyMillis)
		require.Empty(t, p.cloud.Changes(), "it looks and changes nothing")
	})
	t.Run("a failing dependency is named", func(t *testing.T) {
		p.api.status.Store(503)
		p.api.body.Store(`{"state":"failing","checks":[{"name":"mysql","state":"failing","reason":"no answer in time"},{"name":"items","state":"ok"}]}`)
		defer func() { p.api.status.Store(200); p.api.body.Store(well) }()
		require.Equal(t, []string{"api backend " + p.out.APIURL + "/api/health: 503 Service Unavailable, failing: mysql failing no answer in time"}, look(t).Problems())
	})
	t.Run("a path that the gateway keeps private is no failure", func(t *testing.T) {
		p.api.status.Store(403)
		p.api.kind.Store("MissingAuthenticationTokenException")
		report := look(t)
		require.Equal(t, watch.Private, report.Checks[1].State)
		require.True(t, report.Healthy)
		p.api.kind.Store("ForbiddenException") // the web ACL's
		require.Len(t, look(t).Problems(), 1)
		p.api.kind.Store("")
		p.api.status.Store(200)
		quiet := *p.env
		quiet.Ready = nil
		report, err := watch.Health(ctx, &quiet, p.out, nil)
		require.NoError(t, err)
		require.Equal(t, watch.Private, report.Checks[1].State)
	})
	t.Run("alarms of every region, this environment's alone", func(t *testing.T) {
		alarm(t, p.env.Primary(), "itrack-rds-cpu-staging")
		alarm(t, p.env.Recovery(), "itrack-copies-fresh-staging")
		alarm(t, p.env.Primary(), "itrack-rds-cpu-production")
		alarm(t, p.env.Primary(), "somebody-elses-staging")
		alarm(t, p.env.Primary(), "itrack-burn-1h-long-staging")
		_, err := p.env.Primary().CloudWatch().PutCompositeAlarm(ctx, &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("itrack-availability-staging"), AlarmRule: aws.String(`ALARM("itrack-burn-1h-long-staging")`)})
		require.NoError(t, err)
		setAlarm(t, p.env.Primary(), "itrack-availability-staging", types.StateValueAlarm)
		problems := look(t).Problems()
		require.Len(t, problems, 3)
		require.Contains(t, problems[0], "alarm itrack-availability-staging: in ALARM in us-east-1 since ")
		require.Contains(t, problems[1], "alarm itrack-copies-fresh-staging: in ALARM in us-west-2 since ")
		require.Contains(t, problems[2], "alarm itrack-rds-cpu-staging: in ALARM in us-east-1 since ")
		require.Contains(t, problems[2], ": Threshold Crossed")
		for place, names := range map[string][]string{"us-east-1": {"itrack-rds-cpu-staging", "itrack-availability-staging"}, "us-west-2": {"itrack-copies-fresh-staging"}} {
			for _, name := range names {
				setAlarm(t, p.env.In(place), name, types.StateValueOk)
			}
		}
		require.True(t, look(t).Healthy)
	})
	t.Run("targets", func(t *testing.T) {
		p.deregister(t, "10.0.0.10", "10.0.0.11")
		require.Equal(t, []string{"targets backend itrack-backend-blue-staging: no target"}, look(t).Problems())
		p.register(t, "10.0.0.10", "10.0.0.11")
	})
	t.Run("no task wanted", func(t *testing.T) {
		p.scale(t, 0)
		require.Equal(t, []string{"service backend: no task is wanted"}, look(t).Problems())
		p.scale(t, 2)
	})
	t.Run("what may not be asked is unknown, and not well", func(t *testing.T) {
		defer p.cloud.Heal()
		p.cloud.Fail(opstest.Fault{Service: "monitoring", Status: 403, Code: "AccessDenied"})
		p.cloud.Fail(opstest.Fault{Service: "ecs", Status: 500, Code: "ServerException"})
		problems := look(t).Problems()
		require.Len(t, problems, 3)
		require.Contains(t, problems[0], "service "+p.out.Cluster+": asking for the services of the cluster "+p.out.Cluster+": ServerException")
		require.Contains(t, problems[1], "asking for the alarms in us-east-1: AccessDenied: injected by the test; what to do: the role in use lacks this right")
		require.Contains(t, problems[2], "asking for the alarms in us-west-2: AccessDenied")
	})
	t.Run("throttling is outlasted", func(t *testing.T) {
		defer p.cloud.Heal()
		p.cloud.Fail(opstest.Fault{Service: "monitoring", Times: 2, Status: 400, Code: "ThrottlingException"})
		p.cloud.Fail(opstest.Fault{Service: "elasticloadbalancing", Times: 2, Status: 400, Code: "Throttling"})
		p.cloud.Fail(opstest.Fault{Service: "ecs", Times: 1, Lost: true})
		require.True(t, look(t).Healthy)
	})
	t.Run("nobody there, and too slow", func(t *testing.T) {
		out := p.out
		out.SiteURL = "http://127.0.0.1:1"
		report, err := watch.Health(ctx, p.env, out, nil)
		require.NoError(t, err)
		require.Len(t, report.Problems(), 1)
		require.Contains(t, report.Problems()[0], "site http://127.0.0.1:1: ")
		require.Contains(t, report.Problems()[0], "connection refused")
		blocked := make(chan struct{})
		slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-blocked }))
		defer slow.Close()
		defer close(blocked)
		out.SiteURL = slow.URL
		report, err = watch.Health(ctx, p.env, out, &http.Client{Timeout: 20 * time.Millisecond})
		require.NoError(t, err)
		require.Contains(t, report.Problems()[0], "site "+slow.URL)
	})
	t.Run("a missing service, and a cancelled look", func(t *testing.T) {
		out := p.out
		out.Services = map[string]string{"backend": "itrack-gone-service"}
		report, err := watch.Health(ctx, p.env, out, nil)
		require.NoError(t, err)
		require.Equal(t, []string{"service backend: ECS says MISSING"}, report.Problems())
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		_, err = watch.Health(cancelled, p.env, p.out, nil)
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("waiting", func(t *testing.T) {
		p.api.status.Store(503)
		p.api.body.Store("")
		asked := p.api.asked.Load()
		go func() {
			for p.api.asked.Load() < asked+6 { // two for each look: the site and the API
				time.Sleep(time.Millisecond)
			}
			p.api.status.Store(200)
		}()
		report, err := watch.WaitHealthy(ctx, p.env, p.out, nil, time.Minute)
		require.NoError(t, err)
		require.True(t, report.Healthy)
		p.api.status.Store(503)
		report, err = watch.WaitHealthy(ctx, p.env, p.out, nil, 20*time.Millisecond)
		require.Equal(t, ops.TimedOut, ops.KindOf(err))
		require.ErrorContains(t, err, "it is still: api backend "+p.out.APIURL+"/api/health: 503 Service Unavailable")
		require.False(t, report.Healthy)
	})
}

// revision is the task definition that the service runs, family:revision.
func (p *place) revision(t *testing.T) string {
	t.Helper()
	services, err := watch.Services(context.Background(), p.env, p.out)
	require.NoError(t, err)
	answer, err := p.env.Primary().ECS().DescribeTaskDefinition(context.Background(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String(services[0].TaskDefinition)})
	require.NoError(t, err)
	require.Equal(t, int32(1), answer.TaskDefinition.Revision)
	return *answer.TaskDefinition.Family + ":1"
}
