package quotas

import (
	"encoding/json"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	serviceToken     = "aws:ecs/service:Service"
	taskToken        = "aws:ecs/taskDefinition:TaskDefinition"
	clusterToken     = "aws:ecs/cluster:Cluster"
	functionToken    = "aws:lambda/function:Function"
	targetsOfScaling = "aws:appautoscaling/target:Target"
	scalingToken     = "aws:autoscaling/group:Group"
	templateToken    = "aws:ec2/launchTemplate:LaunchTemplate"
	fargatePage      = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html"
	lambdaPage       = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
)

func computeQuotas() []Quota {
	reserved := func(n int) in { return in{"reservedConcurrentExecutions": n} }
	task := rule.Thing{Type: taskToken, ID: "neighbour", ARN: "arn:task", State: in{"cpu": "1024"}}
	tasks := func(provider string) func(int) in {
		return func(n int) in {
			return in{"taskDefinition": "neighbour", "desiredCount": n, "capacityProviderStrategies": []any{in{"capacityProvider": provider, "weight": 1}}}
		}
	}
	return []Quota{
		{ID: "fargate-vcpus", Name: "Fargate On-Demand vCPU resource count", Service: "fargate", Code: "L-3032A538", Default: 6, Unit: "vCPUs of Fargate tasks in a region",
			Page: fargatePage, Error: "LimitExceededException", Message: "You've reached the limit on the number of vCPUs you can run concurrently", Property: "desiredCount",
			Types: []string{serviceToken}, Draw: vcpus("FARGATE"), proof: &proof{sized: tasks("FARGATE"), around: []rule.Thing{task},
				seed: rule.Seed{Stack: "production", At: serviceToken + "::backend", Set: in{"desiredCount": 7}}}},
		{ID: "fargate-spot-vcpus", Name: "Fargate Spot vCPU resource count", Service: "fargate", Code: "L-36FBB829", Default: 6, Unit: "vCPUs of Fargate Spot tasks in a region",
			Page: fargatePage, Error: "LimitExceededException", Message: "You've reached the limit on the number of vCPUs you can run concurrently", Property: "desiredCount",
			Types: []string{serviceToken}, Draw: vcpus("FARGATE_SPOT"), proof: &proof{sized: tasks("FARGATE_SPOT"), around: []rule.Thing{task},
				seed: rule.Seed{Stack: "staging", At: serviceToken + "::backend", Set: in{"desiredCount": 40}}}},
		{ID: "clusters", Name: "Clusters per account", Service: "ecs", Code: "L-21C621EB", Default: 10000, Unit: "ECS clusters in a region", Page: fargatePage,
			Error: "LimitExceededException", Types: []string{clusterToken}, Draw: each},
		{ID: "services", Name: "Services per cluster", Service: "ecs", Code: "L-9EF96962", Default: 5000, Unit: "services in a cluster", Page: fargatePage,
			Error: "LimitExceededException", Types: []string{serviceToken}, Draw: per("cluster")},
		// 100 of the 1,000 concurrent executions must stay unreserved.
		{ID: "reserved-concurrency", Name: "Concurrent executions", Service: "lambda", Code: "L-B99A9384", Default: 900,
			Unit: "concurrent executions reserved in a region, of 1,000 less the 100 that stay unreserved", Page: lambdaPage, Error: "InvalidParameterValueException",
			Message:  "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
			Property: "reservedConcurrentExecutions", Types: []string{functionToken}, Draw: reservation, proof: &proof{sized: reserved,
				seed: rule.Seed{Stack: "staging", At: functionToken + "::item-events", Set: reserved(901)}}},
		{ID: "scaling-groups", Name: "Auto Scaling groups per region", Service: "autoscaling", Code: "L-CDE20ADC", Default: 500, Unit: "Auto Scaling groups in a region",
			Page: "https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-quotas.html", Error: "LimitExceeded", Types: []string{scalingToken}, Draw: each},
		{ID: "launch-templates", Name: "Launch templates per Region", Service: "ec2", Default: 5000, Unit: "launch templates in a region",
			Page:  "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/launch-template-restrictions.html",
			Error: "MaxTemplateLimitExceeded", Types: []string{templateToken}, Draw: each},
	}
}

func reservation(o *cloud.Object, _ Finder) []Draw {
	return []Draw{{Amount: max(0, amount(o, "reservedConcurrentExecutions"))}}
}

// vcpus counts the vCPUs of a service's tasks on a capacity provider: first the base, then by weight. A blue/green
// deployment runs everything twice for a while: that of the most tasks is the peak.
func vcpus(provider string) func(*cloud.Object, Finder) []Draw {
	return func(o *cloud.Object, get Finder) []Draw {
		size := amount(taskOf(o, get), "cpu") / 1024
		now, most := amount(o, "desiredCount"), amount(o, "desiredCount")
		cluster, name := catalog.Str(o.State, "cluster"), catalog.Str(o.State, "name")
		if target := get(targetsOfScaling, "service/"+cluster[strings.LastIndexByte(cluster, '/')+1:]+"/"+name); target != nil {
			most = max(most, amount(target, "maxCapacity"))
		}
		if catalog.Str(o.State, "deploymentController.type") == "CODE_DEPLOY" {
			most *= 2
		}
		return []Draw{{Amount: now * share(o, provider, now) * size, Peak: most * share(o, provider, most) * size}}
	}
}

// taskOf is the task definition of a service, by its ARN or id; an empty object when there is none.
func taskOf(o *cloud.Object, get Finder) *cloud.Object {
	name := catalog.Str(o.State, "taskDefinition")
	for _, id := range []string{name, family(name)} {
		if task := get(taskToken, id); task != nil {
			return task
		}
	}
	return &cloud.Object{}
}

// family is the family of a task definition's ARN or of family:revision.
func family(name string) string {
	name, _, _ = strings.Cut(name[strings.LastIndexByte(name, '/')+1:], ":")
	return name
}

// share is the part of a service's tasks that runs on a capacity provider.
func share(o *cloud.Object, provider string, count float64) float64 {
	if kind := catalog.Str(o.State, "launchType"); kind != "" {
		if kind == provider {
			return 1
		}
		return 0
	}
	var strategies []struct {
		CapacityProvider string
		Base, Weight     float64
	}
	for _, leaf := range catalog.Leaves(o.State, "capacityProviderStrategies") {
		if raw, err := json.Marshal(leaf.Value.Mappable()); err == nil {
			_ = json.Unmarshal(raw, &strategies)
		}
	}
	var base, weights, own, ownBase float64
	for _, s := range strategies {
		base, weights = base+s.Base, weights+s.Weight
		if s.CapacityProvider == provider {
			own, ownBase = s.Weight, s.Base
		}
	}
	if count == 0 || weights == 0 {
		return 0
	}
	return (min(ownBase, count) + max(0, count-base)*own/weights) / count
}
