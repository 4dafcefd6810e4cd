package secrets

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

// Values that must not come out anywhere but in calls of Secrets Manager.
const (
	canaryDB  = "Canary-db-0123456789"
	canaryJWT = "Canary-jwt-0123456789-0123456789-abc"
	canaryAPI = "Canary-api-0123456789-0123456789-abc"
	canaryNew = "Canary-new-9876543210-9876543210-xyz"
)

var canaries = map[string]string{"db_password": canaryDB, "jwt_secret": canaryJWT, "api_key": canaryAPI}

// place is a cloud whose every word is kept.
type place struct {
	*opstest.Cloud
	env  *ops.Environment
	said strings.Builder
}

func newPlace(t *testing.T, environment string, change func(*ops.Settings)) *place {
	t.Helper()
	p := &place{Cloud: opstest.New(t)}
	p.env = p.Open(t, environment, change)
	p.env.Say = func(format string, arguments ...any) { fmt.Fprintf(&p.said, format+"\n", arguments...) }
	p.Forget()
	return p
}

func (p *place) run(t *testing.T, request Request) Report {
	t.Helper()
	report, err := Run(context.Background(), p.env, request)
	require.NoError(t, err)
	p.keepsQuiet(t, report, nil)
	return report
}

// fails runs what has to fail.
func (p *place) fails(t *testing.T, request Request) error {
	t.Helper()
	report, err := Run(context.Background(), p.env, request)
	require.Error(t, err)
	p.keepsQuiet(t, report, err)
	return err
}

// keepsQuiet looks for values in all that a run says, and in calls of every other service.
func (p *place) keepsQuiet(t *testing.T, report Report, err error) {
	t.Helper()
	text, marshalled := json.Marshal(report)
	require.NoError(t, marshalled)
	all := string(text) + fmt.Sprintf("%+v %v %#v", report, err, err) + p.said.String()
	for _, call := range p.Calls() {
		if call.Service != "secretsmanager" {
			all += string(call.Body) + fmt.Sprint(call.Request.URL, call.Request.Header)
		}
		all += fmt.Sprint(call.Request.URL, call.Request.Header)
	}
	require.NotContains(t, all, "Canary-")
	for _, kind := range Kinds {
		if value := p.value(t, kind.Name); len(value) > 8 && !strings.HasPrefix(value, "{") {
			require.NotContains(t, all, value)
		}
	}
}

func (p *place) value(t *testing.T, name string) string {
	t.Helper()
	return p.valueIn(t, p.env.Primary(), name)
}

func (p *place) valueIn(t *testing.T, at ops.Place, name string) string {
	t.Helper()
	out, err := at.Secrets().GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("itrack/" + p.env.Settings.Environment + "/" + name)})
	if ops.IsMissing(err) || ops.IsCode(err, "InvalidRequestException") {
		return ""
	}
	require.NoError(t, err)
	return *out.SecretString
}

func actions(report Report) []Action {
	var list []Action
	for _, one := range report.Secrets {
		list = append(list, one.Action)
	}
	return list
}

var replicated = func(s *ops.Settings) { s.SecretReplica = true }

