package data

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func keyPolicies() []rule.Rule {
	const arn = "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-4111-a111-111111111111"
	lets := func(service string) []rule.Thing {
		return []rule.Thing{{Type: key, ID: "1", ARN: arn,
			State: map[string]any{"policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` +
				service + `"},"Action":["kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"],"Resource":"*","Condition":{"ArnLike":` +
				`{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:us-east-1:111122223333:log-group:/orders*"}}}]}`}}}
	}
	group := map[string]any{"name": "/orders/web", "kmsKeyId": arn}
	state := func(enabled bool) []rule.Thing {
		return []rule.Thing{{Type: key, ID: "11111111-1111-4111-a111-111111111111", ARN: arn, State: map[string]any{"isEnabled": enabled}}}
	}
	const groups = "arn:aws:logs:us-east-1:111122223333:"
	return []rule.Rule{{
		ID: "data-key-for-log-groups", Types: []string{logGroup}, Code: "AccessDeniedException",
		Page:  "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html",
		Says:  "The policy of a log group's key lets CloudWatch Logs of the region encrypt and decrypt for this group.",
		Fix:   "Allow logs.<region>.amazonaws.com kms:Encrypt*, Decrypt*, ReEncrypt*, GenerateDataKey* and Describe*, under a condition that the group's ARN meets.",
		Check: keyForLogGroup,
		Pass:  rule.Case{World: lets("logs.us-east-1.amazonaws.com"), Inputs: group},
		Fail:  rule.Case{World: lets("logs.us-west-2.amazonaws.com"), Inputs: group},
		// Every group but WAF's own is still let in.
		Seed: rule.Seed{Stack: "staging", At: key + "::logs", Refused: logGroup + "::waf-regional", Edit: map[string]func(string) string{
			"policy": rule.Replace(`"`+groups+`*"`, `["`+groups+`log-group:/*","`+groups+`log-group:API-Gateway*"]`)}},
	}, {
		ID: "data-database-key-enabled", Types: []string{instance, replication}, Code: "KMSKeyNotAccessibleFault", Page: rdsGuide + "Overview.Encryption.Keys.html",
		Says:  "A DB instance's key is enabled.",
		Fix:   "Enable the key, or choose another one; a storage key can't be changed later.",
		Check: keyEnabled,
		Pass:  rule.Case{World: state(true), Inputs: map[string]any{"kmsKeyId": arn}},
		Fail:  rule.Case{World: state(false), Inputs: map[string]any{"kmsKeyId": arn}},
		Seed:  rule.Seed{Stack: "staging", At: instance + "::rds", Set: map[string]any{"kmsKeyId": arn}, Exists: state(false)},
	}}
}

// logContext is the condition key under which CloudWatch Logs says which group it encrypts for.
const logContext = "kms:encryptioncontext:aws:logs:arn"

func keyForLogGroup(c *catalog.Call) *rule.Finding {
	held := c.Tx.ByARN(c.Str("kmsKeyId"))
	if held == nil {
		return nil
	}
	service, arn := "logs."+c.Region+".amazonaws.com", "arn:"+c.Partition+":logs:"+c.Region+":"+c.Account+":log-group:"+c.Str("name")
	missing := []string{"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"}
	for _, statement := range parsed(catalog.Str(held.State, "policy")).Statement {
		if statement.Effect == "Allow" && slices.Contains(statement.Principal["Service"], service) && contextMeets(statement, arn) {
			missing = slices.DeleteFunc(missing, func(action string) bool { return someMatch(statement.Action, action) })
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return rule.Find("kmsKeyId", held.ARN, "The specified KMS key does not exist or is not allowed to be used with Arn '%s'", arn)
}

// contextMeets tells whether the conditions of a statement on the log group, if it has any, are met.
func contextMeets(statement policy.Statement, arn string) bool {
	for _, values := range statement.Condition {
		for name, patterns := range values {
			if strings.EqualFold(name, logContext) && !someMatch(patterns, arn) {
				return false
			}
		}
	}
	return true
}

func keyEnabled(c *catalog.Call) *rule.Finding {
	held := c.Tx.ByARN(c.Str("kmsKeyId"))
	property := "isEnabled"
	if held != nil && held.Type == replicaKey {
		property = "enabled"
	}
	if held == nil || !has(held.State, property) || boolIn(held.State, property) {
		return nil
	}
	return rule.Find("kmsKeyId", held.ARN, "The specified KMS key [%s] does not exist, is not enabled or you do not have permissions to access it", held.ARN)
}
