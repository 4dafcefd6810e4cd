package controls

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

const (
	tokenCluster = "aws:ecs/cluster:Cluster"
	tokenService = "aws:ecs/service:Service"
	tokenTask    = "aws:ecs/taskDefinition:TaskDefinition"
)

// container is what the controls read of a container definition.
type container struct {
	Name                   string
	User                   string
	Privileged             bool
	ReadonlyRootFilesystem bool
	Environment            []struct{ Name string }
	LogConfiguration       *struct{ LogDriver string }
}

// root tells whether a container runs as the root user: by name, by number, or because nothing else is said.
func (c container) root() bool {
	user, _, _ := strings.Cut(c.User, ":")
	return user == "" || user == "root" || user == "0"
}

const noTasks = "the stack declares no ECS task definition"

func ecs() []review.Control {
	const s, o = review.Security, review.Operations
	return []review.Control{
		hub("ECS.1", "Task definitions should have secure networking modes and user definitions", review.High, s, noTasks, ecsHostNetwork),
		hub("ECS.2", "Services should not have public IP addresses assigned to them automatically", review.High, s, noServices,
			review.Each(tokenService, ecsServicePublic)),
		hub("ECS.3", "Task definitions should not share the host's process namespace", review.High, s, noTasks, review.Each(tokenTask, ecsHostProcesses)),
		hub("ECS.4", "Containers should run as non-privileged", review.High, s, noTasks, eachContainer(
			func(_ *review.Resource, c container) bool { return !c.Privileged }, "no container is privileged", "privileged", "set privileged to false")),
		hub("ECS.5", "Containers should be limited to read-only access to root filesystems", review.High, s, noTasks, eachContainer(
			func(task *review.Resource, c container) bool { return c.ReadonlyRootFilesystem || windows(task) },
			"every container's root filesystem is read-only", "with a root filesystem that can be written",
			"set readonlyRootFilesystem to true and mount a volume where the container writes")),
		hub("ECS.8", "Secrets should not be passed as container environment variables", review.High, s, noTasks, eachContainer(
			func(_ *review.Resource, c container) bool { return !hasKeys(c) }, "no environment variable holds AWS keys",
			"with "+list(keyNames)+" in the environment", "give the task a role, or pass the value by the container's secrets")),
		hub("ECS.9", "Task definitions should have a logging configuration", review.High, o, noTasks, eachContainer(
			func(_ *review.Resource, c container) bool {
				return c.LogConfiguration != nil && c.LogConfiguration.LogDriver != ""
			},
			"every container has a log driver", "without a log driver", "set logConfiguration")),
		hub("ECS.10", "Fargate services should run on the latest Fargate platform version", review.Medium, s, "the stack declares no Fargate service", ecsPlatform),
		hub("ECS.12", "Clusters should use Container Insights", review.Medium, o, "the stack declares no ECS cluster", review.Each(tokenCluster, ecsInsights)),
		hub("ECS.16", "Task sets should not automatically assign public IP addresses", review.High, s,
			"the stack declares no task set and no deployment group that makes some", ecsTaskSets),
		hub("ECS.20", "Task definitions should configure non-root users in Linux container definitions", review.Medium, s, noTasks, eachContainer(
			func(task *review.Resource, c container) bool { return !c.root() || windows(task) }, "every container has a user other than root", "running as root",
			"set user to a number other than 0")),
	}
}

const noServices = "the stack declares no ECS service"

// keyNames are the variables that AWS looks for.
var keyNames = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ECS_ENGINE_AUTH_DATA"}

func hasKeys(c container) bool {
	return slices.ContainsFunc(c.Environment, func(v struct{ Name string }) bool { return slices.Contains(keyNames, v.Name) })
}

func windows(task *review.Resource) bool {
	return strings.HasPrefix(task.Str("runtimePlatform.operatingSystemFamily"), "WINDOWS")
}

