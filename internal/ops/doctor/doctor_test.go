package doctor

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/secrets"
	"github.com/itrack/itrack/internal/ops/statestore"
)

// defaults are AWS's own quotas, as docs/quotas.md has them.
func defaults(t *testing.T) map[string]float64 {
	t.Helper()
	page, err := os.ReadFile("../../../docs/quotas.md")
	require.NoError(t, err)
	found := map[string]float64{"lambda L-B99A9384": 1000}
	for _, line := range strings.Split(string(page), "\n") {
		cells := strings.Split(line, "|")
		if match := quotaCell.FindStringSubmatch(line); match != nil && len(cells) > 3 {
			value, err := strconv.ParseFloat(strings.TrimSpace(cells[2]), 64)
			require.NoError(t, err)
			if match[1] != "lambda" {
				found[match[1]+" "+match[2]] = value
			}
		}
	}
	return found
}

var quotaCell = regexp.MustCompile("\\| ([a-z0-9]+) `(L-[0-9A-F]+)` ")

// servers answers for the DNS.
type servers struct {
	hosts []string
	err   error
}

func (s servers) LookupNS(context.Context, string) ([]*net.NS, error) {
	var list []*net.NS
	for _, host := range s.hosts {
		list = append(list, &net.NS{Host: host})
	}
	return list, s.err
}

// place is a cloud in which all is well, and what the checks go by.
type place struct {
	*opstest.Cloud
	env *ops.Environment
	in  Input
}

func newPlace(t *testing.T, change func(*ops.Settings)) *place {
	t.Helper()
	p := &place{Cloud: opstest.New(t)}
	settings := opstest.Settings("staging")
	settings.SecretReplica, settings.Domain = true, "itrack.example.com"
	if change != nil {
		change(&settings)
	}
	p.env = p.Open(t, "staging", func(s *ops.Settings) { *s = settings })
	_, err := statestore.Setup(context.Background(), p.env)
	require.NoError(t, err)
	_, err = secrets.Run(context.Background(), p.env, secrets.Request{})
	require.NoError(t, err)
	zone, err := p.env.Primary().Route53().CreateHostedZone(context.Background(), &route53.CreateHostedZoneInput{Name: aws.String("itrack.example.com"), CallerReference: aws.String("1")})
	require.NoError(t, err)
	opstest.HandleQuotas(p.Cloud, map[string]float64{"fargate L-3032A538": 40}, defaults(t))
	p.in = Input{
		Environment: "staging", Settings: settings, Options: opstest.Options(t), Guard: Guard{Provider: "awskms:///key"},
		Needs:    Needs{ElasticIPs: 1, Fargate: 3, FargatePeak: 24, GithubProvider: "make"},
		Pulumi:   func(context.Context) Pulumi { return Pulumi{Version: "3.230.0", Backend: statestore.Backend(p.env)} },
		LookPath: func(name string) (string, error) { return "/bin/" + name, nil },
		Output: func(_ context.Context, path string, _ ...string) (string, error) {
			return path + " 1.2.3\nmore", nil
		},
		Resolver: servers{hosts: zone.DelegationSet.NameServers},
	}
	p.Forget()
	return p
}

func (p *place) run(t *testing.T) (Report, map[string]Check) {
	t.Helper()
	report, err := Run(context.Background(), p.in)
	require.NoError(t, err)
	checks := map[string]Check{}
	for _, check := range report.Checks {
		require.NotContains(t, checks, check.Name, "names are unique")
		require.NotEmpty(t, check.State, check.Name)
		require.NotEmpty(t, check.Detail, check.Name)
		checks[check.Name] = check
	}
	return report, checks
}

func TestAllIsWell(t *testing.T) {
	p := newPlace(t, nil)
	report, checks := p.run(t)
	for name, check := range checks {
		require.Equal(t, OK, check.State, "%s: %+v", name, check)
	}
	require.Empty(t, p.Changes(), "it changes nothing")
	require.Equal(t, opstest.Account, report.Account)
	require.Equal(t, len(report.Checks), report.Count(OK))
	require.Equal(t, "/bin/go 1.2.3", checks["go"].Detail)
	require.Equal(t, "enabled", checks["region us-west-2"].Detail)
	require.Equal(t, "itrack/staging/api_key, replicated to us-west-2", checks["secret api_key"].Detail)
	require.Equal(t, "40, staging needs 24", checks["quota: vCPUs on Fargate"].Detail)
	require.Equal(t, "5, 1 in use by others, staging needs 1", checks["quota: VPCs"].Detail, "the default VPC of the region counts")
	require.Equal(t, "delegated to its 4 name servers", checks["hosted zone itrack.example.com"].Detail)
	for _, name := range []string{"git", "session-manager-plugin", "mysql", "aws", "pulumi", "pulumi login", "stack file", "secrets of the state", "credentials", "account", "state bucket and key", "GitHub's identity provider"} {
		require.Contains(t, checks, name)
	}
	for _, call := range p.Calls() {
		require.NotEqual(t, "GetSecretValue", call.Action)
	}
}

