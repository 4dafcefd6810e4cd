package statestore

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

// What AWS does and moto does not: each of these is an answer of AWS, given in moto's place.

// A key that was made a moment ago is not known everywhere: KMS answers that there is none.
func TestANewKeyThatIsNotKnownYetIsWaitedFor(t *testing.T) {
	cloud := opstest.New(t)
	env := cloud.Open(t, "staging", nil)
	for _, action := range []string{"CreateAlias", "GetKeyRotationStatus", "EnableKeyRotation"} {
		cloud.Fail(opstest.Fault{Service: "kms", Action: action, Times: 2, Status: http.StatusBadRequest, Code: "NotFoundException"})
	}
	report := setUp(t, env)
	require.Len(t, keys(t, env), 1)
	checkKey(t, env, report.KeyARN)
	checkBucket(t, env)

	// A key that was there before is no new one: then it is an error.
	cloud.Forget()
	cloud.Fail(opstest.Fault{Service: "kms", Action: "GetKeyRotationStatus", Status: http.StatusBadRequest, Code: "NotFoundException"})
	_, err := Setup(context.Background(), env)
	require.ErrorContains(t, err, "reading the rotation of the key alias/itrack-pulumi-staging: NotFoundException")
	require.Empty(t, cloud.Changes())
}

// Another run works on the bucket in the same moment, or it was deleted a moment ago.
func TestAConflictWithAnotherCallIsOutlasted(t *testing.T) {
	cloud := opstest.New(t)
	env := cloud.Open(t, "staging", nil)
	cloud.Fail(opstest.Fault{Service: "s3", Action: "PUT /" + bucket, Times: 3, Status: http.StatusConflict, Code: "OperationAborted"})
	cloud.Fail(opstest.Fault{Service: "s3", Action: "PUT /" + bucket, After: 4, Times: 1, Status: http.StatusConflict, Code: "OperationAborted"})
	setUp(t, env)
	checkBucket(t, env)
}

// HEAD has no body: 400 is what S3 says to a bucket of another region, and to credentials that have expired. A bucket that
// could not be looked at is none that does not exist.
func TestABadRequestIsNoMissingBucket(t *testing.T) {
	cloud := opstest.New(t)
	env := cloud.Open(t, "staging", nil)
	for _, status := range []int{http.StatusBadRequest, http.StatusMovedPermanently} {
		cloud.Handle("s3", "HEAD /"+bucket, func(opstest.Call) opstest.Answer { return opstest.Answer{Status: status} })
		cloud.Forget()
		_, err := Setup(context.Background(), env)
		require.ErrorContains(t, err, "looking for the bucket "+bucket, status)
		require.Equal(t, ops.Failed, ops.KindOf(err))
		require.Empty(t, cloud.Changes())
	}
}

// us-east-1 is no constraint that S3 takes, and every other region is one.
func TestTheRegionOfANewBucket(t *testing.T) {
	for region, wanted := range map[string]string{"us-east-1": "", "eu-central-1": "<LocationConstraint>eu-central-1</LocationConstraint>"} {
		cloud := opstest.New(t)
		env := cloud.Open(t, "staging", func(s *ops.Settings) { s.Region = region })
		cloud.Forget()
		setUp(t, env)
		made := false
		for _, call := range cloud.Calls() {
			if call.Action != "PUT /"+bucket || call.Request.URL.RawQuery != "" {
				continue
			}
			made = true
			require.Equal(t, region, call.Region)
			require.Equal(t, wanted != "", strings.Contains(string(call.Body), "LocationConstraint"))
			require.Contains(t, string(call.Body), wanted)
			require.Equal(t, "BucketOwnerEnforced", call.Request.Header.Get("X-Amz-Object-Ownership"))
		}
		require.True(t, made)
		cloud.Forget()
		setUp(t, env)
		require.Empty(t, cloud.Changes())
	}
}

// A key whose material was never imported encrypts nothing.
func TestAKeyWithoutMaterialIsRefused(t *testing.T) {
	s := &setup{Environment: &ops.Environment{}}
	key := &kmstypes.KeyMetadata{KeySpec: kmstypes.KeySpecSymmetricDefault, KeyUsage: kmstypes.KeyUsageTypeEncryptDecrypt}
	for _, state := range []kmstypes.KeyState{kmstypes.KeyStatePendingImport, kmstypes.KeyStateUnavailable} {
		key.KeyState = state
		err := s.usable(key)
		require.Equal(t, ops.Refused, ops.KindOf(err))
		require.ErrorContains(t, err, "its state is "+string(state))
	}
	for _, state := range []kmstypes.KeyState{kmstypes.KeyStateEnabled, kmstypes.KeyStateCreating, kmstypes.KeyStateUpdating} {
		key.KeyState = state
		require.NoError(t, s.usable(key))
	}
}

// S3 replaces a lifecycle as a whole, with the size below which the rules of others move nothing.
func TestALifecyclesOwnSettingStays(t *testing.T) {
	cloud := opstest.New(t)
	env := cloud.Open(t, "staging", nil)
	setUp(t, env)
	const header = "X-Amz-Transition-Default-Minimum-Object-Size"
	written := ""
	cloud.Intercept(func(call opstest.Call) (opstest.Answer, bool) {
		if _, is := call.Request.URL.Query()["lifecycle"]; !is || call.Request.Method != http.MethodPut {
			return opstest.Answer{}, false
		}
		written = call.Request.Header.Get(header)
		return opstest.Answer{}, true
	})
	s := &setup{Environment: env, bucket: bucket}
	client := env.Primary().S3()
	lifecycle, err := s.readLifecycle(context.Background(), client)
	require.NoError(t, err)
	require.Len(t, lifecycle.Rules, 1)
	lifecycle.TransitionDefaultMinimumObjectSize = "varies_by_storage_class"
	lifecycle.Rules = nil
	require.NoError(t, s.writeLifecycle(context.Background(), client, lifecycle))
	require.Equal(t, "varies_by_storage_class", written)
}

// Where the state is must not be guessed: only an answer that says so means that it is not there.
func TestHolds(t *testing.T) {
	cloud := opstest.New(t)
	env, ctx := cloud.Open(t, "staging", nil), context.Background()
	there, err := Holds(ctx, env)
	require.NoError(t, err)
	require.False(t, there, "no bucket")
	_, err = env.Primary().S3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)})
	require.NoError(t, err)
	for _, environment := range []string{"production", "staging"} {
		there, err = Holds(ctx, env)
		require.NoError(t, err)
		require.False(t, there, "nothing, or another stack's alone")
		_, err = env.Primary().S3().PutObject(ctx, &s3.PutObjectInput{
			Bucket: aws.String(bucket), Key: aws.String(".pulumi/stacks/itrack/" + environment + ".json"), Body: strings.NewReader("{}"),
		})
		require.NoError(t, err)
	}
	there, err = Holds(ctx, env)
	require.NoError(t, err)
	require.True(t, there)
	cloud.Fail(opstest.Fault{Service: "s3", Status: 403, Code: "AccessDenied"})
	_, err = Holds(ctx, env)
	require.ErrorContains(t, err, "looking for the state of staging in the bucket "+bucket)
}
