package images

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/require"
)

// writerVariable makes this test program write layouts into the folder it names until it is killed.
const writerVariable = "ITRACK_TEST_IMAGE_WRITER"

// twins are two images that share only the base layer.
func twins(t require.TestingT) (a, b written) {
	base, err := baseLayer()
	require.NoError(t, err)
	noise, body := rand.NewChaCha8([32]byte{1}), make([]byte, 1<<18)
	_, _ = noise.Read(body) // never fails
	a = invented(t, base, body)
	body = make([]byte, 1<<18)
	_, _ = noise.Read(body)
	return a, invented(t, base, body)
}

// failing ends the writer where a test would fail.
type failing struct{}

func (failing) Errorf(string, ...any) {}
func (failing) FailNow()              { os.Exit(1) }

func writeForever(dir string) {
	a, b := twins(failing{})
	for {
		for _, w := range []written{a, b} {
			require.NoError(failing{}, w.write(dir))
			_, _ = os.Stdout.WriteString(".")
		}
	}
}

// A build killed at any moment leaves one of the two images, and that one whole.
func TestKilledWritersLeaveAWholeImage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gadget")
	a, b := twins(t)
	require.NoError(t, a.write(dir))
	program, err := os.Executable()
	require.NoError(t, err)
	for range 8 {
		cmd := exec.Command(program)
		cmd.Env = append(os.Environ(), writerVariable+"="+dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = io.ReadFull(out, make([]byte, 1)) // it writes by now
		require.NoError(t, err)
		time.Sleep(time.Duration(rand.IntN(20_000)) * time.Microsecond)
		require.NoError(t, cmd.Process.Kill())
		_, _ = io.Copy(io.Discard, out)
		require.ErrorContains(t, cmd.Wait(), "killed")

		opened, err := Open(dir)
		require.NoError(t, err)
		require.Contains(t, []string{a.result.Digest, b.result.Digest}, opened.Digest.String())
		require.NoError(t, validate.Index(opened.Index))
		require.Len(t, opened.SBOMs, 1)
	}
	require.NoError(t, b.write(dir))
	clean := filepath.Join(t.TempDir(), "gadget")
	require.NoError(t, b.write(clean))
	require.Equal(t, tree(t, clean), tree(t, dir), "the next build sweeps away what the killed ones left")
}

func TestPartsWithWrongBytesAreWrittenAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gadget")
	a, _ := twins(t)
	require.NoError(t, a.write(dir))
	whole := tree(t, dir)
	for _, part := range a.blobs {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "blobs", "sha256", part.digest.Hex), bytes.Repeat([]byte("x"), len(part.bytes)), 0o600))
	}
	require.NoError(t, a.write(dir))
	require.Equal(t, whole, tree(t, dir))
}

func TestFailedAndCancelledBuildsLeaveTheEarlierImage(t *testing.T) {
	dir, result := build(t)
	output := filepath.Join(t.TempDir(), "images")
	require.NoError(t, os.CopyFS(output, os.DirFS(filepath.Join(dir, "build", "images"))))
	before := tree(t, output)

	o := options(t, dir)
	o.Output, o.Commit.Version = output, "v2"
	ctx, cancel := context.WithCancel(context.Background())
	o.Say = func(format string, args ...any) {
		if args[1].(interface{ String() string }).String() == "linux/arm64" {
			cancel() // one platform is compiled
		}
	}
	_, err := Build(ctx, o)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, before, tree(t, output))

	o.Root, o.Say = filepath.Join(t.TempDir(), "broken"), nil
	require.NoError(t, os.CopyFS(o.Root, os.DirFS(dir)))
	require.NoError(t, os.WriteFile(filepath.Join(o.Root, "app", "gadget", "main.go"), []byte("package main\n\nfunc main() { wrong }\n"), 0o600))
	_, err = Build(context.Background(), o)
	require.ErrorContains(t, err, "building the image of gadget: go build for linux/amd64")
	require.ErrorContains(t, err, "undefined: wrong")
	require.Equal(t, before, tree(t, output))
	require.Equal(t, result.Digest, open(t, Result{Layout: filepath.Join(output, "gadget"), Digest: result.Digest, Version: result.Version}).Digest.String())
}

func TestABuildWaitsForTheOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), ".lock")
	never := func() { require.Fail(t, "nobody holds it") }
	unlock, err := lock(context.Background(), path, never)
	require.NoError(t, err)
	waited := 0
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = lock(ctx, path, func() { waited++ })
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Equal(t, 1, waited)

	got := make(chan error, 1)
	held := make(chan struct{})
	go func() {
		unlock, err := lock(context.Background(), path, func() { close(held) })
		if err == nil {
			err = unlock()
		}
		got <- err
	}()
	<-held
	require.NoError(t, unlock())
	require.NoError(t, <-got)
}

func TestOpenSaysWhatToDo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gadget")
	_, err := Open(dir)
	require.ErrorContains(t, err, "no image in "+dir+"; build it with `itrack build images gadget`")
	a, _ := twins(t)
	require.NoError(t, a.write(dir))
	list := filepath.Join(dir, "index.json")
	for text, says := range map[string]string{
		`{`:                                  "reading the image in " + dir,
		`{"schemaVersion":2,"manifests":[]}`: "no image in " + dir,
		strings.Replace(string(a.index), `"artifactType": "application/spdx+json"`, `"artifactType": "text/plain"`, 1): "does not belong here",
	} {
		require.NoError(t, os.WriteFile(list, []byte(text), 0o600))
		_, err := Open(dir)
		require.ErrorContains(t, err, says)
		require.ErrorContains(t, err, "itrack build images gadget")
	}
}
