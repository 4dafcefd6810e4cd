package beyond

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/itrack/itrack/internal/review"
)

// rule is one rule of a security group. Pulumi has three forms of them, and all of them end here.
type rule struct {
	*review.Resource
	group    string   // the id of the group that it belongs to
	from, to float64  // ports; both 0 with protocol -1
	protocol string   // tcp, udp, icmp, -1
	cidrs    []string // addresses at the other end
	groups   []string // groups at the other end
	lists    []string // prefix lists at the other end
}

// rulesOf finds all ingress or all egress rules.
func rulesOf(m *review.Model, ingress bool) []rule {
	token, kind := "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "egress"
	if ingress {
		token, kind = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "ingress"
	}
	var out []rule
	for _, r := range m.All(token) {
		out = append(out, rule{
			Resource: r, group: r.Str("securityGroupId"), from: r.Num("fromPort"), to: r.Num("toPort"), protocol: r.Str("ipProtocol"),
			cidrs: append(r.Strs("cidrIpv4"), r.Strs("cidrIpv6")...), groups: r.Strs("referencedSecurityGroupId"), lists: r.Strs("prefixListId"),
		})
	}
	for _, r := range m.All("aws:ec2/securityGroupRule:SecurityGroupRule") {
		if r.Str("type") != kind {
			continue
		}
		one := block(r, r, r.Str("securityGroupId"))
		one.groups = r.Strs("sourceSecurityGroupId")
		if r.Bool("self") {
			one.groups = append(one.groups, one.group)
		}
		out = append(out, one)
	}
	for _, r := range m.All(securityGroupType, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup") {
		for _, inner := range r.Maps(kind) {
			out = append(out, block(r, inner, r.ID))
		}
	}
	return withoutDoubles(out)
}

// block is a rule in the words that groups and SecurityGroupRule share.
func block(r, values *review.Resource, group string) rule {
	one := rule{
		Resource: r, group: group, from: values.Num("fromPort"), to: values.Num("toPort"), protocol: values.Str("protocol"),
		cidrs: append(values.Strs("cidrBlocks"), values.Strs("ipv6CidrBlocks")...), groups: values.Strs("securityGroups"), lists: values.Strs("prefixListIds"),
	}
	if values.Bool("self") {
		one.groups = append(one.groups, group)
	}
	return one
}

// withoutDoubles drops the rules that a group's own listing repeats: AWS returns every rule of a group with it, whichever
// resource made it.
func withoutDoubles(rules []rule) []rule {
	var out []rule
	seen := map[string]bool{}
	for _, one := range rules {
		key := fmt.Sprint(one.group, one.from, one.to, one.protocol, one.cidrs, one.groups, one.lists)
		if !seen[key] {
			seen[key] = true
			out = append(out, one)
		}
	}
	return out
}

// ports is the rule's ports in a few words.
func (r *rule) ports() string {
	switch {
	case r.protocol == "-1" || r.protocol == "all":
		return "every port"
	case r.from == r.to:
		return fmt.Sprintf("%s %.0f", r.protocol, r.from)
	}
	return fmt.Sprintf("%s %.0f-%.0f", r.protocol, r.from, r.to)
}

// holds tells whether a rule is about a port; 0 is a port that nobody knows.
func (r *rule) holds(port float64) bool {
	return port == 0 || r.protocol == "-1" || r.protocol == "all" || r.from <= port && port <= r.to
}

// world tells whether a rule lets every address of a family in.
func (r *rule) world() string {
	for _, cidr := range r.cidrs {
		if prefix, err := netip.ParsePrefix(cidr); err == nil && prefix.Bits() == 0 {
			return cidr
		}
	}
	return ""
}

// meets tells whether a rule's other end is a node: one of its groups, or an address range that one of its subnets is in.
func (g *graph) meets(r *rule, n *node) bool {
	if slices.ContainsFunc(r.groups, func(id string) bool { return slices.Contains(n.groups, id) }) {
		return true
	}
	for _, id := range n.subnets {
		subnet := g.Find(subnetType, id)
		if subnet == nil {
			continue
		}
		inside, err := netip.ParsePrefix(subnet.Str("cidrBlock"))
		if err != nil {
			continue
		}
		for _, cidr := range r.cidrs {
			if around, err := netip.ParsePrefix(cidr); err == nil && around.Overlaps(inside) {
				return true
			}
		}
	}
	return false
}

// reaches tells whether one node may open a connection to another, and at which ports. A group that the stack does not declare
// may let everything out.
func (g *graph) reaches(from, to *node, port float64) (string, bool) {
	for i := range g.ingress {
		in := &g.ingress[i]
		if !slices.Contains(to.groups, in.group) || !in.holds(port) || !g.meets(in, from) {
			continue
		}
		if g.lets(from, to, in) {
			return in.ports(), true
		}
	}
	return "", false
}

// lets tells whether what a rule lets in is let out where it comes from.
func (g *graph) lets(from, to *node, in *rule) bool {
	for _, group := range from.groups {
		if g.Find(securityGroupType, group) == nil {
			return true
		}
	}
	return slices.ContainsFunc(g.egress, func(out rule) bool {
		return slices.Contains(from.groups, out.group) && (out.holds(in.from) || in.holds(out.from)) && g.meets(&out, to)
	})
}

// openRules are the ingress rules for everybody, and whom they expose.
func (g *graph) openRules() []OpenRule {
	out := []OpenRule{}
	for i := range g.ingress {
		one := &g.ingress[i]
		from := one.world()
		if from == "" {
			continue
		}
		open := OpenRule{Resource: one.Label(), Group: one.group, From: from, Ports: one.ports(), UsedBy: []string{}, Reachable: []string{}}
		if group := g.Find(securityGroupType, one.group); group != nil {
			open.Group = group.Label()
		}
		for _, n := range g.nodes {
			if !slices.Contains(n.groups, one.group) {
				continue
			}
			open.UsedBy = append(open.UsedBy, n.Label())
			if g.exposed(n) {
				open.Reachable = append(open.Reachable, n.Label())
			}
		}
		out = append(out, open)
	}
	return out
}
