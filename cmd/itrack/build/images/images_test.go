package images

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/images"
	"github.com/stretchr/testify/require"
)

const hash = "0123456789abcdef0123456789abcdef01234567"

// run is one call of the command.
type run struct {
	built  []images.Options
	asked  images.CommitRequest
	out    string
	said   string
	err    error
	result []images.Result
}

// call runs the command in a project with the services backend and worker, a library and a folder without Go. The build
// returns one result per service, with the given digest.
func call(t *testing.T, project, digest string, dirty bool, args ...string) run {
	t.Helper()
	for path, text := range map[string]string{
		"app/backend/main.go":   "package main\n",
		"app/worker/main.go":    "package main\n",
		"app/internal/lib.go":   "package internal\n",
		"app/frontend/index.js": "\n",
	} {
		path = filepath.Join(project, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	t.Chdir(project)
	var r run
	var out, said bytes.Buffer
	o := Defaults(&cmdutil.Factory{IO: cmdutil.IOStreams{Out: &out, Err: &said}, Project: func() (string, error) { return project, nil }})
	o.Commit = func(_ context.Context, asked images.CommitRequest) (images.Commit, error) {
		r.asked = asked
		if asked.Revision == "wrong" {
			return images.Commit{}, errors.New("revision wrong")
		}
		return images.Commit{Revision: hash, Dirty: dirty, Time: time.Unix(1, 0), Version: "v1"}, nil
	}
	o.Build = func(_ context.Context, asked images.Options) ([]images.Result, error) {
		r.built = append(r.built, asked)
		asked.Say("building %s", "something")
		for _, service := range asked.Services {
			r.result = append(r.result, images.Result{Service: service, Digest: digest, Layout: filepath.Join(asked.Output, service),
				Version: "v1", Revision: hash, Created: "1970-01-01T00:00:01Z", Platforms: []images.PlatformImage{{
					Platform: "linux/arm64", Digest: "sha256:2", Compressed: 12_345_678, Uncompressed: 34_567_890,
					SBOM: filepath.Join(asked.Output, service+".linux-arm64.spdx.json"), SBOMDigest: "sha256:3"}}})
		}
		return r.result, nil
	}
	cmd := newCmd(o, nil)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	r.err = cmd.ExecuteContext(context.Background())
	r.out, r.said = out.String(), said.String()
	return r
}

func TestEveryServiceIsBuilt(t *testing.T) {
	project := t.TempDir()
	t.Setenv("SOURCE_DATE_EPOCH", "")
	r := call(t, project, "sha256:1", false)
	require.NoError(t, r.err)
	require.Equal(t, images.CommitRequest{Root: project}, r.asked)
	require.Len(t, r.built, 1)
	got := r.built[0]
	got.Say = nil
	require.Equal(t, images.Options{Root: project, Source: "app", Services: []string{"backend", "worker"}, Output: "build/images",
		Commit: images.Commit{Revision: hash, Time: time.Unix(1, 0), Version: "v1"}}, got)
	require.Equal(t, `backend        sha256:1  build/images/backend                        version v1
  linux/arm64  sha256:2  build/images/backend.linux-arm64.spdx.json  12.3 MB, unpacked 34.6 MB
worker         sha256:1  build/images/worker                         version v1
  linux/arm64  sha256:2  build/images/worker.linux-arm64.spdx.json   12.3 MB, unpacked 34.6 MB
`, r.out)
	require.Equal(t, "building something\n", r.said)
}

func TestFlagsReachTheBuild(t *testing.T) {
	project := t.TempDir()
	t.Setenv("SOURCE_DATE_EPOCH", "77")
	r := call(t, project, "sha256:1", true, "worker", "--platform", "linux/arm64", "--version", "v2", "--revision", hash,
		"--repository", "https://example.com/fork", "--output", "there", "--json")
	require.NoError(t, r.err)
	require.Equal(t, images.CommitRequest{Root: project, Revision: hash, Version: "v2", Epoch: "77"}, r.asked)
	require.Equal(t, []string{"worker"}, r.built[0].Services)
	require.Equal(t, []string{"linux/arm64"}, r.built[0].Platforms)
	require.Equal(t, "https://example.com/fork", r.built[0].Repository)
	require.Equal(t, "there", r.built[0].Output)
	require.Empty(t, r.built[0].Cache)
	require.Contains(t, r.said, "the tree differs from commit 0123456789ab: the images say -dirty")

	var printed []images.Result
	require.NoError(t, json.Unmarshal([]byte(r.out), &printed))
	require.Equal(t, r.result, printed)
	var fields []map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.out), &fields))
	require.Equal(t, map[string]any{"platform": "linux/arm64", "digest": "sha256:2", "compressedBytes": 12345678.0, "uncompressedBytes": 34567890.0,
		"sbom": "there/worker.linux-arm64.spdx.json", "sbomDigest": "sha256:3"}, fields[0]["platforms"].([]any)[0])
}

