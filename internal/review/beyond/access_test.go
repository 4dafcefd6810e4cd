package beyond_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/itrack/itrack/internal/review/beyond"
	"github.com/itrack/itrack/internal/review/stacktest"
	"github.com/stretchr/testify/require"
)

type (
	p = stacktest.P
	l = stacktest.L
	r = stacktest.R
)

const account = "arn:aws:iam::111122223333:"

// role is a role that a service may assume, with an optional boundary.
func role(name, service, boundary string) r {
	props := p{"name": name, "arn": account + "role/app/" + name, "assumeRolePolicy": document(p{
		"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": p{"Service": service},
	})}
	if boundary != "" {
		props["permissionsBoundary"] = account + "policy/app/" + boundary
	}
	return r{Type: "aws:iam/role:Role", Name: name, Props: props}
}

// inline is a policy of one role.
func inline(name, of string, statements ...any) r {
	return r{Type: "aws:iam/rolePolicy:RolePolicy", Name: name, Props: p{"role": of, "policy": document(statements...)}}
}

// managed is a managed policy, attached to roles.
func managed(name string, statements []any, to ...string) []r {
	arn := account + "policy/app/" + name
	out := []r{{Type: "aws:iam/policy:Policy", Name: name, ID: arn, Props: p{"name": name, "arn": arn, "policy": document(statements...)}}}
	for _, one := range to {
		out = append(out, attach(name+"-"+one, one, arn))
	}
	return out
}

func attach(name, to, arn string) r {
	return r{Type: "aws:iam/rolePolicyAttachment:RolePolicyAttachment", Name: name, Props: p{"role": to, "policyArn": arn}}
}

