package edge

import (
	"regexp"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// certificates are the rules on certificates and on what takes them beside distributions.
func certificates() []rule.Rule {
	const (
		api   = "https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html"
		arn   = "arn:aws:acm:us-east-1:111122223333:certificate/1"
		far   = "arn:aws:acm:eu-west-1:111122223333:certificate/1"
		field = "regionalCertificateArn"
		// waiting is a certificate that nobody has validated.
		waiting = "arn:aws:acm:us-east-1:444455556666:certificate/00000000-0000-4000-8000-000000000001"
	)
	long := strings.Repeat("itrack", 10) + ".itrack.example.com"
	return []rule.Rule{{
		ID: "edge-certificate-name", Types: []string{certificateToken}, Code: "ValidationException", Page: api,
		Says:     "A name on a certificate is a full domain name; a wildcard is its whole first part and nothing else.",
		Fix:      "Write the name in full, with an asterisk only in front of the first dot.",
		Foreseen: true, Check: certificateName,
		Pass: rule.Case{Inputs: props{"domainName": "*.example.com"}}, Fail: rule.Case{Inputs: props{"domainName": "www.*.example.com"}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: certificateToken + "::internal", Set: props{"domainName": "a*.itrack.example.com"}},
	}, {
		ID: "edge-certificate-name-length", Types: []string{certificateToken}, Code: "ValidationException", Page: api,
		Says:     "A certificate's first name has at most 64 characters.",
		Fix:      "Put a short name first and the long one under subjectAlternativeNames.",
		Foreseen: true, Check: certificateLength,
		Pass: rule.Case{Inputs: props{"domainName": "itrack.example.com"}}, Fail: rule.Case{Inputs: props{"domainName": long}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: certificateToken + "::internal", Set: props{"domainName": long}},
	}, {
		ID: "edge-certificate-names", Types: []string{certificateToken}, Code: "LimitExceededException",
		Page:     "https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html",
		Says:     "A certificate has at most 10 names, unless the quota was raised.",
		Fix:      "Use a wildcard, or several certificates.",
		Foreseen: true, Check: certificateNames,
		Pass: rule.Case{Inputs: props{"domainName": "a.example.com", "subjectAlternativeNames": hosts(9)}},
		Fail: rule.Case{Inputs: props{"domainName": "a.example.com", "subjectAlternativeNames": hosts(10)}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: certificateToken + "::internal", Set: props{"subjectAlternativeNames": hosts(10)}},
	}, {
		ID: "edge-api-domain-certificate-region", Types: []string{domainToken}, Code: badRequest, Page: apiGuide + "apigateway-regional-api-custom-domain-create.html",
		Says:     "A regional domain name of an API takes a certificate of its own region.",
		Fix:      "Request the certificate in the region of the API.",
		Foreseen: true, Check: certificateIn(field, ""),
		Pass: rule.Case{Inputs: props{field: arn}}, Fail: rule.Case{Inputs: props{field: far}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: domainToken + "::api",
			Edit: map[string]func(string) string{field: farAway}},
	}, {
		ID: "edge-api-domain-certificate", Types: []string{domainToken}, Code: badRequest, Page: apiGuide + "apigateway-regional-api-custom-domain-create.html",
		Says:  "The certificate of an API's domain name covers that name.",
		Fix:   "Request a certificate for the domain name.",
		Check: domainCovered,
		Pass:  rule.Case{World: []rule.Thing{certificateThing(arn, "api.example.com")}, Inputs: props{"domainName": "api.example.com", field: arn}},
		Fail:  rule.Case{World: []rule.Thing{certificateThing(arn, "api.example.com")}, Inputs: props{"domainName": "www.example.com", field: arn}},
		Seed:  rule.Seed{Stack: "production", Settings: domain, At: domainToken + "::api", Set: props{"domainName": "services.itrack.example.com"}},
	}, {
		ID: "edge-api-domain-certificate-issued", Types: []string{domainToken}, Code: badRequest, Page: apiGuide + "how-to-custom-domains-prerequisites.html",
		Says:  "The certificate of an API's domain name is issued before the domain name is made.",
		Fix:   "Refer to the ARN that the certificate's validation returns, so that the domain name waits for it.",
		Check: certificateIssued(field),
		Pass:  rule.Case{World: []rule.Thing{certificateThing(arn, "api.example.com"), {Type: validationToken, ID: arn}}, Inputs: props{field: arn}},
		Fail:  rule.Case{World: []rule.Thing{certificateThing(arn, "api.example.com")}, Inputs: props{field: arn}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: domainToken + "::api", Set: props{field: waiting},
			Exists: []rule.Thing{certificateThing(waiting, "api.itrack.example.com")}},
	}, {
		ID: "edge-api-security-policy", Types: []string{domainToken}, Code: badRequest, Page: apiAPI + "API_CreateDomainName.html",
		Says:     "A domain name's security policy is TLS_1_0 or TLS_1_2, or one of the newer ones that begin with SecurityPolicy_.",
		Fix:      "Set securityPolicy to TLS_1_2.",
		Foreseen: true, Check: matches("securityPolicy", regexp.MustCompile(`^(TLS_1_[02]|SecurityPolicy_.+)$`)),
		Pass: rule.Case{Inputs: props{"securityPolicy": "TLS_1_2"}}, Fail: rule.Case{Inputs: props{"securityPolicy": "TLS_1_3"}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: domainToken + "::api", Set: props{"securityPolicy": "TLSv1.2"}},
	}, {
		ID: "edge-api-base-path", Types: []string{mappingToken}, Code: badRequest, Page: apiGuide + "rest-api-mappings.html",
		Says:     "A base path is one segment of letters, digits and $-_.+!*'().",
		Fix:      "Leave slashes and other characters out of the base path.",
		Foreseen: true, Check: matches("basePath", regexp.MustCompile(`^[A-Za-z0-9$\-_.+!*'()]*$`)),
		Pass: rule.Case{Inputs: props{"basePath": "v1"}}, Fail: rule.Case{Inputs: props{"basePath": "/v1/items"}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: mappingToken + "::api", Set: props{"basePath": "api/v1"}},
	}, {
		ID: "edge-listener-certificate-region", Types: []string{listenerToken}, Code: "CertificateNotFound",
		Page:     "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/https-listener-certificates.html",
		Says:     "A listener's certificate is in the region of its load balancer.",
		Fix:      "Request the certificate in the load balancer's region.",
		Foreseen: true, Check: certificateIn("certificateArn", ""),
		Pass: rule.Case{Inputs: props{"certificateArn": arn}}, Fail: rule.Case{Inputs: props{"certificateArn": far}},
		Seed: rule.Seed{Stack: "production", Settings: domain, At: listenerToken + "::test",
			Edit: map[string]func(string) string{"certificateArn": farAway}},
	}}
}

var hostName = regexp.MustCompile(`^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]$`)

func certificateName(c *catalog.Call) *rule.Finding {
	for _, path := range []string{"domainName", "subjectAlternativeNames"} {
		for _, leaf := range texts(c.State, path) {
			if name := leaf.Value.StringValue(); len(name) > 253 || !hostName.MatchString(name) {
				return rule.Find(leaf.Path, name, "Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern", name, path)
			}
		}
	}
	return nil
}

func certificateLength(c *catalog.Call) *rule.Finding {
	if name := c.Str("domainName"); len(name) > 64 {
		return rule.Find("domainName", name, "The first domain name can be no longer than 64 characters")
	}
	return nil
}

func certificateNames(c *catalog.Call) *rule.Finding {
	names := map[string]bool{c.Str("domainName"): true}
	for _, name := range c.Strs("subjectAlternativeNames") {
		names[name] = true
	}
	if len(names) > 10 {
		return rule.Find("subjectAlternativeNames", len(names), "The maximum number of 10 domain names has been reached")
	}
	return nil
}

// hosts are n names below the example's domain.
func hosts(n int) []any {
	var names []any
	for i := range n {
		names = append(names, string(rune('b'+i))+".itrack.example.com")
	}
	return names
}

func domainCovered(c *catalog.Call) *rule.Finding {
	certificate := c.Tx.ByARN(c.Str("regionalCertificateArn"))
	if name := c.Str("domainName"); certificate != nil && name != "" && !certificateCovers(certificate, name) {
		return rule.Find("domainName", name, "The domain name to be created is not covered by the provided certificate")
	}
	return nil
}
