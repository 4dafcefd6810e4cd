package live

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/emulators"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/recovery"
)

// signedAs are the services by pulumi-aws's name, with the name in a signature where that is another one.
var signedAs = map[string]string{
	"autoscaling": "", "backup": "", "codedeploy": "", "dynamodb": "", "ec2": "", "ecr": "", "ecs": "", "elbv2": "elasticloadbalancing", "iam": "",
	"kms": "", "lambda": "", "logs": "", "rds": "", "resourcegroupstaggingapi": "tagging", "s3": "", "sns": "", "sqs": "", "sts": "",
}

var scope = regexp.MustCompile(`/([a-z0-9-]+)/aws4_request`)

// signedIn is an environment with credentials in which every call that follows no endpoint of the stack file goes to `other`.
func signedIn(t *testing.T, other string) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_ENDPOINT_URL": other,
		"AWS_ENDPOINT_URL_STS": other, "AWS_ENDPOINT_URL_EC2": other, "AWS_ENDPOINT_URL_S3": other,
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

// unasked is a server that must not be asked.
func unasked(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s went past aws:endpoints, signed %s", r.Method, r.URL, r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusBadRequest)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// Every look asks its service at the address that the stack file has for it, as the stack's providers do.
func TestEveryLookFollowsTheEndpoints(t *testing.T) {
	signedIn(t, unasked(t))
	var mutex sync.Mutex
	asked := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		want := signedAs[name]
		if want == "" {
			want = name
		}
		match := scope.FindStringSubmatch(r.Header.Get("Authorization"))
		if assert.NotNil(t, match, r.URL.Path) {
			assert.Equal(t, want, match[1], "the address of %s", name)
		}
		mutex.Lock()
		asked[name] = true
		mutex.Unlock()
		w.WriteHeader(http.StatusBadRequest)
	}))
	defer server.Close()
	lister := Lister{Endpoints: map[string]string{}}
	for name := range signedAs {
		lister.Endpoints[name] = server.URL + "/" + name
	}
	var err error
	lister.Settings, err = config.LoadDefaultConfig(context.Background(), config.WithRegion("us-east-1"))
	require.NoError(t, err)
	for token := range looks {
		p := recovery.Pending{URN: "urn:pulumi:staging::itrack::" + token + "::x", Type: token, Account: "123456789012", Region: "eu-west-1", Inputs: map[string]any{
			"name": "x", "identifier": "x", "family": "x", "securityGroupId": "sg-1", "vpcId": "vpc-1", "planId": "p", "topicArn": "arn:aws:sns:eu-west-1:123456789012:x",
			"appName": "x", "loadBalancerArn": "x", "listenerArn": "x", "functionName": "x", "cluster": "x", "subnetId": "s", "routeTableId": "r",
		}}
		_, _ = lister.Candidates(context.Background(), p, "x") // refused, as everything here: what counts is who was asked
	}
	_, err = lister.Tagged(context.Background(), "123456789012", "eu-west-1", map[string]string{"Project": "itrack"})
	require.Error(t, err)
	_, err = lister.signIn().GetCallerIdentity(context.Background(), nil)
	require.Error(t, err)
	for name := range signedAs {
		assert.True(t, asked[name], "%s was asked", name)
	}
}

func TestTheFinderFollowsTheEndpoints(t *testing.T) {
	signedIn(t, unasked(t))
	moto := emulators.Moto(t)
	access := engine.Access{Region: "us-east-1", Endpoints: map[string]string{"sts": moto, "sqs": moto},
		Roles: []engine.Role{{ARN: "arn:aws:iam::210987654321:role/operator", Session: "test"}}}
	ctx := context.Background()
	_, account, err := Finder(ctx, access)
	require.NoError(t, err)
	require.Equal(t, "210987654321", account, "the role was assumed there, too")

	access.Roles = nil
	finder, account, err := Finder(ctx, access)
	require.NoError(t, err)
	require.Equal(t, "123456789012", account)
	settings, err := config.LoadDefaultConfig(ctx, config.WithRegion("us-east-1"), config.WithBaseEndpoint(moto))
	require.NoError(t, err)
	_, err = sqs.NewFromConfig(settings, func(o *sqs.Options) { o.BaseEndpoint = aws.String(moto) }).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("jobs")})
	require.NoError(t, err)
	found, err := finder.Find(ctx, recovery.Pending{URN: "urn:pulumi:staging::itrack::aws:sqs/queue:Queue::jobs", Type: "aws:sqs/queue:Queue",
		Inputs: map[string]any{"name": "jobs"}, Account: account, Region: "us-east-1"})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Contains(t, found[0].ID, fmt.Sprintf("/%s/jobs", account))
}
