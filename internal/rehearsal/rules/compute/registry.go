package compute

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	ecrAPI       = "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/"
	lifecyclePar = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html"
)

// registry are ECR's rules.
func registry() []rule.Rule {
	keeps := func(rules string) rule.Case {
		return rule.Case{Type: lifecycle, Inputs: inputs{"policy": `{"rules":[` + rules + `]}`}}
	}
	expire := func(priority int, selection string) string {
		return fmt.Sprintf(`{"rulePriority":%d,"selection":{%s},"action":{"type":"expire"}}`, priority, selection)
	}
	const untagged = `"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":7`
	const newest = `"tagStatus":"any","countType":"imageCountMoreThan","countNumber":60`
	edit := func(stack, old, with string) rule.Seed {
		return rule.Seed{Stack: stack, At: lifecycle + "::backend", Edit: map[string]func(string) string{"policy": rule.Replace(old, with)}}
	}
	of := []string{lifecycle}
	rules := []rule.Rule{{
		ID: "compute-registry-name", Types: []string{repository}, Page: ecrAPI + "API_CreateRepository.html",
		Says: "A repository's name has 2 to 256 lower-case letters and digits, with single dots or slashes, underscores and hyphens between them.",
		Fix:  "Write the name in lower case.",
		Check: func(c *catalog.Call) *rule.Finding {
			if name := c.Str("name"); c.Known("name") && (!repositoryName.MatchString(name) || len(name) < 2 || len(name) > 256) {
				return rule.Find("name", name, "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression "+
					`'(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*''`)
			}
			return nil
		},
		Pass: rule.Case{Inputs: inputs{"name": "shop/web__api"}},
		Fail: rule.Case{Inputs: inputs{"name": "Shop"}},
		Seed: staging(repository+"::backend", map[string]any{"name": "iTrack-backend"}),
	}, {
		ID: "compute-registry-key", Types: []string{repository}, Page: ecrAPI + "API_EncryptionConfiguration.html",
		Says: "A repository with a key of its own has the encryption type KMS.", Fix: `Set encryptionType to "KMS", or leave kmsKey out.`,
		Check: func(c *catalog.Call) *rule.Finding {
			for _, one := range blocks(c, "encryptionConfigurations[]") {
				if key, _ := one["kmsKey"].(string); key != "" && one["encryptionType"] == "AES256" {
					return rule.Find("encryptionConfigurations[0].kmsKey", key,
						"Invalid parameter at 'encryptionConfiguration' failed to satisfy constraint: 'KMS key is only for the encryption type KMS'")
				}
			}
			return nil
		},
		Pass: rule.Case{Inputs: inputs{"encryptionConfigurations": []any{inputs{"encryptionType": "KMS", "kmsKey": keyARN}}}},
		Fail: rule.Case{Inputs: inputs{"encryptionConfigurations": []any{inputs{"encryptionType": "AES256", "kmsKey": keyARN}}}},
		Seed: production(repository+"::backend", map[string]any{"encryptionConfigurations[0].encryptionType": "AES256"}),
	}, {
		ID: "compute-registry-priority", Types: of, Page: lifecyclePar,
		Says: "The rules of a lifecycle policy have priorities from 1 on, each its own.", Fix: "Number the rules.",
		Check: lifecycleRule(func(all []retention) string {
			seen := map[int]bool{}
			for _, one := range all {
				if one.RulePriority < 1 || seen[one.RulePriority] {
					return fmt.Sprintf("rulePriority %d is below 1 or used twice", one.RulePriority)
				}
				seen[one.RulePriority] = true
			}
			return ""
		}),
		Pass: keeps(expire(1, untagged) + "," + expire(2, newest)),
		Fail: keeps(expire(1, untagged) + "," + expire(1, newest)),
		Seed: edit("staging", `"rulePriority":2`, `"rulePriority":1`),
	}, {
		ID: "compute-registry-any", Types: of, Page: lifecyclePar,
		Says:  "A lifecycle rule for any image comes last: its priority has the highest number, and there is one such rule.",
		Fix:   "Give the rule with tagStatus any the highest rulePriority.",
		Check: lifecycleRule(anyLast), Pass: keeps(expire(1, untagged) + "," + expire(2, newest)), Fail: keeps(expire(2, untagged) + "," + expire(1, newest)),
		Seed: edit("production", `"rulePriority":1`, `"rulePriority":3`),
	}, {
		ID: "compute-registry-selection", Types: of, Page: lifecyclePar,
		Says:  "A lifecycle rule counts images, or days since they were pushed; a rule for tagged images names the tags.",
		Fix:   "Set countUnit days with sinceImagePushed only, countNumber to 1 or more, and tagPrefixList or tagPatternList with tagged.",
		Check: lifecycleRule(badSelection),
		Pass:  keeps(expire(1, untagged)), Fail: keeps(expire(1, `"tagStatus":"untagged","countType":"sinceImagePushed","countNumber":7`)),
		Seed: edit("staging", `"countUnit":"days",`, ""),
	}}
	for i := range rules {
		rules[i].Code, rules[i].Foreseen = "InvalidParameterException", true
	}
	return rules
}

var repositoryName = regexp.MustCompile(`^(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*/)*[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$`)

// retention is one rule of a lifecycle policy.
type retention struct {
	RulePriority int
	Selection    struct {
		TagStatus, CountType, CountUnit string
		CountNumber                     int
		TagPrefixList, TagPatternList   []string
	}
}

// lifecycleRule asks the rules of a lifecycle policy.
func lifecycleRule(broken func([]retention) string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		var policy struct{ Rules []retention }
		if json.Unmarshal([]byte(c.Str("policy")), &policy) != nil {
			return nil
		}
		if message := broken(policy.Rules); message != "" {
			return rule.Find("policy", nil,
				"Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure: %s'", message)
		}
		return nil
	}
}

func anyLast(all []retention) string {
	highest, last, count := 0, 0, 0
	for _, one := range all {
		highest = max(highest, one.RulePriority)
		if one.Selection.TagStatus == "any" {
			last = one.RulePriority
			count++
		}
	}
	if count > 1 || count == 1 && last != highest {
		return "the one rule with tagStatus any must have the highest rulePriority"
	}
	return ""
}

func badSelection(all []retention) string {
	for _, one := range all {
		s := one.Selection
		switch {
		case s.CountNumber < 1:
			return "countNumber must be 1 or more"
		case s.CountType == "sinceImagePushed" && s.CountUnit != "days":
			return "countUnit must be days with sinceImagePushed"
		case s.CountType == "imageCountMoreThan" && s.CountUnit != "":
			return "countUnit does not go with imageCountMoreThan"
		case s.TagStatus == "tagged" && len(s.TagPrefixList)+len(s.TagPatternList) == 0:
			return "tagPrefixList or tagPatternList must be given with tagStatus tagged"
		case s.TagStatus != "tagged" && len(s.TagPrefixList)+len(s.TagPatternList) > 0:
			return "tagPrefixList and tagPatternList go with tagStatus tagged only"
		}
	}
	return ""
}
