package release_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	subject "github.com/itrack/itrack/internal/ops/release"
)

func TestFailures(t *testing.T) {
	each(t, map[string]func(*testing.T, *place){
		"migration": func(t *testing.T, p *place) {
			p.delivery.TaskEnds(opstest.End{ExitCode: 1, Log: []string{"reading migrations", "migration 7: duplicate column"}})
			_, err := p.deploy(p.image(t, "one"), nil)
			require.Equal(t, ops.Failed, ops.KindOf(err))
			require.ErrorContains(t, err, "Essential container in task exited; container backend ended with exit code 1")
			require.ErrorContains(t, err, "    reading migrations\n    migration 7: duplicate column")
			require.ErrorContains(t, err, "nothing was deployed")
			assert.Empty(t, p.delivery.Deployments())
			assert.Equal(t, p.revision("1"), p.runs(t))
			// The cure comes as another image; the first registered revisions stay, and nothing else is in the way.
			assert.Equal(t, p.revision("3"), p.deployed(t, "two").After)
		},
		"no start": func(t *testing.T, p *place) {
			p.delivery.TaskEnds(opstest.End{NoExit: true, Reason: "Task failed to start", ContainerReason: "CannotPullContainerError: no route"})
			_, err := p.deploy(p.image(t, "one"), nil)
			require.ErrorContains(t, err, "Task failed to start; container backend did not start (CannotPullContainerError: no route)")
			assert.Empty(t, p.delivery.Deployments())
		},
		"slow": func(t *testing.T, p *place) {
			p.delivery.TaskEnds(opstest.End{Hangs: true})
			digest := p.image(t, "one")
			_, err := p.deploy(digest, func(r *subject.Request) { r.Limit = 30 * time.Millisecond })
			require.Equal(t, ops.TimedOut, ops.KindOf(err))
			require.ErrorContains(t, err, "aws ecs stop-task")
			// The next run waits for the same task, and starts no second one.
			_, err = p.deploy(digest, func(r *subject.Request) { r.Limit = 30 * time.Millisecond })
			require.Equal(t, ops.TimedOut, ops.KindOf(err))
			assert.Len(t, p.delivery.TasksRun(), 1)
			assert.Contains(t, p.said.String(), "a migration that was begun before is still running")
		},
		"install": func(t *testing.T, p *place) {
			p.delivery.Next(opstest.Outcome{FailAt: "Install", Code: "HEALTH_CONSTRAINTS", Message: "tasks did not stay", Stopped: &opstest.End{
				ExitCode: 3, Log: []string{"config: DB_HOST is missing"}}})
			digest := p.image(t, "one")
			_, err := p.deploy(digest, nil)
			require.Equal(t, ops.Failed, ops.KindOf(err))
			for _, text := range []string{
				"the deployment d-000000001 has ended as Failed", "HEALTH_CONSTRAINTS: tasks did not stay", "lifecycle event Install failed",
				"stopped: Essential container in task exited; container backend ended with exit code 3", "    config: DB_HOST is missing",
				"now: the traffic is back at " + p.revision("1") + ", and that was verified",
			} {
				require.ErrorContains(t, err, text)
			}
			assert.Equal(t, p.revision("1"), p.runs(t))
			assert.Equal(t, []string{"d-000000001 Failed", "d-000000002 Succeeded"}, p.delivery.Deployments())
			assert.Nil(t, p.running(t).Deployment)
			again, err := p.deploy(digest, nil)
			require.NoError(t, err)
			assert.False(t, again.Services[0].Registered, "the revision is there already")
			assert.Equal(t, p.revision("2"), p.runs(t))
		},
		"hook": func(t *testing.T, p *place) {
			group, stream := "/aws/lambda/"+p.out.Functions["release-check"], "one"
			_, err := p.env.Primary().Logs().CreateLogStream(context.Background(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
			require.NoError(t, err)
			_, err = p.env.Primary().Logs().PutLogEvents(context.Background(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: []logstypes.InputLogEvent{
				{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String(`d-000000001 does not pass: status 503`)},
				{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String(`d-000000099 passes`)},
			}})
			require.NoError(t, err)
			p.delivery.Next(opstest.Outcome{FailAt: "AfterAllowTestTraffic", Code: "HOOK_EXECUTION_FAILURE", Message: "the hook failed", Diagnostic: "Hook Lambda failed"})
			_, err = p.deploy(p.image(t, "one"), nil)
			require.ErrorContains(t, err, "lifecycle event AfterAllowTestTraffic failed: Hook Lambda failed")
			require.ErrorContains(t, err, "the hook said: d-000000001 does not pass: status 503")
			assert.NotContains(t, err.Error(), "d-000000099")
		},
		"alarm": func(t *testing.T, p *place) {
			p.deployed(t, "one")
			p.delivery.Next(opstest.Outcome{FailAt: "AfterAllowTraffic", Code: "ALARM_ACTIVE", Message: "One or more alarms have been activated"})
			_, err := p.deploy(p.image(t, "two"), nil)
			require.ErrorContains(t, err, "ALARM_ACTIVE: One or more alarms have been activated")
			require.ErrorContains(t, err, "the traffic is back at "+p.revision("2"))
			assert.Equal(t, p.revision("2"), p.runs(t))
		},
		"stuck": func(t *testing.T, p *place) {
			p.delivery.Next(opstest.Outcome{FailAt: "AfterAllowTraffic", Code: "ALARM_ACTIVE", KeepsTraffic: true})
			_, err := p.deploy(p.image(t, "one"), func(r *subject.Request) { r.Limit = 200 * time.Millisecond })
			require.ErrorContains(t, err, "the traffic is NOT back: "+p.revision("2")+" has it")
		},
		"lie": func(t *testing.T, p *place) {
			p.delivery.Next(opstest.Outcome{Lies: true})
			_, err := p.deploy(p.image(t, "one"), nil)
			require.Equal(t, ops.Failed, ops.KindOf(err))
			require.ErrorContains(t, err, "CodeDeploy reports success, but "+p.revision("1")+" has the traffic and not "+p.revision("2"))
		},
		"unhealthy": func(t *testing.T, p *place) {
			p.cloud.Handle("elasticloadbalancing", "DescribeTargetHealth", func(opstest.Call) opstest.Answer {
				return opstest.Answer{Type: "text/xml", Body: []byte(`<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions><member><Target><Id>10.0.1.7</Id><Port>8080</Port></Target>` +
					`<TargetHealth><State>unhealthy</State><Reason>Target.ResponseCodeMismatch</Reason><Description>Health checks failed with these codes: [500]</Description></TargetHealth></member>` +
					`</TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>`)}
			})
			p.delivery.Next(opstest.Outcome{FailAt: "AfterInstall", Code: "HEALTH_CONSTRAINTS", Diagnostic: "not steady"})
			// The rollback takes its time: the new tasks are looked at first.
			_, err := p.deploy(p.image(t, "one"), nil)
			require.ErrorContains(t, err, "target 10.0.1.7 is unhealthy: Health checks failed with these codes: [500] (Target.ResponseCodeMismatch)")
		},
		"resume": func(t *testing.T, p *place) {
			p.delivery.Next(opstest.Outcome{HangAt: "AllowTestTraffic"})
			digest := p.image(t, "one")
			_, err := p.deploy(digest, func(r *subject.Request) { r.Limit = 100 * time.Millisecond })
			require.Equal(t, ops.TimedOut, ops.KindOf(err))
			require.ErrorContains(t, err, "AllowTestTraffic InProgress")
			require.ErrorContains(t, err, "itrack rollback resume")
			// Another image is refused, with the way out; the same one is watched.
			_, err = p.deploy(p.image(t, "two"), nil)
			require.Equal(t, ops.Refused, ops.KindOf(err))
			require.ErrorContains(t, err, "the deployment d-000000001 of another version ("+p.revision("2")+") is under way")
			p.delivery.Release()
			p.cloud.Forget()
			result, err := p.deploy(digest, nil)
			require.NoError(t, err)
			assert.True(t, result.Services[0].Resumed)
			assert.Equal(t, "d-000000001", result.Services[0].Deployment)
			assert.Equal(t, subject.Deployed, result.Services[0].Action)
			assert.Empty(t, p.cloud.Changes())
		},
		"cancel": func(t *testing.T, p *place) {
			p.delivery.Next(opstest.Outcome{HangAt: "AllowTraffic"})
			ctx, cancel := context.WithCancel(context.Background())
			say := p.env.Say
			p.env.Say = func(format string, a ...any) {
				say(format, a...)
				if strings.Contains(p.said.String(), "AllowTraffic InProgress") {
					cancel()
				}
			}
			_, err := subject.Deploy(ctx, p.env, p.out, subject.Request{Images: map[string]string{"backend": p.image(t, "one")}})
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorContains(t, err, "the deployment d-000000001 of backend goes on")
			require.ErrorContains(t, err, "`itrack rollback cancel` stops it")
			assert.Equal(t, []string{"d-000000001 InProgress"}, p.delivery.Deployments())
		},
	})
}

func TestFaults(t *testing.T) {
	each(t, map[string]func(*testing.T, *place){
		"throttled": func(t *testing.T, p *place) {
			digest := p.image(t, "one")
			for _, action := range []string{"DescribeServices", "RegisterTaskDefinition", "RunTask"} {
				p.cloud.Fail(opstest.Fault{Service: "ecs", Action: action, Times: 2, Status: 400, Code: "ThrottlingException"})
			}
			p.cloud.Fail(opstest.Fault{Service: "codedeploy", Times: 2, Status: 400, Code: "ThrottlingException"})
			_, err := p.deploy(digest, nil)
			require.NoError(t, err)
			assert.Equal(t, p.revision("2"), p.runs(t))
		},
		"lost": func(t *testing.T, p *place) {
			// AWS has done it and the answer is lost: nothing is done twice.
			digest := p.image(t, "one")
			p.cloud.Fail(opstest.Fault{Service: "codedeploy", Action: "CreateDeployment", Times: 1, Lost: true})
			p.cloud.Fail(opstest.Fault{Service: "ecs", Action: "RunTask", Times: 1, Lost: true})
			result, err := p.deploy(digest, nil)
			require.NoError(t, err)
			assert.True(t, result.Services[0].Resumed)
			assert.Equal(t, []string{"d-000000001 Succeeded"}, p.delivery.Deployments())
			assert.Len(t, p.delivery.TasksRun(), 1)
		},
		"denied": func(t *testing.T, p *place) {
			digest := p.image(t, "one")
			for _, call := range []string{"ecs DescribeServices", "ecs DescribeTaskDefinition", "codedeploy ListDeployments", "ecr DescribeImages", "monitoring DescribeAlarms",
				"ecs RegisterTaskDefinition", "ecs RunTask", "codedeploy CreateDeployment"} {
				service, action, _ := strings.Cut(call, " ")
				p.cloud.Fail(opstest.Fault{Service: service, Action: action, Status: 400, Code: "AccessDeniedException"})
				_, err := p.deploy(digest, nil)
				require.Equal(t, ops.Failed, ops.KindOf(err), call)
				require.ErrorContains(t, err, "AccessDeniedException", call)
				require.ErrorContains(t, err, "lacks this right", call)
				p.cloud.Heal()
			}
			assert.Empty(t, p.delivery.Deployments())
			assert.Equal(t, p.revision("1"), p.runs(t))
		},
		"broken": func(t *testing.T, p *place) {
			digest := p.image(t, "one")
			p.cloud.Fail(opstest.Fault{Service: "codedeploy", Action: "GetDeploymentTarget", Status: 500, Code: "InternalFailure"})
			_, err := p.deploy(digest, nil)
			require.ErrorContains(t, err, "InternalFailure")
			require.ErrorContains(t, err, "the deployment d-000000001 of backend goes on")
			require.ErrorContains(t, err, "`itrack rollback broken` stops it")
			p.cloud.Heal()
			// The deployment went on: the next run takes it up.
			result, err := p.deploy(digest, nil)
			require.NoError(t, err)
			assert.True(t, result.Services[0].Resumed)
		},
		"blind": func(t *testing.T, p *place) {
			// What can't be read of the reasons is said, and hides nothing else.
			p.delivery.Next(opstest.Outcome{FailAt: "Install", Code: "HEALTH_CONSTRAINTS", Message: "tasks did not stay"})
			digest := p.image(t, "one")
			p.cloud.Fail(opstest.Fault{Service: "ecs", Action: "ListTasks", After: 2, Status: 400, Code: "AccessDeniedException"})
			_, err := p.deploy(digest, nil)
			require.ErrorContains(t, err, "HEALTH_CONSTRAINTS: tasks did not stay")
			require.ErrorContains(t, err, "(not known: listing stopped tasks: AccessDeniedException")
			require.ErrorContains(t, err, "and that was verified")
		},
		"killed": func(t *testing.T, p *place) {
			// Killed after each of the calls that change something: the next run completes it, and does nothing twice.
			digest := p.image(t, "one")
			for _, last := range []string{"ecs RegisterTaskDefinition", "ecs RunTask", "codedeploy CreateDeployment"} {
				ctx, cancel := context.WithCancel(context.Background())
				p.cloud.Forget()
				finished := make(chan error, 1)
				go func() {
					_, err := subject.Deploy(ctx, p.env, p.out, subject.Request{Images: map[string]string{"backend": digest}})
					finished <- err
				}()
				require.Eventually(t, func() bool { return strings.Contains(strings.Join(p.cloud.Changes(), ","), last) }, 10*time.Second, time.Millisecond)
				cancel()
				<-finished
			}
			result, err := p.deploy(digest, nil)
			require.NoError(t, err)
			assert.Contains(t, []string{subject.Deployed, subject.Unchanged}, result.Services[0].Action)
			assert.Equal(t, p.revision("2"), p.runs(t), "one revision was registered")
			assert.Len(t, p.delivery.Deployments(), 1)
		},
	})
}
