package compute

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

var (
	registerTask = ecsAPI + "API_RegisterTaskDefinition.html"
	containerAPI = ecsAPI + "API_ContainerDefinition.html"
)

// definitions are the rules of containers and what they have in common. They look at the task definition alone.
func definitions() []rule.Rule {
	rules := []rule.Rule{{
		ID: "compute-task-containers", Page: registerTask,
		Says:  "A task definition has a list of containers, each with a name and an image.",
		Fix:   "Give every container a name and an image, and the task at least one container.",
		Check: namedContainers, Pass: task(web("")), Fail: task(`[{"name":"web"}]`), Seed: edited("orders", `"image":"`, `"credentialSpecs":[],"picture":"`),
	}, {
		ID: "compute-task-container-name", Page: containerAPI,
		Says: "A container's name has 1 to 255 letters, digits, hyphens and underscores.", Fix: "Take other characters out of the container's name.",
		Check: eachContainer(func(_ *catalog.Call, one container) string {
			if !containerName.MatchString(one.Name) {
				return fmt.Sprintf("Invalid container name %q: up to 255 letters, numbers, hyphens, and underscores are allowed", one.Name)
			}
			return ""
		}),
		Pass: task(web("")), Fail: task(`[{"name":"web server","image":"nginx"}]`), Seed: edited("parcels", `"name":"parcels"`, `"name":"parcels.web"`),
	}, {
		ID: "compute-task-container-twice", Page: containerAPI,
		Says: "The containers of a task have different names.", Fix: "Rename one of the containers.", Check: containerTwice,
		Pass: task(`[{"name":"web","image":"nginx"},{"name":"log","image":"fluent"}]`),
		Fail: task(`[{"name":"web","image":"nginx"},{"name":"web","image":"fluent"}]`),
		Seed: edited("billing", `[{"name":"billing"`, `[{"name":"billing","image":"public.ecr.aws/docker/library/busybox:1.37","essential":false},{"name":"billing"`),
	}, {
		ID: "compute-task-essential", Page: containerAPI,
		Says: "At least one container of a task is essential.", Fix: "Leave essential out for the main container: it is true by default.", Check: noEssential,
		Pass: task(web("")), Fail: task(web(`"essential":false`)), Seed: edited("search", `"essential":true`, `"essential":false`),
	}, {
		ID: "compute-task-image", Code: "CannotPullContainerError", Page: ecsGuide + "task_cannot_pull_image.html",
		Says: "A container's image is a reference as registries have them: registry/repository:tag or registry/repository@digest, in lower case.",
		Fix:  "Write the repository in lower case, without a scheme, and one tag or digest.", Check: badImage,
		Pass: task(web("")), Fail: task(`[{"name":"web","image":"https://public.ecr.aws/nginx:latest"}]`),
		Seed: edited("mail", `"image":"public.ecr.aws/docker`, `"image":"public.ecr.aws/Docker`),
	}, {
		ID: "compute-task-variable-twice", Page: ecsGuide + "specifying-sensitive-data.html",
		Says:  "A container has no secret under the name of an environment variable, and no secret twice.",
		Fix:   "Rename the variable or the secret.",
		Check: eachContainer(variableTwice),
		Pass:  task(web(`"environment":[{"name":"A","value":"1"}],"secrets":[{"name":"B","valueFrom":"b"}]`)),
		Fail:  task(web(`"environment":[{"name":"A","value":"1"}],"secrets":[{"name":"A","valueFrom":"b"}]`)),
		Seed: rule.Seed{Stack: "staging", Settings: crowd, At: taskDefinition + "::backend", Edit: map[string]func(string) string{
			"containerDefinitions": rule.Replace(`"name":"ENVIRONMENT"`, `"name":"API_KEY"`)}},
	}, {
		ID: "compute-task-dependency", Page: ecsAPI + "API_ContainerDependency.html",
		Says: "A container depends on another container of its task.", Fix: "Name a container of the same task in dependsOn.", Check: unknownDependency,
		Pass: task(`[{"name":"web","image":"nginx","dependsOn":[{"containerName":"log","condition":"START"}]},{"name":"log","image":"fluent"}]`),
		Fail: task(web(`"dependsOn":[{"containerName":"log","condition":"START"}]`)),
		Seed: edited("reports", `"essential":true`, `"essential":true,"dependsOn":[{"containerName":"proxy","condition":"START"}]`),
	}, {
		ID: "compute-task-dependency-condition", Page: ecsAPI + "API_ContainerDependency.html",
		Says: "A container is waited for to be healthy only if it has a health check, and to end only if it is not essential.",
		Fix:  "Give the container that is waited for a health check, or make it not essential.", Check: badDependency,
		Pass: task(`[{"name":"web","image":"nginx","dependsOn":[{"containerName":"up","condition":"SUCCESS"}]},{"name":"up","image":"migrate","essential":false}]`),
		Fail: task(`[{"name":"web","image":"nginx","dependsOn":[{"containerName":"up","condition":"HEALTHY"}]},{"name":"up","image":"migrate","essential":false}]`),
		Seed: edited("orders", `[{"name":"orders"`, `[{"name":"proxy","image":"public.ecr.aws/docker/library/busybox:1.37"},{"name":"orders","dependsOn":[{"containerName":"proxy","condition":"COMPLETE"}]`),
	}, {
		ID: "compute-task-health-check", Page: ecsAPI + "API_HealthCheck.html",
		Says: "A container's health check has an interval of 5 to 300 seconds, a timeout of 2 to 60, 1 to 10 retries and a start period of 0 to 300.",
		Fix:  "Bring the value into its bounds.", Check: eachContainer(healthBounds),
		Pass: task(web(`"healthCheck":{"command":["CMD","true"],"interval":5,"timeout":2,"retries":1,"startPeriod":0}`)),
		Fail: task(web(`"healthCheck":{"command":["CMD","true"],"retries":0}`)),
		Seed: edited("parcels", `"essential":true`, `"essential":true,"healthCheck":{"command":["CMD-SHELL","true"],"interval":2,"timeout":2}`),
	}, {
		ID: "compute-task-health-command", Page: ecsAPI + "API_HealthCheck.html",
		Says: "The command of a container's health check begins with CMD or CMD-SHELL.",
		Fix:  "Put CMD before a command and its arguments, or CMD-SHELL before a line for the shell.",
		Check: eachContainer(func(_ *catalog.Call, one container) string {
			if one.HealthCheck == nil || len(one.HealthCheck.Command) > 1 && slices.Contains([]string{"CMD", "CMD-SHELL", "NONE"}, one.HealthCheck.Command[0]) {
				return ""
			}
			return "The health check command of container " + one.Name + " must begin with CMD or CMD-SHELL"
		}),
		Pass: task(web(`"healthCheck":{"command":["CMD-SHELL","curl -f http://localhost || exit 1"]}`)),
		Fail: task(web(`"healthCheck":{"command":["curl","-f","http://localhost"]}`)),
		Seed: edited("billing", `"essential":true`, `"essential":true,"healthCheck":{"command":["wget","-q","http://localhost:8080"]}`),
	}, {
		ID: "compute-task-volume", Page: ecsAPI + "API_MountPoint.html",
		Says: "A container mounts volumes of its task.", Fix: "Add the volume to volumes, or correct sourceVolume.", Check: unknownVolume,
		Pass: task(web(`"mountPoints":[{"sourceVolume":"tmp","containerPath":"/tmp"}]`), inputs{"volumes": []any{inputs{"name": "tmp"}}}),
		Fail: task(web(`"mountPoints":[{"sourceVolume":"cache","containerPath":"/tmp"}]`), inputs{"volumes": []any{inputs{"name": "tmp"}}}),
		Seed: edited("search", `"sourceVolume":"tmp"`, `"sourceVolume":"temp"`),
	}, {
		ID: "compute-task-host-port", Page: ecsAPI + "API_PortMapping.html",
		Says:  "In network mode awsvpc a port of the host is the container's port.",
		Fix:   "Leave hostPort out, or make it equal to containerPort.",
		Check: hostPort,
		Pass:  task(web(`"portMappings":[{"containerPort":80,"hostPort":80}]`)), Fail: task(web(`"portMappings":[{"containerPort":80,"hostPort":8080}]`)),
		Seed: edited("mail", `"hostPort":8080`, `"hostPort":80`),
	}}
	for i := range rules {
		r := &rules[i]
		r.Types, r.Foreseen = []string{taskDefinition}, true
		if r.Code == "" {
			r.Code = "ClientException"
		}
	}
	return rules
}

