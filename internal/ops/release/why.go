package release

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	deploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/itrack/itrack/internal/ops"
)

// How much of each kind of reason is told.
const (
	lastLines   = 20
	fewTasks    = 3
	fewMessages = 3
)

// gather looks for everything that tells why a deployment did not end well. What can't be read is said, and hides nothing else.
func (d *deployer) gather(ctx context.Context, info *deploytypes.DeploymentInfo, arn string) string {
	// Also for whoever pressed Ctrl-C in this very moment.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), gatherLimit)
	defer cancel()
	reasons := []string{}
	if problem := info.ErrorInformation; problem != nil {
		reasons = append(reasons, strings.TrimSuffix(string(problem.Code)+": "+aws.ToString(problem.Message), ": "))
	}
	for _, look := range []func(context.Context, *deploytypes.DeploymentInfo, string) ([]string, error){d.failedEvents, d.stoppedTasks, d.sickTargets, d.serviceEvents} {
		found, err := look(ctx, info, arn)
		if err != nil {
			found = append(found, "(not known: "+strings.ReplaceAll(err.Error(), "\n", " ")+")")
		}
		reasons = append(reasons, found...)
	}
	if len(reasons) == 0 {
		return "CodeDeploy tells no reason"
	}
	return strings.Join(reasons, "\n  ")
}

// failedEvents are the lifecycle events that failed, and what the hook function said.
func (d *deployer) failedEvents(ctx context.Context, info *deploytypes.DeploymentInfo, _ string) ([]string, error) {
	_, target, err := d.look(ctx, aws.ToString(info.DeploymentId))
	if err != nil || target == nil {
		return nil, err
	}
	var reasons []string
	for _, event := range target.LifecycleEvents {
		if event.Status != deploytypes.LifecycleEventStatusFailed {
			continue
		}
		name := aws.ToString(event.LifecycleEventName)
		text := "lifecycle event " + name + " failed"
		if diagnostics := event.Diagnostics; diagnostics != nil {
			for _, part := range []*string{diagnostics.Message, diagnostics.ScriptName, diagnostics.LogTail} {
				if aws.ToString(part) != "" {
					text += ": " + *part
				}
			}
		}
		reasons = append(reasons, text)
		if name == hookEvent && d.wanted.HookFunctionArn != "" {
			lines, err := d.hookWords(ctx, info)
			if err != nil {
				return reasons, err
			}
			reasons = append(reasons, lines...)
		}
	}
	return reasons, nil
}

// hookWords are what the hook function logged about the deployment.
func (d *deployer) hookWords(ctx context.Context, info *deploytypes.DeploymentInfo) ([]string, error) {
	parts := strings.Split(d.wanted.HookFunctionArn, ":")
	if len(parts) < 7 {
		return nil, nil
	}
	id := aws.ToString(info.DeploymentId)
	answer, err := d.env.Primary().Logs().FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String("/aws/lambda/" + parts[6]), FilterPattern: aws.String(`"` + id + `"`),
		StartTime: aws.Int64(aws.ToTime(info.CreateTime).Add(-time.Minute).UnixMilli()), Limit: aws.Int32(lastLines),
	})
	if err != nil {
		return nil, ops.Explain("reading what the hook said", err)
	}
	var lines []string
	for _, event := range answer.Events {
		lines = append(lines, "the hook said: "+strings.TrimSpace(aws.ToString(event.Message)))
	}
	return lines[max(0, len(lines)-fewMessages):], nil
}

