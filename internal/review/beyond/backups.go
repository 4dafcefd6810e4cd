package beyond

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/policy"
)

// backupJob is one rule of a backup plan, for one store.
type backupJob struct {
	rule, text, every string
	gap               int // hours between two runs, where known
	known             bool
	vault             *review.Resource
	vaultName         string
	copies            []string // regions
}

// backups are the rules of AWS Backup that take a resource: a plan, a selection that means it, and the region's opt-in for its
// service. https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html
func (in *inventory) backups(r *review.Resource, service string) []backupJob {
	var out []backupJob
	for _, selection := range in.All("aws:backup/selection:Selection") {
		plan := in.FindFrom(selection, "aws:backup/plan:Plan", selection.Str("planId"))
		if plan == nil || !in.selects(selection, r, service) {
			continue
		}
		for _, rule := range plan.Maps("rules") {
			out = append(out, in.job(plan, rule))
		}
	}
	return out
}

// job is one rule in words.
func (in *inventory) job(plan, rule *review.Resource) backupJob {
	job := backupJob{rule: rule.Str("ruleName"), vault: in.FindFrom(plan, vaultType, rule.Str("targetVaultName")), vaultName: rule.Str("targetVaultName")}
	job.every = Every(rule.Str("schedule"))
	job.gap, job.known = gap(rule.Str("schedule"))
	job.text = fmt.Sprintf("AWS Backup, rule %s, %s into the vault %s", job.rule, job.every, job.vaultName)
	if kept := rule.Num("lifecycle.deleteAfter"); kept > 0 {
		job.text += ", kept " + days(kept)
	}
	if rule.Bool("enableContinuousBackup") {
		job.text += ", continuous"
	}
	if job.vault != nil {
		job.text += ", under " + in.key(job.vault, job.vault.Str("kmsKeyArn"), "the AWS managed key alias/aws/backup")
	}
	for _, action := range rule.Maps("copyActions") {
		if parts := strings.Split(action.Str("destinationVaultArn"), ":"); len(parts) > 3 {
			job.copies = appendNew(job.copies, parts[3])
		}
	}
	return job
}

// selects tells whether a selection means a resource. An ARN that names the resource's type takes it in any case; tags, an ARN
// of the whole service and a selection of everything take it if the region has opted in to the service.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources-json.html
func (in *inventory) selects(selection, r *review.Resource, service string) bool {
	arn := r.Str("arn")
	means := func(pattern string) bool { return policy.Matches(pattern, arn) }
	if slices.ContainsFunc(selection.Strs("notResources"), means) || !conditionsHold(selection, r) {
		return false
	}
	patterns := selection.Strs("resources")
	if slices.ContainsFunc(patterns, func(pattern string) bool { return typed(pattern) && means(pattern) }) {
		return true
	}
	if !in.optedIn(r, service) {
		return false
	}
	tags := declaredTags(r)
	for _, tag := range selection.Maps("selectionTags") {
		if value, has := tags[tag.Str("key")]; has && value == tag.Str("value") {
			return true
		}
	}
	return slices.ContainsFunc(patterns, means) || len(patterns) == 0 && !selection.Has("selectionTags")
}

// typed tells whether an ARN pattern names a type of resource: arn:aws:rds:*:*:db:* does, arn:aws:rds:* does not.
func typed(pattern string) bool {
	parts := strings.SplitN(pattern, ":", 6)
	return len(parts) == 6 && (parts[2] == "s3" || !strings.HasPrefix(parts[5], "*"))
}

// conditionsHold tells whether a resource's tags meet every condition of a selection.
func conditionsHold(selection, r *review.Resource) bool {
	tags := declaredTags(r)
	for _, condition := range []struct {
		path  string
		holds func(want, have string) bool
	}{
		{"conditions.stringEquals", func(want, have string) bool { return want == have }},
		{"conditions.stringNotEquals", func(want, have string) bool { return want != have }},
		{"conditions.stringLikes", func(want, have string) bool { return policy.Matches(want, have) }},
		{"conditions.stringNotLikes", func(want, have string) bool { return !policy.Matches(want, have) }},
	} {
		for _, one := range selection.Maps(condition.path) {
			if !condition.holds(one.Str("value"), tags[strings.TrimPrefix(one.Str("key"), "aws:ResourceTag/")]) {
				return false
			}
		}
	}
	return true
}

// optedIn tells whether AWS Backup takes a service's resources by tag in a region. Settings that the stack does not declare are
// taken to be on, as they are in a new account for the services there were when it was made.
func (in *inventory) optedIn(r *review.Resource, service string) bool {
	for _, settings := range in.All("aws:backup/regionSettings:RegionSettings") {
		if settings.Region != r.Region {
			continue
		}
		for _, block := range settings.Maps("resourceTypeOptInPreference") {
			if on, is := block.Props[service].(bool); is {
				return on
			}
		}
	}
	return true
}

// restoreTests are the plans of restore testing that restore a resource's recovery points.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html
func (in *inventory) restoreTests(r *review.Resource, service string, jobs []backupJob) []string {
	var out []string
	for _, selection := range in.All("aws:backup/restoreTestingSelection:RestoreTestingSelection") {
		if selection.Str("protectedResourceType") != service || !restores(selection, r) {
			continue
		}
		plan := in.FindFrom(selection, "aws:backup/restoreTestingPlan:RestoreTestingPlan", selection.Str("restoreTestingPlanName"))
		if plan == nil {
			continue
		}
		text := fmt.Sprintf("%s by the restore testing plan %s", Every(plan.Str("scheduleExpression")), plan.Str("name"))
		if !slices.ContainsFunc(jobs, func(job backupJob) bool { return looksInto(plan, job.vault) }) {
			text = fmt.Sprintf("never: the plan %s would, but looks into no vault that the recovery points go to", plan.Str("name"))
		} else if hours := selection.Num("validationWindowHours"); hours > 0 {
			text += fmt.Sprintf(", with %.0f hours to validate what came back", hours)
		}
		out = appendNew(out, text)
	}
	return out
}

// restores tells whether a selection of restore testing means a resource.
func restores(selection, r *review.Resource) bool {
	arns := selection.Strs("protectedResourceArns")
	if slices.Contains(arns, r.Str("arn")) {
		return true
	}
	if !slices.Contains(arns, "*") {
		return false
	}
	tags := declaredTags(r)
	for _, one := range selection.Maps("protectedResourceConditions.stringEquals") {
		if tags[strings.TrimPrefix(one.Str("key"), "aws:ResourceTag/")] != one.Str("value") {
			return false
		}
	}
	for _, one := range selection.Maps("protectedResourceConditions.stringNotEquals") {
		if tags[strings.TrimPrefix(one.Str("key"), "aws:ResourceTag/")] == one.Str("value") {
			return false
		}
	}
	return true
}

// looksInto tells whether a restore testing plan takes its recovery points from a vault.
func looksInto(plan, vault *review.Resource) bool {
	if vault == nil {
		return false
	}
	means := func(pattern string) bool { return policy.Matches(pattern, vault.Str("arn")) }
	return slices.ContainsFunc(plan.Strs("recoveryPointSelection.includeVaults"), means) &&
		!slices.ContainsFunc(plan.Strs("recoveryPointSelection.excludeVaults"), means)
}
