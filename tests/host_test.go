package tests

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/enginetest"
)

// languageHost does for one compiled program what Pulumi's Go language host does: it starts it with the engine's
// addresses and the configuration in its environment, and reports how it ended.
type languageHost struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	binary string
	output strings.Builder
}

func (h *languageHost) Handshake(context.Context, *pulumirpc.LanguageHandshakeRequest) (*pulumirpc.LanguageHandshakeResponse, error) {
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

func (h *languageHost) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "1.0.0"}, nil
}

func (h *languageHost) GetRequiredPackages(context.Context, *pulumirpc.GetRequiredPackagesRequest) (*pulumirpc.GetRequiredPackagesResponse, error) {
	return &pulumirpc.GetRequiredPackagesResponse{}, nil
}

func (h *languageHost) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	config, err := json.Marshal(request.GetConfig())
	if err != nil {
		return nil, err
	}
	secretKeys, err := json.Marshal(request.GetConfigSecretKeys())
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, h.binary)
	command.Dir = request.GetInfo().GetProgramDirectory()
	command.Env = append(os.Environ(),
		pulumi.EnvOrganization+"="+request.GetOrganization(),
		pulumi.EnvProject+"="+request.GetProject(),
		pulumi.EnvStack+"="+request.GetStack(),
		pulumi.EnvPulumiRootDirectory+"="+request.GetInfo().GetRootDirectory(),
		pulumi.EnvConfig+"="+string(config),
		pulumi.EnvConfigSecretKeys+"="+string(secretKeys),
		pulumi.EnvDryRun+"="+strconv.FormatBool(request.GetDryRun()),
		pulumi.EnvParallel+"="+strconv.Itoa(int(request.GetParallel())),
		pulumi.EnvMonitor+"="+request.GetMonitorAddress(),
		pulumi.EnvEngine+"="+request.GetArgs()[0],
	)
	output, err := command.CombinedOutput()
	h.output.Write(output)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error() + "\n" + string(output)}, nil
	}
	return &pulumirpc.RunResponse{}, nil
}

// serveHost listens for the engine; `pulumi --client` connects to the address.
func serveHost(t *testing.T, binary string) (*languageHost, string) {
	t.Helper()
	host := &languageHost{binary: binary}
	stop := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: stop,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, host)
			return nil
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { close(stop); <-handle.Done })
	return host, "127.0.0.1:" + strconv.Itoa(handle.Port)
}

// compiledProgram is a program as users run it: its binary, a folder with its project, and the pulumi command.
type compiledProgram struct {
	host   *languageHost
	stack  *enginetest.Stack
	pulumi func(args ...string) (string, error)
}

// compile builds a main package and prepares the pulumi command to run it in project, behind a language host.
func compile(t *testing.T, pkg, project, name string) *compiledProgram {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "program")
	output, err := exec.Command("go", "build", "-o", binary, pkg).CombinedOutput()
	require.NoError(t, err, string(output))
	stack := enginetest.New(t, func(*pulumi.Context) error { return nil })
	host, address := serveHost(t, binary)
	run := func(args ...string) (string, error) {
		args = append(args, "--non-interactive", "--color=never")
		if args[0] == "up" || args[0] == "preview" {
			args = append(args, "--client", address)
		}
		command := exec.Command("pulumi", args...)
		command.Dir = project
		command.Env = os.Environ()
		for key, value := range stack.Workspace().GetEnvVars() {
			command.Env = append(command.Env, key+"="+value)
		}
		output, err := command.CombinedOutput()
		return string(output), err
	}
	text, err := run("stack", "init", name)
	require.NoError(t, err, text)
	return &compiledProgram{host: host, stack: stack, pulumi: run}
}

// must runs the command and fails the test when it fails.
func (p *compiledProgram) must(t *testing.T, args ...string) string {
	t.Helper()
	text, err := p.pulumi(args...)
	require.NoErrorf(t, err, "pulumi %v: %s\n%s", args, text, p.host.output.String())
	return text
}

// The compiled program, not only its function: `pulumi up` on staging, in a copy of the project as `make build` leaves
// it, with the environment that Go's language host sets. The file is read as users have it, config of the project included.
func TestCompiledProgram(t *testing.T) {
	project := copyProject(t, "staging")
	program := compile(t, "github.com/itrack/itrack", project, "staging")
	require.NoError(t, program.stack.Cloud.Seed(enginetest.Account, cloud.Seed{Region: "us-east-1", SecretNames: []string{
		"itrack/staging/db_password", "itrack/staging/jwt_secret", "itrack/staging/api_key",
	}}))

	// A missing zip is an error that says what to run.
	hidden := filepath.Join(project, "build", "functions", "item-events.zip")
	require.NoError(t, os.Rename(hidden, hidden+".away"))
	text, err := program.pulumi("up", "--yes", "--skip-preview", "--stack", "staging")
	require.Error(t, err)
	assert.Contains(t, text+program.host.output.String(), "make build")
	require.NoError(t, os.Rename(hidden+".away", hidden))

	program.must(t, "up", "--yes", "--stack", "staging")
	program.must(t, "preview", "--expect-no-changes", "--stack", "staging")
	outputs := map[string]any{}
	require.NoError(t, json.Unmarshal([]byte(program.must(t, "stack", "output", "--json", "--stack", "staging")), &outputs))
	assert.Equal(t, "staging", outputs["environment"])
	objects, err := program.stack.Cloud.Objects(enginetest.Account)
	require.NoError(t, err)
	assert.Greater(t, len(objects), 140)
}

// Components are importable: a program of its own with Network and Rds alone deploys, and a second run changes nothing.
func TestExample(t *testing.T) {
	project := t.TempDir()
	text, err := os.ReadFile(filepath.Join(root, "examples", "network-and-rds", "Pulumi.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(project, "Pulumi.yaml"), text, 0o600))
	program := compile(t, "github.com/itrack/itrack/examples/network-and-rds", project, "try")
	program.must(t, "config", "set", "aws:region", "us-east-1", "--stack", "try")
	program.must(t, "up", "--yes", "--skip-preview", "--stack", "try")
	program.must(t, "preview", "--expect-no-changes", "--stack", "try")
	assert.Contains(t, program.must(t, "stack", "output", "databaseAddress", "--stack", "try"), ".us-east-1.rds.amazonaws.com")
}

// copyProject is a folder as a user has it: project and stack file from the repository, the document that it names, and the
// built zips.
func copyProject(t *testing.T, stack string) string {
	t.Helper()
	project := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi." + stack + ".yaml", "app/backend/openapi.json"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(project, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(project, name), text, 0o600))
	}
	zips, err := filepath.Glob(filepath.Join(root, "build", "functions", "*.zip"))
	require.NoError(t, err)
	require.NotEmpty(t, zips, "no function zips: run `make build`")
	require.NoError(t, os.MkdirAll(filepath.Join(project, "build", "functions"), 0o755))
	for _, zip := range zips {
		text, err := os.ReadFile(zip)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(project, "build", "functions", filepath.Base(zip)), text, 0o600))
	}
	return project
}
