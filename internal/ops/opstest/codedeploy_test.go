package opstest_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

// revisionOf is a revision with this AppSpec.
func revisionOf(spec string) *types.RevisionLocation {
	sum := sha256.Sum256([]byte(spec))
	return &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{
		Content: aws.String(spec), Sha256: aws.String(hex.EncodeToString(sum[:])),
	}}
}

func TestTheFakeOfCodeDeployRefusesWhatAWSRefuses(t *testing.T) {
	cloud, ctx := opstest.New(t), context.Background()
	opstest.NewDelivery(cloud)
	env := cloud.Open(t, "staging", nil)
	out := opstest.Stack(t, cloud, env)
	wanted := out.Releases["backend"]
	client := env.Primary().CodeDeploy()
	good := fmt.Sprintf(`{"version":"0.0","Resources":[{"TargetService":{"Type":"AWS::ECS::Service","Properties":{"TaskDefinition":"itrack-backend-staging:1",`+
		`"LoadBalancerInfo":{"ContainerName":"backend","ContainerPort":8080},"CapacityProviderStrategy":[{"CapacityProvider":"FARGATE","Base":1,"Weight":1}]}}}],`+
		`"Hooks":[{"AfterAllowTestTraffic":%q}]}`, wanted.HookFunctionArn)
	start := func(revision *types.RevisionLocation) (*codedeploy.CreateDeploymentOutput, error) {
		return client.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
			ApplicationName: &wanted.Application, DeploymentGroupName: &wanted.DeploymentGroup, Revision: revision,
		})
	}
	for name, c := range map[string]struct{ from, to, why string }{
		"definition": {"itrack-backend-staging:1", "itrack-backend-staging:9", "task definition"},
		"container":  {`"ContainerName":"backend"`, `"ContainerName":"other"`, "no container other"},
		"port":       {"8080", "8081", "port 8081"},
		"provider":   {`"FARGATE"`, `"MOON"`, "no capacity provider MOON"},
		"function":   {":live", ":dead", "does not exist"},
		"hook":       {"AfterAllowTestTraffic", "AfterLunch", "no hook AfterLunch"},
		"field":      {`"version"`, `"edition"`, "unknown field"},
		"version":    {`"0.0"`, `"1.0"`, "version is 1.0"},
		"type":       {"AWS::ECS::Service", "AWS::EC2::Instance", "of type"},
		"json":       {`{"version"`, `"version"`, "can't be read"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := start(revisionOf(strings.Replace(good, c.from, c.to, 1)))
			require.True(t, ops.IsCode(err, "InvalidRevisionException"), "%v", err)
			require.ErrorContains(t, err, c.why)
		})
	}
	wrongSum := revisionOf(good)
	wrongSum.AppSpecContent.Sha256 = aws.String("0")
	_, err := start(wrongSum)
	require.ErrorContains(t, err, "SHA256")
	_, err = start(nil)
	require.True(t, ops.IsCode(err, "RevisionRequiredException"))
	_, err = client.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{ApplicationName: aws.String("nobody"), DeploymentGroupName: aws.String("x"), Revision: revisionOf(good)})
	require.True(t, ops.IsCode(err, "ApplicationDoesNotExistException"), "%v", err)
	_, err = client.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: aws.String("d-9")})
	require.True(t, ops.IsCode(err, "DeploymentDoesNotExistException"))
	_, err = client.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: aws.String("x")})
	require.True(t, ops.IsCode(err, "InvalidDeploymentIdException"))

	made, err := start(revisionOf(good))
	require.NoError(t, err)
	_, err = start(revisionOf(good))
	require.True(t, ops.IsCode(err, "DeploymentLimitExceededException"))
	_, err = client.ListDeploymentTargets(ctx, &codedeploy.ListDeploymentTargetsInput{DeploymentId: made.DeploymentId})
	require.True(t, ops.IsCode(err, "DeploymentNotStartedException"))
	_, err = client.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: made.DeploymentId})
	require.NoError(t, err)
	targets, err := client.ListDeploymentTargets(ctx, &codedeploy.ListDeploymentTargetsInput{DeploymentId: made.DeploymentId})
	require.NoError(t, err)
	require.Equal(t, []string{wanted.Cluster + ":" + wanted.Service}, targets.TargetIds)
	described, err := client.BatchGetDeploymentTargets(ctx, &codedeploy.BatchGetDeploymentTargetsInput{DeploymentId: made.DeploymentId, TargetIds: targets.TargetIds})
	require.NoError(t, err)
	require.Len(t, described.DeploymentTargets[0].EcsTarget.LifecycleEvents, 8)
	_, err = client.GetDeploymentTarget(ctx, &codedeploy.GetDeploymentTargetInput{DeploymentId: made.DeploymentId, TargetId: aws.String("a:b")})
	require.True(t, ops.IsCode(err, "DeploymentTargetDoesNotExistException"))
	_, err = client.ContinueDeployment(ctx, &codedeploy.ContinueDeploymentInput{DeploymentId: made.DeploymentId, DeploymentWaitType: types.DeploymentWaitTypeTerminationWait})
	require.True(t, ops.IsCode(err, "DeploymentIsNotInReadyStateException"))
	_, err = client.PutLifecycleEventHookExecutionStatus(ctx, &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: made.DeploymentId, LifecycleEventHookExecutionId: aws.String("x"), Status: types.LifecycleEventStatusSucceeded})
	require.True(t, ops.IsCode(err, "LifecycleEventAlreadyCompletedException"))
	_, err = client.StopDeployment(ctx, &codedeploy.StopDeploymentInput{DeploymentId: made.DeploymentId})
	require.NoError(t, err)
	_, err = client.StopDeployment(ctx, &codedeploy.StopDeploymentInput{DeploymentId: made.DeploymentId})
	require.True(t, ops.IsCode(err, "DeploymentAlreadyCompletedException"))
	application, err := client.GetApplication(ctx, &codedeploy.GetApplicationInput{ApplicationName: &wanted.Application})
	require.NoError(t, err)
	require.False(t, aws.ToTime(application.Application.CreateTime).IsZero())
	group, err := client.GetDeploymentGroup(ctx, &codedeploy.GetDeploymentGroupInput{ApplicationName: &wanted.Application, DeploymentGroupName: &wanted.DeploymentGroup})
	require.NoError(t, err)
	require.Equal(t, wanted.Service, aws.ToString(group.DeploymentGroupInfo.EcsServices[0].ServiceName))

	// Another account sees nothing of it.
	other := cloud.Open(t, "production", nil)
	_, err = other.Primary().CodeDeploy().GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: made.DeploymentId})
	require.True(t, ops.IsCode(err, "DeploymentDoesNotExistException"))

	checkTasks(t, env, out)
}

