package reviewtest

const (
	archive      = "aws:s3/bucketV2:BucketV2::archive"
	siteBucket   = "aws:s3/bucketV2:BucketV2::site"
	siteCopy     = "aws:s3/bucketV2:BucketV2::site-recovery"
	archiveBlock = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock::archive"
	siteBlock    = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock::site"
	archiveRules = "aws:s3/bucketPolicy:BucketPolicy::archive"
	siteRules    = "aws:s3/bucketPolicy:BucketPolicy::site"
)

func s3() []Variant {
	const (
		copyBlock  = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock::site-recovery"
		ownership  = "aws:s3/bucketOwnershipControls:BucketOwnershipControls::"
		logging    = "aws:s3/bucketLoggingV2:BucketLoggingV2::site-recovery"
		expiration = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2::"
	)
	return []Variant{
		{Name: "a bucket whose public policies hold", Stack: Staging, Control: "S3.8", Wants: archive, Joins: true,
			Edit: put(archiveBlock, "restrictPublicBuckets", false)},
		{Name: "a bucket that takes public ACLs", Stack: Production, Control: "S3.8", Wants: siteCopy, Joins: true, Edit: unset(copyBlock, "blockPublicAcls")},
		{Name: "the public access block is another bucket's", Stack: Staging, Control: "S3.8", Wants: archive, Joins: true,
			Edit: aim(archiveBlock, "bucket", siteBucket, "bucket")},
		{Name: "the public access block is gone", Stack: Domain, Control: "S3.8", Wants: siteBucket, Joins: true, Edit: remove(siteBlock)},
		{Name: "the log bucket is in another region", Stack: Production, Control: "S3.9", Wants: siteCopy, Joins: true, Also: []string{"S3.9"},
			Edit: aim(logging, "targetBucket", archive, "bucket")},
		{Name: "a bucket is not logged", Stack: Production, Control: "S3.9", Wants: siteCopy, Joins: true, Also: []string{"S3.9"}, Edit: remove(logging)},
		{Name: "a bucket with ACLs", Stack: Staging, Control: "S3.12", Wants: archive, Joins: true,
			Edit: put(ownership+"archive", "rule.objectOwnership", "ObjectWriter")},
		{Name: "a bucket whose owner is preferred only", Stack: Production, Control: "S3.12", Wants: siteBucket, Joins: true,
			Edit: put(ownership+"site", "rule.objectOwnership", "BucketOwnerPreferred")},
		{Name: "a bucket gets an ACL", Stack: Staging, Control: "S3.12", Wants: siteBucket, Joins: true, Edit: withACL("log-delivery-write")},
		{Name: "a lifecycle that is off", Stack: Staging, Control: "S3.13", Wants: archive, Joins: true,
			Edit: put(expiration+"archive", "rules.0.status", "Disabled")},
		{Name: "the lifecycle is another bucket's", Stack: Domain, Control: "S3.13", Wants: siteBucket, Joins: true,
			Edit: aim(expiration+"site", "bucket", archive, "bucket")},
	}
}

// withACL gives the site's bucket an ACL.
func withACL(name string) func(*Export) {
	return func(e *Export) {
		bucket := e.Text(siteBucket, "bucket")
		e.Add(siteBucket, "aws:s3/bucketAclV2:BucketAclV2", "site", bucket+","+name, map[string]any{"bucket": bucket, "acl": name})
	}
}
