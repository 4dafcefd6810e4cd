// Package s3 describes S3 to the stand-in.
package s3

import (
	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	bucketToken = "aws:s3/bucketV2:BucketV2"
	objectToken = "aws:s3/bucketObjectv2:BucketObjectv2"
	api         = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	guide       = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
)

// Service is what the stand-in knows of S3.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{
		bucketType(), policyType(), objectType(), loggingType(),
		part("bucketPublicAccessBlock:BucketPublicAccessBlock", "PublicAccessBlock", (*sdk.BucketPublicAccessBlockArgs)(nil), (*sdk.BucketPublicAccessBlock)(nil)),
		part("bucketOwnershipControls:BucketOwnershipControls", "BucketOwnershipControls", (*sdk.BucketOwnershipControlsArgs)(nil), (*sdk.BucketOwnershipControls)(nil)),
		part("bucketVersioningV2:BucketVersioningV2", "BucketVersioning", (*sdk.BucketVersioningV2Args)(nil), (*sdk.BucketVersioningV2)(nil)),
		part("bucketCorsConfigurationV2:BucketCorsConfigurationV2", "BucketCors", (*sdk.BucketCorsConfigurationV2Args)(nil), (*sdk.BucketCorsConfigurationV2)(nil)),
		encryptionType(), lifecycleType(), replicationType(),
	}}
}

func bucketRef(path string) catalog.Ref {
	return catalog.Ref{Path: path, To: []string{bucketToken}, Code: "NoSuchBucket", Message: "The specified bucket does not exist: {value}"}
}

// hostedZones are the Route 53 zones of S3's website endpoints, by region; BucketV2 returns them.
// https://docs.aws.amazon.com/general/latest/gr/s3.html
var hostedZones = map[string]string{"us-east-1": "Z3AQBSTGFYJSTF", "us-east-2": "Z2O1EMRO9K5GLX", "us-west-1": "Z2F56UZL2M1ACD",
	"us-west-2": "Z3BJ6K6RIION7M", "eu-west-1": "Z1BKCTXD74EZPE", "eu-central-1": "Z21DNDUVLTQW6Q"}

func bucketType() catalog.Type {
	return catalog.Type{
		Token: bucketToken, Args: (*sdk.BucketV2Args)(nil), Resource: (*sdk.BucketV2)(nil),
		Service: "S3", Action: "Bucket", Title: "S3 Bucket", Verbs: map[string]string{"update": "PutBucketTagging"},
		ARN: "arn:{partition}:s3:::{bucket}", ID: catalog.Templated("{bucket}"),
		Name: catalog.Name{Property: "bucket", Auto: 63, Prefix: "bucketPrefix", Lower: true, Scope: catalog.InWorld, Code: "BucketAlreadyExists",
			Message: "The requested bucket name is not available. The bucket namespace is shared by all users of the system: {name}"},
		Defaults: map[string]any{"requestPayer": "BucketOwner"},
		Blank:    []string{"bucketPrefix", "accelerationStatus", "policy", "websiteDomain", "websiteEndpoint", "acl"},
		Check:    checkBucket,
		Compute: func(c *catalog.Call) error {
			c.Set("bucketDomainName", c.Str("bucket")+".s3.amazonaws.com")
			c.Set("bucketRegionalDomainName", c.Str("bucket")+".s3."+c.Region+".amazonaws.com")
			c.Set("region", c.Region)
			c.Set("hostedZoneId", hostedZones[c.Region])
			return nil
		},
	}
}

// checkBucket refuses the inline settings that fight with the resources of their own.
func checkBucket(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	for _, inline := range []string{"versionings", "serverSideEncryptionConfigurations", "lifecycleRules", "loggings", "policy", "grants", "acl", "corsRules", "replicationConfigurations", "websites"} {
		if c.Has(inline) {
			problems = append(problems, catalog.Problem{Property: inline, Rule: "a resource of its own", Message: "is deprecated on BucketV2: use the resource of its own",
				Source: "https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucketv2/"})
		}
	}
	return problems
}

// part describes a resource that is a part of a bucket: one of each kind per bucket, put over whatever was there.
func part(kind, action string, args, res any) catalog.Type {
	return catalog.Type{
		Token: "aws:s3/" + kind, Args: args, Resource: res, Service: "S3", Action: action, Title: "S3 " + action,
		Verbs: map[string]string{"create": "Put" + action, "update": "Put" + action}, ID: catalog.Templated("{bucket}"), Overwrites: true,
		Refs: []catalog.Ref{bucketRef("bucket")}, Source: api + "API_Put" + action + ".html",
	}
}

