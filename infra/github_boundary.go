package infra

import (
	"slices"
	"strings"
)

// pipelineBoundaryStatements are the boundary of the pipeline's roles. It is of use because the deploy role manages its
// own policies with the rest of the stack: whatever somebody merges into them ends here. It allows what the deploy
// role's policies name, by verb instead of by action, and nothing can be done to the boundaries themselves or to the
// two roles' trust by the pipeline: an administrator deploys such a change.
func pipelineBoundaryStatements(p *Placement) []Statement {
	var actions []string
	for _, policy := range deployPolicies(p, "state") {
		for _, statement := range policy.statements {
			if statement.Effect == "" {
				actions = append(actions, statement.Actions...)
			}
		}
	}
	actions = append(actions, previewActions...)
	return append([]Statement{{Sid: "Pipeline", Actions: verbsOf(actions), Resources: []string{"*"}}}, pipelineDenials(p)...)
}

// plainVerbs are the verbs that are widened even in IAM and KMS: they read, or they name.
var plainVerbs = []string{"Describe", "Get", "List", "Tag", "Untag"}

// verbsOf widens actions to their verbs: ec2:CreateVpc becomes ec2:Create*. What writes in IAM or uses a key stays as it
// is. The result is sorted and without repetition.
func verbsOf(actions []string) []string {
	var verbs []string
	for _, action := range actions {
		service, name, _ := strings.Cut(action, ":")
		verb := firstWord(name)
		if (service == "iam" || service == "kms") && !slices.Contains(plainVerbs, verb) || verb == name {
			verbs = append(verbs, action)
			continue
		}
		verbs = append(verbs, service+":"+verb+"*")
	}
	slices.Sort(verbs)
	return slices.Compact(verbs)
}

// firstWord is Create of CreateVpc and Get of Get*; a name of one word, or of capitals as API Gateway's, is its own.
func firstWord(name string) string {
	if strings.ToUpper(name) == name {
		return name
	}
	for i := 1; i < len(name); i++ {
		if name[i] >= 'A' && name[i] <= 'Z' || name[i] == '*' {
			return name[:i]
		}
	}
	return name
}
