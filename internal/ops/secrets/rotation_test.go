package secrets

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
)

// The whole rotation of a key, in the form that the backend reads: key, both, key.
func TestARotationOfKeysOverlaps(t *testing.T) {
	p := newPlace(t, "staging", replicated)
	p.run(t, Request{Values: canaries})

	clock := time.Date(2026, 1, 2, 16, 4, 5, 678, time.FixedZone("", 3600))
	now := func() time.Time { return clock }
	from := time.Date(2026, 1, 2, 17, 4, 5, 0, time.UTC)

	dry := p.run(t, Request{Rotate: []string{"jwt_secret"}, DryRun: true, Now: now})
	require.Equal(t, []Action{Kept, Rotated, Kept}, actions(dry))
	require.Equal(t, canaryJWT, p.value(t, "jwt_secret"))

	require.Equal(t, &from, dry.Secrets[1].SignsFrom)

	report := p.run(t, Request{Rotate: []string{"jwt_secret", "api_key"}, Values: map[string]string{"jwt_secret": canaryNew}, Now: now})
	require.Equal(t, []Action{Kept, Rotated, Rotated}, actions(report))
	require.True(t, report.Secrets[1].Overlap)
	require.Equal(t, `{"current":"`+canaryNew+`","previous":"`+canaryJWT+`","from":"2026-01-02T17:04:05Z"}`, p.value(t, "jwt_secret"))
	require.Equal(t, &from, report.Secrets[1].SignsFrom)
	require.Nil(t, report.Secrets[2].SignsFrom, "api_key signs nothing")
	require.Equal(t, []string{
		"`itrack deploy-apps staging --restart`: the tasks take it when they start (jwt_secret, api_key); the deployment has to be over before 2026-01-02T17:04:05Z, when the new key of jwt_secret begins to sign: a task of before refuses what that key signed",
		"after that deployment, after 2026-01-02T18:04:05Z, when the last token of the old key has expired: `itrack create-secrets staging --rotate jwt_secret --finish` drops the old key, and `itrack deploy-apps staging --restart` makes that effective",
		"after that deployment, when every machine uses the new key: `itrack create-secrets staging --rotate api_key --finish` drops the old key, and `itrack deploy-apps staging --restart` makes that effective",
	}, report.Next)
	both, err := readPair("api_key", p.value(t, "api_key"))
	require.NoError(t, err)
	require.Equal(t, canaryAPI, both.Previous)
	require.Nil(t, both.From)
	require.Len(t, both.Current, 44)

	// While both are in use another rotation would drop the first: it has to be asked for.
	p.Forget()
	err = p.fails(t, Request{Rotate: []string{"db_password", "jwt_secret"}})
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "a rotation of it is under way: its new key is written, and the old one is accepted beside it, and signs until 2026-01-02T17:04:05Z")
	require.ErrorContains(t, err, "then, after 2026-01-02T18:04:05Z, `itrack create-secrets staging --rotate jwt_secret --finish`")
	require.Empty(t, p.Changes(), "the password is not rotated either")
	clock = from.Add(24 * time.Hour)
	err = p.fails(t, Request{Rotate: []string{"jwt_secret"}, Now: now})
	require.Equal(t, ops.Refused, ops.KindOf(err), "also when the new key signs already: %v", err)
	p.run(t, Request{Rotate: []string{"jwt_secret"}, DropOldest: true, Now: now})
	third, err := readPair("jwt_secret", p.value(t, "jwt_secret"))
	require.NoError(t, err)
	require.Equal(t, canaryNew, third.Previous)
	require.NotEqual(t, canaryNew, third.Current)
	require.Equal(t, clock.Add(2*time.Hour), *third.From, "the time is of the last rotation")

	p.Forget()
	clock = third.From.Add(time.Hour) // as long as a token lives
	finished := p.run(t, Request{Finish: []string{"jwt_secret"}, Now: now})
	require.Nil(t, finished.Secrets[1].CutOff)
	require.Equal(t, []Action{Kept, Finished, Kept}, actions(finished))
	require.Equal(t, third.Current, p.value(t, "jwt_secret"), "the key alone, and no object")
	require.Equal(t, []string{"secretsmanager PutSecretValue"}, p.Changes())
	require.Equal(t, []string{"`itrack deploy-apps staging --restart`: the tasks take it when they start (jwt_secret)"}, finished.Next)
	p.Forget()
	require.Equal(t, []Action{Kept, Kept, Kept}, actions(p.run(t, Request{Finish: []string{"jwt_secret"}})), "it is over already")
	require.Empty(t, p.Changes())
}

