package opstest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Delivery is CodeDeploy for ECS and Fargate's one-off tasks. Deployments advance by one lifecycle event whenever somebody asks
// for them, and do on moto's ECS what CodeDeploy does: make a task set, make it the primary one, take the old one away.
type Delivery struct {
	cloud *Cloud
	tasks *tasks

	mutex       sync.Mutex
	next        Outcome
	deployments []*deployment // the oldest first
}

// Outcome is how the next deployment goes. The zero value is one that ends well at once.
type Outcome struct {
	// FailAt is the lifecycle event that fails, such as Install, AfterAllowTestTraffic or AllowTraffic; HangAt one that never ends.
	FailAt, HangAt string
	// Code and Message are the deployment's error information, Diagnostic is the failed event's message.
	Code, Message, Diagnostic string
	// Stopped is a task of the new version that stops when FailAt is reached.
	Stopped *End
	// BakeLooks is how often the deployment is asked for until the old version is taken away; negative is never.
	BakeLooks int
	// Lies: the deployment ends as a success while the old version has the traffic.
	Lies bool
	// KeepsTraffic: the rollback that follows a failure does not end.
	KeepsTraffic bool
}

// lifecycle are the events of a deployment to ECS.
var lifecycle = []string{
	"BeforeInstall", "Install", "AfterInstall", "AllowTestTraffic", "AfterAllowTestTraffic", "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic",
}

type deployment struct {
	outcome     Outcome
	call        Call // who made it
	id          string
	application string
	group       deploymentGroup
	spec        appSpec
	content     string
	sha256      string
	description string
	creator     string
	status      string
	failure     *errorInformation
	at          int // in lifecycle
	looks       int // while the old version is kept
	made        time.Time
	ended       time.Time
	alarms      *bool // overridden

	old, replacement  taskSet
	rollback, trigger string // ids
}

type errorInformation struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// NewDelivery lets the fake answer for CodeDeploy's deployments and for tasks.
func NewDelivery(cloud *Cloud) *Delivery {
	d := &Delivery{cloud: cloud, tasks: newTasks(cloud)}
	for action, do := range map[string]func(Call) Answer{
		"CreateDeployment": d.create, "GetDeployment": d.get, "BatchGetDeployments": d.batchGet, "ListDeployments": d.list, "StopDeployment": d.stop,
		"ContinueDeployment": d.proceed, "ListDeploymentTargets": d.listTargets, "GetDeploymentTarget": d.target,
		"BatchGetDeploymentTargets": d.batchTargets, "GetApplication": d.getApplication, "PutLifecycleEventHookExecutionStatus": d.putHook,
	} {
		cloud.Handle("codedeploy", action, func(call Call) Answer {
			d.mutex.Lock()
			defer d.mutex.Unlock()
			return do(call)
		})
	}
	return d
}

// Next sets how the next deployment goes.
func (d *Delivery) Next(outcome Outcome) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.next = outcome
}

// Release lets a deployment that hangs go on.
func (d *Delivery) Release() {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, deployment := range d.deployments {
		deployment.outcome.HangAt = ""
	}
}

// Deployments are the ids of the deployments so far, with their status, such as "d-000000001 Succeeded".
func (d *Delivery) Deployments() []string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	all := make([]string, 0, len(d.deployments))
	for _, deployment := range d.deployments {
		all = append(all, deployment.id+" "+deployment.status)
	}
	return all
}

// Spec is the AppSpec of a deployment as it was sent.
func (d *Delivery) Spec(id string) string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if found := d.find(id); found != nil {
		return found.content
	}
	return ""
}

// AlarmsWatched tells whether a deployment is rolled back by its group's alarms.
func (d *Delivery) AlarmsWatched(id string) bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	found := d.find(id)
	return found != nil && (found.alarms == nil || *found.alarms)
}

func (d *Delivery) find(id string) *deployment {
	for _, deployment := range d.deployments {
		if deployment.id == id {
			return deployment
		}
	}
	return nil
}

// running is the deployment of a group that has not ended.
func (d *Delivery) running(application, group string, account, region string) *deployment {
	for _, deployment := range d.deployments {
		if deployment.application == application && deployment.group.Name == group && !deployment.over() &&
			d.cloud.accountOf(deployment.call) == account && deployment.call.Region == region {
			return deployment
		}
	}
	return nil
}

