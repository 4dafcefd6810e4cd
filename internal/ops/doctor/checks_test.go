package doctor

import (
	"context"
	"errors"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/secrets"
	"github.com/itrack/itrack/internal/ops/statestore"
)

func TestTheStateIsRepairedBySetup(t *testing.T) {
	p := newPlace(t, nil)
	state, err := statestore.Inspect(context.Background(), p.env)
	require.NoError(t, err)
	_, err = p.env.Primary().KMS().DisableKeyRotation(context.Background(), &kms.DisableKeyRotationInput{KeyId: &state.KeyARN})
	require.NoError(t, err)
	_, checks := p.run(t)
	require.Equal(t, Warn, checks["state bucket and key"].State)
	require.Contains(t, checks["state bucket and key"].Detail, "missing or different: key: rotation")
	p.in.Settings.StateBucket = "Bad_Name"
	_, checks = p.run(t)
	require.Equal(t, Fail, checks["state bucket and key"].State)
	require.Contains(t, checks["pulumi login"].Detail, "pulumi is logged in to s3://itrack-pulumi-state-123456789012-staging?")
	p.in.Guard = Guard{Passphrase: true}
	_, checks = p.run(t)
	require.Equal(t, Warn, checks["secrets of the state"].State)
}

func TestSecretsThatAreNotThere(t *testing.T) {
	p := newPlace(t, func(s *ops.Settings) { s.SecretReplica = false })
	client, ctx := p.env.Primary().Secrets(), context.Background()
	_, err := client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("itrack/staging/db_password"), RecoveryWindowInDays: aws.Int64(7)})
	require.NoError(t, err)
	p.in.Settings.SecretReplica = true
	_, err = p.env.Recovery().Secrets().CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("itrack/staging/api_key"), SecretString: aws.String("theirs")})
	require.NoError(t, err)
	p.env.SecretReplica = true
	_, err = secrets.Run(ctx, p.env, secrets.Request{DryRun: true})
	require.NoError(t, err)
	_, checks := p.run(t)
	require.Equal(t, Fail, checks["secret db_password"].State)
	require.Contains(t, checks["secret db_password"].Detail, "waiting for its deletion")
	require.Equal(t, Warn, checks["secret jwt_secret"].State)
	require.Contains(t, checks["secret jwt_secret"].Detail, "has no replica in us-west-2")

	_, err = secrets.Run(ctx, p.env, secrets.Request{})
	require.Equal(t, ops.Incomplete, ops.KindOf(err))
	_, checks = p.run(t)
	require.Equal(t, OK, checks["secret db_password"].State)
	require.Equal(t, Warn, checks["secret api_key"].State)
	require.Contains(t, checks["secret api_key"].Detail, "the replica in us-west-2 is Failed")
}

func TestTheZoneAndItsDelegation(t *testing.T) {
	p := newPlace(t, nil)
	const name = "hosted zone itrack.example.com"
	for _, c := range []struct {
		dns    servers
		state  State
		detail string
	}{
		{servers{err: &net.DNSError{IsNotFound: true}}, Fail, "the DNS does not lead to it"},
		{servers{err: errors.New("i/o timeout")}, Unknown, "i/o timeout"},
		{servers{hosts: []string{"ns1.registrar.example."}}, Fail, "the DNS leads to ns1.registrar.example."},
	} {
		p.in.Resolver = c.dns
		_, checks := p.run(t)
		require.Equal(t, c.state, checks[name].State)
		require.Contains(t, checks[name].Detail, c.detail)
	}
	for _, private := range []bool{true, false} {
		input := &route53.CreateHostedZoneInput{Name: aws.String("itrack.example.com"), CallerReference: aws.String(strconv.FormatBool(private))}
		if private {
			input.HostedZoneConfig = &route53types.HostedZoneConfig{PrivateZone: true}
			input.VPC = &route53types.VPC{VPCId: aws.String("vpc-1"), VPCRegion: route53types.VPCRegionUsEast1}
		}
		_, err := p.env.Primary().Route53().CreateHostedZone(context.Background(), input)
		require.NoError(t, err)
		_, checks := p.run(t)
		if private {
			require.NotContains(t, checks[name].Detail, "public hosted zones of this name", "a private one does not count")
		} else {
			require.Contains(t, checks[name].Detail, "there are 2 public hosted zones of this name")
		}
	}
	p.in.Settings.Domain = "other.example.com"
	_, checks := p.run(t)
	require.Contains(t, checks["hosted zone other.example.com"].Detail, "no public hosted zone")
}

