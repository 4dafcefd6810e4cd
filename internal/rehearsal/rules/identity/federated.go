package identity

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	githubHost = "token.actions.githubusercontent.com"
	sharedPage = guide + "id_roles_providers_oidc_secure-by-default.html"
	oidcPage   = guide + "id_roles_create_for-idp_oidc.html"
)

// subjects are identity providers that many organisations share, and whose tokens tell them apart by the subject alone.
var subjects = []string{githubHost, "gitlab.com", "agent.buildkite.com", "app.terraform.io"}

// federated are the rules of roles that an identity provider's tokens open.
func federated() []rule.Rule {
	return []rule.Rule{{
		ID: "identity-federated-subject", Types: onlyRoles, Code: "MalformedPolicyDocument", Page: sharedPage, Foreseen: true,
		Says:  "A role trusted to a shared identity provider, such as GitHub, looks at the token's subject.",
		Fix:   "Add a condition on the provider's sub claim that names the organisation and its repository or project.",
		Check: holds(trust, noSubject),
		Pass:  trusts(web(githubHost, `"StringEquals":{"`+githubHost+`:aud":"sts.amazonaws.com","`+githubHost+`:sub":"repo:a/b:environment:production"}`)),
		Fail:  trusts(web(githubHost, `"StringEquals":{"`+githubHost+`:aud":"sts.amazonaws.com"}`)),
		Seed:  replaced(roleToken+"::github-preview", "assumeRolePolicy", githubHost+":sub", githubHost+":actor"),
	}, {
		ID: "identity-federated-subject-open", Types: onlyRoles, Code: "MalformedPolicyDocument", Page: sharedPage, Foreseen: true,
		Says:  "The condition on a shared identity provider's subject is no wildcard alone.",
		Fix:   "Name the organisation and the repository in the subject, for example repo:owner/name:environment:production.",
		Check: holds(trust, openSubject),
		Pass:  trusts(web(githubHost, `"StringLike":{"`+githubHost+`:sub":"repo:a/*"}`)),
		Fail:  trusts(web(githubHost, `"StringLike":{"`+githubHost+`:sub":"*"}`)),
		Seed:  rule.Seed{Stack: "production", At: roleToken + "::github-preview", Edit: map[string]func(string) string{"assumeRolePolicy": anySubject}},
	}, {
		ID: "identity-federated-provider", Types: onlyRoles, Code: "InvalidIdentityToken", Page: oidcPage,
		Says: "A role that an identity provider's tokens open needs that provider in its account; without it nobody can assume the role.",
		Fix:  "Make the OpenID Connect provider first, and take its ARN from it.", Check: missingProvider,
		Pass: federatedCase(githubHost, "sts.amazonaws.com"), Fail: federatedCase("id.example.com", "sts.amazonaws.com"),
		Seed: rule.Seed{Stack: "staging", At: roleToken + "::github-deploy", Set: map[string]any{
			"assumeRolePolicy": web("id.example.com", `"StringEquals":{"id.example.com:sub":"staging"}`)}},
	}, {
		ID: "identity-federated-audience", Types: onlyRoles, Code: "InvalidIdentityToken", Page: oidcPage,
		Says: "The audience that a trust policy asks for is one of the provider's client ids; a token for another one is refused.",
		Fix:  "Use one of the provider's clientIdLists, or add the audience to it.", Check: unknownAudience,
		Pass: federatedCase(githubHost, "sts.amazonaws.com"), Fail: federatedCase(githubHost, "sts.example.com"),
		Seed: rule.Seed{Stack: "production", At: roleToken + "::github-deploy", Edit: map[string]func(string) string{
			"assumeRolePolicy": rule.Replace(`"sts.amazonaws.com"`, `"sts.example.com"`)}},
	}}
}

