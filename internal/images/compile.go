package images

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// program is a compiled service.
type program struct {
	bytes []byte
	info  *buildinfo.BuildInfo
}

// settings are the parts of Go's environment that change what it compiles. A developer's own would give another digest.
var settings = []string{
	"CGO_ENABLED=0", // static: there is no C library in the image
	"GOAMD64=v1",
	"GOARM64=v8.0",
	"GOFIPS140=off",
	"GOEXPERIMENT=", // see ownSettings
	"GOWORK=off",
	// Not empty: an empty value means the one of `go env -w`.
	"GOFLAGS=-mod=readonly",
}

// ownSettings refuses what a developer made Go's own by `go env -w` and no variable can take back: an empty GOEXPERIMENT means
// the file's. It would change the program without a word.
func ownSettings(ctx context.Context, root string) error {
	ask := func(file ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "go", "env", "GOEXPERIMENT")
		cmd.Dir, cmd.Env = root, append(append(cmd.Environ(), settings...), file...)
		out, err := cmd.Output()
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case err != nil:
			return "", noGo(fmt.Errorf("asking Go for its settings: %w", err))
		}
		return strings.TrimSpace(string(out)), nil
	}
	usual, err := ask("GOENV=off")
	if err != nil {
		return err
	}
	own, err := ask()
	if err == nil && own != usual {
		return fmt.Errorf("the settings of Go (go env -w) ask for the experiment %s, which would give the image another digest; take it back with `go env -u GOEXPERIMENT`", own)
	}
	return err
}

// noGo says what helps where there is no Go.
func noGo(err error) error {
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("%w; install the Go that go.mod names, or put it on PATH", err)
	}
	return err
}

// compile builds a service with Go. Folder names, the build id and the version-control stamp stay out: they would differ
// between two machines; the variables main.version and main.commit are set instead, where the program has them. The tag timetzdata links Go's time zones into the program, so that
// they come from the same Go as everything else and need no file; time.LoadLocation finds them last, after any file.
func compile(ctx context.Context, o Options, service string, platform v1.Platform, target string) (program, error) {
	target, err := filepath.Abs(target)
	if err != nil {
		return program{}, fmt.Errorf("resolving %s: %w", target, err)
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", "timetzdata",
		"-ldflags", "-s -w -buildid= -X main.version="+o.Commit.Version+" -X main.commit="+o.Commit.label(),
		"-o", target, "./"+filepath.ToSlash(filepath.Join(o.Source, service)))
	cmd.Dir = o.Root
	cmd.WaitDelay = 5 * time.Second // compilers that go started may outlive it, and hold its output open
	cmd.Env = append(append(cmd.Environ(), settings...), "GOOS="+platform.OS, "GOARCH="+platform.Architecture)
	if o.Cache != "" {
		cmd.Env = append(cmd.Env, "GOCACHE="+o.Cache)
	}
	out, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return program{}, ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return program{}, noGo(fmt.Errorf("starting go: %w", err))
	case err != nil:
		return program{}, fmt.Errorf("go build for %s: %w\n%s", platform, err, strings.TrimSpace(string(out)))
	}
	info, err := buildinfo.ReadFile(target)
	if err != nil {
		return program{}, fmt.Errorf("reading what the binary was built from: %w", err)
	}
	bytes, err := os.ReadFile(target)
	if err != nil {
		return program{}, fmt.Errorf("reading the binary: %w", err)
	}
	return program{bytes: bytes, info: info}, nil
}