// eachContainer answers for every task definition: all its containers must be good.
func eachContainer(good func(task *review.Resource, c container) bool, seen, fault, fix string) func(*review.Model) []review.Answer {
	return review.Each(tokenTask, func(_ *review.Model, task *review.Resource) review.Answer {
		containers, readable := containersOf(task)
		if !readable {
			return unreadable(task)
		}
		var bad []string
		for _, c := range containers {
			if !good(task, c) {
				bad = append(bad, c.Name)
			}
		}
		return review.When(len(bad) == 0, task, seen, fmt.Sprintf("container %s is %s", list(bad), fault), fix)
	})
}

func containersOf(task *review.Resource) ([]container, bool) {
	var containers []container
	ok := task.JSON("containerDefinitions", &containers)
	return containers, ok && len(containers) > 0
}

// unreadable fails what can't be looked at: a whole document is a secret when one value in it came from a secret.
func unreadable(task *review.Resource) review.Answer {
	return review.Fail(task, "its container definitions can't be read from the state",
		"pass secret values by the containers' secrets, so that the document itself is no secret")
}

// ecsHostNetwork fails host networking for a container that was neither made privileged on purpose nor given a user.
func ecsHostNetwork(m *review.Model) []review.Answer {
	return eachContainer(func(task *review.Resource, c container) bool {
		return task.Str("networkMode") != "host" || c.Privileged || !c.root()
	}, "no container runs as root on the host's network", "running as root on the host's network", "set networkMode to awsvpc, or give the container a user")(m)
}

func ecsHostProcesses(_ *review.Model, task *review.Resource) review.Answer {
	return review.When(task.Str("pidMode") != "host", task, "the host's processes are out of sight", "pidMode is host", "leave pidMode out")
}

func ecsServicePublic(_ *review.Model, service *review.Resource) review.Answer {
	return review.When(!service.Bool("networkConfiguration.assignPublicIp"), service, "tasks get no public address",
		"networkConfiguration.assignPublicIp is true", "set assignPublicIp to false and give the subnets a NAT gateway or endpoints")
}

// ecsPlatform looks at the services that run on Fargate, by their own choice or by their cluster's.
func ecsPlatform(m *review.Model) []review.Answer {
	// AWS's newest platform version of Linux tasks; LATEST follows it by itself.
	latest := []string{"", "LATEST", "1.4.0"}
	var out []review.Answer
	for _, service := range m.All(tokenService) {
		if onFargate(m, service) {
			version := service.Str("platformVersion")
			out = append(out, review.When(slices.Contains(latest, version), service, "the platform version is the latest", "platformVersion is "+version,
				"set platformVersion to LATEST"))
		}
	}
	return out
}

// onFargate tells whether a service's tasks run on Fargate. A service without a strategy takes its cluster's.
func onFargate(m *review.Model, service *review.Resource) bool {
	providers := service.Strs("capacityProviderStrategies.capacityProvider")
	if len(providers) == 0 && service.Str("launchType") == "" {
		if cluster := m.Find(tokenCluster, service.Str("cluster")); cluster != nil {
			for _, of := range m.Referring("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "clusterName", cluster) {
				providers = append(providers, of.Strs("defaultCapacityProviderStrategies.capacityProvider")...)
			}
		}
	}
	return service.Str("launchType") == "FARGATE" || slices.Contains(providers, "FARGATE") || slices.Contains(providers, "FARGATE_SPOT")
}

func ecsInsights(_ *review.Model, cluster *review.Resource) review.Answer {
	for _, setting := range cluster.Maps("settings") {
		if setting.Str("name") == "containerInsights" {
			value := setting.Str("value")
			return review.When(value == "enabled" || value == "enhanced", cluster, "Container Insights is "+value, "containerInsights is "+value,
				"set it to enhanced or enabled")
		}
	}
	return review.Fail(cluster, "it has no setting containerInsights", "set containerInsights to enhanced or enabled")
}

// ecsTaskSets answers for task sets, and for the deployment groups whose task sets CodeDeploy makes with their service's network.
func ecsTaskSets(m *review.Model) []review.Answer {
	out := review.Each("aws:ecs/taskSet:TaskSet", ecsServicePublic)(m)
	for _, s := range shifts(m) {
		if s.group != nil {
			answer := ecsServicePublic(m, s.service)
			answer.Resource, answer.Why = s.group, "task sets are made with the network of "+s.service.Name+": "+answer.Why
			out = append(out, answer)
		}
	}
	return out
}
