package policy

import (
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

const (
	policyToken     = "aws:iam/policy:Policy"
	inlineToken     = "aws:iam/rolePolicy:RolePolicy"
	attachmentToken = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
)

// logs are the rights to write logs, which most of AWS's execution roles begin with.
var logs = Strings{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}

// granted are the actions that AWS's managed policies for execution roles allow, on every resource.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
var granted = map[string]Strings{
	"service-role/AmazonECSTaskExecutionRolePolicy": {"ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer",
		"ecr:BatchGetImage", "logs:CreateLogStream", "logs:PutLogEvents"},
	"service-role/AWSLambdaBasicExecutionRole": logs,
	"service-role/AWSLambdaVPCAccessExecutionRole": append(Strings{"ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
		"ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"}, logs...),
	"service-role/AWSLambdaDynamoDBExecutionRole": append(Strings{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator",
		"dynamodb:ListStreams"}, logs...),
	"service-role/AWSLambdaSQSQueueExecutionRole": append(Strings{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}, logs...),
	"AmazonSSMManagedInstanceCore":                {"ssm:*", "ssmmessages:*", "ec2messages:*"},
}

// RoleMay tells whether a role may do something: some policy of its own allows it, none denies it, and its boundary allows
// it too. An empty resource means any. Conditions count as met in what is allowed and as not met in what is denied, so
// that "no" is certain. A role or a managed policy of AWS that is not known here may do everything.
func RoleMay(c *catalog.Call, role, action, resource string) bool {
	o := c.Tx.ByARN(role)
	if o == nil {
		return true
	}
	if boundary := catalog.Str(o.State, "permissionsBoundary"); boundary != "" {
		if statements, known := managedStatements(c, boundary); known && !decides(statements, action, resource) {
			return false
		}
	}
	statements, known := roleStatements(c, o)
	return !known || decides(statements, action, resource)
}

// roleStatements are the statements of a role's policies; false when one of the policies is not known.
func roleStatements(c *catalog.Call, role *cloud.Object) (Statements, bool) {
	var all Statements
	add := func(text string) {
		if doc, err := Parse(text); err == nil {
			all = append(all, doc.Statement...)
		}
	}
	for _, text := range catalog.Strs(role.State, "inlinePolicies[].policy") {
		add(text)
	}
	ours := func(o *cloud.Object) bool { return catalog.Str(o.State, "role") == role.Name }
	for _, inline := range c.Tx.Find(c.Account, "", inlineToken, ours) {
		add(catalog.Str(inline.State, "policy"))
	}
	attached := catalog.Strs(role.State, "managedPolicyArns")
	for _, attachment := range c.Tx.Find(c.Account, "", attachmentToken, ours) {
		attached = append(attached, catalog.Str(attachment.State, "policyArn"))
	}
	for _, arn := range attached {
		statements, known := managedStatements(c, arn)
		if !known {
			return nil, false
		}
		all = append(all, statements...)
	}
	return all, true
}

// managedStatements are the statements of a managed policy; false when it is not known.
func managedStatements(c *catalog.Call, arn string) (Statements, bool) {
	if _, name, aws := strings.Cut(arn, ":iam::aws:policy/"); aws {
		actions, known := granted[name]
		return Statements{{Effect: "Allow", Action: actions, Resource: Strings{"*"}}}, known
	}
	o := c.Tx.ByARN(arn)
	if o == nil || o.Type != policyToken {
		return nil, false
	}
	doc, err := Parse(catalog.Str(o.State, "policy"))
	return doc.Statement, err == nil
}

func decides(statements Statements, action, resource string) bool {
	allowed := false
	for i := range statements {
		s := &statements[i]
		if !s.speaksOf(action, resource) {
			continue
		}
		if s.Effect == "Deny" && len(s.Condition) == 0 {
			return false
		}
		allowed = allowed || s.Effect == "Allow"
	}
	return allowed
}

// speaksOf tells whether a statement is about an action on a resource, "" for any.
func (s *Statement) speaksOf(action, resource string) bool {
	if len(s.NotAction) > 0 && anyMatches(s.NotAction, action) || len(s.NotAction) == 0 && !anyMatches(s.Action, action) {
		return false
	}
	if resource == "" {
		return true
	}
	if len(s.NotResource) > 0 {
		return !matchesExactly(s.NotResource, resource)
	}
	return len(s.Resource) == 0 || matchesExactly(s.Resource, resource)
}

// anyMatches compares actions, which have no case.
func anyMatches(patterns Strings, action string) bool {
	for _, pattern := range patterns {
		if glob(strings.ToLower(pattern), strings.ToLower(action)) {
			return true
		}
	}
	return false
}

func matchesExactly(patterns Strings, resource string) bool {
	for _, pattern := range patterns {
		if glob(pattern, resource) {
			return true
		}
	}
	return false
}

// glob matches with * for any text and ? for any character.
func glob(pattern, text string) bool {
	for pattern != "" {
		switch pattern[0] {
		case '*':
			for i := 0; i <= len(text); i++ {
				if glob(pattern[1:], text[i:]) {
					return true
				}
			}
			return false
		case '?':
			if text == "" {
				return false
			}
		default:
			if text == "" || text[0] != pattern[0] {
				return false
			}
		}
		pattern, text = pattern[1:], text[1:]
	}
	return text == ""
}
