package tests

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// statementsOfRole are all statements of the role's own policies.
func statementsOfRole(t *testing.T, run *recording, role string) []statement {
	t.Helper()
	var all []statement
	for _, policy := range run.all(policyToken) {
		if strings.HasPrefix(policy.Name, role+"-") {
			all = append(all, statementsOf(t, policy, "policy")...)
		}
	}
	require.NotEmpty(t, all, role)
	return all
}

func TestGithubTrust(t *testing.T) {
	for _, stack := range bothStacks {
		run := recorded(t, stack)
		for role, wanted := range map[string]struct {
			subject string
			seconds float64
		}{
			"deploy":  {"repo:itrack/itrack:environment:" + stack, 4 * 3600},
			"preview": {"repo:itrack/itrack:pull_request", 3600},
		} {
			made := run.one(t, roleToken, "github-"+role)
			assert.Equal(t, "itrack-"+role+"-"+stack, made.str(t, "name"))
			assert.Equal(t, "/itrack/"+stack+"/", made.str(t, "path"))
			assert.InDelta(t, wanted.seconds, made.num(t, "maxSessionDuration"), 0)
			assert.Contains(t, made.str(t, "permissionsBoundary"), "pipeline-boundary")
			trust := statementsOf(t, made, "assumeRolePolicy")
			require.Len(t, trust, 1)
			assert.Equal(t, []string{"sts:AssumeRoleWithWebIdentity"}, trust[0].Actions)
			assert.Contains(t, trust[0].Principal.(map[string]any)["Federated"], "github")
			assert.Equal(t, map[string]any{"StringEquals": map[string]any{
				"token.actions.githubusercontent.com:aud": "sts.amazonaws.com", "token.actions.githubusercontent.com:sub": wanted.subject,
			}}, trust[0].Condition)
		}
	}
}

// What makes writing roles harmless: only below the path, only with the boundary, and passed to named services.
func TestDeployRoleWritesBoundedRoles(t *testing.T) {
	for _, stack := range bothStacks {
		run := recorded(t, stack)
		roles := "arn:aws:iam::" + mockAccount + ":role/itrack/" + stack + "/*"
		boundary := "arn:aws:iam::" + mockAccount + ":policy/itrack/" + stack + "/itrack-boundary-" + stack
		for _, one := range statementsOfRole(t, run, "github-deploy") {
			for _, action := range one.Actions {
				switch action {
				case "iam:CreateRole", "iam:AttachRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePermissionsBoundary":
					assert.Equal(t, []string{roles}, one.Resources, action)
					assert.Equal(t, map[string]any{"StringEquals": map[string]any{"iam:PermissionsBoundary": boundary}}, one.Condition, action)
				case "iam:PassRole":
					assert.Equal(t, []string{roles}, one.Resources)
					services := listOf(one.Condition["StringEquals"].(map[string]any)["iam:PassedToService"])
					assert.Contains(t, services, "ecs-tasks.amazonaws.com")
					assert.Contains(t, services, "lambda.amazonaws.com")
					for _, service := range services {
						assert.NotContains(t, service, "*")
					}
				}
				if strings.HasPrefix(action, "iam:") {
					for _, target := range one.Resources {
						assert.NotEqual(t, "*", target, action)
					}
				}
			}
		}
	}
}

