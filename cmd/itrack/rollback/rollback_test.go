package rollback

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/release"
	"github.com/stretchr/testify/require"
)

func TestRollback(t *testing.T) {
	cloud, ctx := opstest.New(t), context.Background()
	opstest.NewDelivery(cloud)
	env := cloud.Open(t, "staging", nil)
	out := opstest.Stack(t, cloud, env)
	dir := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.staging.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("name: itrack\nruntime: go\n"), 0o600))
	}
	text, err := json.Marshal(out)
	require.NoError(t, err)
	page := &bytes.Buffer{}
	allowed := opstest.Account
	factory := &cmdutil.Factory{
		IO: cmdutil.IOStreams{Out: page, Err: &bytes.Buffer{}}, Ops: opstest.Options(t),
		Project: func() (string, error) { return dir, nil },
		StackSettings: func(_, environment string) (ops.Settings, error) {
			settings := opstest.Settings(environment)
			settings.AllowedAccounts = []string{allowed}
			return settings, nil
		},
		Outputs: func(context.Context, string, string) (map[string]any, error) {
			var values map[string]any
			return values, json.Unmarshal(text, &values)
		},
	}
	run := func(arguments ...string) error {
		page.Reset()
		cmd := NewCmdRollback(factory, nil)
		cmd.SetArgs(arguments)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		return cmd.ExecuteContext(ctx)
	}
	var images []string
	for _, tag := range []string{"one", "two"} {
		digest := opstest.Image(t, env, out.Releases["backend"].Repository, tag)
		images = append(images, digest)
		_, err := release.Deploy(ctx, env, out, release.Request{Images: map[string]string{"backend": digest}})
		require.NoError(t, err)
	}
	cloud.Forget()

	require.NoError(t, run("staging", "--list"))
	require.Regexp(t, `(?s)revisions, the newest first\n +3 .*has the traffic .*\n +2 .*had the traffic from .*\n +1 .*the bootstrap image`, page.String())
	require.NoError(t, run("staging", "--list", "--json"))
	var candidates []release.Candidate
	require.NoError(t, json.Unmarshal(page.Bytes(), &candidates))
	require.Equal(t, images[0], candidates[1].Digest)
	require.NoError(t, run("staging", "--dry-run"))
	require.Contains(t, page.String(), "service backend: would go back to itrack-backend-staging:2\n")
	require.NoError(t, run("staging", "--function", "item-events", "--to", "1"))
	require.Contains(t, page.String(), "function item-events: unchanged, version 1 after 1\n")
	require.Empty(t, cloud.Changes())

	require.NoError(t, run("staging", "--json"))
	var done release.RollbackResult
	require.NoError(t, json.Unmarshal(page.Bytes(), &done))
	require.Equal(t, release.RolledBack, done.Action)
	require.Equal(t, "itrack-backend-staging:2", done.After)
	require.Equal(t, []string{"codedeploy CreateDeployment"}, cloud.Changes())
	cloud.Forget()
	require.NoError(t, run("staging"))
	require.Contains(t, page.String(), "service backend: nothing was changed, itrack-backend-staging:2 has the traffic\n")
	require.Empty(t, cloud.Changes())
	require.NoError(t, run("staging", "--service", "backend", "--to", "3"))
	require.Contains(t, page.String(), "service backend: itrack-backend-staging:3 has the traffic, and that was verified\n")

	// The frontend's releases are the site's: nothing was uploaded yet.
	_, err = env.Primary().S3().PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: aws.String(out.SiteBucket), VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
	require.NoError(t, err)
	require.NoError(t, run("staging", "--frontend", "--list"))
	require.Equal(t, "frontend: releases, the newest first\n", page.String())
	require.Equal(t, cmdutil.ExitRefused, cmdutil.ExitCode(run("staging", "--frontend")))

	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(run("staging", "--timeout", "0")))
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(run("staging", "--service", "moon")))
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(run("staging", "--to", "99")))
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(run("staging", "--function", "moon")))
	require.Equal(t, cmdutil.ExitRefused, cmdutil.ExitCode(run("staging", "--function", "item-events")), "there is one version")
	require.Error(t, run("staging", "--service", "backend", "--function", "item-events"))
	allowed = "999999999999"
	require.ErrorContains(t, run("staging"), "signed in to "+opstest.Account)
}
