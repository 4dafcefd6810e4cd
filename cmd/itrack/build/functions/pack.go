package functions

import (
	"archive/zip"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// epoch is the time in every zip entry. A zip cannot say an earlier one, and a real one would make each build differ.
var epoch = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// compile builds a function with Go for Lambda on arm64. The build id and the version-control stamp are left out: they
// would make the same source differ between two commits.
func compile(ctx context.Context, dir, target string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "lambda.norpc",
		"-ldflags", "-s -w -buildid=", "-o", target, "./"+filepath.ToSlash(dir))
	if filepath.IsAbs(dir) {
		cmd.Args[len(cmd.Args)-1] = dir
	}
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	cmd.WaitDelay = 5 * time.Second // compilers that go started may outlive it, and hold its output open
	out, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // and not that go was killed
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("starting go: %w; install the Go that go.mod names, or put it on PATH", err)
	case err != nil:
		return fmt.Errorf("go build: %w\n%s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// pack writes a zip with the one file bootstrap, executable by everybody, the same bytes each time.
func pack(binary, target string) (err error) {
	source, err := os.Open(binary)
	if err != nil {
		return fmt.Errorf("opening the binary: %w", err)
	}
	defer func() { _ = source.Close() }()
	partial := target + ".partial"
	file, err := os.Create(partial)
	if err != nil {
		return fmt.Errorf("creating the zip: %w", err)
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(partial)
		}
	}()
	archive := zip.NewWriter(file)
	archive.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: epoch}
	header.SetMode(0o755)
	entry, err := archive.CreateHeader(header)
	if err != nil {
		return fmt.Errorf("writing the zip: %w", err)
	}
	if _, err := io.Copy(entry, source); err != nil {
		return fmt.Errorf("writing the zip: %w", err)
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("writing the zip: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("writing the zip: %w", err)
	}
	if err := os.Rename(partial, target); err != nil {
		return fmt.Errorf("writing the zip: %w", err)
	}
	return nil
}