// web is a trust policy for tokens of a provider of the account.
func web(host, condition string) string {
	return allow(`"Principal":{"Federated":"` + own("oidc-provider", host) + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{` + condition + `}`)
}

// federatedCase is a role for tokens of a host with an audience, in an account that has GitHub's provider.
func federatedCase(host, audience string) rule.Case {
	github := rule.Thing{Type: providerToken, ID: own("oidc-provider", githubHost), ARN: own("oidc-provider", githubHost), Region: cloud.Global,
		State: inputs{"url": "https://" + githubHost, "clientIdLists": []any{"sts.amazonaws.com"}}}
	result := trusts(web(host, `"StringEquals":{"`+host+`:aud":"`+audience+`","`+host+`:sub":"repo:a/b:pull_request"}`))
	result.World = []rule.Thing{github}
	return result
}

// anySubject replaces the subject that a trust policy asks for by a wildcard.
func anySubject(text string) string {
	_, rest, _ := strings.Cut(text, githubHost+`:sub":"`)
	subject, _, _ := strings.Cut(rest, `"`)
	return rule.Replace(`StringEquals`, `StringLike`)(rule.Replace(`"`+subject+`"`, `"*"`)(text))
}

// hosts are the identity providers that a statement trusts, by their hosts.
func hosts(s *policy.Statement) []string {
	var found []string
	for _, arn := range s.Principal["Federated"] {
		if _, host, is := strings.Cut(arn, ":oidc-provider/"); is {
			found = append(found, host)
		}
	}
	return found
}

// wanted are the values that a statement's conditions want of a key, and whether there is such a condition.
func wanted(s *policy.Statement, key string) (values []string, asked bool) {
	for operator, keys := range s.Condition {
		for name, list := range keys {
			if strings.EqualFold(name, key) && !strings.Contains(operator, "Not") && operator != "Null" {
				values, asked = append(values, list...), true
			}
		}
	}
	return values, asked
}

func noSubject(doc *policy.Document) string {
	for i := range doc.Statement {
		s := &doc.Statement[i]
		for _, host := range hosts(s) {
			if _, asked := wanted(s, host+":sub"); s.Effect == "Allow" && slices.Contains(subjects, host) && !asked {
				return "Missing required trust policy condition: " + host + ":sub"
			}
		}
	}
	return ""
}

func openSubject(doc *policy.Document) string {
	for i := range doc.Statement {
		s := &doc.Statement[i]
		for _, host := range hosts(s) {
			values, _ := wanted(s, host+":sub")
			if s.Effect == "Allow" && slices.Contains(subjects, host) && slices.Contains(values, "*") {
				return "The condition " + host + ":sub in the trust policy must not be a wildcard alone"
			}
		}
	}
	return ""
}

// eachProvider visits the providers of the account that a role trusts; the object is nil when there is none.
func eachProvider(c *catalog.Call, visit func(s *policy.Statement, arn string, provider *cloud.Object) *rule.Finding) *rule.Finding {
	doc, err := policy.Parse(c.Str("assumeRolePolicy"))
	if err != nil {
		return nil
	}
	mine := "arn:" + c.Partition + ":iam::" + c.Account + ":oidc-provider/"
	for i := range doc.Statement {
		for _, arn := range doc.Statement[i].Principal["Federated"] {
			if !strings.HasPrefix(arn, mine) || doc.Statement[i].Effect != "Allow" {
				continue
			}
			if found := visit(&doc.Statement[i], arn, c.Tx.ByARN(arn)); found != nil {
				return found
			}
		}
	}
	return nil
}

func missingProvider(c *catalog.Call) *rule.Finding {
	return eachProvider(c, func(_ *policy.Statement, arn string, provider *cloud.Object) *rule.Finding {
		if provider != nil {
			return nil
		}
		return rule.Find("assumeRolePolicy", arn,
			"No OpenIDConnect provider found in your account for https://%s", arn[strings.Index(arn, "oidc-provider/")+len("oidc-provider/"):])
	})
}

func unknownAudience(c *catalog.Call) *rule.Finding {
	return eachProvider(c, func(s *policy.Statement, arn string, provider *cloud.Object) *rule.Finding {
		if provider == nil {
			return nil
		}
		known := catalog.Strs(provider.State, "clientIdLists")
		_, host, _ := strings.Cut(arn, ":oidc-provider/")
		values, _ := wanted(s, host+":aud")
		for _, audience := range values {
			if !strings.ContainsAny(audience, "*?") && !slices.Contains(known, audience) {
				return rule.Find("assumeRolePolicy", audience, "Incorrect token audience: the provider's client ids are %s", strings.Join(known, ", "))
			}
		}
		return nil
	})
}