func TestThreeSecretsAreMadeAndReplicated(t *testing.T) {
	p := newPlace(t, "staging", replicated)

	dry := p.run(t, Request{DryRun: true, Values: canaries})
	require.Equal(t, []Action{Created, Created, Created}, actions(dry))
	require.Equal(t, "us-west-2", dry.Secrets[0].Replica)
	require.Empty(t, p.Changes())

	report := p.run(t, Request{})
	require.Equal(t, []Action{Created, Created, Created}, actions(report))
	require.Equal(t, []string{"`itrack deploy staging`: the stack looks the three secrets up by name"}, report.Next)
	seen := map[string]bool{}
	for i, kind := range Kinds {
		value := p.value(t, kind.Name)
		require.Regexp(t, `^[A-Za-z0-9_-]+$`, value)
		require.Len(t, value, []int{44, 64, 44}[i])
		require.False(t, seen[value])
		seen[value] = true
		require.NoError(t, kind.checkValue(value))
		require.Equal(t, value, p.valueIn(t, p.env.Recovery(), kind.Name), "the replica has it")
		require.Equal(t, "us-west-2", report.Secrets[i].Replica)
		require.True(t, report.Secrets[i].ReplicaMade)
		require.Contains(t, report.Secrets[i].ARN, ":secret:itrack/staging/"+kind.Name)
		described, err := p.env.Primary().Secrets().DescribeSecret(context.Background(), &secretsmanager.DescribeSecretInput{SecretId: &report.Secrets[i].Name})
		require.NoError(t, err)
		require.Equal(t, tagList((&run{Environment: p.env}).Tags()), described.Tags)
	}

	p.Forget()
	again := p.run(t, Request{Values: map[string]string{"api_key": canaryAPI}})
	require.Equal(t, []Action{Kept, Kept, Kept}, actions(again))
	require.Empty(t, p.Changes(), "a second run changes nothing")
	require.Equal(t, []string{"API_KEY"}, again.Ignored, "a given value that was not used is said")
	for _, one := range again.Secrets {
		require.False(t, one.Changed())
	}
	for _, call := range p.Calls() {
		require.NotEqual(t, "GetSecretValue", call.Action == "GetSecretValue" && call.Service != "secretsmanager")
	}
}

func TestGivenAndAskedValuesAreTaken(t *testing.T) {
	p := newPlace(t, "staging", nil)
	var asked []string
	report := p.run(t, Request{Values: map[string]string{"db_password": canaryDB}, Ask: func(_ context.Context, kind Kind) (string, error) {
		asked = append(asked, kind.Name)
		return map[string]string{"jwt_secret": canaryJWT}[kind.Name], nil
	}})
	require.Equal(t, []Action{Created, Created, Created}, actions(report))
	require.Equal(t, []string{"jwt_secret", "api_key"}, asked)
	require.Equal(t, canaryDB, p.value(t, "db_password"))
	require.Equal(t, canaryJWT, p.value(t, "jwt_secret"))
	require.Len(t, p.value(t, "api_key"), 44, "no answer: one is made")
	require.Empty(t, report.Secrets[0].Replica)

	asked = nil
	p.run(t, Request{Rotate: []string{"api_key"}, Ask: func(_ context.Context, kind Kind) (string, error) {
		asked = append(asked, kind.Name)
		return canaryAPI, nil
	}})
	require.Equal(t, []string{"api_key"}, asked, "only what is written is asked for")
	require.Contains(t, p.value(t, "api_key"), canaryAPI)

	err := p.fails(t, Request{Rotate: []string{"jwt_secret"}, Ask: func(context.Context, Kind) (string, error) { return "Canary-short", nil }})
	require.ErrorContains(t, err, "it has 12 characters, and needs 32")
}

func TestADeletedSecretIsRestoredWithItsValue(t *testing.T) {
	p := newPlace(t, "staging", nil)
	p.run(t, Request{Values: canaries})
	client, ctx := p.env.Primary().Secrets(), context.Background()
	remove := func(name string) {
		_, err := client.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("itrack/staging/" + name), RecoveryWindowInDays: aws.Int64(30)})
		require.NoError(t, err)
	}
	remove("db_password")
	remove("api_key")
	p.Forget()
	dry := p.run(t, Request{DryRun: true, Rotate: []string{"api_key"}})
	require.Equal(t, []Action{Restored, Kept, Rotated}, actions(dry))
	require.Empty(t, p.Changes())

	report := p.run(t, Request{Values: map[string]string{"db_password": canaryNew}, Rotate: []string{"api_key"}})
	require.Equal(t, []Action{Restored, Kept, Rotated}, actions(report))
	require.True(t, report.Secrets[2].Restore)
	require.Equal(t, canaryDB, p.value(t, "db_password"), "the value it had, although another one was given")
	require.Equal(t, []string{"DB_PASSWORD"}, report.Ignored)
	keys, err := readPair("api_key", p.value(t, "api_key"))
	require.NoError(t, err)
	require.Equal(t, canaryAPI, keys.Previous)
	p.Forget()
	p.run(t, Request{})
	require.Empty(t, p.Changes())
}

