package data

import (
	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func backupVaults() []rule.Rule {
	lockPage := backupGuide + "API_PutBackupVaultLockConfiguration.html"
	return []rule.Rule{{
		ID: "data-vault-name", Types: []string{vault}, Code: "InvalidParameterValueException", Page: backupGuide + "API_CreateBackupVault.html",
		Says:     "A backup vault's name has 2 to 50 letters, digits, hyphens and underscores.",
		Fix:      "Shorten the name, and take out dots, spaces and slashes.",
		Foreseen: true, Check: form("name", `^[a-zA-Z0-9_-]{2,50}$`, "Invalid vault name: it must match [a-zA-Z0-9-_]{2,50}"),
		Pass: rule.Case{Inputs: map[string]any{"name": "orders_backup"}},
		Fail: rule.Case{Inputs: map[string]any{"name": "orders.backup"}},
		Seed: rule.Seed{Stack: "staging", At: vault + "::backup", Set: map[string]any{"name": "itrack/backup"}},
	}, {
		ID: "data-vault-key-region", Types: []string{vault}, Code: "InvalidParameterValueException", Page: backupGuide + "encryption.html",
		Says:     "A backup vault's key is in the vault's region.",
		Fix:      "Use a key of the region, for a multi-Region key its replica there.",
		Foreseen: true, Check: keyOfRegion("The KMS key is in %s and can't encrypt a vault in %s", "kmsKeyArn"),
		Pass: rule.Case{Inputs: map[string]any{"kmsKeyArn": "arn:aws:kms:us-east-1:111122223333:key/1"}},
		Fail: rule.Case{Inputs: map[string]any{"kmsKeyArn": "arn:aws:kms:us-west-2:111122223333:key/1"}},
		Seed: rule.Seed{Stack: "production", At: vault + "::backup-us-west-2",
			Set: map[string]any{"kmsKeyArn": "arn:aws:kms:us-east-1:444455556666:key/mrk-0123456789abcdef0123456789abcdef"}},
	}, {
		ID: "data-vault-lock-grace", Types: []string{vaultLock}, Code: "InvalidParameterValueException", Page: lockPage,
		Says:     "A vault lock that becomes final leaves at least 3 days to take it back.",
		Fix:      "Set changeableForDays to 3 or more, or leave it out for a governance lock that can always be taken back.",
		Foreseen: true, Check: within("changeableForDays", 3, 36500, "ChangeableForDays must be at least 3"),
		Pass: rule.Case{Inputs: map[string]any{"changeableForDays": 3}},
		Fail: rule.Case{Inputs: map[string]any{"changeableForDays": 1}},
		Seed: rule.Seed{Stack: "production", At: vaultLock + "::backup", Set: map[string]any{"changeableForDays": 1}},
	}, {
		ID: "data-vault-lock-bounds", Types: []string{vaultLock}, Code: "InvalidParameterValueException", Page: lockPage,
		Says:     "A vault lock's shortest retention is a day or more and its longest is not below it, nor above 36,500 days.",
		Fix:      "Set minRetentionDays to 1 or more and maxRetentionDays from there to 36500.",
		Foreseen: true, Check: lockBounds,
		Pass: rule.Case{Inputs: map[string]any{"minRetentionDays": 7, "maxRetentionDays": 7}},
		Fail: rule.Case{Inputs: map[string]any{"minRetentionDays": 7, "maxRetentionDays": 6}},
		Seed: rule.Seed{Stack: "production", At: vaultLock + "::backup-us-west-2", Set: map[string]any{"maxRetentionDays": 5}},
	}}
}

func lockBounds(c *catalog.Call) *rule.Finding {
	least, low := num(c, "minRetentionDays")
	most, high := num(c, "maxRetentionDays")
	switch {
	case low && least < 1:
		return rule.Find("minRetentionDays", least, "MinRetentionDays must be at least 1")
	case high && (most > 36500 || most < 1 || low && most < least):
		return rule.Find("maxRetentionDays", most, "MaxRetentionDays must be at least MinRetentionDays and at most 36500")
	}
	return nil
}

func backupRoles() []rule.Rule {
	trusts := func(service string) []rule.Thing {
		return []rule.Thing{{Type: role, ID: "backup", Region: cloud.Global, State: map[string]any{"arn": "arn:aws:iam::111122223333:role/backup", "name": "backup",
			"assumeRolePolicy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`}}}
	}
	by := map[string]any{"iamRoleArn": "arn:aws:iam::111122223333:role/backup"}
	tagged := map[string]any{"selectionTags": []any{map[string]any{"type": "STRINGEQUALS", "key": "Backup", "value": "yes"}}}
	return []rule.Rule{{
		ID: "data-backup-role", Types: []string{selection, restoreChoice}, Code: "InvalidParameterValueException", Page: backupGuide + "iam-service-roles.html",
		Says:  "AWS Backup can assume the role that it is to back up or restore with.",
		Fix:   "Let the role trust backup.amazonaws.com.",
		Check: backupRole,
		Pass:  rule.Case{World: trusts("backup.amazonaws.com"), Inputs: by},
		Fail:  rule.Case{World: trusts("rds.amazonaws.com"), Inputs: by},
		Seed: rule.Seed{Stack: "staging", At: role + "::backup", Refused: selection + "::backup",
			Edit: map[string]func(string) string{"assumeRolePolicy": rule.Replace("backup.amazonaws.com", "events.amazonaws.com")}},
	}, {
		ID: "data-backup-selection", Types: []string{selection}, Code: "InvalidParameterValueException", Page: backupGuide + "API_BackupSelection.html",
		Says:     "A backup selection selects something.",
		Fix:      "Give selectionTags, resources or conditions.",
		Foreseen: true, Check: somethingSelected,
		Pass: rule.Case{Inputs: tagged},
		Fail: rule.Case{Inputs: map[string]any{"selectionTags": []any{}}},
		Seed: rule.Seed{Stack: "production", At: selection + "::backup", Set: map[string]any{"selectionTags": nil}},
	}}
}

func backupRole(c *catalog.Call) *rule.Finding {
	who := c.Tx.ByARN(c.Str("iamRoleArn"))
	if who == nil || policy.TrustsService(catalog.Str(who.State, "assumeRolePolicy"), "backup.amazonaws.com") {
		return nil
	}
	return rule.Find("iamRoleArn", who.ARN, "IAM Role %s cannot be assumed by AWS Backup", who.ARN)
}

func somethingSelected(c *catalog.Call) *rule.Finding {
	for _, property := range []string{"selectionTags", "resources", "conditions"} {
		for _, leaf := range catalog.Leaves(c.Inputs, property) {
			if !leaf.Value.IsArray() || len(leaf.Value.ArrayValue()) > 0 {
				return nil
			}
		}
	}
	return rule.Find("resources", nil, "Both Resource and Tags cannot be empty")
}

func restoreTests() []rule.Rule {
	at := restorePlan + "::restore"
	choice := func(arns []any) rule.Case {
		return rule.Case{Inputs: map[string]any{"protectedResourceArns": arns, "protectedResourceConditions": map[string]any{
			"stringEquals": []any{map[string]any{"key": "aws:ResourceTag/Backup", "value": "yes"}}}}}
	}
	return []rule.Rule{{
		ID: "data-restore-test-name", Types: []string{restorePlan, restoreChoice}, Code: "InvalidParameterValueException",
		Page:     backupGuide + "API_RestoreTestingPlanForCreate.html",
		Says:     "Restore testing plans and selections have names of 1 to 50 letters, digits and underscores.",
		Fix:      "Write the name with underscores in place of hyphens.",
		Foreseen: true, Check: form("name", `^[a-zA-Z0-9_]{1,50}$`, "The name must consist of only alphanumeric characters and underscores. Maximum length is 50"),
		Pass: rule.Case{Inputs: map[string]any{"name": "orders_restore"}},
		Fail: rule.Case{Inputs: map[string]any{"name": "orders-restore"}},
		Seed: rule.Seed{Stack: "production", At: restoreChoice + "::restore-tables", Set: map[string]any{"name": "itrack-tables"}},
	}, {
		ID: "data-restore-test-start", Types: []string{restorePlan}, Code: "InvalidParameterValueException", Page: backupGuide + "API_RestoreTestingPlanForCreate.html",
		Says:     "A restore test has 1 to 168 hours to start.",
		Fix:      "Set startWindowHours to 1 to 168 hours; 24 is the default.",
		Foreseen: true, Check: within("startWindowHours", 1, 168, "StartWindowHours must be between 1 and 168"),
		Pass: rule.Case{Inputs: map[string]any{"startWindowHours": 168}},
		Fail: rule.Case{Inputs: map[string]any{"startWindowHours": 0}},
		Seed: rule.Seed{Stack: "production", At: at, Set: map[string]any{"startWindowHours": 240}},
	}, {
		ID: "data-restore-test-window", Types: []string{restorePlan}, Code: "InvalidParameterValueException",
		Page:     backupGuide + "API_RestoreTestingRecoveryPointSelection.html",
		Says:     "A restore test looks for recovery points of the last 1 to 365 days.",
		Fix:      "Set recoveryPointSelection.selectionWindowDays to 1 to 365 days; 30 is the default.",
		Foreseen: true, Check: within("recoveryPointSelection.selectionWindowDays", 1, 365, "SelectionWindowDays must be between 1 and 365"),
		Pass: rule.Case{Inputs: map[string]any{"recoveryPointSelection": map[string]any{"selectionWindowDays": 365}}},
		Fail: rule.Case{Inputs: map[string]any{"recoveryPointSelection": map[string]any{"selectionWindowDays": 366}}},
		Seed: rule.Seed{Stack: "production", At: at, Set: map[string]any{"recoveryPointSelection.selectionWindowDays": 730}},
	}, {
		ID: "data-restore-test-conditions", Types: []string{restoreChoice}, Code: "InvalidParameterValueException",
		Page:     backupGuide + "API_RestoreTestingSelectionForCreate.html",
		Says:     "A restore testing selection has conditions only over all resources of its type.",
		Fix:      "Set protectedResourceArns to [\"*\"], or name the resources and leave the conditions out.",
		Foreseen: true, Check: conditionsOnAll,
		Pass: choice([]any{"*"}),
		Fail: choice([]any{"arn:aws:rds:us-east-1:111122223333:db:orders"}),
		Seed: rule.Seed{Stack: "production", At: restoreChoice + "::restore-tables", Set: map[string]any{
			"protectedResourceArns": []any{"arn:aws:dynamodb:us-east-1:444455556666:table/itrack-items-production"}}},
	}, {
		ID: "data-restore-test-validation", Types: []string{restoreChoice}, Code: "InvalidParameterValueException",
		Page:     backupGuide + "API_RestoreTestingSelectionForCreate.html",
		Says:     "A restored resource is kept at most 168 hours for its validation.",
		Fix:      "Set validationWindowHours to 0 to 168 hours.",
		Foreseen: true, Check: within("validationWindowHours", 0, 168, "ValidationWindowHours must be between 0 and 168"),
		Pass: rule.Case{Inputs: map[string]any{"validationWindowHours": 168}},
		Fail: rule.Case{Inputs: map[string]any{"validationWindowHours": 169}},
		Seed: rule.Seed{Stack: "production", At: restoreChoice + "::restore-database", Set: map[string]any{"validationWindowHours": 336}},
	}}
}

func conditionsOnAll(c *catalog.Call) *rule.Finding {
	arns := c.Strs("protectedResourceArns")
	if !c.Has("protectedResourceConditions") || !c.Known("protectedResourceArns") || len(arns) == 1 && arns[0] == "*" {
		return nil
	}
	return rule.Find("protectedResourceConditions", nil, "Conditions can be used only with all resources: ProtectedResourceArns must be a wildcard")
}
