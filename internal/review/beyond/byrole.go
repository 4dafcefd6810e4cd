package beyond

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

// service is an AWS service that holds data and is reached by its API, where IAM decides and not a security group.
type service struct {
	name   string // in the names of VPC endpoints
	tokens []string
	suffix string // of the ARN that the actions are done to
	read   []string
	write  []string
}

var services = []service{
	{"dynamodb", []string{tableType}, "", []string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"},
		[]string{"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}},
	{"s3", bucketTypes, "/object", []string{"s3:GetObject"}, []string{"s3:PutObject", "s3:DeleteObject"}},
	{"secretsmanager", []string{secretType}, "", []string{"secretsmanager:GetSecretValue"}, []string{"secretsmanager:PutSecretValue"}},
	{"sqs", []string{queueType}, "", []string{"sqs:ReceiveMessage"}, []string{"sqs:SendMessage"}},
}

// byRole are the ways on from what runs code to the data that its role lets it read or write.
func (g *graph) byRole(from *node) []Path {
	p := g.house.byResource[g.roleOf(from.Resource)]
	if p == nil {
		return nil
	}
	var out []Path
	for _, s := range services {
		for _, store := range g.All(s.tokens...) {
			arn := store.Str("arn") + s.suffix
			read, write := p.may(arn, s.read), p.may(arn, s.write)
			if !read && !write {
				continue
			}
			does := map[[2]bool]string{{true, true}: "read and write", {true, false}: "read", {false, true}: "write"}[[2]bool{read, write}]
			step := Step{Resource: store.Label(), Over: "HTTPS 443"}
			step.say(true, fmt.Sprintf("IAM: the role %s may %s", short(p.Resource), does), "")
			step.say(g.endpoint(s.name), "by a VPC endpoint", "")
			out = append(out, then(step, nil)...)
		}
	}
	return out
}

// may tells whether a principal may do one of some actions to a resource.
func (p *principal) may(arn string, actions []string) bool {
	for _, action := range actions {
		for _, r := range p.reaches(action) {
			if r.means(arn) {
				return true
			}
		}
	}
	return false
}

// roleOf is the role that code runs with: a task's, a function's.
func (g *graph) roleOf(r *review.Resource) *review.Resource {
	switch r.Type {
	case functionType:
		return g.Find(roleType, r.Str("role"))
	case serviceType:
		if definition := taskDefinition(g.Model, r); definition != nil && definition.Str("taskRoleArn") != "" {
			return g.Find(roleType, definition.Str("taskRoleArn"))
		}
	}
	return nil
}

// endpoint tells whether the stack has a VPC endpoint for a service.
func (g *graph) endpoint(name string) bool {
	for _, endpoint := range g.All(endpointType) {
		if strings.HasSuffix(endpoint.Str("serviceName"), "."+name) {
			return true
		}
	}
	return false
}
