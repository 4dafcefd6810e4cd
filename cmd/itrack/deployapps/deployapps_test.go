package deployapps

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
	"github.com/itrack/itrack/internal/ops/release"
	"github.com/itrack/itrack/internal/ops/site"
	"github.com/stretchr/testify/require"
)

// place is the command's surroundings: a project with staging's file, AWS as the cloud has it, and staging's stack.
type place struct {
	cloud     *opstest.Cloud
	env       *ops.Environment
	out       ops.Outputs
	factory   *cmdutil.Factory
	page      *bytes.Buffer
	uploaded  []string
	refusal   error // of the frontend
	unchanged bool  // is the site
	settings  func(*ops.Settings)
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{cloud: opstest.New(t), page: &bytes.Buffer{}}
	opstest.NewDelivery(p.cloud)
	p.env = p.cloud.Open(t, "staging", nil)
	p.out = opstest.Stack(t, p.cloud, p.env)
	p.cloud.Forget()
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"Pulumi.yaml", "Pulumi.staging.yaml"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("name: itrack\nruntime: go\n"), 0o600))
	}
	text, err := json.Marshal(p.out)
	require.NoError(t, err)
	p.factory = &cmdutil.Factory{
		IO: cmdutil.IOStreams{Out: p.page, Err: &bytes.Buffer{}}, Ops: opstest.Options(t),
		Project: func() (string, error) { return dir, nil },
		StackSettings: func(_, environment string) (ops.Settings, error) {
			settings := opstest.Settings(environment)
			if p.settings != nil {
				p.settings(&settings)
			}
			return settings, nil
		},
		Outputs: func(context.Context, string, string) (map[string]any, error) {
			var values map[string]any
			return values, json.Unmarshal(text, &values)
		},
	}
	return p
}

// run runs the command line, with an upload of the frontend that only notes its folder.
func (p *place) run(arguments ...string) error {
	p.page.Reset()
	cmd := NewCmdDeployApps(p.factory, func(ctx context.Context, o *Options) error {
		o.Site = func(_ context.Context, _ *ops.Environment, _ ops.Outputs, dir string, so site.Options) (site.Result, error) {
			result := site.Result{Release: "r1", Uploaded: []site.Change{{Key: "index.html"}}, DryRun: so.DryRun}
			if p.unchanged {
				result.Uploaded = nil
			}
			if !so.DryRun {
				p.uploaded = append(p.uploaded, dir)
			}
			return result, p.refusal
		}
		return deployRun(ctx, o)
	})
	cmd.SetArgs(arguments)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return cmd.ExecuteContext(context.Background())
}

func TestDeployApps(t *testing.T) {
	p := newPlace(t)
	require.NoError(t, os.MkdirAll(functionsDir, 0o755))
	require.NoError(t, os.MkdirAll(frontendDir, 0o755))
	for function := range p.out.Functions {
		require.NoError(t, os.WriteFile(filepath.Join(functionsDir, function+".zip"), opstest.Zip(t, "second"), 0o600))
	}
	digest := opstest.Image(t, p.env, p.out.Releases["backend"].Repository, "one")
	p.cloud.Forget()

	require.NoError(t, p.run("staging", "--image", "backend="+digest, "--dry-run"))
	require.Contains(t, p.page.String(), "function item-events: would deploy (code)\n")
	require.Contains(t, p.page.String(), "service backend: would deploy\n    runs       itrack-backend-staging:1; wanted is a revision with ")
	require.Contains(t, p.page.String(), "frontend: would be uploaded from app/frontend/dist\n")
	require.Empty(t, p.cloud.Changes())
	require.Empty(t, p.uploaded)

	require.NoError(t, p.run("staging", "--image", "backend="+digest, "--json"))
	var document Document
	require.NoError(t, json.Unmarshal(p.page.Bytes(), &document))
	require.Equal(t, "app/frontend/dist", document.Frontend)
	require.Len(t, document.Functions, 3)
	require.Equal(t, "2", document.Functions[0].After)
	require.Equal(t, release.Deployed, document.Services[0].Action)
	require.Equal(t, "itrack-backend-staging:2", document.Services[0].After)
	require.Equal(t, []string{"app/frontend/dist"}, p.uploaded)

	// Functions are there before the service whose deployment calls one of them.
	changes := p.cloud.Changes()
	require.Contains(t, changes[0], "lambda PUT")
	require.Equal(t, "codedeploy CreateDeployment", changes[len(changes)-1])

	p.cloud.Forget()
	require.NoError(t, p.run("staging", "--image", "backend="+digest))
	require.Contains(t, p.page.String(), "function item-events: unchanged, version 2\n")
	require.Contains(t, p.page.String(), "service backend: unchanged\n    runs       itrack-backend-staging:2\n")
	require.Empty(t, p.cloud.Changes())

	// The step of itrack deploy: what the stack wants, with what runs.
	require.NoError(t, Converge(p.factory, time.Minute)(context.Background(), "staging"))
	require.Empty(t, p.cloud.Changes())
}

