// Package stacktest gives tests a small stack on the real engine, in the stand-in AWS. The test's own binary is the plugin:
// TestMain calls enginetest.Main.
package stacktest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/rehearsal"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/enginetest"
)

// Environment is the stack's name.
const Environment = "staging"

// Place is a project with one stack, and the cloud that it works on.
type Place struct {
	Project string // folder
	Cloud   *cloud.Cloud
	CLI     *engine.CLI
	// Program is what the stack runs; a test changes it between two operations.
	Program pulumi.RunFunc

	t   testing.TB
	dir string
}

// New makes a project whose stack runs a program.
func New(t testing.TB, program pulumi.RunFunc) *Place {
	t.Helper()
	p := &Place{Project: t.TempDir(), Program: program, t: t, dir: t.TempDir()}
	p.Write("Pulumi.yaml", "name: itrack\nruntime: go\n")
	p.Write("Pulumi."+Environment+".yaml", "config:\n  aws:region: us-east-1\n")
	path, err := enginetest.Pulumi()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("ITRACK_PULUMI", path)
	if p.CLI, err = engine.FindPulumi(context.Background(), ""); err != nil {
		t.Fatal(err)
	}
	if p.Cloud, err = cloud.Open(engine.CloudDir(p.dir)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Cloud.Close() })
	return p
}

// Write writes a file of the project.
func (p *Place) Write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.Project, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// Open opens the stack as another process would, and makes it where there is none. It has the form of
// cmdutil.Factory.OpenStack.
func (p *Place) Open(ctx context.Context, project, environment string) (*engine.Stack, error) {
	return engine.Open(ctx, engine.Settings{
		Project: project, Stack: environment, CLI: p.CLI, Program: func(ctx *pulumi.Context) error { return p.Program(ctx) },
		Env:       map[string]string{rehearsal.EnvCloud: p.Cloud.Dir(), rehearsal.EnvAccount: enginetest.Account},
		Isolation: &engine.Isolation{Dir: p.dir, Plugins: rehearsal.PluginNames(), Checkpoints: true},
	})
}

// OpenIn opens the stack with its state in another backend, such as s3://BUCKET, as a shell does that is logged in to it, and
// makes it where there is none.
func (p *Place) OpenIn(ctx context.Context, backend string) (*engine.Stack, error) {
	p.t.Helper()
	p.Stack() // makes the folders and the plugins
	return engine.Open(ctx, engine.Settings{
		Project: p.Project, Stack: Environment, CLI: p.CLI, Program: func(ctx *pulumi.Context) error { return p.Program(ctx) },
		Env: map[string]string{
			rehearsal.EnvCloud: p.Cloud.Dir(), rehearsal.EnvAccount: enginetest.Account,
			"PULUMI_BACKEND_URL": backend, "PULUMI_HOME": filepath.Join(p.dir, "home"), "PULUMI_CONFIG_PASSPHRASE": "test",
			"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
			"PATH": filepath.Join(p.dir, "plugins") + string(os.PathListSeparator) + os.Getenv("PATH"),
		},
	})
}

// Stack is an opened stack.
func (p *Place) Stack() *engine.Stack {
	p.t.Helper()
	stack, err := p.Open(context.Background(), p.Project, Environment)
	if err != nil {
		p.t.Fatal(err)
	}
	return stack
}

// Existing lists what exists in the cloud, as "Table items-1", sorted.
func (p *Place) Existing() []string {
	p.t.Helper()
	objects, err := p.Cloud.Objects(enginetest.Account)
	if err != nil {
		p.t.Fatal(err)
	}
	out := []string{}
	for _, o := range objects {
		out = append(out, o.Type[strings.LastIndex(o.Type, ":")+1:]+" "+o.Name)
	}
	slices.Sort(out)
	return out
}

// Lock writes a lock as a deployment of that process would.
func (p *Place) Lock(id, host string, pid int) {
	p.t.Helper()
	p.lockFile(id+".json", fmt.Sprintf(`{"pid":%d,"username":"ann","hostname":%q,"timestamp":"2026-01-02T03:04:05Z"}`, pid, host))
}

// Obstruct puts a file beside the locks which pulumi takes for one, and which stack.Free does not see: as a lock that is taken
// after Free has looked, and is over before it looks again.
func (p *Place) Obstruct() {
	p.t.Helper()
	p.lockFile("obstacle", "{}")
}

func (p *Place) lockFile(name, text string) {
	p.t.Helper()
	folder := filepath.Join(p.dir, "state", ".pulumi", "locks", "organization", "itrack", Environment)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// Unlock takes a lock away, as the end of that deployment would.
func (p *Place) Unlock(id string) {
	p.t.Helper()
	if err := os.Remove(filepath.Join(p.dir, "state", ".pulumi", "locks", "organization", "itrack", Environment, id+".json")); err != nil {
		p.t.Fatal(err)
	}
}

// Interrupt writes into the state that the creation of its resource of that name was begun, and takes the resource out of it:
// what a process leaves that is killed between AWS's answer and the writing of the state.
func (p *Place) Interrupt(name string) {
	p.t.Helper()
	path := filepath.Join(p.dir, "state", ".pulumi", "stacks", "itrack", Environment+".json")
	text, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		p.t.Fatal(err)
	}
	latest := whole["checkpoint"].(map[string]any)["latest"].(map[string]any)
	var kept []any
	for _, entry := range latest["resources"].([]any) {
		resource := entry.(map[string]any)
		urn := resource["urn"].(string)
		if !strings.HasSuffix(urn, "::"+name) {
			kept = append(kept, entry)
			continue
		}
		delete(resource, "id")
		delete(resource, "outputs")
		latest["pending_operations"] = []any{map[string]any{"type": "creating", "resource": resource}}
	}
	latest["resources"] = kept
	if text, err = json.Marshal(whole); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// Resource is any resource of the cloud.
type Resource struct{ pulumi.CustomResourceState }

// Make registers a resource of a type.
func Make(ctx *pulumi.Context, kind, name string, inputs pulumi.Map, options ...pulumi.ResourceOption) error {
	return ctx.RegisterResource(kind, name, inputs, &Resource{}, options...)
}

// Topic registers a topic, which holds nothing.
func Topic(ctx *pulumi.Context, name string, display pulumi.StringInput, options ...pulumi.ResourceOption) error {
	return Make(ctx, "aws:sns/topic:Topic", name, pulumi.Map{"name": pulumi.String(name), "displayName": display}, options...)
}

// Table registers a table, which holds items. Another key replaces it.
func Table(ctx *pulumi.Context, name, key string, options ...pulumi.ResourceOption) error {
	return Make(ctx, "aws:dynamodb/table:Table", name, pulumi.Map{
		"name": pulumi.String(name + "-" + key), "hashKey": pulumi.String(key), "billingMode": pulumi.String("PAY_PER_REQUEST"),
		"attributes": pulumi.Array{pulumi.Map{"name": pulumi.String(key), "type": pulumi.String("S")}},
	}, options...)
}
