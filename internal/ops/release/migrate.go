package release

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/itrack/itrack/infra/release"
	"github.com/itrack/itrack/internal/ops"
)

// startedBy marks the migrations, so that the next run finds one that goes on.
const startedBy = "itrack-migrate"

// migrate runs the migrate command with the new image and waits for its end; without a migrate command it does nothing. A
// migration that an interrupted run began is waited for first: two at once would be in each other's way.
func (d *deployer) migrate(ctx context.Context, image string) (string, error) {
	if len(d.wanted.MigrateCommand) == 0 || len(d.wanted.MigrationTask) == 0 {
		return "", nil
	}
	template, err := taskDefinition(d.wanted.MigrationTask, image, d.service+"'s migration")
	if err != nil {
		return "", err
	}
	arn, _, err := register(ctx, d.env, template, nil, false)
	if err != nil {
		return "", err
	}
	earlier, err := d.runningMigrations(ctx, aws.ToString(template.input.Family))
	if err != nil {
		return "", err
	}
	var same *ecstypes.Task
	for _, task := range earlier {
		d.env.Say("%s: a migration that was begun before is still running: waiting for it", d.service)
		ended, err := d.untilStopped(ctx, aws.ToString(task.TaskArn))
		if err != nil {
			return aws.ToString(task.TaskArn), err // whether it still runs is not known: a second one must not begin
		}
		if aws.ToString(ended.TaskDefinitionArn) == arn && task.DesiredStatus != nil && *task.DesiredStatus == "RUNNING" {
			same = &ended
		}
	}
	if same != nil {
		return aws.ToString(same.TaskArn), d.outcome(ctx, *same, template)
	}
	task, err := d.runTask(ctx, arn)
	if err != nil {
		return "", err
	}
	ended, err := d.untilStopped(ctx, task)
	if err != nil {
		return task, err
	}
	return task, d.outcome(ctx, ended, template)
}

// runningMigrations are the tasks that have not ended; one that was told to stop also works for as long as its grace lasts.
func (d *deployer) runningMigrations(ctx context.Context, family string) ([]ecstypes.Task, error) {
	what := "looking for running migrations of " + d.service
	client := d.env.Primary().ECS()
	var running []ecstypes.Task
	for _, desired := range []ecstypes.DesiredStatus{ecstypes.DesiredStatusRunning, ecstypes.DesiredStatusStopped} {
		found, err := client.ListTasks(ctx, &ecs.ListTasksInput{Cluster: &d.wanted.Cluster, Family: &family, DesiredStatus: desired})
		if err != nil {
			return nil, ops.Explain(what, err)
		}
		if len(found.TaskArns) == 0 {
			continue
		}
		answer, err := client.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &d.wanted.Cluster, Tasks: found.TaskArns})
		if err != nil {
			return nil, ops.Explain(what, err)
		}
		for _, task := range answer.Tasks {
			if aws.ToString(task.LastStatus) != "STOPPED" {
				running = append(running, task)
			}
		}
	}
	return running, nil
}

// runTask starts the migration. The SDK sends one client token for all attempts: a lost answer does not start a second task.
func (d *deployer) runTask(ctx context.Context, arn string) (string, error) {
	what := "starting the migration of " + d.service
	answer, err := d.env.Primary().ECS().RunTask(ctx, &ecs.RunTaskInput{
		Cluster: &d.wanted.Cluster, TaskDefinition: &arn, Count: aws.Int32(1), StartedBy: aws.String(startedBy),
		// On demand: Spot could take the task back in the middle of a change of the schema.
		LaunchType: ecstypes.LaunchTypeFargate, PlatformVersion: &d.wanted.PlatformVersion,
		NetworkConfiguration: networkOf(d.wanted), EnableECSManagedTags: true,
		Tags: []ecstypes.Tag{
			{Key: aws.String("Project"), Value: aws.String("itrack")}, {Key: aws.String("Environment"), Value: aws.String(d.env.Settings.Environment)},
		},
	})
	if err != nil {
		return "", ops.Explain(what, err)
	}
	if len(answer.Tasks) == 0 {
		var why []string
		for _, failure := range answer.Failures {
			why = append(why, strings.TrimSpace(aws.ToString(failure.Reason)+" "+aws.ToString(failure.Detail)))
		}
		return "", &ops.Problem{What: what, Why: "ECS started no task: " + listed(why), Next: "Fargate may have no capacity for the moment: run this again in some minutes; nothing was deployed"}
	}
	return aws.ToString(answer.Tasks[0].TaskArn), nil
}

