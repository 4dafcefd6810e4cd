package stack_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/stack"
	"github.com/itrack/itrack/internal/ops/stack/stacktest"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// deployment is a deployment that says yes, and notes what it was asked.
type deployment struct {
	stack.Deployment
	page     bytes.Buffer
	asked    int
	released int
}

func deploying(p *stacktest.Place, allow ...string) *deployment {
	d := &deployment{}
	d.Deployment = stack.Deployment{
		Stack: p.Stack(), Environment: stacktest.Environment, AllowReplace: allow,
		Show:    func(s stack.Summary) { s.Write(&d.page) },
		Confirm: func(stack.Summary) error { d.asked++; return nil },
		Release: func(context.Context, string) error { d.released++; return nil },
	}
	return d
}

func (d *deployment) run(t *testing.T) (stack.Result, error) {
	t.Helper()
	result, err := stack.Deploy(context.Background(), d.Deployment)
	result.Write(&d.page)
	return result, err
}

func TestADeploymentLosesNoDataUnlessItIsNamed(t *testing.T) {
	key, display := "id", pulumi.ToSecret(pulumi.String("canary-1")).(pulumi.StringOutput)
	table := true
	p := stacktest.New(t, func(ctx *pulumi.Context) error {
		ctx.Export("key", pulumi.String(key))
		if table {
			// It goes with the component that it stands in.
			parent := &struct{ pulumi.ResourceState }{}
			if err := ctx.RegisterComponentResource("itrack:test:Items", "data", parent); err != nil {
				return err
			}
			if err := stacktest.Table(ctx, "items", key, pulumi.Parent(parent)); err != nil {
				return err
			}
		}
		return stacktest.Topic(ctx, "alarms", display)
	})

	d := deploying(p)
	result, err := d.run(t)
	require.NoError(t, err)
	require.Equal(t, stack.StateDeployed, result.State)
	require.Equal(t, stack.Counts{Create: 2}, result.Done)
	require.True(t, result.Released)
	require.Equal(t, 1, d.asked)
	require.Contains(t, d.page.String(), "staging: 2 to create")
	require.Contains(t, d.page.String(), "Table: items")
	require.Equal(t, []string{"Table items-id", "Topic alarms"}, p.Existing())

	d = deploying(p)
	result, err = d.run(t)
	require.NoError(t, err)
	require.Equal(t, stack.StateUnchanged, result.State)
	require.Zero(t, d.asked, "nothing is asked where there is nothing to do")
	require.Equal(t, 1, d.released, "what runs may be behind although the stack is not")

	// The key replaces the table; the secret display name is an update.
	key, display = "sku", pulumi.ToSecret(pulumi.String("canary-2")).(pulumi.StringOutput)
	d = deploying(p)
	result, err = d.run(t)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "Table items (items-id) would be replaced, and with it goes the table with its items")
	require.ErrorContains(t, err, "add --allow-replace items")
	require.Equal(t, stack.StateRefused, result.State)
	require.Zero(t, d.asked)
	page := d.page.String()
	require.Regexp(t, `(?s)LOSES DATA \(1\).*replace Table items.*hashKey: "id" -> "sku"  \(forces the replacement\).*Updated \(1\).*Topic alarms.*displayName: \[secret\] -> \[secret\]`, page)
	require.Contains(t, page, `key: "id" -> "sku"`)
	require.NotContains(t, page+err.Error(), "canary")
	require.Equal(t, []string{"Table items-id", "Topic alarms"}, p.Existing())

	_, err = deploying(p, "alarms").run(t)
	require.Equal(t, ops.Usage, ops.KindOf(err))
	require.ErrorContains(t, err, "nothing of that name would be replaced or deleted")
	require.ErrorContains(t, err, "name one of items")

	d = deploying(p, "items")
	d.DryRun = true
	result, err = d.run(t)
	require.NoError(t, err)
	require.Equal(t, stack.StatePlanned, result.State)
	require.Equal(t, []string{"Table items-id", "Topic alarms"}, p.Existing())

	result, err = deploying(p, "items").run(t)
	require.NoError(t, err)
	require.Equal(t, stack.Counts{Update: 1, Replace: 1}, result.Done)
	require.Equal(t, []string{"Table items-sku", "Topic alarms"}, p.Existing())

	table = false
	_, err = deploying(p).run(t)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "Table items (items-sku) would be deleted")
	result, err = deploying(p, "urn:pulumi:staging::itrack::itrack:test:Items$aws:dynamodb/table:Table::items").run(t)
	require.NoError(t, err)
	require.Equal(t, stack.Counts{Delete: 1}, result.Done)
	require.Equal(t, []string{"Topic alarms"}, p.Existing())
}