func TestWhatIsWrongIsSaidBeforeAnythingIsDone(t *testing.T) {
	p := newPlace(t)
	digest := "sha256:" + strings.Repeat("0", 64)
	for _, c := range []struct {
		why       string
		code      int
		arguments []string
	}{
		{"--timeout 0s: it takes a time above 0", cmdutil.ExitUsage, []string{"staging", "--timeout", "0"}},
		{"it takes SERVICE=DIGEST", cmdutil.ExitUsage, []string{"staging", "--image", "backend"}},
		{"has one already", cmdutil.ExitUsage, []string{"staging", "--image", "backend=" + digest, "--image", "backend=" + digest}},
		{"leaves them alone", cmdutil.ExitUsage, []string{"staging", "--image", "backend=" + digest, "--skip", "services"}},
		{"it takes functions, services, frontend", cmdutil.ExitUsage, []string{"staging", "--skip", "moon"}},
		{"moon is no folder", cmdutil.ExitUsage, []string{"staging", "--functions", "moon"}},
		{"moon is no folder", cmdutil.ExitUsage, []string{"staging", "--frontend", "moon"}},
		{"no Pulumi.moon.yaml", cmdutil.ExitUsage, []string{"moon"}},
		{"the stack has no such service", cmdutil.ExitUsage, []string{"staging", "--image", "moon=" + digest}},
		{"it is no digest", cmdutil.ExitUsage, []string{"staging", "--image", "backend=latest"}},
		{"`make build` builds it", cmdutil.ExitUsage, []string{"staging", "--functions", "."}},
	} {
		err := p.run(c.arguments...)
		require.ErrorContains(t, err, c.why)
		require.Equal(t, c.code, cmdutil.ExitCode(err), c.why)
	}
	p.settings = func(s *ops.Settings) { s.AllowedAccounts = []string{"999999999999"} }
	err := p.run("staging")
	require.ErrorContains(t, err, "signed in to "+opstest.Account)
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
	require.Empty(t, p.cloud.Changes())
	require.Empty(t, p.uploaded)
}

// A build that can't be uploaded is no reason to find that out when the services are deployed.
func TestARefusedFrontendKeepsEverythingBack(t *testing.T) {
	p := newPlace(t)
	require.NoError(t, os.MkdirAll(frontendDir, 0o755))
	digest := opstest.Image(t, p.env, p.out.Releases["backend"].Repository, "one")
	p.cloud.Forget()
	p.refusal = ops.Refuse("reading the frontend", "it has no index.html", "build it")
	err := p.run("staging", "--image", "backend="+digest)
	require.ErrorIs(t, err, p.refusal)
	require.Empty(t, p.cloud.Changes())
	require.Empty(t, p.uploaded)
	p.refusal, p.unchanged = nil, true
	require.NoError(t, p.run("staging", "--image", "backend="+digest))
	require.Contains(t, p.page.String(), "frontend: unchanged, release r1 is live\n")
}

func TestAFailedServiceKeepsTheFrontendBack(t *testing.T) {
	p := newPlace(t)
	require.NoError(t, os.MkdirAll(frontendDir, 0o755))
	delivery := opstest.NewDelivery(p.cloud)
	delivery.Next(opstest.Outcome{FailAt: "Install", Code: "HEALTH_CONSTRAINTS", Message: "tasks did not stay"})
	digest := opstest.Image(t, p.env, p.out.Releases["backend"].Repository, "one")
	err := p.run("staging", "--image", "backend="+digest, "--json")
	require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(err))
	require.ErrorContains(t, err, "tasks did not stay")
	var document Document
	require.NoError(t, json.Unmarshal(p.page.Bytes(), &document), "one document, also then")
	require.Equal(t, "d-000000001", document.Services[0].Deployment)
	require.Empty(t, document.Frontend)
	require.Empty(t, p.uploaded)

	// An alarm that is red: refused, exit code 4.
	opstest.SetAlarm(t, p.env, p.out.Releases["backend"].AlarmNames[0], "ALARM")
	err = p.run("staging", "--image", "backend="+digest)
	require.Equal(t, cmdutil.ExitRefused, cmdutil.ExitCode(err))
	require.ErrorContains(t, err, "--despite-alarms")
	require.Empty(t, p.uploaded)
	require.NoError(t, p.run("staging", "--image", "backend="+digest, "--despite-alarms", "--skip", "frontend"))
	require.Empty(t, p.uploaded)
	require.NoError(t, p.run("staging", "--frontend", frontendDir, "--skip", "services,functions"))
	require.Len(t, p.uploaded, 1)
	require.True(t, filepath.IsAbs(p.uploaded[0]))
}