func networkOf(wanted release.Release) *ecstypes.NetworkConfiguration {
	vpc := wanted.NetworkConfiguration.AwsvpcConfiguration
	return &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
		Subnets: vpc.Subnets, SecurityGroups: vpc.SecurityGroups, AssignPublicIp: ecstypes.AssignPublicIp(vpc.AssignPublicIp),
	}}
}

// untilStopped waits for a migration's end, however it ends.
func (d *deployer) untilStopped(ctx context.Context, arn string) (last ecstypes.Task, err error) {
	wait := ops.Wait{
		For: "migration of " + d.service, Limit: d.req.limit(), Every: d.env.Every(3 * time.Second), Say: d.env.Say,
		Next: fmt.Sprintf("the task goes on: run this again, it is waited for; `aws ecs stop-task --cluster %s --task %s` stops it", d.wanted.Cluster, arn),
	}
	err = wait.Until(ctx, func(ctx context.Context) (bool, string, error) {
		answer, err := d.env.Primary().ECS().DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &d.wanted.Cluster, Tasks: []string{arn}})
		if err != nil {
			return false, "", ops.Explain("watching the migration of "+d.service, err)
		}
		if len(answer.Tasks) == 0 {
			return false, "not visible yet", nil // just begun, ECS may not tell it everywhere
		}
		last = answer.Tasks[0]
		return aws.ToString(last.LastStatus) == "STOPPED", aws.ToString(last.LastStatus), nil
	})
	if err != nil && ops.KindOf(err) != ops.TimedOut {
		err = fmt.Errorf("%w\n  the migration %s goes on; the next run waits for it. Nothing was deployed", err, arn)
	}
	return last, err
}

// outcome fails for a migration that did not end well, with its reason, exit code and last words.
func (d *deployer) outcome(ctx context.Context, task ecstypes.Task, template *definition) error {
	container := template.input.ContainerDefinitions[0]
	name := aws.ToString(container.Name)
	if endedWell(task, name) {
		return nil
	}
	why := stopReasons(task)
	if lines := lastWords(ctx, d.env, container.LogConfiguration, name, aws.ToString(task.TaskArn)); lines != "" {
		why += "\n  its last words:\n" + lines
	}
	return &ops.Problem{What: "migrating the database of " + d.service, Why: why,
		Next: "the old version runs on, nothing was deployed: mend the migration, push the image and run this again"}
}

// endedWell tells whether a task's own container ended with exit code 0. Others do not count: AWS puts containers of its own into a
// task, such as GuardDuty's agent, and ends them by a signal.
func endedWell(task ecstypes.Task, name string) bool {
	return slices.ContainsFunc(task.Containers, func(c ecstypes.Container) bool {
		return aws.ToString(c.Name) == name && c.ExitCode != nil && *c.ExitCode == 0
	})
}

// stopReasons tell why a task stopped.
func stopReasons(task ecstypes.Task) string {
	parts := []string{}
	if reason := aws.ToString(task.StoppedReason); reason != "" {
		parts = append(parts, reason)
	}
	for _, container := range task.Containers {
		text := "container " + aws.ToString(container.Name)
		if container.ExitCode == nil {
			text += " did not start"
		} else {
			text += fmt.Sprintf(" ended with exit code %d", *container.ExitCode)
		}
		if reason := aws.ToString(container.Reason); reason != "" {
			text += " (" + reason + ")"
		}
		parts = append(parts, text)
	}
	return listed(parts)
}
