package identity

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	roleToken       = "aws:iam/role:Role"
	policyToken     = "aws:iam/policy:Policy"
	inlineToken     = "aws:iam/rolePolicy:RolePolicy"
	attachmentToken = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	profileToken    = "aws:iam/instanceProfile:InstanceProfile"
	providerToken   = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
	keyToken        = "aws:kms/key:Key"
	replicaToken    = "aws:kms/replicaKey:ReplicaKey"
	topicToken      = "aws:sns/topicPolicy:TopicPolicy"
	bucketToken     = "aws:s3/bucketPolicy:BucketPolicy"

	guide = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
	api   = "https://docs.aws.amazon.com/IAM/latest/APIReference/"

	// account is the account of the rules' cases.
	account = "111122223333"
)

type inputs = map[string]any

// document is a policy document of a resource and the property that holds it.
type document struct{ property, text string }

// permissions are the documents of a resource that say what somebody may do.
func permissions(c *catalog.Call) []document {
	if c.Type.Token != roleToken {
		return []document{{"policy", c.Str("policy")}}
	}
	var documents []document
	for _, leaf := range catalog.Leaves(c.State, "inlinePolicies[].policy") {
		if leaf.Value.IsString() {
			documents = append(documents, document{leaf.Path, leaf.Value.StringValue()})
		}
	}
	return documents
}

// trust is the document of a role that says who may assume it.
func trust(c *catalog.Call) []document {
	if c.Type.Token != roleToken {
		return nil
	}
	return []document{{"assumeRolePolicy", c.Str("assumeRolePolicy")}}
}

// both are a resource's permissions and trust.
func both(c *catalog.Call) []document { return append(trust(c), permissions(c)...) }

// holds checks the documents of a resource. What is not known yet or is no document at all is left to others.
func holds(documents func(*catalog.Call) []document, broken func(*policy.Document) string) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		for _, d := range documents(c) {
			doc, err := policy.Parse(d.text)
			if d.text == "" || err != nil {
				continue
			}
			if message := broken(&doc); message != "" {
				return rule.Find(d.property, nil, "%s", message)
			}
		}
		return nil
	}
}

// statement is a document with one statement, of which the elements are given.
func statement(elements string) string {
	return `{"Version":"2012-10-17","Statement":[{` + elements + `}]}`
}

// allow is a document with one statement that allows something.
func allow(elements string) string { return statement(`"Effect":"Allow",` + elements) }

// permits is a managed policy with a document.
func permits(text string) rule.Case {
	return rule.Case{Type: policyToken, Inputs: inputs{"policy": text}}
}

// trusts is a role with a trust policy.
func trusts(text string) rule.Case {
	return rule.Case{Type: roleToken, Inputs: inputs{"name": "task", "assumeRolePolicy": text}}
}

// serviceTrust is a trust policy for a service.
func serviceTrust(service string) string {
	return allow(`"Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"`)
}

// replaced is a seed that replaces text in a document of staging.
func replaced(at, property, old, with string) rule.Seed {
	return rule.Seed{Stack: "staging", At: at, Edit: map[string]func(string) string{property: rule.Replace(old, with)}}
}

// number is the number at a path, if there is one and it is known.
func number(c *catalog.Call, path string) (float64, bool) {
	for _, leaf := range catalog.Leaves(c.State, path) {
		if leaf.Value.IsNumber() {
			return leaf.Value.NumberValue(), true
		}
	}
	return 0, false
}

// filler is text of a length, to make a document too long.
func filler(length int) string { return strings.Repeat("a", length) }

// own is an ARN of IAM in the account of the cases.
func own(kind, name string) string { return fmt.Sprintf("arn:aws:iam::%s:%s/%s", account, kind, name) }
