package infra

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// policyVersion is the version of IAM's policy grammar; older documents have no policy variables.
const policyVersion = "2012-10-17"

// Statement is one statement of an IAM policy document. Lists hold plain strings; what is known only after other
// resources exist goes through PolicyFrom.
type Statement struct {
	Sid          string
	Effect       string // Allow where empty
	Principals   Principals
	Actions      []string
	NotActions   []string
	Resources    []string
	NotResources []string
	// Conditions: operator -> condition key -> values.
	Conditions map[string]map[string][]string
}

// Principals of a resource policy or trust policy. Any means every principal ("*"); a condition has to narrow it.
type Principals struct {
	Any       bool
	Services  []string
	AWS       []string
	Federated []string
}

// policyDocument is what IAM stores: keys in the order IAM writes them, lists sorted, one element written bare as IAM
// returns it, so that a preview without a change shows none.
type policyDocument struct {
	Version   string            `json:"Version"`
	Statement []policyStatement `json:"Statement"`
}

type policyStatement struct {
	Sid         string                    `json:"Sid,omitempty"`
	Effect      string                    `json:"Effect"`
	Principal   any                       `json:"Principal,omitempty"`
	Action      any                       `json:"Action,omitempty"`
	NotAction   any                       `json:"NotAction,omitempty"`
	Resource    any                       `json:"Resource,omitempty"`
	NotResource any                       `json:"NotResource,omitempty"`
	Condition   map[string]map[string]any `json:"Condition,omitempty"`
}

// Policy writes statements as one canonical document.
func Policy(statements ...Statement) (string, error) {
	document := policyDocument{Version: policyVersion}
	for i, statement := range statements {
		if len(statement.Actions) == 0 && len(statement.NotActions) == 0 {
			return "", fmt.Errorf("writing a policy: statement %d (%s) has no action", i, statement.Sid)
		}
		document.Statement = append(document.Statement, statement.canonical())
	}
	return canonicalJSON(document)
}

func (s Statement) canonical() policyStatement {
	effect := s.Effect
	if effect == "" {
		effect = "Allow"
	}
	result := policyStatement{
		Sid: s.Sid, Effect: effect, Principal: s.Principals.canonical(),
		Action: oneOrMany(s.Actions), NotAction: oneOrMany(s.NotActions),
		Resource: oneOrMany(s.Resources), NotResource: oneOrMany(s.NotResources),
	}
	for operator, keys := range s.Conditions {
		if result.Condition == nil {
			result.Condition = map[string]map[string]any{}
		}
		result.Condition[operator] = map[string]any{}
		for key, values := range keys {
			result.Condition[operator][key] = oneOrMany(values)
		}
	}
	return result
}

func (p Principals) canonical() any {
	if p.Any {
		return "*"
	}
	kinds := map[string]any{}
	for kind, names := range map[string][]string{"Service": p.Services, "AWS": p.AWS, "Federated": p.Federated} {
		if len(names) > 0 {
			kinds[kind] = oneOrMany(names)
		}
	}
	if len(kinds) == 0 {
		return nil
	}
	return kinds
}

func oneOrMany(values []string) any {
	switch len(values) {
	case 0:
		return nil
	case 1:
		return values[0]
	default:
		sorted := slices.Clone(values)
		sort.Strings(sorted)
		return slices.Compact(sorted)
	}
}

// canonicalJSON marshals v without HTML escapes and with sorted map keys.
func canonicalJSON(v any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "", fmt.Errorf("writing a document: %w", err)
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}

// PolicyFrom writes a policy from values that are known only later: build gets the resolved strings in the order of
// inputs. It runs as part of a preview only when all of them are known.
func PolicyFrom(inputs []pulumi.StringInput, build func(known []string) []Statement) pulumi.StringOutput {
	return DocumentFrom(inputs, func(known []string) (string, error) { return Policy(build(known)...) })
}

// DocumentFrom writes any document (a dashboard, a container list) from values that are known only later.
func DocumentFrom(inputs []pulumi.StringInput, build func(known []string) (string, error)) pulumi.StringOutput {
	return pulumi.StringArray(inputs).ToStringArrayOutput().ApplyT(build).(pulumi.StringOutput)
}

// TrustServices is a role's trust policy for AWS services. Conditions (aws:SourceAccount, aws:SourceArn) keep other
// accounts from using the service as their deputy; services that do not send them get none.
func TrustServices(conditions map[string]map[string][]string, services ...string) (string, error) {
	return Policy(Statement{
		Principals: Principals{Services: services},
		Actions:    []string{"sts:AssumeRole"},
		Conditions: conditions,
	})
}

// FromAccount is the condition that a service acts for this account.
func (p *Placement) FromAccount() map[string]map[string][]string {
	return map[string]map[string][]string{"StringEquals": {"aws:SourceAccount": {p.Account}}}
}

// tlsOnly denies every request on a bucket that does not come by TLS.
func tlsOnly(bucketArn string) Statement {
	return Statement{
		Sid: "TlsOnly", Effect: "Deny", Principals: Principals{Any: true},
		Actions: []string{"s3:*"}, Resources: []string{bucketArn, bucketArn + "/*"},
		Conditions: map[string]map[string][]string{"Bool": {"aws:SecureTransport": {"false"}}},
	}
}