func encryptionType() catalog.Type {
	t := part("bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "BucketEncryption",
		(*sdk.BucketServerSideEncryptionConfigurationV2Args)(nil), (*sdk.BucketServerSideEncryptionConfigurationV2)(nil))
	t.Sets = []string{"rules"}
	t.Refs = append(t.Refs, catalog.Ref{Path: "rules[].applyServerSideEncryptionByDefault.kmsMasterKeyId",
		To: []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey", "aws:kms/alias:Alias"}, By: catalog.ByIDOrARN,
		Code: "KMS.NotFoundException", Message: "Key '{value}' does not exist in the bucket's region"})
	return t
}

func lifecycleType() catalog.Type {
	t := part("bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "BucketLifecycleConfiguration",
		(*sdk.BucketLifecycleConfigurationV2Args)(nil), (*sdk.BucketLifecycleConfigurationV2)(nil))
	// Younger than the facts' schema; S3 answers it always.
	t.Computed = []string{"transitionDefaultMinimumObjectSize"}
	t.Blank = []string{"expectedBucketOwner"}
	t.Compute = func(c *catalog.Call) error {
		c.SetNew("transitionDefaultMinimumObjectSize", "all_storage_classes_128K")
		return nil
	}
	return t
}

func policyType() catalog.Type {
	t := part("bucketPolicy:BucketPolicy", "BucketPolicy", (*sdk.BucketPolicyArgs)(nil), (*sdk.BucketPolicy)(nil))
	t.Documents = map[string]catalog.Document{"policy": {Code: "MalformedPolicy"}}
	t.Refuse = refuseBucketPolicy
	return t
}

// refuseBucketPolicy applies the grammar of policies.
func refuseBucketPolicy(c *catalog.Call) *catalog.Error {
	return policy.Check(c, "policy", policy.Rules{Code: "MalformedPolicy", Principal: true, MaxSize: 20480, SizeCode: "PolicyTooLarge", SizeQuota: "the bucket's policy"})
}

func loggingType() catalog.Type {
	t := part("bucketLoggingV2:BucketLoggingV2", "BucketLogging", (*sdk.BucketLoggingV2Args)(nil), (*sdk.BucketLoggingV2)(nil))
	// The reference looks in the bucket's own region only, as S3 does.
	t.Refs = append(t.Refs, catalog.Ref{Path: "targetBucket", To: []string{bucketToken}, Code: "InvalidTargetBucketForLogging",
		Message: "The target bucket for logging does not exist, or is not in the region of the bucket: {value}"})
	return t
}

func objectType() catalog.Type {
	return catalog.Type{
		Token: objectToken, Args: (*sdk.BucketObjectv2Args)(nil), Resource: (*sdk.BucketObjectv2)(nil),
		Service: "S3", Action: "Object", Title: "S3 Object", Verbs: map[string]string{"create": "PutObject", "update": "PutObject"},
		ARN: "arn:{partition}:s3:::{bucket}/{key}",
		// The provider's id is the key alone; two buckets may hold the same key, and ids are unique in the pretend cloud.
		ID: catalog.Templated("{bucket}/{key}"), Overwrites: true,
		Name:     catalog.Name{Property: "key"},
		Defaults: map[string]any{"storageClass": "STANDARD", "forceDestroy": false},
		Blank:    []string{"acl", "checksumCrc32", "checksumCrc32c", "checksumCrc64nvme", "checksumSha1", "checksumSha256", "kmsKeyId", "contentType", "versionId"},
		Computed: []string{"contentType", "checksumCrc64nvme"},
		Volatile: []string{"etag", "versionId"},
		Refs: []catalog.Ref{{Path: "bucket", To: []string{bucketToken}, Code: "NoSuchBucket", Message: "The specified bucket does not exist: {value}",
			Blocks: true, BlockCode: "BucketNotEmpty"}},
		Compute: func(c *catalog.Call) error {
			c.Set("etag", catalog.Hex(32))
			c.Set("versionId", catalog.Letters(32, catalog.MixedDigits))
			c.SetNew("contentType", "binary/octet-stream")
			c.SetNew("serverSideEncryption", "AES256")
			return nil
		},
		Source: api + "API_PutObject.html",
	}
}
