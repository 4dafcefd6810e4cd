// Package cmdtest is what the tests of commands that act on AWS share.
package cmdtest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/stretchr/testify/require"
)

// Factory is a command's surroundings: a project with staging's file, AWS as the cloud has it, and a stack with these outputs. It
// comes with what the command writes to stdout and to stderr.
func Factory(t *testing.T, out ops.Outputs, change func(*ops.Settings)) (*cmdutil.Factory, *bytes.Buffer, *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.staging.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("name: itrack\nruntime: go\n"), 0o600))
	}
	text, err := json.Marshal(out)
	require.NoError(t, err)
	data, complaints := &bytes.Buffer{}, &bytes.Buffer{}
	return &cmdutil.Factory{
		IO: cmdutil.IOStreams{Out: data, Err: complaints}, Ops: opstest.Options(t),
		Project: func() (string, error) { return dir, nil },
		StackSettings: func(_, environment string) (ops.Settings, error) {
			settings := opstest.Settings(environment)
			if change != nil {
				change(&settings)
			}
			return settings, nil
		},
		Outputs: func(context.Context, string, string) (map[string]any, error) {
			var values map[string]any
			return values, json.Unmarshal(text, &values)
		},
	}, data, complaints
}
