package secrets

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
)

// The whole rotation of a key, in the form that the backend reads: key, both, key.
func TestARotationOfKeysOverlaps(t *testing.T) {
	p := newPlace(t, "staging", replicated)
	p.run(t, Request{Values: canaries})

	dry := p.run(t, Request{Rotate: []string{"jwt_secret"}, DryRun: true})
	require.Equal(t, []Action{Kept, Rotated, Kept}, actions(dry))
	require.Equal(t, canaryJWT, p.value(t, "jwt_secret"))

	report := p.run(t, Request{Rotate: []string{"jwt_secret", "api_key"}, Values: map[string]string{"jwt_secret": canaryNew}})
	require.Equal(t, []Action{Kept, Rotated, Rotated}, actions(report))
	require.True(t, report.Secrets[1].Overlap)
	require.JSONEq(t, `{"current":"`+canaryNew+`","previous":"`+canaryJWT+`"}`, p.value(t, "jwt_secret"))
	require.Equal(t, []string{
		"`itrack deploy-apps staging --restart`: the tasks take it when they start (jwt_secret, api_key)",
		"after that deployment, an hour after it, when the last token of the old key has expired: `itrack create-secrets staging --rotate jwt_secret --finish` drops the old key, and `itrack deploy-apps staging --restart` makes that effective",
		"after that deployment, when every machine uses the new key: `itrack create-secrets staging --rotate api_key --finish` drops the old key, and `itrack deploy-apps staging --restart` makes that effective",
	}, report.Next)
	both, err := readPair("api_key", p.value(t, "api_key"))
	require.NoError(t, err)
	require.Equal(t, canaryAPI, both.Previous)
	require.Len(t, both.Current, 44)

	// While both are in use another rotation would drop the first: it has to be asked for.
	p.Forget()
	err = p.fails(t, Request{Rotate: []string{"db_password", "jwt_secret"}})
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "a rotation of it is under way")
	require.Empty(t, p.Changes(), "the password is not rotated either")
	p.run(t, Request{Rotate: []string{"jwt_secret"}, DropOldest: true})
	third, err := readPair("jwt_secret", p.value(t, "jwt_secret"))
	require.NoError(t, err)
	require.Equal(t, canaryNew, third.Previous)
	require.NotEqual(t, canaryNew, third.Current)

	p.Forget()
	finished := p.run(t, Request{Finish: []string{"jwt_secret"}})
	require.Equal(t, []Action{Kept, Finished, Kept}, actions(finished))
	require.Equal(t, third.Current, p.value(t, "jwt_secret"), "the key alone, and no object")
	require.Equal(t, []string{"secretsmanager PutSecretValue"}, p.Changes())
	require.Equal(t, []string{"`itrack deploy-apps staging --restart`: the tasks take it when they start (jwt_secret)"}, finished.Next)
	p.Forget()
	require.Equal(t, []Action{Kept, Kept, Kept}, actions(p.run(t, Request{Finish: []string{"jwt_secret"}})), "it is over already")
	require.Empty(t, p.Changes())
}

// What is written can be read by the backend: its rules are repeated here, as its package is the application's own.
func TestTheFormIsTheBackends(t *testing.T) {
	text, err := pair{Current: canaryNew, Previous: canaryJWT}.text()
	require.NoError(t, err)
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var both struct{ Current, Previous string }
	require.NoError(t, decoder.Decode(&both))
	require.Equal(t, canaryNew, both.Current)
	require.Equal(t, canaryJWT, both.Previous)
	for _, broken := range []string{`{"current":"Canary-`, `{}`, `{"key":"Canary-1"}`} {
		_, err := readPair("jwt_secret", broken)
		require.ErrorContains(t, err, "is not the object")
		require.NotContains(t, err.Error(), "Canary-")
	}
}

func TestARotationOfThePassword(t *testing.T) {
	p := newPlace(t, "staging", nil)
	p.run(t, Request{Values: canaries})
	report := p.run(t, Request{Rotate: []string{"db_password"}, Values: map[string]string{"db_password": canaryNew}})
	require.Equal(t, canaryNew, p.value(t, "db_password"), "one value: MySQL keeps the old one beside it, not the secret")
	require.Len(t, report.Next, 1)
	require.Contains(t, report.Next[0], "`itrack deploy-apps staging --restart` at once: its migration gives the MySQL user the new password")
	described, err := p.env.Primary().Secrets().DescribeSecret(context.Background(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("itrack/staging/db_password")})
	require.NoError(t, err)
	require.NotEmpty(t, version(described, "AWSPREVIOUS"), "the old one can be gone back to")

	require.ErrorContains(t, p.fails(t, Request{Rotate: []string{"db_password"}, Values: map[string]string{"db_password": canaryNew}}), "is one that the secret has")
	p.Forget()
	p.run(t, Request{Rotate: []string{"db_password"}})
	for _, call := range p.Calls()[:len(p.Calls())-3] {
		require.NotEqual(t, "GetSecretValue", call.Action, "without a given value the old one is not read")
	}

	p.env.Migrates = nil
	report = p.run(t, Request{Rotate: []string{"db_password"}})
	require.Contains(t, report.Next[0], "no service has a migrateCommand")
	require.Contains(t, report.Next[1], "`itrack deploy-apps staging --restart`: the tasks take it")
}
