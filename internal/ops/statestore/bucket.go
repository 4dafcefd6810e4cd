package statestore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/itrack/itrack/internal/ops"
)

// findBucket tells whether the bucket exists; that of another account is an error. Every call names the owner that it
// expects: a bucket's name can be taken by anybody, and state must not go to a stranger.
func (s *setup) findBucket(ctx context.Context) (bool, error) {
	found, err := s.Primary().S3().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.bucket, ExpectedBucketOwner: &s.Account})
	if err == nil {
		return true, s.rightRegion(aws.ToString(found.BucketRegion))
	}
	// An answer to HEAD has no body, and so no code: the status tells.
	var answer *awshttp.ResponseError
	if !errors.As(err, &answer) {
		return false, ops.Explain("looking for the bucket "+s.bucket, err)
	}
	switch answer.HTTPStatusCode() {
	case http.StatusNotFound:
		return false, nil
	case http.StatusForbidden:
		return false, s.forbidden(ctx)
	case http.StatusMovedPermanently, http.StatusBadRequest:
		// Also credentials that have expired are 400: only another region tells that it is there.
		if err := s.rightRegion(answer.Response.Header.Get("X-Amz-Bucket-Region")); err != nil {
			return false, err
		}
	}
	return false, ops.Explain("looking for the bucket "+s.bucket, err)
}

// rightRegion refuses a bucket of another region.
func (s *setup) rightRegion(region string) error {
	if region == "" || region == s.Region {
		return nil
	}
	return &ops.Problem{Kind: ops.Usage, What: "looking for the bucket " + s.bucket,
		Why:  fmt.Sprintf("it exists in %s, and aws:region is %s", region, s.Region),
		Next: "name another bucket with itrack:github.stateBucket in Pulumi." + s.Settings.Environment + ".yaml"}
}

// forbidden tells apart why S3 does not let us look at the bucket: another account has it, or a right is missing.
func (s *setup) forbidden(ctx context.Context) error {
	what := "looking for the bucket " + s.bucket
	pages := s3.NewListBucketsPaginator(s.Primary().S3(), &s3.ListBucketsInput{Prefix: &s.bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			if ops.IsCode(err, "AccessDenied") {
				return &ops.Problem{What: what, Why: "AccessDenied: another account has a bucket of this name, or the role in use lacks s3:ListBucket on it and s3:ListAllMyBuckets",
					Next: "have the rights added, or name another bucket with itrack:github.stateBucket", Err: err}
			}
			return ops.Explain(what, err)
		}
		for _, bucket := range page.Buckets {
			if aws.ToString(bucket.Name) == s.bucket {
				return &ops.Problem{What: what, Why: "AccessDenied: it belongs to this account, and the role in use may not look at it",
					Next: "have s3:ListBucket on it added to the role (`aws sts get-caller-identity` tells the role)"}
			}
		}
	}
	return s.taken(what)
}

func (s *setup) taken(what string) error {
	return &ops.Problem{Kind: ops.Refused, What: what, Why: "another AWS account has a bucket of this name, and names are shared by all accounts: state must not go there",
		Next: "name another bucket with itrack:github.stateBucket in Pulumi." + s.Settings.Environment + ".yaml, and run this again"}
}

// setupBucket makes the bucket and compares its properties, the ones that keep others out first.
func (s *setup) setupBucket(ctx context.Context, exists bool) error {
	if !exists {
		if s.report.DryRun {
			s.report.Steps = append(s.report.Steps, Step{What: "bucket " + s.bucket, State: ToMake,
				Detail: "in " + s.Region + ": private, TLS only, encrypted with KMS, versioned; versions that were replaced are kept for 90 days"})
			return nil
		}
		if err := s.createBucket(ctx); err != nil {
			return err
		}
	} else {
		s.report.Steps = append(s.report.Steps, Step{What: "bucket " + s.bucket, State: Kept})
	}
	client := s.Primary().S3()
	for _, property := range []func(context.Context, *s3.Client) error{
		s.publicAccess, s.ownership, s.policy, s.encryption, s.versioning, s.lifecycle, s.bucketTags,
	} {
		if err := property(ctx, client); err != nil {
			return err
		}
	}
	return nil
}

