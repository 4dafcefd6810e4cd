package edge

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// distributionNames are the rules on the names, certificates and web ACLs of distributions.
func distributionNames() []rule.Rule {
	const (
		arn  = "arn:aws:acm:us-east-1:111122223333:certificate/1"
		path = "viewerCertificate.acmCertificateArn"
	)
	named := func(certificate string, aliases ...any) props {
		return props{"aliases": aliases, "viewerCertificate": props{"acmCertificateArn": certificate, "sslSupportMethod": "sni-only"}}
	}
	other := rule.Thing{Type: distributionToken, ID: "E2", Region: cloud.Global, State: props{"aliases": []any{"www.example.com"}}}
	waiting := rule.Thing{Type: certificateToken, ID: "arn:aws:acm:us-east-1:444455556666:certificate/00000000-0000-4000-8000-000000000000",
		ARN:   "arn:aws:acm:us-east-1:444455556666:certificate/00000000-0000-4000-8000-000000000000",
		State: props{"arn": "arn:aws:acm:us-east-1:444455556666:certificate/00000000-0000-4000-8000-000000000000", "domainName": "itrack.example.com"}}
	taken := rule.Thing{Type: distributionToken, ID: "E00000000TAKEN", Region: cloud.Global, State: props{"aliases": []any{"itrack.example.com"}}}
	return []rule.Rule{{
		ID: "edge-cloudfront-certificate-region", Types: []string{distributionToken}, Code: "InvalidViewerCertificate",
		Page:     frontGuide + "cnames-and-https-requirements.html",
		Says:     "A distribution's certificate of Certificate Manager is in us-east-1.",
		Fix:      "Request the certificate with the provider of us-east-1.",
		Foreseen: true, Check: certificateIn(path, edgeRegion),
		Pass: rule.Case{Inputs: named(arn, "www.example.com")},
		Fail: rule.Case{Inputs: named(strings.Replace(arn, "us-east-1", "eu-west-1", 1), "www.example.com")},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: distributionToken + "::site",
			Edit: map[string]func(string) string{path: farAway}},
	}, {
		ID: "edge-cloudfront-certificate-issued", Types: []string{distributionToken}, Code: "InvalidViewerCertificate",
		Page:  frontGuide + "cnames-and-https-requirements.html",
		Says:  "A distribution's certificate is issued before the distribution is made.",
		Fix:   "Refer to the ARN that the certificate's validation returns, so that the distribution waits for it.",
		Check: certificateIssued(path),
		Pass: rule.Case{World: []rule.Thing{certificateThing(arn, "www.example.com"), {Type: validationToken, ID: arn}},
			Inputs: named(arn, "www.example.com")},
		Fail: rule.Case{World: []rule.Thing{certificateThing(arn, "www.example.com")}, Inputs: named(arn, "www.example.com")},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: distributionToken + "::site", Exists: []rule.Thing{waiting}, Set: props{path: waiting.ARN}},
	}, {
		ID: "edge-cloudfront-alias-certificate", Types: []string{distributionToken}, Code: "InvalidViewerCertificate", Page: frontGuide + "CNAMEs.html",
		Says:  "A distribution's certificate covers every alternate domain name of the distribution.",
		Fix:   "Add the name to the certificate, or take it out of aliases.",
		Check: aliasesCovered,
		Pass:  rule.Case{World: []rule.Thing{certificateThing(arn, "*.example.com")}, Inputs: named(arn, "www.example.com")},
		Fail:  rule.Case{World: []rule.Thing{certificateThing(arn, "*.example.com")}, Inputs: named(arn, "example.com")},
		Seed:  atSite(props{"aliases": []any{"itrack.example.com", "www.itrack.example.com"}}),
	}, {
		ID: "edge-cloudfront-alias-conflict", Types: []string{distributionToken}, Code: "CNAMEAlreadyExists", Page: frontGuide + "CNAMEs.html",
		Says:  "An alternate domain name belongs to one distribution.",
		Fix:   "Take the name from the other distribution first, or choose another.",
		Check: aliasConflict,
		Pass:  rule.Case{World: []rule.Thing{other}, Inputs: props{"aliases": []any{"example.com"}}},
		Fail:  rule.Case{World: []rule.Thing{other}, Inputs: props{"aliases": []any{"www.example.com"}}},
		Seed:  rule.Seed{Stack: "production", Settings: domain, At: distributionToken + "::site", Exists: []rule.Thing{taken}},
	}, {
		ID: "edge-cloudfront-web-acl", Types: []string{distributionToken}, Code: "InvalidWebACLId", Page: frontAPI + "API_DistributionConfig.html",
		Says:     "A distribution's web ACL has the scope CLOUDFRONT and is given by its ARN, which says global.",
		Fix:      "Set webAclId to the ARN of an ACL of the scope CLOUDFRONT.",
		Foreseen: true, Check: edgeACL,
		Pass: rule.Case{Inputs: props{"webAclId": "arn:aws:wafv2:us-east-1:111122223333:global/webacl/site/1"}},
		Fail: rule.Case{Inputs: props{"webAclId": "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/site/1"}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: distributionToken + "::site",
			Edit: map[string]func(string) string{"webAclId": rule.Replace(":global/", ":regional/")}},
	}, {
		ID: "edge-cloudfront-tls-version", Types: []string{distributionToken}, Code: "InvalidMinimumProtocolVersion", Page: frontAPI + "API_ViewerCertificate.html",
		Says:     "A distribution that serves its certificate by SNI speaks TLS 1.0 or newer: SSLv3 needs a dedicated address.",
		Fix:      "Set minimumProtocolVersion to TLSv1.2_2021 or newer.",
		Foreseen: true, Check: tlsVersion,
		Pass: rule.Case{Inputs: props{"viewerCertificate": props{"sslSupportMethod": "sni-only", "minimumProtocolVersion": "TLSv1.2_2021"}}},
		Fail: rule.Case{Inputs: props{"viewerCertificate": props{"sslSupportMethod": "sni-only", "minimumProtocolVersion": "SSLv3"}}},
		Seed: atSite(props{"viewerCertificate.minimumProtocolVersion": "SSLv3"}),
	}}
}

