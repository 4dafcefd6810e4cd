package build

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/itrack/itrack/cmd/itrack/build/functions"
	"github.com/itrack/itrack/cmd/itrack/build/images"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	built "github.com/itrack/itrack/internal/images"
	"github.com/stretchr/testify/require"
)

// execute runs the command in a project with one function and one service, neither of which is compiled.
func execute(t *testing.T, fail error, args ...string) (asked []built.Options, out, said string, err error) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, path := range []string{"app/functions/cmd/alpha/main.go", "app/backend/main.go"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("package main\n"), 0o600))
	}
	var stdout, stderr bytes.Buffer
	f := &cmdutil.Factory{IO: cmdutil.IOStreams{Out: &stdout, Err: &stderr}, Project: os.Getwd}
	o := &Options{Factory: f, Functions: functions.Defaults(f), Images: images.Defaults(f)}
	o.Functions.Compile = func(_ context.Context, _, target string) error { return os.WriteFile(target, []byte("x"), 0o600) }
	o.Images.Commit = func(_ context.Context, r built.CommitRequest) (built.Commit, error) {
		return built.Commit{Revision: "0123456789ab", Time: time.Unix(1, 0), Version: r.Version}, nil
	}
	o.Images.Build = func(_ context.Context, b built.Options) ([]built.Result, error) {
		asked = append(asked, b)
		return []built.Result{{Service: b.Services[0], Digest: "sha256:1", Layout: "build/images/backend", Version: "v1"}}, fail
	}
	cmd := newCmd(o, nil)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.ExecuteContext(context.Background())
	return asked, stdout.String(), stderr.String(), err
}

func TestBuildsFunctionsAndImages(t *testing.T) {
	asked, out, said, err := execute(t, nil, "--version", "v1.4.0", "--platform", "linux/arm64")
	require.NoError(t, err)
	require.Len(t, asked, 1)
	require.Equal(t, []string{"backend"}, asked[0].Services)
	require.Equal(t, []string{"linux/arm64"}, asked[0].Platforms)
	require.Equal(t, "v1.4.0", asked[0].Commit.Version)
	require.Equal(t, "backend  sha256:1  build/images/backend  version v1\n", out)
	require.Contains(t, said, "built build/functions/alpha.zip\n")
	require.FileExists(t, "build/functions/alpha.zip")
}

func TestOneDocumentForAMachine(t *testing.T) {
	_, out, _, err := execute(t, nil, "--json")
	require.NoError(t, err)
	var printed report
	require.NoError(t, json.Unmarshal([]byte(out), &printed))
	require.Equal(t, map[string]string{"alpha": "build/functions/alpha.zip"}, printed.Functions)
	require.Len(t, printed.Images, 1)
	require.Equal(t, "sha256:1", printed.Images[0].Digest)
}

func TestAFailedImageFailsTheBuild(t *testing.T) {
	_, out, _, err := execute(t, errors.New("no space"))
	require.ErrorContains(t, err, "no space")
	require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(err))
	require.Empty(t, out)
	_, _, _, err = execute(t, nil, "everything")
	require.ErrorContains(t, err, "everything")
}
