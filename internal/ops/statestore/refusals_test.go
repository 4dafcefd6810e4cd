package statestore

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

func TestTheWrongAccountIsRefused(t *testing.T) {
	cloud := opstest.New(t)
	cloud.SignIn(t)
	settings := opstest.Settings("staging")
	settings.AllowedAccounts = []string{opstest.OtherAccount}
	_, err := ops.Open(context.Background(), settings, opstest.Options(t))
	require.Equal(t, ops.Usage, ops.KindOf(err))
	require.Empty(t, cloud.Changes())
}

func TestBucketsThatAreRefused(t *testing.T) {
	cloud := opstest.New(t)
	env, ctx := cloud.Open(t, "staging", nil), context.Background()
	client := env.Primary().S3()
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)})
	require.NoError(t, err)

	_, err = client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: aws.String(bucket), Tagging: &types.Tagging{TagSet: []types.Tag{{Key: aws.String("Environment"), Value: aws.String("production")}}}})
	require.NoError(t, err)
	cloud.Forget()
	_, err = Setup(ctx, env)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "tagged Environment=production")
	require.Empty(t, cloud.Changes(), "neither a key nor anything else is made")

	_, err = client.DeleteBucketTagging(ctx, &s3.DeleteBucketTaggingInput{Bucket: aws.String(bucket)})
	require.NoError(t, err)
	_, err = client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: aws.String(bucket), LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{{
		ID: aws.String("cleanup"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(30)},
	}}}})
	require.NoError(t, err)
	cloud.Forget()
	_, err = Setup(ctx, env)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, `"cleanup" deletes current objects`)
	require.Empty(t, cloud.Changes())
}

func TestABucketOfAnotherRegion(t *testing.T) {
	cloud := opstest.New(t)
	env := cloud.Open(t, "staging", nil)
	_, err := env.Recovery().S3().CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String(bucket), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: "us-west-2"}})
	require.NoError(t, err)
	_, err = Setup(context.Background(), env)
	require.Equal(t, ops.Usage, ops.KindOf(err))
	require.ErrorContains(t, err, "it exists in us-west-2, and aws:region is us-east-1")
}

// A bucket of another account. moto answers HEAD whoever asks, so that here S3's own answer is given for it.
func TestABucketOfAnotherAccount(t *testing.T) {
	cloud := opstest.New(t)
	other := cloud.Open(t, "production", nil)
	_, err := other.Primary().S3().CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String(bucket)})
	require.NoError(t, err)
	env, ctx := cloud.Open(t, "staging", nil), context.Background()
	cloud.Handle("s3", "HEAD /"+bucket, func(call opstest.Call) opstest.Answer {
		if call.Request.Header.Get("X-Amz-Expected-Bucket-Owner") != opstest.Account {
			return opstest.Answer{Status: http.StatusBadRequest}
		}
		return opstest.Answer{Status: http.StatusForbidden}
	})
	cloud.Forget()
	_, err = Setup(ctx, env)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "another AWS account has a bucket of this name")
	require.ErrorContains(t, err, "itrack:github.stateBucket")
	require.Empty(t, cloud.Changes())

	// It is taken between our look and our call.
	cloud.Handle("s3", "HEAD /"+bucket, func(opstest.Call) opstest.Answer { return opstest.Answer{Status: http.StatusNotFound} })
	_, err = Setup(ctx, env)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "another AWS account has a bucket of this name")

	// It is ours, and we may not look at it.
	mine := "itrack-pulumi-state-mine"
	env = cloud.Open(t, "staging", func(s *ops.Settings) { s.StateBucket = mine })
	_, err = env.Primary().S3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &mine})
	require.NoError(t, err)
	cloud.Handle("s3", "HEAD /"+mine, func(opstest.Call) opstest.Answer { return opstest.Answer{Status: http.StatusForbidden} })
	_, err = Setup(ctx, env)
	require.ErrorContains(t, err, "it belongs to this account, and the role in use may not look at it")
	cloud.Fail(opstest.Fault{Service: "s3", Action: "GET /", Status: http.StatusForbidden, Code: "AccessDenied"})
	_, err = Setup(ctx, env)
	require.ErrorContains(t, err, "another account has a bucket of this name, or the role in use lacks s3:ListBucket")
}

func TestKeysThatAreRefused(t *testing.T) {
	cloud := opstest.New(t)
	env, ctx := cloud.Open(t, "staging", nil), context.Background()
	client := env.Primary().KMS()
	report := setUp(t, env)

	id := aws.String(report.KeyARN[strings.LastIndex(report.KeyARN, "/")+1:]) // moto takes no ARN here
	_, err := client.DisableKey(ctx, &kms.DisableKeyInput{KeyId: id})
	require.NoError(t, err)
	_, err = Setup(ctx, env)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "it is disabled")

	_, err = client.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: id, PendingWindowInDays: aws.Int32(7)})
	require.NoError(t, err)
	_, err = Setup(ctx, env)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "aws kms cancel-key-deletion")

	signing, err := client.CreateKey(ctx, &kms.CreateKeyInput{KeySpec: kmstypes.KeySpecEccNistP256, KeyUsage: kmstypes.KeyUsageTypeSignVerify})
	require.NoError(t, err)
	_, err = client.UpdateAlias(ctx, &kms.UpdateAliasInput{AliasName: aws.String(KeyAlias(env)), TargetKeyId: signing.KeyMetadata.KeyId})
	require.NoError(t, err)
	_, err = Setup(ctx, env)
	require.ErrorContains(t, err, "has to be symmetric and for encryption")
}

func TestNames(t *testing.T) {
	env := &ops.Environment{Settings: ops.Settings{Environment: "staging", Region: "us-east-1", StateBucket: "Bad_Name"}, Account: "1"}
	_, err := Setup(context.Background(), env)
	require.Equal(t, ops.Usage, ops.KindOf(err))
	require.ErrorContains(t, err, "3 to 63 lower-case letters")
	env.StateBucket = ""
	assert.Equal(t, "itrack-pulumi-state-1-staging", BucketName(env))
	env.StateBucket = "other"
	assert.Equal(t, "other", BucketName(env))
	assert.Equal(t, "s3://other?region=us-east-1&awssdk=v2", Backend(env))
}

func TestDeniesClearText(t *testing.T) {
	const arn = "arn:aws:s3:::b"
	for text, wanted := range map[string]bool{
		`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`:           true,
		`{"Effect":"Deny","Principal":{"AWS":"*"},"Action":["s3:*"],"Resource":"*","Condition":{"Bool":{"aws:SecureTransport":false}}}`:                                     true,
		`{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`:                                            false,
		`{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`:                                     false,
		`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`:                              false,
		`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}`:                                              false,
		`{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`:                   false,
		`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"},"StringEquals":{"aws:PrincipalAccount":"1"}}}`: false,
		`[]`: false,
	} {
		assert.Equal(t, wanted, deniesClearText(json.RawMessage(text), arn), text)
	}
}
