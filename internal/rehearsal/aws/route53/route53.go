// Package route53 describes Route 53's records to the stand-in. Zones are seeded: they exist before a stack.
package route53

import (
	"fmt"
	"slices"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

const (
	api = "https://docs.aws.amazon.com/Route53/latest/APIReference/"
	// edgeZone is the zone of every distribution's own name.
	edgeZone = "Z2FDTNDATAQYW2"
)

// Service is what the stand-in knows of Route 53.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{{
		Token: "aws:route53/record:Record", Args: (*sdk.RecordArgs)(nil), Resource: (*sdk.Record)(nil),
		Service: "Route 53", Title: "Route53 Record", Global: true,
		Verbs: map[string]string{"create": "ChangeResourceRecordSets", "update": "ChangeResourceRecordSets", "delete": "ChangeResourceRecordSets"},
		// The provider's id; a routing policy adds its set identifier, and no program here has one.
		ID: catalog.Templated("{zoneId}_{name}_{type}"),
		Name: catalog.Name{Property: "name", Code: "InvalidChangeBatch",
			Message: "[Tried to create resource record set [name='{name}'] but it already exists]"},
		Refs: []catalog.Ref{{Path: "zoneId", To: []string{cloud.ZoneToken}, Code: "NoSuchHostedZone", Message: "No hosted zone found with ID: {value}",
			Blocks: true, BlockCode: "HostedZoneNotEmpty"}},
		Sets: []string{"records"}, Check: checkRecord, Refuse: refuseRecord,
		Compute: func(c *catalog.Call) error {
			c.Set("fqdn", strings.TrimSuffix(strings.ToLower(c.Str("name")), "."))
			return nil
		},
		Source: api + "API_ChangeResourceRecordSets.html",
	}}}
}

func checkRecord(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	add := func(property, rule, value, message string) {
		problems = append(problems, catalog.Problem{Property: property, Rule: rule, Value: value, Message: message, Source: api + "API_ResourceRecordSet.html"})
	}
	if c.Has("aliases") == c.Has("records") {
		add("records", "records or alias", "", "exactly one of records and aliases must be given")
	}
	if c.Has("records") != c.Has("ttl") {
		add("ttl", "time to live", "", "records need a ttl, an alias has none")
	}
	kinds := []string{"A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}
	if kind := c.Str("type"); c.Known("type") && !slices.Contains(kinds, kind) {
		add("type", "allowed values", kind, "must be one of "+strings.Join(kinds, ", "))
	}
	if c.Has("aliases") && c.Known("type") && c.Str("type") == "CNAME" && strings.HasSuffix(c.Str("aliases.name"), ".cloudfront.net") {
		add("type", "type of an alias", "CNAME", "an alias to a distribution is of type A or AAAA")
	}
	return problems
}

// refuseRecord applies Route 53's rules on names: inside the zone, no CNAME at its apex, the right zone behind an alias.
func refuseRecord(c *catalog.Call) *catalog.Error {
	zone := c.Get(cloud.ZoneToken, c.Str("zoneId"))
	if zone == nil {
		return nil // the reference says so
	}
	name := strings.TrimSuffix(strings.ToLower(c.Str("name")), ".")
	if name != zone.Name && !strings.HasSuffix(name, "."+zone.Name) {
		return &catalog.Error{Code: "InvalidChangeBatch", Property: "name", Value: name, Rule: "name inside the zone",
			Message: fmt.Sprintf("[RRSet with DNS name %s. is not permitted in zone %s.]", name, zone.Name), Source: api + "API_ChangeResourceRecordSets.html"}
	}
	if c.Str("type") == "CNAME" && name == zone.Name {
		return &catalog.Error{Code: "InvalidChangeBatch", Property: "type", Value: "CNAME", Rule: "no CNAME at the apex",
			Message: fmt.Sprintf("[RRSet of type CNAME with DNS name %s. is not permitted at apex in zone %s.]", name, zone.Name),
			Source:  "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html"}
	}
	target, in := c.Str("aliases.name"), c.Str("aliases.zoneId")
	isEdge := strings.HasSuffix(target, ".cloudfront.net")
	if target != "" && isEdge != (in == edgeZone) {
		return &catalog.Error{Code: "InvalidChangeBatch", Property: "aliases[0].zoneId", Value: in, Rule: "zone of the alias target",
			Message: fmt.Sprintf("[Tried to create an alias that targets %s., type %s in zone %s, but the alias target name does not lie within the target zone]", target, c.Str("type"), in),
			Source:  api + "API_AliasTarget.html"}
	}
	if isEdge && c.Bool("aliases.evaluateTargetHealth") {
		return &catalog.Error{Code: "InvalidChangeBatch", Property: "aliases[0].evaluateTargetHealth", Rule: "no health of a distribution",
			Message: "[EvaluateTargetHealth can't be true for an alias to a CloudFront distribution]", Source: api + "API_AliasTarget.html"}
	}
	return nil
}
