package compute

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

var createService = ecsAPI + "API_CreateService.html"

// services are the rules of what a service says of itself, and of its task definition.
func services() []rule.Rule {
	strategy := func(base int) rule.Case {
		return rule.Case{Type: service, Inputs: inputs{"capacityProviderStrategies": []any{
			inputs{"capacityProvider": "FARGATE", "base": 1, "weight": 1}, inputs{"capacityProvider": "FARGATE_SPOT", "base": base, "weight": 1}}}}
	}
	both := strategy(0).Inputs["capacityProviderStrategies"]
	return ofServices([]rule.Rule{{
		ID: "compute-service-launch-type", Foreseen: true, Page: createService,
		Says: "A service has a launch type or a capacity provider strategy, not both.", Fix: "Leave launchType out where there is a strategy.",
		Check: func(c *catalog.Call) *rule.Finding {
			if c.Str("launchType") != "" && len(blocks(c, "capacityProviderStrategies[]")) > 0 {
				return rule.Find("launchType", c.Str("launchType"),
					"Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
			}
			return nil
		},
		Pass: strategy(0),
		Fail: rule.Case{Inputs: inputs{"launchType": "FARGATE", "capacityProviderStrategies": []any{inputs{"capacityProvider": "FARGATE"}}}},
		Seed: with(service+"::orders", map[string]any{"launchType": "FARGATE"}),
	}, {
		ID: "compute-service-base", Types: []string{service, providers}, Foreseen: true, Page: ecsAPI + "API_CapacityProviderStrategyItem.html",
		Says: "In a capacity provider strategy one provider has a base.", Fix: "Set base on one provider and leave it out on the others.", Check: oneBase,
		Pass: strategy(0), Fail: strategy(1),
		Seed: with(service+"::parcels", map[string]any{"capacityProviderStrategies": []any{inputs{"capacityProvider": "FARGATE", "base": 1, "weight": 1},
			inputs{"capacityProvider": "FARGATE_SPOT", "base": 1, "weight": 1}}}),
	}, {
		ID: "compute-service-weight", Types: []string{service, providers}, Foreseen: true, Page: ecsAPI + "API_CapacityProviderStrategyItem.html",
		Says:  "In a capacity provider strategy of several providers one has a weight above 0; no weight is above 1000.",
		Fix:   "Give a provider a weight of 1 to 1000.",
		Check: weights,
		Pass:  strategy(0),
		Fail:  rule.Case{Inputs: inputs{"capacityProviderStrategies": []any{inputs{"capacityProvider": "FARGATE", "weight": 0}, inputs{"capacityProvider": "FARGATE_SPOT", "weight": 0}}}},
		Seed: with(providers+"::ecs", map[string]any{"defaultCapacityProviderStrategies": []any{inputs{"capacityProvider": "FARGATE", "weight": 0},
			inputs{"capacityProvider": "FARGATE_SPOT", "weight": 0}}}),
	}, {
		ID: "compute-service-grace", Foreseen: true, Page: createService,
		Says: "A health check grace period belongs to a service behind a load balancer.",
		Fix:  "Leave healthCheckGracePeriodSeconds out, or give the service its load balancer.",
		Check: func(c *catalog.Call) *rule.Finding {
			if seconds, known := number(c, "healthCheckGracePeriodSeconds"); known && seconds > 0 && !c.Has("loadBalancers") && !c.Has("serviceConnectConfiguration") {
				return rule.Find("healthCheckGracePeriodSeconds", seconds, "Health check grace period is only valid for services configured to use load balancers")
			}
			return nil
		},
		Pass: rule.Case{Inputs: inputs{"healthCheckGracePeriodSeconds": 60, "loadBalancers": []any{inputs{"targetGroupArn": "arn"}}}},
		Fail: rule.Case{Inputs: inputs{"healthCheckGracePeriodSeconds": 60}},
		Seed: with(service+"::billing", map[string]any{"loadBalancers": nil, "deploymentController": nil}),
	}, {
		ID: "compute-service-code-deploy", Foreseen: true, Page: ecsGuide + "deployment-type-bluegreen.html",
		Says: "A service that CodeDeploy deploys stands behind a load balancer, with one target group of its own to begin with.",
		Fix:  "Give the service one load balancer entry; the second target group belongs to the deployment group.", Check: codeDeployGroups,
		Pass: rule.Case{Inputs: inputs{"deploymentController": inputs{"type": "CODE_DEPLOY"}, "loadBalancers": []any{inputs{"targetGroupArn": "blue"}}}},
		Fail: rule.Case{Inputs: inputs{"deploymentController": inputs{"type": "CODE_DEPLOY"}, "loadBalancers": []any{inputs{"targetGroupArn": "blue"}, inputs{"targetGroupArn": "green"}}}},
		Seed: with(service+"::search", map[string]any{"loadBalancers": nil, "healthCheckGracePeriodSeconds": nil}),
	}, {
		ID: "compute-service-circuit-breaker", Foreseen: true, Page: ecsAPI + "API_DeploymentCircuitBreaker.html",
		Says: "The deployment circuit breaker is for services that ECS deploys itself.",
		Fix:  "Leave deploymentCircuitBreaker out with CODE_DEPLOY: CodeDeploy rolls back by its alarms.",
		Check: func(c *catalog.Call) *rule.Finding {
			controller := c.Str("deploymentController.type")
			if controller == "" || controller == "ECS" {
				return nil
			}
			for _, leaf := range catalog.Leaves(c.State, "deploymentCircuitBreaker.enable") {
				if leaf.Value.IsBool() && leaf.Value.BoolValue() {
					return rule.Find("deploymentCircuitBreaker.enable", true, "Deployment circuit breaker feature can only be enabled with ECS deployment controller.")
				}
			}
			return nil
		},
		Pass: rule.Case{Inputs: inputs{"deploymentController": inputs{"type": "ECS"}, "deploymentCircuitBreaker": inputs{"enable": true}}},
		Fail: rule.Case{Inputs: inputs{"deploymentController": inputs{"type": "CODE_DEPLOY"}, "deploymentCircuitBreaker": inputs{"enable": true}}},
		Seed: with(service+"::mail", map[string]any{"deploymentCircuitBreaker": inputs{"enable": true, "rollback": true}}),
	}, {
		ID: "compute-service-percent", Foreseen: true, Page: ecsAPI + "API_DeploymentConfiguration.html",
		Says: "A service that ECS deploys may have more than its wanted tasks for a while, or less.",
		Fix:  "Set deploymentMaximumPercent above 100, or deploymentMinimumHealthyPercent below.",
		Check: func(c *catalog.Call) *rule.Finding {
			most, some := number(c, "deploymentMaximumPercent")
			least, more := number(c, "deploymentMinimumHealthyPercent")
			if some && more && most == 100 && least == 100 && c.Str("deploymentController.type") != "CODE_DEPLOY" {
				return rule.Find("deploymentMaximumPercent", most, "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")
			}
			return nil
		},
		Pass: rule.Case{Inputs: inputs{"deploymentMaximumPercent": 200, "deploymentMinimumHealthyPercent": 100}},
		Fail: rule.Case{Inputs: inputs{"deploymentMaximumPercent": 100, "deploymentMinimumHealthyPercent": 100}},
		Seed: with(service+"::reports", map[string]any{"deploymentController": nil, "deploymentMaximumPercent": 100, "deploymentMinimumHealthyPercent": 100}),
	}, {
		ID: "compute-service-provider", Page: ecsAPI + "API_PutClusterCapacityProviders.html",
		Says:  "The capacity providers of a service belong to its cluster.",
		Fix:   "Add the provider to the cluster's capacity providers first, and let the service depend on that.",
		Check: strangeProvider,
		Pass:  rule.Case{World: clusterWorld("FARGATE", "FARGATE_SPOT"), Inputs: inputs{"cluster": prefix + "cluster/main", "capacityProviderStrategies": both}},
		Fail:  rule.Case{World: clusterWorld("FARGATE"), Inputs: inputs{"cluster": prefix + "cluster/main", "capacityProviderStrategies": both}},
		Seed:  rule.Seed{Stack: "staging", At: providers + "::ecs", Set: map[string]any{"capacityProviders": []any{"FARGATE"}}, Refused: service + "::backend"},
	}})
}

// ofServices completes rules of services: most have one type and one code.
func ofServices(rules []rule.Rule) []rule.Rule {
	for i := range rules {
		if rules[i].Types == nil {
			rules[i].Types = []string{service}
		}
		if rules[i].Code == "" {
			rules[i].Code = "InvalidParameterException"
		}
	}
	return rules
}

// strategies are the capacity provider strategy of a service, or the default one of a cluster.
func strategies(c *catalog.Call) (string, []map[string]any) {
	property := "capacityProviderStrategies"
	if c.Type.Token == providers {
		property = "defaultCapacityProviderStrategies"
	}
	return property, blocks(c, property+"[]")
}

func oneBase(c *catalog.Call) *rule.Finding {
	property, items := strategies(c)
	bases := 0
	for _, item := range items {
		if base, _ := item["base"].(float64); base > 0 {
			bases++
		}
	}
	if bases > 1 {
		return rule.Find(property, bases, "Only one capacity provider in a capacity provider strategy can have a base defined")
	}
	return nil
}

func weights(c *catalog.Call) *rule.Finding {
	property, items := strategies(c)
	total := 0.0
	for _, item := range items {
		weight, known := item["weight"].(float64)
		if _, there := item["weight"]; there && !known {
			return nil
		}
		if weight > 1000 {
			return rule.Find(property, weight, "The weight of a capacity provider must be between 0 and 1000")
		}
		total += weight
	}
	if len(items) > 1 && total == 0 {
		return rule.Find(property, total, "At least one capacity provider in the strategy must have a weight greater than 0")
	}
	return nil
}

func codeDeployGroups(c *catalog.Call) *rule.Finding {
	if c.Str("deploymentController.type") != "CODE_DEPLOY" || c.Has("loadBalancers") && !c.Known("loadBalancers") && len(blocks(c, "loadBalancers[]")) == 0 {
		return nil
	}
	if n := len(blocks(c, "loadBalancers[]")); n != 1 {
		return rule.Find("loadBalancers", n, "A service with the CODE_DEPLOY deployment controller takes one load balancer entry, got %d", n)
	}
	return nil
}

// clusterName is the name in a cluster's name or ARN.
func clusterName(text string) string { return text[strings.LastIndexByte(text, '/')+1:] }

func strangeProvider(c *catalog.Call) *rule.Finding {
	o := c.Get(providers, clusterName(c.Str("cluster")))
	for _, name := range c.Strs("capacityProviderStrategies[].capacityProvider") {
		if o == nil || !slices.Contains(catalog.Strs(o.State, "capacityProviders"), name) {
			return rule.Find("capacityProviderStrategies", name,
				"The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster")
		}
	}
	return nil
}

// clusterWorld is a cluster with capacity providers.
func clusterWorld(names ...any) []rule.Thing {
	return []rule.Thing{{Type: cluster, ID: prefix + "cluster/main", ARN: prefix + "cluster/main", Name: "main"},
		{Type: providers, ID: "main", State: inputs{"clusterName": "main", "capacityProviders": names}}}
}

// taskOf is the task definition of a service, nil when it is not the newest of its family.
func taskOf(c *catalog.Call) *cloud.Object {
	o := c.Tx.ByARN(c.Str("taskDefinition"))
	if o == nil || o.Type != taskDefinition {
		return nil
	}
	return o
}
