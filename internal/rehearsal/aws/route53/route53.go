// Package route53 describes Route 53's records to the stand-in. Zones are seeded: they exist before a stack.
package route53

import (
	"slices"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

const api = "https://docs.aws.amazon.com/Route53/latest/APIReference/"

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
	kinds := []string{"A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}
	// In a run that continues on errors, the proof of a refused certificate has no type; that record is never made.
	if kind := c.Str("type"); c.Known("type") && kind != "" && !slices.Contains(kinds, kind) {
		add("type", "allowed values", kind, "must be one of "+strings.Join(kinds, ", "))
	}
	if c.Has("aliases") && c.Known("type") && c.Str("type") == "CNAME" && strings.HasSuffix(c.Str("aliases.name"), ".cloudfront.net") {
		add("type", "type of an alias", "CNAME", "an alias to a distribution is of type A or AAAA")
	}
	return problems
}

// refuseRecord refuses what the check lets pass: a record without a type.
func refuseRecord(c *catalog.Call) *catalog.Error {
	if c.Str("type") != "" {
		return nil
	}
	return &catalog.Error{Code: "InvalidInput", Property: "type", Rule: "required", Message: "Invalid XML ; the type of a record is empty",
		Source: api + "API_ResourceRecordSet.html"}
}
