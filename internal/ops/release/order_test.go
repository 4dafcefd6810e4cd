package release_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	subject "github.com/itrack/itrack/internal/ops/release"
)

// What refuses comes before what changes, and what can be taken back before what can't.
func TestTheOrder(t *testing.T) {
	each(t, map[string]func(*testing.T, *place){
		"red bake": func(t *testing.T, p *place) {
			// The way back in seconds is not given up by a run that an alarm refuses.
			p.delivery.Next(opstest.Outcome{BakeLooks: -1})
			p.deployed(t, "one")
			digest := p.image(t, "two")
			opstest.SetAlarm(t, p.env, p.wanted().AlarmNames[0], "ALARM")
			p.cloud.Forget()
			_, err := p.deploy(digest, func(r *subject.Request) { r.EndBake = true })
			require.Equal(t, ops.Refused, ops.KindOf(err))
			assert.Empty(t, p.cloud.Changes())
			assert.Equal(t, []string{"d-000000001 InProgress"}, p.delivery.Deployments())
		},
		"ill bake": func(t *testing.T, p *place) {
			// Nor by one whose migration fails.
			p.delivery.Next(opstest.Outcome{BakeLooks: -1})
			p.deployed(t, "one")
			p.delivery.TaskEnds(opstest.End{ExitCode: 1})
			_, err := p.deploy(p.image(t, "two"), func(r *subject.Request) { r.EndBake = true })
			require.ErrorContains(t, err, "exit code 1")
			assert.Equal(t, []string{"d-000000001 InProgress"}, p.delivery.Deployments())
		},
		"lost bake": func(t *testing.T, p *place) {
			// In the moment in which the wait is ended an alarm takes the traffic back: nothing is deployed on top of that.
			p.deployed(t, "one")
			p.delivery.Next(opstest.Outcome{BakeLooks: -1})
			p.deployed(t, "two")
			p.cloud.Handle("codedeploy", "ContinueDeployment", func(opstest.Call) opstest.Answer {
				_, err := p.env.Primary().CodeDeploy().StopDeployment(context.Background(), &codedeploy.StopDeploymentInput{DeploymentId: aws.String("d-000000002"), AutoRollbackEnabled: aws.Bool(true)})
				require.NoError(t, err)
				return opstest.Answer{Code: "DeploymentAlreadyCompletedException"}
			})
			_, err := p.deploy(p.image(t, "three"), func(r *subject.Request) { r.EndBake = true })
			require.Equal(t, ops.Failed, ops.KindOf(err))
			require.ErrorContains(t, err, "it has ended as Stopped, not as Succeeded")
			assert.Len(t, p.delivery.Deployments(), 3, "the third is the rollback")
		},
		"refused": func(t *testing.T, p *place) {
			// A red alarm of the service, and a package that is broken, are found before any function is changed.
			digest := p.image(t, "one")
			functions := map[string]string{}
			for function := range p.out.Functions {
				functions[function] = filepath.Join(t.TempDir(), function+".zip")
				require.NoError(t, os.WriteFile(functions[function], opstest.Zip(t, "second"), 0o600))
			}
			all := func(r *subject.Request) { r.Functions = functions }
			p.cloud.Forget()
			opstest.SetAlarm(t, p.env, p.wanted().AlarmNames[0], "ALARM")
			p.cloud.Forget()
			_, err := p.deploy(digest, all)
			require.Equal(t, ops.Refused, ops.KindOf(err))
			assert.Empty(t, p.cloud.Changes())
			opstest.SetAlarm(t, p.env, p.wanted().AlarmNames[0], "OK")
			p.cloud.Forget()
			whole, err := os.ReadFile(functions["restore-check"])
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(functions["restore-check"], []byte("no zip"), 0o600))
			_, err = p.deploy(digest, all)
			require.Equal(t, ops.Usage, ops.KindOf(err))
			assert.Empty(t, p.cloud.Changes())
			require.NoError(t, os.WriteFile(functions["restore-check"], whole, 0o600))
			result, err := p.deploy(digest, all)
			require.NoError(t, err)
			assert.Len(t, result.Functions, 3)
			assert.Equal(t, subject.Deployed, result.Services[0].Action)
		},
	})
}

