package compute

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const groupARN = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/blue/0123456789abcdef"

// routing are the rules between a service, its task definition and its load balancer.
func routing() []rule.Rule {
	group := func(kind string) rule.Thing {
		return rule.Thing{Type: targetGroup, ID: groupARN, ARN: groupARN, Name: "blue", State: inputs{"targetType": kind}}
	}
	listens := rule.Thing{Type: listenerRule, ID: "rule", State: inputs{"actions": []any{inputs{"type": "forward", "targetGroupArn": groupARN}}}}
	behind := func(container string, port int) inputs {
		return inputs{"taskDefinition": prefix + "task-definition/web:1", "networkConfiguration": inputs{"subnets": []any{"subnet-1"}},
			"loadBalancers": []any{inputs{"targetGroupArn": groupARN, "containerName": container, "containerPort": port}}}
	}
	defined := taskThing(web(`"portMappings":[{"containerPort":8080}]`), nil)
	return ofServices([]rule.Rule{{
		ID: "compute-service-container", Page: ecsAPI + "API_LoadBalancer.html",
		Says: "The container behind a service's load balancer is one of its task definition.",
		Fix:  "Name a container of the task definition in loadBalancers.",
		Check: eachBalanced(func(name string, _ int, all []container) string {
			if !slices.ContainsFunc(all, func(one container) bool { return one.Name == name }) {
				return "The container " + name + " does not exist in the task definition."
			}
			return ""
		}),
		Pass: rule.Case{World: []rule.Thing{defined}, Inputs: behind("web", 8080)},
		Fail: rule.Case{World: []rule.Thing{defined}, Inputs: behind("api", 8080)},
		Seed: staging(service+"::backend", map[string]any{"loadBalancers[0].containerName": "api"}),
	}, {
		ID: "compute-service-port", Page: ecsAPI + "API_LoadBalancer.html",
		Says: "The port behind a service's load balancer is one that its container maps.",
		Fix:  "Add the port to the container's portMappings, or correct containerPort.",
		Check: eachBalanced(func(name string, port int, all []container) string {
			for _, one := range all {
				if one.Name == name && !slices.ContainsFunc(one.PortMappings, func(m struct{ ContainerPort, HostPort int }) bool { return m.ContainerPort == port }) {
					return fmt.Sprintf("The container %s did not have a container port %d defined.", name, port)
				}
			}
			return ""
		}),
		Pass: rule.Case{World: []rule.Thing{defined}, Inputs: behind("web", 8080)}, Fail: rule.Case{World: []rule.Thing{defined}, Inputs: behind("web", 80)},
		Seed: with(service+"::orders", map[string]any{"loadBalancers[0].containerPort": 9090}),
	}, {
		ID: "compute-service-target-type", Page: createService,
		Says: "A service whose tasks have network interfaces of their own (awsvpc) registers addresses: its target groups have the type ip.",
		Fix:  `Make the target group with targetType "ip".`, Check: targetType,
		Pass: rule.Case{World: []rule.Thing{defined, group("ip")}, Inputs: behind("web", 8080)},
		Fail: rule.Case{World: []rule.Thing{defined, group("instance")}, Inputs: behind("web", 8080)},
		Seed: rule.Seed{Stack: "staging", Settings: crowd, At: targetGroup + "::parcels-blue", Set: map[string]any{"targetType": "instance"},
			Refused: service + "::parcels"},
	}, {
		ID: "compute-service-listener", Page: createService,
		Says: "A listener or a rule sends traffic to a service's target group before the service is made.",
		Fix:  "Make the listener rule that forwards to the target group, and let the service depend on it.", Check: unheard,
		Pass: rule.Case{World: []rule.Thing{defined, group("ip"), listens}, Inputs: behind("web", 8080)},
		Fail: rule.Case{World: []rule.Thing{defined, group("ip")}, Inputs: behind("web", 8080)},
		Seed: rule.Seed{Stack: "staging", At: service + "::backend", Set: map[string]any{"loadBalancers[0].targetGroupArn": groupARN}, Exists: []rule.Thing{group("ip")}},
	}, {
		ID: "compute-service-network", Page: createService,
		Says: "A service whose tasks have network interfaces of their own (awsvpc) says in which subnets.",
		Fix:  "Give the service a networkConfiguration with subnets and security groups.",
		Check: func(c *catalog.Call) *rule.Finding {
			if o := taskOf(c); o != nil && catalog.Str(o.State, "networkMode") == "awsvpc" && len(c.Strs("networkConfiguration.subnets")) == 0 {
				return rule.Find("networkConfiguration", nil, "Network Configuration must be provided when networkMode 'awsvpc' is specified.")
			}
			return nil
		},
		Pass: rule.Case{World: []rule.Thing{defined}, Inputs: behind("web", 8080)},
		Fail: rule.Case{World: []rule.Thing{defined}, Inputs: inputs{"taskDefinition": defined.ARN}},
		Seed: with(service+"::billing", map[string]any{"networkConfiguration": nil}),
	}, {
		ID: "compute-service-compatible", Page: createService,
		Says: "A service that runs on Fargate has a task definition for Fargate.",
		Fix:  `Put "FARGATE" into the task definition's requiresCompatibilities.`, Check: incompatible,
		Pass: rule.Case{World: []rule.Thing{defined}, Inputs: inputs{"taskDefinition": defined.ARN, "launchType": "FARGATE"}},
		Fail: rule.Case{World: []rule.Thing{taskThing(web(""), inputs{"requiresCompatibilities": []any{"EC2"}})},
			Inputs: inputs{"taskDefinition": defined.ARN, "launchType": "FARGATE"}},
		Seed: rule.Seed{Stack: "staging", Settings: crowd, At: taskDefinition + "::search", Set: map[string]any{"requiresCompatibilities": []any{"EC2"}},
			Refused: service + "::search"},
	}, {
		ID: "compute-service-exec", Page: ecsGuide + "ecs-exec.html",
		Says: "A service with ECS Exec has a task role: the agent in the task talks to Systems Manager as it.",
		Fix:  "Give the task definition a taskRoleArn, or switch enableExecuteCommand off.",
		Check: func(c *catalog.Call) *rule.Finding {
			if o := taskOf(c); o != nil && c.Bool("enableExecuteCommand") && catalog.Str(o.State, "taskRoleArn") == "" {
				return rule.Find("enableExecuteCommand", true,
					"The service couldn't be created because a valid taskRoleArn is not being used. Specify a valid task role in your task definition and try again.")
			}
			return nil
		},
		Pass: rule.Case{World: []rule.Thing{taskThing(web(""), inputs{"taskRoleArn": taskRole})},
			Inputs: inputs{"taskDefinition": defined.ARN, "enableExecuteCommand": true}},
		Fail: rule.Case{World: []rule.Thing{defined}, Inputs: inputs{"taskDefinition": defined.ARN, "enableExecuteCommand": true}},
		Seed: rule.Seed{Stack: "staging", At: service + "::backend", Set: map[string]any{"enableExecuteCommand": true, "taskDefinition": defined.ARN},
			Exists: []rule.Thing{taskThing(`[{"name":"backend","image":"public.ecr.aws/docker/library/nginx:1.29","portMappings":[{"containerPort":8080}]}]`, nil)}},
	}})
}

