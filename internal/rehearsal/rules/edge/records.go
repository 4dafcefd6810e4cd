package edge

import (
	"net/netip"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	zoneAPI   = "https://docs.aws.amazon.com/Route53/latest/APIReference/"
	zoneGuide = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/"
	badChange = "InvalidChangeBatch"
	// frontZone is the zone of every distribution's own name.
	frontZone = "Z2FDTNDATAQYW2"
)

// atRecord is a seed in one of the records of a stack with names.
func atRecord(name string, set props) rule.Seed {
	return rule.Seed{Stack: "production", Settings: domain, At: recordToken + "::" + name, Set: set}
}

// records are the rules on Route 53's records.
func records() []rule.Rule {
	zone := []rule.Thing{{Type: cloud.ZoneToken, ID: "Z1", Name: "example.com", Region: cloud.Global}}
	inZone := func(fields props) rule.Case {
		fields["zoneId"] = "Z1"
		return rule.Case{World: zone, Inputs: fields}
	}
	alias := func(zone string, health bool) rule.Case {
		return rule.Case{Inputs: props{"type": "A", "aliases": []any{props{"name": "d1.cloudfront.net", "zoneId": zone, "evaluateTargetHealth": health}}}}
	}
	values := func(kind string, values ...any) rule.Case {
		return rule.Case{Inputs: props{"name": "www.example.com", "type": kind, "ttl": 60, "records": values}}
	}
	return []rule.Rule{{
		ID: "edge-record-zone", Types: []string{recordToken}, Code: badChange, Page: zoneAPI + "API_ChangeResourceRecordSets.html",
		Says:  "A record's name is the hosted zone's or ends in it.",
		Fix:   "Use a name of the zone, or the zone of the name.",
		Check: recordZone,
		Pass:  inZone(props{"name": "www.example.com", "type": "A"}), Fail: inZone(props{"name": "www.example.org", "type": "A"}),
		Seed: atRecord("site", props{"name": "itrack.example.org"}),
	}, {
		ID: "edge-record-apex", Types: []string{recordToken}, Code: badChange, Page: zoneGuide + "ResourceRecordTypes.html",
		Says:  "The top node of a zone has no CNAME record.",
		Fix:   "Use an alias record of type A or AAAA there.",
		Check: recordApex,
		Pass:  inZone(props{"name": "www.example.com", "type": "CNAME"}), Fail: inZone(props{"name": "example.com", "type": "CNAME"}),
		Seed: atRecord("balancer", props{"name": "itrack.example.com", "type": "CNAME"}),
	}, {
		ID: "edge-record-alias-zone", Types: []string{recordToken}, Code: badChange, Page: zoneAPI + "API_AliasTarget.html",
		Says:     "An alias to a distribution names the zone of CloudFront, Z2FDTNDATAQYW2, and no other alias does.",
		Fix:      "Take the zone's id from the same resource as the name.",
		Foreseen: true, Check: aliasZone,
		Pass: alias(frontZone, false), Fail: alias("Z35SXDOTRQ7X7K", false),
		Seed: atRecord("site-ipv6", props{"aliases[0].zoneId": "Z35SXDOTRQ7X7K"}),
	}, {
		ID: "edge-record-alias-health", Types: []string{recordToken}, Code: badChange, Page: zoneAPI + "API_AliasTarget.html",
		Says:     "An alias to a distribution doesn't evaluate the target's health.",
		Fix:      "Set evaluateTargetHealth to false.",
		Foreseen: true, Check: aliasHealth,
		Pass: alias(frontZone, false), Fail: alias(frontZone, true),
		Seed: atRecord("site", props{"aliases[0].evaluateTargetHealth": true}),
	}, {
		ID: "edge-record-values", Types: []string{recordToken}, Code: "InvalidInput", Page: zoneAPI + "API_ResourceRecordSet.html",
		Says:     "A record has values and a time to live, or an alias and neither.",
		Fix:      "Give records with ttl, or aliases alone.",
		Foreseen: true, Check: recordValues,
		Pass: values("A", "192.0.2.1"), Fail: rule.Case{Inputs: props{"type": "A", "records": []any{"192.0.2.1"}}},
		Seed: atRecord("api", props{"ttl": 300}),
	}, {
		ID: "edge-record-cname", Types: []string{recordToken}, Code: badChange, Page: zoneGuide + "ResourceRecordTypes.html",
		Says:     "A CNAME record has one value.",
		Fix:      "Keep one name, or use address records.",
		Foreseen: true, Check: singleCNAME,
		Pass: values("CNAME", "a.example.org"), Fail: values("CNAME", "a.example.org", "b.example.org"),
		Seed: atRecord("balancer", props{"aliases": nil, "type": "CNAME", "ttl": 60, "records": []any{"one.example.net", "two.example.net"}}),
	}, {
		ID: "edge-record-address", Types: []string{recordToken}, Code: badChange, Page: zoneGuide + "ResourceRecordTypes.html",
		Says:     "A record of type A holds IPv4 addresses, one of type AAAA IPv6 addresses.",
		Fix:      "Give addresses of the type, or use a CNAME or an alias for a name.",
		Foreseen: true, Check: recordAddress,
		Pass: values("A", "192.0.2.1"), Fail: values("A", "internal.example.net"),
		Seed: atRecord("api", props{"aliases": nil, "ttl": 60, "records": []any{"2001:db8::1"}}),
	}, {
		ID: "edge-record-labels", Types: []string{recordToken}, Code: badChange, Page: zoneGuide + "DomainNameFormat.html",
		Says:     "A record's name has at most 255 characters, and 63 between two dots.",
		Fix:      "Shorten the part of the name that is too long.",
		Foreseen: true, Check: recordLabels,
		Pass: rule.Case{Inputs: props{"name": strings.Repeat("a", 63) + ".example.com"}},
		Fail: rule.Case{Inputs: props{"name": strings.Repeat("a", 64) + ".example.com"}},
		Seed: atRecord("api", props{"name": strings.Repeat("api", 22) + ".itrack.example.com"}),
	}}
}

