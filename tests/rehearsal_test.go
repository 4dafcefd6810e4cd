package tests

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/cmd/itrack/rehearse"
	"github.com/itrack/itrack/infra"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/rehearsal"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// options are a rehearsal of both real stack files with this test's binary as the plugin.
func options(keep string, environments ...string) (engine.Options, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return engine.Options{}, err
	}
	cli, err := engine.FindPulumi(context.Background(), root)
	if err != nil {
		return engine.Options{}, fmt.Errorf("%w (run `make tools`)", err)
	}
	return engine.Options{
		Project: root, Environments: environments, Program: infra.Stack, CLI: cli, Plugins: rehearsal.PluginNames(), Keep: keep,
	}, nil
}

// bothRehearsed deploys both stacks once for all tests that only look; the folder is kept for those that go on.
var bothRehearsed = sync.OnceValues(func() (engine.Report, error) {
	o, err := options(filepath.Join(rehearsalDir, "both"), "staging", "production")
	if err != nil {
		return engine.Report{}, err
	}
	return engine.Rehearse(context.Background(), o)
})

func rehearsed(t *testing.T, stack string) engine.StackReport {
	t.Helper()
	report, err := bothRehearsed()
	require.NoError(t, err)
	for _, one := range report.Stacks {
		if one.Stack == stack {
			return one
		}
	}
	require.Failf(t, "no such stack", "%s was not rehearsed", stack)
	return engine.StackReport{}
}

// rehearseWith runs one stack with overlays in a place of its own.
func rehearseWith(t *testing.T, stack string, overlays ...string) engine.StackReport {
	t.Helper()
	o, err := options(t.TempDir(), stack)
	require.NoError(t, err)
	for _, text := range overlays {
		overlay, err := engine.ParseOverlay(text)
		require.NoError(t, err)
		o.Overlays = append(o.Overlays, overlay)
	}
	report, err := engine.Rehearse(context.Background(), o)
	require.NoError(t, err)
	return report.Stacks[0]
}

func requireOK(t *testing.T, report engine.StackReport) {
	t.Helper()
	for _, failure := range report.Failures {
		t.Errorf("%s: %s %s: %s: %s", report.Stack, failure.URN, failure.Property, failure.Rule, failure.Message)
	}
	for _, change := range report.SecondRunChanges {
		t.Errorf("%s: a second run would %s %s %v", report.Stack, change.Op, change.URN, change.Paths)
	}
	require.True(t, report.OK)
}

func TestBothStacksDeploy(t *testing.T) {
	for stack, least := range map[string]int{"staging": 140, "production": 200} {
		report := rehearsed(t, stack)
		requireOK(t, report)
		assert.GreaterOrEqual(t, report.Resources, least, stack)
		assert.Positive(t, report.WallSeconds)
	}
}

// What refuses deletion: everything that holds data in production; nothing in staging but what AWS itself keeps.
func TestRefusals(t *testing.T) {
	types := func(stack string) []string {
		var found []string
		for _, refusal := range rehearsed(t, stack).Refusals {
			found = append(found, refusal.Type)
		}
		return found
	}
	for _, token := range []string{
		"aws:rds/instance:Instance", "aws:dynamodb/table:Table", "aws:dynamodb/tableReplica:TableReplica", "aws:kms/key:Key",
		"aws:kms/replicaKey:ReplicaKey", "aws:s3/bucketV2:BucketV2", "aws:backup/vault:Vault", "aws:lb/loadBalancer:LoadBalancer", "aws:ecr/repository:Repository",
	} {
		assert.Contains(t, types("production"), token)
	}
	assert.Empty(t, types("staging"))
}

// openKept opens a stack of the kept rehearsal to go on with it.
func openKept(t *testing.T, dir, stack, account string, overlays ...string) (*engine.Stack, *cloud.Cloud) {
	t.Helper()
	o, err := options(dir, stack)
	require.NoError(t, err)
	settings := engine.Settings{
		Project: o.Project, Stack: stack, Program: infra.Stack, CLI: o.CLI,
		Env:       map[string]string{rehearsal.EnvCloud: engine.CloudDir(dir), rehearsal.EnvAccount: account},
		Isolation: &engine.Isolation{Dir: dir, Plugins: rehearsal.PluginNames()},
	}
	for _, text := range overlays {
		overlay, err := engine.ParseOverlay(text)
		require.NoError(t, err)
		settings.Overlays = append(settings.Overlays, overlay)
	}
	opened, err := engine.Open(context.Background(), settings)
	require.NoError(t, err)
	pretend, err := cloud.Open(engine.CloudDir(dir))
	require.NoError(t, err)
	t.Cleanup(func() { _ = pretend.Close() })
	return opened, pretend
}