// The program says something else each time it runs: as if somebody had changed the stack between.
func TestADeploymentDoesNotGoBeyondWhatWasShown(t *testing.T) {
	var runs, changes atomic.Int64
	changes.Store(1000)
	display := "one"
	p := stacktest.New(t, func(ctx *pulumi.Context) error {
		key := "id"
		if runs.Add(1) >= changes.Load() {
			key = "sku"
		}
		if err := stacktest.Table(ctx, "items", key); err != nil {
			return err
		}
		if key == "sku" && changes.Load() == 3 {
			// Deleting what was replaced waits for the program; a real one takes minutes here.
			<-ctx.Context().Done()
			return ctx.Context().Err()
		}
		return stacktest.Topic(ctx, "alarms", pulumi.String(display))
	})
	_, err := p.Stack().Up(context.Background(), engine.UpOptions{})
	require.NoError(t, err)

	// After the answer, before the deployment.
	display = "two"
	runs.Store(0)
	changes.Store(2)
	d := deploying(p)
	result, err := d.run(t)
	require.Equal(t, ops.Refused, ops.KindOf(err), "%v", err)
	require.ErrorContains(t, err, "now Table items (items-id) would be replaced")
	require.Equal(t, 1, d.asked)
	require.Equal(t, stack.StateRefused, result.State)
	require.Equal(t, []string{"Table items-id", "Topic alarms"}, p.Existing())

	// During the deployment: the new table is made, and the old one stays.
	runs.Store(0)
	changes.Store(3)
	result, err = deploying(p).run(t)
	require.Equal(t, ops.Failed, ops.KindOf(err))
	require.ErrorContains(t, err, "was about to be replaced, which the preview did not show: the deployment was stopped")
	require.Equal(t, stack.StateFailed, result.State)
	require.Contains(t, p.Existing(), "Table items-id")

	// The old one waits in the state to be deleted: that loses its items, and has to be named.
	changes.Store(0)
	_, err = deploying(p).run(t)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "Table items")
	require.Contains(t, p.Existing(), "Table items-id")
}

func TestAFailureSaysWhatWasDoneAndWhatToDo(t *testing.T) {
	p := stacktest.New(t, func(ctx *pulumi.Context) error {
		first := &stacktest.Resource{}
		if err := ctx.RegisterResource("aws:sns/topic:Topic", "first", pulumi.Map{"name": pulumi.String("first")}, first); err != nil {
			return err
		}
		return stacktest.Topic(ctx, "second", pulumi.String("x"), pulumi.DependsOn([]pulumi.Resource{first}))
	})
	require.NoError(t, p.Cloud.SetFaults(cloud.Fault{Kind: cloud.Refuse, Call: cloud.CreateCall, Name: "second", Times: -1,
		Code: "AccessDenied", Message: "not authorized to perform: SNS:CreateTopic"}))
	d := deploying(p)
	result, err := d.run(t)
	require.Equal(t, ops.Failed, ops.KindOf(err))
	require.ErrorContains(t, err, "1 of 2 changes were made and stay")
	require.ErrorContains(t, err, "the role that deploys lacks this permission")
	require.Equal(t, stack.StateFailed, result.State)
	require.Equal(t, stack.Counts{Create: 1}, result.Done)
	require.Len(t, result.Problems, 1)
	require.Contains(t, result.Problems[0].URN, "::second")
	require.Contains(t, d.page.String(), "what to do: the role that deploys lacks this permission")
	require.Zero(t, d.released)

	require.NoError(t, p.Cloud.SetFaults())
	d = deploying(p)
	d.Release = func(context.Context, string) error {
		return ops.Refuse("releasing backend", "an alarm is red", "mend it")
	}
	result, err = d.run(t)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "the stack of staging is deployed")
	require.Equal(t, stack.StateDeployed, result.State)
	require.Equal(t, stack.Counts{Create: 1}, result.Done)
	require.False(t, result.Released)
}

func TestACancelledDeploymentGoesOnNextTime(t *testing.T) {
	var wait atomic.Bool
	begun := make(chan struct{})
	p := stacktest.New(t, func(ctx *pulumi.Context) error {
		if err := stacktest.Topic(ctx, "alarms", pulumi.String("x")); err != nil {
			return err
		}
		if wait.Load() && !ctx.DryRun() {
			close(begun)
			<-ctx.Context().Done()
			return ctx.Context().Err()
		}
		return stacktest.Topic(ctx, "late", pulumi.String("x"))
	})
	wait.Store(true)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-begun
		cancel()
	}()
	d := deploying(p)
	result, err := stack.Deploy(ctx, d.Deployment)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "run it again to go on")
	require.Equal(t, stack.StateFailed, result.State)
	wait.Store(false)
	_, err = deploying(p).run(t)
	require.NoError(t, err)
	require.Equal(t, []string{"Topic alarms", "Topic late"}, p.Existing())
}

