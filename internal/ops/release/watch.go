package release

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	deploytypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/itrack/itrack/infra/release"
	"github.com/itrack/itrack/internal/ops"
)

// Bounds of what follows a deployment.
const (
	// traffic is told by ECS some seconds after CodeDeploy has moved it.
	verifyLooks = 24
	verifyEvery = 5 * time.Second
	// rollbackLimit is how long a rollback may take until a failed deployment is reported as not rolled back.
	rollbackLimit = 15 * time.Minute
	// gatherLimit is how long the reasons of a failure are looked for, also when the caller has stopped.
	gatherLimit = time.Minute
)

// watched is how far a deployment came.
type watched struct {
	ended bool
	until time.Time // the old version is kept until then
}

// watch watches a deployment until its traffic has moved, or to its end, and believes it only when the task definition has the
// traffic. A deployment that does not end well is an error with everything that tells why; before is what ran before it.
func (d *deployer) watch(ctx context.Context, id, arn, before string) (watched, error) {
	var last *deploytypes.DeploymentInfo
	var result watched
	wait := ops.Wait{
		For: fmt.Sprintf("deployment %s of %s", id, d.service), Limit: d.req.limit(), Every: d.env.Every(10 * time.Second), Say: d.env.Say,
		Next: fmt.Sprintf("the deployment goes on: the same command watches it again, `itrack rollback %s` stops it and brings the traffic back", d.env.Settings.Environment),
	}
	err := wait.Until(ctx, func(ctx context.Context) (bool, string, error) {
		info, target, err := d.look(ctx, id)
		if err != nil {
			return false, "", err
		}
		last = info
		switch info.Status {
		case deploytypes.DeploymentStatusSucceeded:
			result.ended = true
			return true, "Succeeded", nil
		case deploytypes.DeploymentStatusFailed, deploytypes.DeploymentStatusStopped:
			return true, string(info.Status), nil
		}
		moved := trafficMoved(info, target)
		return moved && !d.req.WaitTermination, progressText(info, target, moved), nil
	})
	if err != nil {
		return result, d.onward(id, err)
	}
	if last.Status == deploytypes.DeploymentStatusFailed || last.Status == deploytypes.DeploymentStatusStopped {
		return result, d.failure(ctx, last, arn, before)
	}
	if !result.ended {
		result.until = time.Now().Add(terminationWait(last)).Truncate(time.Second)
	}
	if err := d.verify(ctx, id, arn); errors.Is(err, context.Canceled) {
		return result, d.onward(id, err)
	} else if err != nil {
		return result, err
	}
	return result, nil
}

// look asks for a deployment and for its one target, which a deployment that has not begun does not have.
func look(ctx context.Context, env *ops.Environment, wanted release.Release, id string) (*deploytypes.DeploymentInfo, *deploytypes.ECSTarget, error) {
	info, err := deploymentInfo(ctx, env, id)
	if err != nil {
		return nil, nil, err
	}
	answer, err := env.Primary().CodeDeploy().GetDeploymentTarget(ctx, &codedeploy.GetDeploymentTargetInput{
		DeploymentId: &id, TargetId: aws.String(wanted.Cluster + ":" + wanted.Service),
	})
	if ops.IsCode(err, "DeploymentNotStartedException", "DeploymentTargetDoesNotExistException") {
		return info, nil, nil
	}
	if err != nil {
		return nil, nil, ops.Explain("reading the target of the deployment "+id, err)
	}
	if answer.DeploymentTarget == nil {
		return info, nil, nil
	}
	return info, answer.DeploymentTarget.EcsTarget, nil
}

func (d *deployer) look(ctx context.Context, id string) (*deploytypes.DeploymentInfo, *deploytypes.ECSTarget, error) {
	return look(ctx, d.env, d.wanted, id)
}

// trafficMoved tells whether all the traffic is at the new version, and only the old one's end is waited for.
func trafficMoved(info *deploytypes.DeploymentInfo, target *deploytypes.ECSTarget) bool {
	if info.InstanceTerminationWaitTimeStarted {
		return true
	}
	if target == nil {
		return false
	}
	shifted, after := false, false
	for _, event := range target.LifecycleEvents {
		succeeded := event.Status == deploytypes.LifecycleEventStatusSucceeded
		switch aws.ToString(event.LifecycleEventName) {
		case "AllowTraffic":
			shifted = succeeded
		case "AfterAllowTraffic": // skipped where it has no hook
			after = succeeded || event.Status == deploytypes.LifecycleEventStatusSkipped
		}
	}
	return shifted && after
}

// progressText says where a deployment is: the lifecycle event, and the tasks with their share of the traffic.
func progressText(info *deploytypes.DeploymentInfo, target *deploytypes.ECSTarget, moved bool) string {
	parts := []string{string(info.Status)}
	if moved {
		parts = append(parts, "the traffic has moved, the old version is kept")
	}
	if target == nil {
		return listed(parts)
	}
	for _, event := range target.LifecycleEvents {
		if event.Status == deploytypes.LifecycleEventStatusInProgress || event.Status == deploytypes.LifecycleEventStatusFailed {
			parts = append(parts, fmt.Sprintf("%s %s", aws.ToString(event.LifecycleEventName), event.Status))
		}
	}
	var blue, green string
	for _, set := range target.TaskSetsInfo {
		text := fmt.Sprintf("%d of %d tasks, %.0f%% of the traffic", set.RunningCount, set.DesiredCount, set.TrafficWeight)
		if set.TaskSetLabel == deploytypes.TargetLabelGreen {
			green = "new: " + text
		} else {
			blue = "old: " + text
		}
	}
	for _, text := range []string{blue, green} {
		if text != "" {
			parts = append(parts, text)
		}
	}
	return listed(parts)
}

