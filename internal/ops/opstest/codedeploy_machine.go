package opstest

import (
	"net/http"
	"time"
)

// taskSet is what the fake needs of ECS's task set.
type taskSet struct {
	TaskSetArn     string
	TaskDefinition string
	Status         string
	LoadBalancers  []struct {
		TargetGroupArn string
	}
}

func (g deploymentGroup) service() map[string]any {
	return map[string]any{"cluster": g.EcsServices[0].ClusterName, "service": g.EcsServices[0].ServiceName}
}

func (d *Delivery) taskSets(call Call, group deploymentGroup) ([]taskSet, *Answer) {
	var found struct {
		Services []struct{ TaskSets []taskSet }
	}
	answer := d.cloud.ask(call, "ecs", ecsTarget+"DescribeServices", map[string]any{
		"cluster": group.EcsServices[0].ClusterName, "services": []string{group.EcsServices[0].ServiceName},
	}, &found)
	if answer == nil && len(found.Services) != 1 {
		answer = refused("InvalidECSServiceException", "the service %s does not exist", group.EcsServices[0].ServiceName)
	}
	if answer != nil {
		return nil, answer
	}
	return found.Services[0].TaskSets, nil
}

// advance takes a deployment one lifecycle event further.
func (d *Delivery) advance(made *deployment) {
	switch {
	case made.over():
		return
	case made.trigger != "":
		d.advanceRollback(made)
		return
	case made.status == "Created":
		made.status = "InProgress"
		return
	case made.at == len(lifecycle):
		d.bake(made)
		return
	}
	event := lifecycle[made.at]
	if event == made.outcome.HangAt {
		return
	}
	if event == made.outcome.FailAt {
		d.fail(made)
		return
	}
	var answer *Answer
	switch event {
	case "Install":
		answer = d.install(made)
	case "AllowTraffic":
		if !made.outcome.Lies {
			answer = d.primary(made, made.replacement)
		}
	}
	if answer != nil {
		made.outcome.Code, made.outcome.Message = "ECS_UPDATE_ERROR", string(answer.Body)
		d.fail(made)
		return
	}
	if made.at++; made.at == len(lifecycle) && made.outcome.BakeLooks == 0 {
		d.bake(made)
	}
}

// install makes the task set of the new version, with all that the AppSpec says.
func (d *Delivery) install(made *deployment) *Answer {
	properties := made.spec.properties()
	input := made.group.service()
	input["taskDefinition"], input["platformVersion"], input["launchType"] = properties.TaskDefinition, properties.PlatformVersion, "FARGATE"
	input["externalId"] = made.id
	if network := properties.NetworkConfiguration; network != nil {
		vpc := network.AwsvpcConfiguration
		input["networkConfiguration"] = map[string]any{"awsvpcConfiguration": map[string]any{
			"subnets": vpc.Subnets, "securityGroups": vpc.SecurityGroups, "assignPublicIp": vpc.AssignPublicIp,
		}}
	}
	var strategy []any
	for _, item := range properties.CapacityProviderStrategy {
		strategy = append(strategy, map[string]any{"capacityProvider": item.CapacityProvider, "base": item.Base, "weight": item.Weight})
	}
	if strategy != nil {
		input["capacityProviderStrategy"] = strategy
	}
	if len(made.old.LoadBalancers) > 0 {
		input["loadBalancers"] = []any{map[string]any{
			"targetGroupArn": made.old.LoadBalancers[0].TargetGroupArn, "containerName": properties.LoadBalancerInfo.ContainerName,
			"containerPort": properties.LoadBalancerInfo.ContainerPort,
		}}
	}
	var output struct{ TaskSet taskSet }
	if answer := d.cloud.ask(made.call, "ecs", ecsTarget+"CreateTaskSet", input, &output); answer != nil {
		return answer
	}
	made.replacement = output.TaskSet
	return nil
}

