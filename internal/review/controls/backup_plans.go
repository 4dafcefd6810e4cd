package controls

import (
	"slices"
	"strconv"
	"strings"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/policy"
)

const (
	tokenPlan      = "aws:backup/plan:Plan"
	tokenSelection = "aws:backup/selection:Selection"
	tokenVault     = "aws:backup/vault:Vault"
	tokenTable     = "aws:dynamodb/table:Table"
	tokenBucket    = "aws:s3/bucketV2:BucketV2"
	tokenTestPlan  = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
	tokenTest      = "aws:backup/restoreTestingSelection:RestoreTestingSelection"
)

// backedUpTypes are AWS Backup's names for what it backs up, by type.
var backedUpTypes = map[string]string{tokenDatabase: "RDS", tokenTable: "DynamoDB"}

// stores are the databases and tables of a stack. A read replica holds nothing of its own.
func stores(m *review.Model) []*review.Resource {
	return slices.DeleteFunc(slices.Clone(m.All(tokenDatabase, tokenTable)), func(r *review.Resource) bool { return r.Str("replicateSourceDb") != "" })
}

// plansOf are the backup plans that select a resource.
func plansOf(m *review.Model, r *review.Resource) []*review.Resource {
	var out []*review.Resource
	for _, plan := range m.All(tokenPlan) {
		if slices.ContainsFunc(selectionsOf(m, plan), func(selection *review.Resource) bool { return selection.Region == r.Region && selects(selection, r) }) {
			out = append(out, plan)
		}
	}
	return out
}

func selectionsOf(m *review.Model, plan *review.Resource) []*review.Resource {
	return m.Referring(tokenSelection, "planId", plan)
}

// selects follows AWS's rules: a resource is in by its ARN or by any of the tags; conditions must hold all; exclusions win.
func selects(selection, r *review.Resource) bool {
	arn := r.Str("arn")
	byARN := func(pattern string) bool { return policy.Matches(pattern, arn) }
	if slices.ContainsFunc(selection.Strs("notResources"), byARN) {
		return false
	}
	for _, tag := range selection.Maps("selectionTags") {
		if tag.Str("type") == "STRINGEQUALS" && tagOf(r, tag.Str("key")) == tag.Str("value") {
			return true
		}
	}
	return slices.ContainsFunc(selection.Strs("resources"), byARN) && conditionsHold(selection.Maps("conditions.stringEquals"), r)
}

// conditionsHold compares a resource's tags with conditions ("aws:ResourceTag/Backup" equals ...).
func conditionsHold(conditions []*review.Resource, r *review.Resource) bool {
	return !slices.ContainsFunc(conditions, func(c *review.Resource) bool {
		return tagOf(r, strings.TrimPrefix(c.Str("key"), "aws:ResourceTag/")) != c.Str("value")
	})
}

// tagOf is a tag of a resource, the provider's default tags included.
func tagOf(r *review.Resource, key string) string {
	for _, property := range []string{"tags", "tagsAll"} {
		if tags, is := r.Props[property].(map[string]any); is {
			if value, is := tags[key].(string); is {
				return value
			}
		}
	}
	return ""
}

// vaultOf is the vault that a rule of a plan writes to; two regions can have vaults of one name.
func vaultOf(m *review.Model, plan, rule *review.Resource) *review.Resource {
	for _, vault := range inRegionOf(m, tokenVault, plan) {
		if vault.Str("name") == rule.Str("targetVaultName") {
			return vault
		}
	}
	return nil
}

// daily tells whether a schedule comes at least once a day: a rate of up to 24 hours, or a cron expression that leaves the
// days of the month, the months and the days of the week open.
func daily(schedule string) bool {
	if rate, is := strings.CutPrefix(schedule, "rate("); is {
		number, unit, _ := strings.Cut(strings.TrimSuffix(rate, ")"), " ")
		every, err := strconv.Atoi(number)
		minutes := map[string]int{"minute": 1, "hour": 60, "day": 24 * 60}[strings.TrimSuffix(unit, "s")]
		return err == nil && minutes > 0 && every*minutes <= 24*60
	}
	expression, isCron := strings.CutPrefix(schedule, "cron(")
	fields := strings.Fields(strings.TrimSuffix(expression, ")"))
	return isCron && len(fields) == 6 && !slices.ContainsFunc(fields[2:5], func(field string) bool { return field != "*" && field != "?" })
}

// testsOf are the restore tests that cover a resource, of plans that have a schedule and draw from a vault of its backups.
func testsOf(m *review.Model, r *review.Resource) []*review.Resource {
	var out []*review.Resource
	for _, test := range m.All(tokenTest) {
		plan := m.Find(tokenTestPlan, test.Str("restoreTestingPlanName"))
		if plan == nil || plan.Region != r.Region || plan.Str("scheduleExpression") == "" || !drawsFrom(m, plan, r) {
			continue
		}
		named := slices.ContainsFunc(test.Strs("protectedResourceArns"), func(pattern string) bool { return policy.Matches(pattern, r.Str("arn")) })
		if test.Str("protectedResourceType") == backedUpTypes[r.Type] && named && conditionsHold(test.Maps("protectedResourceConditions.stringEquals"), r) {
			out = append(out, test)
		}
	}
	return out
}

// drawsFrom tells whether a restore testing plan includes a vault that a resource is backed up to.
func drawsFrom(m *review.Model, test, r *review.Resource) bool {
	vaults := test.Strs("recoveryPointSelection.includeVaults")
	for _, plan := range plansOf(m, r) {
		for _, rule := range plan.Maps("rules") {
			vault := vaultOf(m, plan, rule)
			if vault != nil && slices.ContainsFunc(vaults, func(pattern string) bool { return policy.Matches(pattern, vault.Str("arn")) }) {
				return true
			}
		}
	}
	return false
}

// checksRestores finds the function that an enabled event rule calls when a restore has completed.
func checksRestores(m *review.Model) *review.Resource {
	for _, rule := range m.All("aws:cloudwatch/eventRule:EventRule") {
		pattern := rule.Str("eventPattern")
		if rule.Str("state") == "DISABLED" || !strings.Contains(pattern, "Restore Job State Change") || !strings.Contains(pattern, "COMPLETED") {
			continue
		}
		for _, target := range m.Referring("aws:cloudwatch/eventTarget:EventTarget", "rule", rule) {
			if function := functionOf(m, target.Str("arn")); function != nil {
				return function
			}
		}
	}
	return nil
}

// functionOf is the function that an ARN means, be it that of an alias or a version.
func functionOf(m *review.Model, arn string) *review.Resource {
	if alias := m.Find("aws:lambda/alias:Alias", arn); alias != nil {
		arn = alias.Str("functionName")
	}
	return m.Find(tokenFunction, arn)
}