func TestASourceByItsWholePathIsTakenAsAPlaceInTheProject(t *testing.T) {
	project := t.TempDir()
	r := call(t, project, "sha256:1", false, "worker", "--source", filepath.Join(project, "app"))
	require.NoError(t, r.err)
	require.Equal(t, "app", r.built[0].Source)

	outside := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(outside, "worker"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(outside, "worker", "main.go"), []byte("package main\n"), 0o600))
	r = call(t, project, "sha256:1", false, "worker", "--source", outside)
	require.ErrorContains(t, r.err, "is not in the project")
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(r.err))
	require.Empty(t, r.built)
}

func TestWrongUsageBuildsNothing(t *testing.T) {
	for says, args := range map[string][]string{
		"no service api in app; services: backend, worker":           {"api"},
		"backend is named twice":                                     {"backend", "backend"},
		"--platform windows/amd64: it takes linux/amd64 or linux/ar": {"--platform", "windows/amd64"},
		"revision wrong": {"--revision", "wrong"},
		"--output app/backend/main.go: app/backend/main.go is no folder":    {"--output", "app/backend/main.go"},
		"reading the services' folder":                                      {"--source", "nowhere"},
		"no services found: no folder of app/internal holds a main package": {"--source", "app/internal"},
	} {
		r := call(t, t.TempDir(), "sha256:1", false, args...)
		require.ErrorContains(t, r.err, says)
		require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(r.err), says)
		require.Empty(t, r.built, says)
	}
}

// small is a module whose one service compiles fast.
func small(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range map[string]string{
		"go.mod":             "module example.com/m\n\ngo 1.26\n",
		"app/gadget/main.go": "package main\n\nvar version string\n\nfunc main() { println(version) }\n",
	} {
		path = filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

// The real build, and a check that finds it again.
func TestCheckBuildsTheSameAgain(t *testing.T) {
	project := small(t)
	t.Chdir(project)
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	execute := func(args ...string) (out, said string, err error) {
		var stdout, stderr bytes.Buffer
		cmd := NewCmdImages(&cmdutil.Factory{IO: cmdutil.IOStreams{Out: &stdout, Err: &stderr}, Project: os.Getwd}, nil)
		cmd.SetArgs(append([]string{"--revision", hash, "--platform", "linux/arm64"}, args...))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err = cmd.ExecuteContext(context.Background())
		return stdout.String(), stderr.String(), err
	}
	_, _, err := execute("--check")
	require.ErrorContains(t, err, "no image in build/images/gadget; build it with `itrack build images gadget`")
	built, _, err := execute()
	require.NoError(t, err)
	checked, said, err := execute("--check")
	require.NoError(t, err)
	require.Equal(t, built, checked)
	require.Contains(t, said, "the same: what was built before is what this tree gives")

}

func TestCheckTellsWhatDiffers(t *testing.T) {
	project := t.TempDir()
	t.Chdir(project)
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	require.NoError(t, os.MkdirAll("build/images/worker", 0o755))
	// A layout with the least there can be: an index that names nothing.
	list := `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}`
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte(list)))
	require.NoError(t, os.MkdirAll("build/images/worker/blobs/sha256", 0o755))
	require.NoError(t, os.WriteFile("build/images/worker/blobs/sha256/"+digest, []byte(list), 0o600))
	index := fmt.Appendf(nil, `{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.index.v1+json","size":%d,"digest":"sha256:%s"}]}`, len(list), digest)
	require.NoError(t, os.WriteFile("build/images/worker/index.json", index, 0o600))

	r := call(t, project, "sha256:"+digest, false, "worker", "--check")
	require.NoError(t, r.err)
	require.NotEmpty(t, r.built[0].Cache)
	require.NotEqual(t, "build/images", r.built[0].Output, "a check writes nothing there")
	require.NoDirExists(t, r.built[0].Output)
	require.Contains(t, r.out, "  build/images/worker.linux-arm64.spdx.json  ")

	r = call(t, project, "sha256:other", false, "worker", "--check")
	require.ErrorContains(t, r.err, "not the same: build/images/worker is sha256:"+digest+", this tree gives sha256:other; another commit")
	require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(r.err))
	require.Empty(t, r.out)
}