// primary gives the traffic to a task set.
func (d *Delivery) primary(made *deployment, set taskSet) *Answer {
	input := made.group.service()
	input["primaryTaskSet"] = set.TaskSetArn
	return d.cloud.ask(made.call, "ecs", ecsTarget+"UpdateServicePrimaryTaskSet", input, nil)
}

func (d *Delivery) remove(made *deployment, set taskSet) {
	if set.TaskSetArn == "" {
		return
	}
	input := made.group.service()
	input["taskSet"] = set.TaskSetArn
	if answer := d.cloud.ask(made.call, "ecs", ecsTarget+"DeleteTaskSet", input, nil); answer != nil && answer.Status != http.StatusBadRequest {
		d.cloud.t.Errorf("taking a task set away: %s %s", answer.Code, answer.Body)
	}
}

// bake keeps the old version for a while after the traffic has moved.
func (d *Delivery) bake(made *deployment) {
	if made.looks++; made.outcome.BakeLooks < 0 || made.looks <= made.outcome.BakeLooks {
		return
	}
	made.status, made.ended = "Succeeded", time.Now()
	if !made.outcome.Lies {
		d.remove(made, made.old)
	}
}

func (d *Delivery) fail(made *deployment) {
	made.failure = &errorInformation{Code: made.outcome.Code, Message: made.outcome.Message}
	if made.failure.Code == "" {
		made.failure.Code = "HEALTH_CONSTRAINTS"
	}
	if end := made.outcome.Stopped; end != nil {
		service := made.group.EcsServices[0]
		if made.at < len(lifecycle) && made.replacement.TaskSetArn == "" {
			_ = d.install(made) // the tasks were there, and stopped
		}
		d.tasks.stopped(made.call, service.ClusterName, service.ServiceName, made.spec.properties().TaskDefinition, *end)
	}
	d.end(made, "Failed", made.group.AutoRollbackConfiguration.Enabled)
}

// end ends a deployment that did not end well, and begins the one that brings the traffic back.
func (d *Delivery) end(made *deployment, status string, rollback bool) {
	made.status, made.ended = status, time.Now()
	if !rollback || made.trigger != "" {
		return
	}
	back := d.add(made.call, made.group, made.spec)
	back.application, back.creator, back.status, back.trigger = made.application, "codeDeployRollback", "InProgress", made.id
	back.old, back.replacement, back.outcome.KeepsTraffic = made.replacement, made.old, made.outcome.KeepsTraffic
	made.rollback = back.id
}

func (d *Delivery) advanceRollback(back *deployment) {
	if back.looks++; back.looks < 2 || back.outcome.KeepsTraffic {
		return
	}
	if answer := d.primary(back, back.replacement); answer != nil {
		back.status, back.failure = "Failed", &errorInformation{Code: "ECS_UPDATE_ERROR", Message: string(answer.Body)}
		return
	}
	d.remove(back, back.old)
	back.at, back.status, back.ended = len(lifecycle), "Succeeded", time.Now()
}

// info is DeploymentInfo.
func (made *deployment) info() map[string]any {
	info := map[string]any{
		"applicationName": made.application, "deploymentGroupName": made.group.Name, "deploymentId": made.id, "status": made.status,
		"creator": made.creator, "createTime": seconds(made.made), "computePlatform": "ECS", "description": made.description,
		"blueGreenDeploymentConfiguration":   made.group.BlueGreenDeploymentConfiguration,
		"instanceTerminationWaitTimeStarted": made.trigger == "" && made.at == len(lifecycle),
		"deploymentConfigName":               "CodeDeployDefault.ECSAllAtOnce",
	}
	if made.content != "" {
		info["revision"] = map[string]any{"revisionType": "AppSpecContent", "appSpecContent": map[string]any{"content": made.content, "sha256": made.sha256}}
	}
	if made.failure != nil {
		info["errorInformation"] = made.failure
	}
	if !made.ended.IsZero() {
		info["completeTime"] = seconds(made.ended)
	}
	if made.rollback != "" || made.trigger != "" {
		rollback := map[string]any{}
		if made.rollback != "" {
			rollback["rollbackDeploymentId"] = made.rollback
		}
		if made.trigger != "" {
			rollback["rollbackTriggeringDeploymentId"] = made.trigger
		}
		info["rollbackInfo"] = rollback
	}
	return info
}

