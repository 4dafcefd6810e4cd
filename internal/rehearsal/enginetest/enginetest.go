// Package enginetest runs inline programs on the real engine against the stand-in AWS, for tests. The test's own binary is
// the plugin: TestMain calls Main first.
package enginetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/itrack/itrack/internal/rehearsal"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// Account is the pretend account of tests.
const Account = "111122223333"

// Main serves the plugin when the binary was started as one, and runs the tests otherwise.
func Main(m *testing.M) {
	if kind, ok := rehearsal.PluginKind(os.Args[0]); ok {
		if err := rehearsal.ServePlugin(kind, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Pulumi finds the pulumi CLI: $ITRACK_PULUMI, bin/pulumi of the repository, or PATH. There is no skipping: a rehearsal that was
// not run proves nothing.
var Pulumi = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("ITRACK_PULUMI"); path != "" {
		return path, nil
	}
	for dir, err := os.Getwd(); err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "bin", "pulumi")
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return "", fmt.Errorf("finding the pulumi CLI: it is neither on PATH nor in bin/: run `make tools`")
	}
	return path, nil
})

// Stack is a stack of an inline program, with the cloud that it works on.
type Stack struct {
	auto.Stack
	Cloud *cloud.Cloud
	// Backend is the folder of the file backend, with the state as it is stored (Export shows secrets in plain text).
	Backend string
	t       *testing.T
}

// New makes a stack with a cloud and a backend of its own, in us-east-1 by default.
func New(t *testing.T, program pulumi.RunFunc) *Stack {
	t.Helper()
	cli, err := Pulumi()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bin, backend, home, clouds, work := filepath.Join(dir, "bin"), filepath.Join(dir, "backend"), filepath.Join(dir, "home"),
		filepath.Join(dir, "cloud"), filepath.Join(dir, "work")
	for _, folder := range []string{bin, backend, home, clouds, work} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range rehearsal.PluginNames() {
		if err := os.Symlink(self, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(cli, filepath.Join(bin, "pulumi")); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"PATH": bin + string(os.PathListSeparator) + os.Getenv("PATH"), "PULUMI_HOME": home, "PULUMI_BACKEND_URL": "file://" + backend,
		"PULUMI_CONFIG_PASSPHRASE": "rehearsal", "PULUMI_SKIP_UPDATE_CHECK": "1", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		rehearsal.EnvCloud: clouds, rehearsal.EnvAccount: Account,
		// The state is written at the end instead of at every step, which is most of a run's time.
		"PULUMI_SKIP_CHECKPOINTS": "true",
	}
	// The Automation API looks for the CLI with this process's own PATH.
	t.Setenv("PATH", env["PATH"])
	stack, err := auto.UpsertStackInlineSource(context.Background(), "test", "rehearsal", program, auto.EnvVars(env), auto.WorkDir(work),
		auto.Project(workspace.Project{Name: tokens.PackageName("rehearsal"), Runtime: workspace.NewProjectRuntimeInfo("go", nil),
			Backend: &workspace.ProjectBackend{URL: "file://" + backend}}))
	if err != nil {
		t.Fatalf("making the stack: %v", err)
	}
	if err := stack.SetConfig(context.Background(), "aws:region", auto.ConfigValue{Value: "us-east-1"}); err != nil {
		t.Fatalf("setting the region: %v", err)
	}
	opened, err := cloud.Open(clouds)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return &Stack{Stack: stack, Cloud: opened, Backend: backend, t: t}
}

// MustUp deploys and fails the test when that fails.
func (s *Stack) MustUp(program pulumi.RunFunc) auto.UpResult {
	s.t.Helper()
	result, err := s.TryUp(program)
	if err != nil {
		s.t.Fatalf("up: %v", err)
	}
	return result
}

// TryUp deploys.
func (s *Stack) TryUp(program pulumi.RunFunc) (auto.UpResult, error) {
	s.Workspace().SetProgram(program)
	return s.Up(context.Background(), optup.SuppressProgress())
}

// MustPreview previews and fails the test when that fails.
func (s *Stack) MustPreview(program pulumi.RunFunc) auto.PreviewResult {
	s.t.Helper()
	s.Workspace().SetProgram(program)
	result, err := s.Preview(context.Background(), optpreview.SuppressProgress())
	if err != nil {
		s.t.Fatalf("preview: %v", err)
	}
	return result
}

// MustDestroy destroys and fails the test when that fails.
func (s *Stack) MustDestroy() auto.DestroyResult {
	s.t.Helper()
	result, err := s.Destroy(context.Background(), optdestroy.SuppressProgress())
	if err != nil {
		s.t.Fatalf("destroy: %v", err)
	}
	return result
}
