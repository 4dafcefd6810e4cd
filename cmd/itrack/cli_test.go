package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/itrack/itrack/cmd/itrack/docs"
	"github.com/itrack/itrack/internal/docgen"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThePageOfTheCommands(t *testing.T) {
	have, err := os.ReadFile(filepath.Join("..", "..", "docs", docgen.CLIFile))
	require.NoError(t, err)
	want := docs.CLI(freshRoot())
	require.Equal(t, want, string(have), "docs/cli.md is not what the code says: run `make docs` and commit what it writes")
	for _, cmd := range everyCommand(freshRoot()) {
		require.Contains(t, want, "\n## "+cmd.CommandPath()+"\n")
	}
}

// works tells whether a command does something itself.
func works(cmd *cobra.Command) bool { return cmd.Runnable() && cmd.Annotations[holder] == "" }

func TestEveryCommandIsDescribed(t *testing.T) {
	for _, cmd := range everyCommand(freshRoot()) {
		assert.NotEmpty(t, cmd.Short, cmd.CommandPath())
		assert.False(t, strings.HasSuffix(cmd.Short, "."), "%s: a line in a list has no full stop", cmd.CommandPath())
		cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
			assert.NotEmpty(t, flag.Usage, "%s --%s", cmd.CommandPath(), flag.Name)
		})
		if works(cmd) {
			assert.NotEmpty(t, cmd.Long, "%s has no Long", cmd.CommandPath())
			assert.NotEmpty(t, cmd.Example, "%s has no Example", cmd.CommandPath())
		}
	}
}

func TestEveryExampleIsACallThatExists(t *testing.T) {
	targets := readMakefile(t)
	for _, cmd := range everyCommand(freshRoot()) {
		calls := 0
		for _, line := range shellLines(cmd.Example) {
			for _, call := range shellCalls(line) {
				if call[0] == "itrack" {
					calls++
				}
			}
			assert.Empty(t, checkLine(line, targets), "%s", cmd.CommandPath())
		}
		if works(cmd) {
			assert.Positive(t, calls, "%s has no example of itself", cmd.CommandPath())
		}
	}
}

// shellLines are the lines of a text, those that a backslash goes on joined.
func shellLines(text string) []string {
	return strings.Split(strings.ReplaceAll(text, "\\\n", " "), "\n")
}
