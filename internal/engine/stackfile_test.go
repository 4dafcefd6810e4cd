package engine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAStackFileIsReadWithoutTheEngine(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	write("Pulumi.yaml", "name: itrack\nruntime: go\n")
	write("Pulumi.staging.yaml", `config:
  aws:region: eu-west-1
  aws:profile: work
  aws:allowedAccountIds: ["111122223333"]
  aws:assumeRole: {roleArn: "arn:aws:iam::111122223333:role/x", externalId: e}
  aws:endpoints: [{s3: "http://127.0.0.1:5000", ecs: "http://127.0.0.1:5001"}]
  other:thing: 1
  itrack:domain: example.com
  itrack:protect: true
  itrack:alerts:
    emails: [a@example.com]
    pagerDuty: {secure: abc}
`)
	file, err := ReadStackFile(dir, "staging")
	require.NoError(t, err)
	require.Equal(t, "eu-west-1", file.Region)
	require.Equal(t, "work", file.Profile)
	require.Equal(t, []Role{{ARN: "arn:aws:iam::111122223333:role/x", ExternalID: "e"}}, file.Roles)
	require.Equal(t, []string{"111122223333"}, file.AllowedAccounts)
	require.Equal(t, map[string]string{"s3": "http://127.0.0.1:5000", "ecs": "http://127.0.0.1:5001"}, file.Endpoints)
	require.Equal(t, map[string]any{
		"domain": "example.com", "protect": "true", "alerts": map[string]any{"emails": []any{"a@example.com"}},
	}, file.Values, "encrypted values are left out")

	write("Pulumi.wrong.yaml", "config:\n  aws:endpoints: http://127.0.0.1\n")
	_, err = ReadStackFile(dir, "wrong")
	require.ErrorIs(t, err, ErrSettings)
	require.ErrorContains(t, err, "must be a list of maps")
	_, err = ReadStackFile(dir, "nowhere")
	require.ErrorIs(t, err, ErrSettings)
}
