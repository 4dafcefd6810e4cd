package beyond

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

// Types of load balancing.
const (
	listenerType    = "aws:lb/listener:Listener"
	ruleType        = "aws:lb/listenerRule:ListenerRule"
	targetGroupType = "aws:lb/targetGroup:TargetGroup"
)

// nodeOf is a resource's node, nil when it has none.
func (g *graph) nodeOf(r *review.Resource) *node {
	for _, n := range g.nodes {
		if n.Resource == r {
			return n
		}
	}
	return nil
}

// throughBalancer are the ways on from a load balancer: listeners, what they forward to, and what that reaches. reach says for
// a listener's port whether the way before comes to it, and over which.
func (g *graph) throughBalancer(balancer *node, guards []string, reach func(port float64) (string, bool)) []Path {
	var out []Path
	for _, listener := range g.Referring(listenerType, "loadBalancerArn", balancer.Resource) {
		over, ok := reach(listener.Num("port"))
		if !ok {
			continue
		}
		step := Step{Resource: balancer.Label(), Over: fmt.Sprintf("%s %s", listener.Str("protocol"), listener.Str("port")), Guards: slices.Clone(guards)}
		encrypted := slices.Contains([]string{"HTTPS", "TLS"}, listener.Str("protocol"))
		step.say(encrypted, "TLS by "+listener.Str("sslPolicy"), "not encrypted")
		step.say(balancer.Bool("internal"), "no public address", "a public address")
		step.say(over != "", "security groups let "+over+" through", "")
		acl := g.webACL(balancer.Resource)
		step.say(acl != "" || balancer.Bool("internal"), acl, "no web ACL")
		out = append(out, then(step, g.behind(balancer, listener))...)
	}
	return out
}

// behind are the ways on from a listener to its targets.
func (g *graph) behind(balancer *node, listener *review.Resource) []Path {
	refs := listener.Strs("defaultActions.targetGroupArn")
	refs = append(refs, listener.Strs("defaultActions.forward.targetGroups.arn")...)
	for _, rule := range g.Referring(ruleType, "listenerArn", listener) {
		refs = append(refs, rule.Strs("actions.targetGroupArn")...)
		refs = append(refs, rule.Strs("actions.forward.targetGroups.arn")...)
	}
	var out []Path
	var seen []*node
	for _, ref := range refs {
		group := g.Find(targetGroupType, ref)
		if group == nil {
			continue
		}
		for _, target := range g.targets(group) {
			if slices.Contains(seen, target) {
				continue
			}
			seen = append(seen, target)
			ports, ok := g.reaches(balancer, target, target.port)
			if !ok {
				continue
			}
			step := Step{Resource: target.Label(), Over: group.Str("protocol") + " " + strings.TrimPrefix(ports, "tcp ")}
			step.say(group.Str("protocol") == "HTTPS", "encrypted", "not encrypted inside the network")
			step.say(!g.exposed(target), "no public address", "a public address of its own")
			out = append(out, then(step, g.onward(target, []*node{balancer, target}))...)
		}
	}
	return out
}

// targets are the nodes of a target group: services, also those that a deployment moves to it, functions and instances.
func (g *graph) targets(group *review.Resource) []*node {
	found := g.Referring(serviceType, "loadBalancers.targetGroupArn", group)
	for _, deployment := range g.Referring("aws:codedeploy/deploymentGroup:DeploymentGroup", "loadBalancerInfo.targetGroupPairInfo.targetGroups.name", group) {
		if service := g.FindFrom(deployment, serviceType, deployment.Str("ecsService.serviceName")); service != nil {
			found = append(found, service)
		}
	}
	found = append(found, g.Referring(scalingGroupType, "targetGroupArns", group)...)
	for _, attachment := range g.Referring("aws:lb/targetGroupAttachment:TargetGroupAttachment", "targetGroupArn", group) {
		for _, token := range []string{functionType, machineType} {
			if target := g.Find(token, attachment.Str("targetId")); target != nil {
				found = append(found, target)
			}
		}
	}
	var out []*node
	for _, r := range found {
		if n := g.nodeOf(r); n != nil && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// onward are the ways on from what runs code to what its security groups let it connect to. been holds the nodes before, so
// that no way turns in a circle.
func (g *graph) onward(from *node, been []*node) []Path {
	var out []Path
	for _, to := range g.nodes {
		if slices.Contains(been, to) || to.Type == linkType || to.Type == balancerType {
			continue
		}
		ports, ok := g.reaches(from, to, to.port)
		if !ok {
			continue
		}
		step := Step{Resource: to.Label(), Over: ports}
		if to.data {
			g.guardDatabase(to, &step)
			out = append(out, then(step, nil)...)
			continue
		}
		out = append(out, then(step, g.onward(to, append(slices.Clone(been), to)))...)
	}
	return append(out, g.byRole(from)...)
}

// guardDatabase says what stands before a database.
func (g *graph) guardDatabase(database *node, step *Step) {
	step.say(!database.Bool("publiclyAccessible"), "no public address", "a public address")
	outside := !slices.ContainsFunc(database.subnets, func(id string) bool {
		subnet := g.Find(subnetType, id)
		return subnet != nil && g.public[subnet]
	})
	step.say(outside && len(database.subnets) > 0, "in subnets without a route from the internet", "in a subnet with a route from the internet")
	required := false
	if group := g.FindFrom(database.Resource, "aws:rds/parameterGroup:ParameterGroup", database.Str("parameterGroupName")); group != nil {
		for _, parameter := range group.Maps("parameters") {
			named := parameter.Str("name") == "require_secure_transport" || parameter.Str("name") == "rds.force_ssl"
			required = required || named && slices.Contains([]string{"1", "ON"}, strings.ToUpper(parameter.Str("value")))
		}
	}
	step.say(required, "TLS required", "TLS not required")
	step.say(database.Bool("iamDatabaseAuthenticationEnabled"), "IAM authentication possible", "passwords only")
}
