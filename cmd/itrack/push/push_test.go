package push

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/registry"
)

// command is the command in a project with staging, which is deployed in moto.
type command struct {
	cloud   *opstest.Cloud
	reg     *opstest.Registry
	out     ops.Outputs
	images  string
	factory *cmdutil.Factory
	stdout  bytes.Buffer
	stderr  bytes.Buffer
}

func newCommand(t *testing.T) *command {
	t.Helper()
	c := &command{cloud: opstest.New(t), images: t.TempDir()}
	opstest.NewSigning(c.cloud)
	env := c.cloud.Open(t, "staging", nil)
	c.reg = opstest.NewRegistry(t, env.Account)
	c.out = opstest.Stack(t, c.cloud, env)
	c.reg.Serve(&c.out)
	dir := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.staging.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("name: itrack\nruntime: go\n"), 0o600))
	}
	c.factory = &cmdutil.Factory{
		IO: cmdutil.IOStreams{Out: &c.stdout, Err: &c.stderr}, Ops: opstest.Options(t), Version: "test",
		Project:       func() (string, error) { return dir, nil },
		StackSettings: func(_, environment string) (ops.Settings, error) { return opstest.Settings(environment), nil },
		Outputs: func(context.Context, string, string) (map[string]any, error) {
			text, err := json.Marshal(c.out)
			if err != nil {
				return nil, err
			}
			var values map[string]any
			return values, json.Unmarshal(text, &values)
		},
	}
	c.cloud.Forget()
	return c
}

func (c *command) run(args ...string) (string, int, error) {
	c.stdout.Reset()
	c.stderr.Reset()
	cmd := NewCmdPush(c.factory, nil)
	cmd.SetArgs(append([]string{"--images", c.images}, args...))
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.ExecuteContext(context.Background())
	return c.stdout.String(), cmdutil.ExitCode(err), err
}

func TestPush(t *testing.T) {
	c := newCommand(t)
	digest := opstest.Layout(t, c.images, "backend", "v1.2.3", "linux/amd64", "linux/arm64")
	reference := c.out.Repositories["backend"] + "@" + digest

	text, code, err := c.run("staging", "--dry-run")
	require.NoError(t, err)
	require.Equal(t, cmdutil.ExitOK, code)
	require.Contains(t, text, reference+"  would push: image, sbom, sbom, signature, tag\n")
	require.Contains(t, text, "tag v1.2.3\n")
	require.Empty(t, c.reg.Changes())

	text, _, err = c.run("staging")
	require.NoError(t, err)
	require.Contains(t, text, "pushed: image, sbom, sbom, signature, tag\n")
	require.Contains(t, text, "signed by "+c.out.SigningKeyArn)
	require.Contains(t, c.stderr.String(), "backend: pushing the signature\n")
	require.NotContains(t, text+c.stderr.String(), "auth-token")

	c.reg.Forget()
	text, _, err = c.run("staging", "--service", "backend", "--json")
	require.NoError(t, err)
	require.Empty(t, c.reg.Changes())
	require.Empty(t, c.stderr.String())
	var printed []registry.Pushed
	require.NoError(t, json.Unmarshal([]byte(text), &printed))
	require.Len(t, printed, 1)
	require.Equal(t, reference, printed[0].Reference)
	require.Empty(t, printed[0].Changes)
	require.Contains(t, text, `"changes": []`)
	text, _, err = c.run("staging")
	require.NoError(t, err)
	require.Contains(t, text, "all of it was there")

	// Exit codes.
	opstest.Layout(t, c.images, "backend", "v1.2.3", "linux/arm64")
	text, code, err = c.run("staging")
	require.ErrorContains(t, err, "tags are immutable")
	require.Equal(t, cmdutil.ExitRefused, code)
	require.Empty(t, text)
	_, code, _ = c.run("staging", "--service", "worker")
	require.Equal(t, cmdutil.ExitUsage, code)
	_, code, _ = c.run("nowhere")
	require.Equal(t, cmdutil.ExitUsage, code)
	_, code, _ = c.run("staging", "--timeout", "0s")
	require.Equal(t, cmdutil.ExitUsage, code)
	_, code, err = c.run("staging", "--timeout", "1ns")
	require.Equal(t, cmdutil.ExitTimeout, code, "%v", err)
	_, code, err = c.run("staging", "--images", t.TempDir())
	require.ErrorContains(t, err, "build it with `itrack build images backend`")
	require.Equal(t, cmdutil.ExitUsage, code)
	c.reg.Fail(opstest.RegistryFault{Method: http.MethodHead, Status: http.StatusForbidden, Code: "DENIED"})
	_, code, _ = c.run("staging")
	require.Equal(t, cmdutil.ExitFailed, code)
	c.reg.Heal()
	c.factory.StackSettings = func(_, environment string) (ops.Settings, error) {
		settings := opstest.Settings(environment)
		settings.AllowedAccounts = []string{"999999999999"}
		return settings, nil
	}
	c.cloud.Forget()
	_, code, err = c.run("staging")
	require.Equal(t, cmdutil.ExitUsage, code)
	require.ErrorContains(t, err, "aws:allowedAccountIds 999999999999")
	require.Len(t, c.cloud.Calls(), 1, "only who is signed in was asked")
}

func TestFlagsReachThePush(t *testing.T) {
	var got *Options
	cmd := NewCmdPush(&cmdutil.Factory{}, func(_ context.Context, o *Options) error { got = o; return nil })
	cmd.SetArgs([]string{"staging", "--service", "a", "--service", "b", "--images", "there", "--timeout", "5m", "--dry-run", "--json"})
	require.NoError(t, cmd.Execute())
	got.Factory = nil
	require.Equal(t, &Options{Environment: "staging", Services: []string{"a", "b"}, Images: "there", Timeout: 5 * time.Minute, DryRun: true, JSON: true}, got)
}