// Each important setting, and what changing it does to what it touches: an update in place or a replacement. The
// database is never replaced by a change of size.
func TestChangesOfSettings(t *testing.T) {
	cases := []struct {
		name, overlay string
		// want maps type::name to the operation; what is not listed may change too (documents that name it).
		want map[string]string
		// never lists types that must not be replaced or deleted.
		never []string
	}{
		{"database class", "itrack:database.class=db.t4g.medium", map[string]string{"aws:rds/instance:Instance::rds": "update"}, []string{"aws:rds/instance:Instance"}},
		{"database storage", "itrack:database.storageGb=30", map[string]string{"aws:rds/instance:Instance::rds": "update"}, []string{"aws:rds/instance:Instance"}},
		{"database name", "itrack:database.name=other", map[string]string{"aws:rds/instance:Instance::rds": "replace"}, nil},
		{"service size", "itrack:services.backend.cpu=512", nil, []string{"aws:ecs/service:Service"}},
		{"task count", "itrack:services.backend.max=4", map[string]string{"aws:appautoscaling/target:Target::backend": "update"}, []string{"aws:ecs/service:Service"}},
		{"service port", "itrack:services.backend.port=9090", map[string]string{"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule::service-backend-balancer-in": "update"}, []string{"aws:lb/targetGroup:TargetGroup", "aws:rds/instance:Instance"}},
		{"WAF rate", "itrack:waf.rateLimit=500", map[string]string{"aws:wafv2/webAcl:WebAcl::waf-regional": "update"}, []string{"aws:wafv2/webAcl:WebAcl"}},
		{"log retention", "itrack:logs.retentionDays=30", map[string]string{"aws:cloudwatch/logGroup:LogGroup::service-backend": "update"}, []string{"aws:cloudwatch/logGroup:LogGroup"}},
		{"function memory", "itrack:functions.item-events.memory=512", map[string]string{"aws:lambda/function:Function::item-events": "update"}, []string{"aws:lambda/function:Function"}},
		{"budget", "itrack:budget.monthlyUsd=400", nil, []string{"aws:budgets/budget:Budget"}},
	}
	dir := filepath.Join(rehearsalDir, "both")
	_ = rehearsed(t, "staging")
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			overlays := []string{test.overlay}
			if strings.HasSuffix(test.overlay, "cpu=512") {
				overlays = append(overlays, "itrack:services.backend.memory=1024")
			}
			stack, _ := openKept(t, dir, "staging", "111122223333", overlays...)
			outcome, err := stack.Preview(context.Background(), engine.UpOptions{})
			require.NoError(t, err)
			require.NotEmpty(t, outcome.Changes, "the setting reaches nothing")
			operations := map[string]string{}
			for _, change := range outcome.Changes {
				// A replacement is reported in its steps.
				op := change.Op
				if op == "create-replacement" || op == "delete-replaced" {
					op = "replace"
				}
				operations[change.Type+"::"+resource.URN(change.URN).Name()] = op
				if slices.Contains(test.never, change.Type) {
					assert.NotContainsf(t, []string{"replace", "delete", "create-replacement", "delete-replaced"}, change.Op, "%s", change.URN)
				}
			}
			for key, op := range test.want {
				assert.Equalf(t, op, operations[key], "%s; changes: %v", key, operations)
			}
		})
	}
}

