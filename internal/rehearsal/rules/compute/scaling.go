package compute

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	scalingAPI = "https://docs.aws.amazon.com/autoscaling/application/APIReference/"
	tracking   = "targetTrackingScalingPolicyConfiguration"
	predefMet  = tracking + ".predefinedMetricSpecification"
	customMet  = tracking + ".customizedMetricSpecification"
)

// scaling are the rules of Application Auto Scaling.
func scaling() []rule.Rule {
	targets, policies := []string{scalingTarget}, []string{scalingPolicy}
	web := inputs{"serviceNamespace": "ecs", "scalableDimension": "ecs:service:DesiredCount", "resourceId": "service/main/web"}
	of := func(more inputs) inputs {
		all := inputs{}
		for _, part := range []inputs{web, more} {
			for key, value := range part {
				all[key] = value
			}
		}
		return all
	}
	tracks := func(metric string, more inputs) rule.Case {
		spec := inputs{"predefinedMetricType": metric}
		for key, value := range more {
			spec[key] = value
		}
		return rule.Case{Inputs: of(inputs{"policyType": "TargetTrackingScaling", tracking: inputs{"targetValue": 60, "predefinedMetricSpecification": spec}})}
	}
	metrics := func(returned ...bool) rule.Case {
		var list []any
		for _, one := range returned {
			list = append(list, inputs{"id": "m", "returnData": one})
		}
		return rule.Case{Inputs: inputs{tracking: inputs{"targetValue": 60, "customizedMetricSpecification": inputs{"metrics": list}}}}
	}
	steps := func(bounds ...[2]any) rule.Case {
		var list []any
		for _, bound := range bounds {
			list = append(list, step(bound[0], bound[1]))
		}
		return rule.Case{Inputs: inputs{"policyType": "StepScaling", "stepScalingPolicyConfiguration": inputs{"stepAdjustments": list}}}
	}
	registered := rule.Thing{Type: scalingTarget, ID: "service/main/web", State: web}
	running := rule.Thing{Type: service, ID: prefix + "service/main/web", ARN: prefix + "service/main/web", Name: "web"}
	return validation([]rule.Rule{{
		ID: "compute-scaling-bounds", Types: targets, Page: scalingAPI + "API_RegisterScalableTarget.html", Foreseen: true,
		Says: "The minimum of a scalable target is not above its maximum, and not below 0.", Fix: "Raise maxCapacity or lower minCapacity.",
		Check: func(c *catalog.Call) *rule.Finding {
			least, known := number(c, "minCapacity")
			most, too := number(c, "maxCapacity")
			if known && too && (least > most || least < 0) {
				return rule.Find("minCapacity", least, "Maximum capacity cannot be less than minimum capacity")
			}
			return nil
		},
		Pass: rule.Case{Inputs: of(inputs{"minCapacity": 1, "maxCapacity": 1})}, Fail: rule.Case{Inputs: of(inputs{"minCapacity": 2, "maxCapacity": 1})},
		Seed: with(scalingTarget+"::orders", map[string]any{"minCapacity": 5, "maxCapacity": 2}),
	}, {
		ID: "compute-scaling-service", Types: targets, Page: scalingAPI + "API_RegisterScalableTarget.html",
		Says: "The service that is scaled exists.", Fix: "Make the service first, and write resourceId as service/cluster/service.",
		Check: func(c *catalog.Call) *rule.Finding {
			id := c.Str("resourceId")
			if c.Str("serviceNamespace") != "ecs" || len(c.Tx.Find(c.Account, c.Region, service, func(o *cloud.Object) bool { return strings.HasSuffix(o.ARN, ":"+id) })) > 0 {
				return nil
			}
			return rule.Find("resourceId", id, "ECS service doesn't exist: %s", id)
		},
		Pass: rule.Case{World: []rule.Thing{running}, Inputs: web}, Fail: rule.Case{Inputs: web},
		Seed: with(scalingTarget+"::parcels", map[string]any{"resourceId": "service/itrack-ecs-cluster-staging/itrack-parcel-service"}),
	}, {
		ID: "compute-scaling-dimension", Types: []string{scalingTarget, scalingPolicy}, Page: scalingAPI + "API_RegisterScalableTarget.html", Foreseen: true,
		Says: "A scalable dimension begins with its service's namespace.",
		Fix:  `Write the dimension as namespace:resource:property, "ecs:service:DesiredCount" for services.`,
		Check: func(c *catalog.Call) *rule.Finding {
			namespace, dimension := c.Str("serviceNamespace"), c.Str("scalableDimension")
			if namespace != "" && dimension != "" && !strings.HasPrefix(dimension, namespace+":") {
				return rule.Find("scalableDimension", dimension, "Unsupported service namespace, resource type or scalable dimension")
			}
			return nil
		},
		Pass: rule.Case{Inputs: web}, Fail: rule.Case{Inputs: of(inputs{"scalableDimension": "dynamodb:table:ReadCapacityUnits"})},
		Seed: with(scalingPolicy+"::billing-cpu", map[string]any{"scalableDimension": "rds:cluster:ReadReplicaCount"}),
	}, {
		ID: "compute-scaling-target", Types: policies, Code: "ObjectNotFoundException", Page: scalingAPI + "API_PutScalingPolicy.html",
		Says: "A scaling policy belongs to a registered target.", Fix: "Register the target first, and take resourceId, namespace and dimension from it.",
		Check: func(c *catalog.Call) *rule.Finding {
			dimension := c.Str("scalableDimension")
			if o := c.Get(scalingTarget, c.Str("resourceId")); o != nil && catalog.Str(o.State, "scalableDimension") == dimension ||
				!strings.HasPrefix(dimension, c.Str("serviceNamespace")+":") {
				return nil
			}
			return rule.Find("resourceId", c.Str("resourceId"), "No scalable target registered for service namespace: %s, resource ID: %s, scalable dimension: %s",
				c.Str("serviceNamespace"), c.Str("resourceId"), c.Str("scalableDimension"))
		},
		Pass: withWorld(tracks("ECSServiceAverageCPUUtilization", nil), registered), Fail: tracks("ECSServiceAverageCPUUtilization", nil),
		Seed: with(scalingPolicy+"::search-cpu", map[string]any{"resourceId": "service/itrack-ecs-cluster-staging/itrack-find-service"}),
	}, {
		ID: "compute-scaling-metric", Types: policies, Page: scalingAPI + "API_TargetTrackingScalingPolicyConfiguration.html", Foreseen: true,
		Says: "Target tracking follows either a predefined metric or a customized one.", Fix: "Give one of the two specifications.",
		Check: func(c *catalog.Call) *rule.Finding {
			if len(blocks(c, tracking)) > 0 && c.Has(predefMet) == c.Has(customMet) {
				return rule.Find(tracking, nil, "You must specify either a PredefinedMetricSpecification or a CustomizedMetricSpecification")
			}
			return nil
		},
		Pass: tracks("ECSServiceAverageCPUUtilization", nil), Fail: rule.Case{Inputs: inputs{tracking: inputs{"targetValue": 60}}},
		Seed: with(scalingPolicy+"::mail-cpu", map[string]any{tracking: inputs{"targetValue": 60}}),
	}, {
		ID: "compute-scaling-namespace", Types: policies, Page: scalingAPI + "API_PredefinedMetricSpecification.html", Foreseen: true,
		Says:  "A predefined metric is one of the service that is scaled.",
		Fix:   "Choose a metric whose name begins with the service's, such as ECSServiceAverageCPUUtilization.",
		Check: foreignMetric,
		Pass:  tracks("ECSServiceAverageCPUUtilization", nil), Fail: tracks("DynamoDBReadCapacityUtilization", nil),
		Seed: with(scalingPolicy+"::reports-cpu", map[string]any{predefMet + ".predefinedMetricType": "RDSReaderAverageCPUUtilization"}),
	}, {
		ID: "compute-scaling-label", Types: policies, Page: scalingAPI + "API_PredefinedMetricSpecification.html", Foreseen: true,
		Says: "The metric ALBRequestCountPerTarget has a label that names its load balancer and target group; no other metric has one.",
		Fix:  "Write resourceLabel as app/balancer/id/targetgroup/group/id, from the two ARN suffixes.", Check: badLabel,
		Pass: tracks("ALBRequestCountPerTarget", inputs{"resourceLabel": "app/a/0123456789abcdef/targetgroup/b/0123456789abcdef"}),
		Fail: tracks("ALBRequestCountPerTarget", nil),
		Seed: with(scalingPolicy+"::orders-memory", map[string]any{predefMet + ".predefinedMetricType": "ALBRequestCountPerTarget"}),
	}, {
		ID: "compute-scaling-returned", Types: policies, Page: scalingAPI + "API_TargetTrackingMetricDataQuery.html", Foreseen: true,
		Says: "Of the metrics of a customized specification exactly one returns data.",
		Fix:  "Set returnData to false on all metrics but the expression that is followed.",
		Check: func(c *catalog.Call) *rule.Finding {
			returned, list := 0, blocks(c, customMet+".metrics[]")
			for _, one := range list {
				if value, set := one["returnData"]; !set || value == true {
					returned++
				}
			}
			if len(list) > 0 && returned != 1 {
				return rule.Find(customMet+".metrics", returned, "Exactly one element of the metrics list must return data, got %d", returned)
			}
			return nil
		},
		Pass: metrics(false, true),
		Fail: metrics(true, true),
		Seed: with(scalingPolicy+"::parcels-requests", map[string]any{customMet + ".metrics[0].returnData": true}),
	}, {
		ID: "compute-scaling-steps", Types: policies,
		Page: "https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html", Foreseen: true,
		Says: "The steps of a step scaling policy neither overlap nor leave a gap; only the lowest may have no lower bound and only the highest no upper bound.",
		Fix:  "Let each step begin where another ends.", Check: badSteps,
		Pass: steps([2]any{0, 10}, [2]any{10, nil}), Fail: steps([2]any{0, 10}, [2]any{20, nil}),
		Seed: with(scalingPolicy+"::billing-memory", map[string]any{"policyType": "StepScaling", tracking: nil, "stepScalingPolicyConfiguration": inputs{
			"adjustmentType": "ChangeInCapacity", "stepAdjustments": []any{inputs{"metricIntervalLowerBound": "0", "metricIntervalUpperBound": "20", "scalingAdjustment": 1},
				inputs{"metricIntervalLowerBound": "10", "scalingAdjustment": 2}}}}),
	}, {
		ID: "compute-scaling-type", Types: policies, Page: scalingAPI + "API_PutScalingPolicy.html", Foreseen: true,
		Says: "A scaling policy has the configuration of its type.",
		Fix:  "Give stepScalingPolicyConfiguration for StepScaling and targetTrackingScalingPolicyConfiguration for TargetTrackingScaling.",
		Check: func(c *catalog.Call) *rule.Finding {
			for kind, block := range map[string]string{"StepScaling": "stepScalingPolicyConfiguration", "TargetTrackingScaling": tracking} {
				if c.Known("policyType") && (c.Str("policyType") == kind) != c.Has(block) {
					return rule.Find(block, c.Str("policyType"), "%s must be given for the policy type %s and only for it", block, kind)
				}
			}
			return nil
		},
		Pass: tracks("ECSServiceAverageCPUUtilization", nil),
		Fail: rule.Case{Inputs: inputs{"policyType": "StepScaling", tracking: inputs{"targetValue": 60}}},
		Seed: with(scalingPolicy+"::search-memory", map[string]any{"policyType": "StepScaling"}),
	}})
}

