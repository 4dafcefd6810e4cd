package stack_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/stack"
	"github.com/itrack/itrack/internal/ops/stack/stacktest"
)

// goProject makes the project a git repository with a Go module.
func goProject(t *testing.T, p *stacktest.Place) {
	t.Helper()
	p.Write("go.mod", "module example.com/x\n\ngo 1.24\n")
	p.Write("a.go", "package x\n\nfunc f() int { return 1 }\n\nvar _ = f\n")
	p.Write(".gitignore", "/built\n")
	p.Write("built/made.go", "package  made\n")
	git := exec.Command("git", "init", "-q")
	git.Dir = p.Project
	out, err := git.CombinedOutput()
	require.NoError(t, err, string(out))
}

func states(v stack.Validation) map[string]stack.PartState {
	out := map[string]stack.PartState{}
	for _, part := range v.Parts {
		out[part.Name] = part.State
	}
	return out
}

func TestValidation(t *testing.T) {
	display := "one"
	p := stacktest.New(t, func(ctx *pulumi.Context) error {
		if err := stacktest.Topic(ctx, "owned", pulumi.String("program"), pulumi.IgnoreChanges([]string{"displayName"})); err != nil {
			return err
		}
		if err := stacktest.Table(ctx, "items", "id"); err != nil {
			return err
		}
		return stacktest.Topic(ctx, "alarms", pulumi.String(display))
	})
	goProject(t, p)
	_, err := p.Stack().Up(context.Background(), engine.UpOptions{})
	require.NoError(t, err)
	signIn := error(nil)
	validate := func() (stack.Validation, string) {
		v, err := stack.Validate{
			Environment: stacktest.Environment, Project: p.Project, Say: t.Logf,
			Settings: func() error { return nil }, SignIn: func(context.Context) error { return signIn },
			Open: func(context.Context) (*engine.Stack, error) { return p.Stack(), nil },
		}.Run(context.Background())
		require.NoError(t, err)
		page := bytes.Buffer{}
		v.Write(&page)
		return v, page.String()
	}

	v, page := validate()
	_, ok := v.Kind()
	require.True(t, ok, page)

	// Somebody was in the console.
	require.NoError(t, p.Cloud.Mutate("items-id", func(s resource.PropertyMap) { s["billingMode"] = resource.NewStringProperty("PROVISIONED") }))
	topic := func(name string) string { return "arn:aws:sns:us-east-1:111122223333:" + name }
	require.NoError(t, p.Cloud.Mutate(topic("owned"), func(s resource.PropertyMap) { s["displayName"] = resource.NewStringProperty("a deployment's") }))
	require.NoError(t, p.Cloud.Remove(topic("alarms")))
	display = "two"
	v, page = validate()
	kind, ok := v.Kind()
	require.False(t, ok)
	require.Equal(t, ops.Changed, kind)
	require.Equal(t, stack.PartChanged, states(v)["preview"])
	require.Equal(t, stack.PartChanged, states(v)["drift"])
	require.Contains(t, page, `Table items (items-id) billingMode: wanted "PAY_PER_REQUEST", found "PROVISIONED"`)
	require.Contains(t, page, "Topic alarms (arn:aws:sns:us-east-1:111122223333:alarms): it does not exist any more")
	require.Contains(t, page, "a deployment would update it")
	require.NotContains(t, page, "a deployment's", "what the program leaves to others is no drift")
	state, err := p.Stack().Export(context.Background())
	require.NoError(t, err)
	require.Len(t, state.Owned(), 3, "the state is as it was")

	// A deployment with a refresh puts it back.
	d := deploying(p)
	d.Refresh = true
	result, err := d.run(t)
	require.NoError(t, err)
	require.Equal(t, stack.Counts{Create: 1, Update: 1}, result.Done)
	v, page = validate()
	_, ok = v.Kind()
	require.True(t, ok, page)

	// Broken code, and the wrong account: what needs AWS is not run.
	signIn = &ops.Problem{Kind: ops.Usage, What: "checking the account", Why: "signed in to another", Next: "sign in"}
	p.Write("a.go", "package x\n\nimport \"fmt\"\n\nfunc f()  { fmt.Printf(\"%d\", \"x\") }\n\nvar _ = f\n")
	v, page = validate()
	kind, ok = v.Kind()
	require.False(t, ok)
	require.Equal(t, ops.Failed, kind)
	require.Equal(t, map[string]stack.PartState{"formatting": stack.PartBroken, "vet": stack.PartBroken, "settings": stack.PartClean,
		"account": stack.PartBroken, "stack": stack.PartNotRun, "preview": stack.PartNotRun, "drift": stack.PartNotRun}, states(v))
	require.Contains(t, page, "a.go: it is not formatted")
	require.Contains(t, page, "`gofmt -w a.go`")
	require.Contains(t, page, "a.go:5:")
	require.Contains(t, page, "checking the account: signed in to another")
	require.NotContains(t, page, "made.go", "what git ignores is none of the project's")
}

func TestAValidationThatIsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := stack.Validate{Environment: "staging", Project: t.TempDir(), Say: t.Logf, Settings: func() error { return errors.New("x") }}.Run(ctx)
	require.ErrorIs(t, err, context.Canceled)
}
