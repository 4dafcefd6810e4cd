package engine

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseVersion(t *testing.T) {
	cases := map[string]string{
		"v3.230.0\n":     "",
		"3.230.0":        "",
		"v3.231.4":       "",
		"v4.0.0":         "",
		"v3.230.0-dev.1": "",
		"v3.229.9":       "version 3.229.9 is older than 3.230.0",
		"v2.999.0":       "version 2.999.0 is older than 3.230.0",
		"":               `version "" cannot be read`,
		"no version":     `version "no version" cannot be read`,
	}
	for out, wanted := range cases {
		_, err := parseVersion(out)
		if wanted == "" {
			require.NoError(t, err, out)
		} else {
			require.EqualError(t, err, wanted)
		}
	}
}

// fakePulumi is a command that reports a version.
func fakePulumi(t *testing.T, path, version string) {
	t.Helper()
	write(t, path, "#!/bin/sh\necho "+version+"\n")
	require.NoError(t, os.Chmod(path, 0o700))
}

func TestFindPulumi(t *testing.T) {
	ctx := context.Background()
	root, onPath, named := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "my-pulumi")
	t.Setenv("PATH", onPath+string(os.PathListSeparator)+"/bin"+string(os.PathListSeparator)+"/usr/bin")
	t.Setenv(EnvPulumi, "")

	_, err := FindPulumi(ctx, root)
	require.ErrorIs(t, err, ErrNoPulumi)
	require.ErrorContains(t, err, "run `make tools`")

	fakePulumi(t, filepath.Join(root, "bin", "pulumi"), "v3.230.1")
	cli, err := FindPulumi(ctx, root)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(root, "bin", "pulumi"), cli.Path)
	require.Equal(t, "3.230.1", cli.Version().String())

	// One on PATH that is too old is passed over, one that is new enough is preferred.
	fakePulumi(t, filepath.Join(onPath, "pulumi"), "v3.100.0")
	cli, err = FindPulumi(ctx, root)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(root, "bin", "pulumi"), cli.Path)
	fakePulumi(t, filepath.Join(onPath, "pulumi"), "v3.240.0")
	cli, err = FindPulumi(ctx, root)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(onPath, "pulumi"), cli.Path)

	// The one named explicitly comes first, and is not passed over in silence when it does not work.
	fakePulumi(t, named, "v3.231.0")
	t.Setenv(EnvPulumi, named)
	cli, err = FindPulumi(ctx, root)
	require.NoError(t, err)
	require.Equal(t, named, cli.Path)
	fakePulumi(t, named, "v3.1.0")
	_, err = FindPulumi(ctx, root)
	require.ErrorIs(t, err, ErrNoPulumi)
	require.ErrorContains(t, err, "version 3.1.0 is older than 3.230.0")
}

func TestCommandEnv(t *testing.T) {
	inherited := []string{"HOME=/home/me", "PULUMI_STACK=other", "PULUMI_ACCESS_TOKEN=t"}
	require.Equal(t, []string{"HOME=/home/me", EnvIsolate + "=1", "PULUMI_HOME=/x", "PULUMI_AUTOMATION_API=true"},
		commandEnv(inherited, []string{EnvIsolate + "=1", "PULUMI_HOME=/x"}))
	require.Equal(t, []string{"HOME=/home/me", "PULUMI_STACK=other", "PULUMI_ACCESS_TOKEN=t", "A=b", "PULUMI_AUTOMATION_API=true"},
		commandEnv(inherited, []string{"A=b"}), "a deployment keeps the user's login")
}

func TestNonInteractive(t *testing.T) {
	require.Equal(t, []string{"up", "--yes", "--non-interactive"}, nonInteractive([]string{"up", "--yes"}))
	require.Equal(t, []string{"up", "--non-interactive", "--", "x"}, nonInteractive([]string{"up", "--", "x"}))
	require.Equal(t, []string{"--non-interactive", "up"}, nonInteractive([]string{"--non-interactive", "up"}))
}
