package createsecrets

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/secrets"
)

const (
	canaryJWT = "Canary-jwt-0123456789-0123456789-abc"
	canaryAPI = "Canary-api-0123456789-0123456789-abc"
	canaryNew = "Canary-new-0123456789-0123456789-abc"
)

// place is a project, a cloud, and a terminal.
type place struct {
	*opstest.Cloud
	env      *ops.Environment
	settings ops.Settings
	terminal bool
	typed    []string // what is typed, in its order
	words    string   // everything that was ever printed
	out      bytes.Buffer
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{Cloud: opstest.New(t), settings: opstest.Settings("staging")}
	p.env = p.Open(t, "staging", nil)
	for _, kind := range secrets.Kinds {
		t.Setenv(kind.Variable, "")
		require.NoError(t, os.Unsetenv(kind.Variable))
	}
	return p
}

func (p *place) run(t *testing.T, args ...string) error {
	t.Helper()
	project := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.staging.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(project, name), []byte("name: itrack\nruntime: go\n"), 0o600))
	}
	var said bytes.Buffer
	p.out.Reset()
	f := &cmdutil.Factory{
		IO: cmdutil.IOStreams{Out: &p.out, Err: &said, InTerminal: p.terminal}, Ops: opstest.Options(t),
		Project:       func() (string, error) { return project, nil },
		StackSettings: func(string, string) (ops.Settings, error) { return p.settings, nil },
	}
	cmd := NewCmdCreateSecrets(f, func(ctx context.Context, o *Options) error {
		o.ReadSecret = func(context.Context) (string, error) {
			require.NotEmpty(t, p.typed, "nothing more is typed")
			next := p.typed[0]
			p.typed = p.typed[1:]
			return next, nil
		}
		return createSecretsRun(ctx, o)
	})
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(&said)
	cmd.SetErr(&said)
	err := cmd.ExecuteContext(context.Background())
	p.words += p.out.String() + said.String() + fmt.Sprintf("%v %+v", err, err)
	require.NotContains(t, p.words, "Canary-")
	for _, call := range p.Calls() {
		if call.Service != "secretsmanager" {
			require.NotContains(t, string(call.Body)+fmt.Sprint(call.Request.URL, call.Request.Header), "Canary-")
		}
	}
	return err
}

func (p *place) value(t *testing.T, name string) string {
	t.Helper()
	out, err := p.env.Primary().Secrets().GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("itrack/staging/" + name)})
	require.NoError(t, err)
	require.NotContains(t, p.words, *out.SecretString)
	return *out.SecretString
}

func TestValuesOfTheEnvironmentAreTakenAndTakenAway(t *testing.T) {
	p := newPlace(t)
	t.Setenv("JWT_SECRET", canaryJWT)
	t.Setenv("API_KEY", canaryAPI)
	require.NoError(t, p.run(t, "staging"))
	for _, kind := range secrets.Kinds {
		_, set := os.LookupEnv(kind.Variable)
		require.False(t, set, "a command that this one starts must not inherit %s", kind.Variable)
	}
	require.Equal(t, canaryJWT, p.value(t, "jwt_secret"))
	require.Equal(t, canaryAPI, p.value(t, "api_key"))
	require.Len(t, p.value(t, "db_password"), 44)
	require.Contains(t, p.out.String(), "created           itrack/staging/db_password")
	require.Contains(t, p.out.String(), "1. `itrack deploy staging`")

	p.Forget()
	t.Setenv("API_KEY", canaryNew)
	require.NoError(t, p.run(t, "staging"))
	require.Contains(t, p.out.String(), "API_KEY was given and not used: the secret has a value. `--rotate api_key` writes it.")
	require.Empty(t, p.Changes(), "a second run changes nothing")
	require.Equal(t, canaryAPI, p.value(t, "api_key"))
}