func bareName(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

func recordZone(c *catalog.Call) *rule.Finding {
	zone, name := c.Get(cloud.ZoneToken, c.Str("zoneId")), bareName(c.Str("name"))
	if zone == nil || name == zone.Name || strings.HasSuffix(name, "."+zone.Name) {
		return nil
	}
	return rule.Find("name", name, "[RRSet with DNS name %s. is not permitted in zone %s.]", name, zone.Name)
}

func recordApex(c *catalog.Call) *rule.Finding {
	zone, name := c.Get(cloud.ZoneToken, c.Str("zoneId")), bareName(c.Str("name"))
	if zone == nil || c.Str("type") != "CNAME" || name != zone.Name {
		return nil
	}
	return rule.Find("type", "CNAME", "[RRSet of type CNAME with DNS name %s. is not permitted at apex in zone %s.]", name, zone.Name)
}

func aliasZone(c *catalog.Call) *rule.Finding {
	for _, leaf := range objects(c, "aliases[]") {
		name, zone := catalog.Str(leaf.Value.ObjectValue(), "name"), catalog.Str(leaf.Value.ObjectValue(), "zoneId")
		if strings.HasSuffix(bareName(name), ".cloudfront.net") != (zone == frontZone) {
			return rule.Find(leaf.Path+".zoneId", zone,
				"[Tried to create an alias that targets %s., type %s in zone %s, but the alias target name does not lie within the target zone]",
				name, c.Str("type"), zone)
		}
	}
	return nil
}

func aliasHealth(c *catalog.Call) *rule.Finding {
	for _, leaf := range objects(c, "aliases[]") {
		health := catalog.Leaves(leaf.Value.ObjectValue(), "evaluateTargetHealth")
		if catalog.Str(leaf.Value.ObjectValue(), "zoneId") == frontZone && len(health) > 0 && health[0].Value.IsBool() && health[0].Value.BoolValue() {
			return rule.Find(leaf.Path+".evaluateTargetHealth", true, "[EvaluateTargetHealth can't be true for an alias to a CloudFront distribution]")
		}
	}
	return nil
}

func recordValues(c *catalog.Call) *rule.Finding {
	switch {
	case c.Has("aliases") && !c.Known("aliases") || c.Has("records") && !c.Known("records"):
		return nil
	case c.Has("aliases") == c.Has("records"):
		return rule.Find("records", nil, "Invalid XML ; a record set has either resource records or an alias target")
	case c.Has("records") != c.Has("ttl"):
		return rule.Find("ttl", nil, "Invalid XML ; resource records need a TTL, an alias target has none")
	}
	return nil
}

func singleCNAME(c *catalog.Call) *rule.Finding {
	if count := len(texts(c.State, "records")); c.Str("type") == "CNAME" && count > 1 {
		return rule.Find("records", count, "[CNAME record set with more than one value]")
	}
	return nil
}

func recordAddress(c *catalog.Call) *rule.Finding {
	kind := c.Str("type")
	if kind != "A" && kind != "AAAA" {
		return nil
	}
	for _, leaf := range texts(c.State, "records") {
		value := leaf.Value.StringValue()
		if address, err := netip.ParseAddr(value); err != nil || address.Is4() != (kind == "A") {
			return rule.Find(leaf.Path, value,
				"[Invalid Resource Record: 'FATAL problem: AddressNotOfType%s (Value is not a valid address) encountered with '%s'']", kind, value)
		}
	}
	return nil
}

func recordLabels(c *catalog.Call) *rule.Finding {
	name := bareName(c.Str("name"))
	if len(name) > 255 {
		return rule.Find("name", name, "FATAL problem: DomainNameTooLong encountered with '%s'", name)
	}
	for label := range strings.SplitSeq(name, ".") {
		if len(label) > 63 {
			return rule.Find("name", label, "FATAL problem: DomainLabelTooLong encountered with '%s'", name)
		}
	}
	return nil
}