func TestTheTimeOfADeploymentIsBounded(t *testing.T) {
	p := stacktest.New(t, func(ctx *pulumi.Context) error {
		if !ctx.DryRun() {
			<-ctx.Context().Done()
			return ctx.Context().Err()
		}
		return stacktest.Topic(ctx, "alarms", pulumi.String("x"))
	})
	d := deploying(p)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	d.Confirm = func(stack.Summary) error {
		time.AfterFunc(4*time.Second, func() { cancel(context.DeadlineExceeded) })
		return nil
	}
	_, err := stack.Deploy(ctx, d.Deployment)
	require.Equal(t, ops.TimedOut, ops.KindOf(err))
	require.ErrorContains(t, err, "longer --timeout")
}

func TestNobodyDeploysBesideAnother(t *testing.T) {
	running := func() {}
	p := stacktest.New(t, func(ctx *pulumi.Context) error {
		running()
		return stacktest.Topic(ctx, "alarms", pulumi.String("x"))
	})
	s := p.Stack()
	here, err := os.Hostname()
	require.NoError(t, err)
	const gone = 1 << 30 // the kernel gives out no such id
	for name, test := range map[string]struct {
		host string
		pid  int
		says string
		next string
	}{
		"alive":     {here, os.Getpid(), "it is running", "wait until it is over"},
		"dead":      {here, gone, "it is gone", "`itrack state unlock staging`"},
		"elsewhere": {"runner-7", 7, "on another host", "`itrack state unlock staging`"},
	} {
		t.Run(name, func(t *testing.T) {
			p.Lock("l-1", test.host, test.pid)
			defer p.Unlock("l-1")
			d := deploying(p)
			d.Stack = s
			result, err := d.run(t)
			require.Equal(t, ops.Refused, ops.KindOf(err))
			require.ErrorContains(t, err, "ann on "+test.host)
			require.ErrorContains(t, err, "since 2026-01-02 03:04:05 UTC")
			require.ErrorContains(t, err, test.says)
			require.ErrorContains(t, err, test.next)
			require.Equal(t, stack.StateRefused, result.State)
			held, err := stack.Look(context.Background(), s)
			require.NoError(t, err)
			ids, err := held.Releasable()
			switch name {
			case "alive":
				require.Equal(t, ops.Refused, ops.KindOf(err))
				require.ErrorContains(t, err, "one Ctrl-C")
			case "dead":
				require.NoError(t, err)
				require.Empty(t, ids, "a repair finds out by itself that it is gone")
			default:
				require.NoError(t, err)
				require.Equal(t, []string{"l-1"}, ids)
			}
		})
	}
	// Taken while the question stood.
	d := deploying(p)
	d.Confirm = func(stack.Summary) error { p.Lock("l-2", "runner-7", 7); return nil }
	_, err = d.run(t)
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "runner-7")
	p.Unlock("l-2")
	// Taken in the last moment: the engine itself sees it.
	runs := 0
	running = func() {
		if runs++; runs == 2 {
			p.Lock("l-3", "runner-8", 8)
		}
	}
	result, err := deploying(p).run(t)
	require.Equal(t, ops.Refused, ops.KindOf(err), "%v", err)
	require.ErrorContains(t, err, "runner-8")
	require.Equal(t, stack.StateRefused, result.State)
	p.Unlock("l-3")
	// Not confirmed.
	no := errors.New("no")
	d = deploying(p)
	d.Confirm = func(stack.Summary) error { return no }
	_, err = d.run(t)
	require.ErrorIs(t, err, no)
	require.Empty(t, p.Existing())
}

// The second preview fails: something failed, which is no refusal, and nothing was begun.
func TestAPreviewThatFailsAfterTheAnswer(t *testing.T) {
	var runs atomic.Int64
	p := stacktest.New(t, func(ctx *pulumi.Context) error {
		if runs.Add(1) == 2 {
			return errors.New("a lookup failed")
		}
		return stacktest.Topic(ctx, "alarms", pulumi.String("x"))
	})
	d := deploying(p)
	result, err := d.run(t)
	require.Equal(t, ops.Failed, ops.KindOf(err))
	require.ErrorContains(t, err, "a lookup failed")
	require.ErrorContains(t, err, "nothing was changed")
	require.Equal(t, stack.StateFailed, result.State)
	require.Equal(t, 1, d.asked)
	require.Empty(t, p.Existing())
	require.Zero(t, d.released)
}
