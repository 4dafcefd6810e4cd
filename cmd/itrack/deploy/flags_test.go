package deploy_test

import (
	"context"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/cmd/itrack/deploy"
	"github.com/itrack/itrack/cmd/itrack/destroy"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/cmd/itrack/preview"
	"github.com/itrack/itrack/cmd/itrack/state/unlock"
	"github.com/itrack/itrack/cmd/itrack/validate"
)

func parse(t *testing.T, cmd *cobra.Command, args ...string) {
	t.Helper()
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	require.NoError(t, cmd.Execute())
	require.Contains(t, cmd.Long, "Exit codes:")
	require.Contains(t, cmd.Example, "itrack ")
}

func TestFlags(t *testing.T) {
	f := &cmdutil.Factory{}
	var p *preview.Options
	parse(t, preview.NewCmdPreview(f, func(_ context.Context, o *preview.Options) error { p = o; return nil }), "staging", "--refresh", "--json", "--timeout", "5m")
	require.Equal(t, preview.Options{Factory: f, Environment: "staging", Refresh: true, JSON: true, Timeout: 5 * time.Minute}, *p)

	var d *deploy.Options
	parse(t, deploy.NewCmdDeploy(f, nil, func(_ context.Context, o *deploy.Options) error { d = o; return nil }),
		"production", "--allow-replace", "a,b", "--allow-replace", "c", "--refresh", "--skip-release", "--yes", "--dry-run", "--json")
	require.Equal(t, deploy.Options{Factory: f, Environment: "production", AllowReplace: []string{"a,b", "c"}, Refresh: true, SkipRelease: true, Yes: true,
		DryRun: true, JSON: true, Timeout: 2 * time.Hour}, *d)

	var v *validate.Options
	parse(t, validate.NewCmdValidate(f, func(_ context.Context, o *validate.Options) error { v = o; return nil }), "staging", "--json")
	require.Equal(t, validate.Options{Factory: f, Environment: "staging", JSON: true, Timeout: time.Hour}, *v)

	var gone *destroy.Options
	parse(t, destroy.NewCmdDestroy(f, func(_ context.Context, o *destroy.Options) error { gone = o; return nil }), "staging", "--confirm", "staging", "--dry-run")
	require.Equal(t, destroy.Options{Factory: f, Environment: "staging", Confirmed: "staging", DryRun: true, Timeout: 3 * time.Hour}, *gone)

	var u *unlock.Options
	parse(t, unlock.NewCmdUnlock(f, func(_ context.Context, o *unlock.Options) error { u = o; return nil }), "staging", "--yes", "--dry-run", "--json")
	require.Equal(t, unlock.Options{Factory: f, Environment: "staging", Yes: true, DryRun: true, JSON: true, Timeout: time.Hour}, *u)
}
