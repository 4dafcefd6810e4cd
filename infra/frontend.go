package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
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

const (
	// cachingOptimized is AWS's own cache policy: no header, cookie or query string in the key, gzip and brotli, at least
	// a second and a day where the object says nothing.
	// Source: CloudFront developer guide, "Use managed cache policies".
	cachingOptimized = "658327ea-f89d-4fab-a63d-7e88639e58f6"
	// edgeTLSPolicy is the oldest TLS that a viewer may speak; 1.3 is taken where the viewer knows it.
	edgeTLSPolicy = "TLSv1.2_2021"
	// Ids of the origins inside the distribution.
	originPrimary  = "site"
	originRecovery = "site-recovery"
	originGroup    = "site-failover"
	// missingPage is what a missing file answers, with 404.
	missingPage = "/404.html"
	// missingCacheSeconds is short: a file that a deployment brings a moment later must not stay missing.
	missingCacheSeconds = 10
	rootObject          = "index.html"
)

// NewFrontend makes S3 and CloudFront: a private bucket that only the distribution may read, and the distribution.
func NewFrontend(ctx *pulumi.Context, name string, args *FrontendArgs, opts ...pulumi.ResourceOption) (*Frontend, error) {
	component := &Frontend{}
	if err := ctx.RegisterComponentResource(FrontendType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating frontend: %w", err)
	}
	site, err := component.bucket(ctx, args, "site", args.Placement.Primary)
	if err != nil {
		return nil, err
	}
	buckets := []*siteBucket{site}
	if args.Settings.Failover {
		recovery, err := component.bucket(ctx, args, "site-recovery", args.Placement.Recovery)
		if err != nil {
			return nil, err
		}
		component.RecoveryBucketName = recovery.Bucket.Bucket.ToStringPtrOutput()
		buckets = append(buckets, recovery)
	}
	distribution, err := component.distribution(ctx, args, buckets)
	if err != nil {
		return nil, err
	}
	component.BucketName, component.DistributionId, component.DistributionArn = site.Bucket.Bucket, distribution.ID().ToStringOutput(), distribution.Arn
	component.Origin = pulumi.Sprintf("https://%s", distribution.DomainName)
	if args.Certificates != nil {
		component.Origin = pulumi.String("https://" + args.Domain).ToStringOutput()
	}
	if err := component.finish(ctx, args, buckets, distribution); err != nil {
		return nil, err
	}
	outputs := pulumi.Map{
		"bucketName": component.BucketName, "distributionId": component.DistributionId, "distributionArn": component.DistributionArn,
		"origin": component.Origin, "functionName": component.FunctionName,
	}
	if args.Settings.Failover {
		outputs["recoveryBucketName"] = component.RecoveryBucketName
	}
	if err := ctx.RegisterResourceOutputs(component, outputs); err != nil {
		return nil, fmt.Errorf("creating frontend: %w", err)
	}
	return component, nil
}

// finish makes what needs the distribution: who may read the buckets, what lies in them, names, logs and alarms.
func (f *Frontend) finish(ctx *pulumi.Context, args *FrontendArgs, buckets []*siteBucket, distribution *cloudfront.Distribution) error {
	for _, bucket := range buckets {
		if err := f.readers(ctx, args, bucket); err != nil {
			return err
		}
	}
	var ready []pulumi.Resource
	if args.Settings.Failover {
		replication, err := f.replicate(ctx, args, buckets[0], buckets[1])
		if err != nil {
			return err
		}
		// Replication takes what is written after it: the first content has to come later.
		ready = append(ready, replication)
	}
	if err := f.content(ctx, buckets[0], ready); err != nil {
		return err
	}
	if args.Certificates != nil {
		if err := f.names(ctx, args, distribution); err != nil {
			return err
		}
	}
	if err := f.logs(ctx, args, distribution); err != nil {
		return err
	}
	return f.alarms(ctx, args, buckets)
}

