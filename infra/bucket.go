package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// bucketArgs describes a bucket as every bucket of the stack is.
type bucketArgs struct {
	Logical, Physical string
	// Protect refuses deletion in Pulumi; ForceDestroy lets AWS delete the bucket with what is in it.
	Protect, ForceDestroy bool
	Rules                 s3.BucketLifecycleConfigurationV2RuleArray
}

// newBucket makes a private bucket: no public way in, no ACLs, encrypted with SSE-S3, versioned, with a lifecycle. The
// versioning is returned for what needs it first, such as replication.
func newBucket(ctx *pulumi.Context, args bucketArgs, options []pulumi.ResourceOption) (*s3.BucketV2, *s3.BucketVersioningV2, error) {
	bucket, err := s3.NewBucketV2(ctx, args.Logical, &s3.BucketV2Args{
		Bucket: pulumi.String(args.Physical), ForceDestroy: pulumi.Bool(args.ForceDestroy),
	}, with(options, pulumi.Protect(args.Protect))...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating the bucket %s: %w", args.Physical, err)
	}
	if err := guardBucket(ctx, args.Logical, bucket, options); err != nil {
		return nil, nil, err
	}
	if _, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, args.Logical, &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{&s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
				SseAlgorithm: pulumi.String("AES256"),
			},
		}},
	}, options...); err != nil {
		return nil, nil, fmt.Errorf("creating the encryption of bucket %s: %w", args.Physical, err)
	}
	versioning, err := s3.NewBucketVersioningV2(ctx, args.Logical, &s3.BucketVersioningV2Args{
		Bucket:                  bucket.ID(),
		VersioningConfiguration: &s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("creating the versioning of bucket %s: %w", args.Physical, err)
	}
	if _, err := s3.NewBucketLifecycleConfigurationV2(ctx, args.Logical, &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.ID(), Rules: args.Rules,
		// Rules on noncurrent versions are about a versioned bucket: versioning comes first.
	}, with(options, pulumi.DependsOn([]pulumi.Resource{versioning}))...); err != nil {
		return nil, nil, fmt.Errorf("creating the lifecycle of bucket %s: %w", args.Physical, err)
	}
	return bucket, versioning, nil
}

// guardBucket blocks every public way into a bucket and switches ACLs off.
func guardBucket(ctx *pulumi.Context, logical string, bucket *s3.BucketV2, options []pulumi.ResourceOption) error {
	if _, err := s3.NewBucketPublicAccessBlock(ctx, logical, &s3.BucketPublicAccessBlockArgs{
		Bucket:          bucket.ID(),
		BlockPublicAcls: pulumi.Bool(true), BlockPublicPolicy: pulumi.Bool(true),
		IgnorePublicAcls: pulumi.Bool(true), RestrictPublicBuckets: pulumi.Bool(true),
	}, options...); err != nil {
		return fmt.Errorf("creating the public access block %s: %w", logical, err)
	}
	if _, err := s3.NewBucketOwnershipControls(ctx, logical, &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.ID(),
		Rule:   &s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, options...); err != nil {
		return fmt.Errorf("creating the ownership controls %s: %w", logical, err)
	}
	return nil
}
