package statestore

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

const bucket = "itrack-pulumi-state-" + opstest.Account + "-staging"

// byWhat are the states of a report's steps.
func byWhat(report Report) map[string]State {
	states := map[string]State{}
	for _, step := range report.Steps {
		states[step.What] = step.State
	}
	return states
}

// keys are the ids of all keys of the region that are not AWS's.
func keys(t *testing.T, env *ops.Environment) []string {
	t.Helper()
	out, err := env.Primary().KMS().ListKeys(context.Background(), &kms.ListKeysInput{})
	require.NoError(t, err)
	var ids []string
	for _, key := range out.Keys {
		described, err := env.Primary().KMS().DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: key.KeyId})
		require.NoError(t, err)
		if described.KeyMetadata.KeyManager == kmstypes.KeyManagerTypeCustomer {
			ids = append(ids, *key.KeyId)
		}
	}
	return ids
}

func setUp(t *testing.T, env *ops.Environment) Report {
	t.Helper()
	report, err := Setup(context.Background(), env)
	require.NoError(t, err)
	return report
}

func TestSetupMakesBucketAndKey(t *testing.T) {
	cloud := opstest.New(t)
	env, ctx := cloud.Open(t, "staging", nil), context.Background()

	report, err := Inspect(ctx, env)
	require.NoError(t, err)
	require.Equal(t, map[string]State{"bucket " + bucket: ToMake, "key alias/itrack-pulumi-staging": ToMake}, byWhat(report))
	require.True(t, report.DryRun)
	require.Empty(t, report.SecretsProvider)
	require.Empty(t, cloud.Changes(), "looking changes nothing")

	report = setUp(t, env)
	require.Equal(t, bucket, report.Bucket)
	require.Equal(t, "s3://"+bucket+"?region=us-east-1&awssdk=v2", report.Backend)
	require.Equal(t, "awskms:///"+report.KeyARN+"?region=us-east-1&awssdk=v2", report.SecretsProvider)
	require.Regexp(t, `^arn:aws:kms:us-east-1:123456789012:key/[0-9a-f-]{36}$`, report.KeyARN)
	require.Equal(t, Made, byWhat(report)["bucket "+bucket])
	require.Equal(t, Made, byWhat(report)["key alias/itrack-pulumi-staging"])
	checkBucket(t, env)
	checkKey(t, env, report.KeyARN)

	cloud.Forget()
	again := setUp(t, env)
	require.Empty(t, cloud.Changes(), "a second run changes nothing")
	require.Empty(t, again.Differences())
	require.Equal(t, report.KeyARN, again.KeyARN)
	look, err := Inspect(ctx, env)
	require.NoError(t, err)
	require.Empty(t, look.Differences())
}

func checkBucket(t *testing.T, env *ops.Environment) {
	t.Helper()
	client, ctx, name := env.Primary().S3(), context.Background(), aws.String(BucketName(env))
	versioning, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: name})
	require.NoError(t, err)
	require.Equal(t, types.BucketVersioningStatusEnabled, versioning.Status)
	encryption, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: name})
	require.NoError(t, err)
	require.Equal(t, types.ServerSideEncryptionAwsKms, encryption.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm)
	access, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: name})
	require.NoError(t, err)
	require.Equal(t, types.PublicAccessBlockConfiguration{
		BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
	}, *access.PublicAccessBlockConfiguration)
	ownership, err := client.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: name})
	require.NoError(t, err)
	require.Equal(t, types.ObjectOwnershipBucketOwnerEnforced, ownership.OwnershipControls.Rules[0].ObjectOwnership)
	policy, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: name})
	require.NoError(t, err)
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Sid":"TLSOnly","Effect":"Deny","Principal":"*","Action":"s3:*",
		"Resource":["arn:aws:s3:::`+*name+`","arn:aws:s3:::`+*name+`/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`, *policy.Policy)
	lifecycle, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: name})
	require.NoError(t, err)
	require.Len(t, lifecycle.Rules, 1)
	require.EqualValues(t, 90, *lifecycle.Rules[0].NoncurrentVersionExpiration.NoncurrentDays)
	require.EqualValues(t, 7, *lifecycle.Rules[0].AbortIncompleteMultipartUpload.DaysAfterInitiation)
	tagging, err := client.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: name})
	require.NoError(t, err)
	tags := map[string]string{}
	for _, tag := range tagging.TagSet {
		tags[*tag.Key] = *tag.Value
	}
	require.Equal(t, map[string]string{"Project": "itrack", "Environment": env.Settings.Environment, "ManagedBy": "itrack"}, tags)
}

func checkKey(t *testing.T, env *ops.Environment, arn string) {
	t.Helper()
	client, ctx := env.Primary().KMS(), context.Background()
	described, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(KeyAlias(env))})
	require.NoError(t, err)
	require.Equal(t, arn, *described.KeyMetadata.Arn)
	require.Equal(t, kmstypes.KeySpecSymmetricDefault, described.KeyMetadata.KeySpec)
	rotation, err := client.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: &arn})
	require.NoError(t, err)
	require.True(t, rotation.KeyRotationEnabled)
	tags, err := keyTags(ctx, client, &arn)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"Project": "itrack", "Environment": env.Settings.Environment, "ManagedBy": "itrack", "Purpose": "pulumi-secrets"}, tags)
	policy, err := client.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &arn, PolicyName: aws.String("default")})
	require.NoError(t, err)
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Sid":"Account","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+env.Account+`:root"},"Action":"kms:*","Resource":"*"}]}`, *policy.Policy)
}

