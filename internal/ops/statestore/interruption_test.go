package statestore

import (
	"context"
	"net/http"
	"regexp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops/opstest"
)

// Killed after any call that changes something: the next run completes it, with one key and one bucket.
func TestAKilledRunIsCompleted(t *testing.T) {
	cloud := opstest.New(t)
	env := cloud.Open(t, "staging", nil)
	cloud.Forget()
	setUp(t, env)
	calls, changes := cloud.Calls(), len(cloud.Changes())
	require.Equal(t, 10, changes, "key, alias, rotation, bucket, and all its properties but the owner of objects")
	reading := regexp.MustCompile("^(Get|GET|HEAD|List|Describe)")
	for n, call := range calls {
		if reading.MatchString(call.Action) {
			continue
		}
		empty(t, cloud)
		// Nothing after that call reaches AWS, as if the process were gone.
		cloud.Fail(opstest.Fault{After: n + 1, Status: http.StatusInternalServerError, Code: "InternalError"})
		_, err := Setup(context.Background(), env)
		require.Equal(t, n+1 < len(calls), err != nil, "%s: %v", call, err)
		cloud.Heal()
		report := setUp(t, env)
		require.Len(t, keys(t, env), 1)
		checkBucket(t, env)
		checkKey(t, env, report.KeyARN)
	}
}

// empty takes everything out of the cloud.
func empty(t *testing.T, cloud *opstest.Cloud) {
	t.Helper()
	answer, err := http.Post(cloud.Moto+"/moto-api/reset", "", nil)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
}

// The answer to CreateKey is lost: the same run finds the key and makes no second one.
func TestALostAnswerMakesNoSecondKey(t *testing.T) {
	cloud := opstest.New(t)
	env := cloud.Open(t, "staging", nil)
	cloud.Fail(opstest.Fault{Service: "kms", Action: "CreateKey", Times: 1, Lost: true})
	cloud.Fail(opstest.Fault{Service: "kms", Action: "CreateAlias", Times: 1, Lost: true})
	cloud.Fail(opstest.Fault{Service: "s3", Action: "PUT /" + bucket, Times: 1, Lost: true})
	report := setUp(t, env)
	require.Len(t, keys(t, env), 1)
	checkKey(t, env, report.KeyARN)
	checkBucket(t, env)
}

func TestThrottlingIsOutlastedAndErrorsAreNot(t *testing.T) {
	cloud := opstest.New(t)
	env, ctx := cloud.Open(t, "staging", nil), context.Background()
	for _, action := range []string{"CreateKey", "CreateAlias", "EnableKeyRotation"} {
		cloud.Fail(opstest.Fault{Service: "kms", Action: action, Times: 2, Status: 400, Code: "ThrottlingException"})
	}
	cloud.Fail(opstest.Fault{Service: "s3", Action: "PUT", Times: 2, Status: 503, Code: "SlowDown"})
	report := setUp(t, env)
	require.Len(t, keys(t, env), 1)
	checkKey(t, env, report.KeyARN)

	for name, c := range map[string]struct {
		fault  opstest.Fault
		wanted []string
	}{
		"no right on keys":   {opstest.Fault{Service: "kms", Action: "DescribeKey", Status: 400, Code: "AccessDeniedException"}, []string{"looking for the key alias/itrack-pulumi-staging", "lacks this right"}},
		"no right on tags":   {opstest.Fault{Service: "kms", Action: "ListResourceTags", Status: 400, Code: "AccessDeniedException"}, []string{"reading the tags of the key"}},
		"a 500 that stays":   {opstest.Fault{Service: "s3", Action: "GET", Status: 500, Code: "InternalError"}, []string{"InternalError", "nothing is done twice"}},
		"a HEAD that breaks": {opstest.Fault{Service: "s3", Action: "HEAD", Status: 500}, []string{"looking for the bucket " + bucket}},
	} {
		cloud.Heal()
		cloud.Fail(c.fault)
		_, err := Setup(ctx, env)
		for _, part := range c.wanted {
			require.ErrorContains(t, err, part, name)
		}
	}
	cloud.Heal()
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	_, err := Setup(cancelled, env)
	require.ErrorIs(t, err, context.Canceled)
}

// A CreateKey that AWS refuses is not repeated.
func TestARefusedKeyIsNotAskedForAgain(t *testing.T) {
	cloud := opstest.New(t)
	env := cloud.Open(t, "staging", nil)
	cloud.Fail(opstest.Fault{Service: "kms", Action: "CreateKey", Status: 400, Code: "AccessDeniedException"})
	cloud.Forget()
	_, err := Setup(context.Background(), env)
	require.ErrorContains(t, err, "making the key alias/itrack-pulumi-staging: AccessDeniedException")
	require.Equal(t, []string{"kms CreateKey"}, cloud.Changes(), "once, and no bucket without a key")
}

// The stack's own keys carry the same three tags; they are not taken for this one.
func TestTheStacksOwnKeysAreLeftAlone(t *testing.T) {
	cloud := opstest.New(t)
	env, ctx := cloud.Open(t, "staging", nil), context.Background()
	s := &setup{Environment: env}
	data, err := env.Primary().KMS().CreateKey(ctx, &kms.CreateKeyInput{Tags: kmsTags(s.Tags())})
	require.NoError(t, err)
	report := setUp(t, env)
	require.NotEqual(t, *data.KeyMetadata.Arn, report.KeyARN)
	tags, err := keyTags(ctx, env.Primary().KMS(), data.KeyMetadata.KeyId)
	require.NoError(t, err)
	require.Equal(t, s.Tags(), tags)
}
