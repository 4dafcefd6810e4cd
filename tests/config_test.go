package tests

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/infra"
	"github.com/itrack/itrack/internal/docgen"
)

// decode checks a real stack file with an overlay, without running the program.
func decode(t *testing.T, stack string, overlay map[string]any) (*infra.Settings, error) {
	t.Helper()
	config := stackConfig(t, stack, overlay)
	raw := map[string]any{}
	for key, value := range config {
		if name, ok := strings.CutPrefix(key, "itrack:"); ok {
			raw[name] = value
		}
	}
	region, _ := config["aws:region"].(string)
	return infra.DecodeSettings(stack, region, raw)
}

func TestStackFilesSayWhatTheyShould(t *testing.T) {
	staging, err := decode(t, "staging", nil)
	require.NoError(t, err)
	assert.Equal(t, "us-east-1", staging.Region)
	assert.Equal(t, "10.1.0.0/16", staging.Network.Cidr)
	assert.Equal(t, 2, staging.Network.Zones)
	assert.Equal(t, "single", staging.Network.Nat)
	assert.Equal(t, 1, staging.Services["backend"].Desired)
	assert.Positive(t, staging.Services["backend"].SpotShare)
	assert.Equal(t, 7, staging.Database.BackupDays)
	assert.False(t, staging.Protect)
	assert.False(t, staging.Database.DeletionProtection)

	production, err := decode(t, "production", nil)
	require.NoError(t, err)
	assert.Equal(t, "us-east-1", production.Region)
	assert.Equal(t, "us-west-2", production.Recovery.Region)
	assert.Equal(t, "10.0.0.0/16", production.Network.Cidr)
	assert.Equal(t, 3, production.Network.Zones)
	assert.Equal(t, "perZone", production.Network.Nat)
	backend := production.Services["backend"]
	assert.Equal(t, []int{3, 1024, 2048}, []int{backend.Desired, backend.Cpu, backend.Memory})
	assert.True(t, production.Protect)
	assert.True(t, production.Database.MultiAz)
	assert.Equal(t, 30, production.Database.BackupDays)
	assert.True(t, production.Database.ReplicateBackups)
	assert.True(t, production.Items.Replica)
	assert.Positive(t, production.Backup.CopyDays)
	assert.Equal(t, "canary", production.Delivery.Traffic)
	assert.True(t, production.Waf.Edge)
}

