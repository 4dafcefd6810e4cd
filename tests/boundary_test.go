package tests

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	policyToken     = "aws:iam/policy:Policy"
	roleToken       = "aws:iam/role:Role"
	attachmentToken = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
)

// statement is one statement of a declared document, lists always lists.
type statement struct {
	Sid, Effect                                  string
	Actions, Resources, NotActions, NotResources []string
	Condition                                    map[string]any
	Principal                                    any
}

func listOf(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		var all []string
		for _, one := range value {
			all = append(all, fmt.Sprint(one))
		}
		return all
	}
	return nil
}

func statementsOf(t *testing.T, d *declared, input string) []statement {
	t.Helper()
	document := d.document(t, input)
	require.Equal(t, "2012-10-17", document["Version"])
	var all []statement
	for _, raw := range document["Statement"].([]any) {
		fields := raw.(map[string]any)
		one := statement{
			Effect: fields["Effect"].(string), Actions: listOf(fields["Action"]), NotActions: listOf(fields["NotAction"]),
			Resources: listOf(fields["Resource"]), NotResources: listOf(fields["NotResource"]), Principal: fields["Principal"],
		}
		one.Sid, _ = fields["Sid"].(string)
		one.Condition, _ = fields["Condition"].(map[string]any)
		all = append(all, one)
	}
	return all
}

// covers tells whether a pattern of actions covers an action, which may be a pattern itself: each star of the action
// stands for letters that only a star of the pattern can take.
func covers(pattern, action string) bool {
	ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(strings.ReplaceAll(action, "*", "any")))
	return err == nil && ok
}

func anyCovers(patterns []string, action string) bool {
	for _, pattern := range patterns {
		if covers(pattern, action) {
			return true
		}
	}
	return false
}

// allowed tells whether statements allow an action somewhere and do not deny it everywhere.
func allowed(statements []statement, action string) bool {
	found := false
	for _, one := range statements {
		if !anyCovers(one.Actions, action) {
			continue
		}
		if one.Effect == "Deny" && one.Condition == nil && slices.Equal(one.Resources, []string{"*"}) {
			return false
		}
		found = found || one.Effect == "Allow"
	}
	return found
}

// characters counts what IAM counts: everything but white space.
func characters(text string) int {
	count := 0
	for _, r := range text {
		if !unicode.IsSpace(r) {
			count++
		}
	}
	return count
}

func boundaryOf(t *testing.T, run *recording) []statement {
	t.Helper()
	return statementsOf(t, run.one(t, policyToken, "boundary"), "policy")
}

func TestBoundaryActionByAction(t *testing.T) {
	for _, stack := range []string{"staging", "production"} {
		run := recorded(t, stack)
		statements := boundaryOf(t, run)
		for _, action := range []string{
			"logs:PutLogEvents", "logs:CreateLogStream", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "secretsmanager:GetSecretValue", "kms:Decrypt",
			"kms:GenerateDataKey", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:GetRecords", "rds-db:connect", "xray:PutTraceSegments", "sqs:SendMessage",
			"sns:Publish", "lambda:InvokeFunction", "codedeploy:PutLifecycleEventHookExecutionStatus", "ecs:CreateTaskSet",
			"ecs:UpdateServicePrimaryTaskSet", "elasticloadbalancing:ModifyRule", "s3:ReplicateObject", "backup:CopyIntoBackupVault",
			"rds:RestoreDBInstanceFromDBSnapshot", "dynamodb:StartAwsBackupJob", "ssm:UpdateInstanceInformation", "ssmmessages:OpenDataChannel",
			"ec2:CreateNetworkInterface", "iam:PassRole",
		} {
			assert.Truef(t, allowed(statements, action), "%s: the boundary must allow %s", stack, action)
		}
		for _, action := range []string{
			"iam:CreateRole", "iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:CreateAccessKey", "iam:DeleteRolePermissionsBoundary", "iam:UpdateAssumeRolePolicy",
			"organizations:LeaveOrganization", "account:CloseAccount", "sts:AssumeRole", "logs:DeleteLogGroup", "cloudtrail:StopLogging",
			"ec2:DeleteFlowLogs", "cloudwatch:DeleteAlarms", "kms:ScheduleKeyDeletion", "kms:DisableKey", "kms:PutKeyPolicy", "backup:DeleteRecoveryPoint",
			"backup:DeleteBackupVaultLockConfiguration", "s3:DeleteBucket", "dynamodb:DeleteTable", "secretsmanager:DeleteSecret", "ec2:RunInstances",
		} {
			assert.Falsef(t, allowed(statements, action), "%s: the boundary must not allow %s", stack, action)
		}
		for _, one := range statements {
			for _, action := range one.Actions {
				if one.Effect == "Allow" {
					assert.NotEqual(t, "*", action)
					assert.Falsef(t, strings.HasSuffix(action, ":*"), "%s is a service wildcard", action)
				}
			}
			if one.Sid == "PassOwnRoles" {
				assert.Equal(t, []string{"arn:aws:iam::" + mockAccount + ":role/itrack/" + stack + "/*"}, one.Resources)
				assert.Equal(t, map[string]any{"StringEquals": map[string]any{"iam:PassedToService": []any{
					"backup.amazonaws.com", "ecs-tasks.amazonaws.com", "monitoring.rds.amazonaws.com"}}}, one.Condition)
			}
		}
	}
}

