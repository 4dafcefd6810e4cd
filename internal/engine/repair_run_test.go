package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/recovery"
)

// A login that leads to another backend must not leave a new, empty stack there.
func TestARepairMakesNoStack(t *testing.T) {
	ctx, backend := context.Background(), t.TempDir()
	for name, value := range map[string]string{
		"PULUMI_BACKEND_URL": "file://" + backend, "PULUMI_CONFIG_PASSPHRASE": "x", "PULUMI_HOME": t.TempDir(), "PULUMI_STACK": "",
	} {
		t.Setenv(name, value)
	}
	cli, err := FindPulumi(ctx, repositoryRoot(t))
	require.NoError(t, err)
	project := testProject(t, "config:\n  aws:region: us-east-1\n  aws:endpoints: [{sts: \"http://127.0.0.1:5000\"}]\n")
	run := RepairRun{Project: project, Environment: "staging", Program: boxes("a"), CLI: cli, AWS: func(context.Context, Access) (recovery.Finder, string, error) {
		t.Error("there is nothing to look for")
		return nil, "", nil
	}}
	_, err = RepairStack(ctx, run)
	require.ErrorIs(t, err, ErrNoStack)
	stacks, err := filepath.Glob(filepath.Join(backend, ".pulumi", "stacks", "*", "*"))
	require.NoError(t, err)
	require.Empty(t, stacks, "nothing was made")

	// One that is there is repaired, with what the stack file says of AWS.
	stack, err := Open(ctx, Settings{Project: project, Stack: "staging", Program: boxes("a"), CLI: cli})
	require.NoError(t, err)
	enough := errors.New("enough")
	for _, opened := range []*Stack{nil, stack} {
		var asked Access
		run.Opened, run.AWS = opened, func(_ context.Context, access Access) (recovery.Finder, string, error) {
			asked = access
			return nil, "", enough
		}
		_, err = RepairStack(ctx, run)
		require.ErrorIs(t, err, enough)
		require.Equal(t, Access{Region: "us-east-1", Endpoints: map[string]string{"sts": "http://127.0.0.1:5000"}}, asked)
	}

	// Endpoints that cannot be read are no reason to ask AWS itself.
	write(t, filepath.Join(project, "Pulumi.staging.yaml"), "config:\n  aws:endpoints: http://127.0.0.1\n")
	_, err = RepairStack(ctx, run)
	require.ErrorIs(t, err, ErrSettings)
	require.ErrorContains(t, err, "must be a list of maps")
	require.NoError(t, os.RemoveAll(backend))
}
