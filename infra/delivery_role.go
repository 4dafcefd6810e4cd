package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// role is what CodeDeploy works under: AWS's own policy (AWSCodeDeployRoleForECS) lets it change every service and every
// listener of the account, this one those of this stack.
func (d *Delivery) role(ctx *pulumi.Context, args *DeliveryArgs, services []string) (*Role, error) {
	place := args.Placement
	// CodeDeploy sends no source account when it assumes its role for ECS: a condition on it would refuse every deployment.
	trust, err := TrustServices(nil, place.Principal("codedeploy"))
	if err != nil {
		return nil, fmt.Errorf("creating the role of CodeDeploy: %w", err)
	}
	hook := args.Functions.Hook(hookDeployment)
	policies := []RolePolicy{
		{Name: "services", Document: d.serviceRights(args, services)},
		{Name: "traffic", Document: d.trafficRights(args)},
		{Name: "alarms", Document: d.alarmRights(args)},
	}
	if hook != nil {
		policies = append(policies, RolePolicy{Name: "hook", Document: PolicyFrom([]pulumi.StringInput{hook.Arn, hook.AliasArn}, func(known []string) []Statement {
			return []Statement{{Sid: "CallHook", Actions: []string{"lambda:InvokeFunction"}, Resources: known}}
		})})
	}
	return newRole(ctx, "delivery", place, RoleArgs{
		Parts: []string{"codedeploy"}, Description: "CodeDeploy shifting traffic between versions", Trust: pulumi.String(trust), Policies: policies,
	}, pulumi.Parent(d))
}

// serviceRights: task sets of the stack's services, and handing ECS the roles of their tasks.
func (d *Delivery) serviceRights(args *DeliveryArgs, services []string) pulumi.StringOutput {
	place := args.Placement
	cluster := clusterName(place)
	var arns, sets []string
	var roles []pulumi.StringInput
	for _, service := range services {
		path := cluster + "/" + serviceName(service)
		arns = append(arns, place.Arn("ecs", place.Primary.Name, "service/"+path))
		sets = append(sets, place.Arn("ecs", place.Primary.Name, "task-set/"+path+"/*"))
		roles = append(roles, args.Ecs.ByName[service].TaskRoleArn, args.Ecs.ByName[service].ExecutionRoleArn)
	}
	return PolicyFrom(roles, func(known []string) []Statement {
		return []Statement{
			{Sid: "Services", Actions: []string{"ecs:DescribeServices", "ecs:UpdateServicePrimaryTaskSet"}, Resources: arns},
			{Sid: "TaskSets", Actions: []string{"ecs:CreateTaskSet", "ecs:DeleteTaskSet"}, Resources: sets},
			{
				Sid: "HandOverRoles", Actions: []string{"iam:PassRole"}, Resources: known,
				Conditions: map[string]map[string][]string{"StringEquals": {"iam:PassedToService": {place.Principal("ecs-tasks")}}},
			},
		}
	})
}

// trafficRights: the listeners' rules, which hold the traffic's direction.
func (d *Delivery) trafficRights(args *DeliveryArgs) pulumi.StringOutput {
	place, balancer := args.Placement, args.Balancer
	inputs := []pulumi.StringInput{balancer.ArnSuffix, balancer.ProductionListenerArn, balancer.TestListenerArn}
	return PolicyFrom(inputs, func(known []string) []Statement {
		return []Statement{
			{
				// Describe actions of load balancing know no resources.
				Sid:       "LookAround",
				Actions:   []string{"elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTargetGroups"},
				Resources: []string{"*"},
			},
			{Sid: "ShiftListeners", Actions: []string{"elasticloadbalancing:ModifyListener"}, Resources: known[1:]},
			{
				Sid: "ShiftRules", Actions: []string{"elasticloadbalancing:ModifyRule"},
				Resources: []string{place.Arn("elasticloadbalancing", place.Primary.Name, "listener-rule/"+known[0]+"/*")},
			},
		}
	})
}

// alarmRights: seeing the alarms that roll back, and telling of failures by the encrypted topic.
func (d *Delivery) alarmRights(args *DeliveryArgs) pulumi.StringOutput {
	place := args.Placement
	inputs := []pulumi.StringInput{args.Alerts.In(place.Primary).Critical, args.Keys.Logs.In(place.Primary).Arn}
	return PolicyFrom(inputs, func(known []string) []Statement {
		return []Statement{
			// CodeDeploy lists the alarms of a group in one call, and DescribeAlarms knows single alarms only when asked by name.
			{Sid: "SeeAlarms", Actions: []string{"cloudwatch:DescribeAlarms"}, Resources: []string{place.Arn("cloudwatch", place.Primary.Name, "alarm:*")}},
			{Sid: "Tell", Actions: []string{"sns:Publish"}, Resources: []string{known[0]}},
			{
				Sid: "TopicKey", Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{known[1]},
				Conditions: viaService(place, "sns"),
			},
		}
	})
}
