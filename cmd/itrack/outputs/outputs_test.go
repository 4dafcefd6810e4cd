package outputs

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/stretchr/testify/require"
)

var values = map[string]any{
	"environment": "staging", "apiUrl": "https://api.example.com", "databasePort": 3306.0, "spotShare": 0.5, "account": "123456789012",
	"services": map[string]any{"backend": "itrack-backend-service"}, "privateSubnetIds": []any{"subnet-1", "subnet-2"},
	"releases": map[string]any{"backend": map[string]any{"containerPort": 8080.0, "taskDefinition": map[string]any{"family": "a<b"}}},
}

func run(t *testing.T, values map[string]any, failure error, width int, args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.staging.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("name: itrack\nruntime: go\n"), 0o600))
	}
	out := &bytes.Buffer{}
	cmd := NewCmdOutputs(&cmdutil.Factory{
		IO: cmdutil.IOStreams{Out: out, Err: &bytes.Buffer{}, OutWidth: width}, Project: func() (string, error) { return dir, nil },
		Outputs: func(context.Context, string, string) (map[string]any, error) { return values, failure },
	}, nil)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err := cmd.ExecuteContext(context.Background())
	return out.String(), err
}

func TestOneValueIsRaw(t *testing.T) {
	for name, want := range map[string]string{
		"apiUrl": "https://api.example.com\n", "databasePort": "3306\n", "spotShare": "0.5\n", "account": "123456789012\n", "services.backend": "itrack-backend-service\n",
		"privateSubnetIds.1": "subnet-2\n", "privateSubnetIds": `["subnet-1","subnet-2"]` + "\n", "releases.backend.taskDefinition": `{"family":"a<b"}` + "\n",
	} {
		text, err := run(t, values, nil, 0, "staging", name)
		require.NoError(t, err, name)
		require.Equal(t, want, text)
	}
}

func TestAllAreAPage(t *testing.T) {
	text, err := run(t, values, nil, 0, "staging")
	require.NoError(t, err)
	require.Equal(t, `account           123456789012
apiUrl            https://api.example.com
databasePort      3306
environment       staging
privateSubnetIds  ["subnet-1","subnet-2"]
releases          {"backend":{"containerPort":8080,"taskDefinition":{"family":"a<b"}}}
services          {"backend":"itrack-backend-service"}
spotShare         0.5
`, text)
	text, err = run(t, values, nil, 50, "staging")
	require.NoError(t, err)
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		require.LessOrEqual(t, len([]rune(line)), 50, line)
	}
	require.Contains(t, text, "…")
}

func TestJSON(t *testing.T) {
	text, err := run(t, values, nil, 0, "staging", "services", "--json")
	require.NoError(t, err)
	require.JSONEq(t, `{"backend":"itrack-backend-service"}`, text)
	text, err = run(t, values, nil, 0, "staging", "apiUrl", "--json")
	require.NoError(t, err)
	require.JSONEq(t, `"https://api.example.com"`, text)
	text, err = run(t, map[string]any{"a": 1.0}, nil, 0, "staging", "--json")
	require.NoError(t, err)
	require.JSONEq(t, `{"a":1}`, text)
}

func TestErrors(t *testing.T) {
	for name, want := range map[string]string{
		"apiURL": "there is no apiURL\n  what to do: name one of account, apiUrl, ", "services.frontend": "there is no frontend in services\n  what to do: name one of backend",
		"privateSubnetIds.2": "there is no 2 in privateSubnetIds\n  what to do: name one of 0 to 1", "privateSubnetIds.1x": "there is no 1x", "privateSubnetIds.-1": "there is no -1",
		"apiUrl.host": "there is no host in apiUrl\n  what to do: apiUrl is a single value",
	} {
		text, err := run(t, values, nil, 0, "staging", name)
		require.ErrorContains(t, err, want)
		require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
		require.Empty(t, text, "a script gets nothing")
	}
	_, err := run(t, values, nil, 0, "nowhere")
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
	_, err = run(t, nil, nil, 0, "staging")
	require.ErrorContains(t, err, "it was never deployed")
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
	_, err = run(t, nil, errors.New("no backend"), 0, "staging", "apiUrl")
	require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(err))
}

func TestFlagsReachTheCommand(t *testing.T) {
	var got *Options
	cmd := NewCmdOutputs(&cmdutil.Factory{}, func(_ context.Context, o *Options) error { got = o; return nil })
	cmd.SetArgs([]string{"staging", "apiUrl", "--json"})
	require.NoError(t, cmd.Execute())
	require.Equal(t, &Options{Factory: got.Factory, Environment: "staging", Name: "apiUrl", JSON: true}, got)
}
