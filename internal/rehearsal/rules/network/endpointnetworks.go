package network

import (
	"slices"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// endpointNetworks are the rules about what an endpoint is put into.
func endpointNetworks() []rule.Rule {
	ssm := in{"vpcId": vpcB, "serviceName": ssmService, "vpcEndpointType": "Interface"}
	with := func(more in) in { return merged(ssm, more) }
	return []rule.Rule{{
		ID: "network-endpoint-private-dns-vpc", Types: []string{endpointToken}, Code: "InvalidParameter", Page: link + "create-interface-endpoint.html",
		Says:  "Private DNS needs a VPC with both enableDnsSupport and enableDnsHostnames.",
		Fix:   "Turn both DNS attributes of the VPC on, or leave private DNS off.",
		Check: privateDNSNetwork,
		Pass:  rule.Case{World: neighbours(), Inputs: with(in{"privateDnsEnabled": true})},
		Fail:  rule.Case{World: neighbours(), Inputs: with(in{"privateDnsEnabled": true, "vpcId": vpcC})},
		Seed: rule.Seed{Stack: "staging", At: endpointToken + "::network-ssmmessages", Exists: neighbours(),
			Set: in{"vpcId": vpcC, "subnetIds": []any{subnetC1}, "securityGroupIds": []any{groupC}}},
	}, {
		ID: "network-endpoint-private-dns-once", Types: []string{endpointToken}, Code: "InvalidParameter", Page: link + "create-interface-endpoint.html",
		Says:  "A VPC has one endpoint with private DNS for a service.",
		Fix:   "Use the endpoint that is there, or turn private DNS off in one of the two.",
		Check: privateDNSOnce,
		Pass:  rule.Case{World: neighbours(), Inputs: with(in{"privateDnsEnabled": true, "serviceName": "com.amazonaws.us-east-1.sts"})},
		Fail:  rule.Case{World: neighbours(), Inputs: with(in{"privateDnsEnabled": true})},
		Seed: rule.Seed{Stack: "staging", At: endpointToken + "::network-ssm", Exists: neighbours(),
			Set: in{"vpcId": vpcB, "subnetIds": []any{subnetB1}, "securityGroupIds": []any{groupB}}},
	}, {
		ID: "network-endpoint-zones", Types: []string{endpointToken}, Code: "DuplicateSubnetsInSameZone", Page: endpointPage,
		Says:  "An interface endpoint has one subnet in a zone.",
		Fix:   "Give one subnet per availability zone.",
		Check: endpointZones,
		Pass:  rule.Case{World: neighbours(), Inputs: with(in{"subnetIds": []any{subnetB1, subnetB2}})},
		Fail:  rule.Case{World: neighbours(), Inputs: with(in{"subnetIds": []any{subnetB1, subnetB3}})},
		Seed: rule.Seed{Stack: "staging", At: endpointToken + "::network-ecr.dkr", Exists: neighbours(),
			Set: in{"vpcId": vpcB, "subnetIds": []any{subnetB1, subnetB3}, "securityGroupIds": []any{groupB}}},
	}, {
		ID: "network-endpoint-subnet-vpc", Types: []string{endpointToken}, Code: "InvalidParameter", Page: endpointPage,
		Says:  "An interface endpoint's subnets are in the endpoint's VPC.",
		Fix:   "Give subnets of the VPC that vpcId names.",
		Check: endpointSubnets,
		Pass:  rule.Case{World: neighbours(), Inputs: with(in{"subnetIds": []any{subnetB2}})},
		Fail:  rule.Case{World: neighbours(), Inputs: with(in{"subnetIds": []any{subnetC2}})},
		Seed: rule.Seed{Stack: "staging", At: endpointToken + "::network-ec2", Exists: neighbours(),
			Set: in{"subnetIds": []any{subnetB1, subnetB2}}},
	}, {
		ID: "network-endpoint-group-vpc", Types: []string{endpointToken}, Code: "InvalidGroup.NotFound", Page: api + "errors-overview.html",
		Says:  "An interface endpoint's security groups are in the endpoint's VPC.",
		Fix:   "Give security groups of the VPC that vpcId names.",
		Check: endpointGroups,
		Pass:  rule.Case{World: neighbours(), Inputs: with(in{"securityGroupIds": []any{groupB}})},
		Fail:  rule.Case{World: neighbours(), Inputs: with(in{"securityGroupIds": []any{groupC}})},
		Seed: rule.Seed{Stack: "staging", At: endpointToken + "::network-ecr.api", Exists: neighbours(),
			Set: in{"securityGroupIds": []any{groupB}}},
	}, {
		ID: "network-endpoint-table-vpc", Types: []string{endpointToken}, Code: "InvalidParameter", Page: link + "gateway-endpoints.html",
		Says:  "A gateway endpoint's route tables are in the endpoint's VPC.",
		Fix:   "Give route tables of the VPC that vpcId names.",
		Check: endpointTables,
		Pass: rule.Case{World: neighbours(), Inputs: in{"vpcId": vpcB, "vpcEndpointType": "Gateway",
			"serviceName": "com.amazonaws.us-east-1.dynamodb", "routeTableIds": []any{tableB}}},
		Fail: rule.Case{World: neighbours(), Inputs: in{"vpcId": vpcC, "vpcEndpointType": "Gateway",
			"serviceName": "com.amazonaws.us-east-1.dynamodb", "routeTableIds": []any{tableB}}},
		Seed: rule.Seed{Stack: "staging", At: endpointToken + "::network-dynamodb", Exists: neighbours(),
			Set: in{"routeTableIds": []any{tableB}}},
	}, {
		ID: "network-endpoint-table-once", Types: []string{endpointToken}, Code: "RouteAlreadyExists", Page: link + "gateway-endpoints.html",
		Says:  "A route table leads to one gateway endpoint of a service.",
		Fix:   "Leave the route table to the endpoint that it has, or remove it there first.",
		Check: endpointTableOnce,
		Pass: rule.Case{World: neighbours(), Inputs: in{"vpcId": vpcB, "vpcEndpointType": "Gateway",
			"serviceName": "com.amazonaws.us-east-1.dynamodb", "routeTableIds": []any{tableB}}},
		Fail: rule.Case{World: neighbours(), Inputs: in{"vpcId": vpcB, "vpcEndpointType": "Gateway", "serviceName": s3Service, "routeTableIds": []any{tableB}}},
		Seed: rule.Seed{Stack: "staging", At: endpointToken + "::network-s3", Exists: neighbours(),
			Set: in{"vpcId": vpcB, "routeTableIds": []any{tableB}}},
	}}
}

// merged lays more over some inputs.
func merged(some, more in) in {
	out := in{}
	for _, part := range []in{some, more} {
		for key, value := range part {
			out[key] = value
		}
	}
	return out
}

func privateDNSNetwork(c *catalog.Call) *rule.Finding {
	vpc := c.Get(vpcToken, c.Str("vpcId"))
	if !c.Bool("privateDnsEnabled") || vpc == nil || flag(vpc, "enableDnsSupport") && flag(vpc, "enableDnsHostnames") {
		return nil
	}
	return rule.Find("privateDnsEnabled", "true", "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes "+
		"set to true for %s", vpc.ID)
}

func privateDNSOnce(c *catalog.Call) *rule.Finding {
	if !c.Bool("privateDnsEnabled") {
		return nil
	}
	vpc, service := c.Str("vpcId"), c.Str("serviceName")
	same := others(c, endpointToken, func(o *cloud.Object) bool {
		return vpcOf(o) == vpc && catalog.Str(o.State, "serviceName") == service && flag(o, "privateDnsEnabled")
	})
	if len(same) == 0 {
		return nil
	}
	return rule.Find("privateDnsEnabled", "true", "private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s in the VPC %s",
		service, vpc)
}

func endpointZones(c *catalog.Call) *rule.Finding {
	if id := sameZone(c, "subnetIds"); id != "" {
		return rule.Find("subnetIds", id, "Found another VPC endpoint subnet in the availability zone of %s. "+
			"VPC endpoint subnets should be in different availability zones supported by the VPC endpoint service.", id)
	}
	return nil
}

// sameZone finds the first subnet at a path whose zone another one before it has.
func sameZone(c *catalog.Call, path string) string {
	zones := map[string]bool{}
	for _, subnet := range all(c, path, subnetToken) {
		zone := catalog.Str(subnet.State, "availabilityZone")
		if zones[zone] {
			return subnet.ID
		}
		zones[zone] = true
	}
	return ""
}

func endpointSubnets(c *catalog.Call) *rule.Finding {
	for _, subnet := range all(c, "subnetIds", subnetToken) {
		if vpcOf(subnet) != c.Str("vpcId") {
			return rule.Find("subnetIds", subnet.ID, "Subnet %s does not belong to the VPC %s", subnet.ID, c.Str("vpcId"))
		}
	}
	return nil
}

func endpointGroups(c *catalog.Call) *rule.Finding {
	if id := strangers(c, "securityGroupIds", c.Str("vpcId")); id != "" {
		return rule.Find("securityGroupIds", id, "The security group '%s' does not exist in the VPC %s", id, c.Str("vpcId"))
	}
	return nil
}

func endpointTables(c *catalog.Call) *rule.Finding {
	for _, table := range all(c, "routeTableIds", tableToken) {
		if vpcOf(table) != c.Str("vpcId") {
			return rule.Find("routeTableIds", table.ID, "Route table %s does not belong to the VPC %s", table.ID, c.Str("vpcId"))
		}
	}
	return nil
}

func endpointTableOnce(c *catalog.Call) *rule.Finding {
	tables := c.Strs("routeTableIds")
	if c.Str("vpcEndpointType") != "Gateway" || len(tables) == 0 {
		return nil
	}
	for _, other := range others(c, endpointToken, func(o *cloud.Object) bool {
		return catalog.Str(o.State, "serviceName") == c.Str("serviceName") && catalog.Str(o.State, "vpcEndpointType") == "Gateway"
	}) {
		for _, table := range catalog.Strs(other.State, "routeTableIds") {
			if slices.Contains(tables, table) {
				return rule.Find("routeTableIds", table, "route table %s already has a route with destination-prefix-list-id %s", table,
					catalog.Str(other.State, "prefixListId"))
			}
		}
	}
	return nil
}
