package watch_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/watch"
)

// deploy starts a deployment of a new image, which stays where outcome says.
func (p *place) deploy(t *testing.T, outcome opstest.Outcome) string {
	t.Helper()
	wanted := p.out.Releases["backend"]
	definition := opstest.Register(t, p.env, wanted.TaskDefinition, wanted.Repository+"@sha256:"+strings.Repeat("ab", 32), nil)
	properties := map[string]any{
		"TaskDefinition": definition, "LoadBalancerInfo": map[string]any{"ContainerName": wanted.ContainerName, "ContainerPort": wanted.ContainerPort},
		"PlatformVersion": wanted.PlatformVersion, "NetworkConfiguration": wanted.NetworkConfiguration, "CapacityProviderStrategy": wanted.CapacityProviderStrategy,
	}
	text, err := json.Marshal(properties)
	require.NoError(t, err)
	var spec map[string]any
	require.NoError(t, json.Unmarshal(text, &spec))
	content, err := json.Marshal(map[string]any{
		"version": "0.0", "Resources": []any{map[string]any{"TargetService": map[string]any{"Type": "AWS::ECS::Service", "Properties": capital(spec)}}},
	})
	require.NoError(t, err)
	p.delivery.Next(outcome)
	made, err := p.env.Primary().CodeDeploy().CreateDeployment(context.Background(), &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String(p.out.DeploymentApplication), DeploymentGroupName: aws.String(p.out.DeploymentGroups["backend"]),
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: aws.String(string(content)), Sha256: aws.String(fmt.Sprintf("%x", sha256.Sum256(content)))}},
	})
	require.NoError(t, err)
	return *made.DeploymentId
}

// capital writes keys as an AppSpec has them.
func capital(value any) any {
	switch node := value.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, inner := range node {
			out[strings.ToUpper(key[:1])+key[1:]] = capital(inner)
		}
		return out
	case []any:
		for i := range node {
			node[i] = capital(node[i])
		}
	}
	return value
}