func TestAnEmptyAccount(t *testing.T) {
	p := newPlace(t, nil)
	answer, err := http.Post(p.Moto+"/moto-api/reset", "", nil)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	p.in.Guard, p.in.Resolver = Guard{}, servers{err: &net.DNSError{IsNotFound: true}}
	opstest.HandleQuotas(p.Cloud, map[string]float64{"fargate L-3032A538": 2, "lambda L-B99A9384": 10, "ec2 L-0263D0A3": 0}, defaults(t))
	p.in.Pulumi = func(context.Context) Pulumi { return Pulumi{Version: "3.230.0"} }
	_, checks := p.run(t)
	for name, wanted := range map[string]Check{
		"state bucket and key": {"", Fail, "there is no bucket itrack-pulumi-state-123456789012-staging", "`itrack setup-state staging` makes it"},
		"secret db_password":   {"", Fail, "itrack/staging/db_password does not exist in us-east-1", "`itrack create-secrets staging` makes it"},
		"secrets of the state": {"", Warn, "the stack file names no secretsprovider: the stack was not made yet, or elsewhere", "`itrack setup-state staging` makes a key and writes it into the stack file"},
		"pulumi login":         {"", Warn, "pulumi is not logged in", "`pulumi login 's3://itrack-pulumi-state-123456789012-staging?region=us-east-1&awssdk=v2'` for pulumi by hand; itrack finds the bucket of setup-state"},
		"quota: vCPUs on Fargate": {"", Fail, "2, and staging needs 3",
			"`aws service-quotas request-service-quota-increase --region us-east-1 --service-code fargate --quota-code L-3032A538 --desired-value 3`"},
		"quota: concurrent Lambda executions": {"", Warn, "10, and staging may need 100: what goes beyond waits",
			"`aws service-quotas request-service-quota-increase --region us-east-1 --service-code lambda --quota-code L-B99A9384 --desired-value 100`"},
		"quota: Elastic IP addresses": {"", Fail, "0, 0 in use by others, and staging needs 1",
			"`aws service-quotas request-service-quota-increase --region us-east-1 --service-code ec2 --quota-code L-0263D0A3 --desired-value 1`"},
	} {
		wanted.Name = name
		assert.Equal(t, wanted, checks[name])
	}
	assert.Equal(t, Fail, checks["hosted zone itrack.example.com"].State)
	assert.Contains(t, checks["hosted zone itrack.example.com"].Next, "create-hosted-zone --name itrack.example.com")
}

func TestToolsThatAreMissing(t *testing.T) {
	p := newPlace(t, nil)
	p.in.LookPath = func(name string) (string, error) {
		if name == "mariadb" || name == "git" {
			return "/bin/" + name, nil
		}
		return "", errors.New("not found")
	}
	p.in.Output = func(_ context.Context, path string, _ ...string) (string, error) {
		if path == "/bin/git" {
			return "", errors.New("exit status 1")
		}
		return path, nil
	}
	p.in.Pulumi = func(context.Context) Pulumi {
		return Pulumi{Err: errors.New("no pulumi command of version 3.230.0 or newer")}
	}
	_, checks := p.run(t)
	require.Equal(t, Fail, checks["go"].State)
	require.Equal(t, "/bin/mariadb", checks["mysql"].Detail)
	require.Equal(t, Warn, checks["session-manager-plugin"].State)
	require.Contains(t, checks["session-manager-plugin"].Next, "session-manager-working-with-install-plugin")
	require.Equal(t, OK, checks["aws"].State, "it is optional")
	require.Equal(t, Warn, checks["git"].State)
	require.Contains(t, checks["git"].Detail, "does not run: exit status 1")
	require.Equal(t, Fail, checks["pulumi"].State)
	require.Equal(t, "`make tools` builds one", checks["pulumi"].Next)
	require.Equal(t, Unknown, checks["pulumi login"].State)
	require.Equal(t, OK, checks["secret db_password"].State, "the others go on")
}

// The wrong account is a check that fails, and nothing more is asked of AWS.
func TestTheWrongAccount(t *testing.T) {
	p := newPlace(t, nil)
	p.in.Settings.AllowedAccounts = []string{opstest.OtherAccount}
	_, checks := p.run(t)
	require.Equal(t, Fail, checks["account"].State)
	require.Contains(t, checks["account"].Detail, "signed in to 123456789012")
	require.Contains(t, checks["account"].Detail, "allows only aws:allowedAccountIds 210987654321")
	require.Equal(t, Unknown, checks["everything on AWS"].State)
	require.Equal(t, OK, checks["go"].State)
	for _, call := range p.Calls() {
		require.Equal(t, "sts GetCallerIdentity", call.String())
	}
	p.in.Settings.AllowedAccounts = nil
	_, checks = p.run(t)
	require.Equal(t, Warn, checks["account"].State)
	require.Contains(t, checks["account"].Next, `set aws:allowedAccountIds: ["123456789012"] in Pulumi.staging.yaml`)
}

