package network

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	elbAPI       = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/"
	balancerPage = elbAPI + "API_CreateLoadBalancer.html"
	balancersDoc = elbGuide + "application-load-balancers.html"
)

func balancers() []rule.Rule {
	two := in{"loadBalancerType": "application", "internal": true, "subnets": []any{subnetB1, subnetB2}, "securityGroups": []any{groupB}}
	with := func(more in) in { return merged(two, more) }
	at := func(set in) rule.Seed {
		return rule.Seed{Stack: "staging", At: balancerToken + "::balancer", Exists: neighbours(), Set: set}
	}
	return []rule.Rule{{
		ID: "network-balancer-name", Types: []string{balancerToken, targetsToken}, Code: "ValidationError", Page: balancerPage,
		Says:     "Names of load balancers and target groups have 1 to 32 letters, digits and hyphens, no hyphen at either end and no internal- in front.",
		Fix:      "Shorten the name or choose other characters.",
		Foreseen: true, Check: balancerName,
		Pass: rule.Case{Inputs: in{"name": "itrack-balancer"}},
		Fail: rule.Case{Inputs: in{"name": "itrack-balancer-"}},
		Seed: rule.Seed{Stack: "staging", At: targetsToken + "::backend-green", Set: in{"name": "itrack_backend_green"}},
	}, {
		ID: "network-balancer-zones", Types: []string{balancerToken}, Code: "ValidationError", Page: balancerPage,
		Says:  "An Application Load Balancer has subnets in at least two zones.",
		Fix:   "Give one subnet in each of two zones or more.",
		Check: balancerZones,
		Pass:  rule.Case{World: neighbours(), Inputs: two},
		Fail:  rule.Case{World: neighbours(), Inputs: with(in{"subnets": []any{subnetB1}})},
		Seed:  rule.Seed{Stack: "staging", At: balancerToken + "::balancer", Set: in{"subnets[1]": nil}},
	}, {
		ID: "network-balancer-zone-once", Types: []string{balancerToken}, Code: "InvalidConfigurationRequest", Page: balancerPage,
		Says:  "A load balancer has one subnet in a zone.",
		Fix:   "Give one subnet per availability zone.",
		Check: balancerZoneOnce,
		Pass:  rule.Case{World: neighbours(), Inputs: two},
		Fail:  rule.Case{World: neighbours(), Inputs: with(in{"subnets": []any{subnetB1, subnetB2, subnetB3}})},
		Seed:  at(in{"subnets": []any{subnetB1, subnetB2, subnetB3}, "securityGroups": []any{groupB}}),
	}, {
		ID: "network-balancer-one-vpc", Types: []string{balancerToken}, Code: "InvalidConfigurationRequest", Page: balancersDoc,
		Says:  "A load balancer's subnets are in one VPC.",
		Fix:   "Give subnets of one VPC.",
		Check: oneVpc("subnets"),
		Pass:  rule.Case{World: neighbours(), Inputs: two},
		Fail:  rule.Case{World: neighbours(), Inputs: with(in{"subnets": []any{subnetB1, subnetC2}})},
		Seed:  at(in{"subnets": []any{subnetC1, subnetB2}, "securityGroups": []any{groupC}}),
	}, {
		ID: "network-balancer-group-vpc", Types: []string{balancerToken}, Code: "InvalidConfigurationRequest", Page: elbGuide + "load-balancer-update-security-groups.html",
		Says:  "A load balancer's security groups are in the VPC of its subnets.",
		Fix:   "Give security groups of the subnets' VPC.",
		Check: balancerGroups,
		Pass:  rule.Case{World: neighbours(), Inputs: two},
		Fail:  rule.Case{World: neighbours(), Inputs: with(in{"securityGroups": []any{groupC}})},
		Seed:  at(in{"securityGroups": []any{groupB}}),
	}, {
		ID: "network-balancer-internet", Types: []string{balancerToken}, Code: "InvalidSubnet", Page: balancersDoc,
		Says:  "An internet-facing load balancer is in a VPC with an internet gateway.",
		Fix:   "Attach an internet gateway to the VPC, or make the load balancer internal.",
		Check: balancerInternet,
		Pass:  rule.Case{World: neighbours(), Inputs: with(in{"internal": false})},
		Fail:  rule.Case{World: neighbours(), Inputs: with(in{"internal": false, "subnets": []any{subnetC1, subnetC2}, "securityGroups": []any{groupC}})},
		Seed:  at(in{"internal": false, "subnets": []any{subnetC1, subnetC2}, "securityGroups": []any{groupC}}),
	}, {
		ID: "network-balancer-addresses", Types: []string{balancerToken}, Code: "InvalidSubnet", Page: balancersDoc,
		Says:  "Each of a load balancer's subnets has 8 free addresses.",
		Fix:   "Use subnets of /27 or larger; AWS keeps five addresses of each, and gateways, endpoints and other load balancers take one and more.",
		Check: balancerAddresses,
		Pass:  rule.Case{World: neighbours(), Inputs: with(in{"subnets": []any{subnetC1, subnetC2}})},
		Fail:  rule.Case{World: crowded(), Inputs: with(in{"subnets": []any{subnetC1, subnetC2}})},
		Seed: rule.Seed{Stack: "staging", At: balancerToken + "::balancer", Exists: crowded(),
			Set: in{"subnets": []any{subnetC1, subnetC2}, "securityGroups": []any{groupC}}},
	}, {
		ID: "network-targets-vpc", Types: []string{listenerToken}, Code: "InvalidConfigurationRequest", Page: elbGuide + "load-balancer-target-groups.html",
		Says:  "A listener rule forwards to target groups of the load balancer's VPC.",
		Fix:   "Make the target group in the load balancer's VPC.",
		Check: targetsVpc,
		Pass:  rule.Case{World: forwarding(vpcB), Inputs: forward},
		Fail:  rule.Case{World: forwarding(vpcC), Inputs: forward},
		Seed: rule.Seed{Stack: "staging", At: listenerToken + "::backend-test", Exists: append(neighbours(), forwarding(vpcC)[1:]...),
			Set: in{"actions": []any{in{"type": "forward", "targetGroupArn": targetsArn}}}},
	}}
}

