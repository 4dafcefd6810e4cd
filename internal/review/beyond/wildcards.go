package beyond

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/policy"
)

// Wildcard is a statement that allows by pattern.
type Wildcard struct {
	Principal string `json:"principal"` // who has it: a role, or the resource that the policy stands at
	Policy    string `json:"policy"`
	Sid       string `json:"sid,omitempty"`
	// Allowed are all actions of the statement.
	Allowed []string `json:"allowed"`
	// Actions are the action patterns, AllActions whether one is * or a whole service (s3:*, or NotAction).
	Actions    []string `json:"actions"`
	AllActions bool     `json:"allActions"`
	// Resources are the resource patterns, AllResources whether one is *.
	Resources    []string `json:"resources"`
	AllResources bool     `json:"allResources"`
	// Everybody tells that the statement is about anyone at all.
	Everybody  bool     `json:"everybody"`
	NarrowedBy []string `json:"narrowedBy"`
}

// wildcardsOf are the statements that allow by pattern.
func wildcardsOf(who string, grants []grant) []Wildcard {
	var out []Wildcard
	for _, g := range grants {
		if !g.Allow {
			continue
		}
		one := Wildcard{
			Principal: who, Policy: g.policy, Sid: g.Sid, Allowed: unique(g.Actions...), Actions: []string{}, Resources: []string{},
			NarrowedBy: unique(conditionLines(g.Conditions)...), AllActions: len(g.NotActions) > 0, AllResources: slices.Contains(g.Targets(), "*"),
		}
		for _, action := range g.NotActions {
			one.Actions = append(one.Actions, "everything but "+action)
		}
		for _, action := range g.Actions {
			if strings.ContainsAny(action, "*?") {
				one.Actions = append(one.Actions, action)
				one.AllActions = one.AllActions || strings.HasSuffix(action, ":*") || action == "*"
			}
		}
		for _, pattern := range g.Targets() {
			if strings.ContainsAny(pattern, "*?") {
				one.Resources = append(one.Resources, pattern)
			}
		}
		if len(one.Actions)+len(one.Resources) > 0 {
			out = append(out, one)
		}
	}
	return out
}

// openTrust is the wildcard in a role's trust policy: everybody may assume it. nil when there is none.
func openTrust(p *principal) *Wildcard {
	for _, g := range p.trust {
		if g.Allow && g.Everybody() {
			return &Wildcard{
				Principal: p.Label(), Policy: p.Label(), Sid: g.Sid, Allowed: unique(g.Actions...), Actions: []string{}, Resources: []string{},
				Everybody: true, NarrowedBy: unique(conditionLines(g.Conditions)...),
			}
		}
	}
	return nil
}

// standing are the resources that hold a policy about a resource, and where they name it; at is empty for the resource itself.
var standing = []struct{ token, path, at, of string }{
	{"aws:s3/bucketPolicy:BucketPolicy", "policy", "bucket", bucketType},
	{"aws:sns/topicPolicy:TopicPolicy", "policy", "arn", "aws:sns/topic:Topic"},
	{"aws:sqs/queue:Queue", "policy", "", ""},
	{"aws:sqs/queuePolicy:QueuePolicy", "policy", "queueUrl", "aws:sqs/queue:Queue"},
	{"aws:kms/key:Key", "policy", "", ""},
	{"aws:kms/replicaKey:ReplicaKey", "policy", "", ""},
	{"aws:kms/keyPolicy:KeyPolicy", "policy", "keyId", "aws:kms/key:Key"},
	{"aws:backup/vaultPolicy:VaultPolicy", "policy", "backupVaultName", vaultType},
	{"aws:secretsmanager/secret:Secret", "policy", "", ""},
	{"aws:secretsmanager/secretPolicy:SecretPolicy", "policy", "secretArn", "aws:secretsmanager/secret:Secret"},
	{"aws:ecr/repositoryPolicy:RepositoryPolicy", "policy", "repository", repositoryType},
	{"aws:ecr/registryPolicy:RegistryPolicy", "policy", "", ""},
	{"aws:cloudwatch/logResourcePolicy:LogResourcePolicy", "policyDocument", "", ""},
	{"aws:apigateway/restApi:RestApi", "policy", "", ""},
	{endpointType, "policy", "", ""},
	{"aws:dynamodb/resourcePolicy:ResourcePolicy", "policy", "resourceArn", tableType},
}

// stood is a policy that stands at a resource.
type stood struct {
	label  string
	grants []grant
}

// standingPolicies are the policies that stand at resources, and the permissions of functions.
func standingPolicies(m *review.Model) []stood {
	var out []stood
	for _, kind := range standing {
		for _, r := range m.All(kind.token) {
			one := stood{r.Label(), documentOf(r, kind.path)}
			if kind.at != "" {
				if of := m.FindFrom(r, kind.of, r.Str(kind.at)); of != nil {
					one.label = of.Label()
				}
			}
			if len(one.grants) > 0 {
				out = append(out, one)
			}
		}
	}
	for _, r := range m.All("aws:lambda/permission:Permission") {
		out = append(out, permission(m, r))
	}
	return out
}

// permission is a statement of a function's policy, which Pulumi has as a resource with a property for each part.
func permission(m *review.Model, r *review.Resource) stood {
	label := r.Str("function")
	if function := m.Find(functionType, label); function != nil {
		label = function.Label()
	}
	who := policy.Principal{Kind: "Service", Value: r.Str("principal")}
	if who.Value == "*" {
		who.Kind = "*"
	}
	statement := policy.Statement{
		Sid: r.Str("statementId"), Allow: true, Actions: r.Strs("action"), Resources: []string{label}, Principals: []policy.Principal{who},
	}
	for _, c := range []struct{ operator, key, path string }{
		{"ArnLike", "aws:SourceArn", "sourceArn"}, {"StringEquals", "aws:SourceAccount", "sourceAccount"},
		{"StringEquals", "aws:PrincipalOrgID", "principalOrgId"}, {"StringEquals", "lambda:FunctionUrlAuthType", "functionUrlAuthType"},
	} {
		if value := r.Str(c.path); value != "" {
			statement.Conditions = append(statement.Conditions, policy.Condition{Operator: c.operator, Key: c.key, Values: []string{value}})
		}
	}
	return stood{label, []grant{{statement, r.Label()}}}
}

// openPolicies are the statements of standing policies that allow everybody. A resource pattern says nothing there: * is the
// resource itself. The policy of a VPC endpoint grants nothing: it limits what others grant.
func openPolicies(all []stood) []Wildcard {
	var out []Wildcard
	for _, one := range all {
		for _, g := range one.grants {
			if strings.HasPrefix(one.label, endpointType) {
				continue
			}
			if g.Allow && g.Everybody() {
				out = append(out, Wildcard{
					Principal: one.label, Policy: g.policy, Sid: g.Sid, Allowed: unique(g.Actions...), Actions: []string{}, Resources: []string{},
					Everybody: true, NarrowedBy: unique(conditionLines(g.Conditions)...),
				})
			}
		}
	}
	return out
}
