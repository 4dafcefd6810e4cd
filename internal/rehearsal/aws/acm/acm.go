// Package acm describes Certificate Manager to the stand-in.
package acm

import (
	"fmt"
	"slices"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

const (
	// CertificateToken and ValidationToken are what other services look for: a certificate is issued once it is validated.
	CertificateToken = "aws:acm/certificate:Certificate"
	ValidationToken  = "aws:acm/certificateValidation:CertificateValidation"
	recordToken      = "aws:route53/record:Record"
	api              = "https://docs.aws.amazon.com/acm/latest/APIReference/"
	guide            = "https://docs.aws.amazon.com/acm/latest/userguide/"
)

// algorithms that ACM issues certificates with.
var algorithms = []string{"RSA_2048", "EC_prime256v1", "EC_secp384r1"}

// Service is what the stand-in knows of Certificate Manager.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{
		{
			Token: CertificateToken, Args: (*sdk.CertificateArgs)(nil), Resource: (*sdk.Certificate)(nil),
			Service: "ACM", Action: "Certificate", Title: "ACM Certificate", Verbs: map[string]string{"create": "RequestCertificate", "update": "UpdateCertificateOptions"},
			ARN: "arn:{partition}:acm:{region}:{account}:certificate/{uuid}",
			ID: catalog.Made(func(c *catalog.Call) string {
				c.ARN = c.Fill("arn:{partition}:acm:{region}:{account}:certificate/") + catalog.UUID()
				return c.ARN
			}),
			Defaults: map[string]any{"keyAlgorithm": "RSA_2048", "validationMethod": "NONE"},
			// Dates come with the issue; until a refresh the provider knows none.
			Blank: []string{"notAfter", "notBefore"}, Check: checkCertificate, Compute: computeCertificate,
			Source: api + "API_RequestCertificate.html",
		},
		{
			Token: ValidationToken, Args: (*sdk.CertificateValidationArgs)(nil), Resource: (*sdk.CertificateValidation)(nil),
			Service: "ACM", Title: "ACM Certificate Validation", Verbs: map[string]string{"create": "DescribeCertificate", "delete": "DescribeCertificate"},
			// The provider's id is the time of issue, which is no name of anything: the pretend cloud takes the certificate.
			ID: catalog.Templated("{certificateArn}"),
			Refs: []catalog.Ref{{Path: "certificateArn", To: []string{CertificateToken}, By: catalog.ByARN, Code: "ResourceNotFoundException",
				Message: "Could not find certificate {value}"}},
			Refuse: refuseValidation, Source: guide + "dns-validation.html",
		},
	}}
}

func checkCertificate(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	if algorithm := c.Str("keyAlgorithm"); c.Known("keyAlgorithm") && !slices.Contains(algorithms, algorithm) {
		problems = append(problems, catalog.Problem{Property: "keyAlgorithm", Rule: "algorithms that ACM issues", Value: algorithm,
			Message: "must be one of " + strings.Join(algorithms, ", "), Source: api + "API_RequestCertificate.html"})
	}
	if method := c.Str("validationMethod"); c.Known("validationMethod") && !slices.Contains([]string{"DNS", "EMAIL", "HTTP"}, method) {
		problems = append(problems, catalog.Problem{Property: "validationMethod", Rule: "allowed values", Value: method,
			Message: "must be DNS, EMAIL or HTTP", Source: api + "API_RequestCertificate.html"})
	}
	return problems
}

// computeCertificate makes the records by which the names are proved. They depend on account and name alone, as ACM's do.
func computeCertificate(c *catalog.Call) error {
	names := []string{c.Str("domainName")}
	for _, name := range c.Strs("subjectAlternativeNames") {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var proofs, all []any
	for _, name := range names {
		bare := strings.TrimPrefix(name, "*.")
		proofs = append(proofs, map[string]any{
			"domainName": name, "resourceRecordType": "CNAME",
			"resourceRecordName":  "_" + digest(c.Account+"|"+bare) + "." + bare + ".",
			"resourceRecordValue": "_" + digest(bare+"|"+c.Account) + ".acm-validations.aws.",
		})
		all = append(all, name)
	}
	if c.Str("validationMethod") != "DNS" {
		proofs = []any{}
	}
	c.Set("domainValidationOptions", proofs)
	c.Set("subjectAlternativeNames", all)
	c.SetNew("status", "PENDING_VALIDATION")
	c.SetNew("type", "AMAZON_ISSUED")
	c.SetNew("renewalEligibility", "INELIGIBLE")
	if !c.Has("options") {
		c.Set("options", map[string]any{"certificateTransparencyLoggingPreference": "ENABLED", "export": "DISABLED"})
	}
	c.SetNew("renewalSummaries", []any{})
	c.SetNew("validationEmails", []any{})
	return nil
}

// refuseValidation finds at once what ACM would make one wait for in vain: a name whose record stands in no zone.
func refuseValidation(c *catalog.Call) *catalog.Error {
	certificate := c.Tx.ByARN(c.Str("certificateArn"))
	if certificate == nil {
		return nil // the reference says so
	}
	for _, name := range catalog.Strs(certificate.State, "domainValidationOptions[].resourceRecordName") {
		proof := strings.TrimSuffix(name, ".")
		records := c.Tx.Find(c.Account, cloud.Global, recordToken, func(o *cloud.Object) bool {
			return catalog.Str(o.State, "fqdn") == proof
		})
		if len(records) == 0 {
			return &catalog.Error{Code: "ValidationTimedOut", Property: "validationRecordFqdns", Value: proof, Rule: "validation record exists",
				Message: fmt.Sprintf("timeout while waiting for state to become 'ISSUED' (last state: 'PENDING_VALIDATION'): no record %s", proof), Source: guide + "dns-validation.html"}
		}
		if listed := c.Strs("validationRecordFqdns"); len(listed) > 0 && !slices.Contains(listed, proof) {
			return &catalog.Error{Code: "InvalidValidationRecords", Property: "validationRecordFqdns", Value: strings.Join(listed, ", "), Rule: "validation records are the certificate's",
				Message: "missing " + proof + " DNS validation record", Source: guide + "dns-validation.html"}
		}
	}
	return nil
}