// stoppedTasks are the new version's tasks that did not stay, and the last words of one of them.
func (d *deployer) stoppedTasks(ctx context.Context, _ *deploytypes.DeploymentInfo, arn string) ([]string, error) {
	client := d.env.Primary().ECS()
	listed, err := client.ListTasks(ctx, &ecs.ListTasksInput{Cluster: &d.wanted.Cluster, ServiceName: &d.wanted.Service, DesiredStatus: ecstypes.DesiredStatusStopped})
	if err != nil || len(listed.TaskArns) == 0 {
		return nil, ops.Explain("listing stopped tasks", err)
	}
	answer, err := client.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &d.wanted.Cluster, Tasks: listed.TaskArns[:min(len(listed.TaskArns), 100)]})
	if err != nil {
		return nil, ops.Explain("reading stopped tasks", err)
	}
	var reasons []string
	var words string
	for _, task := range answer.Tasks {
		if aws.ToString(task.TaskDefinitionArn) != arn || len(reasons) == fewTasks {
			continue
		}
		reasons = append(reasons, "task "+short(aws.ToString(task.TaskArn))+" stopped: "+stopReasons(task))
		if words == "" {
			words = d.taskWords(ctx, arn, aws.ToString(task.TaskArn))
		}
	}
	if words != "" {
		reasons = append(reasons, "its last words:\n"+words)
	}
	return reasons, nil
}

func (d *deployer) taskWords(ctx context.Context, definition, task string) string {
	found, err := describeDefinition(ctx, d.env, definition)
	if err != nil {
		return ""
	}
	for _, container := range found.ContainerDefinitions {
		if aws.ToString(container.Name) == d.wanted.ContainerName {
			return lastWords(ctx, d.env, container.LogConfiguration, d.wanted.ContainerName, task)
		}
	}
	return ""
}

// lastWords are the last lines of a task's log, indented; empty where there are none.
func lastWords(ctx context.Context, env *ops.Environment, logs *ecstypes.LogConfiguration, container, task string) string {
	if logs == nil || logs.Options["awslogs-group"] == "" {
		return ""
	}
	stream := logs.Options["awslogs-stream-prefix"] + "/" + container + "/" + short(task)
	answer, err := env.Primary().Logs().GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: aws.String(logs.Options["awslogs-group"]), LogStreamName: &stream, Limit: aws.Int32(lastLines), StartFromHead: aws.Bool(false),
	})
	if ops.IsCode(err, "ResourceNotFoundException") {
		return "    (it wrote nothing)"
	}
	if err != nil {
		return "    (not known: " + strings.ReplaceAll(ops.Explain("reading "+stream, err).Error(), "\n", " ") + ")"
	}
	var lines []string
	for _, event := range answer.Events {
		lines = append(lines, "    "+strings.TrimRight(aws.ToString(event.Message), "\n"))
	}
	return strings.Join(lines[max(0, len(lines)-lastLines):], "\n")
}

// sickTargets are the new version's targets that the balancer finds unhealthy.
func (d *deployer) sickTargets(ctx context.Context, _ *deploytypes.DeploymentInfo, arn string) ([]string, error) {
	now, err := traffic(ctx, d.env, d.wanted, d.service)
	if err != nil {
		return nil, err
	}
	var reasons []string
	for _, set := range now.taskSetsOf(arn) {
		for _, balancer := range set.LoadBalancers {
			answer, err := d.env.Primary().LoadBalancers().DescribeTargetHealth(ctx, &balancing.DescribeTargetHealthInput{TargetGroupArn: balancer.TargetGroupArn})
			if err != nil {
				return reasons, ops.Explain("asking for the targets' health", err)
			}
			for _, target := range answer.TargetHealthDescriptions {
				if health := target.TargetHealth; health != nil && health.State == balancingtypes.TargetHealthStateEnumUnhealthy && target.Target != nil {
					reasons = append(reasons, fmt.Sprintf("target %s is unhealthy: %s (%s)", aws.ToString(target.Target.Id), aws.ToString(health.Description), health.Reason))
				}
			}
		}
	}
	return reasons, nil
}

// serviceEvents are ECS's latest messages about the service since the deployment began.
func (d *deployer) serviceEvents(ctx context.Context, info *deploytypes.DeploymentInfo, _ string) ([]string, error) {
	now, err := traffic(ctx, d.env, d.wanted, d.service)
	if err != nil {
		return nil, err
	}
	var reasons []string
	for _, event := range now.service.Events {
		if len(reasons) < fewMessages && aws.ToTime(event.CreatedAt).After(aws.ToTime(info.CreateTime)) {
			reasons = append(reasons, "ECS: "+aws.ToString(event.Message))
		}
	}
	return reasons, nil
}