// Production is in another account, and here in a region that needs a constraint; both stand beside staging.
func TestTwoAccounts(t *testing.T) {
	cloud := opstest.New(t)
	staging := setUp(t, cloud.Open(t, "staging", nil))
	env := cloud.Open(t, "production", func(s *ops.Settings) { s.Region = "eu-west-1" })
	production := setUp(t, env)
	require.Equal(t, "itrack-pulumi-state-"+opstest.OtherAccount+"-production", production.Bucket)
	require.Contains(t, production.KeyARN, "arn:aws:kms:eu-west-1:"+opstest.OtherAccount+":key/")
	require.NotEqual(t, staging.KeyARN, production.KeyARN)
	checkBucket(t, env)
	checkKey(t, env, production.KeyARN)
	location, err := env.Primary().S3().GetBucketLocation(context.Background(), &s3.GetBucketLocationInput{Bucket: &production.Bucket})
	require.NoError(t, err)
	require.EqualValues(t, "eu-west-1", location.LocationConstraint)
	variables, err := EngineEnv(context.Background(), env)
	require.NoError(t, err)
	require.NotEqual(t, "test", variables["AWS_ACCESS_KEY_ID"], "the assumed role's credentials")
	require.NotEmpty(t, variables["AWS_SESSION_TOKEN"])
	require.Equal(t, "eu-west-1", variables["AWS_REGION"])
}

// A bucket that exists is repaired where it is weaker, and keeps what is its own or stricter.
func TestAnExistingBucketIsRepairedAndNeverWeakened(t *testing.T) {
	cloud := opstest.New(t)
	env, ctx := cloud.Open(t, "staging", func(s *ops.Settings) { s.StateBucket = "our-state" }), context.Background()
	client, name := env.Primary().S3(), aws.String("our-state")
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: name})
	require.NoError(t, err)
	_, err = client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended}})
	require.NoError(t, err)
	_, err = client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: name, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)}})
	require.NoError(t, err)
	_, err = client.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: name, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String("arn:aws:kms:us-east-1:123456789012:key/theirs")}}},
	}})
	require.NoError(t, err)
	// A single statement where a list may stand, and one of our name that denies less.
	theirs := `{"Sid":"Theirs","Effect":"Deny","Principal":{"AWS":"arn:aws:iam::123456789012:role/x"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::our-state/*"}`
	_, err = client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: name, Policy: aws.String(`{"Version":"2012-10-17","Id":"own","Statement":` + theirs + `}`)})
	require.NoError(t, err)
	_, err = client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: name, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{
		ID: aws.String("theirs"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("old/")},
		NoncurrentVersionExpiration: &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(400)},
	}}}})
	require.NoError(t, err)
	_, err = client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: name, Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("Owner"), Value: aws.String("ann")}}}})
	require.NoError(t, err)

	look, err := Inspect(ctx, env)
	require.NoError(t, err)
	states := byWhat(look)
	require.Equal(t, ToRepair, states["bucket: versioning"])
	require.Equal(t, ToRepair, states["bucket: public access blocked"])
	require.Equal(t, ToRepair, states["bucket: TLS only"])
	require.Equal(t, Kept, states["bucket: encryption with KMS"])

	report := setUp(t, env)
	require.Equal(t, Repaired, byWhat(report)["bucket: versioning"])
	require.Equal(t, Kept, byWhat(report)["bucket: encryption with KMS"])
	for _, step := range report.Steps {
		if step.What == "bucket: encryption with KMS" {
			require.Contains(t, step.Detail, "key/theirs: roles that use the state need kms:Decrypt")
		}
	}
	encryption, err := client.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: name})
	require.NoError(t, err)
	require.Equal(t, "arn:aws:kms:us-east-1:123456789012:key/theirs", *encryption.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.KMSMasterKeyID)
	policy, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: name})
	require.NoError(t, err)
	var has document
	require.NoError(t, json.Unmarshal([]byte(*policy.Policy), &has))
	require.Equal(t, "own", has.ID)
	require.Len(t, has.Statement, 2)
	require.JSONEq(t, theirs, string(has.Statement[0]))
	lifecycle, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: name})
	require.NoError(t, err)
	require.Len(t, lifecycle.Rules, 2)
	require.EqualValues(t, 400, *lifecycle.Rules[0].NoncurrentVersionExpiration.NoncurrentDays)
	tags, err := (&setup{Environment: env, bucket: "our-state"}).readTags(ctx, client)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"Owner": "ann", "Project": "itrack", "Environment": "staging", "ManagedBy": "itrack"}, tags)

	cloud.Forget()
	setUp(t, env)
	require.Empty(t, cloud.Changes())
}
