// Package appautoscaling describes Application Auto Scaling to the stand-in.
package appautoscaling

import (
	"fmt"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
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
		},
	}}
}

func checkPolicy(c *catalog.Call) []catalog.Problem {
	const path = "targetTrackingScalingPolicyConfiguration.targetValue"
	if c.Known(path) && c.Num(path) <= 0 {
		return []catalog.Problem{{Property: path, Rule: "target tracking", Message: "must be above 0", Source: api + "API_TargetTrackingScalingPolicyConfiguration.html"}}
	}
	return nil
}
