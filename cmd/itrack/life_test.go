package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/infra"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	deliver "github.com/itrack/itrack/internal/ops/release"
	"github.com/itrack/itrack/internal/rehearsal"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// life is a project in a temporary folder, its stacks deployed by the real engine into the stand-in AWS, and what they consist of
// mirrored into moto by name: the rest of the commands talks to that.
type life struct {
	t          *testing.T
	project    string
	repository string
	kept       string // the rehearsal
	cloud      *opstest.Cloud
	delivery   *opstest.Delivery
	mirrored   map[string]ops.Outputs
	asked      map[string][]opstest.Call // what the pipeline's commands asked of AWS, by environment
	closing    []func()
}

// production of the test is in an account of its own, which a role leads to, as a team would have it.
const lifeProduction = `
  aws:allowedAccountIds: ["` + opstest.OtherAccount + `"]
  aws:assumeRole:
    roleArn: arn:aws:iam::` + opstest.OtherAccount + `:role/operator
    sessionName: test
`

func newLife(t *testing.T) *life {
	t.Helper()
	l := &life{t: t, project: t.TempDir(), kept: t.TempDir(), mirrored: map[string]ops.Outputs{}, asked: map[string][]opstest.Call{}}
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	l.repository = repository
	for _, name := range []string{"Pulumi.yaml", "Pulumi.staging.yaml", "Pulumi.production.yaml", "app/backend/openapi.json",
		"build/functions/item-events.zip", "build/functions/release-check.zip", "build/functions/restore-check.zip"} {
		text, err := os.ReadFile(filepath.Join(repository, name))
		require.NoError(t, err, "`make functions` builds the zips")
		switch name {
		case "Pulumi.staging.yaml":
			text = append(text, []byte("\n  aws:allowedAccountIds: [\""+opstest.Account+"\"]\n")...)
		case "Pulumi.production.yaml":
			text = append(text, []byte(lifeProduction)...)
		}
		l.write(name, string(text))
	}
	// What `itrack validate` formats and vets.
	l.write("go.mod", "module example.com/life\n\ngo 1.26\n")
	l.write("main.go", "package main\n\nfunc main() {}\n")
	l.git("init", "-q")
	l.write(".git/info/exclude", "build/images\n")
	l.commit()
	l.cloud = opstest.New(t)
	l.delivery = opstest.NewDelivery(l.cloud)
	opstest.NewSigning(l.cloud)
	opstest.NewBucketPolicies(l.cloud)
	opstest.NewMaintenance(l.cloud)
	l.cloud.SignIn(t)
	t.Chdir(l.project)
	return l
}

