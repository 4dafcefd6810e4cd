package live

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	lb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/itrack/itrack/internal/recovery"
)

var balancerLooks = map[string]look{
	"aws:lb/loadBalancer:LoadBalancer": loadBalancers,
	"aws:lb/targetGroup:TargetGroup":   targetGroups,
	"aws:lb/listener:Listener":         listeners,
	"aws:lb/listenerRule:ListenerRule": listenerRules,
}

// balancerTags reads the tags of one load balancer or target group.
func balancerTags(ctx context.Context, r request, arn *string) (map[string]string, error) {
	answer, err := lb.NewFromConfig(r.at("elbv2")).DescribeTags(ctx, &lb.DescribeTagsInput{ResourceArns: []string{*arn}})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, description := range answer.TagDescriptions {
		for _, tag := range description.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	return tags, nil
}

func loadBalancers(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := lb.NewFromConfig(r.at("elbv2")).DescribeLoadBalancers(ctx, &lb.DescribeLoadBalancersInput{Names: []string{r.Text("name")}})
	if err != nil || len(answer.LoadBalancers) == 0 {
		return nil, err
	}
	one := answer.LoadBalancers[0]
	tags, err := balancerTags(ctx, r, one.LoadBalancerArn)
	return []recovery.Candidate{{ID: *one.LoadBalancerArn, Tags: tags, Attributes: attributes(map[string]*string{"name": one.LoadBalancerName})}}, err
}

func targetGroups(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := lb.NewFromConfig(r.at("elbv2")).DescribeTargetGroups(ctx, &lb.DescribeTargetGroupsInput{Names: []string{r.Text("name")}})
	if err != nil || len(answer.TargetGroups) == 0 {
		return nil, err
	}
	one := answer.TargetGroups[0]
	tags, err := balancerTags(ctx, r, one.TargetGroupArn)
	return []recovery.Candidate{{ID: *one.TargetGroupArn, Tags: tags, Attributes: attributes(map[string]*string{"name": one.TargetGroupName})}}, err
}

func listeners(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, lb.NewDescribeListenersPaginator(lb.NewFromConfig(r.at("elbv2")),
		&lb.DescribeListenersInput{LoadBalancerArn: aws.String(r.Text("loadBalancerArn"))}),
		func(page *lb.DescribeListenersOutput) []types.Listener { return page.Listeners })
	return all(found, err, func(l types.Listener) recovery.Candidate {
		return recovery.Candidate{ID: *l.ListenerArn, Attributes: map[string]any{
			"loadBalancerArn": aws.ToString(l.LoadBalancerArn), "port": int(aws.ToInt32(l.Port))}}
	})
}

func listenerRules(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := lb.NewFromConfig(r.at("elbv2")).DescribeRules(ctx, &lb.DescribeRulesInput{ListenerArn: aws.String(r.Text("listenerArn"))})
	if err != nil {
		return nil, err
	}
	return all(answer.Rules, nil, func(rule types.Rule) recovery.Candidate {
		return recovery.Candidate{ID: *rule.RuleArn, Attributes: map[string]any{
			"listenerArn": r.Text("listenerArn"), "priority": aws.ToString(rule.Priority)}}
	})
}
