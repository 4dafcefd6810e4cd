package identity

import (
	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	grammar  = guide + "reference_policies_grammar.html"
	elements = guide + "reference_policies_elements_"
)

// holders are the types with permissions.
var holders = []string{policyToken, inlineToken, roleToken}

// documents are the rules of the language of IAM's documents.
func documents() []rule.Rule {
	rules := []rule.Rule{{
		ID: "identity-document-version", Types: holders, Page: elements + "version.html",
		Says: "The document of a permission is written in version 2012-10-17 of the policy language.",
		Fix:  `Write "Version": "2012-10-17".`, Check: holds(permissions, policy.OldVersion),
		Pass: permits(allow(`"Action":"s3:ListAllMyBuckets","Resource":"*"`)),
		Fail: permits(`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`),
		Seed: replaced(policyToken+"::network-flow-write", "policy", "2012-10-17", "2008-10-17"),
	}, {
		ID: "identity-document-statement", Types: holders, Page: grammar,
		Says: "A policy document has at least one statement.",
		Fix:  "Give the document a statement, or leave the policy out.", Check: holds(both, policy.NoStatement),
		Pass: permits(allow(`"Action":"s3:ListAllMyBuckets","Resource":"*"`)), Fail: permits(`{"Version":"2012-10-17","Statement":[]}`),
		Seed: rule.Seed{Stack: "staging", At: policyToken + "::function-item-events-data", Set: map[string]any{"policy": `{"Version":"2012-10-17","Statement":[]}`}},
	}, {
		ID: "identity-document-element", Types: holders, Page: grammar,
		Says:  "A statement has no elements but those of the policy language.",
		Fix:   "Correct the element's name: Sid, Effect, Action, NotAction, Resource, NotResource, Principal, NotPrincipal or Condition.",
		Check: holds(both, policy.BadElement), Pass: permits(allow(`"Action":"s3:ListAllMyBuckets","Resource":"*"`)),
		Fail: permits(allow(`"Action":"s3:ListAllMyBuckets","Resource":"*","Resources":"*"`)),
		Seed: replaced(policyToken+"::function-item-events-run", "policy", `"Effect":"Allow",`, `"Effect":"Allow","Resources":"*",`),
	}, {
		ID: "identity-document-effect", Types: holders, Page: elements + "effect.html",
		Says: "The effect of a statement is Allow or Deny.", Fix: "Write Allow or Deny, with a capital.", Check: holds(both, policy.BadEffect),
		Pass: permits(allow(`"Action":"s3:ListAllMyBuckets","Resource":"*"`)),
		Fail: permits(statement(`"Effect":"allow","Action":"s3:ListAllMyBuckets","Resource":"*"`)),
		Seed: replaced(policyToken+"::function-item-events-stream", "policy", `"Effect":"Allow"`, `"Effect":"allow"`),
	}, {
		ID: "identity-document-action", Types: holders, Page: elements + "action.html",
		Says: "A statement has either Action or NotAction.", Fix: "Name the actions that the statement is about, in one of the two elements.",
		Check: holds(both, policy.BadAction), Pass: permits(allow(`"Action":"s3:ListAllMyBuckets","Resource":"*"`)), Fail: permits(allow(`"Resource":"*"`)),
		Seed: replaced(policyToken+"::delivery-alarms", "policy", `"Effect":"Allow","Action"`, `"Effect":"Allow","NotAction":"iam:*","Action"`),
	}, {
		ID: "identity-document-action-form", Types: holders, Page: elements + "action.html",
		Says: "An action is named with its service, as service:Action.", Fix: "Write the action as the service's prefix, one colon and the action's name.",
		Check: holds(both, policy.BadActionForm),
		Pass:  permits(allow(`"Action":["*","s3:Get*"],"Resource":"*"`)),
		Fail:  permits(allow(`"Action":"GetObject","Resource":"*"`)),
		Seed:  replaced(policyToken+"::function-release-check-run", "policy", `"logs:PutLogEvents"`, `"PutLogEvents"`),
	}, {
		ID: "identity-document-sid", Types: holders, Page: elements + "sid.html",
		Says: "The statement ids of a document differ.", Fix: "Give each statement an id of its own, or none.", Check: holds(both, policy.BadSID),
		Pass: permits(twoStatements("One", "Two")), Fail: permits(twoStatements("One", "One")),
		Seed: replaced(policyToken+"::function-restore-check-run", "policy", `"Sid":"WriteTraces"`, `"Sid":"WriteLogs"`),
	}, {
		ID: "identity-document-sid-form", Types: holders, Page: elements + "sid.html",
		Says:  "A statement id has letters and digits only.",
		Fix:   "Take spaces, hyphens and underscores out of the id.",
		Check: holds(permissions, policy.BadSIDForm),
		Pass:  permits(twoStatements("One", "Two")), Fail: permits(twoStatements("Read-It", "Two")),
		Seed: replaced(policyToken+"::delivery-hook", "policy", `"Sid":"CallHook"`, `"Sid":"Call-Hook"`),
	}, {
		ID: "identity-document-condition", Types: holders, Page: elements + "condition_operators.html",
		Says: "The operators of conditions are those of the policy language.", Fix: "Correct the operator, for example StringEquals, ArnLike or Bool.",
		Check: holds(both, policy.BadCondition),
		Pass:  permits(allow(`"Action":"s3:*","Resource":"*","Condition":{"ForAnyValue:StringLikeIfExists":{"aws:TagKeys":["a*"]}}`)),
		Fail:  permits(allow(`"Action":"s3:*","Resource":"*","Condition":{"StringEqual":{"aws:SourceAccount":"1"}}`)),
		Seed:  replaced(policyToken+"::backend-execution-start", "policy", `"StringEquals"`, `"StringEqual"`),
	}, {
		ID: "identity-document-principal", Types: holders, Page: elements + "principal.html",
		Says: "The document of a permission names no principal: whoever has the policy is meant.",
		Fix:  "Take Principal out; who may assume a role stands in assumeRolePolicy.", Check: holds(permissions, policy.HasPrincipal),
		Pass: permits(allow(`"Action":"s3:ListAllMyBuckets","Resource":"*"`)),
		Fail: permits(allow(`"Principal":"*","Action":"s3:ListAllMyBuckets","Resource":"*"`)),
		Seed: replaced(policyToken+"::bastion-session", "policy", `"Effect":"Allow"`, `"Effect":"Allow","Principal":"*"`),
	}, {
		ID: "identity-document-resource", Types: holders, Page: elements + "resource.html",
		Says: "A permission's statement has either Resource or NotResource.", Fix: `Name the resources that the statement is about, or "*" for all.`,
		Check: holds(permissions, policy.NoResource), Pass: permits(allow(`"Action":"s3:ListAllMyBuckets","Resource":"*"`)),
		Fail: permits(allow(`"Action":"s3:ListAllMyBuckets"`)),
		Seed: replaced(policyToken+"::github-preview-no-data", "policy", `"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"`, `"Effect":"Deny","Action":"kms:Decrypt"`),
	}}
	return malformed(rules)
}

// malformed completes the rules of documents: they have one code, and need no cloud.
func malformed(rules []rule.Rule) []rule.Rule {
	for i := range rules {
		rules[i].Code, rules[i].Foreseen = "MalformedPolicyDocument", true
	}
	return rules
}

// twoStatements is a document with two statements and their ids.
func twoStatements(first, second string) string {
	return `{"Version":"2012-10-17","Statement":[{"Sid":"` + first + `","Effect":"Allow","Action":"s3:GetObject","Resource":"*"},` +
		`{"Sid":"` + second + `","Effect":"Deny","Action":"s3:PutObject","Resource":"*"}]}`
}
