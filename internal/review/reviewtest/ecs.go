package reviewtest

const (
	task    = "aws:ecs/taskDefinition:TaskDefinition::backend"
	service = "aws:ecs/service:Service::backend"
	cluster = "aws:ecs/cluster:Cluster::ecs"
	group   = "aws:codedeploy/deploymentGroup:DeploymentGroup::backend"
)

// inContainer edits the first container definition; a nil value takes the property away.
func inContainer(changes map[string]any) func(*Export) {
	return func(e *Export) {
		e.Document(task, "containerDefinitions", func(document any) any {
			containers, is := document.([]any)
			if !is || len(containers) == 0 {
				e.fail("%s: no container to edit", task)
				return document
			}
			for key, value := range changes {
				if value == nil {
					delete(containers[0].(map[string]any), key)
				} else {
					containers[0].(map[string]any)[key] = value
				}
			}
			return containers
		})
	}
}

func ecs() []Variant {
	keys := []any{map[string]any{"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}}
	root := inContainer(map[string]any{"user": "0:0"})
	return []Variant{
		{Name: "root on the host's network", Stack: Production, Control: "ECS.1", Wants: task, Also: []string{"ECS.20"},
			Edit: all(put(task, "networkMode", "host"), root)},
		{Name: "a service with public addresses", Stack: Staging, Control: "ECS.2", Wants: service, Also: []string{"ECS.16"},
			Edit: put(service, "networkConfiguration.assignPublicIp", true)},
		{Name: "the host's processes", Stack: Production, Control: "ECS.3", Wants: task, Edit: put(task, "pidMode", "host")},
		{Name: "a privileged container", Stack: Domain, Control: "ECS.4", Wants: task, Edit: inContainer(map[string]any{"privileged": true})},
		{Name: "a root filesystem that can be written", Stack: Staging, Control: "ECS.5", Wants: task,
			Edit: inContainer(map[string]any{"readonlyRootFilesystem": false})},
		{Name: "nothing said of the root filesystem", Stack: Production, Control: "ECS.5", Wants: task,
			Edit: inContainer(map[string]any{"readonlyRootFilesystem": nil})},
		{Name: "an AWS key in the environment", Stack: Production, Control: "ECS.8", Wants: task, Edit: inContainer(map[string]any{"environment": keys})},
		{Name: "a container without logs", Stack: Staging, Control: "ECS.9", Wants: task, Edit: inContainer(map[string]any{"logConfiguration": nil})},
		{Name: "an old platform version", Stack: Production, Control: "ECS.10", Wants: service, Edit: put(service, "platformVersion", "1.3.0")},
		{Name: "an old platform version on the cluster's Fargate", Stack: Staging, Control: "ECS.10", Wants: service,
			Edit: all(unset(service, "capacityProviderStrategies"), put(service, "platformVersion", "1.3.0"))},
		{Name: "no Container Insights", Stack: Domain, Control: "ECS.12", Wants: cluster, Edit: put(cluster, "settings.0.value", "disabled")},
		{Name: "no settings of the cluster", Stack: Production, Control: "ECS.12", Wants: cluster, Edit: unset(cluster, "settings")},
		{Name: "task sets with public addresses", Stack: Production, Control: "ECS.16", Wants: group, Joins: true, Also: []string{"ECS.2"},
			Edit: put(service, "networkConfiguration.assignPublicIp", true)},
		{Name: "no user", Stack: Staging, Control: "ECS.20", Wants: task, Edit: inContainer(map[string]any{"user": nil})},
		{Name: "root by name", Stack: Domain, Control: "ECS.20", Wants: task, Edit: inContainer(map[string]any{"user": "root:10001"})},
	}
}
