package review_test

import (
	"encoding/json"
	"testing"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/stacktest"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
	"github.com/stretchr/testify/require"
)

func TestLoad(t *testing.T) {
	raw := apitype.UntypedDeployment{Version: 3, Deployment: json.RawMessage(`{"resources":[
		{"urn":"urn:pulumi:production::itrack::pulumi:pulumi:Stack::itrack-production","type":"pulumi:pulumi:Stack","outputs":{"url":"https://x"}},
		{"urn":"urn:pulumi:production::itrack::pulumi:providers:aws::p","type":"pulumi:providers:aws","custom":true,"id":"1","inputs":{"region":"eu-west-1"}},
		{"urn":"urn:pulumi:production::itrack::itrack:infra:Rds::rds","type":"itrack:infra:Rds","parent":"urn:pulumi:production::itrack::pulumi:pulumi:Stack::itrack-production"},
		{"urn":"urn:pulumi:production::itrack::itrack:infra:Rds$aws:rds/instance:Instance::db","type":"aws:rds/instance:Instance","custom":true,"id":"db-1","protect":true,
			"parent":"urn:pulumi:production::itrack::itrack:infra:Rds::rds","provider":"urn:pulumi:production::itrack::pulumi:providers:aws::p::1",
			"inputs":{"__defaults":[],"port":3306,"password":{"` + sig.Key + `":"` + sig.Secret + `","ciphertext":"x"},"engine":"mysql"},"outputs":{"engine":"mysql8","arn":"arn:db"}},
		{"urn":"urn:pulumi:production::itrack::aws:rds/instance:Instance::old","type":"aws:rds/instance:Instance","custom":true,"id":"db-0","delete":true},
		{"urn":"urn:pulumi:production::itrack::aws:rds/instance:Instance::read","type":"aws:rds/instance:Instance","custom":true,"id":"db-2","external":true}]}`)}
	m, err := review.Load(raw)
	require.NoError(t, err)
	require.Equal(t, "production", m.Stack)
	require.Equal(t, map[string]any{"url": "https://x"}, m.Outputs)
	require.Len(t, m.Resources, 1, "what is being deleted or only read is not the stack's")
	db := m.Resources[0]
	require.Equal(t, "aws:rds/instance:Instance::db", db.Label())
	require.Equal(t, "eu-west-1", db.Region)
	require.Equal(t, "itrack:infra:Rds", db.Component)
	require.True(t, db.Protected)
	require.Equal(t, review.Secret, db.Str("password"))
	require.Equal(t, "mysql8", db.Str("engine"), "outputs over inputs")
	require.Equal(t, "3306", db.Str("port"))
	require.NotContains(t, db.Props, "__defaults")

	_, err = review.Load(apitype.UntypedDeployment{Version: 2})
	require.ErrorContains(t, err, "its version is 2")
	_, err = review.Load(apitype.UntypedDeployment{Version: 3, Deployment: json.RawMessage(`{"resources":[]}`)})
	require.ErrorContains(t, err, "no resources")
}

func TestJoins(t *testing.T) {
	const vault, lock = "aws:backup/vault:Vault", "aws:backup/vaultPolicy:VaultPolicy"
	m := stacktest.Model(t, "production",
		stacktest.R{Type: vault, Name: "here", ID: "backups", Props: stacktest.P{"name": "backups", "arn": "arn:aws:backup:us-east-1:1:backup-vault:backups"}},
		stacktest.R{Type: vault, Name: "there", ID: "backups", Region: "us-west-2", Props: stacktest.P{"name": "backups",
			"arn": "arn:aws:backup:us-west-2:1:backup-vault:backups"}},
		stacktest.R{Type: lock, Name: "there", Region: "us-west-2", Props: stacktest.P{"backupVaultName": "backups"}},
		stacktest.R{Type: lock, Name: "here", Props: stacktest.P{"backupVaultName": "backups"}},
	)
	here, there := m.All(vault)[0], m.All(vault)[1]
	require.Same(t, here, m.Find(vault, "backups"))
	require.Same(t, there, m.Find(vault, "arn:aws:backup:us-west-2:1:backup-vault:backups"))
	require.Nil(t, m.Find(lock, "backups"))
	require.Same(t, there, m.FindFrom(m.All(lock)[0], vault, "backups"), "one name in two regions: that of the region")
	require.Same(t, here, m.FindFrom(m.All(lock)[0], vault, "arn:aws:backup:us-east-1:1:backup-vault:backups"), "an ARN says its region")
	require.Equal(t, []*review.Resource{m.All(lock)[0]}, m.Referring(lock, "backupVaultName", there))
	require.Equal(t, []*review.Resource{m.All(lock)[1]}, m.Referring(lock, "backupVaultName", here))
}

func TestPaths(t *testing.T) {
	m := stacktest.Model(t, "staging", stacktest.R{Type: queue, Name: "q", Props: stacktest.P{
		"rules": stacktest.L{stacktest.P{"port": 1, "to": stacktest.L{"a", "b"}}, stacktest.P{"port": 2, "on": true}}, "text": `{"k":["v"]}`,
	}})
	q := m.Resources[0]
	require.Equal(t, []string{"a", "b"}, q.Strs("rules.to"))
	require.EqualValues(t, 1, q.Num("rules.port"))
	require.True(t, q.Bool("rules.on"))
	require.False(t, q.Has("rules.off"))
	require.Empty(t, q.At("text.deeper"))
	require.Equal(t, "2", q.Maps("rules")[1].Str("port"))
	var document struct{ K []string }
	require.True(t, q.JSON("text", &document))
	require.Equal(t, []string{"v"}, document.K)
	require.False(t, q.JSON("missing", &document))
}