func TestGithubsProviderIsMadeOnce(t *testing.T) {
	p := newPlace(t, nil)
	const name = "GitHub's identity provider"
	p.in.Needs.GithubProvider = "use"
	_, checks := p.run(t)
	require.Equal(t, Fail, checks[name].State)
	require.Contains(t, checks[name].Next, "set it to make")
	client, ctx := p.env.Primary().IAM(), context.Background()
	made, err := client.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String("https://token.actions.githubusercontent.com"), ClientIDList: []string{"sts.amazonaws.com"}, ThumbprintList: []string{strings.Repeat("a", 40)},
	})
	require.NoError(t, err)
	_, checks = p.run(t)
	require.Equal(t, OK, checks[name].State)
	p.in.Needs.GithubProvider = "make"
	_, checks = p.run(t)
	require.Equal(t, Fail, checks[name].State)
	require.Contains(t, checks[name].Next, "itrack:account.githubProvider: use")
	_, err = client.TagOpenIDConnectProvider(ctx, &iam.TagOpenIDConnectProviderInput{
		OpenIDConnectProviderArn: made.OpenIDConnectProviderArn, Tags: []iamtypes.Tag{{Key: aws.String("Environment"), Value: aws.String("staging")}},
	})
	require.NoError(t, err)
	_, checks = p.run(t)
	require.Equal(t, OK, checks[name].State)
	p.in.Needs.GithubProvider = ""
	_, checks = p.run(t)
	require.NotContains(t, checks, name, "without a pipeline nobody makes one")
}

// What others have counts, what is the environment's own does not: a second deployment needs nothing more.
func TestWhatOthersUseCounts(t *testing.T) {
	p := newPlace(t, nil)
	client, ctx := p.env.Primary().EC2(), context.Background()
	for i := range 4 {
		vpc, err := client.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
		require.NoError(t, err)
		if i == 0 {
			_, err = client.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{*vpc.Vpc.VpcId}, Tags: []types.Tag{{Key: aws.String("Environment"), Value: aws.String("staging")}}})
			require.NoError(t, err)
		}
	}
	_, checks := p.run(t)
	require.Equal(t, "5, 4 in use by others, staging needs 1", checks["quota: VPCs"].Detail)
	_, err := client.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	require.NoError(t, err)
	_, checks = p.run(t)
	require.Equal(t, Fail, checks["quota: VPCs"].State)
	require.Contains(t, checks["quota: VPCs"].Next, "--desired-value 6")
	opstest.HandleQuotas(p.Cloud, nil, nil)
	_, checks = p.run(t)
	require.Equal(t, Unknown, checks["quota: VPCs"].State)
}

func TestRegions(t *testing.T) {
	p := newPlace(t, nil)
	p.Handle("ec2", "DescribeRegions", func(call opstest.Call) opstest.Answer {
		if strings.Contains(string(call.Body), "us-west-2") {
			return opstest.Answer{Type: "text/xml", Body: []byte(`<DescribeRegionsResponse><regionInfo><item><regionName>us-west-2</regionName><optInStatus>not-opted-in</optInStatus></item></regionInfo></DescribeRegionsResponse>`)}
		}
		return opstest.Answer{Code: "InvalidParameterValue"}
	})
	_, checks := p.run(t)
	require.Equal(t, Check{Name: "region us-east-1", State: Fail, Detail: "AWS has no such region", Next: "correct aws:region"}, checks["region us-east-1"])
	require.Equal(t, Fail, checks["region us-west-2"].State)
	require.Contains(t, checks["region us-west-2"].Next, "aws account enable-region --region-name us-west-2")
}

// The codes here are those of the page of quotas, and the needs those of the shipped settings.
func TestQuotasAreThoseOfThePage(t *testing.T) {
	known := defaults(t)
	for _, one := range quotas(Needs{}) {
		require.Contains(t, known, one.service+" "+one.code, one.name)
		require.True(t, serviceForm.MatchString(one.service))
	}
	require.Equal(t, Needs{ElasticIPs: 3, Fargate: 3, FargatePeak: 24, GithubProvider: "use"}, ReadNeeds(map[string]any{
		"network": map[string]any{"nat": "perZone", "zones": 3.0}, "github": map[string]any{}, "account": map[string]any{"githubProvider": "use"},
		"services": map[string]any{"backend": map[string]any{"cpu": 1024.0, "desired": 3.0, "max": 12.0}},
	}))
	require.Equal(t, Needs{ElasticIPs: 1, Fargate: 0.05, FargatePeak: 0.2, GithubProvider: "make"}, rounded(ReadNeeds(map[string]any{
		"network": map[string]any{}, "github": map[string]any{"repository": "a/b"},
		"services": map[string]any{"backend": map[string]any{"cpu": "256", "max": 2, "spotShare": 80.0}},
	})))
	require.Equal(t, Needs{}, ReadNeeds(map[string]any{"network": map[string]any{"nat": "none"}}))
	require.Equal(t, Needs{ElasticIPs: 2}, ReadNeeds(map[string]any{"network": map[string]any{"nat": "perZone"}}))
}

var serviceForm = regexp.MustCompile(`^[a-z0-9]+$`)

func rounded(n Needs) Needs {
	n.Fargate, _ = strconv.ParseFloat(short(n.Fargate), 64)
	n.FargatePeak, _ = strconv.ParseFloat(short(n.FargatePeak), 64)
	return n
}
