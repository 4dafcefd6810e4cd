package beyond

// The ways from one's own rights to another's are well known: whoever may change what a role may do, or who may use
// it, or give it to something that runs one's own code, has the role's rights.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
// https://github.com/RhinoSecurityLabs/AWS-IAM-Privilege-Escalation

// change is an action on IAM itself.
type change struct {
	action string
	// kind is the pattern of what the action is done to: a statement about something else gives nothing.
	kind string
	does func(*household, *principal, reach) *outcome
	// any is what the action leads to where it may be done to anything.
	any string
}

// Patterns of what actions are done to.
const (
	anyRole     = "arn:aws*:iam::*:role/*"
	anyPolicy   = "arn:aws*:iam::*:policy/*"
	anyUser     = "arn:aws*:iam::*:user/*"
	anyGroup    = "arn:aws*:iam::*:group/*"
	anyFunction = "arn:aws*:lambda:*:*:function:*"
	anyInstance = "arn:aws*:ec2:*:*:instance/*"
	anyTask     = "arn:aws*:ecs:*:*:task/*"
)

// changes are the actions that change rights or who has them.
var changes = []change{
	{"iam:AttachRolePolicy", anyRole, (*household).widensRoles, "any role of the account, with any policy"},
	{"iam:PutRolePolicy", anyRole, (*household).widensRoles, "any role of the account, with any policy"},
	{"iam:UpdateAssumeRolePolicy", anyRole, (*household).opensRoles, "any role of the account"},
	{"iam:CreatePolicyVersion", anyPolicy, (*household).rewritesPolicies, "whoever has any policy of the account"},
	{"iam:SetDefaultPolicyVersion", anyPolicy, (*household).rewritesPolicies, "whoever has any policy of the account"},
	{"iam:PutRolePermissionsBoundary", anyRole, (*household).liftsBoundaries, ""},
	{"iam:DeleteRolePermissionsBoundary", anyRole, (*household).liftsBoundaries, ""},
	{"iam:AttachUserPolicy", anyUser, (*household).takesUsers, "any user of the account, with any policy"},
	{"iam:PutUserPolicy", anyUser, (*household).takesUsers, "any user of the account, with any policy"},
	{"iam:AddUserToGroup", anyGroup, (*household).takesUsers, "any group of the account"},
	{"iam:AttachGroupPolicy", anyGroup, (*household).takesUsers, "any group of the account, with any policy"},
	{"iam:PutGroupPolicy", anyGroup, (*household).takesUsers, "any group of the account, with any policy"},
	{"iam:CreateAccessKey", anyUser, (*household).takesUsers, "any user of the account"},
	{"iam:CreateLoginProfile", anyUser, (*household).takesUsers, "any user of the account"},
	{"iam:UpdateLoginProfile", anyUser, (*household).takesUsers, "any user of the account"},
	{"sts:AssumeRole", anyRole, (*household).assumesRoles, "any role of the account that trusts it"},
	{"lambda:UpdateFunctionCode", anyFunction, (*household).rewritesFunctions, "the role of any function"},
	{"lambda:UpdateFunctionConfiguration", anyFunction, (*household).rewritesFunctions, "the role of any function (by a layer)"},
	{"ssm:SendCommand", anyInstance, (*household).entersInstances, "the role of any managed instance"},
	{"ssm:StartSession", anyInstance, (*household).entersInstances, "the role of any managed instance"},
	{"ec2-instance-connect:SendSSHPublicKey", anyInstance, (*household).entersInstances, "the role of any instance that SSH reaches"},
	{"ecs:ExecuteCommand", anyTask, (*household).entersTasks, "the role of any task with ECS Exec on"},
	{"glue:UpdateDevEndpoint", "*", nil, "the role of any Glue development endpoint"},
	{"cloudformation:UpdateStack", "*", nil, "the role of any CloudFormation stack"},
}

// pass is a service that runs one's code, or makes what one asks for, as a role that one passes to it.
type pass struct {
	service string
	// needs are the actions it takes, one of each group.
	needs [][]string
}

// passes are the services that iam:PassRole is dangerous with.
var passes = []pass{
	{"lambda.amazonaws.com", [][]string{{"lambda:CreateFunction"}, {
		"lambda:InvokeFunction", "lambda:CreateEventSourceMapping", "lambda:AddPermission", "lambda:CreateFunctionUrlConfig",
	}}},
	{"ec2.amazonaws.com", [][]string{{"ec2:RunInstances", "autoscaling:CreateAutoScalingGroup", "autoscaling:CreateLaunchConfiguration",
		"ec2:AssociateIamInstanceProfile"}}},
	{"ecs-tasks.amazonaws.com", [][]string{{"ecs:RegisterTaskDefinition"}, {"ecs:RunTask", "ecs:StartTask", "ecs:CreateService", "ecs:UpdateService"}}},
	{"cloudformation.amazonaws.com", [][]string{{"cloudformation:CreateStack", "cloudformation:UpdateStack", "cloudformation:CreateChangeSet"}}},
	{"codebuild.amazonaws.com", [][]string{{"codebuild:CreateProject", "codebuild:UpdateProject"}, {"codebuild:StartBuild", "codebuild:StartBuildBatch"}}},
	{"glue.amazonaws.com", [][]string{{"glue:CreateDevEndpoint", "glue:CreateJob", "glue:UpdateJob"}}},
	{"sagemaker.amazonaws.com", [][]string{{"sagemaker:CreateNotebookInstance", "sagemaker:CreateTrainingJob", "sagemaker:CreateProcessingJob"}}},
	{"datapipeline.amazonaws.com", [][]string{{"datapipeline:CreatePipeline"}, {"datapipeline:PutPipelineDefinition"}, {"datapipeline:ActivatePipeline"}}},
	{"states.amazonaws.com", [][]string{{"states:CreateStateMachine", "states:UpdateStateMachine"}, {"states:StartExecution"}}},
	{"ssm.amazonaws.com", [][]string{{"ssm:StartAutomationExecution"}}},
	{"scheduler.amazonaws.com", [][]string{{"scheduler:CreateSchedule", "scheduler:UpdateSchedule"}}},
}
