package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func TestParseOverlay(t *testing.T) {
	overlay, err := ParseOverlay("itrack:tags.note=a=b")
	require.NoError(t, err)
	require.Equal(t, Overlay{"itrack:tags.note", "a=b"}, overlay)
	for _, wrong := range []string{"", "=x", "itrack:domain"} {
		_, err := ParseOverlay(wrong)
		require.ErrorIs(t, err, ErrSettings, wrong)
	}
}

func TestOverlaysSetPaths(t *testing.T) {
	const file = `secretsprovider: awskms://alias/key
encryptedkey: AQ==
config:
  aws:region: us-east-1
  itrack:network:
    zones: 2
    nat: single
  itrack:services:
    backend:
      cpu: 256
`
	project := testProject(t, file)
	cfg, err := loadStackConfig(project, "staging")
	require.NoError(t, err)
	require.NoError(t, cfg.apply([]Overlay{
		{"itrack:network.zones", "3"}, {"itrack:domain", "example.com"}, {`itrack:services["backend"].cpu`, "512"},
		{"aws:region", "us-west-2"}, {"protect", "true"}, {"itrack:network.interfaceEndpoints[0]", "ecr.api"},
	}))
	require.NoError(t, cfg.detach("v1:salt"))
	path := filepath.Join(t.TempDir(), "Pulumi.staging.yaml")
	require.NoError(t, cfg.file.Save(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var saved map[string]any
	require.NoError(t, yaml.Unmarshal(text, &saved))
	require.Equal(t, map[string]any{
		"encryptionsalt": "v1:salt",
		"config": map[string]any{
			"aws:region":     "us-west-2",
			"itrack:domain":  "example.com",
			"itrack:protect": "true",
			"itrack:network": map[string]any{
				"zones": 3, "nat": "single", "interfaceEndpoints": []any{"ecr.api"},
			},
			"itrack:services": map[string]any{"backend": map[string]any{"cpu": 512}},
		},
	}, saved)
	require.Equal(t, "us-west-2", cfg.text("aws", "region"))
	require.Empty(t, cfg.text("itrack", "network"), "a structure is no text")
	require.Equal(t, "v1:salt", savedSalt(cfg.project, path))
}

func TestOverlayOfAWrongKey(t *testing.T) {
	cfg, err := loadStackConfig(testProject(t, "config: {}\n"), "staging")
	require.NoError(t, err)
	for _, key := range []string{"itrack:", ":x", "a:b:c"} {
		err := cfg.apply([]Overlay{{key, "1"}})
		require.ErrorIs(t, err, ErrSettings, key)
		require.ErrorContains(t, err, "--set "+key)
	}
}

func TestEnvironmentsAndProject(t *testing.T) {
	project := testProject(t, "config: {}\n")
	write(t, filepath.Join(project, "Pulumi.production.yaml"), "config: {}\n")
	below := filepath.Join(project, "a", "b")
	require.NoError(t, os.MkdirAll(below, 0o755))

	environments, err := Environments(project)
	require.NoError(t, err)
	require.Equal(t, []string{"production", "staging"}, environments)

	found, err := FindProject(below)
	require.NoError(t, err)
	require.Equal(t, project, found)
	_, err = FindProject(t.TempDir())
	require.ErrorIs(t, err, ErrSettings)
}

func TestAccounts(t *testing.T) {
	project := testProject(t, "config:\n  aws:allowedAccountIds:\n    - \"123456789012\"\n")
	write(t, filepath.Join(project, "Pulumi.production.yaml"), "config: {}\n")
	named, err := loadStackConfig(project, "staging")
	require.NoError(t, err)
	free, err := loadStackConfig(project, "production")
	require.NoError(t, err)

	run := &rehearsal{}
	require.Equal(t, "123456789012", run.account("staging", named), "the account the stack file allows")
	require.Equal(t, secondAccount, run.account("production", free))
	require.Equal(t, firstAccount, run.account("staging", free))
	run.OneAccount = true
	require.Equal(t, run.account("staging", free), run.account("production", free))
}

func TestLinkProject(t *testing.T) {
	project, work := testProject(t, "config: {}\n"), t.TempDir()
	write(t, filepath.Join(project, "build", "functions", "a.zip"), "zip")
	write(t, filepath.Join(project, ".git", "config"), "")
	own := filepath.Join(project, "kept", "here")
	require.NoError(t, os.MkdirAll(own, 0o755))
	for range 2 { // a second run finds the links of the first
		require.NoError(t, linkProject(project, work, own))
	}
	text, err := os.ReadFile(filepath.Join(work, "build", "functions", "a.zip"))
	require.NoError(t, err)
	require.Equal(t, "zip", string(text))
	entries, err := os.ReadDir(work)
	require.NoError(t, err)
	require.Len(t, entries, 1, "neither hidden entries nor settings nor the rehearsal's own folder")
}
