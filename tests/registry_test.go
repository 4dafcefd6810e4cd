package tests

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRegistry(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		protect := stack == "production"
		repository := result.one(t, "aws:ecr/repository:Repository", "backend")
		assert.Equal(t, "itrack-backend-"+stack, repository.str(t, "name"))
		assert.Equal(t, "IMMUTABLE", repository.str(t, "imageTagMutability"))
		assert.True(t, repository.flag(t, "imageScanningConfiguration.scanOnPush"))
		assert.Equal(t, "KMS", repository.str(t, "encryptionConfigurations[0].encryptionType"))
		assert.Contains(t, repository.str(t, "encryptionConfigurations[0].kmsKey"), ":data")
		assert.Equal(t, protect, repository.Protect)
		assert.Equal(t, !protect, repository.flag(t, "forceDelete"))
	}
}

// ECR refuses a policy whose rule for any image has not the highest number.
func TestRegistryLifecycle(t *testing.T) {
	policy := recorded(t, "production").one(t, "aws:ecr/lifecyclePolicy:LifecyclePolicy", "backend")
	assert.Equal(t, "itrack-backend-production", policy.str(t, "repository"))
	var document struct {
		Rules []struct {
			RulePriority int
			Selection    struct {
				TagStatus, CountType, CountUnit string
				CountNumber                     int
			}
			Action struct{ Type string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(policy.str(t, "policy")), &document))
	require.Len(t, document.Rules, 2)
	untagged, kept := document.Rules[0], document.Rules[1]
	assert.Equal(t, "untagged", untagged.Selection.TagStatus)
	assert.Equal(t, 7, untagged.Selection.CountNumber)
	assert.Equal(t, "days", untagged.Selection.CountUnit)
	assert.Equal(t, "any", kept.Selection.TagStatus)
	assert.Equal(t, "imageCountMoreThan", kept.Selection.CountType)
	assert.Equal(t, 200, kept.Selection.CountNumber)
	assert.Greater(t, kept.RulePriority, untagged.RulePriority)
	for _, rule := range document.Rules {
		assert.Equal(t, "expire", rule.Action.Type)
	}
}
