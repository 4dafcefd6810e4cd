package tests

import (
	"context"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/infra"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/enginetest"
)

// dataSettings are the settings of production's stack file, with overlay laid over.
func dataSettings(t *testing.T, overlay map[string]any) *infra.Settings {
	t.Helper()
	raw := map[string]any{}
	for key, value := range stackConfig(t, "production", overlay) {
		if short, ok := strings.CutPrefix(key, "itrack:"); ok {
			raw[short] = value
		}
	}
	settings, err := infra.DecodeSettings("production", "us-east-1", raw)
	require.NoError(t, err)
	return settings
}

// dataProgram is the part of the stack that holds data, with what it stands on.
func dataProgram(s *infra.Settings) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		place, err := infra.NewPlacement(ctx, s)
		if err != nil {
			return err
		}
		opts := []pulumi.ResourceOption{pulumi.Providers(place.Primary.Provider)}
		boundary, err := infra.NewBoundary(ctx, "boundary", &infra.BoundaryArgs{Placement: place}, opts...)
		if err != nil {
			return err
		}
		place.Boundary = &boundary.Arn
		keys, err := infra.NewKeys(ctx, "keys", &infra.KeysArgs{Placement: place, Settings: s.Keys, Protect: s.Protect}, opts...)
		if err != nil {
			return err
		}
		alerts, err := infra.NewAlerts(ctx, "alerts", &infra.AlertsArgs{Placement: place, Settings: s.Alerts, Keys: keys}, opts...)
		if err != nil {
			return err
		}
		archive, err := infra.NewArchive(ctx, "archive", &infra.ArchiveArgs{
			Placement: place, Settings: s.Archive, Regions: []*infra.Region{place.Primary, place.Recovery}, Protect: s.Protect,
		}, opts...)
		if err != nil {
			return err
		}
		network, err := infra.NewNetwork(ctx, "network", &infra.NetworkArgs{Placement: place, Settings: s.Network, Keys: keys}, opts...)
		if err != nil {
			return err
		}
		secrets, err := infra.NewSecrets(ctx, "secrets", &infra.SecretsArgs{Placement: place}, opts...)
		if err != nil {
			return err
		}
		database, err := infra.NewRds(ctx, "rds", &infra.RdsArgs{
			Placement: place, Settings: s.Database, Protect: s.Protect, Network: network, Keys: keys, Alerts: alerts, LogDays: s.Logs.RetentionDays,
		}, opts...)
		if err != nil {
			return err
		}
		if _, err := infra.NewItems(ctx, "items", &infra.ItemsArgs{
			Placement: place, Settings: s.Items, Protect: s.Protect, Keys: keys, Alerts: alerts,
		}, opts...); err != nil {
			return err
		}
		backup := *s.Backup
		backup.RestoreTest = nil // the restore hook is a function, which is no part of this program
		if _, err := infra.NewBackup(ctx, "backup", &infra.BackupArgs{
			Placement: place, Settings: backup, Protect: s.Protect, Keys: keys, Rds: database, Network: network, Alerts: alerts,
			Account: nil,
		}, opts...); err != nil {
			return err
		}
		ctx.Export("bucket", archive.Bucket)
		ctx.Export("address", database.Address)
		ctx.Export("masterSecret", database.MasterSecretArn)
		ctx.Export("apiKey", pulumi.String(secrets.Arns["api_key"]))
		return nil
	}
}

func dataStack(t *testing.T, program pulumi.RunFunc) *enginetest.Stack {
	t.Helper()
	stack := enginetest.New(t, program)
	var names []string
	for _, short := range infra.SecretNames {
		names = append(names, "itrack/production/"+short)
	}
	require.NoError(t, stack.Cloud.Seed(enginetest.Account, cloud.Seed{Region: "us-east-1", SecretNames: names}))
	return stack
}

func unchanged(t *testing.T, stack *enginetest.Stack, program pulumi.RunFunc) {
	t.Helper()
	result := stack.MustUp(program)
	changes := *result.Summary.ResourceChanges
	assert.Equal(t, map[string]int{"same": changes["same"]}, changes, result.StdOut)
}