// Each broken setting is reported with its path, its value and the rule; the last column is what a reader needs.
func TestBrokenSettings(t *testing.T) {
	cases := []struct {
		name, key string
		value     any
		path      string
		says      []string
	}{
		{"above the maximum", "itrack:network.zones", 9, "itrack:network.zones", []string{"9", "at most 4", "2 to 4"}},
		{"below the minimum", "itrack:network.zones", 1, "itrack:network.zones", []string{"at least 2"}},
		{"wrong type", "itrack:services.backend.cpu", "big", "itrack:services.backend.cpu", []string{`"big"`, "integer"}},
		{"not in the list", "itrack:network.nat", "double", "itrack:network.nat", []string{"none, single, perZone"}},
		{"unknown key", "itrack:network.zone", 2, "itrack:network.zone", []string{"did you mean zones"}},
		{"unknown top-level key", "itrack:databse", map[string]any{}, "itrack:databse", []string{"did you mean database"}},
		{"missing key", "itrack:network.cidr", nil, "itrack:network.cidr", []string{"is missing"}},
		{"entry of a list", "itrack:services.backend.secrets", []any{"jwt"}, "itrack:services.backend.secrets[0]", []string{"jwt_secret"}},
		{"bits behind the mask", "itrack:network.cidr", "10.1.1.0/16", "itrack:network.cidr", []string{"10.1.0.0/16"}},
		{"public range", "itrack:network.cidr", "8.8.0.0/16", "itrack:network.cidr", []string{"private range"}},
		{"too large a range", "itrack:network.cidr", "10.0.0.0/8", "itrack:network.cidr", []string{"/16", "/22"}},
		{"same recovery region", "itrack:recovery.region", "us-east-1", "itrack:recovery.region", []string{"must differ"}},
		{"memory that does not go with cpu", "itrack:services.backend.memory", 8192, "itrack:services.backend.memory", []string{"512 to 2048"}},
		{"memory off the steps", "itrack:services.backend.memory", 1500, "itrack:services.backend.memory", []string{"steps of 1024"}},
		{"desired above max", "itrack:services.backend.desired", 9, "itrack:services.backend.desired", []string{"from min"}},
		{"min above max", "itrack:services.backend.min", 5, "itrack:services.backend.min", []string{"above max"}},
		{"path taken", "itrack:services.other", map[string]any{"path": "/api"}, "itrack:services.other.path", []string{"itrack:services.backend"}},
		{"name of a service", "itrack:services.Other", map[string]any{"path": "/o"}, "itrack:services.Other", []string{"lower-case"}},
		{"a secret as a variable", "itrack:services.backend.environment", map[string]any{"JWT_SECRET": "x"}, "itrack:services.backend.environment.JWT_SECRET", []string{"secret"}},
		{"no NAT, nothing to pull from", "itrack:network.nat", "none", "itrack:services.backend.bootstrapImage.image", []string{"can't be pulled"}},
		{"insights of a small class", "itrack:database.insights", "standard", "itrack:database.insights", []string{"db.t4g.medium"}},
		{"storage that can't grow", "itrack:database.maxStorageGb", 22, "", nil},
		{"storage autoscaling too close", "itrack:database.storageGb", 49, "itrack:database.maxStorageGb", []string{"a tenth above"}},
		{"two hooks of a kind", "itrack:functions.other", map[string]any{"hook": "restore", "vpc": true}, "itrack:functions.restore-check.hook", []string{"itrack:functions.other"}},
		{"a hook outside the VPC", "itrack:functions.release-check.vpc", false, "itrack:functions.release-check.vpc", []string{"must be true"}},
		{"lock against retention", "itrack:backup.lock", map[string]any{"minDays": 10}, "itrack:backup.dailyDays", []string{"lock.minDays (10)"}},
		{"canary without a hook", "itrack:functions.release-check", nil, "", nil},
		{"reserved tag", "itrack:tags", map[string]any{"Project": "x"}, "itrack:tags.Project", []string{"set by the program"}},
		{"monitor to use unnamed", "itrack:account.anomalyMonitor", "use", "itrack:account.anomalyMonitorArn", []string{"get-anomaly-monitors"}},
		{"not a domain", "itrack:domain", "https://example.com", "itrack:domain", []string{"must match"}},
		{"not a PagerDuty URL", "itrack:alerts.pagerDuty", "http://example.com", "itrack:alerts.pagerDuty", []string{"must match"}},
		{"no services", "itrack:services", map[string]any{}, "itrack:services", []string{"at least 1"}},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			_, err := decode(t, "staging", map[string]any{test.key: test.value})
			if test.path == "" {
				require.NoError(t, err)
				return
			}
			var failure *infra.ConfigError
			require.True(t, errors.As(err, &failure), "got %v", err)
			var found *infra.Problem
			for i := range failure.Problems {
				if failure.Problems[i].Path == test.path {
					found = &failure.Problems[i]
				}
			}
			require.NotNilf(t, found, "no problem at %s: %v", test.path, err)
			for _, text := range test.says {
				assert.Contains(t, found.String(), text)
			}
			assert.Contains(t, err.Error(), "Pulumi.staging.yaml", "the message says where to mend it")
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := decode(t, "staging", map[string]any{
		"itrack:network.zones": 9, "itrack:network.zone": 1, "itrack:services.backend.memory": "x", "itrack:databse": 1,
	})
	var failure *infra.ConfigError
	require.ErrorAs(t, err, &failure)
	assert.Len(t, failure.Problems, 4)
}

// The schema that editors use is the one the program validates with, and knows exactly the structs' keys.
func TestSchemaFileIsCurrent(t *testing.T) {
	want, err := infra.ConfigSchema()
	require.NoError(t, err)
	assertFile(t, docgen.SchemaFile, string(want))
	assertFile(t, docgen.SettingsFile, docgen.Settings())
}

// assertFile holds a document that a command writes against the one in docs/.
func assertFile(t *testing.T, name, want string) {
	t.Helper()
	have, err := os.ReadFile(filepath.Join(root, "docs", name))
	require.NoError(t, err)
	assert.Equalf(t, want, string(have), "docs/%s is not what the code says: run `make docs`", name)
}

func TestSchemaKnowsTheStructsKeys(t *testing.T) {
	documented := map[string]infra.SettingDoc{}
	for _, doc := range infra.SettingDocs() {
		documented[doc.Path] = doc
		assert.NotEmptyf(t, doc.Description, "%s says nothing about itself", doc.Path)
	}
	keys := map[string]bool{}
	structKeys(reflect.TypeFor[infra.Settings](), "itrack:", keys)
	for key := range keys {
		assert.Containsf(t, documented, key, "the schema lacks a key of the structs")
	}
	for key := range documented {
		assert.Truef(t, keys[key], "the schema has a key that no struct has: %s", key)
	}
	assert.Greater(t, len(keys), 120)
}

func structKeys(kind reflect.Type, prefix string, keys map[string]bool) {
	switch kind.Kind() {
	case reflect.Pointer:
		structKeys(kind.Elem(), prefix, keys)
	case reflect.Map:
		if kind.Elem().Kind() == reflect.Struct {
			structKeys(kind.Elem(), prefix+"<name>.", keys)
		}
	case reflect.Struct:
		for i := range kind.NumField() {
			name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
			if name == "-" {
				continue
			}
			keys[prefix+name] = true
			structKeys(kind.Field(i).Type, prefix+name+".", keys)
		}
	}
}

// Every default keeps its own bounds, and the smallest stack file there can be is accepted.
func TestDefaultsAreAllowed(t *testing.T) {
	settings, err := infra.DecodeSettings("small", "us-east-1", map[string]any{
		"network":  map[string]any{"cidr": "10.2.0.0/16"},
		"services": map[string]any{"web": map[string]any{"path": "/"}},
		"database": map[string]any{"insights": "off"},
	})
	require.NoError(t, err)
	text, err := json.Marshal(settings)
	require.NoError(t, err)
	raw := map[string]any{}
	require.NoError(t, json.Unmarshal(text, &raw))
	for key, value := range raw {
		if value == nil || reflect.ValueOf(value).IsZero() {
			delete(raw, key)
		}
	}
	assert.Nil(t, settings.Bastion)
	assert.Nil(t, settings.Backup)
	assert.Equal(t, 8080, settings.Services["web"].Port)
	assert.NotEmpty(t, settings.Services["web"].BootstrapImage.Command)
	assert.True(t, settings.Database.DeletionProtection, "safe unless a setting says otherwise")
}
