package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ArchiveType is the type token of Archive.
const ArchiveType = "itrack:infra:Archive"

// Prefixes of the kinds of logs in a log bucket. The bucket policy opens exactly these: who delivers logs must use them.
const (
	ArchiveBalancerPrefix = "balancer"
	ArchiveEdgePrefix     = "cloudfront"
	ArchiveS3Prefix       = "s3"
)

// Days after which what no reader sees any more goes: versions that a delete left behind, and halves of uploads.
const (
	archiveNoncurrentDays = 30
	archiveMultipartDays  = 7
)

// Archive is the log buckets: one in the primary region, one in every further region that has buckets of ours.
type Archive struct {
	pulumi.ResourceState

	// Bucket: name of the primary bucket.
	Bucket pulumi.StringOutput
	// BucketArn: its ARN.
	BucketArn pulumi.StringOutput
	// ByRegion: bucket name by region name.
	ByRegion map[string]pulumi.StringOutput
	// Ready: bucket policies: who delivers logs depends on them.
	Ready []pulumi.Resource
}

// ArchiveArgs are what Archive is made from.
type ArchiveArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: lifecycle.
	Settings ArchiveSettings
	// Regions: regions that need a log bucket, primary first.
	Regions []*Region
	// Protect: refuse deletion.
	Protect bool
}

// NewArchive makes the log buckets. S3 delivers access logs only into a bucket of the same region, hence one per region.
func NewArchive(ctx *pulumi.Context, name string, args *ArchiveArgs, opts ...pulumi.ResourceOption) (*Archive, error) {
	component := &Archive{ByRegion: map[string]pulumi.StringOutput{}}
	if err := ctx.RegisterComponentResource(ArchiveType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating archive: %w", err)
	}
	outputs := pulumi.Map{}
	names := pulumi.StringMap{}
	for i, region := range args.Regions {
		bucket, err := component.bucket(ctx, regional(args.Placement, region, "archive"), args, region)
		if err != nil {
			return nil, err
		}
		component.ByRegion[region.Name] = bucket.Bucket
		names[region.Name] = bucket.Bucket
		if i == 0 {
			component.Bucket, component.BucketArn = bucket.Bucket, bucket.Arn
			outputs["bucket"], outputs["bucketArn"] = bucket.Bucket, bucket.Arn
		}
	}
	outputs["byRegion"] = names
	if err := ctx.RegisterResourceOutputs(component, outputs); err != nil {
		return nil, fmt.Errorf("creating archive: %w", err)
	}
	return component, nil
}

// bucketName is unique in the world: bucket names are shared by all accounts of a partition.
func (p *Placement) bucketName(kind string, region *Region) string {
	return shorten(fmt.Sprintf("%s-%s-%s-%s-%s", Project, kind, p.Environment, p.Account, region.Name), limitBucket)
}

// bucket makes one log bucket with everything that guards it, and appends its policy to Ready.
func (a *Archive) bucket(ctx *pulumi.Context, logical string, args *ArchiveArgs, region *Region) (*s3.BucketV2, error) {
	options := in(a, region)
	physical := args.Placement.bucketName("archive", region)
	// SSE-S3 and not a key of ours: neither the load balancer nor S3's own access logs can deliver into a bucket whose
	// default is SSE-KMS, and they then lose the logs without an error.
	bucket, _, err := newBucket(ctx, bucketArgs{
		Logical: logical, Physical: physical, Protect: args.Protect, Rules: archiveRules(args.Settings),
		// A bucket with objects can't be deleted; where nothing is protected, logs must not hold up a destroy.
		ForceDestroy: !args.Protect,
	}, options)
	if err != nil {
		return nil, err
	}
	document, err := Policy(archiveStatements(args.Placement, region, physical)...)
	if err != nil {
		return nil, err
	}
	policy, err := s3.NewBucketPolicy(ctx, logical, &s3.BucketPolicyArgs{Bucket: bucket.ID(), Policy: pulumi.String(document)}, options...)
	if err != nil {
		return nil, fmt.Errorf("creating the policy of log bucket %s: %w", physical, err)
	}
	a.Ready = append(a.Ready, policy)
	return bucket, nil
}

