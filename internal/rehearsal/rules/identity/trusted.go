package identity

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

var onlyRoles = []string{roleToken}

// trusted are the rules of trust policies.
func trusted() []rule.Rule {
	rules := malformed([]rule.Rule{{
		ID: "identity-trust-principal", Types: onlyRoles, Page: elements + "principal.html",
		Says:  "Every statement of a trust policy names a principal.",
		Fix:   "Say who may assume the role: a service, an account, a role or an identity provider.",
		Check: holds(trust, policy.NoPrincipal), Pass: trusts(serviceTrust("lambda.amazonaws.com")), Fail: trusts(allow(`"Action":"sts:AssumeRole"`)),
		Seed: replaced(roleToken+"::rds-monitoring", "assumeRolePolicy", `"Principal":{"Service":"monitoring.rds.amazonaws.com"},`, ""),
	}, {
		ID: "identity-trust-resource", Types: onlyRoles, Page: guide + "id_roles_update-role-trust-policy.html",
		Says: "A trust policy names no resource: it is about its own role.", Fix: "Take Resource out of the trust policy.",
		Check: holds(trust, policy.HasResource), Pass: trusts(serviceTrust("lambda.amazonaws.com")),
		Fail: trusts(allow(`"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole","Resource":"*"`)),
		Seed: replaced(roleToken+"::network-flow", "assumeRolePolicy", `"Action":"sts:AssumeRole"`, `"Action":"sts:AssumeRole","Resource":"*"`),
	}, {
		ID: "identity-trust-action", Types: onlyRoles, Page: guide + "id_roles_update-role-trust-policy.html",
		Says:  "A trust policy speaks of actions of STS only.",
		Fix:   "Use sts:AssumeRole, sts:AssumeRoleWithWebIdentity, sts:AssumeRoleWithSAML, sts:TagSession or sts:SetSourceIdentity.",
		Check: holds(trust, trustAction), Pass: trusts(serviceTrust("lambda.amazonaws.com")),
		Fail: trusts(allow(`"Principal":{"Service":"lambda.amazonaws.com"},"Action":"iam:PassRole"`)),
		Seed: replaced(roleToken+"::api-gateway-logs", "assumeRolePolicy", `"sts:AssumeRole"`, `"logs:PutLogEvents"`),
	}, {
		ID: "identity-trust-principal-form", Types: onlyRoles, Page: elements + "principal.html",
		Says:  "A principal of AWS is an account, the ARN of one role, user or session, or everybody; a part of a name can't be a wildcard.",
		Fix:   "Write the whole ARN, or trust the account and narrow it by a condition on aws:PrincipalArn.",
		Check: holds(trust, principalForm),
		Pass:  trusts(allow(`"Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:root"]},"Action":"sts:AssumeRole"`)),
		Fail:  trusts(allow(`"Principal":{"AWS":"arn:aws:iam::111122223333:role/*"},"Action":"sts:AssumeRole"`)),
		Seed:  replaced(roleToken+"::bastion", "assumeRolePolicy", `{"Service":"ec2.amazonaws.com"}`, `{"AWS":"arn:aws:iam::111122223333:role/itrack-*"}`),
	}, {
		ID: "identity-trust-service", Types: onlyRoles, Page: elements + "principal.html",
		Says:  "A service that is trusted exists under the name that the trust policy gives it.",
		Fix:   "Write the service's principal as its documentation does, for example lambda.amazonaws.com.",
		Check: holds(trust, unknownService),
		Pass:  trusts(serviceTrust("monitoring.rds.amazonaws.com")),
		Fail:  trusts(serviceTrust("rds-monitoring.amazonaws.com")),
		Seed:  replaced(roleToken+"::delivery", "assumeRolePolicy", `"codedeploy.amazonaws.com"`, `"code-deploy.amazonaws.com"`),
	}})
	return append(rules, rule.Rule{
		ID: "identity-trust-role", Types: onlyRoles, Code: "MalformedPolicyDocument", Page: elements + "principal.html",
		Says: "A role that is trusted exists when it is named.", Fix: "Make the trusted role first, and take its ARN from it.",
		Check: missingRole("assumeRolePolicy"),
		Pass: rule.Case{World: []rule.Thing{{Type: roleToken, ID: "other", ARN: own("role", "other"), Region: cloud.Global}},
			Inputs: inputs{"assumeRolePolicy": allow(`"Principal":{"AWS":"` + own("role", "other") + `"},"Action":"sts:AssumeRole"`)}},
		Fail: trusts(allow(`"Principal":{"AWS":"` + own("role", "other") + `"},"Action":"sts:AssumeRole"`)),
		Seed: replaced(roleToken+"::backup", "assumeRolePolicy", `{"Service":"backup.amazonaws.com"}`, `{"AWS":"arn:aws:iam::111122223333:role/nobody"}`),
	})
}

func trustAction(doc *policy.Document) string {
	for _, s := range doc.Statement {
		for _, action := range append(append(policy.Strings{}, s.Action...), s.NotAction...) {
			if strings.Contains(action, ":") && !strings.HasPrefix(strings.ToLower(action), "sts:") {
				return fmt.Sprintf("AssumeRole policy may only specify STS AssumeRole actions, got %q", action)
			}
		}
	}
	return ""
}

var principal = regexp.MustCompile(`^(\*|\d{12}|arn:aws[a-z-]*:(iam|sts)::(\d{12}|aws|cloudfront):[^*?]+|AIDA\w+|AROA\w+)$`)

func principalForm(doc *policy.Document) string {
	for _, s := range doc.Statement {
		for _, who := range append(append(policy.Strings{}, s.Principal["AWS"]...), s.NotPrincipal["AWS"]...) {
			if !principal.MatchString(who) {
				return fmt.Sprintf("Invalid principal in policy: \"AWS\":%q", who)
			}
		}
	}
	return ""
}

// missingRole wants the roles of the account that a document names as principals to exist.
func missingRole(property string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		doc, err := policy.Parse(c.Str(property))
		if err != nil {
			return nil
		}
		missing := policy.UnknownRole(c, &doc)
		if property == "assumeRolePolicy" && strings.ContainsAny(missing, "*?") {
			return nil // no name of a role at all: identity-trust-principal-form
		}
		if missing != "" {
			return rule.Find(property, missing, "Invalid principal in policy: \"AWS\":%q", missing)
		}
		return nil
	}
}