const (
	elbArn     = "arn:aws:elasticloadbalancing:us-east-1:111122223333:"
	targetsArn = elbArn + "targetgroup/neighbour/0123456789abcdef"
)

// forward is a listener rule, forwarding the balancer and the target group that it brings together.
var forward = in{"listenerArn": elbArn + "listener/app/neighbour/0123456789abcdef/0123456789abcdef", "priority": 1,
	"actions": []any{in{"type": "forward", "targetGroupArn": targetsArn}}}

func forwarding(vpc string) []rule.Thing {
	return []rule.Thing{
		thing(balancerToken, elbArn+"loadbalancer/app/neighbour/0123456789abcdef", in{"vpcId": vpcB, "name": "neighbour",
			"arn": elbArn + "loadbalancer/app/neighbour/0123456789abcdef"}),
		thing(targetsToken, targetsArn, in{"vpcId": vpc, "name": "neighbour", "arn": targetsArn}),
	}
}

// crowded are the neighbours with four endpoints in a subnet of /28: seven of its addresses are free.
func crowded() []rule.Thing {
	world := neighbours()
	for n := range 4 {
		world = append(world, thing(endpointToken, fmt.Sprintf("vpce-0c00000000000000%d", n), in{"vpcId": vpcC, "vpcEndpointType": "Interface",
			"serviceName": "com.amazonaws.us-east-1.sts", "subnetIds": []any{subnetC2}}))
	}
	return world
}