// certificateIn makes the check that a certificate is in a region, the resource's own when none is given.
func certificateIn(path, region string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		home := region
		if home == "" {
			home = c.Region
		}
		arn := c.Str(path)
		if part(arn, 2) != "acm" || part(arn, 3) == home {
			return nil
		}
		return rule.Find(path, arn, "The specified SSL certificate doesn't exist, isn't in %s region, isn't valid, or doesn't include a valid certificate chain", home)
	}
}

// certificateIssued makes the check that a certificate that exists was validated.
func certificateIssued(path string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		arn := c.Str(path)
		certificate := c.Tx.ByARN(arn)
		if certificate == nil || c.Tx.Get(c.Account, certificate.Region, validationToken, arn) != nil {
			return nil
		}
		return rule.Find(path, arn, "The certificate %s is not issued: nothing has validated it", arn)
	}
}

func aliasesCovered(c *catalog.Call) *rule.Finding {
	aliases := texts(c.State, "aliases")
	arn := c.Str("viewerCertificate.acmCertificateArn")
	certificate := c.Tx.ByARN(arn)
	if len(aliases) == 0 || arn != "" && certificate == nil {
		return nil
	}
	for _, alias := range aliases {
		switch name := alias.Value.StringValue(); {
		case certificate == nil:
			return rule.Find(alias.Path, name,
				"To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate "+
					"that validates your authorization to use the domain name")
		case !certificateCovers(certificate, name):
			return rule.Find(alias.Path, name,
				"The certificate that is attached to your distribution doesn't cover the alternate domain name (CNAME) that you're trying to add")
		}
	}
	return nil
}

func aliasConflict(c *catalog.Call) *rule.Finding {
	for _, alias := range texts(c.State, "aliases") {
		name := alias.Value.StringValue()
		others := c.Tx.Find(c.Account, cloud.Global, distributionToken, func(o *cloud.Object) bool {
			return (c.Old == nil || o.ID != c.Old.ID) && slices.Contains(catalog.Strs(o.State, "aliases"), name)
		})
		if len(others) > 0 {
			return rule.Find(alias.Path, name, "One or more of the CNAMEs you provided are already associated with a different resource")
		}
	}
	return nil
}

func edgeACL(c *catalog.Call) *rule.Finding {
	if arn := c.Str("webAclId"); part(arn, 2) == "wafv2" && !strings.HasPrefix(part(arn, 5), "global/") {
		return rule.Find("webAclId", arn, "Web ACL is not accessible by the requester: its scope must be CLOUDFRONT")
	}
	return nil
}

func tlsVersion(c *catalog.Call) *rule.Finding {
	if c.Str("viewerCertificate.sslSupportMethod") == "sni-only" && c.Str("viewerCertificate.minimumProtocolVersion") == "SSLv3" {
		return rule.Find("viewerCertificate.minimumProtocolVersion", "SSLv3", "The minimum protocol version specified is not valid")
	}
	return nil
}
