package infra

import (
	_ "embed" // the first content and the page routing function
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

var (
	//go:embed site/pages.js
	pageRouting string
	//go:embed site/index.html
	firstPage string
	//go:embed site/404.html
	firstMissingPage string
)

// siteMultipartDays is when the halves of broken uploads go: nobody sees them, but they cost.
const siteMultipartDays = 7

// bucket makes one bucket of the site. Its files are public by nature, and CloudFront reads them for anybody: SSE-S3
// guards the disks. A key of ours would guard nothing more, would have to name the distribution in its policy (which
// needs the bucket, which needs the key) and would cost a KMS request for every miss of the cache.
func (f *Frontend) bucket(ctx *pulumi.Context, args *FrontendArgs, logical string, region *Region) (*siteBucket, error) {
	options, physical := in(f, region), args.Placement.bucketName("site", region)
	bucket, versioning, err := newBucket(ctx, bucketArgs{
		Logical: logical, Physical: physical, Protect: args.Protect, ForceDestroy: args.Settings.ForceDestroy,
		Rules: siteRules(args.Settings.KeepDays),
	}, options)
	if err != nil {
		return nil, err
	}
	if _, err := s3.NewBucketLoggingV2(ctx, logical, &s3.BucketLoggingV2Args{
		Bucket: bucket.ID(), TargetBucket: args.Archive.ByRegion[region.Name], TargetPrefix: pulumi.String(ArchiveS3Prefix + "/" + physical + "/"),
	}, with(options, pulumi.DependsOn(args.Archive.Ready))...); err != nil {
		return nil, fmt.Errorf("creating the access logs of bucket %s: %w", physical, err)
	}
	return &siteBucket{Bucket: bucket, Logical: logical, Physical: physical, Region: region, Versioning: versioning}, nil
}

// siteRules let replaced files go when nobody rolls back to them any more.
func siteRules(keepDays int) s3.BucketLifecycleConfigurationV2RuleArray {
	return s3.BucketLifecycleConfigurationV2RuleArray{&s3.BucketLifecycleConfigurationV2RuleArgs{
		Id: pulumi.String("replaced"), Status: pulumi.String("Enabled"),
		// An empty prefix is every object; without a filter the provider shows a difference for ever.
		Filter: &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")},
		NoncurrentVersionExpiration: &s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
			NoncurrentDays: pulumi.Int(keepDays),
		},
		// A deleted file leaves a marker; it goes with the last version that it hides.
		Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{ExpiredObjectDeleteMarker: pulumi.Bool(true)},
		AbortIncompleteMultipartUpload: &s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
			DaysAfterInitiation: pulumi.Int(siteMultipartDays),
		},
	}}
}

// readers lets the one distribution read the bucket. Listing is what makes S3 answer 404 for a missing file, where it
// says 403 otherwise; the distribution hands no query string on, so that nobody lists by it.
func (f *Frontend) readers(ctx *pulumi.Context, args *FrontendArgs, bucket *siteBucket) error {
	service := args.Placement.Principal("cloudfront")
	document := PolicyFrom([]pulumi.StringInput{bucket.Bucket.Arn, f.DistributionArn}, func(known []string) []Statement {
		arn, from := known[0], map[string]map[string][]string{"StringEquals": {"aws:SourceArn": {known[1]}}}
		return []Statement{tlsOnly(arn), {
			Sid: "DistributionReads", Principals: Principals{Services: []string{service}},
			Actions: []string{"s3:GetObject"}, Resources: []string{arn + "/*"}, Conditions: from,
		}, {
			Sid: "DistributionSeesWhatIsMissing", Principals: Principals{Services: []string{service}},
			Actions: []string{"s3:ListBucket"}, Resources: []string{arn}, Conditions: from,
		}}
	})
	if _, err := s3.NewBucketPolicy(ctx, bucket.Logical, &s3.BucketPolicyArgs{Bucket: bucket.Bucket.ID(), Policy: document}, in(f, bucket.Region)...); err != nil {
		return fmt.Errorf("creating the policy of bucket %s: %w", bucket.Physical, err)
	}
	return nil
}

// content puts the first pages into the bucket. From then on deployments own what lies there: without the exception an
// `up` would put the first page back over the deployed one.
func (f *Frontend) content(ctx *pulumi.Context, bucket *siteBucket, ready []pulumi.Resource) error {
	for logical, page := range map[string]struct{ key, text string }{
		"site-index": {rootObject, firstPage}, "site-404": {missingPage[1:], firstMissingPage},
	} {
		if _, err := s3.NewBucketObjectv2(ctx, logical, &s3.BucketObjectv2Args{
			Bucket: bucket.Bucket.ID(), Key: pulumi.String(page.key), Content: pulumi.String(page.text),
			ContentType: pulumi.String("text/html; charset=utf-8"),
			// Entry pages are asked for anew each time; files with a hash in their name are what may be kept.
			CacheControl: pulumi.String("no-cache"),
		}, with(in(f, bucket.Region), pulumi.DependsOn(slices.Concat(ready, []pulumi.Resource{bucket.Versioning})), pulumi.IgnoreChanges(siteOwnedByDeployments))...); err != nil {
			return fmt.Errorf("creating the first %s: %w", page.key, err)
		}
	}
	return nil
}

// siteOwnedByDeployments are the fields of an object that `deploy-apps` writes. All that S3 gives back of an object is
// in the list: one that is missing is a difference after every deployment.
var siteOwnedByDeployments = []string{
	"content", "contentType", "contentEncoding", "contentLanguage", "contentDisposition", "cacheControl", "metadata",
	"etag", "source", "sourceHash", "storageClass", "tags", "tagsAll", "websiteRedirect", "checksumAlgorithm",
}
