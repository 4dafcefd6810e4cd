package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/doctor"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/secrets"
	"github.com/itrack/itrack/internal/ops/statestore"
)

// nowhere is a DNS that knows no name.
type nowhere struct{}

func (nowhere) LookupNS(context.Context, string) ([]*net.NS, error) {
	return nil, &net.DNSError{IsNotFound: true}
}

const stackText = `secretsprovider: awskms:///key
config:
  itrack:network:
    nat: perZone
    zones: 3
  itrack:services:
    backend:
      cpu: 512
      desired: 2
      max: 4
  itrack:github:
    repository: a/b
`

// place is a project, a cloud and a pulumi command that tells where it is logged in.
type place struct {
	*opstest.Cloud
	settings    ops.Settings
	settingsErr error
	login       string
	out         bytes.Buffer
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{Cloud: opstest.New(t), settings: opstest.Settings("staging")}
	p.SignIn(t)
	opstest.HandleQuotas(p.Cloud, nil, map[string]float64{
		"vpc L-F678F1CE": 5, "vpc L-A4707A72": 5, "ec2 L-0263D0A3": 5, "vpc L-FE5A380F": 5, "fargate L-3032A538": 6, "lambda L-B99A9384": 1000,
		"rds L-7B6409FD": 40, "elasticloadbalancing L-53DA6B97": 50, "apigateway L-608BDCD4": 10,
	})
	return p
}

func (p *place) run(t *testing.T, args ...string) error {
	t.Helper()
	project := t.TempDir()
	pulumi := "#!/bin/sh\ncase $1 in\nversion) echo v3.230.1 ;;\nwhoami) echo '{\"user\":\"me\",\"url\":\"" + p.login + "\"}' ;;\nesac\n"
	for name, text := range map[string]string{"Pulumi.yaml": "name: itrack\nruntime: go\n", "Pulumi.staging.yaml": stackText, "pulumi": pulumi} {
		require.NoError(t, os.WriteFile(filepath.Join(project, name), []byte(text), 0o700))
	}
	t.Setenv(engine.EnvPulumi, filepath.Join(project, "pulumi"))
	p.out.Reset()
	f := &cmdutil.Factory{
		IO: cmdutil.IOStreams{Out: &p.out, Err: &bytes.Buffer{}}, Ops: opstest.Options(t), Pulumi: engine.FindPulumi,
		Project:       func() (string, error) { return project, nil },
		StackSettings: func(string, string) (ops.Settings, error) { return p.settings, p.settingsErr },
	}
	cmd := NewCmdDoctor(f, func(ctx context.Context, o *Options) error {
		o.Change = func(in *doctor.Input) {
			in.LookPath = func(name string) (string, error) { return "/bin/" + name, nil }
			in.Output = func(_ context.Context, path string, _ ...string) (string, error) { return path + " 1.2", nil }
			in.Resolver = nowhere{}
		}
		return doctorRun(ctx, o)
	})
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return cmd.ExecuteContext(context.Background())
}

func TestFailuresAndWarningsDecideTheExitCode(t *testing.T) {
	p := newPlace(t)
	err := p.run(t, "staging")
	require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(err))
	require.ErrorIs(t, err, cmdutil.ErrSilent, "the page has said everything")
	for _, part := range []string{
		"ok       go: /bin/go 1.2\n", "ok       account: 123456789012, which Pulumi.staging.yaml allows\n",
		"fail     secret api_key: itrack/staging/api_key does not exist in us-east-1\n         what to do: `itrack create-secrets staging` makes it\n",
		"ok       quota: Elastic IP addresses: 5, 0 in use by others, staging needs 3\n", "ok       quota: vCPUs on Fargate: 6, staging needs 4\n",
		"ok       secrets of the state: awskms:///key\n", "ok       GitHub's identity provider: there is none yet, and this stack makes it\n",
	} {
		require.Contains(t, p.out.String(), part)
	}
	require.Contains(t, p.out.String(), "warn     pulumi: 3.230.1, not logged in")

	env := p.Open(t, "staging", nil)
	_, err = statestore.Setup(context.Background(), env)
	require.NoError(t, err)
	_, err = secrets.Run(context.Background(), env, secrets.Request{})
	require.NoError(t, err)
	p.login = "s3://elsewhere"
	p.Forget()
	require.NoError(t, p.run(t, "staging", "--json"), "warnings are no failure")
	var report doctor.Report
	require.NoError(t, json.Unmarshal(p.out.Bytes(), &report), "one document")
	require.Zero(t, report.Count(doctor.Fail))
	require.Equal(t, 1, report.Count(doctor.Warn), "%s", p.out.String())
	require.Empty(t, p.Changes())
}

func TestTheWrongAccountAndBrokenSettingsAreChecks(t *testing.T) {
	p := newPlace(t)
	p.settings.AllowedAccounts = []string{opstest.OtherAccount}
	require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(p.run(t, "staging")))
	require.Contains(t, p.out.String(), "fail     account: checking the account: signed in to 123456789012")
	require.Contains(t, p.out.String(), "what to do: sign in to the right account")
	p.settingsErr = errors.New("itrack:network.zones must be 2 to 4")
	require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(p.run(t, "staging")))
	require.Contains(t, p.out.String(), "fail     stack file: itrack:network.zones must be 2 to 4")
	require.Contains(t, p.out.String(), "ok       git: /bin/git 1.2")
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(p.run(t, "nowhere")))
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(p.run(t, "staging", "--timeout", "0s")))
}

func TestTheDomainIsLookedUp(t *testing.T) {
	p := newPlace(t)
	p.settings.Domain = "itrack.example.com"
	require.Error(t, p.run(t, "staging"))
	require.Contains(t, p.out.String(), "fail     hosted zone itrack.example.com: there is no public hosted zone of this name in Route 53")
}
