package identity

import (
	"regexp"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// roles are the rules of roles' and policies' own properties, and of what is attached to them.
func roles() []rule.Rule {
	return []rule.Rule{{
		ID: "identity-role-name", Types: onlyRoles, Code: "ValidationError", Page: api + "API_CreateRole.html", Foreseen: true,
		Says:  "A role's name has 1 to 64 letters, digits and the characters +=,.@_-.",
		Fix:   "Shorten the name, and take other characters out of it.",
		Check: named,
		Pass:  rule.Case{Inputs: inputs{"name": "task"}}, Fail: rule.Case{Inputs: inputs{"name": "the task"}},
		Seed: rule.Seed{Stack: "staging", At: roleToken + "::function-item-events", Set: map[string]any{"name": "itrack item events"}},
	}, {
		ID: "identity-entity-name", Types: []string{policyToken, inlineToken, profileToken}, Code: "ValidationError", Page: quotas, Foreseen: true,
		Says: "The name of a policy or an instance profile has 1 to 128 letters, digits and the characters +=,.@_-.",
		Fix:  "Shorten the name, and take other characters out of it.", Check: named,
		Pass: rule.Case{Type: profileToken, Inputs: inputs{"name": "bastion"}},
		Fail: rule.Case{Type: profileToken, Inputs: inputs{"name": strings.Repeat("b", 129)}},
		Seed: rule.Seed{Stack: "staging", At: profileToken + "::bastion", Set: map[string]any{"name": "itrack/bastion"}},
	}, {
		ID: "identity-entity-path", Types: []string{roleToken, policyToken, profileToken}, Code: "ValidationError", Page: arnPage, Foreseen: true,
		Says:  "The path of a role, a policy or an instance profile begins and ends with a slash.",
		Fix:   "Write the path as /team/environment/, or leave it out for /.",
		Check: badPath,
		Pass:  rule.Case{Inputs: inputs{"path": "/itrack/"}}, Fail: rule.Case{Inputs: inputs{"path": "/itrack"}},
		Seed: rule.Seed{Stack: "staging", At: roleToken + "::function-release-check", Set: map[string]any{"path": "/itrack/staging"}},
	}, {
		ID: "identity-role-session", Types: onlyRoles, Code: "ValidationError", Page: api + "API_CreateRole.html", Foreseen: true,
		Says: "The longest session of a role is 3600 to 43200 seconds.", Fix: "Choose a maxSessionDuration between one hour and twelve.",
		Check: func(c *catalog.Call) *rule.Finding {
			if seconds, known := number(c, "maxSessionDuration"); known && (seconds < 3600 || seconds > 43200) {
				return rule.Find("maxSessionDuration", seconds, "The requested MaxSessionDuration must be 3600 to 43200 seconds")
			}
			return nil
		},
		Pass: rule.Case{Inputs: inputs{"maxSessionDuration": 3600}}, Fail: rule.Case{Inputs: inputs{"maxSessionDuration": 900}},
		Seed: rule.Seed{Stack: "staging", At: roleToken + "::function-restore-check", Set: map[string]any{"maxSessionDuration": 1800}},
	}, {
		ID: "identity-role-description", Types: onlyRoles, Code: "ValidationError", Page: api + "API_CreateRole.html", Foreseen: true,
		Says: "A role's description has at most 1000 characters, all of them of Latin-1: no long dashes, no curly quotation marks.",
		Fix:  "Use plain hyphens and quotation marks, and shorten the text.", Check: badDescription,
		Pass: rule.Case{Inputs: inputs{"description": "Reads the queue - and nothing else"}},
		Fail: rule.Case{Inputs: inputs{"description": "Reads the queue \u2013 and nothing else"}},
		Seed: rule.Seed{Stack: "staging", At: roleToken + "::backend-execution", Set: map[string]any{"description": "ECS \u2013 starting tasks"}},
	}, {
		ID: "identity-role-boundary", Types: onlyRoles, Code: "NoSuchEntity", Page: guide + "access_policies_boundaries.html",
		Says:  "A permissions boundary is a managed policy that exists.",
		Fix:   "Make the policy first, and take its ARN from it; a boundary can't be an inline policy.",
		Check: attachable("permissionsBoundary"),
		Pass:  attached(onlyRoles[0], "permissionsBoundary", "boundary"),
		Fail:  attached(onlyRoles[0], "permissionsBoundary", "nothing"),
		Seed:  rule.Seed{Stack: "production", At: roleToken + "::backend-task", Set: map[string]any{"permissionsBoundary": "arn:aws:iam::444455556666:policy/nobody"}},
	}, {
		ID: "identity-attachment-policy", Types: []string{attachmentToken, roleToken}, Code: "NoSuchEntity",
		Page:  "https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html",
		Says:  "A policy that is attached exists, in the account or among AWS's managed policies.",
		Fix:   "Correct the ARN; those of AWS often have a path, such as service-role/.",
		Check: attachable("policyArn", "managedPolicyArns"),
		Pass:  attached(attachmentToken, "policyArn", "boundary"),
		Fail:  attached(attachmentToken, "policyArn", "nothing"),
		Seed: rule.Seed{Stack: "staging", At: attachmentToken + "::backup-managed-0",
			Set: map[string]any{"policyArn": "arn:aws:iam::aws:policy/AWSBackupServiceRolePolicyForBackup"}},
	}}
}

var (
	nameForm    = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathForm    = regexp.MustCompile(`^/([\x21-\x7E]+/)?$`)
	description = regexp.MustCompile(`^[\t\n\r\x20-\x7E\x{A1}-\x{FF}]*$`)
)

func named(c *catalog.Call) *rule.Finding {
	limit := 128
	if c.Type.Token == roleToken {
		limit = 64
	}
	if name := c.Str("name"); name != "" && (!nameForm.MatchString(name) || len(name) > limit) {
		return rule.Find("name", name,
			"The specified value for the name is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-, and at most %d of them", limit)
	}
	return nil
}

func badPath(c *catalog.Call) *rule.Finding {
	if path := c.Str("path"); path != "" && !pathForm.MatchString(path) {
		return rule.Find("path", path,
			"The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	return nil
}

func badDescription(c *catalog.Call) *rule.Finding {
	if text := c.Str("description"); !description.MatchString(text) || len([]rune(text)) > 1000 {
		return rule.Find("description", text,
			"Value at 'roleDescription' failed to satisfy constraint: Member must satisfy regular expression pattern, and have at most 1000 characters")
	}
	return nil
}

// attachable wants the policies at some properties to exist.
func attachable(properties ...string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		for _, property := range properties {
			for _, arn := range c.Strs(property) {
				if o := c.Tx.ByARN(arn); policy.Managed(arn) || o != nil && o.Type == policyToken {
					continue
				}
				hint := ""
				if strings.Contains(arn, ":iam::aws:") {
					hint = " (if AWS has it, list it in internal/rehearsal/aws/policy/managed.go)"
				}
				return rule.Find(property, arn, "Policy %s does not exist or is not attachable%s", arn, hint)
			}
		}
		return nil
	}
}

// attached is a case with a policy in an account that has the policy "boundary".
func attached(token, property, name string) rule.Case {
	return rule.Case{Type: token, Inputs: inputs{property: own("policy", name)}, World: []rule.Thing{
		{Type: policyToken, ID: own("policy", "boundary"), ARN: own("policy", "boundary"), Name: "boundary", Region: cloud.Global}}}
}
