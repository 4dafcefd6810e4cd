package opstest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// tasks are Fargate's tasks: they end by themselves, with an exit code, a reason and last words in the log. Tasks advance by one
// state whenever somebody asks for them.
type tasks struct {
	cloud *Cloud
	mutex sync.Mutex
	ends  []End // of the next tasks; then they end well
	all   []*task
}

// End is how a task ends.
type End struct {
	ExitCode int
	// NoExit: the container never started, such as for an image that can't be pulled.
	NoExit bool
	// Reason is the task's stopped reason, ContainerReason the container's.
	Reason, ContainerReason string
	// Log are the lines that it wrote.
	Log []string
	// Hangs: the task never ends.
	Hangs bool
	// Agent: AWS has put a container of its own into the task (GuardDuty's agent), which a signal ends with the task.
	Agent bool
	// Grace is for how many looks the task works on after it was told to stop.
	Grace int
}

type task struct {
	call                          Call
	arn, cluster, definition      string
	service, startedBy, token     string
	container, logGroup, logPlace string
	status                        int // in taskStates
	stopping                      bool
	end                           End
}

var taskStates = []string{"PROVISIONING", "PENDING", "RUNNING", "STOPPED"}

func newTasks(cloud *Cloud) *tasks {
	t := &tasks{cloud: cloud}
	for action, do := range map[string]func(Call) Answer{"RunTask": t.run, "DescribeTasks": t.describe, "ListTasks": t.list, "StopTask": t.stop} {
		cloud.Handle("ecs", action, func(call Call) Answer {
			t.mutex.Lock()
			defer t.mutex.Unlock()
			return do(call)
		})
	}
	return t
}

// TaskEnds sets how the next one-off task ends.
func (d *Delivery) TaskEnds(end End) {
	d.tasks.mutex.Lock()
	defer d.tasks.mutex.Unlock()
	d.tasks.ends = append(d.tasks.ends, end)
}

// TasksRun are the task definitions of the one-off tasks so far, such as itrack-backend-migrate-staging:1.
func (d *Delivery) TasksRun() []string {
	d.tasks.mutex.Lock()
	defer d.tasks.mutex.Unlock()
	names := []string{}
	for _, task := range d.tasks.all {
		if task.service == "" {
			names = append(names, task.definition[strings.LastIndex(task.definition, "/")+1:])
		}
	}
	return names
}

// definition is what a task needs of its task definition.
type definition struct {
	TaskDefinitionArn, Status, NetworkMode, Family string
	ContainerDefinitions                           []struct {
		Name             string
		LogConfiguration struct{ Options map[string]string }
	}
}

func (t *tasks) definition(call Call, name string) (definition, *Answer) {
	var found struct{ TaskDefinition definition }
	answer := t.cloud.ask(call, "ecs", ecsTarget+"DescribeTaskDefinition", map[string]any{"taskDefinition": name}, &found)
	if answer == nil && found.TaskDefinition.Status != "ACTIVE" {
		answer = refused("ClientException", "TaskDefinition is inactive")
	}
	return found.TaskDefinition, answer
}

// clusterExists refuses a cluster that does not exist.
func (t *tasks) clusterExists(call Call, name string) *Answer {
	var found struct{ Clusters []struct{ Status string } }
	if answer := t.cloud.ask(call, "ecs", ecsTarget+"DescribeClusters", map[string]any{"clusters": []string{name}}, &found); answer != nil {
		return answer
	}
	if len(found.Clusters) != 1 {
		return refused("ClusterNotFoundException", "Cluster not found.")
	}
	return nil
}

