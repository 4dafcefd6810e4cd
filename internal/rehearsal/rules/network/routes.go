package network

import (
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

var destinations = []string{"destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"}

func routes() []rule.Rule {
	return []rule.Rule{{
		ID: "network-route-gateway-vpc", Types: []string{routeToken}, Code: "InvalidParameterValue", Page: api + "API_CreateRoute.html",
		Says:  "A route's internet gateway is attached to the route table's VPC.",
		Fix:   "Route to the gateway of the table's own VPC, and attach it before the route is made.",
		Check: routeGateway,
		Pass:  rule.Case{World: neighbours(), Inputs: in{"routeTableId": tableB, "destinationCidrBlock": "10.0.0.0/8", "gatewayId": gatewayB}},
		Fail:  rule.Case{World: neighbours(), Inputs: in{"routeTableId": tableB, "destinationCidrBlock": "10.0.0.0/8", "gatewayId": gatewayLoose}},
		Seed:  rule.Seed{Stack: "staging", At: routeToken + "::network-public-1", Exists: neighbours(), Set: in{"gatewayId": gatewayLoose}},
	}, {
		ID: "network-route-nat-vpc", Types: []string{routeToken}, Code: "InvalidParameterValue", Page: api + "API_CreateRoute.html",
		Says:  "A route's NAT gateway is in the route table's VPC.",
		Fix:   "Route to a NAT gateway of the same VPC; other VPCs are reached by peering or a transit gateway.",
		Check: routeNat,
		Pass:  rule.Case{World: neighbours(), Inputs: in{"routeTableId": tableB, "natGatewayId": natB}},
		Fail: rule.Case{World: append(neighbours(), thing(tableToken, "rtb-c", in{"vpcId": vpcC})),
			Inputs: in{"routeTableId": "rtb-c", "natGatewayId": natB}},
		Seed: rule.Seed{Stack: "staging", At: routeToken + "::network-private-1", Exists: neighbours(), Set: in{"natGatewayId": natB}},
	}, {
		ID: "network-route-once", Types: []string{routeToken}, Code: "RouteAlreadyExists", Page: api + "errors-overview.html",
		Says:  "A route table has one route for a destination.",
		Fix:   "Keep one route for the destination; routes written inside the table count too.",
		Check: routeOnce,
		Pass:  rule.Case{World: neighbours(), Inputs: in{"routeTableId": tableB, "destinationCidrBlock": "10.0.0.0/8"}},
		Fail:  rule.Case{World: neighbours(), Inputs: in{"routeTableId": tableB, "destinationCidrBlock": anywhere}},
		Seed: rule.Seed{Stack: "staging", At: routeToken + "::network-public-2", Exists: neighbours(),
			Set: in{"routeTableId": tableB, "gatewayId": gatewayB}},
	}, {
		ID: "network-route-inside-vpc", Types: []string{routeToken}, Code: "InvalidParameterValue", Page: guide + "subnet-route-tables.html",
		Says:  "A route within the VPC's own block is for the whole block of one of its subnets.",
		Fix:   "Drop the route, as the local route covers the VPC, or name a subnet's whole block.",
		Check: routeInside,
		Pass:  rule.Case{World: neighbours(), Inputs: in{"routeTableId": tableB, "destinationCidrBlock": "10.99.1.0/24", "natGatewayId": natB}},
		Fail:  rule.Case{World: neighbours(), Inputs: in{"routeTableId": tableB, "destinationCidrBlock": "10.99.1.0/25", "natGatewayId": natB}},
		Seed:  rule.Seed{Stack: "staging", At: routeToken + "::network-private-2", Set: in{"destinationCidrBlock": "10.1.5.0/24"}},
	}, {
		ID: "network-association-vpc", Types: []string{associationToken}, Code: "InvalidParameterValue", Page: api + "API_AssociateRouteTable.html",
		Says:  "A route table is associated with subnets of its own VPC.",
		Fix:   "Use a route table of the subnet's VPC.",
		Check: associationVpc,
		Pass:  rule.Case{World: neighbours(), Inputs: in{"routeTableId": tableB, "subnetId": subnetB2}},
		Fail:  rule.Case{World: neighbours(), Inputs: in{"routeTableId": tableB, "subnetId": subnetC1}},
		Seed:  rule.Seed{Stack: "staging", At: associationToken + "::network-isolated-2", Exists: neighbours(), Set: in{"routeTableId": tableB}},
	}, {
		ID: "network-association-once", Types: []string{associationToken}, Code: "Resource.AlreadyAssociated", Page: api + "API_AssociateRouteTable.html",
		Says:  "A subnet is associated with one route table.",
		Fix:   "Replace the subnet's association instead of adding one.",
		Check: associationOnce,
		Pass:  rule.Case{World: neighbours(), Inputs: in{"routeTableId": tableB, "subnetId": subnetB2}},
		Fail:  rule.Case{World: neighbours(), Inputs: in{"routeTableId": tableB, "subnetId": subnetB1}},
		Seed: rule.Seed{Stack: "staging", At: associationToken + "::network-isolated-1", Exists: neighbours(),
			Set: in{"routeTableId": tableB, "subnetId": subnetB1}},
	}}
}

func routeGateway(c *catalog.Call) *rule.Finding {
	table, id := c.Get(tableToken, c.Str("routeTableId")), c.Str("gatewayId")
	gateway := c.Get(gatewayToken, id)
	if table == nil || gateway == nil || vpcOf(gateway) == vpcOf(table) {
		return nil
	}
	return rule.Find("gatewayId", id, "route table %s and network gateway %s belong to different networks", table.ID, id)
}

func routeNat(c *catalog.Call) *rule.Finding {
	table, nat := c.Get(tableToken, c.Str("routeTableId")), c.Get(natToken, c.Str("natGatewayId"))
	if table == nil || nat == nil {
		return nil
	}
	home := vpcOf(c.Get(subnetToken, catalog.Str(nat.State, "subnetId")))
	if home == "" || home == vpcOf(table) {
		return nil
	}
	return rule.Find("natGatewayId", nat.ID, "route table %s and interface %s belong to different networks", table.ID,
		catalog.Str(nat.State, "networkInterfaceId"))
}

// routeOnce also looks at the routes that are written inside the route table.
func routeOnce(c *catalog.Call) *rule.Finding {
	id := c.Str("routeTableId")
	for _, path := range destinations {
		value := c.Str(path)
		if value == "" {
			continue
		}
		same := others(c, routeToken, func(o *cloud.Object) bool {
			return catalog.Str(o.State, "routeTableId") == id && catalog.Str(o.State, path) == value
		})
		inline := false
		if table := c.Get(tableToken, id); table != nil {
			for _, inside := range []string{"routes[].cidrBlock", "routes[].ipv6CidrBlock", "routes[].destinationPrefixListId"} {
				for _, other := range catalog.Strs(table.State, inside) {
					inline = inline || other == value
				}
			}
		}
		if len(same) > 0 || inline {
			return rule.Find(path, value, "The route identified by %s already exists", value)
		}
	}
	return nil
}

func routeInside(c *catalog.Call) *rule.Finding {
	cidr := c.Str("destinationCidrBlock")
	p, ok := block(cidr)
	table := c.Get(tableToken, c.Str("routeTableId"))
	if !ok || table == nil {
		return nil
	}
	vpc := c.Get(vpcToken, vpcOf(table))
	if vpc == nil {
		return nil
	}
	whole, ok := block(catalog.Str(vpc.State, "cidrBlock"))
	if !ok || p.Bits() < whole.Bits() || !whole.Contains(p.Addr()) {
		return nil
	}
	subnet := others(c, subnetToken, func(o *cloud.Object) bool { return vpcOf(o) == vpc.ID && catalog.Str(o.State, "cidrBlock") == cidr })
	if len(subnet) > 0 && c.Str("gatewayId") == "" {
		return nil
	}
	return rule.Find("destinationCidrBlock", cidr, "Route destination doesn't match any subnet CIDR blocks")
}

func associationVpc(c *catalog.Call) *rule.Finding {
	table, subnet := c.Get(tableToken, c.Str("routeTableId")), c.Get(subnetToken, c.Str("subnetId"))
	if table == nil || subnet == nil || vpcOf(table) == vpcOf(subnet) {
		return nil
	}
	return rule.Find("routeTableId", table.ID, "route table %s and subnet %s belong to different networks", table.ID, subnet.ID)
}

func associationOnce(c *catalog.Call) *rule.Finding {
	for _, path := range []string{"subnetId", "gatewayId"} {
		id := c.Str(path)
		if id == "" {
			continue
		}
		if there := others(c, associationToken, func(o *cloud.Object) bool { return catalog.Str(o.State, path) == id }); len(there) > 0 {
			return rule.Find(path, id, "the specified association for route table %s conflicts with an existing association (%s)",
				c.Str("routeTableId"), there[0].ID)
		}
	}
	return nil
}
