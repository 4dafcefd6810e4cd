package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// testProject is a project folder with one stack file.
func testProject(t *testing.T, settings string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Pulumi.yaml"), "name: itrack\nruntime: go\n")
	write(t, filepath.Join(dir, "Pulumi.staging.yaml"), settings)
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// repositoryRoot is two folders up; bin/pulumi stands there after `make tools`.
func repositoryRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	return root
}

type box struct{ pulumi.ResourceState }

// boxes is a program of components alone, which needs no plugin.
func boxes(names ...string) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		for _, name := range names {
			made := &box{}
			if err := ctx.RegisterComponentResource("itrack:test:Box", name, made); err != nil {
				return err
			}
			if err := ctx.RegisterResourceOutputs(made, pulumi.Map{}); err != nil {
				return err
			}
		}
		ctx.Export("boxes", pulumi.Int(len(names)))
		ctx.Export("token", pulumi.ToSecret(pulumi.String("canary")))
		return nil
	}
}

func openBoxes(t *testing.T, project, dir string, program pulumi.RunFunc, overlays ...Overlay) *Stack {
	t.Helper()
	ctx := context.Background()
	cli, err := FindPulumi(ctx, repositoryRoot(t))
	require.NoError(t, err)
	stack, err := Open(ctx, Settings{
		Project: project, Stack: "staging", Program: program, CLI: cli, Overlays: overlays,
		Isolation: &Isolation{Dir: dir, Plugins: []string{"pulumi-resource-none"}},
	})
	require.NoError(t, err)
	return stack
}

func TestUpOnTheRealEngine(t *testing.T) {
	t.Setenv("PULUMI_STACK", "somebody-elses")
	t.Setenv("PULUMI_BACKEND_URL", "file:///nowhere")
	const settings = "# kept\nconfig:\n  itrack:size: 1\n"
	project, dir := testProject(t, settings), t.TempDir()
	ctx := context.Background()

	var last Progress
	stack := openBoxes(t, project, dir, boxes("a", "b"), Overlay{"itrack:size", "2"})
	first, err := stack.Up(ctx, UpOptions{Phase: PhaseUp, Observer: func(p Progress) { last = p }})
	require.NoError(t, err)
	require.Len(t, first.Changes, 3, "two boxes and the stack itself are made")
	require.Zero(t, last.Total, "components are not resources of the cloud")
	require.Positive(t, first.WallSeconds)

	second, err := stack.Up(ctx, UpOptions{Phase: PhaseAgain, Refresh: true})
	require.NoError(t, err)
	require.Empty(t, second.Changes, "nothing changed")

	state, err := stack.Export(ctx)
	require.NoError(t, err)
	require.Equal(t, map[string]any{"boxes": float64(2), "token": Masked}, state.outputs())

	after, err := os.ReadFile(filepath.Join(project, "Pulumi.staging.yaml"))
	require.NoError(t, err)
	require.Equal(t, settings, string(after), "the user's stack file stays untouched")
	entries, err := os.ReadDir(project)
	require.NoError(t, err)
	require.Len(t, entries, 2)

	// A later command goes on from the kept state, and sees what the program no longer has.
	stack = openBoxes(t, project, dir, boxes("a"))
	third, err := stack.Up(ctx, UpOptions{Phase: PhaseUp})
	require.NoError(t, err)
	require.Len(t, third.Changes, 1)
	require.Equal(t, "delete", third.Changes[0].Op)
	require.Contains(t, third.Changes[0].URN, "::b")

	_, err = stack.Destroy(ctx, nil)
	require.NoError(t, err)
	state, err = stack.Export(ctx)
	require.NoError(t, err)
	require.Empty(t, state.Resources)
}

func TestUpReportsTheProgramsError(t *testing.T) {
	stack := openBoxes(t, testProject(t, "config: {}\n"), t.TempDir(), func(*pulumi.Context) error {
		return errors.New("creating network: the range 10.0.0.0/30 is too small")
	})
	outcome, err := stack.Up(context.Background(), UpOptions{Phase: PhaseUp})
	require.ErrorContains(t, err, "the range 10.0.0.0/30 is too small")
	require.Len(t, outcome.Problems, 1)
	require.Equal(t, "creating network: the range 10.0.0.0/30 is too small", outcome.Problems[0].Message)
}

func TestCancellingEndsCleanly(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	started := make(chan struct{})
	project, dir := testProject(t, "config: {}\n"), t.TempDir()
	stack := openBoxes(t, project, dir, func(ctx *pulumi.Context) error {
		close(started)
		<-ctx.Context().Done()
		return ctx.Context().Err()
	})
	go func() {
		<-started
		cancel()
	}()
	begun := time.Now()
	_, err := stack.Up(ctx, UpOptions{Phase: PhaseUp})
	require.ErrorIs(t, err, context.Canceled)
	require.Less(t, time.Since(begun), killGrace)

	// The lock is gone: the stack can be deployed again.
	stack = openBoxes(t, project, dir, boxes("a"))
	_, err = stack.Up(context.Background(), UpOptions{Phase: PhaseUp})
	require.NoError(t, err)
}

func TestOpenRefusesEncryptedSettings(t *testing.T) {
	project := testProject(t, "config:\n  itrack:token:\n    secure: v1:abc\n")
	_, err := Open(context.Background(), Settings{
		Project: project, Stack: "staging", CLI: &CLI{}, Isolation: &Isolation{Dir: t.TempDir()},
	})
	require.ErrorIs(t, err, ErrSettings)
	require.ErrorContains(t, err, "itrack:token")
	require.ErrorContains(t, err, "--set")
}

func TestOpenNamesTheEnvironmentsThereAre(t *testing.T) {
	project := testProject(t, "config: {}\n")
	_, err := Open(context.Background(), Settings{Project: project, Stack: "prod", CLI: &CLI{}})
	require.ErrorIs(t, err, ErrSettings)
	require.True(t, strings.HasSuffix(err.Error(), "environments with a settings file: staging"), err)
}
