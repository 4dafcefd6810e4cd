package network

import (
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws/regions"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func subnets() []rule.Rule {
	return []rule.Rule{{
		ID: "network-subnet-block-size", Types: []string{subnetToken}, Code: "InvalidSubnet.Range", Page: guide + "subnet-sizing.html",
		Says:     "A subnet's IPv4 block is a /16 to a /28.",
		Fix:      "Give the subnet a block between /16 and /28; five addresses of each belong to AWS.",
		Foreseen: true, Check: blockSize,
		Pass: rule.Case{Inputs: in{"cidrBlock": "10.1.64.0/28"}},
		Fail: rule.Case{Inputs: in{"cidrBlock": "10.1.64.0/29"}},
		Seed: rule.Seed{Stack: "staging", At: subnetToken + "::network-public-1", Set: in{"cidrBlock": "10.1.0.0/29"}},
	}, {
		ID: "network-subnet-zone", Types: []string{subnetToken}, Code: "InvalidParameterValue", Page: api + "API_CreateSubnet.html",
		Says:     "A subnet is in an availability zone of its region that the account sees.",
		Fix:      "Name a zone of the provider's region; `aws ec2 describe-availability-zones` lists them.",
		Foreseen: true, Check: zone,
		Pass: rule.Case{Inputs: in{"availabilityZone": zoneB}},
		Fail: rule.Case{Inputs: in{"availabilityZone": "us-east-1z"}},
		Seed: rule.Seed{Stack: "staging", At: subnetToken + "::network-public-2", Set: in{"availabilityZone": "us-east-1z"}},
	}, {
		ID: "network-subnet-in-vpc", Types: []string{subnetToken}, Code: "InvalidSubnet.Range", Page: guide + "subnet-sizing.html",
		Says:  "A subnet's block lies within its VPC's block.",
		Fix:   "Take the subnet's block out of the VPC's, or associate a further block with the VPC first.",
		Check: contained,
		Pass:  rule.Case{World: neighbours(), Inputs: in{"vpcId": vpcB, "cidrBlock": "10.99.64.0/19"}},
		Fail:  rule.Case{World: neighbours(), Inputs: in{"vpcId": vpcB, "cidrBlock": "10.100.64.0/19"}},
		Seed:  rule.Seed{Stack: "production", At: subnetToken + "::network-public-3", Set: in{"cidrBlock": "10.9.192.0/19"}},
	}, {
		ID: "network-subnet-overlap", Types: []string{subnetToken}, Code: "InvalidSubnet.Conflict", Page: guide + "subnet-sizing.html",
		Says:  "The blocks of a VPC's subnets do not overlap.",
		Fix:   "Give each subnet of the VPC a block of its own.",
		Check: overlap,
		Pass:  rule.Case{World: neighbours(), Inputs: in{"vpcId": vpcB, "cidrBlock": "10.99.3.0/24"}},
		Fail:  rule.Case{World: neighbours(), Inputs: in{"vpcId": vpcB, "cidrBlock": "10.99.0.128/25"}},
		Seed: rule.Seed{Stack: "staging", At: subnetToken + "::network-public-2", Exists: neighbours(),
			Set: in{"vpcId": vpcB, "cidrBlock": "10.99.0.128/25"}},
	}}
}

// blockSize is the check of a block's size; a text that is no range is the provider's to refuse.
func blockSize(c *catalog.Call) *rule.Finding {
	if p, ok := block(c.Str("cidrBlock")); ok && (p.Bits() < 16 || p.Bits() > 28) {
		return rule.Find("cidrBlock", p, "The CIDR '%s' is invalid.", p)
	}
	return nil
}

func zone(c *catalog.Call) *rule.Finding {
	name := c.Str("availabilityZone")
	if name == "" {
		return nil
	}
	if _, ok := regions.HasZone(c.Region, name); ok {
		return nil
	}
	var names []string
	for _, one := range regions.Zones(c.Region) {
		names = append(names, one.Name)
	}
	return rule.Find("availabilityZone", name, "Value (%s) for parameter availabilityZone is invalid. "+
		"Subnets can currently only be created in the following availability zones: %s", name, strings.Join(names, ", "))
}

func contained(c *catalog.Call) *rule.Finding {
	cidr := c.Str("cidrBlock")
	p, ok := block(cidr)
	vpc := c.Get(vpcToken, c.Str("vpcId"))
	if !ok || vpc == nil {
		return nil
	}
	whole, ok := block(catalog.Str(vpc.State, "cidrBlock"))
	if ok && whole.Bits() <= p.Bits() && whole.Contains(p.Addr()) {
		return nil
	}
	return rule.Find("cidrBlock", cidr, "The CIDR '%s' is invalid. The VPC has %s", cidr, whole)
}

func overlap(c *catalog.Call) *rule.Finding {
	cidr, vpc := c.Str("cidrBlock"), c.Str("vpcId")
	p, ok := block(cidr)
	if !ok || vpc == "" {
		return nil
	}
	taken := others(c, subnetToken, func(o *cloud.Object) bool {
		other, ok := block(catalog.Str(o.State, "cidrBlock"))
		return ok && vpcOf(o) == vpc && other.Overlaps(p)
	})
	if len(taken) == 0 {
		return nil
	}
	return rule.Find("cidrBlock", cidr, "The CIDR '%s' conflicts with another subnet (%s)", cidr, taken[0].ID)
}