// validation completes rules with the code of bounds and forms.
func validation(rules []rule.Rule) []rule.Rule {
	for i := range rules {
		if rules[i].Code == "" {
			rules[i].Code = "ValidationException"
		}
	}
	return rules
}

func withWorld(c rule.Case, things ...rule.Thing) rule.Case {
	c.World = things
	return c
}

// metricPrefixes are how predefined metrics begin, by namespace.
var metricPrefixes = map[string][]string{"ecs": {"ECSService", "ALBRequest"}, "dynamodb": {"DynamoDB"}, "rds": {"RDSReader"}, "lambda": {"Lambda"}}

func foreignMetric(c *catalog.Call) *rule.Finding {
	metric, prefixes := c.Str(predefMet+".predefinedMetricType"), metricPrefixes[c.Str("serviceNamespace")]
	if metric == "" || prefixes == nil || slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(metric, prefix) }) {
		return nil
	}
	return rule.Find(predefMet+".predefinedMetricType", metric, "The metric %s can't be used with the service namespace %s", metric, c.Str("serviceNamespace"))
}

func badLabel(c *catalog.Call) *rule.Finding {
	metric, label := c.Str(predefMet+".predefinedMetricType"), c.Str(predefMet+".resourceLabel")
	if !c.Known(predefMet+".predefinedMetricType") || c.Has(predefMet+".resourceLabel") && !c.Known(predefMet+".resourceLabel") {
		return nil
	}
	parts := strings.Split(label, "/")
	whole := len(parts) == 6 && parts[0] == "app" && parts[3] == "targetgroup"
	if metric == "ALBRequestCountPerTarget" && !whole || metric != "ALBRequestCountPerTarget" && label != "" {
		return rule.Find(predefMet+".resourceLabel", label, "The resource label does not fit the metric %s", metric)
	}
	return nil
}

func step(lower, upper any) inputs {
	one := inputs{"scalingAdjustment": 1}
	if lower != nil {
		one["metricIntervalLowerBound"] = lower
	}
	if upper != nil {
		one["metricIntervalUpperBound"] = upper
	}
	return one
}

func badSteps(c *catalog.Call) *rule.Finding {
	const path = "stepScalingPolicyConfiguration.stepAdjustments"
	type interval struct{ lower, upper float64 }
	var all []interval
	for _, one := range blocks(c, path+"[]") {
		lower, known := bound(one["metricIntervalLowerBound"], math.Inf(-1))
		upper, too := bound(one["metricIntervalUpperBound"], math.Inf(1))
		if !known || !too {
			return nil
		}
		all = append(all, interval{lower, upper})
	}
	slices.SortFunc(all, func(a, b interval) int { return cmp.Compare(a.lower, b.lower) })
	for i, one := range all {
		if one.lower >= one.upper {
			return rule.Find(path, one.lower, "A step's lower bound must be less than its upper bound")
		}
		if i > 0 && all[i-1].upper != one.lower {
			return rule.Find(path, one.lower, "Step adjustment intervals can't overlap or have a gap between them")
		}
	}
	return nil
}
