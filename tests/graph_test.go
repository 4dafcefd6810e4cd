package tests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	ingressToken = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressToken  = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
)

// edges are the ways that security group rules open, as `from -> to:port`, once from each side. Groups carry their
// logical names, prefix lists the service's, ranges their CIDR.
func edges(t *testing.T, result *recording) (out, in []string) {
	t.Helper()
	groups := map[string]string{}
	for _, group := range result.all("aws:ec2/securityGroup:SecurityGroup") {
		groups[group.ID] = group.Name
		assert.Falsef(t, group.has("ingress") || group.has("egress"), "%s has rules inline: they fight with the rule resources", group.Name)
	}
	name := func(id string) string {
		known, ok := groups[id]
		require.Truef(t, ok, "a rule names %s, which is no group of the stack", id)
		return known
	}
	peer := func(rule *declared) string {
		switch {
		case rule.has("referencedSecurityGroupId"):
			return name(rule.str(t, "referencedSecurityGroupId"))
		case rule.has("prefixListId"):
			return strings.TrimSuffix(strings.TrimPrefix(rule.str(t, "prefixListId"), "network-"), ".prefixListId")
		default:
			return rule.str(t, "cidrIpv4")
		}
	}
	port := func(rule *declared) string {
		assert.Equal(t, "tcp", rule.str(t, "ipProtocol"))
		assert.InDelta(t, rule.num(t, "fromPort"), rule.num(t, "toPort"), 0, "one port a rule: %s", rule.Name)
		assert.NotEmpty(t, rule.str(t, "description"), rule.Name)
		return fmt.Sprintf("%.0f", rule.num(t, "toPort"))
	}
	for _, rule := range result.all(egressToken) {
		out = append(out, fmt.Sprintf("%s -> %s:%s", name(rule.str(t, "securityGroupId")), peer(rule), port(rule)))
	}
	for _, rule := range result.all(ingressToken) {
		in = append(in, fmt.Sprintf("%s -> %s:%s", peer(rule), name(rule.str(t, "securityGroupId")), port(rule)))
	}
	slices.Sort(out)
	slices.Sort(in)
	return out, in
}

// httpsOut are the ways out that every workload in the VPC has: interface endpoints, gateway endpoints, NAT.
func httpsOut(group string) []string {
	return []string{group + " -> 0.0.0.0/0:443", group + " -> dynamodb:443", group + " -> endpoints:443", group + " -> s3:443"}
}

// Who may talk to whom: exactly these ways, on both stack files, and nothing from outside the VPC.
func TestSecurityGroupGraph(t *testing.T) {
	for _, stack := range bothStacks {
		t.Run(stack, func(t *testing.T) {
			out, in := edges(t, recorded(t, stack))
			between := []string{
				"api-link -> balancer:80",
				"balancer -> service-backend:8080",
				"bastion -> rds:3306",
				"function-release-check -> balancer:8080",
				"service-backend -> rds:3306",
			}
			var want []string
			if stack == "production" {
				between = append(between, "function-restore-check -> restore:3306")
			}
			want = append(want, between...)
			for _, group := range []string{"bastion", "function-release-check", "function-restore-check", "service-backend"} {
				want = append(want, httpsOut(group)...)
				between = append(between, group+" -> endpoints:443")
			}
			slices.Sort(want)
			slices.Sort(between)
			assert.Equal(t, want, out, "ways out")
			assert.Equal(t, between, in, "ways in: each is the other side of a way out")
		})
	}
}

// A second service reaches what its settings say and nothing of the first one's.
func TestSecurityGroupGraphOfASecondService(t *testing.T) {
	before, _ := edges(t, recorded(t, "staging"))
	after, _ := edges(t, recordedWith(t, "staging", map[string]any{"itrack:services.audit": map[string]any{"path": "/audit", "port": 9000}}))
	var added []string
	for _, edge := range after {
		if !slices.Contains(before, edge) {
			added = append(added, edge)
		}
	}
	want := append(httpsOut("service-audit"), "balancer -> service-audit:9000")
	slices.Sort(want)
	assert.Equal(t, want, added)
}