func TestARotationFromBeginningToEnd(t *testing.T) {
	p := newPlace(t)
	t.Setenv("JWT_SECRET", canaryJWT)
	require.NoError(t, p.run(t, "staging"))
	require.NoError(t, p.run(t, "staging", "--rotate", "jwt_secret", "--dry-run"))
	require.Regexp(t, `would be rotated  itrack/staging/jwt_secret \(the old key is accepted as well, and signs until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)`, p.out.String())
	require.Equal(t, canaryJWT, p.value(t, "jwt_secret"))
	t.Setenv("JWT_SECRET", canaryNew)
	require.NoError(t, p.run(t, "staging", "--rotate", "jwt_secret", "--json"))
	var report secrets.Report
	require.NoError(t, json.Unmarshal(p.out.Bytes(), &report), "one document")
	require.Equal(t, secrets.Rotated, report.Secrets[1].Action)
	require.WithinDuration(t, time.Now().Add(2*time.Hour), *report.Secrets[1].SignsFrom, time.Minute)
	from, valid := report.Secrets[1].SignsFrom.Format(time.RFC3339), report.Secrets[1].SignsFrom.Add(time.Hour).Format(time.RFC3339)
	require.Contains(t, p.out.String(), `"signsFrom": "`+from+`"`)
	require.JSONEq(t, `{"current":"`+canaryNew+`","previous":"`+canaryJWT+`","from":"`+from+`"}`, p.value(t, "jwt_secret"))
	err := p.run(t, "staging", "--rotate", "jwt_secret")
	require.Equal(t, cmdutil.ExitRefused, cmdutil.ExitCode(err), "%v", err)
	require.ErrorContains(t, err, "the old one is accepted beside it, and signs until "+from)
	require.NoError(t, p.run(t, "staging", "--rotate", "jwt_secret", "--finish"))
	require.Contains(t, p.out.String(), "finished          itrack/staging/jwt_secret (too early for the tokens of the old key, which are valid until "+valid+")\n")
	require.Contains(t, p.out.String(), "people whose token is of the old key of jwt_secret, whose last token is valid until "+valid+", sign in again")
	require.Equal(t, canaryNew, p.value(t, "jwt_secret"))
}

func TestValuesAreAskedForOnATerminal(t *testing.T) {
	p := newPlace(t)
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(p.run(t, "staging", "--prompt")), "there is no terminal")
	p.terminal = true
	p.typed = []string{"", canaryJWT, canaryJWT, canaryAPI, canaryNew}
	err := p.run(t, "staging", "--prompt")
	require.ErrorContains(t, err, "the two answers differ")
	require.Empty(t, p.Changes(), "nothing is written before the last answer")
	p.typed = []string{"", canaryJWT, canaryJWT, canaryAPI, canaryAPI}
	require.NoError(t, p.run(t, "staging", "--prompt"))
	require.Equal(t, canaryJWT, p.value(t, "jwt_secret"))
	require.Equal(t, canaryAPI, p.value(t, "api_key"))
	require.Empty(t, p.typed)
	require.NoError(t, p.run(t, "staging", "--prompt"), "all exist: nothing is asked")
}

func TestWrongUsage(t *testing.T) {
	p := newPlace(t)
	p.Forget()
	for _, args := range [][]string{
		{"nowhere"}, {"staging", "--finish"}, {"staging", "--rotate", "password"}, {"staging", "--rotate", "db_password", "--finish"}, {"staging", "--timeout", "-1s"},
	} {
		err := p.run(t, args...)
		require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err), "%v: %v", args, err)
	}
	t.Setenv("DB_PASSWORD", "Canary-1")
	err := p.run(t, "staging")
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
	require.ErrorContains(t, err, "it has 8 characters, and needs 16")
	p.settings.AllowedAccounts = []string{opstest.OtherAccount}
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(p.run(t, "staging")))
	require.Empty(t, p.Changes())
}

func TestTheTimeIsOver(t *testing.T) {
	p := newPlace(t)
	p.Handle("secretsmanager", "DescribeSecret", func(call opstest.Call) opstest.Answer {
		<-call.Request.Context().Done()
		return opstest.Answer{}
	})
	err := p.run(t, "staging", "--timeout", "50ms")
	require.Equal(t, cmdutil.ExitTimeout, cmdutil.ExitCode(err), "%v", err)
}
