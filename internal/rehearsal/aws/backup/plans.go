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
		Check:  checkPlan,
		Refuse: refuseOutsideLock,
		Compute: func(c *catalog.Call) error {
			c.Set("version", catalog.Letters(48, catalog.MixedDigits))
			return nil
		},
	}
}

// checkPlan applies the rules on windows and lives.
func checkPlan(c *catalog.Call) []catalog.Problem {
	problems := nameOf("name", `^[a-zA-Z0-9._-]{1,50}$`, "must have 1 to 50 letters, digits and ._-", "API_BackupPlanInput.html")(c)
	names := map[string]bool{}
	for _, leaf := range catalog.Leaves(c.Inputs, "rules[]") {
		if !leaf.Value.IsObject() {
			continue
		}
		rule := leaf.Value.ObjectValue()
		num := func(path string) float64 {
			if leaves := catalog.Leaves(rule, path); len(leaves) > 0 && leaves[0].Value.IsNumber() {
				return leaves[0].Value.NumberValue()
			}
			return 0
		}
		add := func(property, name, message string) {
			problems = append(problems, catalog.Problem{Property: leaf.Path + "." + property, Rule: name, Value: fmt.Sprint(num(property)), Message: message,
				Source: api + "API_BackupRuleInput.html"})
		}
		if name := catalog.Str(rule, "ruleName"); names[name] {
			add("ruleName", "unique name", "two rules have the name "+name)
		} else {
			names[name] = true
		}
		start, complete := num("startWindow"), num("completionWindow")
		if start != 0 && start < 60 {
			add("startWindow", "60 minutes at least", "must be at least 60 minutes")
		}
		if complete != 0 && complete < start+60 {
			add("completionWindow", "an hour after the start window", "must be at least 60 minutes more than startWindow")
		}
		for _, path := range []string{"lifecycle", "copyActions[].lifecycle"} {
			cold, days := num(path+".coldStorageAfter"), num(path+".deleteAfter")
			if cold > 0 && days > 0 && days < cold+90 {
				add(path+".deleteAfter", "90 days in cold storage", "must be at least 90 days more than coldStorageAfter")
			}
		}
		if continuous := catalog.Leaves(rule, "enableContinuousBackup"); len(continuous) > 0 && continuous[0].Value.IsBool() && continuous[0].Value.BoolValue() && num("lifecycle.deleteAfter") > 35 {
			add("lifecycle.deleteAfter", "35 days of continuous backup", "must be at most 35 with enableContinuousBackup")
		}
	}
	return problems
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
			problems := nameOf("name", `^[a-zA-Z0-9._-]{1,50}$`, "must have 1 to 50 letters, digits and ._-", "API_BackupSelection.html")(c)
			for _, kind := range catalog.Strs(c.Inputs, "selectionTags[].type") {
				if kind != "STRINGEQUALS" {
					problems = append(problems, catalog.Problem{Property: "selectionTags", Rule: "allowed values", Value: kind, Message: "must be STRINGEQUALS",
						Source: api + "API_Condition.html"})
				}
			}
			if !c.Has("selectionTags") && !c.Has("resources") && !c.Has("conditions") {
				problems = append(problems, catalog.Problem{Property: "resources", Rule: "something selected",
					Message: "InvalidParameterValueException: Both Resource and Tags cannot be empty", Source: api + "API_BackupSelection.html"})
			}
			return problems
		},
		Refuse: assumable,
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
			problems := nameOf("name", `^[a-zA-Z0-9_]{1,50}$`, "must have 1 to 50 letters, digits and underscores", "API_RestoreTestingPlanForCreate.html")(c)
			problems = append(problems, oneOf(c, "recoveryPointSelection.algorithm", "API_RestoreTestingRecoveryPointSelection.html", "LATEST_WITHIN_WINDOW", "RANDOM_WITHIN_WINDOW")...)
			problems = append(problems, oneOf(c, "recoveryPointSelection.recoveryPointTypes", "API_RestoreTestingRecoveryPointSelection.html", "SNAPSHOT", "CONTINUOUS")...)
			return append(problems, within(c, "startWindowHours", 1, 168, "API_RestoreTestingPlanForCreate.html")...)
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
			problems := nameOf("name", `^[a-zA-Z0-9_]{1,50}$`, "must have 1 to 50 letters, digits and underscores", "API_RestoreTestingSelectionForCreate.html")(c)
			problems = append(problems, oneOf(c, "protectedResourceType", "API_RestoreTestingSelectionForCreate.html",
				"Aurora", "DocumentDB", "DynamoDB", "EBS", "EC2", "EFS", "FSx", "Neptune", "RDS", "S3")...)
			arns := catalog.Strs(c.Inputs, "protectedResourceArns")
			if c.Has("protectedResourceConditions") && !slices.Equal(arns, []string{"*"}) {
				problems = append(problems, catalog.Problem{Property: "protectedResourceConditions", Rule: "conditions on all",
					Message: "conditions are taken only with protectedResourceArns [\"*\"]", Source: api + "API_RestoreTestingSelectionForCreate.html"})
			}
			if !c.Has("protectedResourceArns") && !c.Has("protectedResourceConditions") {
				problems = append(problems, catalog.Problem{Property: "protectedResourceArns", Rule: "something selected",
					Message: "needs protectedResourceArns or protectedResourceConditions", Source: api + "API_RestoreTestingSelectionForCreate.html"})
			}
			return append(problems, within(c, "validationWindowHours", 0, 168, "API_RestoreTestingSelectionForCreate.html")...)
		},
		Refuse: assumable,
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

func within(c *catalog.Call, property string, least, most float64, page string) []catalog.Problem {
	if value := c.Num(property); c.Known(property) && (value < least || value > most) {
		return []catalog.Problem{{Property: property, Rule: fmt.Sprintf("%v to %v", least, most), Value: fmt.Sprint(value),
			Message: fmt.Sprintf("must be %v to %v", least, most), Source: api + page}}
	}
	return nil
}
