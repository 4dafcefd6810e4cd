//go:build !windows

package images

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// Another folder, another umask, a developer's own Go settings, and then an empty build cache: every byte is the same.
func TestTwoBuildsOfOneCommitGiveOneDigest(t *testing.T) {
	first, result := build(t)
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	for name, value := range map[string]string{
		"GOFLAGS": "-tags=netgo", "GOAMD64": "v3", "GOARM64": "v8.2", "CGO_ENABLED": "1", "GOOS": "darwin", "GOARCH": "386",
		"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8",
	} {
		t.Setenv(name, value)
	}
	dir := filepath.Join(t.TempDir(), "a much longer path", "with spaces")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	fixture(t, dir)
	o := options(t, dir)
	o.Platforms = []string{"linux/arm64", "linux/amd64", "linux/arm64"} // their order and number do not count
	again, err := Build(context.Background(), o)
	require.NoError(t, err)
	require.Equal(t, result.Digest, again[0].Digest)

	one, two := tree(t, filepath.Join(first, "build", "images")), tree(t, o.Output)
	require.Equal(t, slices.Sorted(maps.Keys(one)), slices.Sorted(maps.Keys(two)))
	for path := range one {
		require.True(t, one[path] == two[path], path)
	}

	// One platform shows it; with both the test would compile Go's library twice.
	o.Platforms, o.Output, o.Cache = []string{"linux/arm64"}, filepath.Join(t.TempDir(), "images"), filepath.Join(t.TempDir(), "cache")
	cold, err := Build(context.Background(), o)
	require.NoError(t, err)
	made := cold[0].Platforms[0]
	i := slices.IndexFunc(result.Platforms, func(p PlatformImage) bool { return p.Platform == made.Platform })
	require.Equal(t, result.Platforms[i].Digest, made.Digest)
	require.Equal(t, result.Platforms[i].SBOMDigest, made.SBOMDigest)
}

// What `go env -w` has set can't be taken back by an empty variable, and would change the program: it is refused before
// anything is compiled.
func TestAnExperimentOfTheDevelopersIsRefused(t *testing.T) {
	dir := t.TempDir()
	fixture(t, dir)
	file := filepath.Join(t.TempDir(), "env")
	require.NoError(t, os.WriteFile(file, []byte("GOEXPERIMENT=jsonv2\n"), 0o600))
	t.Setenv("GOENV", file)
	o := options(t, dir)
	_, err := Build(context.Background(), o)
	require.ErrorContains(t, err, "jsonv2")
	require.ErrorContains(t, err, "go env -u GOEXPERIMENT")
	require.NoDirExists(t, o.Output)
	t.Setenv("GOEXPERIMENT", "jsonv2") // of the shell alone: this one is overruled
	t.Setenv("GOENV", "off")
	require.NoError(t, ownSettings(context.Background(), dir))
	t.Setenv("PATH", t.TempDir())
	require.ErrorContains(t, ownSettings(context.Background(), dir), "install the Go that go.mod names")
}
