package docs

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/infra"
	"github.com/itrack/itrack/internal/docgen"
	"github.com/itrack/itrack/internal/engine"
	"github.com/stretchr/testify/require"
)

// execute runs the command in an empty project whose rehearsal is the given report.
func execute(t *testing.T, dir string, report engine.Report, args ...string) (asked []engine.Options, said string, err error) {
	t.Helper()
	var out, stderr bytes.Buffer
	f := &cmdutil.Factory{
		IO:      cmdutil.IOStreams{Out: &out, Err: &stderr},
		Schema:  infra.ConfigSchema,
		Project: func() (string, error) { return dir, nil },
		Pulumi:  func(context.Context, string) (*engine.CLI, error) { return &engine.CLI{}, nil },
		Rehearse: func(_ context.Context, o engine.Options) (engine.Report, error) {
			asked = append(asked, o)
			return report, nil
		},
	}
	cmd := NewCmdDocs(f, nil)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.ExecuteContext(context.Background())
	require.Empty(t, out.String(), "what it says goes to stderr")
	return asked, stderr.String(), err
}

// A rehearsal that does not hold gives no coverage page, and keeps none of the other documents from being written.
func TestWrittenAndThenUnchanged(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "docs"), 0o755))
	broken := engine.Report{Stacks: []engine.StackReport{{Stack: "staging", Failures: []engine.Problem{{Message: "no such bucket"}}}}}
	asked, said, err := execute(t, dir, broken)
	require.Len(t, asked, 1)
	require.Equal(t, []string{"staging", "production"}, asked[0].Environments)
	require.ErrorContains(t, err, "docs/coverage.md")
	require.Contains(t, said, "no such bucket")
	require.NoFileExists(t, filepath.Join(dir, "docs", docgen.CoverageFile))
	for _, name := range []string{docgen.SchemaFile, docgen.SettingsFile, docgen.OutputsFile, docgen.CLIFile} {
		require.FileExists(t, filepath.Join(dir, "docs", name))
		require.Contains(t, said, "wrote docs/"+name)
	}

	path := filepath.Join(dir, "docs", docgen.SettingsFile)
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	_, said, err = execute(t, dir, broken, "--check")
	require.ErrorContains(t, err, "not what the code says: docs/settings.md;")
	require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(err))
	require.NotContains(t, said, "wrote")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(text), "--check writes nothing")
}
