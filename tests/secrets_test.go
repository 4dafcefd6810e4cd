package tests

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/infra"
)

// secretMocks are the harness's mocks with a record of the look-ups, and without the secrets named in missing.
type secretMocks struct {
	mocks
	asked   *[]pulumi.MockCallArgs
	missing string
}

func (m secretMocks) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if strings.HasPrefix(args.Token, "aws:secretsmanager/") {
		m.mutex.Lock()
		*m.asked = append(*m.asked, args)
		m.mutex.Unlock()
		if m.missing != "" && strings.HasSuffix(args.Args["name"].StringValue(), m.missing) {
			return nil, assert.AnError
		}
	}
	return m.mocks.Call(args)
}

func lookUp(t *testing.T, missing string) (*recording, []pulumi.MockCallArgs) {
	t.Helper()
	into, asked := &recording{}, &[]pulumi.MockCallArgs{}
	into.Err = pulumi.RunErr(func(ctx *pulumi.Context) error {
		place, err := infra.NewPlacement(ctx, &infra.Settings{
			Environment: "staging", Region: "us-east-1", Recovery: infra.RecoverySettings{Region: "us-west-2"},
		})
		if err != nil {
			return err
		}
		made, err := infra.NewSecrets(ctx, "secrets", &infra.SecretsArgs{Placement: place}, pulumi.Providers(place.Primary.Provider))
		if err != nil {
			return err
		}
		assert.Len(t, made.Arns, 3)
		for _, short := range []string{"db_password", "jwt_secret", "api_key"} {
			assert.Equal(t, "arn:aws:secretsmanager:us-east-1:"+mockAccount+":secret:itrack/staging/"+short+"-AbCdEf", made.Arns[short])
		}
		return nil
	}, pulumi.WithMocks("itrack", "staging", secretMocks{mocks{into}, asked, missing}))
	return into, *asked
}

// Secrets are looked up by name with the primary provider, and never by version: that would put the value into state.
func TestSecretsAreLookedUpByNameOnly(t *testing.T) {
	result, asked := lookUp(t, "")
	require.NoError(t, result.Err)
	require.Len(t, asked, 3)
	var names []string
	for _, call := range asked {
		assert.Equal(t, "aws:secretsmanager/getSecret:getSecret", call.Token, "a version holds the value")
		assert.Contains(t, call.Provider, "::primary::")
		names = append(names, call.Args["name"].StringValue())
	}
	assert.ElementsMatch(t, []string{"itrack/staging/db_password", "itrack/staging/jwt_secret", "itrack/staging/api_key"}, names)
	for _, made := range result.Resources {
		assert.NotContains(t, made.Type, "secretsmanager", "the stack makes no secret: a value would stand in its state")
	}
}

func TestAMissingSecretNamesTheCommandThatMakesIt(t *testing.T) {
	for _, missing := range infra.SecretNames {
		result, _ := lookUp(t, missing)
		require.Error(t, result.Err)
		for _, part := range []string{"itrack/staging/" + missing, "us-east-1", "make create-secrets ENVIRONMENT=staging", "README.md"} {
			assert.ErrorContains(t, result.Err, part)
		}
	}
}
