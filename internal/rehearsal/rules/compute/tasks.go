package compute

import (
	"slices"
	"strconv"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const taskDefinition = "aws:ecs/taskDefinition:TaskDefinition"

func tasks() []rule.Rule {
	return []rule.Rule{{
		ID: "compute-task-size", Types: []string{taskDefinition}, Code: "ClientException",
		Page:     "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html",
		Says:     "A Fargate task has one of the combinations of cpu and memory that Fargate offers.",
		Fix:      "Choose a memory that goes with the cpu: 256 with 512, 1024 or 2048 MiB; above, two to eight times the cpu.",
		Foreseen: true, Check: taskSize,
		Pass: rule.Case{Inputs: map[string]any{"requiresCompatibilities": []any{"FARGATE"}, "cpu": "512", "memory": "1024"}},
		Fail: rule.Case{Inputs: map[string]any{"requiresCompatibilities": []any{"FARGATE"}, "cpu": "512", "memory": "512"}},
		Seed: rule.Seed{Stack: "staging", At: taskDefinition + "::backend", Set: map[string]any{"memory": "300"}},
	}}
}

// fargateMemory is the memory in MiB that Fargate offers for a cpu: from, to and the step between.
var fargateMemory = map[int][3]int{
	256: {512, 2048, 0}, 512: {1024, 4096, 1024}, 1024: {2048, 8192, 1024}, 2048: {4096, 16384, 1024},
	4096: {8192, 30720, 1024}, 8192: {16384, 61440, 4096}, 16384: {32768, 122880, 8192},
}

func taskSize(c *catalog.Call) *rule.Finding {
	if !slices.Contains(c.Strs("requiresCompatibilities"), "FARGATE") || !c.Known("cpu") || !c.Known("memory") {
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