func TestAHookDecides(t *testing.T) {
	cloud, ctx := opstest.New(t), context.Background()
	delivery := opstest.NewDelivery(cloud)
	env := cloud.Open(t, "staging", nil)
	wanted := opstest.Stack(t, cloud, env).Releases["backend"]
	client := env.Primary().CodeDeploy()
	spec := fmt.Sprintf(`{"version":"0.0","Resources":[{"TargetService":{"Type":"AWS::ECS::Service","Properties":{"TaskDefinition":"itrack-backend-staging:1",`+
		`"LoadBalancerInfo":{"ContainerName":"backend","ContainerPort":8080}}}}],"Hooks":[{"AfterAllowTestTraffic":%q}]}`, wanted.HookFunctionArn)
	for status, ends := range map[types.LifecycleEventStatus]types.DeploymentStatus{
		types.LifecycleEventStatusSucceeded: types.DeploymentStatusSucceeded, types.LifecycleEventStatusFailed: types.DeploymentStatusFailed,
	} {
		delivery.Next(opstest.Outcome{HangAt: "AfterAllowTestTraffic"})
		made, err := client.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{ApplicationName: &wanted.Application, DeploymentGroupName: &wanted.DeploymentGroup, Revision: revisionOf(spec)})
		require.NoError(t, err)
		last := types.DeploymentStatus("")
		look := func() {
			for range 12 {
				found, err := client.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: made.DeploymentId})
				require.NoError(t, err)
				last = found.DeploymentInfo.Status
				if rollback := found.DeploymentInfo.RollbackInfo; rollback != nil && rollback.RollbackDeploymentId != nil {
					_, err = client.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: rollback.RollbackDeploymentId})
					require.NoError(t, err)
				}
			}
		}
		look()
		require.Equal(t, types.DeploymentStatusInProgress, last)
		_, err = client.PutLifecycleEventHookExecutionStatus(ctx, &codedeploy.PutLifecycleEventHookExecutionStatusInput{
			DeploymentId: made.DeploymentId, LifecycleEventHookExecutionId: aws.String("x"), Status: status})
		require.NoError(t, err)
		look()
		require.Equal(t, ends, last)
	}
	ids, pages := 0, 0
	all := codedeploy.NewListDeploymentsPaginator(client, &codedeploy.ListDeploymentsInput{ApplicationName: &wanted.Application, DeploymentGroupName: &wanted.DeploymentGroup})
	for all.HasMorePages() {
		page, err := all.NextPage(ctx)
		require.NoError(t, err)
		ids += len(page.Deployments)
		pages++
	}
	require.Equal(t, 3, ids, "two and the rollback of one: %v", delivery.Deployments())
	require.Equal(t, 1, pages)
}