// taskThing is the first revision of the task definition "web" for Fargate.
func taskThing(definitions string, more inputs) rule.Thing {
	return rule.Thing{Type: taskDefinition, ID: "web", ARN: prefix + "task-definition/web:1", State: task(definitions, more).Inputs}
}

// eachBalanced asks every load balancer entry of a service whose task definition is known.
func eachBalanced(broken func(name string, port int, all []container) string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		o := taskOf(c)
		if o == nil {
			return nil
		}
		for i, entry := range blocks(c, "loadBalancers[]") {
			name, _ := entry["containerName"].(string)
			port, _ := entry["containerPort"].(float64)
			if message := broken(name, int(port), containersOf(catalog.Str(o.State, "containerDefinitions"))); message != "" {
				return rule.Find(fmt.Sprintf("loadBalancers[%d]", i), fmt.Sprintf("%s:%v", name, port), "%s", message)
			}
		}
		return nil
	}
}

func targetType(c *catalog.Call) *rule.Finding {
	o := taskOf(c)
	if o == nil || catalog.Str(o.State, "networkMode") != "awsvpc" {
		return nil
	}
	for _, arn := range c.Strs("loadBalancers[].targetGroupArn") {
		if group := c.Tx.ByARN(arn); group != nil && catalog.Str(group.State, "targetType") != "ip" {
			return rule.Find("loadBalancers[0].targetGroupArn", arn,
				"The provided target group %s has target type %s, which is incompatible with the awsvpc network mode specified "+
					"in the task definition.", arn, catalog.Str(group.State, "targetType"))
		}
	}
	return nil
}

func unheard(c *catalog.Call) *rule.Finding {
	if !c.Creating() {
		return nil // a deployment moves the traffic away and back
	}
	for _, arn := range c.Strs("loadBalancers[].targetGroupArn") {
		if c.Tx.ByARN(arn) != nil && !forwarded(c, arn) {
			return rule.Find("loadBalancers[0].targetGroupArn", arn, "The target group with targetGroupArn %s does not have an associated load balancer.", arn)
		}
	}
	return nil
}

// forwarded tells whether some listener sends traffic to a target group.
func forwarded(c *catalog.Call, arn string) bool {
	for token, path := range map[string]string{listener: "defaultActions", listenerRule: "actions"} {
		if len(c.Tx.Find(c.Account, c.Region, token, func(o *cloud.Object) bool {
			targets := append(catalog.Strs(o.State, path+"[].targetGroupArn"), catalog.Strs(o.State, path+"[].forward.targetGroups[].arn")...)
			return slices.Contains(targets, arn)
		})) > 0 {
			return true
		}
	}
	return false
}

func incompatible(c *catalog.Call) *rule.Finding {
	o := taskOf(c)
	kinds := append(c.Strs("capacityProviderStrategies[].capacityProvider"), c.Str("launchType"))
	onFargate := slices.ContainsFunc(kinds, func(kind string) bool { return strings.HasPrefix(kind, "FARGATE") })
	if o != nil && onFargate && !slices.Contains(catalog.Strs(o.State, "requiresCompatibilities"), "FARGATE") {
		return rule.Find("taskDefinition", o.ARN, "Task definition does not support launch_type FARGATE.")
	}
	return nil
}
