package cmdutil

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// complete asks as a shell does; the last argument is what was begun.
func complete(t *testing.T, f *Factory, args ...string) []string {
	t.Helper()
	run := func(*cobra.Command, []string) {}
	root := &cobra.Command{Use: "itrack"}
	promote := &cobra.Command{Use: "promote ENVIRONMENT [SERVICE...]", Args: cobra.MinimumNArgs(1), Run: run}
	promote.Flags().String("from", "", "take what runs in `ENVIRONMENT`")
	promote.Flags().String("set", "", "a `VALUE`")
	own := &cobra.Command{Use: "own ENVIRONMENT", Run: run, ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return []cobra.Completion{"mine"}, cobra.ShellCompDirectiveNoFileComp
	}}
	state := &cobra.Command{Use: "state"}
	state.AddCommand(&cobra.Command{Use: "repair ENVIRONMENT", Args: cobra.ExactArgs(1), Run: run})
	root.AddCommand(promote, own, state, &cobra.Command{Use: "review [ENVIRONMENT...]", Run: run}, &cobra.Command{Use: "version", Args: cobra.NoArgs, Run: run})
	CompleteEnvironments(f, root)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&bytes.Buffer{})
	root.SetArgs(append([]string{"__complete"}, args...))
	require.NoError(t, root.Execute())
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Contains(t, []string{":4", ":0"}, lines[len(lines)-1])
	return lines[:len(lines)-1]
}

func TestEnvironmentsAreCompleted(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.production.yaml", "Pulumi.staging.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	f := &Factory{Project: func() (string, error) { return dir, nil }}
	both := []string{"production", "staging"}
	require.Equal(t, both, complete(t, f, "promote", ""))
	require.Equal(t, []string{"staging"}, complete(t, f, "promote", "st"))
	require.Empty(t, complete(t, f, "promote", "staging", ""), "a service is not an environment")
	require.Equal(t, both, complete(t, f, "promote", "--from", ""))
	require.Empty(t, complete(t, f, "promote", "--set", ""))
	require.Equal(t, both, complete(t, f, "state", "repair", ""))
	require.Empty(t, complete(t, f, "state", "repair", "staging", ""))
	require.Equal(t, []string{"production"}, complete(t, f, "review", "staging", ""), "each is named once")
	require.Empty(t, complete(t, f, "version", ""))
	require.Equal(t, []string{"mine"}, complete(t, f, "own", ""))
	require.Contains(t, strings.Join(complete(t, f, "comp"), "\n"), "completion")

	f.Project = func() (string, error) { return "", errors.New("no project") }
	require.Empty(t, complete(t, f, "promote", ""))
	f.Project = func() (string, error) { return filepath.Join(dir, "gone"), nil }
	require.Empty(t, complete(t, f, "promote", ""))
}

func TestPlacesOfAUsage(t *testing.T) {
	for use, want := range map[string]places{
		"version": {}, "rehearse [ENVIRONMENT...]": {[]bool{true}, true}, "rollback ENVIRONMENT [SERVICE]": {[]bool{true, false}, false},
		"copy SOURCE ENVIRONMENT": {[]bool{false, true}, false}, "promote FROM TO": {[]bool{true, true}, false}, "logs ENVIRONMENT [flags] [--x]": {[]bool{true}, false},
	} {
		require.Equal(t, want, parsePlaces(use), use)
	}
}