// A secret that somebody made without a value gets one, and tags.
func TestAnEmptySecretGetsAValue(t *testing.T) {
	p := newPlace(t, "staging", nil)
	_, err := p.env.Primary().Secrets().CreateSecret(context.Background(), &secretsmanager.CreateSecretInput{Name: aws.String("itrack/staging/jwt_secret")})
	require.NoError(t, err)
	// moto gives such a secret a version; AWS gives it none.
	p.Handle("secretsmanager", "DescribeSecret", withoutVersions(p.Moto, "itrack/staging/jwt_secret"))
	report := p.run(t, Request{Values: canaries})
	require.Equal(t, Created, report.Secrets[1].Action)
	require.True(t, report.Secrets[1].Tagged)
	require.Equal(t, canaryJWT, p.value(t, "jwt_secret"))
}

// withoutVersions is moto's answer, without the versions of one secret.
func withoutVersions(moto, name string) opstest.Fake {
	return func(call opstest.Call) opstest.Answer {
		request, _ := http.NewRequest(http.MethodPost, moto+"/", strings.NewReader(string(call.Body)))
		request.Header = call.Request.Header
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return opstest.Answer{Status: http.StatusBadGateway}
		}
		defer answer.Body.Close()
		var body map[string]any
		if err := json.NewDecoder(answer.Body).Decode(&body); err != nil {
			return opstest.Answer{Status: http.StatusBadGateway}
		}
		if body["Name"] == name {
			delete(body, "VersionIdsToStages")
		}
		text, _ := json.Marshal(body)
		return opstest.Answer{Status: answer.StatusCode, Body: text}
	}
}

func TestReplicasAreRepaired(t *testing.T) {
	p := newPlace(t, "staging", nil)
	p.run(t, Request{Values: canaries})
	p.env.SecretReplica = true
	// A secret of that name is there already, and no replica: it stays, and the error says what is in the way.
	other := p.env.Recovery().Secrets()
	_, err := other.CreateSecret(context.Background(), &secretsmanager.CreateSecretInput{Name: aws.String("itrack/staging/jwt_secret"), SecretString: aws.String("theirs")})
	require.NoError(t, err)
	for range 2 { // the failed replication of the first run changes nothing for the second
		err = p.fails(t, Request{})
		require.Equal(t, ops.Incomplete, ops.KindOf(err))
		require.ErrorContains(t, err, "replicating the secret itrack/staging/jwt_secret to us-west-2")
		require.ErrorContains(t, err, "aws secretsmanager delete-secret --region us-west-2 --secret-id itrack/staging/jwt_secret")
		require.Equal(t, "theirs", p.valueIn(t, p.env.Recovery(), "jwt_secret"))
	}
	_, err = other.DeleteSecret(context.Background(), &secretsmanager.DeleteSecretInput{SecretId: aws.String("itrack/staging/jwt_secret"), ForceDeleteWithoutRecovery: aws.Bool(true)})
	require.NoError(t, err)
	report := p.run(t, Request{})
	require.False(t, report.Secrets[0].ReplicaMade, "the first has one since the first attempt")
	require.True(t, report.Secrets[1].ReplicaMade)
	require.True(t, report.Secrets[2].ReplicaMade)
	for name, value := range canaries {
		require.Equal(t, value, p.valueIn(t, p.env.Recovery(), name))
	}
	p.Forget()
	p.run(t, Request{})
	require.Empty(t, p.Changes())
}

// Production stands in another account, beside staging.
func TestTwoAccounts(t *testing.T) {
	p := newPlace(t, "staging", nil)
	p.run(t, Request{Values: canaries})
	env := p.Open(t, "production", replicated)
	env.Say = p.env.Say
	p.env = env
	report := p.run(t, Request{})
	require.Contains(t, report.Secrets[0].ARN, opstest.OtherAccount+":secret:itrack/production/db_password")
	require.Len(t, p.value(t, "jwt_secret"), 64)
}
