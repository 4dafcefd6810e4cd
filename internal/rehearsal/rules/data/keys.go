package data

import (
	"regexp"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func keys() []rule.Rule {
	signing := key + "::signing"
	const arn = "arn:aws:kms:us-east-1:111122223333:key/mrk-1"
	primary := func(many bool) []rule.Thing {
		return []rule.Thing{{Type: key, ID: "mrk-1", ARN: arn, State: map[string]any{"multiRegion": many}}}
	}
	return []rule.Rule{{
		ID: "data-key-deletion-window", Types: []string{key, replicaKey}, Code: "ValidationException", Page: kmsAPI + "API_ScheduleKeyDeletion.html",
		Says:     "A key waits 7 to 30 days for its deletion.",
		Fix:      "Set deletionWindowInDays to 7 to 30 days.",
		Foreseen: true, Check: within("deletionWindowInDays", 7, 30, "PendingWindowInDays must be between 7 and 30"),
		Pass: rule.Case{Inputs: map[string]any{"deletionWindowInDays": 7}},
		Fail: rule.Case{Inputs: map[string]any{"deletionWindowInDays": 3}},
		Seed: rule.Seed{Stack: "staging", At: replicaKey + "::data-us-west-2", Set: map[string]any{"deletionWindowInDays": 90}},
	}, {
		ID: "data-key-usage", Types: []string{key}, Code: "ValidationException", Page: kmsAPI + "API_CreateKey.html",
		Says:     "A key's usage is one that its spec has: symmetric keys encrypt, HMAC keys authenticate, elliptic curves sign.",
		Fix:      "Choose keyUsage and customerMasterKeySpec that go together: SIGN_VERIFY with ECC_NIST_P256, ENCRYPT_DECRYPT with SYMMETRIC_DEFAULT.",
		Foreseen: true, Check: keyUsage,
		Pass: rule.Case{Inputs: map[string]any{"customerMasterKeySpec": "ECC_NIST_P256", "keyUsage": "SIGN_VERIFY"}},
		Fail: rule.Case{Inputs: map[string]any{"customerMasterKeySpec": "ECC_NIST_P256", "keyUsage": "ENCRYPT_DECRYPT"}},
		Seed: rule.Seed{Stack: "staging", At: signing, Set: map[string]any{"customerMasterKeySpec": "SYMMETRIC_DEFAULT"}},
	}, {
		ID: "data-key-rotation", Types: []string{key}, Code: "UnsupportedOperationException", Page: kmsAPI + "API_EnableKeyRotation.html",
		Says:     "Only symmetric encryption keys are rotated by KMS.",
		Fix:      "Leave enableKeyRotation out for asymmetric and HMAC keys.",
		Foreseen: true, Check: keyRotation,
		Pass: rule.Case{Inputs: map[string]any{"customerMasterKeySpec": "SYMMETRIC_DEFAULT", "enableKeyRotation": true}},
		Fail: rule.Case{Inputs: map[string]any{"customerMasterKeySpec": "RSA_2048", "enableKeyRotation": true}},
		Seed: rule.Seed{Stack: "production", At: signing, Set: map[string]any{"enableKeyRotation": true}},
	}, {
		ID: "data-key-rotation-period", Types: []string{key}, Code: "ValidationException", Page: kmsAPI + "API_EnableKeyRotation.html",
		Says:     "A key is rotated every 90 to 2560 days.",
		Fix:      "Set rotationPeriodInDays to 90 to 2560 days; 365 is the default.",
		Foreseen: true, Check: within("rotationPeriodInDays", 90, 2560, "RotationPeriodInDays must be between 90 and 2560"),
		Pass: rule.Case{Inputs: map[string]any{"rotationPeriodInDays": 90}},
		Fail: rule.Case{Inputs: map[string]any{"rotationPeriodInDays": 30}},
		Seed: rule.Seed{Stack: "staging", At: signing, Set: map[string]any{"rotationPeriodInDays": 30}},
	}, {
		ID: "data-key-alias", Types: []string{alias}, Code: "InvalidAliasNameException", Page: kmsAPI + "API_CreateAlias.html",
		Says:     "An alias is alias/ and letters, digits, slashes, underscores and hyphens; alias/aws/ belongs to AWS.",
		Fix:      "Name the alias alias/ and a word of your own, at most 256 characters in all.",
		Foreseen: true, Check: aliasName,
		Pass: rule.Case{Inputs: map[string]any{"name": "alias/orders"}},
		Fail: rule.Case{Inputs: map[string]any{"name": "alias/aws/orders"}},
		Seed: rule.Seed{Stack: "staging", At: alias + "::data", Set: map[string]any{"name": "alias/aws/itrack"}},
	}, {
		ID: "data-key-replica-of-multi-region", Types: []string{replicaKey}, Code: "UnsupportedOperationException", Page: kmsAPI + "API_ReplicateKey.html",
		Says:  "Only a multi-Region primary key has replicas.",
		Fix:   "Make the key with multiRegion: it can't be turned on later.",
		Check: replicaOfMultiRegion,
		Pass:  rule.Case{Region: "us-west-2", World: primary(true), Inputs: map[string]any{"primaryKeyArn": arn}},
		Fail:  rule.Case{Region: "us-west-2", World: primary(false), Inputs: map[string]any{"primaryKeyArn": arn}},
		Seed:  rule.Seed{Stack: "staging", At: key + "::logs", Refused: replicaKey + "::logs-us-west-2", Set: map[string]any{"multiRegion": false}},
	}}
}

// usages are what the specs of keys can be used for, by the beginning of the spec.
var usages = map[string][]string{"SYMMETRIC_DEFAULT": {"ENCRYPT_DECRYPT"}, "HMAC_": {"GENERATE_VERIFY_MAC"}, "RSA_": {"ENCRYPT_DECRYPT", "SIGN_VERIFY"},
	"ECC_NIST_": {"SIGN_VERIFY", "KEY_AGREEMENT"}, "ECC_SECG_": {"SIGN_VERIFY"}}

// keySpec is a key's spec, "" while it is not known.
func keySpec(c *catalog.Call) string {
	if !c.Has("customerMasterKeySpec") {
		return "SYMMETRIC_DEFAULT"
	}
	return c.Str("customerMasterKeySpec")
}

func keyUsage(c *catalog.Call) *rule.Finding {
	usage := c.Str("keyUsage")
	if !c.Has("keyUsage") {
		usage = "ENCRYPT_DECRYPT"
	}
	for begins, possible := range usages {
		if strings.HasPrefix(keySpec(c), begins) && usage != "" && !slices.Contains(possible, usage) {
			return rule.Find("keyUsage", usage, "KeyUsage %s is not compatible with KeySpec %s", usage, keySpec(c))
		}
	}
	return nil
}

func keyRotation(c *catalog.Call) *rule.Finding {
	spec := keySpec(c)
	if !boolIn(c.Inputs, "enableKeyRotation") || spec == "" || spec == "SYMMETRIC_DEFAULT" {
		return nil
	}
	return rule.Find("enableKeyRotation", "true", "Automatic rotation is not supported for keys of the spec %s", spec)
}

var aliasForm = regexp.MustCompile(`^alias/[a-zA-Z0-9/_-]+$`)

func aliasName(c *catalog.Call) *rule.Finding {
	name := c.Str("name")
	if !c.Known("name") || aliasForm.MatchString(name) && !strings.HasPrefix(name, "alias/aws/") && len(name) <= 256 {
		return nil
	}
	return rule.Find("name", name, "The alias name %s is not valid", name)
}

func replicaOfMultiRegion(c *catalog.Call) *rule.Finding {
	primary := c.Tx.ByARN(c.Str("primaryKeyArn"))
	if primary == nil || boolIn(primary.State, "multiRegion") {
		return nil
	}
	return rule.Find("primaryKeyArn", primary.ARN, "%s is not a multi-Region primary key", primary.ARN)
}
