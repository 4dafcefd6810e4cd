package build

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
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
	asked, _, out, said, err = run(t, fail, args...)
	return asked, out, said, err
}

// run is execute that tells as well which functions were compiled. A version "-wrong" does not pass.
func run(t *testing.T, fail error, args ...string) (asked []built.Options, compiled []string, out, said string, err error) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, path := range []string{"app/functions/cmd/alpha/main.go", "app/backend/main.go"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("package main\n"), 0o600))
	}
	var stdout, stderr bytes.Buffer
	f := &cmdutil.Factory{IO: cmdutil.IOStreams{Out: &stdout, Err: &stderr}, Project: os.Getwd}
	o := &Options{Factory: f, Functions: functions.Defaults(f), Images: images.Defaults(f)}
	o.Functions.Compile = func(_ context.Context, dir, target string) error {
		compiled = append(compiled, dir)
		return os.WriteFile(target, []byte("x"), 0o600)
	}
	o.Images.Commit = func(ctx context.Context, r built.CommitRequest) (built.Commit, error) {
		if r.Version == "-wrong" { // the real check, which needs no git
			r.Revision, r.Epoch = "0123456789ab", "1"
			return built.ReadCommit(ctx, r)
		}
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
	return asked, compiled, stdout.String(), stderr.String(), err
}

func TestWrongFlagsAreFoundBeforeAnythingIsCompiled(t *testing.T) {
	for says, args := range map[string][]string{
		"--platform foo: it takes linux/amd64 or linux/arm64":    {"--platform", "foo"},
		`version "-wrong": it takes what a registry takes`:       {"--version", "-wrong"},
		"unknown flag: --source":                                 {"--source", "app"},
		`unknown command "everything"`:                           {"everything"},
		"--platform linux/riscv64: it takes linux/amd64 or linu": {"--platform", "linux/arm64,linux/riscv64"},
	} {
		asked, compiled, out, _, err := run(t, nil, args...)
		require.ErrorContains(t, err, says)
		require.Empty(t, compiled, says)
		require.Empty(t, asked, says)
		require.Empty(t, out, says)
		require.NoDirExists(t, "build", says)
		if strings.HasPrefix(says, "unknown") {
			continue // the root command makes it a usage error
		}
		require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err), says)
	}
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