func document(statements ...any) string {
	text, err := json.Marshal(p{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func allow(resource any, actions ...string) p {
	return p{"Sid": "S", "Effect": "Allow", "Action": actions, "Resource": resource}
}

func deny(resource any, actions ...string) p {
	return p{"Effect": "Deny", "Action": actions, "Resource": resource}
}

func where(statement p, operator, key string, values ...string) p {
	out := p{"Condition": p{operator: p{key: values}}}
	for name, value := range statement {
		out[name] = value
	}
	return out
}

func access(t *testing.T, resources ...[]r) beyond.Access {
	t.Helper()
	var all []r
	for _, some := range resources {
		all = append(all, some...)
	}
	return beyond.Examine(stacktest.Model(t, "production", all...)).Access
}

// waysOf are the ways of a role: method, and ! for an administrator's.
func waysOf(a beyond.Access, name string) map[string][]string {
	out := map[string][]string{}
	for _, way := range a.Ways {
		if way.Principal != "aws:iam/role:Role::"+name {
			continue
		}
		method := way.Method
		if way.Administrator {
			method = "!" + method
		}
		for _, to := range way.To {
			out[method] = append(out[method], strings.TrimPrefix(to, "aws:iam/role:Role::"))
		}
	}
	return out
}

func TestWhoMayDoWhat(t *testing.T) {
	a := access(t, []r{role("app", "lambda.amazonaws.com", "limit"), inline("own", "app", allow("arn:aws:s3:::data/*", "s3:GetObject"), deny("*",
		"s3:DeleteObject")),
		attach("aws", "app", "arn:aws:iam::aws:policy/ReadOnlyAccess")},
		managed("limit", []any{allow("*", "s3:*")}), managed("loose", []any{allow("*", "sqs:SendMessage")}),
		managed("given", []any{where(allow("*", "xray:Put*"), "StringEquals", "aws:RequestedRegion", "us-east-1", "us-west-2")}, "app", "app"))
	require.Len(t, a.Principals, 1)
	app := a.Principals[0]
	require.Equal(t, []string{"lambda.amazonaws.com"}, app.Trust)
	require.True(t, app.BoundaryRead)
	require.Len(t, app.Limits, 1, "the boundary's statements are limits")
	require.Equal(t, []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, app.Unread)
	require.False(t, app.Administrator)
	require.Equal(t, []beyond.Statement{
		{Policy: "aws:iam/rolePolicy:RolePolicy::own", Sid: "S", Effect: "Allow", Actions: []string{"s3:GetObject"},
			Resources: []string{"arn:aws:s3:::data/*"}},
		{Policy: "aws:iam/rolePolicy:RolePolicy::own", Effect: "Deny", Actions: []string{"s3:DeleteObject"}, Resources: []string{"*"}},
		{Policy: "aws:iam/policy:Policy::given", Sid: "S", Effect: "Allow", Actions: []string{"xray:Put*"}, Resources: []string{"*"},
			Conditions: []string{"StringEquals aws:RequestedRegion us-east-1, us-west-2"}},
	}, app.Statements, "inline and attached, each once, the boundary not among them")
	require.Equal(t, "aws:iam/policy:Policy::loose", a.Unattached[0].Resource)
	require.Len(t, a.Unattached, 1)
}

func TestWildcards(t *testing.T) {
	open := role("open", "ec2.amazonaws.com", "")
	open.Props["assumeRolePolicy"] = document(p{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"})
	a := access(t, []r{open, inline("own", "open",
		allow("arn:aws:s3:::data", "s3:GetObject"), allow("arn:aws:s3:::data/*", "s3:GetObject"), allow("*", "sqs:ListQueues"),
		where(allow("arn:aws:sqs:::q", "sqs:*"), "StringEquals", "aws:PrincipalTag/team", "a"), deny("*", "s3:*"), p{"Effect": "Allow",
			"NotAction": "iam:*", "Resource": "arn:x"},
	), {Type: "aws:sns/topic:Topic", Name: "news", ID: "arn:aws:sns:us-east-1:1:news", Props: p{"arn": "arn:aws:sns:us-east-1:1:news"}},
		{Type: "aws:sns/topicPolicy:TopicPolicy", Name: "news", Props: p{"arn": "arn:aws:sns:us-east-1:1:news", "policy": document(
			where(p{"Effect": "Allow", "Principal": p{"AWS": "*"}, "Action": "SNS:Publish", "Resource": "*"}, "StringEquals", "AWS:SourceOwner", "1"))}},
		{Type: "aws:ec2/vpcEndpoint:VpcEndpoint", Name: "s3", Props: p{"policy": document(p{"Effect": "Allow", "Principal": "*", "Action": "*",
			"Resource": "*"})}}})
	type seen struct {
		who                      string
		allActions, allResources bool
		everybody, narrowed      bool
	}
	var all []seen
	for _, w := range a.Wildcards {
		all = append(all, seen{beyond.Short(w.Principal), w.AllActions, w.AllResources, w.Everybody, len(w.NarrowedBy) > 0})
	}
	require.Equal(t, []seen{
		{"iam/role::open", false, false, false, false}, // data/*
		{"iam/role::open", false, true, false, false},  // on *
		{"iam/role::open", true, false, false, true},   // sqs:*
		{"iam/role::open", true, false, false, false},  // NotAction
		{"iam/role::open", false, false, true, false},  // the trust
		{"sns/topic::news", false, false, true, true},
	}, all, "a denial is no wildcard, an endpoint's policy grants nothing")
}

func TestAdministrators(t *testing.T) {
	everything := "!every action on every resource"
	require.Contains(t, waysOf(access(t, []r{role("a", "x", ""), inline("i", "a", allow("*", "*"))}), "a"), everything)
	require.Contains(t, waysOf(access(t, []r{role("a", "x", ""), attach("i", "a", "arn:aws:iam::aws:policy/AdministratorAccess")}), "a"), everything)
	require.Empty(t, waysOf(access(t, []r{role("a", "x", ""), inline("i", "a", where(allow("*", "*"), "Bool", "aws:MultiFactorAuthPresent", "true"),
		deny("*", "*"))}), "a"))
	require.NotContains(t, waysOf(access(t, []r{role("a", "x", ""), attach("i", "a", "arn:aws:iam::aws:policy/PowerUserAccess")}), "a"), everything)
	bounded := access(t, []r{role("a", "x", "limit"), inline("i", "a", allow("*", "*"))}, managed("limit", []any{allow("*", "s3:*")}))
	require.Empty(t, waysOf(bounded, "a"), "the boundary lets nothing of IAM through")
	wide := access(t, []r{role("a", "x", "limit"), inline("i", "a", allow("*", "*"))}, managed("limit", []any{allow("*", "*")}))
	require.Contains(t, waysOf(wide, "a"), everything, "a boundary that lets everything through limits nothing")
	require.True(t, wide.Principals[0].Administrator)
}

func TestWaysByIAM(t *testing.T) {
	own := account + "role/app/*"
	for name, c := range map[string]struct {
		statements []any
		boundary   string
		wanted     map[string][]string
	}{
		"attach anything anywhere": {[]any{allow("*", "iam:AttachRolePolicy")}, "", map[string][]string{
			"!iam:AttachRolePolicy": {"any role of the account, with any policy"}}},
		"a pattern in another account's words": {[]any{allow("arn:aws:iam::*:role/*", "iam:Put*Policy")}, "", map[string][]string{
			"!iam:PutRolePolicy": {"any role of the account, with any policy"}}},
		"to roles without a boundary": {[]any{allow(own, "iam:AttachRolePolicy")}, "", map[string][]string{"!iam:AttachRolePolicy": {"ci", "other"}}},
		"only under a boundary": {[]any{where(allow(own, "iam:AttachRolePolicy"), "StringEquals", "iam:PermissionsBoundary", account+"policy/app/limit")}, "",
			map[string][]string{"iam:AttachRolePolicy": {"roles under " + account + "policy/app/limit"}}},
		"denied where there is no boundary": {[]any{allow(own, "iam:AttachRolePolicy"),
			where(deny("*", "iam:*"), "StringNotEquals", "iam:PermissionsBoundary", account+"policy/app/limit")}, "",
			map[string][]string{"iam:AttachRolePolicy": {"roles under " + account + "policy/app/limit"}}},
		"a boundary if there is one": {[]any{where(allow(own, "iam:AttachRolePolicy"), "StringEqualsIfExists", "iam:PermissionsBoundary",
			account+"policy/app/limit")}, "",
			map[string][]string{"!iam:AttachRolePolicy": {"ci", "other"}}},
		"denied": {[]any{allow("*", "iam:AttachRolePolicy"), deny("*", "iam:Attach*")}, "", map[string][]string{}},
		"denied for one": {[]any{allow(own, "iam:UpdateAssumeRolePolicy"), deny(account+"role/app/other", "iam:UpdateAssumeRolePolicy")}, "",
			map[string][]string{}},
		"another's trust":          {[]any{allow(own, "iam:UpdateAssumeRolePolicy")}, "", map[string][]string{"iam:UpdateAssumeRolePolicy": {"other"}}},
		"another's trust, bounded": {[]any{allow(own, "iam:UpdateAssumeRolePolicy")}, "limit", map[string][]string{}},
		"a new version of a policy": {[]any{allow("*", "iam:CreatePolicyVersion")}, "",
			map[string][]string{"!iam:CreatePolicyVersion": {"whoever has any policy of the account"}}},
		"of a policy that other has": {[]any{allow(account+"policy/app/given", "iam:CreatePolicyVersion")}, "",
			map[string][]string{"!iam:CreatePolicyVersion": {"other"}}},
		"any role": {[]any{allow("*", "sts:AssumeRole")}, "",
			map[string][]string{"!sts:AssumeRole": {"any role of the account that trusts it"}}},
		"a role that does not trust": {[]any{allow(own, "sts:AssumeRole")}, "", map[string][]string{}},
		"a user's key":               {[]any{allow("*", "iam:CreateAccessKey")}, "", map[string][]string{"!iam:CreateAccessKey": {"any user of the account"}}},
		"one's own key":              {[]any{allow(account+"user/${aws:username}", "iam:CreateAccessKey")}, "", map[string][]string{}},
	} {
		a := access(t, []r{role("ci", "codebuild.amazonaws.com", c.boundary), role("other", "lambda.amazonaws.com", ""), inline("i", "ci", c.statements...)},
			managed("limit", []any{allow("*", "s3:*")}), managed("given", []any{allow("arn:q", "sqs:SendMessage")}, "other"))
		require.Equal(t, c.wanted, waysOf(a, "ci"), name)
	}
}

func TestBoundariesThatCanBeLifted(t *testing.T) {
	limit := []any{allow("*", "iam:*", "s3:*")}
	ways := func(statements ...any) map[string][]string {
		return waysOf(access(t, []r{role("ci", "x", "limit"), inline("i", "ci", statements...)}, managed("limit", limit)), "ci")
	}
	require.Equal(t, map[string][]string{"!iam:DeleteRolePermissionsBoundary": {"ci"}}, ways(allow(account+"role/app/ci",
		"iam:DeleteRolePermissionsBoundary"), allow("*", "*"),
		deny("*", "iam:A*", "iam:C*", "iam:P*", "iam:S*", "iam:U*")), "without its boundary it would be one by lambda and others")
	require.Equal(t, map[string][]string{"iam:DeleteRolePermissionsBoundary": {"ci"}}, ways(allow(account+"role/app/ci", "iam:DeleteRolePermissionsBoundary")))
	require.Empty(t, ways(where(allow(account+"role/app/ci", "iam:PutRolePermissionsBoundary"), "StringEquals", "iam:PermissionsBoundary",
		account+"policy/app/small")))
	require.Equal(t, map[string][]string{"!iam:CreatePolicyVersion": {"ci"}}, ways(allow(account+"policy/app/limit", "iam:CreatePolicyVersion"),
		allow("*", "sts:AssumeRole")),
		"it may rewrite the boundary, and then assume anything")
}

func TestWaysByPassingAndTakingOver(t *testing.T) {
	pass := func(resource string) p { return allow(resource, "iam:PassRole") }
	stack := func(statements ...any) beyond.Access {
		return access(t, []r{role("ci", "codebuild.amazonaws.com", ""), role("fn", "lambda.amazonaws.com", ""), role("task", "ecs-tasks.amazonaws.com", ""),
			role("machine", "ec2.amazonaws.com", ""), inline("i", "ci", statements...),
			{Type: "aws:lambda/function:Function", Name: "f", Props: p{"name": "f", "arn": "arn:aws:lambda:us-east-1:1:function:app-f",
				"role": account + "role/app/fn"}},
			{Type: "aws:iam/instanceProfile:InstanceProfile", Name: "m", Props: p{"name": "m", "arn": "arn:profile", "role": "machine"}},
			{Type: "aws:ec2/launchTemplate:LaunchTemplate", Name: "m", Props: p{"iamInstanceProfile": p{"arn": "arn:profile"}}},
			{Type: "aws:ecs/taskDefinition:TaskDefinition", Name: "td", Props: p{"family": "td", "arn": "arn:aws:ecs:us-east-1:1:task-definition/td:3",
				"taskRoleArn": account + "role/app/task"}},
			{Type: "aws:ecs/service:Service", Name: "s", Props: p{"name": "s", "taskDefinition": "arn:aws:ecs:us-east-1:1:task-definition/td:3",
				"enableExecuteCommand": true}}})
	}
	own := account + "role/app/*"
	for name, c := range map[string]struct {
		statements []any
		wanted     map[string][]string
	}{
		"lambda with any role": {[]any{pass("*"), allow("*", "lambda:CreateFunction", "lambda:InvokeFunction")}, map[string][]string{
			"!iam:PassRole and lambda:CreateFunction and lambda:InvokeFunction": {"any role of the account that trusts lambda.amazonaws.com"}}},
		"lambda with its own": {[]any{pass(own), allow("*", "lambda:CreateFunction", "lambda:CreateEventSourceMapping")}, map[string][]string{
			"iam:PassRole and lambda:CreateFunction and lambda:CreateEventSourceMapping": {"fn"}}},
		"without starting it": {[]any{pass("*"), allow("*", "lambda:CreateFunction")}, map[string][]string{}},
		"passed to another": {[]any{where(pass("*"), "StringEquals", "iam:PassedToService", "ecs-tasks.amazonaws.com"), allow("*",
			"lambda:CreateFunction", "lambda:InvokeFunction")}, map[string][]string{}},
		"tasks": {[]any{where(pass(own), "StringEquals", "iam:PassedToService", "ecs-tasks.amazonaws.com"), allow("*", "ecs:RegisterTaskDefinition",
			"ecs:RunTask")},
			map[string][]string{"iam:PassRole and ecs:RegisterTaskDefinition and ecs:RunTask": {"task"}}},
		"instances": {[]any{pass(own), allow("*", "ec2:RunInstances")}, map[string][]string{"iam:PassRole and ec2:RunInstances": {"machine"}}},
		"stacks": {[]any{pass("*"), allow("*", "cloudformation:CreateStack")},
			map[string][]string{"!iam:PassRole and cloudformation:CreateStack": {"any role of the account that trusts cloudformation.amazonaws.com"}}},
		"a function's code": {[]any{allow("arn:aws:lambda:*:*:function:app-*", "lambda:UpdateFunctionCode")},
			map[string][]string{"lambda:UpdateFunctionCode": {"fn"}}},
		"any function":       {[]any{allow("*", "lambda:UpdateFunctionCode")}, map[string][]string{"!lambda:UpdateFunctionCode": {"the role of any function"}}},
		"another's function": {[]any{allow("arn:aws:lambda:*:*:function:web-*", "lambda:UpdateFunctionCode")}, map[string][]string{}},
		"any instance":       {[]any{allow("*", "ssm:SendCommand")}, map[string][]string{"!ssm:SendCommand": {"the role of any managed instance"}}},
		"instances by tag": {[]any{where(allow("arn:aws:ec2:us-east-1:1:instance/*", "ssm:SendCommand"), "StringEquals", "ssm:resourceTag/App", "x")},
			map[string][]string{"ssm:SendCommand": {"machine"}}},
		"documents alone": {[]any{allow("arn:aws:ssm:us-east-1::document/*", "ssm:SendCommand")}, map[string][]string{}},
		"into tasks":      {[]any{allow("arn:aws:ecs:us-east-1:1:task/app/*", "ecs:ExecuteCommand")}, map[string][]string{"ecs:ExecuteCommand": {"task"}}},
	} {
		require.Equal(t, c.wanted, waysOf(stack(c.statements...), "ci"), name)
	}
}

func TestWaysAreFollowed(t *testing.T) {
	trusting := role("boss", "x", "")
	trusting.Props["assumeRolePolicy"] = document(p{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": p{"AWS": account + "root"}})
	a := access(t, []r{role("fn", "lambda.amazonaws.com", ""), role("ci", "codebuild.amazonaws.com", ""), trusting, inline("b", "boss", allow("*", "*")),
		inline("f", "fn", allow(account+"role/app/boss", "sts:AssumeRole")), inline("c", "ci", allow("arn:aws:lambda:us-east-1:1:function:f",
			"lambda:UpdateFunctionCode")),
		{Type: "aws:lambda/function:Function", Name: "f", Props: p{"arn": "arn:aws:lambda:us-east-1:1:function:f", "role": account + "role/app/fn"}}})
	require.Equal(t, map[string][]string{"!sts:AssumeRole": {"boss"}}, waysOf(a, "fn"))
	require.Equal(t, map[string][]string{"!lambda:UpdateFunctionCode": {"fn"}}, waysOf(a, "ci"),
		"by the function to the role that may assume the administrator")
	for _, principal := range a.Principals {
		require.True(t, principal.Administrator, principal.Resource)
	}
}
