package dev

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/devenv"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// parsed runs the command line up to its own work.
func parsed(t *testing.T, args ...string) (Options, string) {
	t.Helper()
	var found Options
	var out bytes.Buffer
	cmd := NewCmdDev(&cmdutil.Factory{}, func(_ context.Context, o *Options) error {
		found = *o
		return nil
	})
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	require.NoError(t, cmd.ExecuteContext(t.Context()))
	return found, out.String()
}

func TestFlags(t *testing.T) {
	t.Setenv("DSN", "root:secret@tcp(127.0.0.1:3306)/")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
	found, _ := parsed(t)
	assert.Equal(t, 8080, found.Port)
	assert.Equal(t, "127.0.0.1", found.Host, "nobody else is let in unless asked for")
	assert.Equal(t, "root:secret@tcp(127.0.0.1:3306)/", found.DSN)
	assert.Equal(t, "http://127.0.0.1:4566", found.Endpoint)
	found, _ = parsed(t, "--host", "0.0.0.0", "--port", "8081", "--dsn", "", "--aws-endpoint", "")
	assert.Equal(t, "0.0.0.0", found.Host)
	assert.Equal(t, 8081, found.Port)
	assert.Empty(t, found.DSN+found.Endpoint, "a flag is stronger than its variable")
	_, help := parsed(t, "--help")
	assert.Contains(t, help, devenv.DSNForm)
	assert.NotContains(t, help, "root:secret@tcp(127.0.0.1:3306)/\"", "help shows no password of $DSN")
}

func TestUsage(t *testing.T) {
	o := &Options{Factory: &cmdutil.Factory{IO: cmdutil.IOStreams{Out: io.Discard, Err: io.Discard}}, Port: 70000}
	assert.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(devRun(t.Context(), o)))
	o.Host = "localhost"
	o.Port, o.Factory.Project = 8080, func() (string, error) { return t.TempDir(), nil }
	err := devRun(t.Context(), o)
	require.ErrorContains(t, err, "--host")
	assert.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
	o.Host = "127.0.0.1"
	o.Port, o.DSN, o.Factory.Project = 8080, "nonsense", func() (string, error) { return t.TempDir(), nil }
	err = devRun(t.Context(), o)
	require.ErrorContains(t, err, devenv.DSNForm)
	assert.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
}

func TestWhatIsTold(t *testing.T) {
	var out strings.Builder
	require.NoError(t, tell(&out, devenv.Place{
		URL: "http://127.0.0.1:8081/api", Health: "http://127.0.0.1:8081/health", APIKey: "key", Database: "127.0.0.1:3306/itrack", AWS: "http://127.0.0.1:5000",
		Accounts: devenv.Accounts,
	}))
	for _, account := range devenv.Accounts {
		assert.Contains(t, out.String(), account.Email)
		assert.Contains(t, out.String(), account.Password)
	}
	assert.Contains(t, out.String(), `curl -s http://127.0.0.1:8081/api/auth/login -H 'Content-Type: application/json' -d '{"email":"grace@example.com","password":"sample password one"}'`)
	assert.Contains(t, out.String(), "/health")
}
