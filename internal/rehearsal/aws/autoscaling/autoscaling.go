// Package autoscaling describes EC2 Auto Scaling to the stand-in. Its sizes, sources and times are rules of the area compute.
package autoscaling

import (
	"fmt"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/autoscaling"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const api = "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/"

// Service is what the stand-in knows of Auto Scaling.
func Service() catalog.Service {
	template := func(path string, by catalog.By) catalog.Ref {
		return catalog.Ref{Path: path, To: []string{"aws:ec2/launchTemplate:LaunchTemplate"}, By: by, Code: "ValidationError",
			Message: "You must use a valid fully-formed launch template. The specified launch template, with template ID {value}, does not exist."}
	}
	return catalog.Service{Types: []catalog.Type{{
		Token: "aws:autoscaling/group:Group", Args: (*sdk.GroupArgs)(nil), Resource: (*sdk.Group)(nil),
		Service: "Auto Scaling", Action: "AutoScalingGroup", Title: "Auto Scaling Group", Verbs: map[string]string{"update": "UpdateAutoScalingGroup"},
		ID: catalog.Templated("{name}"),
		Name: catalog.Name{Property: "name", Auto: 255, Prefix: "namePrefix", Scope: catalog.InRegion, Code: "AlreadyExists",
			Message: "AutoScalingGroup by this name already exists - A group with the name {name} already exists"},
		Defaults: map[string]any{"healthCheckGracePeriod": 300, "waitForCapacityTimeout": "10m", "metricsGranularity": "1Minute",
			"ignoreFailedScalingActivities": false, "protectFromScaleIn": false, "forceDelete": false, "forceDeleteWarmPool": false, "maxInstanceLifetime": 0},
		Blank: []string{"namePrefix", "serviceLinkedRoleArn"},
		// What the provider reads back although the program may leave it out.
		Computed: []string{"availabilityZoneDistribution", "capacityReservationSpecification", "mixedInstancesPolicy.instancesDistribution",
			"mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.launchTemplateName", "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.version"},
		Sets: []string{"enabledMetrics", "vpcZoneIdentifiers", "tags", "targetGroupArns", "suspendedProcesses"},
		Refs: []catalog.Ref{
			template("mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.launchTemplateId", catalog.ByID),
			template("launchTemplate.id", catalog.ByID), template("launchTemplate.name", catalog.ByName),
			{Path: "vpcZoneIdentifiers", To: []string{"aws:ec2/subnet:Subnet"}, Code: "ValidationError", Message: "The subnet ID '{value}' does not exist", Blocks: true},
		},
		Check: checkGroup, Compute: computeGroup,
		Source: api + "API_CreateAutoScalingGroup.html",
	}}}
}

func checkGroup(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	add := func(property, rule, message string) {
		problems = append(problems, catalog.Problem{Property: property, Rule: rule, Message: message, Source: api + "API_CreateAutoScalingGroup.html"})
	}
	if !c.Has("vpcZoneIdentifiers") && !c.Has("availabilityZones") {
		add("vpcZoneIdentifiers", "somewhere to start", "either vpcZoneIdentifiers or availabilityZones must be given")
	}
	return problems
}

func computeGroup(c *catalog.Call) error {
	if c.Creating() {
		c.ARN = fmt.Sprintf("arn:%s:autoscaling:%s:%s:autoScalingGroup:%s:autoScalingGroupName/%s", c.Partition, c.Region, c.Account, catalog.UUID(), c.Name())
		c.Set("arn", c.ARN)
	}
	c.SetNew("serviceLinkedRoleArn", fmt.Sprintf("arn:%s:iam::%s:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", c.Partition, c.Account))
	c.SetNew("defaultCooldown", 300)
	c.SetNew("desiredCapacity", c.Num("minSize"))
	c.SetNew("healthCheckType", "EC2")
	c.SetNew("predictedCapacity", 0)
	c.SetNew("warmPoolSize", 0)
	return nil
}
