package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const bucketToken = "aws:s3/bucketV2:BucketV2"

// statements are a document's statements by Sid.
func statements(t *testing.T, d *declared, path string) map[string]map[string]any {
	t.Helper()
	bySid := map[string]map[string]any{}
	for _, raw := range d.document(t, path)["Statement"].([]any) {
		statement := raw.(map[string]any)
		bySid[statement["Sid"].(string)] = statement
	}
	return bySid
}

// The log buckets: names no other account can hold, encrypted, versioned, without ACLs, closed to the public, ageing.
func TestArchiveBuckets(t *testing.T) {
	type place struct{ logical, region, provider string }
	for stack, want := range map[string]struct {
		places    []place
		protect   bool
		cold, end float64
	}{
		"staging":    {[]place{{"archive", "us-east-1", "primary"}}, false, 30, 60},
		"production": {[]place{{"archive", "us-east-1", "primary"}, {"archive-us-west-2", "us-west-2", "recovery"}}, true, 90, 400},
	} {
		result := recorded(t, stack)
		for _, at := range want.places {
			name := "itrack-archive-" + stack + "-" + mockAccount + "-" + at.region
			bucket := result.one(t, bucketToken, at.logical)
			assert.Equal(t, name, bucket.str(t, "bucket"))
			assert.Equal(t, want.protect, bucket.Protect)
			assert.Equal(t, !want.protect, bucket.flag(t, "forceDestroy"))
			for _, token := range []string{
				bucketToken, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
				"aws:s3/bucketVersioningV2:BucketVersioningV2", "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
				"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "aws:s3/bucketPolicy:BucketPolicy",
			} {
				assert.Contains(t, result.one(t, token, at.logical).Provider, "::"+at.provider+"::", token)
			}
			block := result.one(t, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", at.logical)
			for _, flag := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
				assert.True(t, block.flag(t, flag), flag)
			}
			assert.Equal(t, "BucketOwnerEnforced",
				result.one(t, "aws:s3/bucketOwnershipControls:BucketOwnershipControls", at.logical).str(t, "rule.objectOwnership"))
			assert.Equal(t, "Enabled", result.one(t, "aws:s3/bucketVersioningV2:BucketVersioningV2", at.logical).str(t, "versioningConfiguration.status"))
			encryption := result.one(t, "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", at.logical)
			// With a KMS default the balancer's logs would be lost without an error.
			assert.Equal(t, "AES256", encryption.str(t, "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm"))
			rules := result.one(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", at.logical)
			assert.Equal(t, "Enabled", rules.str(t, "rules[0].status"))
			assert.InDelta(t, want.cold, rules.num(t, "rules[0].transitions[0].days"), 0)
			assert.Equal(t, "STANDARD_IA", rules.str(t, "rules[0].transitions[0].storageClass"))
			assert.InDelta(t, want.end, rules.num(t, "rules[0].expiration.days"), 0)
			assert.InDelta(t, 30, rules.num(t, "rules[0].noncurrentVersionExpiration.noncurrentDays"), 0)
			assert.InDelta(t, 7, rules.num(t, "rules[0].abortIncompleteMultipartUpload.daysAfterInitiation"), 0)
		}
	}
	assert.NotContains(t, recorded(t, "staging").names(bucketToken), "archive-us-west-2", "no bucket of ours there, no log bucket there")
}

// Who may write into a log bucket: three services, each below its own prefix and for this account alone; nobody without TLS.
func TestArchivePolicies(t *testing.T) {
	result := recorded(t, "production")
	arn := "arn:aws:s3:::itrack-archive-production-" + mockAccount + "-us-east-1"
	primary := statements(t, result.one(t, "aws:s3/bucketPolicy:BucketPolicy", "archive"), "policy")
	require.Len(t, primary, 4)
	assert.Equal(t, map[string]any{
		"Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": []any{arn, arn + "/*"},
		"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
	}, primary["TlsOnly"])
	assert.Equal(t, map[string]any{
		"Sid": "BalancerLogs", "Effect": "Allow", "Principal": map[string]any{"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
		"Action": "s3:PutObject", "Resource": arn + "/balancer/AWSLogs/" + mockAccount + "/*",
		"Condition": map[string]any{"ArnLike": map[string]any{"aws:SourceArn": "arn:aws:elasticloadbalancing:us-east-1:" + mockAccount + ":loadbalancer/*"}},
	}, primary["BalancerLogs"])
	assert.Equal(t, map[string]any{
		"Sid": "AWSLogDeliveryWrite", "Effect": "Allow", "Principal": map[string]any{"Service": "delivery.logs.amazonaws.com"},
		"Action": "s3:PutObject", "Resource": arn + "/cloudfront/AWSLogs/" + mockAccount + "/CloudFront/*",
		"Condition": map[string]any{
			"ArnLike":      map[string]any{"aws:SourceArn": "arn:aws:logs:us-east-1:" + mockAccount + ":delivery-source:*"},
			"StringEquals": map[string]any{"aws:SourceAccount": mockAccount, "s3:x-amz-acl": "bucket-owner-full-control"},
		},
	}, primary["AWSLogDeliveryWrite"])
	assert.Equal(t, map[string]any{
		"Sid": "S3AccessLogs", "Effect": "Allow", "Principal": map[string]any{"Service": "logging.s3.amazonaws.com"},
		"Action": "s3:PutObject", "Resource": arn + "/s3/*",
		"Condition": map[string]any{
			"ArnLike": map[string]any{"aws:SourceArn": "arn:aws:s3:::itrack-*"}, "StringEquals": map[string]any{"aws:SourceAccount": mockAccount},
		},
	}, primary["S3AccessLogs"])

	// Balancer and CloudFront deliver into the primary bucket only.
	second := statements(t, result.one(t, "aws:s3/bucketPolicy:BucketPolicy", "archive-us-west-2"), "policy")
	assert.Len(t, second, 2)
	assert.Contains(t, second, "TlsOnly")
	assert.Contains(t, second, "S3AccessLogs")
}

// CloudFront's log deliveries are of the edge region wherever the stack stands; the balancer's logs of the stack's own.
func TestArchivePolicyFollowsTheRegions(t *testing.T) {
	result := recordedWith(t, "staging", map[string]any{"aws:region": "us-west-2", "itrack:recovery": map[string]any{"region": "us-east-1"}})
	policy := statements(t, result.one(t, "aws:s3/bucketPolicy:BucketPolicy", "archive"), "policy")
	assert.Contains(t, policy["AWSLogDeliveryWrite"]["Condition"].(map[string]any)["ArnLike"].(map[string]any)["aws:SourceArn"], ":us-east-1:")
	assert.Contains(t, policy["BalancerLogs"]["Condition"].(map[string]any)["ArnLike"].(map[string]any)["aws:SourceArn"], ":us-west-2:")
	assert.Equal(t, "itrack-archive-staging-"+mockAccount+"-us-west-2", result.one(t, bucketToken, "archive").str(t, "bucket"))
}
