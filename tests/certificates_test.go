package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	certificateToken = "aws:acm/certificate:Certificate"
	validationToken  = "aws:acm/certificateValidation:CertificateValidation"
	recordToken      = "aws:route53/record:Record"
	alarmToken       = "aws:cloudwatch/metricAlarm:MetricAlarm"
)

// Far from us-east-1, so that the three regions are three providers.
var domainFarFromEdge = map[string]any{"itrack:domain": "itrack.example.com", "aws:region": "eu-west-1"}

func TestWithoutDomainThereAreNoCertificates(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		for _, token := range []string{certificateToken, validationToken, recordToken, "aws:apigateway/domainName:DomainName", "aws:apigateway/basePathMapping:BasePathMapping"} {
			assert.Empty(t, result.all(token), "%s: %s", stack, token)
		}
	}
}

func TestCertificates(t *testing.T) {
	for _, stack := range bothStacks {
		result := recordedWith(t, stack, domainFarFromEdge)
		assert.Equal(t, []string{"api", "edge", "internal"}, result.names(certificateToken))
		for name, want := range map[string]struct{ host, provider string }{
			"edge": {"itrack.example.com", "edge"}, "api": {"api.itrack.example.com", "primary"}, "internal": {"internal.itrack.example.com", "primary"},
		} {
			certificate := result.one(t, certificateToken, name)
			assert.Equal(t, want.host, certificate.str(t, "domainName"))
			assert.Equal(t, "DNS", certificate.str(t, "validationMethod"))
			assert.Equal(t, "RSA_2048", certificate.str(t, "keyAlgorithm"))
			assert.False(t, certificate.has("subjectAlternativeNames"), "a shared name would make one validation record twice")
			assert.Contains(t, certificate.Provider, "::"+want.provider+"::")
			assert.Contains(t, certificate.Parent, "::itrack:infra:Certificates::certificates")

			record := result.one(t, recordToken, "validate-"+name)
			assert.Equal(t, "Z0123456789ABCDEFGHIJ", record.str(t, "zoneId"))
			assert.Equal(t, "_a.example.com.", record.str(t, "name"))
			assert.Equal(t, []string{"_b.acm-validations.aws."}, record.strs(t, "records"))
			assert.Equal(t, "CNAME", record.str(t, "type"))
			assert.True(t, record.flag(t, "allowOverwrite"))

			validation := result.one(t, validationToken, name)
			assert.Contains(t, validation.Provider, "::"+want.provider+"::", "a certificate is validated in its own region")
			assert.Equal(t, "30m", validation.RPC.GetCustomTimeouts().GetCreate())
			assert.Len(t, validation.strs(t, "validationRecordFqdns"), 1)

			alarm := result.one(t, alarmToken, "certificate-"+name)
			assert.Equal(t, "DaysToExpiry", alarm.str(t, "metricName"))
			assert.Equal(t, "LessThanThreshold", alarm.str(t, "comparisonOperator"))
			assert.InDelta(t, 30, alarm.num(t, "threshold"), 0)
			assert.Contains(t, alarm.Provider, "::"+want.provider+"::", "the metric lives in the certificate's region")
			assert.Equal(t, validation.str(t, "certificateArn"), alarm.str(t, "dimensions.CertificateArn"))
		}
	}
}

// Whoever uses a certificate takes what the validation returns: the certificate's own ARN is there before it is issued.
func TestCertificatesAreUsedOnceIssued(t *testing.T) {
	result := recordedWith(t, "production", domainFarFromEdge)
	for user, certificate := range map[[3]string]string{
		{"aws:cloudfront/distribution:Distribution", "site", "viewerCertificate"}: "edge",
		{"aws:apigateway/domainName:DomainName", "api", "regionalCertificateArn"}: "api",
		{"aws:lb/listener:Listener", "production", "certificateArn"}:              "internal",
	} {
		declared := result.one(t, user[0], user[1])
		waits := declared.RPC.GetPropertyDependencies()[user[2]].GetUrns()
		assert.Contains(t, waits, "urn:pulumi:production::itrack::itrack:infra:Certificates$"+validationToken+"::"+certificate, "%s", user[1])
	}
}
