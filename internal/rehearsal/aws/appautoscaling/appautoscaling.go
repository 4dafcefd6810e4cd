// Package appautoscaling describes Application Auto Scaling to the stand-in.
package appautoscaling

import (
	"fmt"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

const (
	targetToken = "aws:appautoscaling/target:Target"
	service     = "Application Auto Scaling"
	api         = "https://docs.aws.amazon.com/autoscaling/application/APIReference/"
)

// Service is what the stand-in knows of Application Auto Scaling.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{
		{
			Token: targetToken, Args: (*sdk.TargetArgs)(nil), Resource: (*sdk.Target)(nil),
			Service: service, Title: "Application AutoScaling Target",
			Verbs: map[string]string{"create": "RegisterScalableTarget", "update": "RegisterScalableTarget", "delete": "DeregisterScalableTarget"},
			ARN:   "arn:{partition}:application-autoscaling:{region}:{account}:scalable-target/{id}",
			ID:    catalog.Templated("{resourceId}"), Overwrites: true,
			Check: func(c *catalog.Call) []catalog.Problem {
				if c.Known("minCapacity") && c.Known("maxCapacity") && c.Num("minCapacity") > c.Num("maxCapacity") {
					return []catalog.Problem{{Property: "minCapacity", Rule: "not above the maximum", Value: fmt.Sprint(c.Num("minCapacity")),
						Message: "minimum capacity must not be above maximum capacity", Source: api + "API_RegisterScalableTarget.html"}}
				}
				return nil
			},
			Refuse: refuseTarget,
			Compute: func(c *catalog.Call) error {
				namespace := strings.ToUpper(c.Str("serviceNamespace"))
				if namespace == "ECS" {
					namespace = "ECSService"
				}
				c.SetNew("roleArn", fmt.Sprintf("arn:%s:iam::%s:role/aws-service-role/%s.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_%s",
					c.Partition, c.Account, strings.ToLower(c.Str("serviceNamespace")), namespace))
				return nil
			},
		},
		{
			Token: "aws:appautoscaling/policy:Policy", Args: (*sdk.PolicyArgs)(nil), Resource: (*sdk.Policy)(nil),
			Service: service, Title: "Application AutoScaling Policy",
			Verbs: map[string]string{"create": "PutScalingPolicy", "update": "PutScalingPolicy", "delete": "DeleteScalingPolicy"},
			ID:    catalog.Templated("{name}"), Overwrites: true, Name: catalog.Name{Property: "name", Auto: 256},
			ARN:      "arn:{partition}:autoscaling:{region}:{account}:scalingPolicy:{resourceId}:policyName/{name}",
			Defaults: map[string]any{"policyType": "StepScaling", "targetTrackingScalingPolicyConfiguration.disableScaleIn": false},
			Check:    checkPolicy,
			Refuse: func(c *catalog.Call) *catalog.Error {
				if c.Get(targetToken, c.Str("resourceId")) != nil {
					return nil
				}
				return &catalog.Error{Code: "ObjectNotFoundException", Property: "resourceId", Value: c.Str("resourceId"), Source: api + "API_PutScalingPolicy.html",
					Message: "No scalable target registered for resource ID: " + c.Str("resourceId")}
			},
		},
	}}
}

// refuseTarget: the service must be there.
func refuseTarget(c *catalog.Call) *catalog.Error {
	id := c.Str("resourceId")
	if c.Str("serviceNamespace") != "ecs" {
		return nil
	}
	found := c.Tx.Find(c.Account, c.Region, "aws:ecs/service:Service", func(o *cloud.Object) bool { return strings.HasSuffix(o.ARN, ":"+id) })
	if len(found) > 0 {
		return nil
	}
	return &catalog.Error{Code: "ValidationException", Property: "resourceId", Value: id, Source: api + "API_RegisterScalableTarget.html",
		Message: "ECS service doesn't exist: " + id}
}

func checkPolicy(c *catalog.Call) []catalog.Problem {
	const path = "targetTrackingScalingPolicyConfiguration"
	if !c.Has(path) {
		return nil
	}
	problem := func(property, message string) []catalog.Problem {
		return []catalog.Problem{{Property: property, Rule: "target tracking", Message: message, Source: api + "API_TargetTrackingScalingPolicyConfiguration.html"}}
	}
	predefined, custom := path+".predefinedMetricSpecification", path+".customizedMetricSpecification"
	if c.Has(predefined) == c.Has(custom) {
		return problem(path, "exactly one of a predefined and a customized metric must be given")
	}
	if c.Known(path+".targetValue") && c.Num(path+".targetValue") <= 0 {
		return problem(path+".targetValue", "must be above 0")
	}
	if c.Has(custom + ".metrics") {
		returned := 0
		for _, leaf := range catalog.Leaves(c.Inputs, custom+".metrics[].returnData") {
			if leaf.Value.IsBool() && leaf.Value.BoolValue() {
				returned++
			}
		}
		if returned != 1 {
			return problem(custom+".metrics", "exactly one metric must return data")
		}
	}
	return nil
}
