package watch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/itrack/itrack/internal/ops"
)

// Deployment is one that is under way.
type Deployment struct {
	ID      string    `json:"id"`
	Service string    `json:"service"`
	State   string    `json:"state"` // CodeDeploy's word
	Since   time.Time `json:"since"`
	// Traffic is the share of the users' requests, in percent, by version: original and replacement. Empty until CodeDeploy
	// tells.
	Traffic map[string]float64 `json:"traffic,omitempty"`
	// Step is the part of the deployment that runs, or the last that ended.
	Step string `json:"step,omitempty"`
}

// unfinished are the states of a deployment that is under way. Ready: it waits to be continued; Baking: its traffic is
// moved, and the old version is kept.
var unfinished = []types.DeploymentStatus{
	types.DeploymentStatusCreated, types.DeploymentStatusQueued, types.DeploymentStatusInProgress, types.DeploymentStatusBaking, types.DeploymentStatusReady,
}

// Deployments are those under way, of all services.
func Deployments(ctx context.Context, env *ops.Environment, out ops.Outputs) ([]Deployment, error) {
	client := env.Primary().CodeDeploy()
	all := []Deployment{}
	for _, service := range slices.Sorted(maps.Keys(out.DeploymentGroups)) {
		pages := codedeploy.NewListDeploymentsPaginator(client, &codedeploy.ListDeploymentsInput{
			ApplicationName: aws.String(out.DeploymentApplication), DeploymentGroupName: aws.String(out.DeploymentGroups[service]), IncludeOnlyStatuses: unfinished,
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, ops.Explain("asking for the deployments of "+service, err)
			}
			for _, id := range page.Deployments {
				found, err := deployment(ctx, client, out, service, id)
				if err != nil {
					return nil, err
				}
				if found != nil {
					all = append(all, *found)
				}
			}
		}
	}
	return all, nil
}

// deployment reads one; nil where it ended between the two calls.
func deployment(ctx context.Context, client *codedeploy.Client, out ops.Outputs, service, id string) (*Deployment, error) {
	answer, err := client.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: aws.String(id)})
	if err != nil {
		return nil, ops.Explain("asking for the deployment "+id, err)
	}
	info := answer.DeploymentInfo
	if !slices.Contains(unfinished, info.Status) {
		return nil, nil
	}
	found := &Deployment{ID: id, Service: service, State: string(info.Status), Since: aws.ToTime(info.CreateTime)}
	if info.Status == types.DeploymentStatusCreated || info.Status == types.DeploymentStatusQueued {
		return found, nil // it has no target yet
	}
	target, err := client.GetDeploymentTarget(ctx, &codedeploy.GetDeploymentTargetInput{
		DeploymentId: aws.String(id), TargetId: aws.String(out.Cluster + ":" + out.Services[service]),
	})
	if ops.IsCode(err, "DeploymentTargetDoesNotExistException") {
		return found, nil
	}
	if err != nil {
		return nil, ops.Explain("asking where the traffic of the deployment "+id+" goes", err)
	}
	if target.DeploymentTarget == nil || target.DeploymentTarget.EcsTarget == nil {
		return found, nil
	}
	for _, set := range target.DeploymentTarget.EcsTarget.TaskSetsInfo {
		if found.Traffic == nil {
			found.Traffic = map[string]float64{}
		}
		label := map[types.TargetLabel]string{types.TargetLabelBlue: "original", types.TargetLabelGreen: "replacement"}[set.TaskSetLabel]
		if label == "" {
			label = strings.ToLower(string(set.TaskSetLabel))
		}
		found.Traffic[label] += set.TrafficWeight
	}
	for _, event := range target.DeploymentTarget.EcsTarget.LifecycleEvents {
		if event.Status != types.LifecycleEventStatusPending && event.Status != types.LifecycleEventStatusSkipped {
			found.Step = fmt.Sprintf("%s %s", aws.ToString(event.LifecycleEventName), event.Status)
		}
	}
	return found, nil
}
