package ops_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

func TestEachEnvironmentIsItsOwnAccount(t *testing.T) {
	cloud := opstest.New(t)
	staging := cloud.Open(t, "staging", nil)
	require.Equal(t, opstest.Account, staging.Account)
	production := cloud.Open(t, "production", nil)
	require.Equal(t, opstest.OtherAccount, production.Account)
	require.Equal(t, "aws", production.Partition)
	// What one makes the other does not see.
	ctx := context.Background()
	_, err := production.Primary().S3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("only-in-production")})
	require.NoError(t, err)
	buckets, err := staging.Primary().S3().ListBuckets(ctx, &s3.ListBucketsInput{})
	require.NoError(t, err)
	require.Empty(t, buckets.Buckets)
}

func TestTheWrongAccountIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	cloud := opstest.New(t)
	cloud.SignIn(t)
	settings := opstest.Settings("staging")
	settings.AllowedAccounts = []string{"999999999999"}
	_, err := ops.Open(context.Background(), settings, opstest.Options(t))
	require.Equal(t, ops.Usage, ops.KindOf(err))
	require.ErrorContains(t, err, "signed in to "+opstest.Account)
	require.ErrorContains(t, err, "aws:allowedAccountIds 999999999999")
	require.Len(t, cloud.Calls(), 1, "only who is signed in was asked")
	settings.AllowedAccounts, settings.ForbiddenAccounts = nil, []string{opstest.Account}
	_, err = ops.Open(context.Background(), settings, opstest.Options(t))
	require.ErrorContains(t, err, "aws:forbiddenAccountIds")
}

func TestThrottlingIsOutlastedAndARefusalExplained(t *testing.T) {
	cloud := opstest.New(t)
	env := cloud.Open(t, "staging", nil)
	ctx := context.Background()
	cloud.Fail(opstest.Fault{Service: "s3", Times: 2, Status: 503, Code: "SlowDown"})
	_, err := env.Primary().S3().ListBuckets(ctx, &s3.ListBucketsInput{})
	require.NoError(t, err)
	cloud.Fail(opstest.Fault{Service: "s3", Status: 500, Code: "InternalError"})
	_, err = env.Primary().S3().ListBuckets(ctx, &s3.ListBucketsInput{})
	err = ops.Explain("listing the buckets", err)
	require.ErrorContains(t, err, "listing the buckets: InternalError")
	require.ErrorContains(t, err, "what to do: AWS had an internal error")
	cloud.Heal()
	cloud.Fail(opstest.Fault{Service: "s3", Status: 403, Code: "AccessDenied"})
	_, err = env.Primary().S3().ListBuckets(ctx, &s3.ListBucketsInput{})
	require.ErrorContains(t, ops.Explain("listing the buckets", err), "the role in use lacks this right")
}

func TestWithoutCredentialsOrNetworkTheErrorSaysSo(t *testing.T) {
	cloud := &opstest.Cloud{URL: "http://127.0.0.1:1"}
	cloud.SignIn(t)
	_, err := ops.Open(context.Background(), opstest.Settings("staging"), opstest.Options(t))
	require.ErrorContains(t, err, "AWS could not be reached")
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	_, err = ops.Open(context.Background(), opstest.Settings("staging"), opstest.Options(t))
	require.ErrorContains(t, err, "there are no AWS credentials")
}

// The SDK has words of its own for what it tries on the way. They are no error, and stderr is the command's.
func TestTheSDKSaysNothingByItself(t *testing.T) {
	cloud := &opstest.Cloud{URL: "http://127.0.0.1:1"}
	cloud.SignIn(t)
	// An instance's metadata service that knows no tokens: the SDK falls back to its first version, and finds no role.
	asked := 0
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked++; http.NotFound(w, r) }))
	defer metadata.Close()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.URL,
		"AWS_WEB_IDENTITY_TOKEN_FILE": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "",
	} {
		t.Setenv(name, value)
	}
	said, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	stderr := os.Stderr
	os.Stderr = said
	_, failed := ops.Open(context.Background(), opstest.Settings("staging"), opstest.Options(t))
	os.Stderr = stderr
	require.ErrorContains(t, failed, "there are no AWS credentials")
	require.Greater(t, asked, 1, "the token, and the role")
	require.NoError(t, said.Close())
	text, err := os.ReadFile(said.Name())
	require.NoError(t, err)
	require.Empty(t, string(text))
}

func TestAWaitIsBoundedAndSaysItsLastState(t *testing.T) {
	var said []string
	wait := ops.Wait{For: "the deployment d-1", Limit: 30 * time.Millisecond, Every: time.Millisecond, Next: "look at the console",
		Say: func(format string, a ...any) { said = append(said, format) }}
	looks := 0
	err := wait.Until(context.Background(), func(context.Context) (bool, string, error) { looks++; return false, "in progress", nil })
	require.Equal(t, ops.TimedOut, ops.KindOf(err))
	require.ErrorContains(t, err, "it is still: in progress")
	require.ErrorContains(t, err, "look at the console")
	require.Greater(t, looks, 1)
	require.Len(t, said, 1, "a state that stays is said once")
	broken := errors.New("broken")
	require.ErrorIs(t, wait.Until(context.Background(), func(context.Context) (bool, string, error) { return false, "", broken }), broken)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, wait.Until(ctx, func(context.Context) (bool, string, error) { return false, "x", nil }), context.Canceled)
}

func TestATimeThatIsOverSaysSo(t *testing.T) {
	cloud := opstest.New(t)
	env := cloud.Open(t, "staging", nil)
	ctx, cancel := context.WithTimeout(context.Background(), -time.Second)
	defer cancel()
	_, err := env.Primary().S3().ListBuckets(ctx, &s3.ListBucketsInput{})
	err = ops.Explain("listing the buckets", err)
	require.Equal(t, ops.TimedOut, ops.KindOf(err))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.EqualError(t, err, "listing the buckets: the time is over\n  what to do: run this again: it goes on where it stopped; --timeout gives it longer")
	// A connection that is not made in time is not the command's time: its error says that a deadline was exceeded, too.
	_, slow := (&net.Dialer{Deadline: time.Now().Add(-time.Second)}).Dial("tcp", "127.0.0.1:9")
	require.ErrorIs(t, slow, context.DeadlineExceeded)
	err = ops.Explain("listing the buckets", slow)
	require.Equal(t, ops.Failed, ops.KindOf(err))
	require.ErrorContains(t, err, "AWS could not be reached")
	// KMS has its own words for its own errors.
	cloud.Fail(opstest.Fault{Service: "kms", Status: 500, Code: "KMSInternalException"})
	_, err = env.Primary().KMS().ListKeys(context.Background(), &kms.ListKeysInput{})
	require.ErrorContains(t, ops.Explain("listing keys", err), "AWS had an internal error, also after several attempts")
}
