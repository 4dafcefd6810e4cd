package secrets

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

// Killed after any call that changes something: the next run completes it, and makes no value anew.
func TestAKilledRunIsCompleted(t *testing.T) {
	p := newPlace(t, "staging", replicated)
	report, err := Run(context.Background(), p.env, Request{Values: canaries})
	require.NoError(t, err)
	calls := p.Calls()
	p.keepsQuiet(t, report, nil)
	changing, changes := regexp.MustCompile("^(Create|Put|Tag|Replicate)"), 0
	for n, call := range calls {
		if !changing.MatchString(call.Action) {
			continue
		}
		changes++
		answer, err := http.Post(p.Moto+"/moto-api/reset", "", nil)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		p.Fail(opstest.Fault{After: n + 1, Status: http.StatusInternalServerError, Code: "InternalServiceError"})
		_, err = Run(context.Background(), p.env, Request{Values: canaries})
		require.Error(t, err, call.String())
		p.Heal()
		p.run(t, Request{Values: canaries})
		for name, value := range canaries {
			require.Equal(t, value, p.value(t, name))
			require.Equal(t, value, p.valueIn(t, p.env.Recovery(), name))
		}
		p.Forget()
		p.run(t, Request{})
		require.Empty(t, p.Changes())
	}
	require.Equal(t, 6, changes)
}

func TestLostAnswersAndThrottling(t *testing.T) {
	p := newPlace(t, "staging", replicated)
	for _, action := range []string{"CreateSecret", "ReplicateSecretToRegions"} {
		p.Fail(opstest.Fault{Service: "secretsmanager", Action: action, Times: 1, Lost: true})
	}
	p.Fail(opstest.Fault{Service: "secretsmanager", Action: "DescribeSecret", Times: 2, Status: 400, Code: "ThrottlingException"})
	report := p.run(t, Request{Values: canaries})
	require.Equal(t, []Action{Created, Created, Created}, actions(report))
	p.Fail(opstest.Fault{Service: "secretsmanager", Action: "PutSecretValue", Times: 1, Lost: true})
	report = p.run(t, Request{Rotate: []string{"jwt_secret"}})
	require.Equal(t, Rotated, report.Secrets[1].Action)
	keys, err := readPair("", p.value(t, "jwt_secret"))
	require.NoError(t, err)
	require.Equal(t, canaryJWT, keys.Previous, "rotated once, and not twice")
}

// Another run makes the same secret between our look and our call: its value stays.
func TestAnotherRunIsQuicker(t *testing.T) {
	p := newPlace(t, "staging", nil)
	client := p.env.Primary().Secrets()
	p.Handle("secretsmanager", "CreateSecret", func(opstest.Call) opstest.Answer {
		p.Handle("secretsmanager", "CreateSecret", nil)
		_, err := client.CreateSecret(context.Background(), &secretsmanager.CreateSecretInput{Name: aws.String("itrack/staging/db_password"), SecretString: aws.String(canaryNew)})
		assert.NoError(t, err)
		return opstest.Answer{Code: "ResourceExistsException"}
	})
	report := p.run(t, Request{Values: canaries})
	require.Equal(t, Kept, report.Secrets[0].Action)
	require.Equal(t, []string{"DB_PASSWORD"}, report.Ignored)
	require.Equal(t, canaryNew, p.value(t, "db_password"))

	// The same with a rotation: a key of the other run would be lost.
	p.Handle("secretsmanager", "PutSecretValue", func(call opstest.Call) opstest.Answer {
		p.Handle("secretsmanager", "PutSecretValue", nil)
		_, err := client.PutSecretValue(context.Background(), &secretsmanager.PutSecretValueInput{SecretId: aws.String("itrack/staging/jwt_secret"), SecretString: aws.String(canaryNew)})
		assert.NoError(t, err)
		var body secretsmanager.PutSecretValueInput
		assert.NoError(t, json.Unmarshal(call.Body, &body))
		_, err = client.PutSecretValue(context.Background(), &body)
		assert.NoError(t, err)
		return opstest.Answer{Body: []byte(`{}`)}
	})
	err := p.fails(t, Request{Rotate: []string{"jwt_secret"}})
	require.ErrorContains(t, err, "another run wrote it at the same time")
}