func TestDeployRights(t *testing.T) {
	for _, stack := range bothStacks {
		run := recorded(t, stack)
		statements := statementsOfRole(t, run, "github-deploy")
		for _, action := range []string{
			"ec2:CreateVpc", "ec2:AuthorizeSecurityGroupIngress", "rds:CreateDBInstance", "dynamodb:CreateTable", "kms:CreateKey", "kms:Sign", "lambda:CreateFunction",
			"lambda:UpdateFunctionCode", "ecs:CreateService", "ecs:RegisterTaskDefinition", "ecs:RunTask", "codedeploy:CreateDeployment", "codedeploy:StopDeployment", "codedeploy:ContinueDeployment", "ecs:ListTasks",
			"apigateway:POST", "wafv2:CreateWebACL", "cloudfront:CreateDistribution", "cloudfront:CreateInvalidation", "s3:PutBucketPolicy", "s3:PutObject",
			"ecr:PutImage", "ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:GetDownloadUrlForLayer",
			"ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "backup:CreateBackupPlan", "cloudwatch:PutMetricAlarm", "cloudwatch:PutCompositeAlarm", "cloudwatch:PutDashboard",
			"events:PutRule", "logs:CreateLogGroup", "logs:PutMetricFilter", "sns:CreateTopic", "sqs:CreateQueue", "ssm:CreateDocument", "budgets:ModifyBudget",
			"ce:CreateAnomalyMonitor", "autoscaling:CreateAutoScalingGroup", "iam:CreateRole", "iam:CreateServiceLinkedRole", "route53:ChangeResourceRecordSets", "acm:RequestCertificate",
		} {
			assert.Truef(t, allowed(statements, action), "%s: the deploy role needs %s", stack, action)
		}
		for _, action := range []string{
			"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "iam:CreateUser", "iam:CreateAccessKey", "iam:DeleteRolePermissionsBoundary", "iam:PutRolePolicy",
			"organizations:LeaveOrganization", "account:CloseAccount", "sts:AssumeRole", "cloudtrail:StopLogging", "kms:DisableKey", "ssm:StartSession", "ssm:SendCommand",
			"rds-db:connect", "backup:DeleteRecoveryPoint", "backup:DeleteBackupVaultLockConfiguration",
		} {
			assert.Falsef(t, allowed(statements, action), "%s: the deploy role must not have %s", stack, action)
		}
		for _, one := range statements {
			// Calls for which IAM knows no resource: a named one would never match.
			for _, action := range []string{"ecs:ListTasks", "codedeploy:StopDeployment", "codedeploy:ContinueDeployment"} {
				if slices.Contains(one.Actions, action) && one.Effect == "Allow" {
					assert.Equal(t, []string{"*"}, one.Resources, "%s: %s", stack, action)
				}
			}
			if one.Sid == "State" {
				assert.Equal(t, []string{"arn:aws:s3:::itrack-pulumi-state-" + mockAccount + "-" + stack + "/*"}, one.Resources)
				assert.ElementsMatch(t, []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}, one.Actions)
			}
		}
	}
}

// The pipeline can't alter the boundaries, nor its own roles' trust: that is what keeps it below them.
func TestPipelineBoundaryStays(t *testing.T) {
	for _, stack := range bothStacks {
		statements := statementsOf(t, recorded(t, stack).one(t, policyToken, "pipeline-boundary"), "policy")
		denied := map[string][]string{}
		for _, one := range statements {
			if one.Effect == "Deny" {
				for _, action := range one.Actions {
					denied[action] = append(denied[action], one.Resources...)
				}
			}
		}
		prefix := "arn:aws:iam::" + mockAccount + ":"
		for _, action := range []string{"iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:SetDefaultPolicyVersion"} {
			assert.ElementsMatch(t, []string{prefix + "policy/itrack/" + stack + "/itrack-boundary-" + stack, prefix + "policy/itrack/" + stack + "/itrack-pipeline-boundary-" + stack}, denied[action])
		}
		for _, action := range []string{"iam:UpdateAssumeRolePolicy", "iam:PutRolePermissionsBoundary"} {
			assert.ElementsMatch(t, []string{prefix + "role/itrack/" + stack + "/itrack-deploy-" + stack, prefix + "role/itrack/" + stack + "/itrack-preview-" + stack}, denied[action])
		}
		for _, action := range []string{"iam:DeleteRolePermissionsBoundary", "iam:CreateUser", "secretsmanager:GetSecretValue", "sts:AssumeRole"} {
			assert.Equal(t, []string{"*"}, denied[action], action)
		}
	}
}

