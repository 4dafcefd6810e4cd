package controls

import (
	"strings"
	"time"

	"github.com/itrack/itrack/internal/review"
)

const (
	tokenCertificate           = "aws:acm/certificate:Certificate"
	tokenCertificateValidation = "aws:acm/certificateValidation:CertificateValidation"
	tokenRecord                = "aws:route53/record:Record"
)

// renewal is how long before the end AWS's control wants a certificate renewed.
const renewal = 30 * 24 * time.Hour

// acm are the controls on certificates.
func acm() []review.Control {
	return []review.Control{
		hub("ACM.1", "Certificates should be renewed in time", review.Medium, review.Security, "the stack declares no certificate",
			review.Each(tokenCertificate, renews)),
		hub("ACM.2", "RSA certificates should use a key length of at least 2,048 bits", review.High, review.Security,
			"the stack declares no certificate with an RSA key",
			keyLengths),
	}
}

// renews passes a certificate that ends late enough, and before ACM has told when it ends, one that ACM renews by itself: it
// is validated by DNS and its record stays. https://docs.aws.amazon.com/acm/latest/userguide/dns-renewal-validation.html
func renews(m *review.Model, c *review.Resource) review.Answer {
	if end, err := time.Parse(time.RFC3339, c.Str("notAfter")); err == nil && time.Until(end) < renewal {
		return review.Fail(c, "it ends on "+end.Format(time.DateOnly),
			"refresh the stack, and if that does not change the day, renew it: aws acm describe-certificate tells why ACM does not")
	} else if err == nil && c.Str("type") == "IMPORTED" {
		return review.Pass(c, "it ends on "+end.Format(time.DateOnly))
	}
	if c.Str("validationMethod") != "DNS" {
		return review.Fail(c, "ACM does not renew it by itself", "have ACM issue it with validationMethod DNS")
	}
	for _, option := range c.Maps("domainValidationOptions") {
		if !answered(m, option) {
			return review.Fail(c, "no record of the stack answers for "+option.Str("domainName")+": ACM cannot renew the certificate",
				"keep the record "+option.Str("resourceRecordName")+" that validated it, with ACM's value")
		}
	}
	if len(m.Referring(tokenCertificateValidation, "certificateArn", c)) == 0 {
		return review.Fail(c, "nothing waits for its validation", "make an acm.CertificateValidation for it")
	}
	return review.Pass(c, "ACM renews it by its DNS record")
}

// answered tells whether a record of the stack holds what ACM asks for.
func answered(m *review.Model, option *review.Resource) bool {
	bare := func(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
	for _, record := range m.All(tokenRecord) {
		named := bare(record.Str("name")) == bare(option.Str("resourceRecordName")) || bare(record.Str("fqdn")) == bare(option.Str("resourceRecordName"))
		for _, value := range record.Strs("records") {
			if named && bare(value) == bare(option.Str("resourceRecordValue")) {
				return true
			}
		}
	}
	return false
}

func keyLengths(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, c := range m.All(tokenCertificate) {
		if algorithm := c.Str("keyAlgorithm"); strings.HasPrefix(algorithm, "RSA") {
			out = append(out, review.When(algorithm != "RSA_1024", c, algorithm, "its key is "+algorithm,
				"issue it again with keyAlgorithm RSA_2048 or an elliptic curve"))
		}
	}
	return out
}