// After a leak nobody waits: the old key is dropped before its tokens have expired, and the report says whom that concerns.
func TestFinishedBeforeTheTokensHaveExpired(t *testing.T) {
	p := newPlace(t, "staging", nil)
	start := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	valid := start.Add(3 * time.Hour)
	for at, early := range map[time.Duration]bool{0: true, 2 * time.Hour: true, 3*time.Hour - time.Second: true, 3 * time.Hour: false, 72 * time.Hour: false} {
		p.run(t, Request{})
		p.run(t, Request{Rotate: []string{"jwt_secret", "api_key"}, Now: func() time.Time { return start }})
		keys, err := readPair("", p.value(t, "jwt_secret"))
		require.NoError(t, err)
		finish := Request{Finish: []string{"jwt_secret", "api_key"}, Now: func() time.Time { return start.Add(at) }, DryRun: true}
		dry := p.run(t, finish)
		finish.DryRun = false
		report := p.run(t, finish)
		require.Equal(t, []Action{Kept, Finished, Finished}, actions(report))
		require.Equal(t, keys.Current, p.value(t, "jwt_secret"), "the key alone, whatever from says")
		require.Equal(t, dry.Secrets[1].CutOff, report.Secrets[1].CutOff)
		require.Nil(t, report.Secrets[1].SignsFrom)
		require.Nil(t, report.Secrets[2].CutOff)
		wanted := "`itrack deploy-apps staging --restart`: the tasks take it when they start (jwt_secret, api_key)"
		if early {
			require.Equal(t, &valid, report.Secrets[1].CutOff, at)
			wanted += "; people whose token is of the old key of jwt_secret, whose last token is valid until 2026-01-02T18:04:05Z, sign in again, perhaps more than once before the deployment is over"
		} else {
			require.Nil(t, report.Secrets[1].CutOff, at)
		}
		require.Equal(t, []string{wanted}, report.Next)
	}
}

// The time stands at the deployment also where that is the one of the password.
func TestThePasswordAndASigningKeyAtOnce(t *testing.T) {
	p := newPlace(t, "staging", nil)
	p.run(t, Request{Values: canaries})
	both := Request{Rotate: []string{"db_password", "jwt_secret"}, Now: func() time.Time { return time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC) }}
	report := p.run(t, both)
	require.Len(t, report.Next, 2)
	require.Regexp(t, "^`itrack deploy-apps staging --restart` at once: .*; the deployment has to be over before 2026-01-02T17:04:05Z, ", report.Next[0])
	p.env.Migrates = nil
	both.DropOldest = true
	report = p.run(t, both)
	require.Len(t, report.Next, 3)
	require.NotContains(t, report.Next[0], "2026-")
	require.Regexp(t, "^`itrack deploy-apps staging --restart`: .*; the deployment has to be over before 2026-01-02T17:04:05Z, ", report.Next[1])
}

// A key that the backend refuses has signed nothing, and would be refused as the previous one, too.
func TestAKeyThatIsTooShortIsNotKept(t *testing.T) {
	p := newPlace(t, "staging", nil)
	_, err := p.env.Primary().Secrets().CreateSecret(context.Background(), &secretsmanager.CreateSecretInput{Name: aws.String("itrack/staging/jwt_secret"), SecretString: aws.String("Canary-by-hand")})
	require.NoError(t, err)
	report := p.run(t, Request{Rotate: []string{"jwt_secret"}, Values: canaries})
	require.Equal(t, canaryJWT, p.value(t, "jwt_secret"))
	require.Equal(t, Rotated, report.Secrets[1].Action)
	require.False(t, report.Secrets[1].Overlap)
	require.Nil(t, report.Secrets[1].SignsFrom)
	require.Equal(t, []string{"`itrack deploy-apps staging --restart`: the tasks take it when they start (jwt_secret)"}, report.Next)
}

// What is written can be read by the backend: its rules are repeated here, as its package is the application's own.
func TestTheFormIsTheBackends(t *testing.T) {
	from := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	text, err := pair{Current: canaryNew, Previous: canaryJWT, From: &from}.text()
	require.NoError(t, err)
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var both struct {
		Current, Previous string
		From              *time.Time
	}
	require.NoError(t, decoder.Decode(&both))
	require.Equal(t, &from, both.From)
	require.Equal(t, canaryNew, both.Current)
	require.Equal(t, canaryJWT, both.Previous)
	again, err := readPair("jwt_secret", text)
	require.NoError(t, err)
	require.Equal(t, pair{Current: canaryNew, Previous: canaryJWT, From: &from}, again)
	zoned, err := readPair("jwt_secret", ` {"current":"a","previous":"b","from":"2026-01-02T16:04:05+01:00"} `)
	require.NoError(t, err)
	require.True(t, from.Equal(*zoned.From))
	expired, known := zoned.expired(Kinds[1])
	require.True(t, known)
	require.Equal(t, from.Add(time.Hour), expired, "in UTC")
	for broken, wanted := range map[string]string{
		`{"current":"Canary-`: "is not the object",
		`{}`:                  "is not the object",
		`{"key":"Canary-1"}`:  "is not the object",
		`{"current":"Canary-1","previous":"Canary-2","until":"2026-01-02T15:04:05Z"}`: "is not the object",
		`{"current":"Canary-1","previous":"Canary-2","from":"Canary-3"}`:              "is not the object",
		`{"current":"Canary-1","previous":"Canary-2","from":1767366245}`:              "is not the object",
		`{"current":"Canary-1","previous":"Canary-2"}{"current":"Canary-3"}`:          "something after its JSON object",
		`{"current":"Canary-1","previous":"Canary-2"} Canary-3`:                       "something after its JSON object",
		`{"current":"Canary-1","from":"2026-01-02T15:04:05Z"}`:                        "a from and no previous key",
		`{"current":"Canary-1","previous":"Canary-1"}`:                                "the same key as current and previous",
	} {
		_, err := readPair("jwt_secret", broken)
		require.ErrorContains(t, err, wanted, broken)
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
