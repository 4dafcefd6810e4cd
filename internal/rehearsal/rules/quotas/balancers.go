package quotas

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	balancerToken = "aws:lb/loadBalancer:LoadBalancer"
	listenerToken = "aws:lb/listener:Listener"
	forwardToken  = "aws:lb/listenerRule:ListenerRule"
	targetsToken  = "aws:lb/targetGroup:TargetGroup"
	balancerPage  = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html"
	balancerArn   = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/neighbour/0123456789abcdef"
	listenerArn   = "arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/neighbour/0123456789abcdef/0123456789abcdef"
)

func balancerQuotas() []Quota {
	one := func(token, kind string, state in) func(int) rule.Thing {
		return func(n int) rule.Thing {
			arn := fmt.Sprintf("arn:aws:elasticloadbalancing:us-east-1:111122223333:%s/app/neighbour-%d/0123456789abcdef", kind, n)
			return rule.Thing{Type: token, ID: arn, ARN: arn, State: state}
		}
	}
	balancers := one(balancerToken, "loadbalancer", in{"loadBalancerType": "application"})
	listeners := one(listenerToken, "listener", in{"loadBalancerArn": balancerArn})
	rules := one(forwardToken, "listener-rule", in{"listenerArn": listenerArn})
	home := rule.Thing{Type: balancerToken, ID: balancerArn, ARN: balancerArn, State: in{"loadBalancerType": "application"}}
	door := rule.Thing{Type: listenerToken, ID: listenerArn, ARN: listenerArn, State: in{"loadBalancerArn": balancerArn}}
	return []Quota{
		{ID: "balancers", Name: "Application Load Balancers per Region", Service: "elasticloadbalancing", Code: "L-53DA6B97", Default: 50,
			Unit: "Application Load Balancers in a region", Page: balancerPage, Error: "TooManyLoadBalancers",
			Message: "The maximum number of load balancers has been reached", Property: "name", Types: []string{balancerToken},
			Draw: where(func(o *cloud.Object) bool { return catalog.Str(o.State, "loadBalancerType") == "application" }),
			proof: &proof{one: balancers, inputs: in{"loadBalancerType": "application"},
				seed: rule.Seed{Stack: "staging", At: balancerToken + "::balancer", Exists: filled(50, balancers)}}},
		{ID: "listeners", Name: "Listeners per Application Load Balancer", Service: "elasticloadbalancing", Code: "L-B6DF7632", Default: 50,
			Unit: "listeners at an Application Load Balancer", Page: balancerPage, Error: "TooManyListeners",
			Message: "The maximum number of listeners has been reached", Property: "loadBalancerArn", Types: []string{listenerToken}, Draw: per("loadBalancerArn"),
			proof: &proof{one: listeners, inputs: in{"loadBalancerArn": balancerArn},
				seed: rule.Seed{Stack: "staging", At: listenerToken + "::test", Exists: append(filled(50, listeners), home), Set: in{"loadBalancerArn": balancerArn}}}},
		{ID: "listener-rules", Name: "Rules per Application Load Balancer", Service: "elasticloadbalancing", Code: "L-7EED9B64", Default: 100,
			Unit: "rules at an Application Load Balancer, default actions aside", Page: balancerPage, Error: "TooManyRules",
			Message: "The maximum number of rules has been reached", Property: "listenerArn", Types: []string{forwardToken}, Draw: balancerOf,
			proof: &proof{one: rules, inputs: in{"listenerArn": listenerArn},
				seed: rule.Seed{Stack: "staging", At: forwardToken + "::backend-test", Exists: append(filled(100, rules), home, door), Set: in{"listenerArn": listenerArn}}}},
		{ID: "target-groups", Name: "Target Groups per Region", Service: "elasticloadbalancing", Code: "L-B22855CB", Default: 3000,
			Unit: "target groups in a region", Page: balancerPage, Error: "TooManyTargetGroups", Types: []string{targetsToken}, Draw: each},
	}
}

// balancerOf is the load balancer of a listener rule, read from the listener's ARN.
func balancerOf(o *cloud.Object, _ Finder) []Draw {
	arn := catalog.Str(o.State, "listenerArn")
	last := strings.LastIndexByte(arn, '/')
	if last < 0 {
		return nil
	}
	return []Draw{{Scope: arn[:last], Amount: 1}}
}
