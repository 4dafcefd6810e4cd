package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// CertificatesType is the type token of Certificates.
const CertificatesType = "itrack:infra:Certificates"

// Certificates is the certificates for edge, API and the hop inside, validated by DNS; made only with a domain.
type Certificates struct {
	pulumi.ResourceState

	// ZoneId: hosted zone.
	ZoneId pulumi.StringOutput
	// EdgeArn: validated certificate in the edge region for <domain>.
	EdgeArn pulumi.StringOutput
	// ApiArn: validated certificate in the primary region for api.<domain>.
	ApiArn pulumi.StringOutput
	// InternalArn: validated certificate in the primary region for internal.<domain>.
	InternalArn pulumi.StringOutput
	// ApiHost: api.<domain>.
	ApiHost string
	// InternalHost: internal.<domain>.
	InternalHost string
}

// CertificatesArgs are what Certificates is made from.
type CertificatesArgs struct {
	// Placement: where.
	Placement *Placement
	// Domain: zone name.
	Domain string
	// Alerts: expiry alarms.
	Alerts *Alerts
}

const (
	// certificateAlgorithm is what CloudFront, API Gateway and the load balancer all take, whatever the client's age.
	certificateAlgorithm = "RSA_2048"
	// validationTTL is short: whoever mends a wrong record does not wait for caches.
	validationTTL = 300
	// expiryAlarmDays lies below the day on which ACM renews (60 days before the end of a certificate of 13 months, 45
	// before that of a shorter one): an alarm means that renewal was tried for at least two weeks and failed.
	expiryAlarmDays = 30
	// daySeconds is the period of the expiry metric: ACM publishes it twice a day.
	daySeconds = 86400
)

// NewCertificates makes the certificates for edge, API and the hop inside, validated by DNS. The zone must exist: whoever
// registered the domain made it, and a zone of our own would have name servers that nobody asks.
func NewCertificates(ctx *pulumi.Context, name string, args *CertificatesArgs, opts ...pulumi.ResourceOption) (*Certificates, error) {
	component := &Certificates{ApiHost: "api." + args.Domain, InternalHost: "internal." + args.Domain}
	if err := ctx.RegisterComponentResource(CertificatesType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating certificates: %w", err)
	}
	private := false
	zone, err := route53.LookupZone(ctx, &route53.LookupZoneArgs{Name: &args.Domain, PrivateZone: &private}, pulumi.Parent(component))
	if err != nil {
		return nil, fmt.Errorf("looking up the public Route 53 zone %s (itrack:domain; make the zone, and point the registrar's name servers to it, before deploying): %w", args.Domain, err)
	}
	component.ZoneId = pulumi.String(zone.ZoneId).ToStringOutput()
	place := args.Placement
	for _, want := range []struct {
		logical, host string
		region        *Region
		arn           *pulumi.StringOutput
	}{
		{"edge", args.Domain, place.Edge, &component.EdgeArn},
		{"api", component.ApiHost, place.Primary, &component.ApiArn},
		{"internal", component.InternalHost, place.Primary, &component.InternalArn},
	} {
		if *want.arn, err = component.certificate(ctx, args, want.logical, want.host, want.region); err != nil {
			return nil, err
		}
	}
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{
		"zoneId": component.ZoneId, "edgeArn": component.EdgeArn, "apiArn": component.ApiArn, "internalArn": component.InternalArn,
		"apiHost": pulumi.String(component.ApiHost), "internalHost": pulumi.String(component.InternalHost),
	}); err != nil {
		return nil, fmt.Errorf("creating certificates: %w", err)
	}
	return component, nil
}

// certificate makes one certificate of one name, its validation record and its expiry alarm, and returns the ARN as the
// validation gives it out: what uses that waits until the certificate is issued.
//
// Every certificate has one name of its own, so every validation record exists once. (ACM hands out the same record for
// a name however many certificates carry it: two certificates with a common name would make one record twice.)
func (c *Certificates) certificate(ctx *pulumi.Context, args *CertificatesArgs, logical, host string, region *Region) (pulumi.StringOutput, error) {
	none := pulumi.StringOutput{}
	options := in(c, region)
	certificate, err := acm.NewCertificate(ctx, logical, &acm.CertificateArgs{
		DomainName:       pulumi.String(host),
		ValidationMethod: pulumi.String("DNS"),
		KeyAlgorithm:     pulumi.String(certificateAlgorithm),
		Options: &acm.CertificateOptionsArgs{
			// Browsers refuse a public certificate that stands in no transparency log.
			CertificateTransparencyLoggingPreference: pulumi.String("ENABLED"),
		},
		Tags: pulumi.StringMap{"Name": pulumi.String(args.Placement.Of(limitGeneral, logical))},
	}, options...)
	if err != nil {
		return none, fmt.Errorf("creating the certificate of %s: %w", host, err)
	}
	// A refused certificate has no proofs, and a run that continues on errors comes here all the same: Index would panic.
	proof := certificate.DomainValidationOptions.ApplyT(func(proofs []acm.CertificateDomainValidationOption) acm.CertificateDomainValidationOption {
		if len(proofs) == 0 {
			return acm.CertificateDomainValidationOption{}
		}
		return proofs[0]
	}).(acm.CertificateDomainValidationOptionOutput)
	record, err := route53.NewRecord(ctx, "validate-"+logical, &route53.RecordArgs{
		ZoneId:  c.ZoneId,
		Name:    proof.ResourceRecordName().Elem(),
		Type:    proof.ResourceRecordType().Elem(),
		Records: pulumi.StringArray{proof.ResourceRecordValue().Elem()},
		Ttl:     pulumi.Int(validationTTL),
		// The record depends on account and name alone: one that an earlier certificate left is the same one, and without
		// this its being there fails the deployment.
		AllowOverwrite: pulumi.Bool(true),
	}, pulumi.Parent(c))
	if err != nil {
		return none, fmt.Errorf("creating the validation record of %s: %w", host, err)
	}
	validation, err := acm.NewCertificateValidation(ctx, logical, &acm.CertificateValidationArgs{
		CertificateArn:        certificate.Arn,
		ValidationRecordFqdns: pulumi.StringArray{record.Fqdn},
		// ACM looks every few minutes. Half an hour covers that; a zone that the registrar does not point to never
		// validates, and the default of 75 minutes only makes one wait for that news.
	}, with(options, pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "30m"}))...)
	if err != nil {
		return none, fmt.Errorf("validating the certificate of %s: %w", host, err)
	}
	if _, err := newAlarm(ctx, "certificate-"+logical, args.Placement.Names, args.Alerts.In(region), AlarmArgs{
		Parts: []string{"certificate", logical, "expiry"},
		Description: fmt.Sprintf("The certificate of %s ends in less than %d days: ACM's renewal fails. Check first that its validation record (CNAME _….%s) still stands in the zone.",
			host, expiryAlarmDays, host),
		Severity:  Critical,
		Namespace: "AWS/CertificateManager", Metric: "DaysToExpiry", Statistic: "Minimum",
		Dimensions: pulumi.StringMap{"CertificateArn": certificate.Arn},
		Comparison: "LessThanThreshold", Threshold: expiryAlarmDays,
		PeriodSeconds: daySeconds, Periods: 1,
		// The first value comes hours after the certificate: until then the alarm keeps its state.
		Missing: MissingIsIgnored,
	}, options...); err != nil {
		return none, err
	}
	return validation.CertificateArn, nil
}
