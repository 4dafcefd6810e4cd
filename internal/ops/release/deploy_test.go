package release_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	subject "github.com/itrack/itrack/internal/ops/release"
)

func line(to *strings.Builder, format string, a ...any) { fmt.Fprintf(to, format+"\n", a...) }

func TestDeploy(t *testing.T) {
	each(t, map[string]func(*testing.T, *place){
		"first": func(t *testing.T, p *place) {
			digest := p.image(t, "one")
			p.cloud.Forget()
			result, err := p.deploy(digest, nil)
			require.NoError(t, err)
			done := result.Services[0]
			assert.Equal(t, subject.Deployed, done.Action)
			assert.Equal(t, p.revision("1"), done.Before)
			assert.Equal(t, p.revision("2"), done.After)
			assert.Equal(t, p.wanted().Repository+"@"+digest, done.Image)
			assert.True(t, done.Registered)
			assert.Equal(t, []string{"command", "healthCheck", "image: " + opstest.Bootstrap + " to " + done.Image}, done.Differences)
			assert.Nil(t, done.KeptUntil, "the deployment had ended")
			assert.Equal(t, []string{"d-000000001 Succeeded"}, p.delivery.Deployments())
			assert.Equal(t, []string{p.wanted().MigrationTask["family"].(string) + ":1"}, p.delivery.TasksRun())
			assert.Equal(t, []string{"ecs RegisterTaskDefinition", "ecs RegisterTaskDefinition", "ecs RunTask", "codedeploy CreateDeployment"}, p.cloud.Changes())
			checkSpec(t, p, done)
			run := p.running(t)
			assert.Equal(t, digest, run.Digest)
			assert.Equal(t, 2, run.Revision)
			assert.False(t, run.Bootstrap)
			assert.EqualValues(t, 2, run.Running)
			assert.Nil(t, run.Deployment)

			// Again: nothing is wanted that does not run.
			p.cloud.Forget()
			again, err := p.deploy(digest, nil)
			require.NoError(t, err)
			assert.Equal(t, subject.Unchanged, again.Services[0].Action)
			assert.Empty(t, p.cloud.Changes())
			differences, err := subject.Differences(context.Background(), p.env, p.out)
			require.NoError(t, err)
			assert.Empty(t, differences)
		},
		"restart": func(t *testing.T, p *place) {
			first := p.deployed(t, "one")
			// Nothing differs: without the wish there is no deployment, with it new tasks of the same image, which can be told from the old.
			p.cloud.Forget()
			result, err := p.deploy("", func(r *subject.Request) { r.Restart = true })
			require.NoError(t, err)
			done := result.Services[0]
			assert.Equal(t, subject.Deployed, done.Action)
			assert.Equal(t, []string{"new tasks were asked for"}, done.Differences)
			assert.Equal(t, first.Image, done.Image)
			assert.Equal(t, p.revision("3"), done.After)
			assert.Equal(t, []string{"ecs RegisterTaskDefinition", "ecs RunTask", "codedeploy CreateDeployment"}, p.cloud.Changes())
			assert.Equal(t, 3, p.running(t).Revision)
			// A dry run says it, and a revision that a run which was ended has left is taken.
			dry, err := p.deploy("", func(r *subject.Request) { r.Restart, r.DryRun = true, true })
			require.NoError(t, err)
			assert.Equal(t, subject.WouldDeploy, dry.Services[0].Action)
			p.cloud.Fail(opstest.Fault{Service: "codedeploy", Action: "CreateDeployment", Times: 1, Status: 403, Code: "AccessDeniedException"})
			_, err = p.deploy("", func(r *subject.Request) { r.Restart = true })
			require.Error(t, err)
			p.cloud.Forget()
			result, err = p.deploy("", func(r *subject.Request) { r.Restart = true })
			require.NoError(t, err)
			assert.Equal(t, p.revision("4"), result.Services[0].After)
			assert.Equal(t, []string{"ecs RunTask", "codedeploy CreateDeployment"}, p.cloud.Changes())
		},
		"bootstrap": func(t *testing.T, p *place) {
			result, err := p.deploy("", nil)
			require.NoError(t, err)
			assert.Equal(t, subject.Bootstrap, result.Services[0].Action)
			assert.Contains(t, p.said.String(), "the bootstrap image "+opstest.Bootstrap+" runs")
			assert.Empty(t, p.cloud.Changes())
			assert.True(t, p.running(t).Bootstrap)
			differences, err := subject.Differences(context.Background(), p.env, p.out)
			require.NoError(t, err)
			assert.Empty(t, differences)
		},
		"bake": func(t *testing.T, p *place) {
			p.delivery.Next(opstest.Outcome{BakeLooks: -1})
			first := p.deployed(t, "one")
			require.NotNil(t, first.KeptUntil)
			assert.WithinDuration(t, time.Now().Add(time.Hour), *first.KeptUntil, time.Minute)
			run := p.running(t)
			require.NotNil(t, run.Deployment)
			assert.True(t, run.Deployment.Moved)
			p.cloud.Forget()
			same, err := p.deploy(run.Digest, nil)
			require.NoError(t, err)
			assert.Equal(t, subject.Unchanged, same.Services[0].Action)

			second := p.image(t, "two")
			_, err = p.deploy(second, nil)
			require.Equal(t, ops.Refused, ops.KindOf(err))
			require.ErrorContains(t, err, "the deployment d-000000001 has moved its traffic")
			require.ErrorContains(t, err, "--end-bake")
			assert.Equal(t, []string{"ecr PutImage"}, p.cloud.Changes())
			result, err := p.deploy(second, func(r *subject.Request) { r.EndBake = true })
			require.NoError(t, err)
			assert.Equal(t, subject.Deployed, result.Services[0].Action)
			assert.Equal(t, []string{"d-000000001 Succeeded", "d-000000002 Succeeded"}, p.delivery.Deployments())
		},
		"termination": func(t *testing.T, p *place) {
			p.delivery.Next(opstest.Outcome{BakeLooks: 5})
			result, err := p.deploy(p.image(t, "one"), func(r *subject.Request) { r.WaitTermination = true })
			require.NoError(t, err)
			assert.Nil(t, result.Services[0].KeptUntil)
			assert.Equal(t, []string{"d-000000001 Succeeded"}, p.delivery.Deployments())
		},
		"dry run": func(t *testing.T, p *place) {
			digest := p.image(t, "one")
			p.cloud.Forget()
			result, err := p.deploy(digest, func(r *subject.Request) { r.DryRun = true })
			require.NoError(t, err)
			assert.Equal(t, subject.WouldDeploy, result.Services[0].Action)
			assert.Empty(t, p.cloud.Changes())
		},
		"wanted": func(t *testing.T, p *place) {
			p.deployed(t, "one")
			wanted := p.wanted()
			wanted.TaskDefinition["cpu"], wanted.TaskDefinition["memory"] = "512", "1024"
			container := wanted.TaskDefinition["containerDefinitions"].([]any)[0].(map[string]any)
			variables := container["environment"].([]any)
			variables[0].(map[string]any)["value"] = "https://example.com"
			container["environment"] = append(variables, map[string]any{"name": "NEW", "value": "1"})
			wanted.CapacityProviderStrategy = wanted.CapacityProviderStrategy[:1]
			wanted.NetworkConfiguration.AwsvpcConfiguration.Subnets = wanted.NetworkConfiguration.AwsvpcConfiguration.Subnets[:1]
			p.out.Releases["backend"] = wanted
			expected := []string{
				"environment ALLOWED_ORIGINS", "environment NEW", "cpu: 256 to 512", "memory: 512 to 1024", "subnets",
				"capacityProviders: FARGATE base 1 weight 20, FARGATE_SPOT base 0 weight 80 to FARGATE base 1 weight 20",
			}
			differences, err := subject.Differences(context.Background(), p.env, p.out)
			require.NoError(t, err)
			assert.Equal(t, map[string][]string{"backend": expected}, differences)
			result, err := p.deploy("", nil)
			require.NoError(t, err)
			assert.Equal(t, subject.Deployed, result.Services[0].Action)
			assert.Equal(t, expected, result.Services[0].Differences)
			assert.Equal(t, p.revision("3"), p.runs(t))
			differences, err = subject.Differences(context.Background(), p.env, p.out)
			require.NoError(t, err)
			assert.Empty(t, differences)
		},
		"inputs": func(t *testing.T, p *place) {
			for given, why := range map[string]string{
				"v1.2": "it is no digest", "sha256:12": "it is no digest",
				"example.com/other@sha256:" + strings.Repeat("a", 64): "pull from " + p.wanted().Repository + " alone",
				"sha256:" + strings.Repeat("a", 64):                   "the repository has no such image",
			} {
				_, err := p.deploy(given, nil)
				require.Equal(t, ops.Usage, ops.KindOf(err), given)
				require.ErrorContains(t, err, why)
			}
			_, err := p.deploy("", func(r *subject.Request) { r.Images = map[string]string{"nobody": "sha256:" + strings.Repeat("a", 64)} })
			require.ErrorContains(t, err, "the stack has no such service")
			_, err = p.deploy("", func(r *subject.Request) { r.Functions = map[string]string{"nobody": ""} })
			require.ErrorContains(t, err, "the stack has no such function")
			_, err = subject.Running(context.Background(), p.env, p.out, "nobody")
			require.Equal(t, ops.Usage, ops.KindOf(err))
			wanted := p.wanted()
			wanted.Service = "gone"
			p.out.Releases["backend"] = wanted
			_, err = p.deploy("", nil)
			require.ErrorContains(t, err, "ECS has no service gone")
			assert.Empty(t, p.cloud.Changes())
		},
		"alarm": func(t *testing.T, p *place) {
			digest := p.image(t, "one")
			opstest.SetAlarm(t, p.env, p.wanted().AlarmNames[0], "ALARM")
			p.cloud.Forget()
			_, err := p.deploy(digest, nil)
			require.Equal(t, ops.Refused, ops.KindOf(err))
			require.ErrorContains(t, err, "an alarm that rolls deployments back is red: "+p.wanted().AlarmNames[0]+" (set by the test)")
			assert.Empty(t, p.cloud.Changes())
			_, err = p.deploy(digest, func(r *subject.Request) { r.DespiteAlarms = true })
			require.NoError(t, err)
			assert.False(t, p.delivery.AlarmsWatched("d-000000001"))
			assert.Equal(t, p.revision("2"), p.runs(t))
		},
	})
}

