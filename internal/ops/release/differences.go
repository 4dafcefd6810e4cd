package release

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/itrack/itrack/infra/release"
	"github.com/itrack/itrack/internal/ops"
)

// Differences are the fields of each service's wanted release that differ from what runs, the image left aside. A service without
// differences is not in the map, nor is one that runs the bootstrap image: a release begins with an image.
func Differences(ctx context.Context, env *ops.Environment, out ops.Outputs) (map[string][]string, error) {
	all := map[string][]string{}
	for _, service := range slices.Sorted(maps.Keys(out.Releases)) {
		wanted := out.Releases[service]
		now, err := inspect(ctx, env, wanted, service)
		if err != nil {
			return nil, err
		}
		if now.run.Bootstrap {
			continue
		}
		same, err := taskDefinition(wanted.TaskDefinition, now.run.Image, service)
		if err != nil {
			return nil, err
		}
		fields, err := now.differences(wanted, same)
		if err != nil {
			return nil, err
		}
		if len(fields) > 0 {
			all[service] = fields
		}
	}
	return all, nil
}

// differences are those of the task definition and those of the service around it.
func (l *live) differences(wanted release.Release, definition *definition) ([]string, error) {
	if _, err := normal(definition.input); err != nil {
		return nil, err
	}
	fields := definitionDifferences(l.definition, definition.input)
	if l.primary == nil {
		return append(fields, l.around(wanted, l.service.NetworkConfiguration, l.service.PlatformVersion, l.service.CapacityProviderStrategy, l.service.LoadBalancers)...), nil
	}
	set := l.primary
	return append(fields, l.around(wanted, set.NetworkConfiguration, set.PlatformVersion, set.CapacityProviderStrategy, set.LoadBalancers)...), nil
}

// around compares what an AppSpec carries beside the task definition.
func (l *live) around(wanted release.Release, network *ecstypes.NetworkConfiguration, platform *string,
	capacity []ecstypes.CapacityProviderStrategyItem, balancers []ecstypes.LoadBalancer) []string {
	var fields []string
	vpc := &ecstypes.AwsVpcConfiguration{}
	if network != nil && network.AwsvpcConfiguration != nil {
		vpc = network.AwsvpcConfiguration
	}
	want := wanted.NetworkConfiguration.AwsvpcConfiguration
	if !sameSet(vpc.Subnets, want.Subnets) {
		fields = append(fields, "subnets")
	}
	if !sameSet(vpc.SecurityGroups, want.SecurityGroups) {
		fields = append(fields, "securityGroups")
	}
	// ECS leaves the default out.
	if public := orElse(string(vpc.AssignPublicIp), "DISABLED"); public != orElse(want.AssignPublicIp, "DISABLED") {
		fields = append(fields, "assignPublicIp")
	}
	// LATEST is told as the version that it was when the tasks were made: it can't be compared.
	if version := aws.ToString(platform); wanted.PlatformVersion != "LATEST" && version != wanted.PlatformVersion {
		fields = append(fields, changed("platformVersion", version, wanted.PlatformVersion))
	}
	if have, want := capacityText(capacity), wantedCapacity(wanted.CapacityProviderStrategy); have != want {
		fields = append(fields, changed("capacityProviders", have, want))
	}
	for _, balancer := range balancers {
		if port := int(aws.ToInt32(balancer.ContainerPort)); port != wanted.ContainerPort {
			fields = append(fields, changed("containerPort", fmt.Sprint(port), fmt.Sprint(wanted.ContainerPort)))
		}
		if name := aws.ToString(balancer.ContainerName); name != wanted.ContainerName {
			fields = append(fields, changed("containerName", name, wanted.ContainerName))
		}
	}
	return fields
}

// orElse is value, or what an empty one stands for.
func orElse(value, empty string) string {
	if value == "" {
		return empty
	}
	return value
}

func changed(field, from, to string) string {
	return fmt.Sprintf("%s: %s to %s", field, orElse(from, "none"), orElse(to, "none"))
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func capacityText(items []ecstypes.CapacityProviderStrategyItem) string {
	var texts []string
	for _, item := range items {
		texts = append(texts, fmt.Sprintf("%s base %d weight %d", aws.ToString(item.CapacityProvider), item.Base, item.Weight))
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

func wantedCapacity(items []release.Capacity) string {
	var same []ecstypes.CapacityProviderStrategyItem
	for _, item := range items {
		same = append(same, ecstypes.CapacityProviderStrategyItem{CapacityProvider: aws.String(item.CapacityProvider), Base: int32(item.Base), Weight: int32(item.Weight)})
	}
	return capacityText(same)
}

// definitionDifferences are the fields in which a registered task definition differs from a request. Values are told only of
// what is no text of a person: an environment variable may hold anything.
func definitionDifferences(have *ecstypes.TaskDefinition, want *ecs.RegisterTaskDefinitionInput) []string {
	a, errA := normal(requestOf(have))
	b, errB := normal(want)
	if errA != nil || errB != nil {
		return []string{"unreadable"} // can't be: both came from JSON
	}
	var fields []string
	for _, key := range unionOf(a, b) {
		switch {
		case reflect.DeepEqual(a[key], b[key]):
		case key == "ContainerDefinitions":
			fields = append(fields, containerDifferences(a[key], b[key])...)
		case key == "Cpu" || key == "Memory":
			fields = append(fields, changed(lower(key), fmt.Sprint(a[key]), fmt.Sprint(b[key])))
		default:
			fields = append(fields, lower(key))
		}
	}
	return fields
}

func containerDifferences(a, b any) []string {
	have, want := named(a), named(b)
	var fields []string
	for _, name := range unionOf(have, want) {
		one, isOne := have[name].(map[string]any)
		two, isTwo := want[name].(map[string]any)
		if !isOne || !isTwo {
			fields = append(fields, "container "+name)
			continue
		}
		for _, key := range unionOf(one, two) {
			switch {
			case reflect.DeepEqual(one[key], two[key]):
			case key == "Environment" || key == "Secrets":
				variables, others := named(one[key]), named(two[key])
				for _, variable := range unionOf(variables, others) {
					if !reflect.DeepEqual(variables[variable], others[variable]) {
						fields = append(fields, lower(key)+" "+variable)
					}
				}
			case key == "Image":
				fields = append(fields, changed("image", fmt.Sprint(one[key]), fmt.Sprint(two[key])))
			default:
				fields = append(fields, lower(key))
			}
		}
	}
	return fields
}

// named makes a map of a list of things with names.
func named(list any) map[string]any {
	all := map[string]any{}
	entries, _ := list.([]any)
	for _, entry := range entries {
		if values, ok := entry.(map[string]any); ok {
			all[fmt.Sprint(values["Name"])] = values
		}
	}
	return all
}

func unionOf(a, b map[string]any) []string {
	keys := maps.Clone(a)
	if keys == nil {
		keys = map[string]any{}
	}
	maps.Copy(keys, b)
	return slices.Sorted(maps.Keys(keys))
}

// lower begins a field's name as AWS's documents do.
func lower(name string) string {
	runes := []rune(name)
	runes[0] = unicode.ToLower(runes[0])
	return string(runes)
}
