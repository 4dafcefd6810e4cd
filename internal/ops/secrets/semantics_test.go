package secrets

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

// What AWS does and moto does not: each of these is an answer of AWS, given in moto's place.

// A secret that was made a moment ago may not be found yet.
func TestANewSecretThatIsNotFoundYet(t *testing.T) {
	p := newPlace(t, "staging", nil)
	// The first look at each finds nothing, rightly; what comes after it finds nothing, too.
	p.Fail(opstest.Fault{Service: "secretsmanager", Action: "DescribeSecret", Times: 6, Status: http.StatusBadRequest, Code: "ResourceNotFoundException"})
	report := p.run(t, Request{Values: canaries})
	require.Equal(t, []Action{Created, Created, Created}, actions(report))
	for _, one := range report.Secrets {
		require.Regexp(t, "^arn:aws:secretsmanager:us-east-1:123456789012:secret:"+one.Name+"-", one.ARN)
		require.False(t, one.Tagged, "it was made with its tags")
	}
	p.Heal()
	p.Forget()
	p.run(t, Request{})
	require.Empty(t, p.Changes(), "a second run changes nothing")
}

// The description of a secret is for a moment the one of before the write. That is no other run's doing.
func TestAnOldDescriptionIsNoOtherRun(t *testing.T) {
	p := newPlace(t, "staging", nil)
	p.run(t, Request{Values: canaries})
	before, err := p.env.Primary().Secrets().DescribeSecret(context.Background(), &secretsmanager.DescribeSecretInput{SecretId: aws.String("itrack/staging/jwt_secret")})
	require.NoError(t, err)
	stale, put := 2, false
	p.Intercept(func(call opstest.Call) (opstest.Answer, bool) {
		put = put || call.Action == "PutSecretValue"
		if !put || call.Action != "DescribeSecret" || stale == 0 {
			return opstest.Answer{}, false
		}
		stale--
		text, err := json.Marshal(map[string]any{"ARN": before.ARN, "Name": before.Name, "VersionIdsToStages": before.VersionIdsToStages})
		require.NoError(t, err)
		return opstest.Answer{Body: text}, true
	})
	report := p.run(t, Request{Rotate: []string{"jwt_secret"}})
	require.Equal(t, Rotated, report.Secrets[1].Action)
	require.Zero(t, stale)
}

// A secret that was deleted before it had a value, or whose rotation had not ended.
func TestWhatARestoredSecretHas(t *testing.T) {
	p := newPlace(t, "staging", nil)
	p.run(t, Request{Values: canaries})
	ctx, client := context.Background(), p.env.Primary().Secrets()
	p.run(t, Request{Rotate: []string{"jwt_secret"}})
	both := p.value(t, "jwt_secret")
	for _, name := range []string{"jwt_secret", "api_key"} {
		id := aws.String("itrack/staging/" + name)
		if name == "api_key" {
			_, err := client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: id, ForceDeleteWithoutRecovery: aws.Bool(true)})
			require.NoError(t, err)
			_, err = client.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: id})
			require.NoError(t, err)
		}
		_, err := client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: id})
		require.NoError(t, err)
	}

	// The keys of a rotation are not dropped because they could not be read before.
	err := p.fails(t, Request{Rotate: []string{"jwt_secret"}})
	require.Equal(t, ops.Refused, ops.KindOf(err))
	require.ErrorContains(t, err, "a rotation of it is under way")
	require.Equal(t, both, p.value(t, "jwt_secret"))

	report := p.run(t, Request{Values: canaries})
	require.Equal(t, []Action{Kept, Kept, Created}, actions(report))
	require.True(t, report.Secrets[2].Restore)
	require.Equal(t, canaryAPI, p.value(t, "api_key"), "restored without a value, it gets one in the same run")
	p.Forget()
	p.run(t, Request{})
	require.Empty(t, p.Changes(), "a second run changes nothing")
}