func terminationWait(info *deploytypes.DeploymentInfo) time.Duration {
	if info.BlueGreenDeploymentConfiguration == nil || info.BlueGreenDeploymentConfiguration.TerminateBlueInstancesOnDeploymentSuccess == nil {
		return 0
	}
	return time.Duration(info.BlueGreenDeploymentConfiguration.TerminateBlueInstancesOnDeploymentSuccess.TerminationWaitTimeInMinutes) * time.Minute
}

// verify makes sure that the requested task definition has the traffic: CodeDeploy also calls it a success when the traffic
// went back to the old version.
func (d *deployer) verify(ctx context.Context, id, arn string) error {
	runs := ""
	every := d.env.Every(verifyEvery)
	err := ops.Wait{For: "the traffic of " + d.service, Limit: verifyLooks * every, Every: every}.Until(ctx, func(ctx context.Context) (bool, string, error) {
		now, err := traffic(ctx, d.env, d.wanted, d.service)
		if err != nil {
			return false, "", err
		}
		runs = now.run.TaskDefinition
		return runs == arn, short(runs), nil
	})
	if ops.KindOf(err) != ops.TimedOut {
		return err
	}
	return &ops.Problem{What: fmt.Sprintf("verifying the deployment %s of %s", id, d.service),
		Why:  fmt.Sprintf("CodeDeploy reports success, but %s has the traffic and not %s: it was rolled back, or another deployment came after it", short(runs), short(arn)),
		Next: fmt.Sprintf("`itrack rollback %s --list` shows what ran; `aws deploy get-deployment --region %s --deployment-id %s` shows the deployment", d.env.Settings.Environment, d.env.Region, id)}
}

// untilOver waits until a deployment has ended, however.
func (d *deployer) untilOver(ctx context.Context, id, what string) (*deploytypes.DeploymentInfo, error) {
	var last *deploytypes.DeploymentInfo
	limit := min(d.req.limit(), rollbackLimit)
	err := ops.Wait{For: what, Limit: limit, Every: d.env.Every(5 * time.Second), Say: d.env.Say, Next: "run this again: it goes on by itself"}.Until(ctx,
		func(ctx context.Context) (bool, string, error) {
			info, target, err := d.look(ctx, id)
			if err != nil {
				return false, "", err
			}
			last = info
			over := info.Status == deploytypes.DeploymentStatusSucceeded || info.Status == deploytypes.DeploymentStatusFailed || info.Status == deploytypes.DeploymentStatusStopped
			return over, progressText(info, target, false), nil
		})
	return last, err
}

// backAt waits until the traffic is back at the version before a deployment that did not end well; without a known one, until it
// has left the deployment's own. It says what has the traffic then.
func (d *deployer) backAt(ctx context.Context, info *deploytypes.DeploymentInfo, arn, before string) (runs string, back bool, err error) {
	id := aws.ToString(info.DeploymentId)
	every := d.env.Every(5 * time.Second)
	rollback := ""
	limit := min(d.req.limit(), rollbackLimit)
	err = ops.Wait{For: "the rollback of the deployment " + id, Limit: limit, Every: every, Say: d.env.Say}.Until(ctx, func(ctx context.Context) (bool, string, error) {
		now, err := traffic(ctx, d.env, d.wanted, d.service)
		if err != nil {
			return false, "", err
		}
		runs = now.run.TaskDefinition
		state := "traffic at " + short(runs)
		back = runs == before || before == "" && runs != arn
		again, err := deploymentInfo(ctx, d.env, id)
		if err != nil {
			return false, "", err
		}
		if again.RollbackInfo != nil {
			rollback = aws.ToString(again.RollbackInfo.RollbackDeploymentId)
		}
		if rollback == "" {
			return back, state, nil
		}
		undoing, err := deploymentInfo(ctx, d.env, rollback)
		if err != nil {
			return false, "", err
		}
		over := undoing.Status == deploytypes.DeploymentStatusSucceeded || undoing.Status == deploytypes.DeploymentStatusFailed || undoing.Status == deploytypes.DeploymentStatusStopped
		// Ended without bringing the traffic back: waiting changes nothing.
		return over && (back || undoing.Status != deploytypes.DeploymentStatusSucceeded), strings.TrimSpace(state + ", rollback " + rollback + " " + string(undoing.Status)), nil
	})
	return runs, back, err
}

// failure is the error of a deployment that did not end well: why, and what runs now.
func (d *deployer) failure(ctx context.Context, info *deploytypes.DeploymentInfo, arn, before string) error {
	id := aws.ToString(info.DeploymentId)
	// Looked for at once: a rollback takes the new version's tasks and targets away.
	why := d.gather(ctx, info, arn)
	runs, back, err := d.backAt(ctx, info, arn, before)
	now := fmt.Sprintf("the traffic is back at %s, and that was verified", short(runs))
	environment := d.env.Settings.Environment
	next := "mend the cause, push an image and run this again; migrations that ran stay, so that the old version must bear them"
	switch {
	case errors.Is(err, context.Canceled):
		now = "whether the traffic is back is not known: the watch was stopped"
		next = fmt.Sprintf("`itrack rollback %s --list` shows what runs", environment)
	case err != nil && ops.KindOf(err) != ops.TimedOut:
		now = "whether the traffic is back is not known: " + err.Error()
		next = fmt.Sprintf("`itrack rollback %s --list` shows what runs", environment)
	case !back:
		now = fmt.Sprintf("the traffic is NOT back: %s has it", short(runs))
		next = fmt.Sprintf("`itrack rollback %s` brings an earlier version back", environment)
	}
	return &ops.Problem{What: fmt.Sprintf("deploying %s: the deployment %s has ended as %s", d.service, id, info.Status), Why: why + "\n  now: " + now, Next: next}
}