var balancerNames = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$`)

func balancerName(c *catalog.Call) *rule.Finding {
	name := c.Str("name")
	if name == "" || balancerNames.MatchString(name) && !strings.HasPrefix(name, "internal-") {
		return nil
	}
	return rule.Find("name", name, "The name '%s' can only contain 1 to 32 characters that are alphanumeric characters and hyphens(-), "+
		"must not begin or end with a hyphen and must not begin with internal-", name)
}

// application tells whether a load balancer is one of the kind that the rules speak of.
func application(c *catalog.Call) bool {
	return c.Str("loadBalancerType") != "network" && c.Str("loadBalancerType") != "gateway"
}

func balancerZones(c *catalog.Call) *rule.Finding {
	zones := map[string]bool{}
	for _, subnet := range all(c, "subnets", subnetToken) {
		zones[catalog.Str(subnet.State, "availabilityZone")] = true
	}
	if !application(c) || len(zones) >= 2 {
		return nil
	}
	return rule.Find("subnets", strings.Join(c.Strs("subnets"), ", "), "At least two subnets in two different Availability Zones must be specified")
}

func balancerZoneOnce(c *catalog.Call) *rule.Finding {
	if id := sameZone(c, "subnets"); id != "" {
		return rule.Find("subnets", id, "A load balancer cannot be attached to multiple subnets in the same Availability Zone")
	}
	return nil
}

// oneVpc is the check that the subnets at a path are in one VPC.
func oneVpc(path string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		first := home(c, path)
		for _, subnet := range all(c, path, subnetToken) {
			if vpcOf(subnet) != first {
				return rule.Find(path, subnet.ID, "The subnet %s is not in the VPC %s of the first", subnet.ID, first)
			}
		}
		return nil
	}
}

// home is the VPC of the first subnet at a path.
func home(c *catalog.Call, path string) string {
	for _, subnet := range all(c, path, subnetToken) {
		return vpcOf(subnet)
	}
	return ""
}

func balancerGroups(c *catalog.Call) *rule.Finding {
	if id := strangers(c, "securityGroups", home(c, "subnets")); id != "" {
		return rule.Find("securityGroups", id, "One or more security groups are invalid")
	}
	return nil
}

func balancerInternet(c *catalog.Call) *rule.Finding {
	vpc := home(c, "subnets")
	if c.Bool("internal") || vpc == "" || attached(c, vpc) {
		return nil
	}
	return rule.Find("subnets", strings.Join(c.Strs("subnets"), ", "), "VPC %s has no internet gateway", vpc)
}

// takes are the types that take an address in each of the subnets that they name.
var takes = map[string]string{natToken: "subnetId", endpointToken: "subnetIds", balancerToken: "subnets"}

func balancerAddresses(c *catalog.Call) *rule.Finding {
	if !c.Creating() {
		return nil
	}
	for _, subnet := range all(c, "subnets", subnetToken) {
		p, ok := block(catalog.Str(subnet.State, "cidrBlock"))
		if !ok || p.Bits() < 24 {
			continue // 256 addresses and more are not counted: nothing here fills them
		}
		free := 1<<(32-p.Bits()) - 5
		for token, path := range takes {
			free -= len(others(c, token, func(o *cloud.Object) bool {
				return strings.Contains(strings.Join(catalog.Strs(o.State, path), " "), subnet.ID)
			}))
		}
		if free < 8 {
			return rule.Find("subnets", subnet.ID, "Not enough IP space available in %s. ELB requires at least 8 free IP addresses in each subnet.", subnet.ID)
		}
	}
	return nil
}

func targetsVpc(c *catalog.Call) *rule.Finding {
	parts := strings.Split(c.Str("listenerArn"), "/")
	if len(parts) < 3 || c.Tx == nil {
		return nil
	}
	suffix := "loadbalancer/" + strings.Join(parts[len(parts)-4:len(parts)-1], "/")
	balancers := others(c, balancerToken, func(o *cloud.Object) bool { return strings.HasSuffix(o.ARN, suffix) })
	if len(balancers) == 0 {
		return nil
	}
	for _, arn := range c.Strs("actions[].targetGroupArn") {
		if home := vpcOf(c.Get(targetsToken, arn)); home != "" && vpcOf(balancers[0]) != "" && home != vpcOf(balancers[0]) {
			return rule.Find("actions", arn, "The following target groups are not in the VPC of the load balancer (%s): %s", vpcOf(balancers[0]), arn)
		}
	}
	return nil
}