// The second run must be able to differ: what somebody changes in the cloud, a document that the cloud returns in
// another order, and a default that it adds are all seen by the next run with a refresh, and put right by it.
func TestSecondRunSeesWhatTheCloudReturns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o, err := options(dir, "staging")
	require.NoError(t, err)
	report, err := engine.Rehearse(context.Background(), o)
	require.NoError(t, err)
	requireOK(t, report.Stacks[0])
	stack, pretend := openKept(t, dir, "staging", report.Stacks[0].Account)
	objects, err := pretend.Objects(report.Stacks[0].Account)
	require.NoError(t, err)
	find := func(token, name string) cloud.Object {
		for _, object := range objects {
			if object.Type == token && strings.HasSuffix(object.URN, "::"+name) {
				return object
			}
		}
		require.Failf(t, "nothing of that name", "%s %s", token, name)
		return cloud.Object{}
	}
	cases := []struct {
		name, token, resource string
		change                func(state resource.PropertyMap)
	}{
		{"a document in another order", "aws:cloudwatch/dashboard:Dashboard", "api", func(state resource.PropertyMap) {
			text := state["dashboardBody"].StringValue()
			inner := strings.TrimSuffix(strings.TrimPrefix(text, "{"), "}")
			state["dashboardBody"] = resource.NewStringProperty(`{"start":"-PT3H",` + inner + "}")
		}},
		{"a default that the cloud adds", "aws:cloudwatch/metricAlarm:MetricAlarm", "rds-cpu", func(state resource.PropertyMap) {
			state["insufficientDataActions"] = resource.NewPropertyValue([]any{"arn:aws:sns:us-east-1:111122223333:itrack-warning-staging"})
		}},
		{"a value changed by hand", "aws:cloudwatch/logGroup:LogGroup", "service-backend", func(state resource.PropertyMap) {
			state["retentionInDays"] = resource.NewNumberProperty(1)
		}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			object := find(test.token, test.resource)
			require.NoError(t, pretend.Mutate(object.ID, test.change))
			outcome, err := stack.Up(context.Background(), engine.UpOptions{Refresh: true})
			require.NoError(t, err)
			var changed []string
			for _, change := range outcome.Changes {
				changed = append(changed, change.URN)
			}
			assert.Contains(t, changed, object.URN)
			again, err := stack.Up(context.Background(), engine.UpOptions{Refresh: true})
			require.NoError(t, err)
			assert.Empty(t, again.Changes, "the run before put it right")
		})
	}
}

// Staging goes when it is told to, whole; production refuses, and loses nothing that holds data.
func TestDestroy(t *testing.T) {
	t.Parallel()
	for _, stack := range bothStacks {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			o, err := options(t.TempDir(), stack)
			require.NoError(t, err)
			o.Destroy = true
			report, err := engine.Rehearse(context.Background(), o)
			require.NoError(t, err)
			result := report.Stacks[0]
			requireOK(t, result)
			require.NotNil(t, result.Destroy)
			if stack == "staging" {
				assert.Zero(t, result.Destroy.Remaining, "%v", result.Destroy.Refused)
				assert.Equal(t, result.Resources, result.Destroy.Deleted)
				return
			}
			assert.NotEmpty(t, result.Destroy.Refused)
			assert.Equal(t, result.Resources, result.Destroy.Remaining, "nothing may be half torn down")
		})
	}
}

func TestOneAccountTwoStacks(t *testing.T) {
	t.Parallel()
	o, err := options(t.TempDir(), "staging", "production")
	require.NoError(t, err)
	o.OneAccount = true
	// Without being told to use what staging made, production collides with it.
	report, err := engine.Rehearse(context.Background(), o)
	require.NoError(t, err)
	requireOK(t, report.Stacks[0])
	assert.False(t, report.Stacks[1].OK, "what exists once per account can't be made twice")
	collided := map[string]bool{}
	for _, failure := range report.Stacks[1].Failures {
		collided[failure.Type] = true
	}
	assert.True(t, collided["aws:iam/openIdConnectProvider:OpenIdConnectProvider"], "%v", collided)

	o, err = options(t.TempDir(), "staging", "production")
	require.NoError(t, err)
	o.OneAccount, o.TakeOver = true, rehearse.TakeOver
	report, err = engine.Rehearse(context.Background(), o)
	require.NoError(t, err)
	for _, stack := range report.Stacks {
		requireOK(t, stack)
	}
}

func TestOtherRegionsAndDomain(t *testing.T) {
	t.Parallel()
	t.Run("us-west-2 with us-east-1 as recovery", func(t *testing.T) {
		t.Parallel()
		requireOK(t, rehearseWith(t, "production", "aws:region=us-west-2", "itrack:recovery.region=us-east-1"))
	})
	t.Run("three regions", func(t *testing.T) {
		t.Parallel()
		requireOK(t, rehearseWith(t, "production", "aws:region=eu-west-1"))
	})
	for _, stack := range bothStacks {
		t.Run("domain, "+stack, func(t *testing.T) {
			t.Parallel()
			report := rehearseWith(t, stack, "itrack:domain=itrack.example.com")
			requireOK(t, report)
			assert.GreaterOrEqual(t, report.ByType["aws:acm/certificate:Certificate"], 3)
		})
	}
}