// checkTasks: what the fake of one-off tasks refuses, and how tasks end.
func checkTasks(t *testing.T, env *ops.Environment, out ops.Outputs) {
	t.Helper()
	ctx, client := context.Background(), env.Primary().ECS()
	wanted := out.Releases["backend"]
	network := &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{Subnets: wanted.NetworkConfiguration.AwsvpcConfiguration.Subnets}}
	good := ecs.RunTaskInput{Cluster: &wanted.Cluster, TaskDefinition: aws.String("itrack-backend-staging:1"), LaunchType: ecstypes.LaunchTypeFargate,
		NetworkConfiguration: network, ClientToken: aws.String("once"), StartedBy: aws.String("me")}
	for code, change := range map[string]func(*ecs.RunTaskInput){
		"ClusterNotFoundException": func(i *ecs.RunTaskInput) { i.Cluster = aws.String("nobody") },
		"ClientException":          func(i *ecs.RunTaskInput) { i.TaskDefinition = aws.String("itrack-backend-staging:9") },
		"InvalidParameterException": func(i *ecs.RunTaskInput) {
			i.CapacityProviderStrategy = []ecstypes.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE")}}
		},
	} {
		bad := good
		change(&bad)
		_, err := client.RunTask(ctx, &bad)
		require.True(t, ops.IsCode(err, code), "%s: %v", code, err)
	}
	for _, change := range []func(*ecs.RunTaskInput){
		func(i *ecs.RunTaskInput) { i.LaunchType = "" }, func(i *ecs.RunTaskInput) { i.NetworkConfiguration = nil },
		func(i *ecs.RunTaskInput) { i.Count = aws.Int32(2) }, func(i *ecs.RunTaskInput) { i.StartedBy = aws.String(strings.Repeat("x", 129)) },
	} {
		bad := good
		change(&bad)
		_, err := client.RunTask(ctx, &bad)
		require.True(t, ops.IsCode(err, "InvalidParameterException"), "%v", err)
	}
	made, err := client.RunTask(ctx, &good)
	require.NoError(t, err)
	again, err := client.RunTask(ctx, &good)
	require.NoError(t, err)
	require.Equal(t, made.Tasks[0].TaskArn, again.Tasks[0].TaskArn, "one token is one task")
	list := func(status ecstypes.DesiredStatus) []string {
		found, err := client.ListTasks(ctx, &ecs.ListTasksInput{Cluster: &wanted.Cluster, Family: aws.String("itrack-backend-staging"), StartedBy: aws.String("me"), DesiredStatus: status})
		require.NoError(t, err)
		return found.TaskArns
	}
	require.Len(t, list(ecstypes.DesiredStatusRunning), 1)
	var last ecstypes.Task
	for range 3 {
		found, err := client.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &wanted.Cluster, Tasks: []string{aws.ToString(made.Tasks[0].TaskArn)}})
		require.NoError(t, err)
		last = found.Tasks[0]
	}
	require.Equal(t, "STOPPED", aws.ToString(last.LastStatus))
	require.EqualValues(t, 0, aws.ToInt32(last.Containers[0].ExitCode))
	require.Empty(t, list(ecstypes.DesiredStatusRunning))
	require.Len(t, list(ecstypes.DesiredStatusStopped), 1)
	missing, err := client.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &wanted.Cluster, Tasks: []string{"arn:nobody"}})
	require.NoError(t, err)
	require.Equal(t, "MISSING", aws.ToString(missing.Failures[0].Reason))
	_, err = client.StopTask(ctx, &ecs.StopTaskInput{Cluster: &wanted.Cluster, Task: aws.String("nobody")})
	require.True(t, ops.IsCode(err, "InvalidParameterException"))
}