// Every role carries a boundary, and what its own policies grant lies within it: an action outside would be refused at
// the moment it is needed, with nothing in the policy to show why.
func TestEveryRoleWithinItsBoundary(t *testing.T) {
	for _, stack := range []string{"staging", "production"} {
		run := recorded(t, stack)
		byArn := map[string]*declared{}
		for _, policy := range run.all(policyToken) {
			byArn[fmt.Sprintf("arn:aws:iam:us-east-1:%s:%s", mockAccount, policy.Name)] = policy
		}
		roles := map[string]*declared{}
		for _, role := range run.all(roleToken) {
			roles[role.str(t, "name")] = role
			require.Containsf(t, byArn, role.str(t, "permissionsBoundary"), "%s: role %s", stack, role.Name)
			assert.Equalf(t, "/itrack/"+stack+"/", role.str(t, "path"), "role %s", role.Name)
		}
		require.NotEmpty(t, roles)
		checked := 0
		for _, attachment := range run.all(attachmentToken) {
			policy, own := byArn[attachment.str(t, "policyArn")]
			role := roles[attachment.str(t, "role")]
			require.NotNilf(t, role, "attachment %s names no role of the stack", attachment.Name)
			if !own {
				assert.Containsf(t, attachment.str(t, "policyArn"), ":iam::aws:policy/", "attachment %s", attachment.Name)
				continue
			}
			boundary := statementsOf(t, byArn[role.str(t, "permissionsBoundary")], "policy")
			for _, one := range statementsOf(t, policy, "policy") {
				if one.Effect != "Allow" {
					continue
				}
				for _, action := range one.Actions {
					checked++
					assert.Truef(t, allowed(boundary, action), "%s: %s grants %s, which the boundary of role %s does not allow", stack, policy.Name, action, role.Name)
				}
			}
		}
		assert.Greater(t, checked, 100)
	}
}

func TestPoliciesWithinIamsLimits(t *testing.T) {
	for _, stack := range []string{"staging", "production"} {
		run := recorded(t, stack)
		for _, policy := range run.all(policyToken) {
			assert.LessOrEqualf(t, characters(policy.str(t, "policy")), 6144, "%s: policy %s", stack, policy.Name)
			for _, one := range statementsOf(t, policy, "policy") {
				for _, action := range one.Actions {
					if one.Effect == "Allow" {
						assert.Falsef(t, action == "*" || strings.HasSuffix(action, ":*"), "%s: %s grants %s", stack, policy.Name, action)
					}
				}
			}
		}
		perRole := map[string]int{}
		for _, attachment := range run.all(attachmentToken) {
			perRole[attachment.str(t, "role")]++
		}
		for role, count := range perRole {
			assert.LessOrEqualf(t, count, 10, "%s: role %s has more policies than IAM's quota", stack, role)
		}
	}
}
