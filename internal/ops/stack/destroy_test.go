package stack_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/stack"
	"github.com/itrack/itrack/internal/ops/stack/stacktest"
)

func TestDestroyingIsRefusedWhileAnythingProtects(t *testing.T) {
	protect := true
	p := stacktest.New(t, func(ctx *pulumi.Context) error {
		if err := stacktest.Topic(ctx, "alarms", pulumi.String("x"), pulumi.Protect(protect)); err != nil {
			return err
		}
		if err := stacktest.Make(ctx, "aws:kms/key:Key", "data", pulumi.Map{"deletionWindowInDays": pulumi.Int(7)}); err != nil {
			return err
		}
		return stacktest.Make(ctx, "aws:dynamodb/table:Table", "items", pulumi.Map{
			"name": pulumi.String("items"), "hashKey": pulumi.String("id"), "billingMode": pulumi.String("PAY_PER_REQUEST"),
			"attributes":                pulumi.Array{pulumi.Map{"name": pulumi.String("id"), "type": pulumi.String("S")}},
			"deletionProtectionEnabled": pulumi.Bool(protect), "pointInTimeRecovery": pulumi.Map{"enabled": pulumi.Bool(true)},
		})
	})
	_, err := p.Stack().Up(context.Background(), engine.UpOptions{})
	require.NoError(t, err)
	asked := 0
	destroy := func(settings ...string) (stack.Destroyed, string, error) {
		out, err := stack.Destroy(context.Background(), stack.Destruction{Stack: p.Stack(), Environment: stacktest.Environment, Settings: settings,
			Confirm: func(resources int) error { asked = resources; return nil }})
		page := bytes.Buffer{}
		out.Write(&page)
		return out, page.String(), err
	}

	out, page, err := destroy("itrack:protect", "itrack:items.deletionProtection")
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.Equal(t, "refused", out.State)
	require.Len(t, out.Protections, 4)
	for _, part := range []string{
		"itrack:protect", "write itrack:protect: false in Pulumi.staging.yaml, and run `itrack deploy staging`",
		"deletionProtection: false under itrack:items", "Topic alarms", "protected in the state", "Table items", "deletionProtectionEnabled is on: DynamoDB refuses to delete it",
	} {
		require.Contains(t, page, part)
		require.ErrorContains(t, err, part)
	}
	require.Zero(t, asked)
	require.Len(t, p.Existing(), 3)

	protect = false
	_, err = p.Stack().Up(context.Background(), engine.UpOptions{})
	require.NoError(t, err)
	out, page, err = destroy()
	require.NoError(t, err)
	require.Equal(t, 3, asked)
	require.Equal(t, "destroyed", out.State)
	require.Equal(t, 3, out.Resources)
	for _, part := range []string{"3 resources are deleted", "waits 7 days", "system backup of the table items stays for 35 days", "secrets below itrack/staging/", "pulumi stack rm staging"} {
		require.Contains(t, page, part)
	}

	asked = 0
	out, page, err = destroy("itrack:protect")
	require.NoError(t, err)
	require.Equal(t, "empty", out.State)
	require.Equal(t, "staging: nothing is left to destroy\n", page)
	require.Zero(t, asked)
}

// The lock is taken between the last look and the destruction: nothing was deleted, so that it is refused and has not failed.
func TestADestructionForWhoseLockSomebodyWasQuicker(t *testing.T) {
	p := stacktest.New(t, func(ctx *pulumi.Context) error { return stacktest.Topic(ctx, "alarms", pulumi.String("x")) })
	_, err := p.Stack().Up(context.Background(), engine.UpOptions{})
	require.NoError(t, err)
	p.Obstruct()
	out, err := stack.Destroy(context.Background(), stack.Destruction{Stack: p.Stack(), Environment: stacktest.Environment})
	require.Equal(t, ops.Refused, ops.KindOf(err), "%v", err)
	require.ErrorContains(t, err, "somebody else took the stack's lock just before and is over now")
	require.Equal(t, "refused", out.State)
	require.Equal(t, 1, out.Remaining)
	require.Empty(t, out.Problems)
	require.Equal(t, []string{"Topic alarms"}, p.Existing())
}