func TestMigrations(t *testing.T) {
	each(t, map[string]func(*testing.T, *place){
		"unseen": func(t *testing.T, p *place) {
			// Another version's migration runs, and AWS does not tell how it goes on: no second one is started beside it.
			p.delivery.TaskEnds(opstest.End{Hangs: true})
			_, err := p.deploy(p.image(t, "one"), func(r *subject.Request) { r.Limit = 30 * time.Millisecond })
			require.Equal(t, ops.TimedOut, ops.KindOf(err))
			digest := p.image(t, "two")
			p.cloud.Fail(opstest.Fault{Service: "ecs", Action: "DescribeTasks", After: 1, Status: 400, Code: "AccessDeniedException"})
			_, err = p.deploy(digest, nil)
			require.ErrorContains(t, err, "AccessDeniedException")
			require.ErrorContains(t, err, "goes on; the next run waits for it")
			assert.Len(t, p.delivery.TasksRun(), 1)
		},
		"stopping": func(t *testing.T, p *place) {
			// One that was told to stop works on for as long as its grace lasts, and is waited for as well.
			p.delivery.TaskEnds(opstest.End{Hangs: true, Grace: 5})
			digest := p.image(t, "one")
			_, err := p.deploy(digest, func(r *subject.Request) { r.Limit = 30 * time.Millisecond })
			require.Equal(t, ops.TimedOut, ops.KindOf(err))
			client := p.env.Primary().ECS()
			found, err := client.ListTasks(context.Background(), &ecs.ListTasksInput{Cluster: aws.String(p.wanted().Cluster)})
			require.NoError(t, err)
			require.Len(t, found.TaskArns, 1)
			_, err = client.StopTask(context.Background(), &ecs.StopTaskInput{Cluster: aws.String(p.wanted().Cluster), Task: &found.TaskArns[0]})
			require.NoError(t, err)
			_, err = p.deploy(digest, nil)
			require.NoError(t, err, "the stop of the old one is no failure of the new one")
			said := p.said.String()
			waited := strings.LastIndex(said, "a migration that was begun before is still running")
			require.Greater(t, waited, 0)
			assert.Contains(t, said[waited:], "DEACTIVATING")
			assert.Len(t, p.delivery.TasksRun(), 2)
		},
		"agent": func(t *testing.T, p *place) {
			p.delivery.TaskEnds(opstest.End{Agent: true})
			p.deployed(t, "one")
			p.delivery.TaskEnds(opstest.End{Agent: true, ExitCode: 2})
			_, err := p.deploy(p.image(t, "two"), nil)
			require.ErrorContains(t, err, "container backend ended with exit code 2")
		},
	})
}

func TestFunctionsThatAreNotReady(t *testing.T) {
	each(t, map[string]func(*testing.T, *place){
		"pending": func(t *testing.T, p *place) {
			// Callers get a version when Lambda can run it, not when it is published.
			name := p.out.Functions["item-events"]
			var pending, early atomic.Int32
			pending.Store(3)
			p.cloud.Intercept(func(call opstest.Call) (opstest.Answer, bool) {
				path := call.Request.URL.Path
				switch {
				case call.Request.Method == http.MethodPut && strings.Contains(path, "/functions/"+name+"/aliases/"):
					early.Store(pending.Load())
				case strings.HasSuffix(path, "/functions/"+name+"/configuration") && call.Request.URL.Query().Get("Qualifier") == "2" && pending.Load() > 0:
					pending.Add(-1)
					text, err := json.Marshal(map[string]any{"FunctionName": name, "Version": "2", "State": "Pending", "LastUpdateStatus": "Successful"})
					return opstest.Answer{Type: "application/json", Body: text}, err == nil
				}
				return opstest.Answer{}, false
			})
			done, err := p.function(t, "second", false)
			require.NoError(t, err)
			assert.Equal(t, "2", done.After)
			assert.Zero(t, pending.Load())
			assert.Zero(t, early.Load(), "the alias moved before the version was ready")
		},
		"left": func(t *testing.T, p *place) {
			// Code that an interrupted run has uploaded holds the stack's settings back: that is said.
			name := p.out.Functions["item-events"]
			p.cloud.Fail(opstest.Fault{Service: "lambda", Action: "POST ", Status: 400, Code: "AccessDeniedException"})
			_, err := p.function(t, "second", false)
			require.Error(t, err)
			p.cloud.Heal()
			_, err = p.env.Primary().Lambda().UpdateFunctionConfiguration(context.Background(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &name, MemorySize: aws.Int32(512)})
			require.NoError(t, err)
			done, err := p.function(t, "", false)
			require.NoError(t, err)
			assert.Equal(t, subject.Unchanged, done.Action)
			assert.Contains(t, p.said.String(), "callers do not get what the stack has changed (memory)")
			assert.Contains(t, p.said.String(), "`itrack deploy-apps left`")
			assert.Equal(t, "1", p.live(t))
		},
	})
}
