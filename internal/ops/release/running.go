package release

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	deploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/itrack/itrack/infra/release"
	"github.com/itrack/itrack/internal/ops"
)

// Run is what runs of a service.
type Run struct {
	Service string `json:"service"`
	// TaskDefinition is the ARN of what has the traffic: the primary task set's, else the service's own.
	TaskDefinition string `json:"taskDefinition"`
	Revision       int    `json:"revision"`
	// Image is the image's reference; Digest is its digest, empty for an image by tag.
	Image  string `json:"image"`
	Digest string `json:"digest,omitempty"`
	// Bootstrap: the image is not of the service's repository; nothing was ever deployed.
	Bootstrap bool  `json:"bootstrap"`
	Desired   int32 `json:"desired"`
	Running   int32 `json:"running"`
	Pending   int32 `json:"pending"`
	// Deployment is the one under way, if any.
	Deployment *Deployment `json:"deployment,omitempty"`
}

// Deployment is a deployment under way.
type Deployment struct {
	ID             string    `json:"id"`
	Status         string    `json:"status"`
	TaskDefinition string    `json:"taskDefinition,omitempty"` // ARN; empty where CodeDeploy does not tell it
	Began          time.Time `json:"began"`
	// Moved: the traffic is at the new version; the old one is kept for a while. Rollback: it brings the traffic back.
	Moved    bool `json:"moved"`
	Rollback bool `json:"rollback"`

	spec appSpec
	ours bool // a rollback by this program
}

// live is what AWS has of a service.
type live struct {
	run        Run
	service    ecstypes.Service
	primary    *ecstypes.TaskSet // nil where ECS tells none
	definition *ecstypes.TaskDefinition
}

// Running is what runs of a service, and what is under way.
func Running(ctx context.Context, env *ops.Environment, out ops.Outputs, service string) (Run, error) {
	wanted, err := out.Release(service)
	if err != nil {
		return Run{}, err
	}
	found, err := inspect(ctx, env, wanted, service)
	if err != nil {
		return Run{}, err
	}
	return found.run, nil
}

// inspect asks ECS and CodeDeploy about a service.
func inspect(ctx context.Context, env *ops.Environment, wanted release.Release, service string) (*live, error) {
	found, err := traffic(ctx, env, wanted, service)
	if err != nil {
		return nil, err
	}
	if found.definition, err = describeDefinition(ctx, env, found.run.TaskDefinition); err != nil {
		return nil, err
	}
	found.run.Revision = int(found.definition.Revision)
	for _, container := range found.definition.ContainerDefinitions {
		if aws.ToString(container.Name) == wanted.ContainerName {
			found.run.Image = aws.ToString(container.Image)
		}
	}
	_, found.run.Digest, _ = strings.Cut(found.run.Image, "@")
	found.run.Bootstrap = !ofRepository(found.run.Image, wanted.Repository)
	found.run.Deployment, err = underway(ctx, env, wanted, found.run.TaskDefinition)
	return found, err
}

// traffic asks ECS what has the traffic.
func traffic(ctx context.Context, env *ops.Environment, wanted release.Release, service string) (*live, error) {
	what := "looking at the service " + service
	answer, err := env.Primary().ECS().DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &wanted.Cluster, Services: []string{wanted.Service}})
	if err != nil {
		return nil, ops.Explain(what, err)
	}
	if len(answer.Services) == 0 || aws.ToString(answer.Services[0].Status) == "INACTIVE" {
		return nil, &ops.Problem{What: what, Why: fmt.Sprintf("ECS has no service %s in the cluster %s", wanted.Service, wanted.Cluster),
			Next: "`itrack deploy " + env.Settings.Environment + "` makes it"}
	}
	found := &live{service: answer.Services[0]}
	found.run = Run{
		Service: service, TaskDefinition: aws.ToString(found.service.TaskDefinition),
		Desired: found.service.DesiredCount, Running: found.service.RunningCount, Pending: found.service.PendingCount,
	}
	for i, set := range found.service.TaskSets {
		if aws.ToString(set.Status) == "PRIMARY" {
			found.primary = &found.service.TaskSets[i]
			found.run.TaskDefinition = aws.ToString(set.TaskDefinition)
		}
	}
	return found, nil
}

// other is the task definition of a task set that runs another one, or empty.
func (l *live) other(arn string) string {
	for _, set := range l.service.TaskSets {
		if name := aws.ToString(set.TaskDefinition); name != arn {
			return name
		}
	}
	return ""
}