func TestNoCredentialsAndNoStackFile(t *testing.T) {
	p := newPlace(t, nil)
	p.Fail(opstest.Fault{Service: "sts", Status: 403, Code: "ExpiredToken"})
	_, checks := p.run(t)
	require.Equal(t, Fail, checks["credentials"].State)
	require.Contains(t, checks["credentials"].Next, "aws sso login")
	require.Equal(t, Unknown, checks["account"].State)
	require.NotContains(t, checks, "secret db_password")

	p.in.SettingsErr = errors.New("itrack:network.zones must be 2 to 4")
	p.Forget()
	_, checks = p.run(t)
	require.Equal(t, Fail, checks["stack file"].State)
	require.Contains(t, checks["stack file"].Detail, "itrack:network.zones")
	require.Equal(t, OK, checks["git"].State)
	require.Empty(t, p.Calls())
}

// A right that is missing makes its own check unknown, and names the right as IAM does.
func TestAMissingRightIsNamed(t *testing.T) {
	p := newPlace(t, nil)
	denied := func(service, action string) {
		p.Fail(opstest.Fault{Service: service, Action: action, Status: 403, Code: "AccessDeniedException"})
	}
	denied("ec2", "DescribeRegions")
	denied("ec2", "DescribeVpcs")
	denied("secretsmanager", "DescribeSecret")
	denied("servicequotas", "GetServiceQuota")
	denied("iam", "ListOpenIDConnectProviders")
	denied("route53", "GET /2013-04-01/hostedzonesbyname")
	p.Fail(opstest.Fault{Service: "s3", Action: "GET /", Status: 403, Code: "AccessDenied"})
	report, checks := p.run(t)
	for name, right := range map[string]string{
		"region us-east-1": "ec2:DescribeRegions", "secret db_password": "secretsmanager:DescribeSecret", "quota: VPCs": "servicequotas:GetServiceQuota",
		"GitHub's identity provider": "iam:ListOpenIDConnectProviders", "hosted zone itrack.example.com": "route53:ListHostedZonesByName",
		"state bucket and key": "s3:GetBucketTagging",
	} {
		require.Equal(t, Check{Name: name, State: Unknown, Detail: "the role in use lacks " + right, Next: "have it added to the role, or ask somebody who has it"}, checks[name])
	}
	require.Zero(t, report.Count(Fail))
	p.Heal()
	denied("ec2", "DescribeVpcs")
	p.Fail(opstest.Fault{Service: "s3", Action: "HEAD", Status: 500})
	_, checks = p.run(t)
	require.Equal(t, "the role in use lacks ec2:DescribeVpcs", checks["quota: VPCs"].Detail)
	require.Equal(t, OK, checks["quota: internet gateways"].State)
	require.Equal(t, Unknown, checks["state bucket and key"].State)
}

func TestThrottlingIsOutlastedAndAHangEnds(t *testing.T) {
	p := newPlace(t, nil)
	p.Fail(opstest.Fault{Service: "secretsmanager", Action: "DescribeSecret", Times: 2, Status: 400, Code: "ThrottlingException"})
	_, checks := p.run(t)
	require.Equal(t, OK, checks["secret db_password"].State)

	p.Handle("iam", "ListOpenIDConnectProviders", func(call opstest.Call) opstest.Answer {
		<-call.Request.Context().Done()
		return opstest.Answer{}
	})
	late := run(context.Background(), 50*time.Millisecond, []probe{
		{"hangs", func(ctx context.Context) Check { return p.in.provider(ctx, p.env) }},
		{"goes on", func(context.Context) Check { return Check{State: OK} }},
	})
	require.Equal(t, []Check{
		{Name: "hangs", State: Unknown, Detail: "no answer in time", Next: "run this again; --timeout gives each check more time"}, {Name: "goes on", State: OK},
	}, late)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Run(ctx, p.in)
	require.ErrorIs(t, err, context.Canceled)
}

// A tool that leaves something behind which holds its output open does not hold the check.
func TestAToolThatLeavesSomethingBehind(t *testing.T) {
	tool := filepath.Join(t.TempDir(), "tool")
	require.NoError(t, os.WriteFile(tool, []byte("#!/bin/sh\nsleep 60 &\nsleep 60\n"), 0o700))
	in := Input{}
	in.defaults()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	_, err := in.Output(ctx, tool)
	require.Error(t, err)
	require.Less(t, time.Since(begun), 30*time.Second)
}