func TestStatus(t *testing.T) {
	p, ctx := newPlace(t), context.Background()
	look := func(t *testing.T) watch.Status {
		t.Helper()
		status, err := watch.Look(ctx, p.env, p.out)
		require.NoError(t, err)
		return status
	}
	first := look(t)
	t.Run("at rest", func(t *testing.T) {
		require.Empty(t, first.Gaps)
		require.Equal(t, opstest.Account, first.Account)
		require.Len(t, first.Services, 1)
		service := first.Services[0]
		require.Equal(t, "ACTIVE 2 2 0", fmt.Sprintf("%s %d %d %d", service.State, service.Desired, service.Running, service.Pending))
		require.Equal(t, "itrack-backend-staging:1", service.TaskDefinition)
		require.Equal(t, opstest.Bootstrap, service.Image)
		require.WithinDuration(t, time.Now(), service.Since, time.Hour)
		require.Empty(t, first.Deployments)
		require.Equal(t, "available", first.Database.State)
		require.Equal(t, "mysql 8.4.5", first.Database.Engine)
		require.False(t, first.Database.MultiAZ)
		require.Equal(t, 20, first.Database.StorageGB)
		require.Len(t, first.Queues, 3)
		require.Empty(t, first.Alarms)
		page := first.Page()
		for _, part := range []string{"staging  account 123456789012  us-east-1", "service backend", "2 desired, 2 running, 0 pending", "busybox:1.37",
			"database itrack-staging", "available, mysql 8.4.5, db.t4g.micro, one zone, 20 GB", "no deployment under way", "no dead letters", "no alarm in ALARM"} {
			require.Contains(t, page, part)
		}
		require.Empty(t, look(t).Changed(first), "nothing has changed")
		require.Empty(t, p.cloud.Changes())
	})
	t.Run("a deployment, its traffic, and what waits", func(t *testing.T) {
		id := p.deploy(t, opstest.Outcome{HangAt: "AllowTraffic"})
		client := p.env.Primary().RDS()
		found, err := client.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{})
		require.NoError(t, err)
		p.maintenance.Add(*found.DBInstances[0].DBInstanceArn, "system-update", "New Operating System update is available", time.Date(2026, 12, 1, 3, 0, 0, 0, time.UTC))
		queue, err := p.env.Primary().SQS().GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("itrack-item-events-dead-letters-staging")})
		require.NoError(t, err)
		_, err = p.env.Primary().SQS().SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: aws.String("{}")})
		require.NoError(t, err)
		alarm(t, p.env.Primary(), "itrack-burn-1h-long-staging")
		var status watch.Status
		for range 12 { // the fake advances with every look
			status = look(t)
		}
		require.Empty(t, status.Gaps)
		require.Len(t, status.Deployments, 1, p.delivery.Deployments())
		require.Equal(t, id, status.Deployments[0].ID)
		require.Equal(t, "InProgress", status.Deployments[0].State)
		require.Equal(t, map[string]float64{"original": 100, "replacement": 0}, status.Deployments[0].Traffic)
		require.Equal(t, "AllowTraffic InProgress", status.Deployments[0].Step)
		require.Equal(t, "system-update", status.Database.Pending[0].Action)
		changed := strings.Join(status.Changed(first), "\n")
		for _, part := range []string{
			"deployment " + id + ": backend InProgress since ", "original 100%, replacement 0%, AllowTraffic InProgress",
			"dead letters item-events: 1 message in itrack-item-events-dead-letters-staging",
			"database maintenance system-update: New Operating System update is available, on 2026-12-01 03:00:00Z",
			"alarm itrack-burn-1h-long-staging: in ALARM in us-east-1 since ", "(one window of a burn rate, no alarm by itself): Threshold Crossed",
		} {
			require.Contains(t, changed, part)
		}
		require.Contains(t, status.Page(), "original 100%, replacement 0%")
		p.delivery.Release()
		for range 12 {
			status = look(t)
		}
		require.Empty(t, status.Deployments)
		require.Equal(t, "itrack-backend-staging:2", status.Services[0].TaskDefinition)
		require.Equal(t, "itrack-backend-staging@sha256:abababababab", watch.ShortImage(status.Services[0].Image))
	})
	t.Run("a part that cannot be read is a gap", func(t *testing.T) {
		defer p.cloud.Heal()
		p.cloud.Fail(opstest.Fault{Service: "sqs", Status: 403, Code: "AccessDenied"})
		p.cloud.Fail(opstest.Fault{Service: "codedeploy", Times: 2, Status: 400, Code: "ThrottlingException"})
		p.cloud.Fail(opstest.Fault{Service: "rds", Status: 500, Code: "InternalFailure"})
		status := look(t)
		require.Len(t, status.Gaps, 2)
		require.Equal(t, "database", status.Gaps[0].Part)
		require.Equal(t, "queues", status.Gaps[1].Part)
		require.Contains(t, status.Gaps[1].Why, "looking for the queue itrack-item-events-dead-letters-staging: AccessDenied")
		require.Contains(t, status.Page(), "could not be read: looking for the queue")
		require.NotContains(t, status.Page(), "no dead letters")
		changed := strings.Join(status.Changed(first), "\n")
		require.Contains(t, changed, "gap database: could not be read")
		require.NotContains(t, changed, ": over", "what could not be read is not over")
		text, err := json.Marshal(status)
		require.NoError(t, err)
		require.Contains(t, string(text), `"deployments":[]`, "read, and there is none")
		require.Contains(t, string(text), `"queues":null`, "not read")
	})
	t.Run("nothing can be read", func(t *testing.T) {
		defer p.cloud.Heal()
		p.cloud.Fail(opstest.Fault{Status: 403, Code: "AccessDenied"})
		_, err := watch.Look(ctx, p.env, p.out)
		require.ErrorContains(t, err, "the role in use lacks this right")
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		_, err = watch.Look(cancelled, p.env, p.out)
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("a missing database", func(t *testing.T) {
		out := p.out
		out.DatabaseIdentifier = "itrack-gone"
		status, err := watch.Look(ctx, p.env, out)
		require.NoError(t, err)
		require.Len(t, status.Gaps, 1)
		require.Contains(t, status.Gaps[0].Why, "asking for the database itrack-gone: DBInstanceNotFound")
	})
}

func TestTheOtherAccountIsLookedAtByItsRole(t *testing.T) {
	cloud := opstest.New(t)
	staging, production := cloud.Open(t, "staging", nil), cloud.Open(t, "production", nil)
	alarm(t, staging.Primary(), "itrack-a-production")
	alarm(t, production.Edge(), "itrack-b-production")
	found, err := watch.Alarms(context.Background(), production)
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "itrack-b-production", found[0].Name)
	settings := opstest.Settings("production")
	settings.Roles = nil
	_, err = ops.Open(context.Background(), settings, opstest.Options(t))
	require.Equal(t, ops.Usage, ops.KindOf(err), "the wrong account is refused")
}

// A look has a time of its own, which no flag of the command makes longer: that is no time of the caller's that is over.
func TestALookThatGetsNoAnswer(t *testing.T) {
	p := newPlace(t)
	ctx, cancel := context.WithTimeout(context.Background(), -time.Second)
	defer cancel()
	_, err := watch.Alarms(ctx, p.env)
	require.Equal(t, ops.TimedOut, ops.KindOf(err), "the caller's own time")
	late := watch.InTime(err)
	require.Equal(t, ops.Failed, ops.KindOf(late))
	require.ErrorContains(t, late, "asking for the alarms in us-east-1: no answer within 45s")
	require.NotContains(t, late.Error(), "--timeout")
	broken := errors.New("broken")
	require.Equal(t, broken, watch.InTime(broken))
}