// describeDefinition asks for one task definition, by ARN, family:revision or family.
func describeDefinition(ctx context.Context, env *ops.Environment, name string) (*ecstypes.TaskDefinition, error) {
	answer, err := env.Primary().ECS().DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &name})
	if err != nil {
		return nil, ops.Explain("reading the task definition "+short(name), err)
	}
	return answer.TaskDefinition, nil
}

// active are the states of a deployment that has not ended.
var active = []deploytypes.DeploymentStatus{
	deploytypes.DeploymentStatusCreated, deploytypes.DeploymentStatusQueued, deploytypes.DeploymentStatusInProgress,
	deploytypes.DeploymentStatusBaking, deploytypes.DeploymentStatusReady,
}

// underway is the deployment of the group that has not ended, if any; running is the ARN of what has the traffic.
func underway(ctx context.Context, env *ops.Environment, wanted release.Release, running string) (*Deployment, error) {
	what := "looking for deployments of " + wanted.DeploymentGroup
	answer, err := env.Primary().CodeDeploy().ListDeployments(ctx, &codedeploy.ListDeploymentsInput{
		ApplicationName: &wanted.Application, DeploymentGroupName: &wanted.DeploymentGroup, IncludeOnlyStatuses: active,
	})
	if err != nil {
		return nil, ops.Explain(what, err)
	}
	for _, id := range answer.Deployments {
		info, target, err := look(ctx, env, wanted, id)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(active, info.Status) {
			continue // it has ended since
		}
		spec := specOf(info)
		found := &Deployment{
			ID: id, Status: string(info.Status), TaskDefinition: spec.definition(), Began: aws.ToTime(info.CreateTime), spec: spec,
			Rollback: info.Creator == deploytypes.DeploymentCreatorCodeDeployRollback,
		}
		found.ours = strings.HasPrefix(aws.ToString(info.Description), rollbackMark)
		found.Moved = !found.Rollback && found.TaskDefinition == running && trafficMoved(info, target)
		return found, nil
	}
	return nil, nil
}

func deploymentInfo(ctx context.Context, env *ops.Environment, id string) (*deploytypes.DeploymentInfo, error) {
	answer, err := env.Primary().CodeDeploy().GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id})
	if err != nil {
		return nil, ops.Explain("reading the deployment "+id, err)
	}
	return answer.DeploymentInfo, nil
}

// specOf reads the AppSpec of a deployment; CodeDeploy may tell it under the name that it had before.
func specOf(info *deploytypes.DeploymentInfo) appSpec {
	var text string
	switch revision := info.Revision; {
	case revision == nil:
	case revision.AppSpecContent != nil:
		text = aws.ToString(revision.AppSpecContent.Content)
	default:
		//lint:ignore SA1019 it is only read: deployments of other tools have it
		if old := revision.String_; old != nil {
			text = aws.ToString(old.Content)
		}
	}
	var spec appSpec
	if json.Unmarshal([]byte(text), &spec) != nil {
		return appSpec{} // not by this program
	}
	return spec
}

// redAlarms are those in ALARM, each with its reason.
func redAlarms(ctx context.Context, env *ops.Environment, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	var red []string
	pages := cloudwatch.NewDescribeAlarmsPaginator(env.Primary().CloudWatch(), &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names, StateValue: cloudwatchtypes.StateValueAlarm,
		AlarmTypes: []cloudwatchtypes.AlarmType{cloudwatchtypes.AlarmTypeMetricAlarm, cloudwatchtypes.AlarmTypeCompositeAlarm},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, ops.Explain("looking at the alarms that roll back", err)
		}
		for _, alarm := range page.MetricAlarms {
			red = append(red, aws.ToString(alarm.AlarmName)+" ("+aws.ToString(alarm.StateReason)+")")
		}
		for _, alarm := range page.CompositeAlarms {
			red = append(red, aws.ToString(alarm.AlarmName)+" ("+aws.ToString(alarm.StateReason)+")")
		}
	}
	slices.Sort(red)
	return red, nil
}

// short is family:revision of a task definition's ARN.
func short(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// revisionOf is the number in an ARN or in family:revision; 0 where there is none.
func revisionOf(arn string) int {
	number, err := strconv.Atoi(arn[strings.LastIndex(arn, ":")+1:])
	if err != nil {
		return 0
	}
	return number
}

func listed(items []string) string { return strings.Join(items, "; ") }