// Production's data: replicas and copies in the second region, what a change of a setting does, and what can't be deleted.
func TestDataOfProductionIsRehearsed(t *testing.T) {
	settings := dataSettings(t, nil)
	stack := dataStack(t, dataProgram(settings))
	first := stack.MustUp(dataProgram(settings))
	assert.Equal(t, "itrack-archive-production-"+enginetest.Account+"-us-east-1", first.Outputs["bucket"].Value)
	assert.Regexp(t, `^itrack-production\.c[a-z0-9]+\.us-east-1\.rds\.amazonaws\.com$`, first.Outputs["address"].Value)
	assert.Regexp(t, `:secret:rds!db-`, first.Outputs["masterSecret"].Value)
	assert.Regexp(t, `:secret:itrack/production/api_key-`, first.Outputs["apiKey"].Value)
	// The refresh brings what the cloud reports on its own, the tables' replicas among it: they are ignored.
	_, err := stack.Refresh(context.Background(), optrefresh.SuppressProgress())
	require.NoError(t, err)
	unchanged(t, stack, dataProgram(settings))

	objects, err := stack.Cloud.Objects(enginetest.Account)
	require.NoError(t, err)
	regions := map[string][]string{}
	for _, o := range objects {
		regions[o.Type] = append(regions[o.Type], o.Region)
		if o.Type == "aws:dynamodb/table:Table" {
			replicas := o.State["replicas"]
			require.True(t, replicas.IsArray(), "%s reports no replica, and the run above proves nothing", o.ID)
			assert.Equal(t, resource.NewStringProperty("us-west-2"), replicas.ArrayValue()[0].ObjectValue()["regionName"])
		}
	}
	assert.ElementsMatch(t, []string{"us-east-1", "us-west-2"}, regions["aws:backup/vault:Vault"])
	assert.Equal(t, []string{"us-west-2", "us-west-2"}, regions["aws:dynamodb/tableReplica:TableReplica"])
	assert.Equal(t, []string{"us-west-2"}, regions["aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"])

	for _, change := range []struct {
		what    string
		overlay map[string]any
		op      apitype.OpType
	}{
		{"a larger class", map[string]any{"itrack:database.class": "db.r7g.xlarge"}, apitype.OpUpdate},
		{"more storage", map[string]any{"itrack:database.storageGb": 200}, apitype.OpUpdate},
		{"the first schema's name", map[string]any{"itrack:database.name": "other"}, apitype.OpReplace},
		// Every input of the replication replaces it.
		{"days of backups", map[string]any{"itrack:database.backupDays": 20}, apitype.OpReplace},
		{"days of recovery", map[string]any{"itrack:items.recoveryDays": 20}, apitype.OpUpdate},
		{"days of copies", map[string]any{"itrack:backup.copyDays": 40}, apitype.OpUpdate},
	} {
		stack.Workspace().SetProgram(dataProgram(dataSettings(t, change.overlay)))
		preview, err := stack.Preview(context.Background(), optpreview.SuppressProgress())
		if change.op == apitype.OpReplace && err != nil {
			assert.ErrorContains(t, err, "protect", "%s: a protected resource is not replaced", change.what)
			continue
		}
		require.NoError(t, err, change.what)
		assert.Positive(t, preview.ChangeSummary[change.op], "%s: %v", change.what, preview.ChangeSummary)
	}

	refusals, err := stack.Cloud.Refusals(enginetest.Account)
	require.NoError(t, err)
	refused := map[string]bool{}
	for _, refusal := range refusals {
		refused[refusal.Type+" "+refusal.Property] = true
	}
	for _, expected := range []string{
		"aws:rds/instance:Instance deletionProtection", "aws:dynamodb/table:Table deletionProtectionEnabled",
		"aws:dynamodb/tableReplica:TableReplica deletionProtectionEnabled",
	} {
		assert.True(t, refused[expected], "%s in %v", expected, refused)
	}
}
