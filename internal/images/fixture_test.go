package images

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
)

// gadget imports little, so that it compiles fast, and yet a module and a time zone.
const gadget = `package main

import (
	"os"
	"time"

	"golang.org/x/sync/semaphore"
)

var version, commit = "unset", "unset"

func main() {
	zone, err := time.LoadLocation("Antarctica/Troll")
	if err != nil || !semaphore.NewWeighted(1).TryAcquire(1) {
		os.Exit(1)
	}
	os.Stdout.WriteString(version + " " + commit + " " + zone.String() + "\n")
}
`

// stamp is the time of the commit in every fixture.
const stamp = 1_700_000_000

// fixture is a git work tree with a Go module and one service, gadget, which has one dependency. Its commit is the same
// wherever it is made.
func fixture(t *testing.T, dir string) {
	t.Helper()
	mod, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	require.NoError(t, err)
	sum, err := os.ReadFile(filepath.Join("..", "..", "go.sum"))
	require.NoError(t, err)
	// The version that the tests' own modules have: it is in the module cache already.
	dependency := regexp.MustCompile(`golang.org/x/sync v\S+`).FindString(string(mod))
	require.NotEmpty(t, dependency)
	var sums []string
	for _, line := range strings.Split(string(sum), "\n") {
		if strings.HasPrefix(line, dependency) {
			sums = append(sums, line)
		}
	}
	for path, text := range map[string]string{
		"go.mod":             "module example.com/fleet\n\ngo 1.26\n\nrequire " + dependency + "\n",
		"go.sum":             strings.Join(sums, "\n") + "\n",
		"app/gadget/main.go": gadget,
		".gitignore":         "/build/\n",
	} {
		path = filepath.Join(dir, filepath.FromSlash(path))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	// The modes that git keeps, whatever the umask made of them.
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return os.Chmod(path, 0o644)
	}))
	runGit(t, dir, "init", "--quiet")
	runGit(t, dir, "add", ".")
	runGit(t, dir, "commit", "--quiet", "--message", "A gadget")
}

func runGit(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=Tester", "-c", "user.email=tester@example.com",
		"-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"}, args...)...)
	cmd.Dir = dir
	when := fmt.Sprintf("%d +0000", stamp)
	cmd.Env = append(cmd.Environ(), "GIT_AUTHOR_DATE="+when, "GIT_COMMITTER_DATE="+when)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

// options are those of a build of the fixture in dir.
func options(t *testing.T, dir string) Options {
	t.Helper()
	read, err := ReadCommit(context.Background(), CommitRequest{Root: dir})
	require.NoError(t, err)
	return Options{Root: dir, Source: "app", Services: []string{"gadget"}, Output: filepath.Join(dir, "build", "images"), Commit: read}
}

// shared is the fixture's image, built once for all tests that only read it.
var shared struct {
	sync.Once
	dir    string
	result Result
}

func build(t *testing.T) (dir string, result Result) {
	t.Helper()
	shared.Do(func() {
		var err error
		shared.dir, err = os.MkdirTemp("", "itrack-images-test-")
		require.NoError(t, err)
		fixture(t, shared.dir)
		results, err := Build(context.Background(), options(t, shared.dir))
		require.NoError(t, err)
		require.Len(t, results, 1)
		shared.result = results[0]
	})
	require.NotEmpty(t, shared.result.Digest, "the fixture's image was built")
	return shared.dir, shared.result
}

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerVariable); dir != "" {
		writeForever(dir)
	}
	code := m.Run()
	if shared.dir != "" {
		_ = os.RemoveAll(shared.dir)
	}
	os.Exit(code)
}

// open is the layout of a built service.
func open(t *testing.T, result Result) *Layout {
	t.Helper()
	opened, err := Open(result.Layout)
	require.NoError(t, err)
	require.Equal(t, result.Digest, opened.Digest.String())
	require.Equal(t, result.Version, opened.Version)
	return opened
}

// imageFor is the image of one platform.
func imageFor(t *testing.T, result Result, platform string) v1.Image {
	t.Helper()
	for _, made := range result.Platforms {
		if made.Platform == platform {
			digest, err := v1.NewHash(made.Digest)
			require.NoError(t, err)
			img, err := open(t, result).Index.Image(digest)
			require.NoError(t, err)
			return img
		}
	}
	require.Fail(t, "no image for "+platform)
	return nil
}

// unpack writes an image's program into a file.
func unpack(t *testing.T, img v1.Image, service string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), service)
	for _, entry := range entries(t, img) {
		if entry.header.Name == binaries+"/"+service {
			require.NoError(t, os.WriteFile(path, entry.body, 0o700))
			return path
		}
	}
	require.Fail(t, "the image has no program")
	return ""
}

// invented is an image of one platform whose program is no program.
func invented(t require.TestingT, base layer, body []byte) written {
	m := image{service: "gadget", repository: "https://example.com/fleet", base: base, commit: Commit{
		Revision: strings.Repeat("ab", 20), Time: time.Unix(stamp, 0), Version: "v1"}}
	err := m.add(v1.Platform{OS: "linux", Architecture: "arm64"}, program{bytes: body,
		info: &buildinfo.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Path: "example.com/fleet"}}})
	require.NoError(t, err)
	w, err := m.finish()
	require.NoError(t, err)
	return w
}

// tree is every file below dir but locks, by its path.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == ".lock" {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(body)
		return err
	}))
	return files
}
