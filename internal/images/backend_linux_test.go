package images

import (
	"context"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/require"
)

// backendLimit is what the backend's image may take in transfer: a task's start waits for it.
const backendLimit = 25_000_000

// The real backend: it must become an image, a small one, and its program start. The rest its own tests say.
func TestBackendBecomesASmallImage(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(root, "app", "backend", "main.go"))
	platform := "linux/" + runtime.GOARCH // which this machine can start
	results, err := Build(context.Background(), Options{
		Root: root, Source: "app", Services: []string{"backend"}, Platforms: []string{platform}, Output: filepath.Join(t.TempDir(), "images"),
		Commit: Commit{Revision: strings.Repeat("ab", 20), Time: time.Unix(stamp, 0), Version: "v1.2.3"},
	})
	require.NoError(t, err)
	result := results[0]
	require.NoError(t, validate.Index(open(t, result).Index))
	made := result.Platforms[0]
	t.Logf("%.1f MB compressed, %.1f MB unpacked", float64(made.Compressed)/1e6, float64(made.Uncompressed)/1e6)
	require.Less(t, made.Compressed, int64(backendLimit))

	img := imageFor(t, result, platform)
	config, err := img.ConfigFile()
	require.NoError(t, err)
	require.Equal(t, []string{"/usr/local/bin/backend"}, config.Config.Entrypoint)
	require.Equal(t, "https://github.com/itrack/itrack", config.Config.Labels["org.opencontainers.image.source"])
	require.Contains(t, document(t, made.SBOM), "github.com/go-sql-driver/mysql")
	cmd := &exec.Cmd{Path: unpack(t, img, "backend"), Args: []string{"backend", "version"}, Env: []string{}}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "v1.2.3 "+strings.Repeat("ab", 20)+"\n", string(out), "the revision that /version tells")
}
