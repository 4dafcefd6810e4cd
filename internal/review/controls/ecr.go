package controls

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/policy"
)

const (
	tokenRepository         = "aws:ecr/repository:Repository"
	tokenRepositoryTemplate = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate"
	tokenRegistryScanning   = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
	tokenImageLifecycle     = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
)

// ecr are the controls on repositories, and on the templates by which ECR makes repositories itself.
func ecr() []review.Control {
	const absent = "the stack declares no repository"
	return []review.Control{
		hub("ECR.1", "Private repositories should have image scanning configured", review.High, review.Security, absent, review.Each(tokenRepository, scans)),
		hub("ECR.2", "Private repositories should have tag immutability configured", review.Medium, review.Security, absent, tagsStay),
		hub("ECR.3", "Repositories should have at least one lifecycle policy", review.Medium, review.Cost, absent, imagesExpire),
	}
}

func tagsStay(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, r := range m.All(tokenRepository, tokenRepositoryTemplate) {
		out = append(out, review.When(r.Str("imageTagMutability") == "IMMUTABLE", r, "a tag means one image for ever", "a tag can be moved to another image",
			"set imageTagMutability to IMMUTABLE"))
	}
	return out
}

// scans passes a repository that scans on push by itself or by the registry's configuration in its region.
func scans(m *review.Model, r *review.Resource) review.Answer {
	if r.Bool("imageScanningConfiguration.scanOnPush") {
		return review.Pass(r, "it scans on push")
	}
	for _, scanning := range m.All(tokenRegistryScanning) {
		for _, rule := range scanning.Maps("rules") {
			often := rule.Str("scanFrequency")
			named := slices.ContainsFunc(rule.Strs("repositoryFilters.filter"), func(filter string) bool { return policy.Matches(filter, r.Str("name")) })
			if scanning.Region == r.Region && named && (often == "SCAN_ON_PUSH" || often == "CONTINUOUS_SCAN") {
				return review.Pass(r, scanning.Label()+" scans it")
			}
		}
	}
	return review.Fail(r, "neither the repository nor the registry of its region scans its images", "set imageScanningConfiguration.scanOnPush")
}

// imagesExpire looks for the rules of each repository, and of each template: lifecycle policies are not replicated.
func imagesExpire(m *review.Model) []review.Answer {
	var out []review.Answer
	for _, r := range m.All(tokenRepository) {
		on := slices.ContainsFunc(m.Referring(tokenImageLifecycle, "repository", r), hasRules)
		out = append(out, review.When(on, r, "old images go", "no lifecycle policy with a rule is for this repository", "make an ecr.LifecyclePolicy for it"))
	}
	for _, t := range m.All(tokenRepositoryTemplate) {
		out = append(out, review.When(expires(t.Str("lifecyclePolicy")), t, "old images go in the repositories that ECR makes",
			"ECR makes repositories without a lifecycle policy by it ("+strings.Join(t.Strs("appliedFors"), ", ")+")", "set the template's lifecyclePolicy"))
	}
	return out
}

func hasRules(lifecycle *review.Resource) bool { return expires(lifecycle.Str("policy")) }

func expires(text string) bool {
	var document struct{ Rules []any }
	return json.Unmarshal([]byte(text), &document) == nil && len(document.Rules) > 0
}