// eachContainer asks every container.
func eachContainer(broken func(*catalog.Call, container) string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		for i, one := range containers(c) {
			if message := broken(c, one); message != "" {
				return rule.Find("containerDefinitions", fmt.Sprintf("[%d] %s", i, one.Name), "%s", message)
			}
		}
		return nil
	}
}

func namedContainers(c *catalog.Call) *rule.Finding {
	text := c.Str("containerDefinitions")
	if text == "" {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal([]byte(text), &list) != nil || len(list) == 0 {
		return rule.Find("containerDefinitions", nil, "Container list cannot be empty")
	}
	found := containersOf(text)
	if found == nil {
		return rule.Find("containerDefinitions", nil, "The container definitions have a value of the wrong type")
	}
	for i, one := range found {
		if one.Name == "" {
			return rule.Find("containerDefinitions", i, "Container.name should not be null or empty")
		}
		if one.Image == "" {
			return rule.Find("containerDefinitions", one.Name, "Container.image should not be null or empty")
		}
	}
	return nil
}

var containerName = regexp.MustCompile(`^[A-Za-z0-9_-]{0,255}$`)

func containerTwice(c *catalog.Call) *rule.Finding {
	seen := map[string]bool{}
	for _, one := range containers(c) {
		if seen[one.Name] && one.Name != "" {
			return rule.Find("containerDefinitions", one.Name, "The container name %s is used twice", one.Name)
		}
		seen[one.Name] = true
	}
	return nil
}

func noEssential(c *catalog.Call) *rule.Finding {
	found := containers(c)
	for _, one := range found {
		if one.Essential == nil || *one.Essential {
			return nil
		}
	}
	if len(found) == 0 {
		return nil
	}
	return rule.Find("containerDefinitions", nil, "A task definition must have at least one essential container")
}

// imageForm is the grammar of references to images: a registry's host, path components, a tag and a digest.
var imageForm = regexp.MustCompile(`^([A-Za-z0-9.-]+(:\d+)?/)?[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$`)

func badImage(c *catalog.Call) *rule.Finding {
	for _, one := range containers(c) {
		if one.Image != "" && !imageForm.MatchString(one.Image) {
			return rule.Find("containerDefinitions", one.Image, "CannotPullContainerError: invalid reference format")
		}
	}
	return nil
}

func variableTwice(_ *catalog.Call, one container) string {
	seen := map[string]bool{}
	for _, variable := range one.Environment {
		seen[variable.Name] = true
	}
	for _, secret := range one.Secrets {
		if seen[secret.Name] {
			return "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '" + secret.Name + "'"
		}
		seen[secret.Name] = true
	}
	return ""
}

// eachDependency visits the containers that another one waits for; the second is nil when there is none.
func eachDependency(c *catalog.Call, visit func(one container, on *container, name, condition string) *rule.Finding) *rule.Finding {
	all := containers(c)
	for _, one := range all {
		for _, dependency := range one.DependsOn {
			i := slices.IndexFunc(all, func(other container) bool { return other.Name == dependency.ContainerName && other.Name != one.Name })
			var on *container
			if i >= 0 {
				on = &all[i]
			}
			if found := visit(one, on, dependency.ContainerName, dependency.Condition); found != nil {
				return found
			}
		}
	}
	return nil
}

func unknownDependency(c *catalog.Call) *rule.Finding {
	return eachDependency(c, func(one container, on *container, name, _ string) *rule.Finding {
		if on != nil {
			return nil
		}
		return rule.Find("containerDefinitions", name, "The container %s depends on the container %s, which the task does not have", one.Name, name)
	})
}

func badDependency(c *catalog.Call) *rule.Finding {
	return eachDependency(c, func(one container, on *container, name, condition string) *rule.Finding {
		switch {
		case on == nil:
		case condition == "HEALTHY" && on.HealthCheck == nil:
			return rule.Find("containerDefinitions", name, "The container %s waits for %s to be HEALTHY, which has no health check", one.Name, name)
		case (condition == "COMPLETE" || condition == "SUCCESS") && (on.Essential == nil || *on.Essential):
			return rule.Find("containerDefinitions", name, "The container %s waits for %s to be %s, which is essential", one.Name, name, condition)
		}
		return nil
	})
}

func healthBounds(_ *catalog.Call, one container) string {
	if one.HealthCheck == nil {
		return ""
	}
	for name, bound := range map[string]struct {
		value       *int
		least, most int
	}{"interval": {one.HealthCheck.Interval, 5, 300}, "timeout": {one.HealthCheck.Timeout, 2, 60}, "retries": {one.HealthCheck.Retries, 1, 10},
		"startPeriod": {one.HealthCheck.StartPeriod, 0, 300}} {
		if bound.value != nil && (*bound.value < bound.least || *bound.value > bound.most) {
			return fmt.Sprintf("The health check %s of container %s must be between %d and %d, got %d", name, one.Name, bound.least, bound.most, *bound.value)
		}
	}
	return ""
}

func unknownVolume(c *catalog.Call) *rule.Finding {
	if c.Has("volumes") && !c.Known("volumes") {
		return nil
	}
	volumes := c.Strs("volumes[].name")
	for _, one := range containers(c) {
		for _, mount := range one.MountPoints {
			if !slices.Contains(volumes, mount.SourceVolume) {
				return rule.Find("containerDefinitions", mount.SourceVolume, "Unknown volume '%s'. The task has %s", mount.SourceVolume, strings.Join(volumes, ", "))
			}
		}
	}
	return nil
}

func hostPort(c *catalog.Call) *rule.Finding {
	if c.Str("networkMode") != "awsvpc" {
		return nil
	}
	for _, one := range containers(c) {
		for _, port := range one.PortMappings {
			if port.HostPort != 0 && port.HostPort != port.ContainerPort {
				return rule.Find("containerDefinitions", port.HostPort, "When networkMode=awsvpc, the host ports and container ports in port mappings must match")
			}
		}
	}
	return nil
}
