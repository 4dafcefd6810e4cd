package tests

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestKeys(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		protect := stack == "production"
		window := map[string]float64{"staging": 7, "production": 30}[stack]
		for _, name := range []string{"data", "logs"} {
			key := result.one(t, "aws:kms/key:Key", name)
			assert.True(t, key.flag(t, "multiRegion"))
			assert.True(t, key.flag(t, "enableKeyRotation"))
			assert.InDelta(t, window, key.num(t, "deletionWindowInDays"), 0)
			assert.Equal(t, protect, key.Protect)
			replica := result.one(t, "aws:kms/replicaKey:ReplicaKey", name+"-us-west-2")
			assert.Contains(t, replica.Provider, "::recovery::")
			assert.Equal(t, protect, replica.Protect)
			assert.Equal(t, "alias/itrack-"+name+"-"+stack, result.one(t, "aws:kms/alias:Alias", name).str(t, "name"))
			assert.Contains(t, result.one(t, "aws:kms/alias:Alias", name+"-us-west-2").Provider, "::recovery::")
		}
		signing := result.one(t, "aws:kms/key:Key", "signing")
		assert.Equal(t, "ECC_NIST_P256", signing.str(t, "customerMasterKeySpec"))
		assert.Equal(t, "SIGN_VERIFY", signing.str(t, "keyUsage"))
		assert.False(t, signing.has("enableKeyRotation"), "KMS has no automatic rotation for asymmetric keys")
	}
}

// In the edge region of its own every key has a replica there too: CloudFront's logs are encrypted there.
func TestKeysInEveryRegionInUse(t *testing.T) {
	result := recordedWith(t, "production", map[string]any{"aws:region": "eu-west-1"})
	assert.ElementsMatch(t, []string{"data-us-east-1", "data-us-west-2", "logs-us-east-1", "logs-us-west-2"}, result.names("aws:kms/replicaKey:ReplicaKey"))
}

// A key policy names services and conditions, never a role of ours; what is open to "*" is narrowed to the account.
func TestKeyPolicies(t *testing.T) {
	result := recorded(t, "production")
	for _, token := range []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"} {
		for _, key := range result.all(token) {
			for _, raw := range key.document(t, "policy")["Statement"].([]any) {
				statement := raw.(map[string]any)
				text, _ := json.Marshal(statement["Principal"])
				assert.NotContains(t, string(text), ":role/")
				if string(text) == `{"AWS":"*"}` {
					condition, _ := json.Marshal(statement["Condition"])
					assert.Contains(t, string(condition), `"kms:CallerAccount":"123456789012"`)
					assert.Contains(t, string(condition), "kms:ViaService")
				}
				if principal, ok := statement["Principal"].(map[string]any); ok && principal["Service"] != nil {
					assert.NotEmpty(t, statement["Condition"], "%s: %v", key.Name, statement["Sid"])
				}
			}
		}
	}
	west := result.one(t, "aws:kms/replicaKey:ReplicaKey", "logs-us-west-2").str(t, "policy")
	assert.Contains(t, west, "logs.us-west-2.amazonaws.com")
	assert.NotContains(t, west, "logs.us-east-1.amazonaws.com")
}
