package setupstate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

const stackText = "# Staging: this line stays.\nconfig:\n  aws:region: us-east-1\n"

// place is a project, a cloud, and the command's streams.
type place struct {
	*opstest.Cloud
	project  string
	settings ops.Settings
	out, err *bytes.Buffer
	init     func(context.Context, engine.InitRun) (engine.InitReport, error)
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{Cloud: opstest.New(t), project: t.TempDir(), settings: opstest.Settings("staging")}
	p.SignIn(t)
	for name, text := range map[string]string{"Pulumi.yaml": "name: itrack\nruntime: go\n", "Pulumi.staging.yaml": stackText} {
		require.NoError(t, os.WriteFile(filepath.Join(p.project, name), []byte(text), 0o600))
	}
	return p
}

func (p *place) run(t *testing.T, args ...string) error {
	t.Helper()
	p.out, p.err = &bytes.Buffer{}, &bytes.Buffer{}
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	f := &cmdutil.Factory{
		IO: cmdutil.IOStreams{Out: p.out, Err: p.err}, Ops: opstest.Options(t),
		Project:       func() (string, error) { return p.project, nil },
		Pulumi:        func(ctx context.Context, _ string) (*engine.CLI, error) { return engine.FindPulumi(ctx, root) },
		StackSettings: func(string, string) (ops.Settings, error) { return p.settings, nil },
	}
	run := func(ctx context.Context, o *Options) error {
		if p.init != nil {
			o.Init = p.init
		}
		return setupStateRun(ctx, o)
	}
	cmd := NewCmdSetupState(f, run)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return cmd.ExecuteContext(context.Background())
}

func (p *place) file(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.project, "Pulumi.staging.yaml"))
	require.NoError(t, err)
	return string(text)
}

// initInMoto makes the stack with the pulumi command while the bucket's policy is away: moto takes every condition of a
// statement as met, so that a bucket which denies clear text denies all.
func (p *place) initInMoto(t *testing.T) func(context.Context, engine.InitRun) (engine.InitReport, error) {
	t.Helper()
	settings, err := config.LoadDefaultConfig(context.Background(), config.WithRegion("us-east-1"), config.WithBaseEndpoint(p.Moto))
	require.NoError(t, err)
	client, bucket := s3.NewFromConfig(settings, func(o *s3.Options) { o.UsePathStyle = true }), aws.String("itrack-pulumi-state-123456789012-staging")
	return func(ctx context.Context, run engine.InitRun) (engine.InitReport, error) {
		policy, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket})
		require.NoError(t, err)
		_, err = client.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: bucket})
		require.NoError(t, err)
		report, failed := engine.InitStack(ctx, run)
		_, err = client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String(".pulumi/stacks/itrack/staging.json")})
		require.NoError(t, err, "the stack is in the bucket")
		_, err = client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: bucket, Policy: policy.Policy})
		require.NoError(t, err)
		return report, failed
	}
}

// The whole way, with the pulumi command, a bucket and a key.
func TestTheWholeWay(t *testing.T) {
	p := newPlace(t)
	p.init = p.initInMoto(t)
	require.NoError(t, p.run(t, "staging", "--dry-run"))
	require.Empty(t, p.Changes())
	require.Equal(t, stackText, p.file(t))
	for _, part := range []string{
		"would be made     bucket itrack-pulumi-state-123456789012-staging", "would be made     key alias/itrack-pulumi-staging",
		"would be made     stack staging", "would change      Pulumi.staging.yaml",
	} {
		require.Contains(t, p.out.String(), part)
	}

	require.NoError(t, p.run(t, "staging"))
	text := p.out.String()
	for _, part := range []string{
		"State of staging in account 123456789012, us-east-1", "made              bucket itrack-pulumi-state-123456789012-staging", "made              stack staging",
		"changed           Pulumi.staging.yaml", "pulumi login 's3://itrack-pulumi-state-123456789012-staging?region=us-east-1&awssdk=v2'",
		"- commit Pulumi.staging.yaml", "may use a bucket of this name; another one needs itrack:github.stateBucket",
	} {
		require.Contains(t, text, part)
	}
	require.True(t, strings.HasPrefix(p.file(t), stackText))
	require.Contains(t, p.file(t), "secretsprovider: awskms:///arn:aws:kms:us-east-1:123456789012:key/")
	p.Forget()
	committed := p.file(t)
	require.NoError(t, p.run(t, "staging", "--json"))
	var result Result
	require.NoError(t, json.Unmarshal(p.out.Bytes(), &result), "one document")
	require.Empty(t, result.State.Differences())
	require.False(t, result.Stack.StackMade || result.Stack.FileChanged)
	require.Equal(t, "pulumi login 's3://itrack-pulumi-state-123456789012-staging?region=us-east-1&awssdk=v2'", result.Login)
	require.Equal(t, committed, p.file(t))
	require.Empty(t, p.Changes(), "a second run changes nothing")
}

func TestWhatTheEngineIsToldAndSays(t *testing.T) {
	p := newPlace(t)
	p.settings.StateBucket, p.settings.Profile = "our-state", ""
	var told engine.InitRun
	p.init = func(_ context.Context, run engine.InitRun) (engine.InitReport, error) {
		told = run
		return engine.InitReport{File: "Pulumi.staging.yaml"}, nil
	}
	require.NoError(t, p.run(t, "staging"))
	require.Contains(t, p.out.String(), "itrack:github.stateBucket names this bucket")
	require.Equal(t, "s3://our-state?region=us-east-1&awssdk=v2", told.Backend)
	require.Equal(t, "test", told.Env["AWS_ACCESS_KEY_ID"])
	require.Len(t, told.KeyNames, 3)
	require.Equal(t, "awskms:///arn:aws:kms:us-east-1:123456789012:key/"+told.KeyNames[0]+"?region=us-east-1&awssdk=v2", told.Provider)
	require.Equal(t, []string{"alias/itrack-pulumi-staging", "arn:aws:kms:us-east-1:123456789012:alias/itrack-pulumi-staging"}, told.KeyNames[1:])
	require.NotContains(t, p.out.String()+p.err.String(), "AWS_SECRET")

	p.init = func(context.Context, engine.InitRun) (engine.InitReport, error) {
		return engine.InitReport{}, errors.Join(engine.ErrSettings, errors.New("has an encryptionsalt"))
	}
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(p.run(t, "staging")))
	require.Empty(t, p.out.String())
}

func TestExitCodes(t *testing.T) {
	p := newPlace(t)
	p.init = func(ctx context.Context, _ engine.InitRun) (engine.InitReport, error) {
		<-ctx.Done()
		return engine.InitReport{}, ctx.Err()
	}
	err := p.run(t, "staging", "--timeout", "300ms")
	require.Equal(t, cmdutil.ExitTimeout, cmdutil.ExitCode(err), "%v", err)
	require.ErrorContains(t, err, "it goes on where it stopped")
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(p.run(t, "staging", "--timeout", "0s")))
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(p.run(t, "nowhere")))
	p.settings.AllowedAccounts = []string{opstest.OtherAccount}
	p.Forget()
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(p.run(t, "staging")))
	require.Empty(t, p.Changes())
}