func (s *setup) createBucket(ctx context.Context) error {
	what := "making the bucket " + s.bucket
	input := &s3.CreateBucketInput{Bucket: &s.bucket, ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced}
	// us-east-1 is the region of a bucket without a constraint, and no constraint that S3 takes.
	if s.Region != "us-east-1" {
		input.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(s.Region)}
	}
	err := s.outlast(ctx, what, inConflict, func() error {
		_, err := s.Primary().S3().CreateBucket(ctx, input)
		return err
	})
	switch {
	case ops.IsCode(err, "BucketAlreadyExists"):
		return s.taken(what)
	case ops.IsCode(err, "BucketAlreadyOwnedByYou"): // the answer to our own call was lost, or another run was quicker
	case err != nil:
		return ops.Explain(what, err)
	}
	s.report.Steps = append(s.report.Steps, Step{What: "bucket " + s.bucket, State: Made, Detail: "in " + s.Region})
	s.Say("bucket %s: made", s.bucket)
	wait := ops.Wait{For: "bucket " + s.bucket, Limit: settling, Every: s.Every(time.Second), Next: again}
	return wait.Until(ctx, func(ctx context.Context) (bool, string, error) {
		exists, err := s.findBucket(ctx)
		return exists, "S3 does not show it yet", err
	})
}

// mayUseBucket refuses a bucket that another environment uses, or that deletes the state.
func (s *setup) mayUseBucket(ctx context.Context) error {
	client := s.Primary().S3()
	tags, err := s.readTags(ctx, client)
	if err != nil {
		return err
	}
	if other := tags["Environment"]; other != "" && other != s.Settings.Environment {
		return ops.Refuse("using the bucket "+s.bucket, "it is tagged Environment="+other+
			": each environment has a bucket of its own, so that the role of one never reads the state of the other",
			"name another bucket with itrack:github.stateBucket in Pulumi."+s.Settings.Environment+".yaml")
	}
	lifecycle, err := s.readLifecycle(ctx, client)
	if err != nil {
		return err
	}
	for _, rule := range lifecycle.Rules {
		if expires(rule) {
			return ops.Refuse("using the bucket "+s.bucket, fmt.Sprintf("its lifecycle rule %q deletes current objects: it would delete the state", aws.ToString(rule.ID)),
				"remove that rule, or name another bucket with itrack:github.stateBucket")
		}
	}
	return nil
}

func (s *setup) publicAccess(ctx context.Context, client *s3.Client) error {
	out, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &s.bucket, ExpectedBucketOwner: &s.Account})
	absent := ops.IsMissing(err)
	if err != nil && !absent {
		return ops.Explain("reading whether the bucket "+s.bucket+" may be public", err)
	}
	good := false
	if !absent {
		has := out.PublicAccessBlockConfiguration
		good = aws.ToBool(has.BlockPublicAcls) && aws.ToBool(has.BlockPublicPolicy) && aws.ToBool(has.IgnorePublicAcls) && aws.ToBool(has.RestrictPublicBuckets)
	}
	return s.ensure(ctx, "bucket: public access blocked", good, absent, "", func() error {
		_, err := client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
			Bucket: &s.bucket, ExpectedBucketOwner: &s.Account, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
				BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
			},
		})
		return err
	})
}