func (t *tasks) run(call Call) Answer {
	var input struct {
		Cluster, TaskDefinition, StartedBy, ClientToken, LaunchType, PlatformVersion, Group, PropagateTags, ReferenceID string
		CapacityProviderStrategy                                                                                        []any
		Count                                                                                                           *int
		EnableECSManagedTags, EnableExecuteCommand                                                                      bool
		NetworkConfiguration                                                                                            *struct {
			AwsvpcConfiguration struct {
				Subnets, SecurityGroups []string
				AssignPublicIP          string
			}
		}
		Overrides any
		Tags      []struct{ Key, Value string }
	}
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	if answer := t.clusterExists(call, input.Cluster); answer != nil {
		return *answer
	}
	found, answer := t.definition(call, input.TaskDefinition)
	switch {
	case answer != nil:
		return *answer
	case input.LaunchType != "" && len(input.CapacityProviderStrategy) > 0:
		return *refused("InvalidParameterException", "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
	case input.LaunchType != "FARGATE" && len(input.CapacityProviderStrategy) == 0:
		return *refused("InvalidParameterException", "No Container Instances were found in your cluster.")
	case found.NetworkMode == "awsvpc" && (input.NetworkConfiguration == nil || len(input.NetworkConfiguration.AwsvpcConfiguration.Subnets) == 0):
		return *refused("InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	case len(input.StartedBy) > 128 || len(input.ClientToken) > 64:
		return *refused("InvalidParameterException", "startedBy has at most 128 characters, clientToken 64")
	case input.Count != nil && *input.Count != 1:
		return *refused("InvalidParameterException", "this fake runs one task at a time")
	}
	for _, task := range t.all {
		if input.ClientToken != "" && task.token == input.ClientToken && t.cloud.accountOf(task.call) == t.cloud.accountOf(call) {
			return reply(map[string]any{"tasks": []any{task.answer()}, "failures": []any{}})
		}
	}
	end := End{Log: []string{"done"}}
	if len(t.ends) > 0 {
		end, t.ends = t.ends[0], t.ends[1:]
	}
	made := t.add(call, input.Cluster, found, end)
	made.startedBy, made.token = input.StartedBy, input.ClientToken
	return reply(map[string]any{"tasks": []any{made.answer()}, "failures": []any{}})
}

func (t *tasks) add(call Call, cluster string, found definition, end End) *task {
	cluster = cluster[strings.LastIndex(cluster, "/")+1:]
	id := fmt.Sprintf("%032x", len(t.all)+1)
	container := found.ContainerDefinitions[0]
	options := container.LogConfiguration.Options
	made := &task{
		call: call, arn: fmt.Sprintf("arn:aws:ecs:%s:%s:task/%s/%s", call.Region, t.cloud.accountOf(call), cluster, id), cluster: cluster,
		definition: found.TaskDefinitionArn, container: container.Name, end: end,
		logGroup: options["awslogs-group"], logPlace: options["awslogs-stream-prefix"] + "/" + container.Name + "/" + id,
	}
	t.all = append(t.all, made)
	return made
}

// stopped adds a task of a service that has stopped.
func (t *tasks) stopped(call Call, cluster, service, name string, end End) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	found, answer := t.definition(call, name)
	if answer != nil {
		t.cloud.t.Errorf("a stopped task of %s: %s", name, answer.Body)
		return
	}
	made := t.add(call, cluster, found, end)
	made.service, made.status = service, len(taskStates)-1
	t.write(made)
}

// write writes a task's last words.
func (t *tasks) write(made *task) {
	if made.logGroup == "" || len(made.end.Log) == 0 {
		return
	}
	stream := map[string]any{"logGroupName": made.logGroup, "logStreamName": made.logPlace}
	events := []any{}
	for i, line := range made.end.Log {
		events = append(events, map[string]any{"timestamp": time.Now().UnixMilli() + int64(i) - int64(len(made.end.Log)), "message": line})
	}
	for _, step := range []struct {
		action string
		input  map[string]any
	}{{"CreateLogStream", stream}, {"PutLogEvents", map[string]any{"logGroupName": made.logGroup, "logStreamName": made.logPlace, "logEvents": events}}} {
		if answer := t.cloud.ask(made.call, "logs", logsTarget+step.action, step.input, nil); answer != nil {
			t.cloud.t.Errorf("writing a task's log: %s %s", answer.Code, answer.Body)
		}
	}
}

func (t *tasks) advance(made *task) {
	if made.stopping {
		if made.end.Grace--; made.end.Grace < 0 {
			made.stopping, made.status = false, len(taskStates)-1
		}
		return
	}
	if made.status == len(taskStates)-1 || made.end.Hangs && taskStates[made.status] == "RUNNING" {
		return
	}
	if made.status++; taskStates[made.status] == "STOPPED" {
		t.write(made)
	}
}

func (t *tasks) describe(call Call) Answer {
	var input struct {
		Cluster string
		Tasks   []string
		Include []string
	}
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	if answer := t.clusterExists(call, input.Cluster); answer != nil {
		return *answer
	}
	if len(input.Tasks) == 0 || len(input.Tasks) > 100 {
		return *refused("InvalidParameterException", "Tasks are from 1 to 100.")
	}
	found, failures := []any{}, []any{}
	for _, arn := range input.Tasks {
		at := slices.IndexFunc(t.all, func(task *task) bool { return task.arn == arn })
		if at < 0 {
			failures = append(failures, map[string]any{"arn": arn, "reason": "MISSING"})
			continue
		}
		t.advance(t.all[at])
		found = append(found, t.all[at].answer())
	}
	return reply(map[string]any{"tasks": found, "failures": failures})
}

func (t *tasks) list(call Call) Answer {
	var input struct {
		Cluster, Family, ServiceName, StartedBy, DesiredStatus, LaunchType, NextToken string
		MaxResults                                                                    int
	}
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	if answer := t.clusterExists(call, input.Cluster); answer != nil {
		return *answer
	}
	if input.DesiredStatus == "" {
		input.DesiredStatus = "RUNNING"
	}
	arns := []string{}
	for _, task := range t.all {
		family := task.definition[strings.LastIndex(task.definition, "/")+1:]
		family, _, _ = strings.Cut(family, ":")
		wanted := "RUNNING"
		if taskStates[task.status] == "STOPPED" || task.stopping {
			wanted = "STOPPED"
		}
		if task.cluster != input.Cluster[strings.LastIndex(input.Cluster, "/")+1:] || t.cloud.accountOf(task.call) != t.cloud.accountOf(call) ||
			input.Family != "" && family != input.Family || input.ServiceName != "" && task.service != input.ServiceName ||
			input.StartedBy != "" && task.startedBy != input.StartedBy || wanted != input.DesiredStatus {
			continue
		}
		arns = append(arns, task.arn)
	}
	return reply(map[string]any{"taskArns": arns})
}

func (t *tasks) stop(call Call) Answer {
	var input struct{ Cluster, Task, Reason string }
	if answer := strict(call.Body, &input); answer != nil {
		return *answer
	}
	at := slices.IndexFunc(t.all, func(task *task) bool { return task.arn == input.Task || strings.HasSuffix(task.arn, "/"+input.Task) })
	if at < 0 || input.Task == "" {
		return *refused("InvalidParameterException", "The referenced task was not found.")
	}
	t.all[at].end = End{ExitCode: 143, Reason: input.Reason, Log: t.all[at].end.Log, Grace: t.all[at].end.Grace}
	if t.all[at].stopping = t.all[at].end.Grace > 0; !t.all[at].stopping {
		t.all[at].status = len(taskStates) - 1
	}
	return reply(map[string]any{"task": t.all[at].answer()})
}

// answer is ECS's Task.
func (made *task) answer() map[string]any {
	container := map[string]any{"name": made.container, "lastStatus": taskStates[made.status], "taskArn": made.arn}
	answer := map[string]any{
		"taskArn": made.arn, "clusterArn": strings.Replace(made.arn[:strings.LastIndex(made.arn, "/")], ":task/", ":cluster/", 1),
		"taskDefinitionArn": made.definition, "lastStatus": taskStates[made.status], "desiredStatus": "RUNNING", "startedBy": made.startedBy,
		"launchType": "FARGATE", "containers": []any{container},
	}
	if made.stopping {
		answer["desiredStatus"], answer["lastStatus"], container["lastStatus"] = "STOPPED", "DEACTIVATING", "RUNNING"
		return answer
	}
	if taskStates[made.status] != "STOPPED" {
		return answer
	}
	if made.end.Agent {
		answer["containers"] = []any{map[string]any{"name": "aws-guardduty-agent-a1b2c3", "lastStatus": "STOPPED", "taskArn": made.arn, "exitCode": 137}, container}
	}
	answer["desiredStatus"], answer["stopCode"], answer["stoppedReason"] = "STOPPED", "EssentialContainerExited", "Essential container in task exited"
	if made.end.Reason != "" {
		answer["stoppedReason"] = made.end.Reason
	}
	if made.end.NoExit {
		answer["stopCode"] = "TaskFailedToStart"
	} else {
		container["exitCode"] = made.end.ExitCode
	}
	if made.end.ContainerReason != "" {
		container["reason"] = made.end.ContainerReason
	}
	answer["stoppedAt"] = seconds(time.Now())
	return answer
}
