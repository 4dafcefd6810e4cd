package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops/statestore"
)

// Each environment has a bucket and an account of its own. A command that works on two of them, such as promote, can be logged
// in to one at most; and who has just run setup-state is logged in to none.
func TestEachEnvironmentsStateIsFound(t *testing.T) {
	l := newLife(t)
	for _, variable := range []string{"PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_STACK"} {
		t.Setenv(variable, "")
	}
	t.Setenv("PULUMI_HOME", t.TempDir())
	ctx := context.Background()
	var said bytes.Buffer
	f := lifeFactory(l.project, l.repository, &said, &said)
	f.Program = func(ctx *pulumi.Context) error {
		ctx.Export("is", pulumi.String(ctx.Stack()))
		return nil
	}
	outputs := func(environment string) (map[string]any, error) { return readOutputs(ctx, f, l.project, environment) }

	_, err := outputs("staging")
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
	require.ErrorIs(t, err, engine.ErrNotLoggedIn)
	require.ErrorContains(t, err, "`itrack setup-state staging` makes it")

	environments := []string{"staging", "production"}
	for _, environment := range environments {
		l.run(cmdutil.ExitOK, "setup-state", environment)
		stack, err := openWith(ctx, f, l.project, environment, statestore.EngineEnv)
		require.NoError(t, err)
		_, err = stack.Up(ctx, engine.UpOptions{})
		require.NoError(t, err)
	}
	eachIsRead := func() {
		t.Helper()
		for _, environment := range environments {
			values, err := outputs(environment)
			require.NoError(t, err, environment)
			require.Equal(t, map[string]any{"is": environment}, values)
		}
	}
	eachIsRead()
	stack, err := openStack(ctx, f, l.project, "staging")
	require.NoError(t, err)
	env, err := f.Environment(ctx, "staging")
	require.NoError(t, err)
	require.Equal(t, statestore.Backend(env), stack.Backend())
	locks, err := stack.Locks(ctx)
	require.NoError(t, err)
	require.Empty(t, locks)

	// Logged in to staging's, which has no production.
	cli, err := f.Pulumi(ctx, l.project)
	require.NoError(t, err)
	_, stderr, _, err := cli.Run(ctx, l.project, nil, nil, nil, nil, "login", statestore.Backend(env))
	require.NoError(t, err, stderr)
	eachIsRead()
	stack, err = openStack(ctx, f, l.project, "staging")
	require.NoError(t, err)
	require.Empty(t, stack.Backend(), "the login is as good")

	// Where somebody has said where the state is, nobody looks elsewhere.
	t.Setenv("PULUMI_BACKEND_URL", "file://"+t.TempDir())
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "test")
	_, err = outputs("staging")
	require.ErrorIs(t, err, engine.ErrNoStack)
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
}