func (d *deployment) over() bool {
	return slices.Contains([]string{"Succeeded", "Failed", "Stopped"}, d.status)
}

// lookup finds the deployment of a call's account and region; every other one does not exist for it.
func (d *Delivery) lookup(call Call, id string) (*deployment, *Answer) {
	if id == "" {
		return nil, refused("DeploymentIdRequiredException", "Deployment ID required.")
	}
	if !strings.HasPrefix(id, "d-") {
		return nil, refused("InvalidDeploymentIdException", "Specified DeploymentId is not in the valid format: %s", id)
	}
	found := d.find(id)
	if found == nil || d.cloud.accountOf(found.call) != d.cloud.accountOf(call) || found.call.Region != call.Region {
		return nil, refused("DeploymentDoesNotExistException", "The deployment %s could not be found", id)
	}
	return found, nil
}

func (d *Delivery) create(call Call) Answer {
	var input struct {
		ApplicationName, DeploymentGroupName, DeploymentConfigName, Description string
		AutoRollbackConfiguration                                               any
		OverrideAlarmConfiguration                                              *struct {
			Enabled                bool
			Alarms                 []any
			IgnorePollAlarmFailure bool
		}
		Revision *revision
	}
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	group, answer := d.groupOf(call, input.ApplicationName, input.DeploymentGroupName)
	if answer != nil {
		return *answer
	}
	spec, answer := d.read(call, group, input.Revision)
	if answer != nil {
		return *answer
	}
	if other := d.running(input.ApplicationName, input.DeploymentGroupName, d.cloud.accountOf(call), call.Region); other != nil {
		return *refused("DeploymentLimitExceededException", "The Deployment Group '%s' already has an active Deployment '%s'", group.Name, other.id)
	}
	sets, answer := d.taskSets(call, group)
	if answer != nil {
		return *answer
	}
	made := d.add(call, group, spec)
	made.application, made.description, made.creator = input.ApplicationName, input.Description, "user"
	made.content, made.sha256, made.outcome, d.next = input.Revision.content(), input.Revision.sha256(), d.next, Outcome{}
	if override := input.OverrideAlarmConfiguration; override != nil {
		made.alarms = &override.Enabled
	}
	for _, set := range sets {
		if set.Status == "PRIMARY" {
			made.old = set
		}
	}
	return reply(map[string]any{"deploymentId": made.id})
}

func (d *Delivery) add(call Call, group deploymentGroup, spec appSpec) *deployment {
	made := &deployment{call: call, id: fmt.Sprintf("d-%09d", len(d.deployments)+1), group: group, spec: spec, status: "Created", made: time.Now()}
	d.deployments = append(d.deployments, made)
	return made
}

func (d *Delivery) get(call Call) Answer {
	var input struct{ DeploymentID string }
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	found, answer := d.lookup(call, input.DeploymentID)
	if answer != nil {
		return *answer
	}
	d.advance(found)
	return reply(map[string]any{"deploymentInfo": found.info()})
}

func (d *Delivery) batchGet(call Call) Answer {
	var input struct{ DeploymentIds []string }
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	if len(input.DeploymentIds) == 0 {
		return *refused("DeploymentIdRequiredException", "Deployment ID required.")
	}
	if len(input.DeploymentIds) > 25 {
		return *refused("BatchLimitExceededException", "a batch has at most 25 ids")
	}
	infos := []any{}
	for _, id := range input.DeploymentIds {
		if found, _ := d.lookup(call, id); found != nil {
			infos = append(infos, found.info())
		}
	}
	return reply(map[string]any{"deploymentsInfo": infos})
}

// listPage is how many deployments a page of the fake has: few, so that pages are met.
const listPage = 3

