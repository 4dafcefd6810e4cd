package infra

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// hstsSeconds is two years, what browsers' preload lists ask for.
	hstsSeconds = 63072000
	// replicationRule is the rule's id and the dimension RuleId of its metrics.
	replicationRule = "site"
	// replicationMinutes is the only threshold that S3 takes for replication metrics.
	replicationMinutes = 15
)

// headers makes the security headers that every answer carries, whatever the file says.
func (f *Frontend) headers(ctx *pulumi.Context, args *FrontendArgs) (*cloudfront.ResponseHeadersPolicy, error) {
	always := pulumi.Bool(true)
	policy, err := cloudfront.NewResponseHeadersPolicy(ctx, "site", &cloudfront.ResponseHeadersPolicyArgs{
		Name:    pulumi.String(args.Placement.Of(limitGeneral, "site")),
		Comment: pulumi.String("Security headers of the site"),
		SecurityHeadersConfig: &cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs{
			StrictTransportSecurity: &cloudfront.ResponseHeadersPolicySecurityHeadersConfigStrictTransportSecurityArgs{
				// No preload: it takes months to leave that list, and the rest of the zone may not be ready.
				AccessControlMaxAgeSec: pulumi.Int(hstsSeconds), IncludeSubdomains: pulumi.Bool(true), Preload: pulumi.Bool(false), Override: always,
			},
			ContentSecurityPolicy: &cloudfront.ResponseHeadersPolicySecurityHeadersConfigContentSecurityPolicyArgs{
				ContentSecurityPolicy: pulumi.String(contentSecurityPolicy(args)), Override: always,
			},
			ContentTypeOptions: &cloudfront.ResponseHeadersPolicySecurityHeadersConfigContentTypeOptionsArgs{Override: always},
			FrameOptions: &cloudfront.ResponseHeadersPolicySecurityHeadersConfigFrameOptionsArgs{
				FrameOption: pulumi.String("DENY"), Override: always,
			},
			ReferrerPolicy: &cloudfront.ResponseHeadersPolicySecurityHeadersConfigReferrerPolicyArgs{
				ReferrerPolicy: pulumi.String("strict-origin-when-cross-origin"), Override: always,
			},
		},
		CustomHeadersConfig: &cloudfront.ResponseHeadersPolicyCustomHeadersConfigArgs{
			Items: cloudfront.ResponseHeadersPolicyCustomHeadersConfigItemArray{
				&cloudfront.ResponseHeadersPolicyCustomHeadersConfigItemArgs{
					Header: pulumi.String("Permissions-Policy"), Value: pulumi.String("camera=(), geolocation=(), microphone=(), payment=()"), Override: always,
				},
				&cloudfront.ResponseHeadersPolicyCustomHeadersConfigItemArgs{
					Header: pulumi.String("Cross-Origin-Opener-Policy"), Value: pulumi.String("same-origin"), Override: always,
				},
			},
		},
	}, pulumi.Parent(f))
	if err != nil {
		return nil, fmt.Errorf("creating the response headers policy: %w", err)
	}
	return policy, nil
}

// contentSecurityPolicy lets the pages load what lies beside them and call the API. Without a domain the API's own name
// is known only after the distribution (the API allows the distribution's name): every API of the region is let through.
func contentSecurityPolicy(args *FrontendArgs) string {
	api := "https://*.execute-api." + args.Placement.Primary.Name + ".amazonaws.com"
	if args.Certificates != nil {
		api = "https://" + args.Certificates.ApiHost
	}
	return strings.Join([]string{
		"default-src 'self'", "base-uri 'self'", "connect-src 'self' " + api, "font-src 'self'", "form-action 'self'",
		"frame-ancestors 'none'", "img-src 'self' data:", "object-src 'none'", "script-src 'self'", "style-src 'self'",
		"upgrade-insecure-requests",
	}, "; ")
}