func TestErrorsSayWhatToDo(t *testing.T) {
	for action, wanted := range map[string]string{
		"DescribeSecret": "looking for the secret itrack/staging/db_password", "CreateSecret": "making the secret itrack/staging/db_password",
		"ReplicateSecretToRegions": "replicating the secret itrack/staging/db_password to us-west-2",
	} {
		t.Run(action, func(t *testing.T) {
			p := newPlace(t, "staging", replicated)
			p.Fail(opstest.Fault{Service: "secretsmanager", Action: action, Status: 400, Code: "AccessDeniedException"})
			err := p.fails(t, Request{Values: canaries})
			require.ErrorContains(t, err, wanted+": AccessDeniedException")
			require.ErrorContains(t, err, "lacks this right")
			p.Heal()
			p.Fail(opstest.Fault{Service: "secretsmanager", Action: action, Status: 500, Code: "InternalServiceError"})
			require.ErrorContains(t, p.fails(t, Request{Values: canaries}), "also after several attempts")
			p.Heal()
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_, err = Run(ctx, p.env, Request{})
			require.ErrorIs(t, err, context.Canceled)
		})
	}
	p := newPlace(t, "staging", nil)
	p.run(t, Request{Values: canaries})
	for action, wanted := range map[string]string{"GetSecretValue": "reading the secret itrack/staging/jwt_secret", "PutSecretValue": "writing the secret itrack/staging/jwt_secret"} {
		p.Heal()
		p.Fail(opstest.Fault{Service: "secretsmanager", Action: action, Status: 400, Code: "AccessDeniedException"})
		_, err := Run(context.Background(), p.env, Request{Rotate: []string{"jwt_secret"}})
		require.ErrorContains(t, err, wanted)
		require.NotContains(t, err.Error(), "Canary-")
	}
}

func TestWeakValuesAreRefused(t *testing.T) {
	p := newPlace(t, "staging", nil)
	for name, c := range map[string]struct {
		values map[string]string
		wanted string
	}{
		"too short":    {map[string]string{"db_password": "Canary-1"}, "taking the value of DB_PASSWORD: it has 8 characters, and needs 16"},
		"short key":    {map[string]string{"jwt_secret": "Canary-0123456789-0123456789"}, "needs 32"},
		"short api":    {map[string]string{"api_key": "Canary-0123456789"}, "needs 24"},
		"empty":        {map[string]string{"api_key": ""}, "it has 0 characters"},
		"line break":   {map[string]string{"db_password": canaryDB + "\n"}, "ends with a line break"},
		"space":        {map[string]string{"db_password": "Canary 0123456789 abc"}, "printable ASCII"},
		"not ASCII":    {map[string]string{"db_password": "Canary-0123456789-ä"}, "printable ASCII"},
		"control":      {map[string]string{"db_password": "Canary-0123456789\x00abc"}, "printable ASCII"},
		"guessable":    {map[string]string{"db_password": "aaaaaaaaaaaaaaaaaaaaaaaa"}, "fewer than 8 different"},
		"too long":     {map[string]string{"db_password": strings.Repeat(canaryDB, 60)}, "more than 1024"},
		"a brace":      {map[string]string{"jwt_secret": "{" + canaryJWT}, "begins with a brace"},
		"two the same": {map[string]string{"jwt_secret": canaryJWT, "api_key": canaryJWT}, "JWT_SECRET and API_KEY: they are the same"},
	} {
		err := p.fails(t, Request{Values: c.values})
		require.ErrorContains(t, err, c.wanted, name)
		require.Equal(t, ops.Usage, ops.KindOf(err), name)
	}
	for wanted, request := range map[string]Request{
		"there is no such secret":     {Rotate: []string{"password"}},
		"one value at a time":         {Finish: []string{"db_password"}},
		"it is to be rotated as well": {Rotate: []string{"api_key"}, Finish: []string{"api_key"}},
	} {
		require.ErrorContains(t, p.fails(t, request), wanted)
	}
	for _, call := range p.Calls() {
		require.Equal(t, "GetSecretValue", call.Action, "nothing is asked of AWS but by the test itself")
	}
}

func TestReplicaStatus(t *testing.T) {
	all := []types.ReplicationStatusType{{Region: aws.String("a"), Status: types.StatusTypeInProgress}, {Region: aws.String("b"), Status: types.StatusTypeFailed, StatusMessage: aws.String("why")}}
	status, why := replica(all, "b")
	assert.Equal(t, types.StatusTypeFailed, status)
	assert.Equal(t, "why", why)
	status, _ = replica(all, "c")
	assert.Empty(t, status)
	assert.Regexp(t, regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`), newToken())
}