func (l *life) write(name, text string) {
	l.t.Helper()
	path := filepath.Join(l.project, name)
	require.NoError(l.t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(l.t, os.WriteFile(path, []byte(text), 0o600))
}

// lifeFactory is main's, with quick waits and without stacks.
func lifeFactory(project, repository string, out, said io.Writer) *cmdutil.Factory {
	return &cmdutil.Factory{
		IO: cmdutil.IOStreams{Out: out, Err: said}, Version: "v1.2.3", Program: infra.Stack, Plugins: rehearsal.PluginNames(),
		Schema: infra.ConfigSchema, UnknownKeys: unknownKeys, StackSettings: stackSettings,
		Ops:      ops.Options{Attempts: 4, MaxBackoff: 5 * time.Millisecond, Pace: 5 * time.Millisecond},
		Project:  func() (string, error) { return project, nil },
		Pulumi:   func(ctx context.Context, _ string) (*engine.CLI, error) { return engine.FindPulumi(ctx, repository) },
		Rehearse: engine.Rehearse, Measure: engine.Measure, Repair: engine.RepairStack,
	}
}

// factory is lifeFactory with the stacks in the stand-in AWS.
func (l *life) factory(out, said io.Writer) *cmdutil.Factory {
	f := lifeFactory(l.project, l.repository, out, said)
	f.OpenStack = func(ctx context.Context, project, environment string) (*engine.Stack, error) {
		cli, err := f.Pulumi(ctx, project)
		if err != nil {
			return nil, err
		}
		stack, done, err := engine.OpenKept(ctx, engine.Options{Project: project, Program: f.Program, CLI: cli, Plugins: f.Plugins, Keep: l.kept}, environment)
		if err == nil {
			l.closing = append(l.closing, done)
		}
		return stack, err
	}
	f.Outputs = func(ctx context.Context, project, environment string) (map[string]any, error) {
		stack, err := f.OpenStack(ctx, project, environment)
		if err != nil {
			return nil, err
		}
		values, err := stack.Outputs(ctx)
		if err != nil || len(values) == 0 {
			return values, err
		}
		return l.mirror(ctx, f, environment, values)
	}
	return f
}

// mirror makes in moto what the stack's outputs name, once, and puts moto's own ids into them.
func (l *life) mirror(ctx context.Context, f *cmdutil.Factory, environment string, values map[string]any) (map[string]any, error) {
	out, err := ops.ReadOutputs(environment, values)
	if err != nil {
		return nil, err
	}
	made, ok := l.mirrored[environment]
	if !ok {
		env, err := f.Environment(ctx, environment)
		if err != nil {
			return nil, err
		}
		l.remember(environment)
		made = opstest.Mirror(l.t, env, out)
		images := opstest.NewRegistry(l.t, env.Account)
		images.Serve(&made)
		images.Mirror(l.t, env)
		opstest.Targets(l.t, env, "backend")
		opstest.Site(l.t, l.cloud, env, made)
		l.mirrored[environment] = made
		l.cloud.Forget() // the test's own calls are not the command's
	}
	// What the stack wants may have changed since; where things are has not.
	for name, wanted := range out.Releases {
		wanted.Repository, wanted.NetworkConfiguration = made.Releases[name].Repository, made.Releases[name].NetworkConfiguration
		made.Releases[name] = wanted
	}
	text, err := json.Marshal(made)
	if err != nil {
		return nil, err
	}
	var replaced map[string]any
	if err := json.Unmarshal(text, &replaced); err != nil {
		return nil, err
	}
	maps.Copy(values, replaced)
	return values, nil
}

func (l *life) git(arguments ...string) string {
	l.t.Helper()
	command := exec.Command("git", append([]string{"-c", "user.name=test", "-c", "user.email=test@example.com"}, arguments...)...)
	command.Dir = l.project
	out, err := command.CombinedOutput()
	require.NoError(l.t, err, string(out))
	return strings.TrimSpace(string(out))
}

// commit commits what the commands wrote.
func (l *life) commit() {
	l.t.Helper()
	l.git("add", ".")
	l.git("commit", "-q", "--allow-empty", "-m", "as it is")
}

// run runs one command and wants its exit code.
func (l *life) run(code int, args ...string) (out, said string) {
	l.t.Helper()
	var stdout, stderr bytes.Buffer
	l.cloud.Forget()
	root := newRoot(l.factory(&stdout, &stderr))
	root.SetArgs(args)
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	err := root.ExecuteContext(context.Background())
	if err != nil && !errors.Is(err, cmdutil.ErrSilent) {
		fmt.Fprintln(&stderr, err)
	}
	for _, done := range l.closing {
		done()
	}
	l.closing = nil
	if slices.Contains(piped, args[0]) {
		l.remember(args[1])
	}
	require.Equal(l.t, code, cmdutil.ExitCode(err), "itrack %s\n%s\n%s", strings.Join(args, " "), stdout.String(), stderr.String())
	l.t.Logf("itrack %s: exit code %d", strings.Join(args, " "), code)
	return stdout.String(), stderr.String()
}

// remember keeps what was asked of AWS since it was forgotten.
func (l *life) remember(environment string) {
	l.asked[environment] = append(l.asked[environment], l.cloud.Calls()...)
}

// build builds the backend for the platform that the stack runs it on, from the repository's source, and gives the image's digest.
func (l *life) build(version string) string {
	l.t.Helper()
	var out, said bytes.Buffer
	root := newRoot(lifeFactory(l.repository, l.repository, &out, &said))
	root.SetArgs([]string{"build", "images", "backend", "--platform", "linux/arm64", "--version", version, "--json",
		"--source", filepath.Join(l.repository, "app"), "--output", filepath.Join(l.project, "build", "images")})
	require.NoError(l.t, root.ExecuteContext(context.Background()), said.String())
	var built []struct{ Digest string }
	require.NoError(l.t, json.Unmarshal(out.Bytes(), &built), out.String())
	require.Len(l.t, built, 1)
	return built[0].Digest
}

// image writes an image of the backend as `itrack build images` does, and gives its digest.
func (l *life) image(version string) string {
	l.t.Helper()
	require.NoError(l.t, os.RemoveAll(filepath.Join(l.project, "build", "images")))
	return opstest.Layout(l.t, filepath.Join(l.project, "build", "images"), "backend", version, "linux/amd64", "linux/arm64")
}

// frontend writes a frontend's build and gives its folder.
func (l *life) frontend(version int) string {
	l.t.Helper()
	dir := filepath.Join(l.t.TempDir(), "dist")
	require.NoError(l.t, os.MkdirAll(filepath.Join(dir, "assets"), 0o700))
	asset := fmt.Sprintf("assets/app-%08x.js", 0xabcdef00+version)
	require.NoError(l.t, os.WriteFile(filepath.Join(dir, asset), fmt.Appendf(nil, "console.log(%d)", version), 0o600))
	page := fmt.Sprintf(`<!doctype html><html><head><script type="module" src="/%s"></script></head><body></body></html>`, asset)
	require.NoError(l.t, os.WriteFile(filepath.Join(dir, "index.html"), []byte(page), 0o600))
	return dir
}

func (l *life) running(environment string) string {
	l.t.Helper()
	var said bytes.Buffer
	env, err := l.factory(&said, &said).Environment(context.Background(), environment)
	require.NoError(l.t, err)
	run, err := deliver.Running(context.Background(), env, l.mirrored[environment], "backend")
	require.NoError(l.t, err)
	return run.Digest
}

// well answers for the site and the API, whose names at AWS are not there; what is on this machine is asked.
type well struct{}

func (well) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() == "127.0.0.1" {
		return http.DefaultTransport.RoundTrip(r)
	}
	body := `{"state":"ok"}`
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// TestAWholeLife takes both environments from nothing to their end by the commands alone.
func TestAWholeLife(t *testing.T) {
	l := newLife(t)
	usual := http.DefaultClient.Transport
	http.DefaultClient.Transport = well{}
	t.Cleanup(func() { http.DefaultClient.Transport = usual })

	for _, environment := range []string{"staging", "production"} {
		l.run(cmdutil.ExitOK, "setup-state", environment)
		l.run(cmdutil.ExitOK, "create-secrets", environment)
		l.run(cmdutil.ExitChanged, "preview", environment)
		l.run(cmdutil.ExitRefused, "deploy", environment)
		_, said := l.run(cmdutil.ExitOK, "deploy", environment, "--yes")
		require.Contains(t, said, "bootstrap")
		l.run(cmdutil.ExitOK, "preview", environment)
	}
	l.secretsAreKept()

	// The first image is the backend itself; it is deployed twice.
	first := l.build("v1.0.0")
	l.run(cmdutil.ExitOK, "push", "staging")
	site := l.frontend(1)
	l.run(cmdutil.ExitOK, "deploy-apps", "staging", "--image", "backend="+first, "--frontend", site)
	require.Equal(t, first, l.running("staging"))
	l.run(cmdutil.ExitOK, "deploy-apps", "staging", "--image", "backend="+first, "--frontend", site)
	require.Empty(t, l.cloud.Changes())
	l.run(cmdutil.ExitOK, "health", "staging")

	// A version that an alarm stops: the first one has the traffic again, and the command fails.
	second := l.image("v1.1.0")
	l.run(cmdutil.ExitOK, "push", "staging")
	l.delivery.Next(opstest.Outcome{FailAt: "AllowTraffic", Code: "ALARM_ACTIVE", Message: "One or more alarms have been activated"})
	_, said := l.run(cmdutil.ExitFailed, "deploy-apps", "staging", "--image", "backend="+second)
	require.Contains(t, said, "ALARM_ACTIVE")
	require.Equal(t, first, l.running("staging"))

	// The mended one goes through, and to production.
	third := l.image("v1.1.1")
	l.run(cmdutil.ExitOK, "push", "staging")
	l.run(cmdutil.ExitOK, "deploy-apps", "staging", "--image", "backend="+third, "--frontend", l.frontend(2))
	l.promote(third)

	// A wanted release that changes takes effect with the running image.
	l.replace("Pulumi.staging.yaml", `(?m)^(      cpu: )256$`, "${1}512")
	l.replace("Pulumi.staging.yaml", `(?m)^(      memory: )512$`, "${1}1024")
	l.run(cmdutil.ExitOK, "deploy", "staging", "--yes")
	require.Equal(t, third, l.running("staging"))

	// Somebody was in the console.
	l.run(cmdutil.ExitOK, "validate", "staging")
	l.byHand("itrack-items-staging", func(state resource.PropertyMap) { state["billingMode"] = resource.NewStringProperty("PROVISIONED") })
	out, _ := l.run(cmdutil.ExitChanged, "validate", "staging")
	require.Contains(t, out, `wanted "PAY_PER_REQUEST", found "PROVISIONED"`)
	l.run(cmdutil.ExitOK, "deploy", "staging", "--yes", "--refresh")
	l.run(cmdutil.ExitOK, "validate", "staging")

	// Back, and everything goes.
	l.run(cmdutil.ExitOK, "rollback", "staging")
	l.run(cmdutil.ExitOK, "rollback", "staging", "--frontend")
	l.run(cmdutil.ExitOK, "status", "staging")
	l.thePipelineMay("staging")
	l.run(cmdutil.ExitRefused, "destroy", "production", "--confirm", "production")
	l.run(cmdutil.ExitOK, "destroy", "staging", "--confirm", "staging")
	out, _ = l.run(cmdutil.ExitOK, "destroy", "staging", "--confirm", "staging")
	require.Contains(t, out, "nothing")
}

// promote brings a digest to production; the suite of the test's own project is what the test says.
func (l *life) promote(digest string) {
	l.t.Helper()
	l.run(cmdutil.ExitRefused, "promote", "staging", "production", "--tested", strings.Repeat("0", 40), "--yes")
	l.commit()
	head := l.git("rev-parse", "HEAD")
	l.run(cmdutil.ExitOK, "promote", "staging", "production", "--tested", head, "--yes")
	require.Equal(l.t, digest, l.running("production"))
}

// secretsAreKept: what create-secrets made stays when it runs again.
func (l *life) secretsAreKept() {
	l.t.Helper()
	var said bytes.Buffer
	env, err := l.factory(&said, &said).Environment(context.Background(), "staging")
	require.NoError(l.t, err)
	value := func() string {
		found, err := env.Primary().Secrets().GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("itrack/staging/db_password")})
		require.NoError(l.t, err)
		return aws.ToString(found.SecretString)
	}
	before := value()
	l.run(cmdutil.ExitOK, "create-secrets", "staging")
	require.Equal(l.t, before, value())
}

func (l *life) replace(name, pattern, text string) {
	l.t.Helper()
	before, err := os.ReadFile(filepath.Join(l.project, name))
	require.NoError(l.t, err)
	after := regexp.MustCompile(pattern).ReplaceAllString(string(before), text)
	require.NotEqual(l.t, string(before), after, "%s has nothing like %s", name, pattern)
	l.write(name, after)
}

// byHand changes an object of the pretend cloud past the engine.
func (l *life) byHand(id string, change func(resource.PropertyMap)) {
	l.t.Helper()
	pretend, err := cloud.Open(engine.CloudDir(l.kept))
	require.NoError(l.t, err)
	defer pretend.Close()
	require.NoError(l.t, pretend.Mutate(id, change))
}
