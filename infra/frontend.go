package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FrontendType is the type token of Frontend.
const FrontendType = "itrack:infra:Frontend"

// Frontend is S3 and CloudFront.
type Frontend struct {
	pulumi.ResourceState

	// BucketName: bucket of the site.
	BucketName pulumi.StringOutput
	// RecoveryBucketName: bucket in the recovery region; nil without failover.
	RecoveryBucketName pulumi.StringPtrOutput
	// DistributionId: E….
	DistributionId pulumi.StringOutput
	// DistributionArn: ARN.
	DistributionArn pulumi.StringOutput
	// Origin: https://… without a slash at the end, what CORS allows.
	Origin pulumi.StringOutput
	// FunctionName: page routing function.
	FunctionName pulumi.StringOutput
}

// FrontendArgs are what Frontend is made from.
type FrontendArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: class and failover.
	Settings FrontendSettings
	// Protect: refuse deletion.
	Protect bool
	// Archive: access logs.
	Archive *Archive
	// Certificates: own name; nil means AWS's.
	Certificates *Certificates
	// Domain: zone name or empty.
	Domain string
	// Waf: edge ACL.
	Waf *Waf
	// Alerts: who is told.
	Alerts *Alerts
}

// NewFrontend makes S3 and CloudFront.
func NewFrontend(ctx *pulumi.Context, name string, args *FrontendArgs, opts ...pulumi.ResourceOption) (*Frontend, error) {
	component := &Frontend{}
	if err := ctx.RegisterComponentResource(FrontendType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating frontend: %w", err)
	}
	_ = args
	return component, nil
}
