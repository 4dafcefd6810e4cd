package promote

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops/promote"
	"github.com/itrack/itrack/internal/ops/site"
	"github.com/stretchr/testify/require"
)

func TestTheFlagsAreChecked(t *testing.T) {
	for why, arguments := range map[string][]string{
		"--skip moon: it takes functions, frontend":     {"--skip", "moon"},
		"--timeout 0s: it takes a time above 0":         {"--timeout", "0"},
		"--health-timeout -1s: it takes a time above 0": {"--health-timeout", "-1s"},
		"--skip services: it takes functions, frontend": {"--skip", "frontend,services"},
	} {
		cmd := NewCmdPromote(&cmdutil.Factory{}, nil)
		cmd.SetArgs(append([]string{"staging", "production"}, arguments...))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(context.Background())
		require.ErrorContains(t, err, why)
		require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
	}
}

func TestThePlanIsShown(t *testing.T) {
	digest := "sha256:" + strings.Repeat("ab", 32)
	plan := promote.Plan{From: "staging", To: "production",
		Services:  []promote.ServicePlan{{Service: "backend", Digest: digest, Differences: []string{"cpu: 256 to 512"}}},
		Functions: []promote.FunctionPlan{{Function: "item-events", Code: "a", Running: "b"}, {Function: "release-check", Code: "a", Running: "a", Differences: []string{"memory"}}},
		Frontend:  &site.Result{Previous: "r1", Uploaded: []site.Change{{Key: "index.html"}}},
	}
	require.Equal(t, []string{
		"service backend: the bootstrap image -> abababababab, with changed cpu: 256 to 512",
		"function item-events: gets the code that staging runs",
		"function release-check: stays, with changed memory",
		"frontend: 1 files of app/frontend/dist are uploaded, in the place of release r1",
	}, lines(plan))
	plan.Frontend = &site.Result{Release: "r1"}
	require.Contains(t, lines(plan), "frontend: stays at release r1")
}

// Ctrl-C ends what make has begun: killed, make would leave its children running.
func TestAStoppedSuiteLeavesNothingRunning(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Makefile"), []byte("test:\n\t@trap 'touch ended; exit 1' INT TERM; touch begun; while :; do sleep 0.01; done\n"), 0o600))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	finished := make(chan error, 1)
	go func() { finished <- makeTest(ctx, dir, &bytes.Buffer{}) }()
	there := func(name string) func() bool {
		return func() bool { _, err := os.Stat(filepath.Join(dir, name)); return err == nil }
	}
	require.Eventually(t, there("begun"), 10*time.Second, time.Millisecond)
	cancel()
	require.Error(t, <-finished)
	require.Eventually(t, there("ended"), 10*time.Second, time.Millisecond)
}
