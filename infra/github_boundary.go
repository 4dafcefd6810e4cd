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

// verbsOf widens actions to their verbs: ec2:CreateVpc becomes ec2:Create*. IAM and the signing key's actions stay as
// they are. The result is sorted and without repetition.
func verbsOf(actions []string) []string {
	var verbs []string
	for _, action := range actions {
		service, name, _ := strings.Cut(action, ":")
		if service == "iam" || service == "sts" || service == "kms" || strings.Contains(name, "PassRole") {
			verbs = append(verbs, action)
			continue
		}
		verb := name
		for i := 1; i < len(name); i++ {
			if name[i] >= 'A' && name[i] <= 'Z' || name[i] == '*' {
				verb = name[:i] + "*"
				break
			}
		}
		verbs = append(verbs, service+":"+verb)
	}
	slices.Sort(verbs)
	return slices.Compact(verbs)
}