// archiveRules is the life of an access log: warm, then infrequent access, then gone.
func archiveRules(settings ArchiveSettings) s3.BucketLifecycleConfigurationV2RuleArray {
	return s3.BucketLifecycleConfigurationV2RuleArray{
		&s3.BucketLifecycleConfigurationV2RuleArgs{
			Id: pulumi.String("age"), Status: pulumi.String("Enabled"),
			// An empty filter means every object; without a filter S3 takes the rule for one of the old kind and the
			// provider shows a difference for ever.
			Filter: &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")},
			Transitions: s3.BucketLifecycleConfigurationV2RuleTransitionArray{&s3.BucketLifecycleConfigurationV2RuleTransitionArgs{
				Days: pulumi.Int(settings.ColdAfterDays), StorageClass: pulumi.String("STANDARD_IA"),
			}},
			Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(settings.RetentionDays)},
			NoncurrentVersionExpiration: &s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
				NoncurrentDays: pulumi.Int(archiveNoncurrentDays),
			},
			AbortIncompleteMultipartUpload: &s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
				DaysAfterInitiation: pulumi.Int(archiveMultipartDays),
			},
		},
	}
}

// archiveStatements let the three services write their logs, each below its own prefix and for this account alone. The
// balancer and CloudFront deliver into the primary bucket only.
//
// Sources: "Access logs for your Application Load Balancer" (ELB user guide), "Logs sent to Amazon S3" (CloudWatch Logs
// user guide), "Enabling Amazon S3 server access logging" (S3 user guide).
func archiveStatements(placement *Placement, region *Region, bucket string) []Statement {
	arn := "arn:" + placement.Partition + ":s3:::" + bucket
	account := []string{placement.Account}
	statements := []Statement{tlsOnly(arn), {
		Sid: "S3AccessLogs", Principals: Principals{Services: []string{placement.Principal("logging.s3")}},
		Actions: []string{"s3:PutObject"}, Resources: []string{arn + "/" + ArchiveS3Prefix + "/*"},
		Conditions: map[string]map[string][]string{
			"StringEquals": {"aws:SourceAccount": account},
			"ArnLike":      {"aws:SourceArn": {"arn:" + placement.Partition + ":s3:::" + Project + "-*"}},
		},
	}}
	if region != placement.Primary {
		return statements
	}
	return append(statements, Statement{
		Sid: "BalancerLogs", Principals: Principals{Services: []string{placement.Principal("logdelivery.elasticloadbalancing")}},
		Actions:   []string{"s3:PutObject"},
		Resources: []string{arn + "/" + ArchiveBalancerPrefix + "/AWSLogs/" + placement.Account + "/*"},
		Conditions: map[string]map[string][]string{
			"ArnLike": {"aws:SourceArn": {placement.Arn("elasticloadbalancing", region.Name, "loadbalancer/*")}},
		},
	}, Statement{
		// AWS writes this statement into the policy itself, where the caller may, when it finds none that does: the next
		// preview would then show a difference. Ours has the form that it accepts.
		Sid: "AWSLogDeliveryWrite", Principals: Principals{Services: []string{placement.Principal("delivery.logs")}},
		Actions:   []string{"s3:PutObject"},
		Resources: []string{arn + "/" + ArchiveEdgePrefix + "/AWSLogs/" + placement.Account + "/CloudFront/*"},
		Conditions: map[string]map[string][]string{
			"StringEquals": {"aws:SourceAccount": account, "s3:x-amz-acl": {"bucket-owner-full-control"}},
			// CloudFront's delivery sources live in the edge region, wherever the bucket is.
			"ArnLike": {"aws:SourceArn": {placement.Arn("logs", EdgeRegion, "delivery-source:*")}},
		},
	})
}