// checkSpec: the AppSpec carries everything, for what it leaves out is lost.
func checkSpec(t *testing.T, p *place, done subject.ServiceResult) {
	t.Helper()
	var spec map[string]any
	require.NoError(t, json.Unmarshal([]byte(p.delivery.Spec(done.Deployment)), &spec))
	vpc := p.wanted().NetworkConfiguration.AwsvpcConfiguration
	expected := map[string]any{
		"version": "0.0",
		"Resources": []any{map[string]any{"TargetService": map[string]any{"Type": "AWS::ECS::Service", "Properties": map[string]any{
			"TaskDefinition":   p.running(t).TaskDefinition,
			"LoadBalancerInfo": map[string]any{"ContainerName": "backend", "ContainerPort": 8080.0},
			"PlatformVersion":  "LATEST",
			"NetworkConfiguration": map[string]any{"AwsvpcConfiguration": map[string]any{
				"Subnets": []any{vpc.Subnets[0], vpc.Subnets[1]}, "SecurityGroups": []any{vpc.SecurityGroups[0]}, "AssignPublicIp": "DISABLED",
			}},
			"CapacityProviderStrategy": []any{
				map[string]any{"CapacityProvider": "FARGATE", "Base": 1.0, "Weight": 20.0}, map[string]any{"CapacityProvider": "FARGATE_SPOT", "Base": 0.0, "Weight": 80.0},
			},
		}}}},
		"Hooks": []any{map[string]any{"AfterAllowTestTraffic": p.wanted().HookFunctionArn}},
	}
	assert.Equal(t, expected, spec)
	found, err := p.env.Primary().ECS().DescribeTaskDefinition(context.Background(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String(done.After)})
	require.NoError(t, err)
	container := found.TaskDefinition.ContainerDefinitions[0]
	assert.Equal(t, done.Image, aws.ToString(container.Image))
	assert.True(t, aws.ToBool(container.ReadonlyRootFilesystem))
	assert.Equal(t, "10001:10001", aws.ToString(container.User))
	assert.Len(t, container.Secrets, 3)
}
