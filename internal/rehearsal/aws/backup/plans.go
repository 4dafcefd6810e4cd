package backup

import (
	"fmt"
	"slices"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/backup"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

func roleRef() catalog.Ref {
	return catalog.Ref{Path: "iamRoleArn", To: []string{roleToken}, By: catalog.ByARN, Code: "InvalidParameterValueException", Message: "IAM Role {value} does not exist"}
}

func planType() catalog.Type {
	return catalog.Type{
		Token: planToken, Args: (*sdk.PlanArgs)(nil), Resource: (*sdk.Plan)(nil),
		Service: "Backup", Action: "BackupPlan", Title: "Backup Plan", ARN: "arn:{partition}:backup:{region}:{account}:backup-plan:{id}",
		Name: catalog.Name{Property: "name", Auto: 50},
		// 60 minutes and 7 days are what AWS takes where a rule says nothing.
		Defaults: map[string]any{"rules[].startWindow": 60, "rules[].completionWindow": 180},
		Sets:     []string{"rules", "rules[].copyActions"}, Volatile: []string{"version"},
		// Younger than the facts' schema.
		Computed: []string{"rules[].scheduleExpressionTimezone"},
		Refs: []catalog.Ref{vaultRef("rules[].targetVaultName"), {Path: "rules[].copyActions[].destinationVaultArn", To: []string{vaultToken}, By: catalog.ByARN,
			AnyRegion: true, Code: "InvalidParameterValueException", Message: "Backup vault {value} does not exist"}},
		Refuse: refuseOutsideLock,
		Compute: func(c *catalog.Call) error {
			c.Set("version", catalog.Letters(48, catalog.MixedDigits))
			return nil
		},
	}
}

// refuseOutsideLock finds lives that the vault's lock does not allow: AWS takes the plan and fails every job.
func refuseOutsideLock(c *catalog.Call) *catalog.Error {
	for _, leaf := range catalog.Leaves(c.Inputs, "rules[]") {
		if !leaf.Value.IsObject() {
			continue
		}
		rule := leaf.Value.ObjectValue()
		lock := c.Get(lockToken, catalog.Str(rule, "targetVaultName"))
		days := catalog.Leaves(rule, "lifecycle.deleteAfter")
		if lock == nil || len(days) == 0 || !days[0].Value.IsNumber() {
			continue
		}
		bound := func(property string) float64 {
			if leaves := catalog.Leaves(lock.State, property); len(leaves) > 0 && leaves[0].Value.IsNumber() {
				return leaves[0].Value.NumberValue()
			}
			return 0
		}
		kept, least, most := days[0].Value.NumberValue(), bound("minRetentionDays"), bound("maxRetentionDays")
		if kept < least || most > 0 && kept > most {
			return &catalog.Error{Code: "InvalidParameterValueException", Property: leaf.Path + ".lifecycle.deleteAfter", Value: fmt.Sprint(kept),
				Rule: "within the vault's lock", Message: fmt.Sprintf("the vault's lock takes recovery points of %v to %v days only: every job would fail", least, most),
				Source: api + "vault-lock.html"}
		}
	}
	return nil
}

func selectionType() catalog.Type {
	return catalog.Type{
		Token: "aws:backup/selection:Selection", Args: (*sdk.SelectionArgs)(nil), Resource: (*sdk.Selection)(nil),
		Service: "Backup", Action: "BackupSelection", Title: "Backup Selection", Name: catalog.Name{Property: "name", Auto: 50},
		Sets: []string{"selectionTags", "resources", "notResources", "conditions"},
		Refs: []catalog.Ref{roleRef(), {Path: "planId", To: []string{planToken}, Code: "ResourceNotFoundException", Message: "Cannot find Backup plan with ID {value}",
			Blocks: true, BlockCode: "InvalidRequestException"}},
		Check: func(c *catalog.Call) []catalog.Problem {
			var problems []catalog.Problem
			for _, kind := range catalog.Strs(c.Inputs, "selectionTags[].type") {
				if kind != "STRINGEQUALS" {
					problems = append(problems, catalog.Problem{Property: "selectionTags", Rule: "allowed values", Value: kind, Message: "must be STRINGEQUALS",
						Source: api + "API_Condition.html"})
				}
			}
			return problems
		},
	}
}

func restorePlanType() catalog.Type {
	return catalog.Type{
		Token: restorePlanToken, Args: (*sdk.RestoreTestingPlanArgs)(nil), Resource: (*sdk.RestoreTestingPlan)(nil),
		Service: "Backup", Action: "RestoreTestingPlan", Title: "Backup Restore Testing Plan", ID: catalog.Templated("{name}"),
		Name: catalog.Name{Property: "name", Auto: 50, Scope: catalog.InRegion, Code: "AlreadyExistsException",
			Message: "Restore testing plan with the same name already exists: {name}"},
		ForceNew: []string{"name"}, Required: []string{"recoveryPointSelection", "recoveryPointSelection.includeVaults", "recoveryPointSelection.recoveryPointTypes"},
		Computed: []string{"scheduleExpressionTimezone", "startWindowHours", "recoveryPointSelection.excludeVaults", "recoveryPointSelection.selectionWindowDays", "tagsAll", "arn"},
		Sets:     []string{"recoveryPointSelection.includeVaults", "recoveryPointSelection.excludeVaults", "recoveryPointSelection.recoveryPointTypes"},
		Refs: []catalog.Ref{{Path: "recoveryPointSelection.includeVaults[]", To: []string{vaultToken}, By: catalog.ByARN,
			Code: "InvalidParameterValueException", Message: "Backup vault {value} does not exist"}},
		Check: func(c *catalog.Call) []catalog.Problem {
			problems := oneOf(c, "recoveryPointSelection.algorithm", "API_RestoreTestingRecoveryPointSelection.html", "LATEST_WITHIN_WINDOW", "RANDOM_WITHIN_WINDOW")
			return append(problems, oneOf(c, "recoveryPointSelection.recoveryPointTypes", "API_RestoreTestingRecoveryPointSelection.html", "SNAPSHOT", "CONTINUOUS")...)
		},
		Compute: func(c *catalog.Call) error {
			if c.Creating() {
				c.Set("arn", fmt.Sprintf("arn:%s:backup:%s:%s:restore-testing-plan:%s-%s", c.Partition, c.Region, c.Account, c.Str("name"), catalog.UUID()))
				c.ARN = c.Str("arn")
			}
			c.SetNew("scheduleExpressionTimezone", "Etc/UTC")
			c.SetNew("startWindowHours", 24)
			return nil
		},
		Source: "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/backup_restore_testing_plan",
	}
}

func restoreSelectionType() catalog.Type {
	return catalog.Type{
		Token: "aws:backup/restoreTestingSelection:RestoreTestingSelection", Args: (*sdk.RestoreTestingSelectionArgs)(nil),
		Resource: (*sdk.RestoreTestingSelection)(nil), Service: "Backup", Action: "RestoreTestingSelection", Title: "Backup Restore Testing Selection",
		ID: catalog.Templated("{name}:{restoreTestingPlanName}"), Name: catalog.Name{Property: "name", Auto: 50, Code: "AlreadyExistsException"},
		ForceNew: []string{"name", "restoreTestingPlanName", "protectedResourceType"},
		Computed: []string{"restoreMetadataOverrides", "validationWindowHours", "protectedResourceArns", "protectedResourceConditions"},
		Sets:     []string{"protectedResourceArns", "protectedResourceConditions.stringEquals", "protectedResourceConditions.stringNotEquals"},
		Refs: []catalog.Ref{roleRef(), {Path: "restoreTestingPlanName", To: []string{restorePlanToken}, By: catalog.ByName, Code: "ResourceNotFoundException",
			Message: "Restore testing plan {value} does not exist", Blocks: true, BlockCode: "InvalidRequestException"}},
		Check: func(c *catalog.Call) []catalog.Problem {
			problems := oneOf(c, "protectedResourceType", "API_RestoreTestingSelectionForCreate.html",
				"Aurora", "DocumentDB", "DynamoDB", "EBS", "EC2", "EFS", "FSx", "Neptune", "RDS", "S3")
			if !c.Has("protectedResourceArns") && !c.Has("protectedResourceConditions") {
				problems = append(problems, catalog.Problem{Property: "protectedResourceArns", Rule: "something selected",
					Message: "needs protectedResourceArns or protectedResourceConditions", Source: api + "API_RestoreTestingSelectionForCreate.html"})
			}
			return problems
		},
		Source: "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/backup_restore_testing_selection",
	}
}

func oneOf(c *catalog.Call, property, page string, allowed ...string) []catalog.Problem {
	for _, value := range catalog.Strs(c.Inputs, property) {
		if !slices.Contains(allowed, value) {
			return []catalog.Problem{{Property: property, Rule: "allowed values", Value: value, Message: fmt.Sprintf("must be one of %v", allowed), Source: api + page}}
		}
	}
	return nil
}