func (s *setup) ownership(ctx context.Context, client *s3.Client) error {
	out, err := client.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &s.bucket, ExpectedBucketOwner: &s.Account})
	absent := ops.IsMissing(err)
	if err != nil && !absent {
		return ops.Explain("reading who owns the objects of the bucket "+s.bucket, err)
	}
	good := !absent && len(out.OwnershipControls.Rules) == 1 && out.OwnershipControls.Rules[0].ObjectOwnership == types.ObjectOwnershipBucketOwnerEnforced
	return s.ensure(ctx, "bucket: objects belong to its owner", good, absent, "", func() error {
		_, err := client.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{
			Bucket: &s.bucket, ExpectedBucketOwner: &s.Account,
			OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: types.ObjectOwnershipBucketOwnerEnforced}}},
		})
		if ops.IsCode(err, "InvalidBucketAclWithObjectOwnership") {
			return ops.Refuse("switching off the access lists of the bucket "+s.bucket, "its access list gives somebody else rights",
				fmt.Sprintf("if they are not needed: `aws s3api put-bucket-acl --bucket %s --acl private`, then run this again", s.bucket))
		}
		return err
	})
}

// encryption is KMS with S3's own key of the account, and not the key of the secrets: whoever may read the state needs no
// right on a key besides, and the role of previews, which may not decrypt with keys of the environment, can read it.
// A bucket that has a KMS key keeps it.
func (s *setup) encryption(ctx context.Context, client *s3.Client) error {
	out, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &s.bucket, ExpectedBucketOwner: &s.Account})
	absent := ops.IsMissing(err)
	if err != nil && !absent {
		return ops.Explain("reading the encryption of the bucket "+s.bucket, err)
	}
	good, detail := false, ""
	if !absent {
		for _, rule := range out.ServerSideEncryptionConfiguration.Rules {
			if by := rule.ApplyServerSideEncryptionByDefault; by != nil && strings.HasPrefix(string(by.SSEAlgorithm), string(types.ServerSideEncryptionAwsKms)) {
				good = true
				if key := aws.ToString(by.KMSMasterKeyID); key != "" && !strings.HasSuffix(key, "alias/aws/s3") {
					detail = "with the key " + key + ": roles that use the state need kms:Decrypt and kms:GenerateDataKey on it"
				}
			}
		}
	}
	return s.ensure(ctx, "bucket: encryption with KMS", good, absent, detail, func() error {
		_, err := client.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{
			Bucket: &s.bucket, ExpectedBucketOwner: &s.Account,
			ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
				ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAwsKms}, BucketKeyEnabled: aws.Bool(true),
			}}},
		})
		return err
	})
}

func (s *setup) versioning(ctx context.Context, client *s3.Client) error {
	out, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &s.bucket, ExpectedBucketOwner: &s.Account})
	if err != nil {
		return ops.Explain("reading the versioning of the bucket "+s.bucket, err)
	}
	return s.ensure(ctx, "bucket: versioning", out.Status == types.BucketVersioningStatusEnabled, out.Status == "", "", func() error {
		_, err := client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
			Bucket: &s.bucket, ExpectedBucketOwner: &s.Account, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
		})
		return err
	})
}

func (s *setup) readTags(ctx context.Context, client *s3.Client) (map[string]string, error) {
	out, err := client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &s.bucket, ExpectedBucketOwner: &s.Account})
	tags := map[string]string{}
	if ops.IsMissing(err) {
		return tags, nil
	}
	if err != nil {
		return nil, ops.Explain("reading the tags of the bucket "+s.bucket, err)
	}
	for _, tag := range out.TagSet {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags, nil
}

// bucketTags adds ours; S3 replaces all tags of a bucket at once, so that those of others are written again.
func (s *setup) bucketTags(ctx context.Context, client *s3.Client) error {
	found, err := s.readTags(ctx, client)
	if err != nil {
		return err
	}
	missing := differing(s.Tags(), found)
	return s.ensure(ctx, "bucket: tags", len(missing) == 0, len(found) == 0, "", func() error {
		for name, value := range missing {
			found[name] = value
		}
		set := make([]types.Tag, 0, len(found))
		for _, name := range sorted(found) {
			set = append(set, types.Tag{Key: aws.String(name), Value: aws.String(found[name])})
		}
		_, err := client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &s.bucket, ExpectedBucketOwner: &s.Account, Tagging: &types.Tagging{TagSet: set}})
		return err
	})
}
