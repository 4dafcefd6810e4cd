package network

import (
	"time"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const natPage = guide + "nat-gateway-troubleshooting.html"

func gateways() []rule.Rule {
	return []rule.Rule{{
		ID: "network-gateway-one-per-vpc", Types: []string{gatewayToken}, Code: "Resource.AlreadyAssociated", Page: api + "API_AttachInternetGateway.html",
		Says:  "A VPC has one internet gateway.",
		Fix:   "Use the gateway that the VPC has, or detach it first.",
		Check: oneGateway,
		Pass:  rule.Case{World: neighbours(), Inputs: in{"vpcId": vpcC}},
		Fail:  rule.Case{World: neighbours(), Inputs: in{"vpcId": vpcB}},
		Seed:  rule.Seed{Stack: "staging", At: gatewayToken + "::network", Exists: neighbours(), Set: in{"vpcId": vpcB}},
	}, {
		ID: "network-nat-address", Types: []string{natToken}, Code: "MissingParameter", Page: api + "API_CreateNatGateway.html",
		Says:     "A public NAT gateway has an Elastic IP address.",
		Fix:      "Give allocationId, or make the gateway private (connectivityType private).",
		Foreseen: true, Check: natAddress,
		Pass: rule.Case{Inputs: in{"connectivityType": "public", "allocationId": addressB}},
		Fail: rule.Case{Inputs: in{"connectivityType": "public"}},
		Seed: rule.Seed{Stack: "staging", At: natToken + "::network-1", Set: in{"allocationId": nil}},
	}, {
		ID: "network-nat-address-free", Types: []string{natToken}, Code: "Resource.AlreadyAssociated", Page: natPage,
		Says:  "A NAT gateway's Elastic IP address is associated with nothing else.",
		Fix:   "Allocate an address for each NAT gateway.",
		Check: natAddressFree,
		Pass:  rule.Case{World: append(neighbours(), thing(addressToken, "eipalloc-1", in{})), Inputs: in{"allocationId": "eipalloc-1"}},
		Fail:  rule.Case{World: neighbours(), Inputs: in{"allocationId": addressB}},
		Seed:  rule.Seed{Stack: "staging", At: natToken + "::network-1", Exists: neighbours(), Set: in{"allocationId": addressB}},
	}, {
		ID: "network-nat-internet", Types: []string{natToken}, Code: "Gateway.NotAttached", Page: natPage,
		Says:  "A public NAT gateway is in a VPC with an internet gateway.",
		Fix:   "Attach an internet gateway to the VPC before the NAT gateway is made.",
		Check: natInternet,
		Pass:  rule.Case{World: neighbours(), Inputs: in{"subnetId": subnetB2, "connectivityType": "public"}},
		Fail:  rule.Case{World: neighbours(), Inputs: in{"subnetId": subnetC1, "connectivityType": "public"}},
		Seed:  rule.Seed{Stack: "production", At: natToken + "::network-2", Exists: neighbours(), Set: in{"subnetId": subnetC1}},
	}}
}

func oneGateway(c *catalog.Call) *rule.Finding {
	vpc := c.Str("vpcId")
	if vpc == "" || !attached(c, vpc) {
		return nil
	}
	return rule.Find("vpcId", vpc, "Network %s already has an internet gateway attached", vpc)
}

// attached tells whether a VPC has an internet gateway (another one than the call's).
func attached(c *catalog.Call, vpc string) bool {
	return len(others(c, gatewayToken, func(o *cloud.Object) bool { return vpcOf(o) == vpc })) > 0
}

func natAddress(c *catalog.Call) *rule.Finding {
	if c.Str("connectivityType") != "public" || c.Has("allocationId") {
		return nil
	}
	return rule.Find("allocationId", nil, "The request must contain the parameter AllocationId")
}

func natAddressFree(c *catalog.Call) *rule.Finding {
	id := c.Str("allocationId")
	if id == "" {
		return nil
	}
	address := c.Get(addressToken, id)
	used := address != nil && (catalog.Str(address.State, "instance") != "" || catalog.Str(address.State, "networkInterface") != "")
	if !used {
		used = len(others(c, natToken, func(o *cloud.Object) bool { return catalog.Str(o.State, "allocationId") == id })) > 0
	}
	if !used {
		return nil
	}
	return rule.Find("allocationId", id, "Elastic IP address %s is already associated", id)
}

// natInternet leaves a VPC alone that the program has just made: AWS looks while the NAT gateway is pending, minutes after it
// was asked for, and by then the gateway that the program makes beside it is attached.
func natInternet(c *catalog.Call) *rule.Finding {
	vpc := vpcOf(c.Get(subnetToken, c.Str("subnetId")))
	if vpc == "" || c.Str("connectivityType") == "private" || attached(c, vpc) {
		return nil
	}
	if network := c.Get(vpcToken, vpc); network != nil && network.URN != "" && c.Now.Sub(network.Created) < 5*time.Minute {
		return nil
	}
	return rule.Find("subnetId", c.Str("subnetId"), "Network %s has no Internet gateway attached", vpc)
}