// replicate copies the site to the bucket in the recovery region, deletions too: what a deployment takes away must not
// come back with a failover.
func (f *Frontend) replicate(ctx *pulumi.Context, args *FrontendArgs, from, to *siteBucket) (pulumi.Resource, error) {
	place := args.Placement
	trust, err := TrustServices(map[string]map[string][]string{
		"StringEquals": {"aws:SourceAccount": {place.Account}},
		"ArnLike":      {"aws:SourceArn": {"arn:" + place.Partition + ":s3:::" + from.Physical}},
	}, place.Principal("s3"))
	if err != nil {
		return nil, fmt.Errorf("creating the replication role: %w", err)
	}
	source, target := "arn:"+place.Partition+":s3:::"+from.Physical, "arn:"+place.Partition+":s3:::"+to.Physical
	document, err := Policy(
		Statement{Sid: "ReadRule", Actions: []string{"s3:GetReplicationConfiguration", "s3:ListBucket"}, Resources: []string{source}},
		Statement{Sid: "ReadFiles", Actions: []string{
			"s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging",
		}, Resources: []string{source + "/*"}},
		Statement{Sid: "WriteCopies", Actions: []string{"s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"}, Resources: []string{target + "/*"}},
	)
	if err != nil {
		return nil, fmt.Errorf("creating the replication role: %w", err)
	}
	role, err := newRole(ctx, "site-replication", place, RoleArgs{
		Parts: []string{"site", "replication"}, Description: "S3 copies the site to the recovery region", Trust: pulumi.String(trust),
		Policies: []RolePolicy{{Name: "copy", Document: pulumi.String(document)}},
	}, pulumi.Parent(f))
	if err != nil {
		return nil, err
	}
	replication, err := s3.NewBucketReplicationConfig(ctx, "site", &s3.BucketReplicationConfigArgs{
		Bucket: from.Bucket.ID(), Role: role.Arn,
		Rules: s3.BucketReplicationConfigRuleArray{&s3.BucketReplicationConfigRuleArgs{
			Id: pulumi.String(replicationRule), Status: pulumi.String("Enabled"), Priority: pulumi.Int(0),
			Filter:                  &s3.BucketReplicationConfigRuleFilterArgs{Prefix: pulumi.String("")},
			DeleteMarkerReplication: &s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs{Status: pulumi.String("Enabled")},
			Destination: &s3.BucketReplicationConfigRuleDestinationArgs{
				Bucket: to.Bucket.Arn,
				Metrics: &s3.BucketReplicationConfigRuleDestinationMetricsArgs{
					Status: pulumi.String("Enabled"),
					EventThreshold: &s3.BucketReplicationConfigRuleDestinationMetricsEventThresholdArgs{
						Minutes: pulumi.Int(replicationMinutes),
					},
				},
			},
		}},
		// S3 refuses replication between buckets that are not both versioned.
	}, with(in(f, from.Region), pulumi.DependsOn(slices.Concat(role.Ready, []pulumi.Resource{from.Versioning, to.Versioning})))...)
	if err != nil {
		return nil, fmt.Errorf("creating the site's replication: %w", err)
	}
	return replication, nil
}

// logs delivers access logs by CloudWatch's log delivery, which needs no ACL on the bucket (the older way does). All
// three parts live in the edge region, wherever the bucket is.
func (f *Frontend) logs(ctx *pulumi.Context, args *FrontendArgs, distribution *cloudfront.Distribution) error {
	options, physical := in(f, args.Placement.Edge), pulumi.String(args.Placement.Of(limitDelivery, "site"))
	source, err := cloudwatch.NewLogDeliverySource(ctx, "site", &cloudwatch.LogDeliverySourceArgs{
		Name: physical, LogType: pulumi.String("ACCESS_LOGS"), ResourceArn: distribution.Arn,
	}, options...)
	if err != nil {
		return fmt.Errorf("creating the source of access logs: %w", err)
	}
	destination, err := cloudwatch.NewLogDeliveryDestination(ctx, "site", &cloudwatch.LogDeliveryDestinationArgs{
		Name: physical, OutputFormat: pulumi.String("json"),
		DeliveryDestinationConfiguration: &cloudwatch.LogDeliveryDestinationDeliveryDestinationConfigurationArgs{
			DestinationResourceArn: pulumi.Sprintf("%s/%s", args.Archive.BucketArn, ArchiveEdgePrefix),
		},
	}, with(options, pulumi.DependsOn(args.Archive.Ready))...)
	if err != nil {
		return fmt.Errorf("creating the destination of access logs: %w", err)
	}
	// Fields and path are AWS's defaults: the path that AWS hands back begins with what it put before ours, and a path of
	// ours would be a difference in every preview.
	if _, err := cloudwatch.NewLogDelivery(ctx, "site", &cloudwatch.LogDeliveryArgs{
		DeliverySourceName: source.Name, DeliveryDestinationArn: destination.Arn,
	}, options...); err != nil {
		return fmt.Errorf("creating the delivery of access logs: %w", err)
	}
	return nil
}

