package connect

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/itrack/itrack/internal/ops"
)

// Bastion finds the instance of the bastion's autoscaling group whose agent answers, and waits for one that starts, for
// limit at most.
func Bastion(ctx context.Context, env *ops.Environment, out ops.Outputs, limit time.Duration) (string, error) {
	const what = "looking for the bastion"
	name := env.Settings.Environment
	if out.BastionGroup == "" {
		return "", &ops.Problem{Kind: ops.Usage, What: what, Why: "the stack has none",
			Next: "set itrack:bastion in Pulumi." + name + ".yaml (instanceType: t4g.nano is enough) and run `itrack deploy " + name + "`"}
	}
	var instance string
	wait := ops.Wait{
		For: "the bastion " + out.BastionGroup, Limit: limit, Every: env.Every(5 * time.Second), Say: env.Say,
		Next: "see why it does not start: `aws autoscaling describe-scaling-activities --auto-scaling-group-name " + out.BastionGroup + " --region " + env.Region + "`",
	}
	err := wait.Until(ctx, func(ctx context.Context) (bool, string, error) {
		serving, state, err := serving(ctx, env, out.BastionGroup)
		if err != nil || len(serving) == 0 {
			return false, state, err
		}
		instance, state, err = online(ctx, env, serving)
		return instance != "", state, err
	})
	return instance, err
}

// serving are the instances of the group that are in service. During a replacement there may be two.
func serving(ctx context.Context, env *ops.Environment, group string) (ids []string, state string, err error) {
	answer, err := env.Primary().AutoScaling().DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{group}})
	if err != nil {
		return nil, "", ops.Explain("asking for the bastion's autoscaling group "+group, err)
	}
	if len(answer.AutoScalingGroups) == 0 {
		return nil, "", &ops.Problem{What: "looking for the bastion", Why: "there is no autoscaling group " + group + " in " + env.Region,
			Next: "`itrack deploy " + env.Settings.Environment + "` makes it"}
	}
	found := answer.AutoScalingGroups[0]
	if aws.ToInt32(found.DesiredCapacity) == 0 {
		return nil, "", &ops.Problem{Kind: ops.Refused, What: "looking for the bastion", Why: "its autoscaling group " + group + " is set to no instance",
			Next: "`aws autoscaling set-desired-capacity --auto-scaling-group-name " + group + " --desired-capacity 1 --region " + env.Region + "` starts one (a minute or two)"}
	}
	var states []string
	for _, instance := range found.Instances {
		if instance.LifecycleState == scalingtypes.LifecycleStateInService {
			ids = append(ids, aws.ToString(instance.InstanceId))
		}
		states = append(states, fmt.Sprintf("%s is %s", aws.ToString(instance.InstanceId), instance.LifecycleState))
	}
	slices.Sort(ids)
	if len(states) == 0 {
		states = []string{"no instance has started yet"}
	}
	return ids, strings.Join(states, ", "), nil
}

// online is the first of the instances whose agent answers Systems Manager.
func online(ctx context.Context, env *ops.Environment, ids []string) (instance, state string, err error) {
	answer, err := env.Primary().SSM().DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{
		Filters: []ssmtypes.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: ids}},
	})
	if err != nil {
		return "", "", ops.Explain("asking Systems Manager for the bastion's agent", err)
	}
	ping := map[string]ssmtypes.PingStatus{}
	for _, found := range answer.InstanceInformationList {
		ping[aws.ToString(found.InstanceId)] = found.PingStatus
	}
	var states []string
	for _, id := range ids {
		switch status := ping[id]; status {
		case ssmtypes.PingStatusOnline:
			return id, id + " is online", nil
		case "":
			states = append(states, id+" runs, its agent has not reported yet")
		default:
			states = append(states, fmt.Sprintf("the agent of %s: %s", id, status))
		}
	}
	return "", strings.Join(states, ", "), nil
}
