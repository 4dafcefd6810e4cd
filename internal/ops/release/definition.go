package release

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/itrack/itrack/internal/ops"
)

// definition is a task definition to register.
type definition struct {
	input *ecs.RegisterTaskDefinitionInput
	image string
}

// taskDefinition puts an image into a template of the wanted release: into every container that has none.
func taskDefinition(template map[string]any, image, service string) (*definition, error) {
	what := "reading the wanted release of " + service
	text, err := json.Marshal(template)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	input := &ecs.RegisterTaskDefinitionInput{}
	// The template has AWS's names, and the SDK's fields are matched without regard to case. A field that the SDK does not know
	// would be lost in silence.
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(input); err != nil {
		return nil, &ops.Problem{What: what, Why: err.Error(), Err: err, Next: "the stack was deployed by another version of this program: run `itrack deploy` with this one, then this again"}
	}
	if aws.ToString(input.Family) == "" || len(input.ContainerDefinitions) == 0 {
		return nil, &ops.Problem{What: what, Why: "it has no family or no container", Next: "`itrack deploy` brings the stack's outputs up to date"}
	}
	for i := range input.ContainerDefinitions {
		if container := &input.ContainerDefinitions[i]; aws.ToString(container.Image) == "" {
			container.Image = aws.String(image)
		}
	}
	return &definition{input: input, image: image}, nil
}

// requestOf is the request that would register a task definition again.
func requestOf(d *ecstypes.TaskDefinition) *ecs.RegisterTaskDefinitionInput {
	return &ecs.RegisterTaskDefinitionInput{
		ContainerDefinitions: d.ContainerDefinitions, Family: d.Family, Cpu: d.Cpu, EnableFaultInjection: d.EnableFaultInjection,
		EphemeralStorage: d.EphemeralStorage, ExecutionRoleArn: d.ExecutionRoleArn, InferenceAccelerators: d.InferenceAccelerators,
		IpcMode: d.IpcMode, Memory: d.Memory, NetworkMode: d.NetworkMode, PidMode: d.PidMode, PlacementConstraints: d.PlacementConstraints,
		ProxyConfiguration: d.ProxyConfiguration, RequiresCompatibilities: d.RequiresCompatibilities, RuntimePlatform: d.RuntimePlatform,
		TaskRoleArn: d.TaskRoleArn, Volumes: d.Volumes,
	}
}

// normal is a request in a form in which two that mean the same are equal: without what is empty, false or zero, which is how ECS
// answers what was left out, and with the lists sorted whose order means nothing.
func normal(input *ecs.RegisterTaskDefinitionInput) (map[string]any, error) {
	text, err := json.Marshal(input)
	if err != nil {
		return nil, fmt.Errorf("comparing task definitions: %w", err)
	}
	var values map[string]any
	if err := json.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("comparing task definitions: %w", err)
	}
	delete(values, "Tags")
	pruned, _ := prune(values).(map[string]any)
	return pruned, nil
}

func prune(value any) any {
	switch v := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, entry := range v {
			if entry = prune(entry); entry != nil {
				kept[key] = entry
			}
		}
		if len(kept) == 0 {
			return nil
		}
		return kept
	case []any:
		if len(v) == 0 {
			return nil
		}
		list := make([]any, 0, len(v))
		for _, entry := range v {
			if plain, ok := entry.(map[string]any); ok {
				entry = prune(plain)
			}
			list = append(list, entry) // an empty argument of a command counts
		}
		slices.SortStableFunc(list, func(a, b any) int { return cmp.Compare(sortKey(a), sortKey(b)) })
		return list
	case string:
		if v == "" {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	case float64:
		if v == 0 {
			return nil
		}
	}
	return value
}

// sortKey orders lists of named things; it is the same for all entries of other lists, which keep their order.
func sortKey(entry any) string {
	values, ok := entry.(map[string]any)
	if !ok {
		return ""
	}
	for _, key := range []string{"Name", "ContainerPort", "ContainerPath"} {
		if values[key] != nil {
			return fmt.Sprintf("%v", values[key])
		}
	}
	return ""
}

// register gives the ARN of a revision that is exactly what is wanted: the one that runs, the newest of the family, or a new one.
// running may be nil. For a restart it is another one than runs, so that the end can be verified: with the same revision on both
// sides nobody could tell new tasks from a deployment that was rolled back.
func register(ctx context.Context, env *ops.Environment, wanted *definition, running *ecstypes.TaskDefinition, restart bool) (arn string, registered bool, err error) {
	if !restart && running != nil && running.Status == ecstypes.TaskDefinitionStatusActive && len(definitionDifferences(running, wanted.input)) == 0 {
		return aws.ToString(running.TaskDefinitionArn), false, nil
	}
	family := aws.ToString(wanted.input.Family)
	newest, err := describeDefinition(ctx, env, family)
	runs := restart && err == nil && running != nil && aws.ToString(newest.TaskDefinitionArn) == aws.ToString(running.TaskDefinitionArn)
	switch {
	case err == nil && !runs && newest.Status == ecstypes.TaskDefinitionStatusActive && len(definitionDifferences(newest, wanted.input)) == 0:
		return aws.ToString(newest.TaskDefinitionArn), false, nil
	case err != nil && !ops.IsCode(err, "ClientException"): // ECS's code for a family without an active revision
		return "", false, err
	}
	answer, err := env.Primary().ECS().RegisterTaskDefinition(ctx, wanted.input)
	if err != nil {
		return "", false, ops.Explain("registering a revision of "+family, err)
	}
	return aws.ToString(answer.TaskDefinition.TaskDefinitionArn), true, nil
}