// limitDelivery is the longest name of a delivery source or destination.
const limitDelivery = 60

// alarms: CloudFront's metrics live in the edge region, and so do their alarms.
func (f *Frontend) alarms(ctx *pulumi.Context, args *FrontendArgs, buckets []*siteBucket) error {
	edge := args.Placement.Edge
	// Cache hit rate, origin latency and error rates by code: what the dashboard shows and the latency alarm looks at.
	if _, err := cloudfront.NewMonitoringSubscription(ctx, "site", &cloudfront.MonitoringSubscriptionArgs{
		DistributionId: f.DistributionId,
		MonitoringSubscription: &cloudfront.MonitoringSubscriptionMonitoringSubscriptionArgs{
			RealtimeMetricsSubscriptionConfig: &cloudfront.MonitoringSubscriptionMonitoringSubscriptionRealtimeMetricsSubscriptionConfigArgs{
				RealtimeMetricsSubscriptionStatus: pulumi.String("Enabled"),
			},
		},
	}, pulumi.Parent(f)); err != nil {
		return fmt.Errorf("creating the further metrics of the distribution: %w", err)
	}
	distribution := pulumi.StringMap{"DistributionId": f.DistributionId, "Region": pulumi.String("Global")}
	for _, alarm := range []struct {
		logical string
		args    AlarmArgs
	}{
		{"site-5xx", AlarmArgs{
			Parts: []string{"site", "5xx"}, Severity: Critical,
			Description: "More than 5 percent of the site's requests fail at CloudFront or its bucket. Look first whether the bucket's policy still names the distribution, then at AWS's health page for S3 in the primary region.",
			Metric:      "5xxErrorRate", Statistic: "Average", Dimensions: distribution, Threshold: 5,
		}},
		{"site-latency", AlarmArgs{
			Parts: []string{"site", "latency"}, Severity: Warning,
			Description: "The site's bucket answers CloudFront slower than 2 seconds in 1 of 10 requests. Look first at the cache hit rate: a deployment without cache headers asks the bucket for everything.",
			Metric:      "OriginLatency", Statistic: "p90", Dimensions: distribution, Threshold: 2000,
		}},
		{"site-pages", AlarmArgs{
			Parts: []string{"site", "pages"}, Severity: Critical,
			Description: "The page routing function fails: page routes answer 503. Look first at the function's log group in us-east-1, and deploy the version before.",
			Metric:      "FunctionExecutionErrors", Statistic: "Sum", Threshold: 0,
			Dimensions: pulumi.StringMap{"FunctionName": f.FunctionName, "Region": pulumi.String("Global")},
		}},
	} {
		alarm.args.Namespace, alarm.args.Comparison = "AWS/CloudFront", "GreaterThanThreshold"
		// No requests, no value.
		alarm.args.PeriodSeconds, alarm.args.Periods, alarm.args.Breaching, alarm.args.Missing = 300, 3, 2, MissingIsGood
		if _, err := newAlarm(ctx, alarm.logical, args.Placement.Names, args.Alerts.In(edge), alarm.args, in(f, edge)...); err != nil {
			return err
		}
	}
	if !args.Settings.Failover {
		return nil
	}
	_, err := newAlarm(ctx, "site-replication", args.Placement.Names, args.Alerts.In(args.Placement.Primary), AlarmArgs{
		Parts: []string{"site", "replication"}, Severity: Warning,
		Description: "Files of the site did not reach the recovery region: a failover would serve an old mix. Look first at the replication role's policy, then put the files again (deploy-apps).",
		Namespace:   "AWS/S3", Metric: "OperationsFailedReplication", Statistic: "Sum",
		Dimensions: pulumi.StringMap{
			"SourceBucket": buckets[0].Bucket.Bucket, "DestinationBucket": buckets[1].Bucket.Bucket, "RuleId": pulumi.String(replicationRule),
		},
		Comparison: "GreaterThanThreshold", Threshold: 0, PeriodSeconds: 300, Periods: 1, Missing: MissingIsGood,
	}, pulumi.Parent(f))
	return err
}