func (made *deployment) targetID() string {
	return made.group.EcsServices[0].ClusterName + ":" + made.group.EcsServices[0].ServiceName
}

// describe is the deployment's one target.
func (made *deployment) describe() map[string]any {
	events := []any{}
	for i, name := range lifecycle {
		event := map[string]any{"lifecycleEventName": name, "status": "Pending"}
		switch {
		case i < made.at:
			event["status"] = "Succeeded"
		case i == made.at && made.status == "InProgress":
			event["status"] = "InProgress"
		case i == made.at && made.over() && made.status != "Succeeded":
			event["status"] = "Failed"
			if made.outcome.Diagnostic != "" {
				event["diagnostics"] = map[string]any{"errorCode": "UnknownError", "message": made.outcome.Diagnostic}
			}
		case made.over():
			event["status"] = "Skipped"
		}
		events = append(events, event)
	}
	sets := []any{}
	for label, set := range map[string]taskSet{"Blue": made.old, "Green": made.replacement} {
		if set.TaskSetArn == "" {
			continue
		}
		weight := 0.0
		if (label == "Green") == (made.at > 6) {
			weight = 100
		}
		sets = append(sets, map[string]any{
			"identifer": set.TaskSetArn, "taskSetLabel": label, "desiredCount": 2, "runningCount": 2, "pendingCount": 0, "trafficWeight": weight, "status": "ACTIVE",
		})
	}
	status := map[string]string{"Created": "Pending", "InProgress": "InProgress", "Succeeded": "Succeeded", "Failed": "Failed", "Stopped": "Failed"}[made.status]
	return map[string]any{"deploymentTargetType": "ECSTarget", "ecsTarget": map[string]any{
		"deploymentId": made.id, "targetId": made.targetID(), "status": status, "lifecycleEvents": events, "taskSetsInfo": sets,
	}}
}

func (d *Delivery) listTargets(call Call) Answer {
	var input struct {
		DeploymentID, NextToken string
		TargetFilters           any
	}
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	found, answer := d.started(call, input.DeploymentID)
	if answer != nil {
		return *answer
	}
	return reply(map[string]any{"targetIds": []string{found.targetID()}})
}

// started finds a deployment that has begun: one that has not has no targets.
func (d *Delivery) started(call Call, id string) (*deployment, *Answer) {
	found, answer := d.lookup(call, id)
	if answer == nil && found.status == "Created" {
		answer = refused("DeploymentNotStartedException", "The deployment %s has not started", id)
	}
	return found, answer
}

func (d *Delivery) target(call Call) Answer {
	var input struct{ DeploymentID, TargetID string }
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	found, answer := d.started(call, input.DeploymentID)
	switch {
	case answer != nil:
		return *answer
	case input.TargetID == "":
		return *refused("DeploymentTargetIdRequiredException", "A target ID is required.")
	case input.TargetID != found.targetID():
		return *refused("DeploymentTargetDoesNotExistException", "The target %s is none of the deployment %s", input.TargetID, found.id)
	}
	return reply(map[string]any{"deploymentTarget": found.describe()})
}

func (d *Delivery) batchTargets(call Call) Answer {
	var input struct {
		DeploymentID string
		TargetIds    []string
	}
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	found, answer := d.started(call, input.DeploymentID)
	if answer != nil {
		return *answer
	}
	targets := []any{}
	for _, id := range input.TargetIds {
		if id != found.targetID() {
			return *refused("DeploymentTargetDoesNotExistException", "The target %s is none of the deployment %s", id, found.id)
		}
		targets = append(targets, found.describe())
	}
	return reply(map[string]any{"deploymentTargets": targets})
}