func TestPreviewReadsNoData(t *testing.T) {
	for _, stack := range bothStacks {
		run := recorded(t, stack)
		var attached []string
		for _, one := range run.all(attachmentToken) {
			if strings.HasPrefix(one.Name, "github-preview-") {
				attached = append(attached, one.str(t, "policyArn"))
			}
		}
		assert.Contains(t, attached, "arn:aws:iam::aws:policy/ReadOnlyAccess")
		statements := statementsOfRole(t, run, "github-preview")
		denied := func(action string) bool {
			for _, one := range statements {
				if one.Effect == "Deny" && anyCovers(one.Actions, action) {
					return true
				}
			}
			return false
		}
		for _, action := range []string{
			"secretsmanager:GetSecretValue", "s3:GetObject", "s3:GetObjectVersion", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "kms:Decrypt", "logs:FilterLogEvents",
			"logs:GetLogEvents", "ssm:GetParameter", "sqs:ReceiveMessage",
		} {
			assert.Truef(t, denied(action), "%s: a pull request must not read with %s", stack, action)
		}
		for _, one := range statements {
			switch {
			case one.Sid == "NoObjects":
				assert.Equal(t, []string{"arn:aws:s3:::itrack-pulumi-state-" + mockAccount + "-" + stack + "/*"}, one.NotResources)
			case one.Sid == "NoDecryption":
				assert.Equal(t, map[string]any{"aws:ResourceTag/Environment": stack}, one.Condition["StringEquals"])
				assert.Equal(t, map[string]any{"aws:ResourceTag/Purpose": "pulumi-secrets"}, one.Condition["StringNotEquals"])
			case one.Sid == "StateSecrets":
				// Pulumi cannot open the stack without it: the one key, which holds none of the stack's data.
				assert.Equal(t, []string{"kms:Decrypt"}, one.Actions)
				assert.Equal(t, map[string]any{"StringEquals": map[string]any{
					"aws:ResourceTag/Environment": stack, "aws:ResourceTag/Purpose": "pulumi-secrets",
				}}, one.Condition)
			case one.Effect == "Allow":
				for _, action := range one.Actions {
					assert.Regexp(t, `:(Get|List)`, action, "read-only")
				}
			}
		}
	}
}

func TestGithubSettings(t *testing.T) {
	run := recordedWith(t, "staging", map[string]any{"itrack:github": map[string]any{"repository": "acme/tracker", "stateBucket": "acme-state"}})
	assert.Contains(t, run.one(t, roleToken, "github-deploy").str(t, "assumeRolePolicy"), "repo:acme/tracker:environment:staging")
	for _, one := range statementsOfRole(t, run, "github-deploy") {
		if one.Sid == "StateBucket" {
			assert.Equal(t, []string{"arn:aws:s3:::acme-state"}, one.Resources)
		}
	}
	without := recordedWith(t, "staging", map[string]any{"itrack:github": nil})
	for _, role := range without.all(roleToken) {
		assert.NotContains(t, role.Name, "github")
	}
}

// Every service that takes a role of the stack is one that the deploy role may hand roles to.
func TestDeployRolePassesEveryRoleOfTheStack(t *testing.T) {
	for _, stack := range bothStacks {
		run := recordedWith(t, stack, withEverything)
		var passed []string
		for _, one := range statementsOfRole(t, run, "github-deploy") {
			if one.Sid == "Pass" {
				passed = listOf(one.Condition["StringEquals"].(map[string]any)["iam:PassedToService"])
			}
		}
		for _, role := range run.all(roleToken) {
			for _, one := range statementsOf(t, role, "assumeRolePolicy") {
				principal := one.Principal.(map[string]any)
				for _, service := range listOf(principal["Service"]) {
					assert.Containsf(t, passed, service, "%s: role %s", stack, role.Name)
				}
			}
		}
	}
}