func (d *Delivery) list(call Call) Answer {
	var input struct {
		ApplicationName, DeploymentGroupName, NextToken string
		IncludeOnlyStatuses                             []string
		CreateTimeRange                                 any
	}
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	if _, answer := d.groupOf(call, input.ApplicationName, input.DeploymentGroupName); answer != nil {
		return *answer
	}
	ids := []string{}
	for _, deployment := range slices.Backward(d.deployments) {
		if deployment.application == input.ApplicationName && deployment.group.Name == input.DeploymentGroupName &&
			(len(input.IncludeOnlyStatuses) == 0 || slices.Contains(input.IncludeOnlyStatuses, deployment.status)) &&
			d.cloud.accountOf(deployment.call) == d.cloud.accountOf(call) && deployment.call.Region == call.Region {
			ids = append(ids, deployment.id)
		}
	}
	if input.NextToken != "" {
		at := slices.Index(ids, input.NextToken)
		if at < 0 {
			return *refused("InvalidNextTokenException", "the token is not one of CodeDeploy's")
		}
		ids = ids[at:]
	}
	if len(ids) > listPage {
		return reply(map[string]any{"deployments": ids[:listPage], "nextToken": ids[listPage]})
	}
	return reply(map[string]any{"deployments": ids})
}

func (d *Delivery) stop(call Call) Answer {
	var input struct {
		DeploymentID        string
		AutoRollbackEnabled *bool
	}
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	found, answer := d.lookup(call, input.DeploymentID)
	if answer != nil {
		return *answer
	}
	if found.over() {
		return *refused("DeploymentAlreadyCompletedException", "The deployment %s has already completed", found.id)
	}
	found.failure = &errorInformation{Code: "MANUAL_STOP", Message: "The deployment was stopped by a user."}
	d.end(found, "Stopped", input.AutoRollbackEnabled != nil && *input.AutoRollbackEnabled)
	return reply(map[string]any{"status": "Pending", "statusMessage": "Stopping the deployment."})
}

// proceed ends a wait: that of an old version for its end.
func (d *Delivery) proceed(call Call) Answer {
	var input struct{ DeploymentID, DeploymentWaitType string }
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	found, answer := d.lookup(call, input.DeploymentID)
	switch {
	case answer != nil:
		return *answer
	case !slices.Contains([]string{"READY_WAIT", "TERMINATION_WAIT"}, input.DeploymentWaitType):
		return *refused("InvalidDeploymentWaitTypeException", "The specified wait type %q is invalid", input.DeploymentWaitType)
	case found.over():
		return *refused("DeploymentAlreadyCompletedException", "The deployment %s has already completed", found.id)
	case found.at < len(lifecycle):
		return *refused("DeploymentIsNotInReadyStateException", "The deployment %s does not wait", found.id)
	}
	found.outcome.BakeLooks = found.looks + 1
	return reply(map[string]any{})
}

// getApplication gives CodeDeploy's timestamp to moto's application.
func (d *Delivery) getApplication(call Call) Answer {
	var input struct{ ApplicationName string }
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	var found struct{ Application map[string]any }
	if answer := d.cloud.ask(call, "codedeploy", deployTarget+"GetApplication", map[string]any{"applicationName": input.ApplicationName}, &found); answer != nil {
		return *answer
	}
	found.Application["createTime"] = seconds(time.Now())
	return reply(map[string]any{"application": found.Application})
}

// putHook is what a hook function reports.
func (d *Delivery) putHook(call Call) Answer {
	var input struct{ DeploymentID, LifecycleEventHookExecutionID, Status string }
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	found, answer := d.lookup(call, input.DeploymentID)
	switch {
	case answer != nil:
		return *answer
	case !slices.Contains([]string{"Succeeded", "Failed"}, input.Status):
		return *refused("InvalidLifecycleEventHookExecutionStatusException", "The status %q is invalid", input.Status)
	case found.over() || found.at >= len(lifecycle) || found.spec.hook(lifecycle[found.at]) == "":
		return *refused("LifecycleEventAlreadyCompletedException", "no hook of %s waits for an answer", found.id)
	}
	if found.outcome.HangAt = ""; input.Status == "Failed" {
		found.outcome.FailAt, found.outcome.Code, found.outcome.Message = lifecycle[found.at], "HOOK_EXECUTION_FAILURE", "the hook reported a failure"
	}
	return reply(map[string]any{"lifecycleEventHookExecutionId": input.LifecycleEventHookExecutionID})
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