// distribution makes the distribution with its access control, headers and page routing.
func (f *Frontend) distribution(ctx *pulumi.Context, args *FrontendArgs, buckets []*siteBucket) (*cloudfront.Distribution, error) {
	physical := args.Placement.Of(limitRole, "site") // 64 characters for access controls and functions
	control, err := cloudfront.NewOriginAccessControl(ctx, "site", &cloudfront.OriginAccessControlArgs{
		Name:                          pulumi.String(physical),
		Description:                   pulumi.String("The distribution signs what it asks of the site's buckets"),
		OriginAccessControlOriginType: pulumi.String("s3"),
		SigningBehavior:               pulumi.String("always"),
		SigningProtocol:               pulumi.String("sigv4"),
	}, pulumi.Parent(f))
	if err != nil {
		return nil, fmt.Errorf("creating the origin access control: %w", err)
	}
	pages, err := cloudfront.NewFunction(ctx, "pages", &cloudfront.FunctionArgs{
		Name:    pulumi.String(args.Placement.Of(limitFunction, "pages")),
		Comment: pulumi.String("Page routes are answered by the entry page"),
		Runtime: pulumi.String("cloudfront-js-2.0"),
		Code:    pulumi.String(pageRouting),
		Publish: pulumi.Bool(true),
	}, pulumi.Parent(f))
	if err != nil {
		return nil, fmt.Errorf("creating the page routing function: %w", err)
	}
	f.FunctionName = pages.Name
	headers, err := f.headers(ctx, args)
	if err != nil {
		return nil, err
	}
	made := &cloudfront.DistributionArgs{
		Enabled:           pulumi.Bool(true),
		Comment:           pulumi.String(physical),
		HttpVersion:       pulumi.String("http2and3"),
		IsIpv6Enabled:     pulumi.Bool(true),
		PriceClass:        pulumi.String(args.Settings.PriceClass),
		DefaultRootObject: pulumi.String(rootObject),
		DefaultCacheBehavior: &cloudfront.DistributionDefaultCacheBehaviorArgs{
			TargetOriginId:          pulumi.String(originPrimary),
			ViewerProtocolPolicy:    pulumi.String("redirect-to-https"),
			AllowedMethods:          pulumi.ToStringArray([]string{"GET", "HEAD", "OPTIONS"}),
			CachedMethods:           pulumi.ToStringArray([]string{"GET", "HEAD"}),
			Compress:                pulumi.Bool(true),
			CachePolicyId:           pulumi.String(cachingOptimized),
			ResponseHeadersPolicyId: headers.ID(),
			FunctionAssociations: cloudfront.DistributionDefaultCacheBehaviorFunctionAssociationArray{
				&cloudfront.DistributionDefaultCacheBehaviorFunctionAssociationArgs{
					EventType: pulumi.String("viewer-request"), FunctionArn: pages.Arn,
				},
			},
		},
		// The API is not behind this distribution, so this page hides none of its errors; the code stays 404.
		CustomErrorResponses: cloudfront.DistributionCustomErrorResponseArray{&cloudfront.DistributionCustomErrorResponseArgs{
			ErrorCode: pulumi.Int(404), ResponseCode: pulumi.Int(404), ResponsePagePath: pulumi.String(missingPage),
			ErrorCachingMinTtl: pulumi.Int(missingCacheSeconds),
		}},
		// Countries are the web ACL's business: there a rule can count before it blocks.
		Restrictions: &cloudfront.DistributionRestrictionsArgs{
			GeoRestriction: &cloudfront.DistributionRestrictionsGeoRestrictionArgs{RestrictionType: pulumi.String("none")},
		},
		ViewerCertificate: &cloudfront.DistributionViewerCertificateArgs{CloudfrontDefaultCertificate: pulumi.Bool(true)},
	}
	origin := func(id string, bucket *siteBucket) *cloudfront.DistributionOriginArgs {
		return &cloudfront.DistributionOriginArgs{
			OriginId: pulumi.String(id), DomainName: bucket.Bucket.BucketRegionalDomainName, OriginAccessControlId: control.ID().ToStringOutput(),
		}
	}
	origins := cloudfront.DistributionOriginArray{origin(originPrimary, buckets[0])}
	if args.Settings.Failover {
		origins = append(origins, origin(originRecovery, buckets[1]))
		made.OriginGroups = failover()
		made.DefaultCacheBehavior.(*cloudfront.DistributionDefaultCacheBehaviorArgs).TargetOriginId = pulumi.String(originGroup)
	}
	made.Origins = origins
	if args.Certificates != nil {
		made.Aliases = pulumi.StringArray{pulumi.String(args.Domain)}
		made.ViewerCertificate = &cloudfront.DistributionViewerCertificateArgs{
			AcmCertificateArn: args.Certificates.EdgeArn, SslSupportMethod: pulumi.String("sni-only"), MinimumProtocolVersion: pulumi.String(edgeTLSPolicy),
		}
	}
	if args.Waf.HasEdge {
		made.WebAclId = args.Waf.EdgeArn
	}
	distribution, err := cloudfront.NewDistribution(ctx, "site", made, pulumi.Parent(f))
	if err != nil {
		return nil, fmt.Errorf("creating the distribution: %w", err)
	}
	return distribution, nil
}

// failover asks the recovery bucket where the region of the first one fails. 403 and 404 are not in the list: a missing
// file is missing in both, and every scan for /wp-login.php would ask twice.
func failover() cloudfront.DistributionOriginGroupArray {
	return cloudfront.DistributionOriginGroupArray{&cloudfront.DistributionOriginGroupArgs{
		OriginId: pulumi.String(originGroup),
		FailoverCriteria: &cloudfront.DistributionOriginGroupFailoverCriteriaArgs{
			StatusCodes: pulumi.ToIntArray([]int{500, 502, 503, 504}),
		},
		Members: cloudfront.DistributionOriginGroupMemberArray{
			&cloudfront.DistributionOriginGroupMemberArgs{OriginId: pulumi.String(originPrimary)},
			&cloudfront.DistributionOriginGroupMemberArgs{OriginId: pulumi.String(originRecovery)},
		},
	}}
}

// names points the domain to the distribution, for IPv4 and IPv6.
func (f *Frontend) names(ctx *pulumi.Context, args *FrontendArgs, distribution *cloudfront.Distribution) error {
	for logical, kind := range map[string]string{"site": "A", "site-ipv6": "AAAA"} {
		if _, err := route53.NewRecord(ctx, logical, &route53.RecordArgs{
			ZoneId: args.Certificates.ZoneId, Name: pulumi.String(args.Domain), Type: pulumi.String(kind),
			Aliases: route53.RecordAliasArray{&route53.RecordAliasArgs{
				Name: distribution.DomainName, ZoneId: distribution.HostedZoneId,
				// Route 53 can't look at a distribution's health: true is refused.
				EvaluateTargetHealth: pulumi.Bool(false),
			}},
		}, pulumi.Parent(f)); err != nil {
			return fmt.Errorf("creating the record %s %s: %w", kind, args.Domain, err)
		}
	}
	return nil
}

// siteBucket is one of the site's buckets; replication and content wait for its Versioning.
type siteBucket struct {
	Bucket     *s3.BucketV2
	Logical    string
	Physical   string
	Region     *Region
	Versioning pulumi.Resource
}
