package compute

import (
	"fmt"
	"strconv"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const fargate = ecsGuide + "fargate-tasks-services.html"

// tasks are the rules of task definitions as a whole.
func tasks() []rule.Rule {
	types := []string{taskDefinition}
	return []rule.Rule{{
		ID: "compute-task-size", Types: []string{taskDefinition}, Code: "ClientException",
		Page:     "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html",
		Says:     "A Fargate task has one of the combinations of cpu and memory that Fargate offers.",
		Fix:      "Choose a memory that goes with the cpu: 256 with 512, 1024 or 2048 MiB; above, two to eight times the cpu.",
		Foreseen: true, Check: taskSize,
		Pass: rule.Case{Inputs: map[string]any{"requiresCompatibilities": []any{"FARGATE"}, "cpu": "512", "memory": "1024"}},
		Fail: rule.Case{Inputs: map[string]any{"requiresCompatibilities": []any{"FARGATE"}, "cpu": "512", "memory": "512"}},
		Seed: rule.Seed{Stack: "staging", At: taskDefinition + "::backend", Set: map[string]any{"memory": "300"}},
	}, {
		ID: "compute-task-network-mode", Types: types, Code: "ClientException", Page: fargate, Foreseen: true,
		Says: "A Fargate task has the network mode awsvpc.", Fix: `Set networkMode to "awsvpc".`,
		Check: func(c *catalog.Call) *rule.Finding {
			if onFargate(c) && (!c.Has("networkMode") || c.Known("networkMode") && c.Str("networkMode") != "awsvpc") {
				return rule.Find("networkMode", c.Str("networkMode"), "Fargate only supports network mode 'awsvpc'")
			}
			return nil
		},
		Pass: task(web("")),
		Fail: task(web(""), inputs{"networkMode": "bridge"}),
		Seed: with(taskDefinition+"::reports", map[string]any{"networkMode": "host"}),
	}, {
		ID: "compute-task-level", Types: types, Code: "ClientException", Page: fargate, Foreseen: true,
		Says: "A Fargate task says how much cpu and memory the whole task has.", Fix: "Set cpu and memory of the task, not only of its containers.",
		Check: func(c *catalog.Call) *rule.Finding {
			for _, property := range []string{"cpu", "memory"} {
				if onFargate(c) && !c.Has(property) {
					return rule.Find(property, nil, "Fargate requires that '%s' be defined at the task level", property)
				}
			}
			return nil
		},
		Pass: task(web("")), Fail: rule.Case{Inputs: inputs{"requiresCompatibilities": []any{"FARGATE"}, "cpu": "256"}},
		Seed: with(taskDefinition+"::orders", map[string]any{"cpu": nil}),
	}, {
		ID: "compute-task-share", Types: types, Code: "ClientException", Page: containerAPI, Foreseen: true,
		Says: "The containers of a task reserve no more cpu and memory together than the task has, and none has a higher limit.",
		Fix:  "Lower the containers' cpu, memory or memoryReservation, or raise the task's.", Check: share,
		Pass: task(web(`"cpu":256,"memory":512`)),
		Fail: task(web(`"memory":1024`)),
		Seed: edited("parcels", `"essential":true`, `"essential":true,"memoryReservation":4096`),
	}, {
		ID: "compute-task-storage", Types: types, Code: "ClientException", Page: ecsAPI + "API_EphemeralStorage.html", Foreseen: true,
		Says: "The ephemeral storage of a Fargate task is 21 to 200 GiB.", Fix: "Choose 21 to 200 GiB, or leave it out for 20.",
		Check: between("ephemeralStorage.sizeInGib", 21, 200, "The ephemeral storage must be 21 to 200 GiB, got %v"),
		Pass:  task(web(""), inputs{"ephemeralStorage": inputs{"sizeInGib": 21}}), Fail: task(web(""), inputs{"ephemeralStorage": inputs{"sizeInGib": 20}}),
		Seed: with(taskDefinition+"::billing", map[string]any{"ephemeralStorage": map[string]any{"sizeInGib": 20}}),
	}, {
		ID: "compute-task-fargate-parameters", Types: types, Code: "ClientException", Page: fargate, Foreseen: true,
		Says: "A container on Fargate uses none of the parameters that Fargate does not have, such as privileged, links, extraHosts or shared memory.",
		Fix:  "Leave the parameter out.", Check: eachContainer(beyondFargate),
		Pass: task(web(`"privileged":false`)), Fail: task(web(`"privileged":true`)), Seed: edited("search", `"privileged":false`, `"privileged":true`),
	}, {
		ID: "compute-task-capabilities", Types: types, Code: "ClientException", Page: ecsAPI + "API_KernelCapabilities.html", Foreseen: true,
		Says: "A container on Fargate can add the kernel capability SYS_PTRACE and no other.",
		Fix:  "Take the capability out, or run the container without needing it.",
		Check: eachContainer(func(c *catalog.Call, one container) string {
			if one.LinuxParameters == nil || !onFargate(c) {
				return ""
			}
			for _, capability := range one.LinuxParameters.Capabilities.Add {
				if capability != "SYS_PTRACE" {
					return "Fargate supports adding only the kernel capability SYS_PTRACE, got " + capability
				}
			}
			return ""
		}),
		Pass: task(web(`"linuxParameters":{"capabilities":{"add":["SYS_PTRACE"]}}`)),
		Fail: task(web(`"linuxParameters":{"capabilities":{"add":["NET_ADMIN"]}}`)),
		Seed: edited("mail", `"capabilities":{`, `"capabilities":{"add":["NET_BIND_SERVICE"],`),
	}, {
		ID: "compute-task-stop-timeout", Types: types, Code: "ClientException", Page: containerAPI, Foreseen: true,
		Says: "A container on Fargate has at most 120 seconds to stop.", Fix: "Set stopTimeout to 120 or less.",
		Check: eachContainer(func(c *catalog.Call, one container) string {
			if onFargate(c) && one.StopTimeout > 120 {
				return fmt.Sprintf("The stopTimeout of container %s is %d, and can be 120 at most on Fargate", one.Name, one.StopTimeout)
			}
			return ""
		}),
		Pass: task(web(`"stopTimeout":120`)), Fail: task(web(`"stopTimeout":121`)), Seed: edited("reports", `"stopTimeout":60`, `"stopTimeout":600`),
	}, {
		ID: "compute-task-role-trust", Types: types, Code: "ClientException", Page: ecsGuide + "task-iam-roles.html",
		Says: "The roles of a task can be assumed by ecs-tasks.amazonaws.com.", Fix: "Trust ecs-tasks.amazonaws.com in the role's assumeRolePolicy.",
		Check: trustedBy("ecs-tasks.amazonaws.com",
			"ECS was unable to assume the role '%s' that was provided for this task. Please verify that the role being passed has the "+
				"proper trust relationship and permissions", "executionRoleArn", "taskRoleArn"),
		Pass: rule.Case{World: []rule.Thing{roleThing("ecs-tasks.amazonaws.com")}, Inputs: inputs{"executionRoleArn": taskRole}},
		Fail: rule.Case{World: []rule.Thing{roleThing("ecs.amazonaws.com")}, Inputs: inputs{"executionRoleArn": taskRole}},
		Seed: rule.Seed{Stack: "staging", Settings: crowd, At: role + "::orders-task", Refused: taskDefinition + "::orders",
			Edit: map[string]func(string) string{"assumeRolePolicy": rule.Replace(`"ecs-tasks.amazonaws.com"`, `"ecs.amazonaws.com"`)}},
	}}
}

// fargateLacks are parameters of container definitions that Fargate does not have.
var fargateLacks = []string{"disableNetworking", "dnsSearchDomains", "dnsServers", "dockerSecurityOptions", "extraHosts", "hostname", "links"}

func beyondFargate(c *catalog.Call, one container) string {
	if !onFargate(c) {
		return ""
	}
	if one.Privileged {
		return "Fargate does not support privileged containers: " + one.Name
	}
	for _, name := range fargateLacks {
		if value := string(one.Elements[name]); value != "" && value != "null" && value != "[]" && value != "false" && value != `""` {
			return fmt.Sprintf("Fargate does not support the parameter %s: container %s", name, one.Name)
		}
	}
	return ""
}

// share adds up what the containers get. A container takes what it reserves, and its hard limit where it reserves nothing.
func share(c *catalog.Call) *rule.Finding {
	cpu, _ := strconv.Atoi(c.Str("cpu"))
	memory, _ := strconv.Atoi(c.Str("memory"))
	usedCPU, usedMemory := 0, 0
	for _, one := range containers(c) {
		usedCPU += one.CPU
		if memory > 0 && max(one.Memory, one.MemoryReservation) > memory {
			return rule.Find("containerDefinitions", one.Name, "The container %s gets more memory than the task's %d MiB", one.Name, memory)
		}
		if usedMemory += one.MemoryReservation; one.MemoryReservation == 0 {
			usedMemory += one.Memory
		}
	}
	if cpu > 0 && usedCPU > cpu {
		return rule.Find("cpu", cpu, "The containers get %d cpu units together, the task has %d", usedCPU, cpu)
	}
	if memory > 0 && usedMemory > memory {
		return rule.Find("memory", memory, "The containers reserve %d MiB together, the task has %d", usedMemory, memory)
	}
	return nil
}

// fargateMemory is the memory in MiB that Fargate offers for a cpu: from, to and the step between.
var fargateMemory = map[int][3]int{
	256: {512, 2048, 0}, 512: {1024, 4096, 1024}, 1024: {2048, 8192, 1024}, 2048: {4096, 16384, 1024},
	4096: {8192, 30720, 1024}, 8192: {16384, 61440, 4096}, 16384: {32768, 122880, 8192},
}

func taskSize(c *catalog.Call) *rule.Finding {
	if !onFargate(c) || !c.Known("cpu") || !c.Known("memory") {
		return nil
	}
	cpu, _ := strconv.Atoi(c.Str("cpu"))
	memory, _ := strconv.Atoi(c.Str("memory"))
	offer, sold := fargateMemory[cpu]
	switch {
	case !sold:
		return rule.Find("cpu", c.Str("cpu"), "Invalid 'cpu' setting for task")
	case cpu == 256 && (memory == 512 || memory == 1024 || memory == 2048):
		return nil
	case memory < offer[0] || memory > offer[1] || offer[2] == 0 || memory%offer[2] != 0:
		return rule.Find("memory", c.Str("memory"), "No Fargate configuration exists for given values: %d CPU, %d memory", cpu, memory)
	}
	return nil
}
