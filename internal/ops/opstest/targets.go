package opstest

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	balancing "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	balancingtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/itrack/itrack/internal/ops"
)

// Targets registers two tasks in each of a service's target groups, as ECS does with tasks that start; moto takes them for healthy.
func Targets(t testing.TB, env *ops.Environment, service string) {
	t.Helper()
	ctx, client := context.Background(), env.Primary().LoadBalancers()
	groups := must(client.DescribeTargetGroups(ctx, &balancing.DescribeTargetGroupsInput{Names: []string{env.Name(service + "-blue"), env.Name(service + "-green")}}))(t)
	for _, group := range groups.TargetGroups {
		must(client.RegisterTargets(ctx, &balancing.RegisterTargetsInput{TargetGroupArn: group.TargetGroupArn, Targets: []balancingtypes.TargetDescription{
			{Id: aws.String("10.0.1.10"), Port: aws.Int32(8080)}, {Id: aws.String("10.0.2.10"), Port: aws.Int32(8080)},
		}}))(t)
	}
}
