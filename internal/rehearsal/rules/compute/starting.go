package compute

import (
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	secretARN  = "arn:aws:secretsmanager:us-east-1:111122223333:secret:token-a1b2c3"
	privateECR = "111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1"
	logOptions = `"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/ecs/web","awslogs-region":"us-east-1","awslogs-stream-prefix":"web"}}`
)

// starting are the rules of what a task needs before its containers run: logs, secrets, images, and a role that may get
// them. What needs the cloud is judged at the service: there tasks start, and there the role has its policies.
func starting() []rule.Rule {
	types := []string{taskDefinition}
	rights := ecsGuide + "task_execution_IAM_role.html"
	stopped := ecsGuide + "resource-initialization-error.html"
	secret := rule.Thing{Type: cloud.SecretToken, ID: secretARN, ARN: secretARN, Name: "token", State: inputs{"name": "token", "kmsKeyId": ""}}
	sealed := rule.Thing{Type: cloud.SecretToken, ID: secretARN, ARN: secretARN, Name: "token", State: inputs{"name": "token", "kmsKeyId": keyARN}}
	key := rule.Thing{Type: "aws:kms/key:Key", ID: "mrk-1", ARN: keyARN}
	group := rule.Thing{Type: logGroup, ID: "/ecs/web", Name: "/ecs/web", ARN: "arn:aws:logs:us-east-1:111122223333:log-group:/ecs/web"}
	secrets := web(`"secrets":[{"name":"TOKEN","valueFrom":"` + secretARN + `"}]`)
	private := strings.Replace(web(""), "public.ecr.aws/docker/library/nginx:1.29", privateECR, 1)
	repo := rule.Thing{Type: repository, ID: "web", Name: "web", ARN: "arn:aws:ecr:us-east-1:111122223333:repository/web"}
	pull := `["ecr:GetAuthorizationToken","ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]`
	rules := []rule.Rule{{
		ID: "compute-task-log-driver", Types: types, Code: "ClientException", Page: ecsAPI + "API_LogConfiguration.html", Foreseen: true,
		Says: "A container on Fargate logs by awslogs, splunk or awsfirelens.", Fix: "Choose one of these log drivers.",
		Check: eachContainer(func(c *catalog.Call, one container) string {
			if log := one.LogConfiguration; log != nil && onFargate(c) && !slices.Contains([]string{"awslogs", "splunk", "awsfirelens"}, log.LogDriver) {
				return "Fargate does not support the log driver " + log.LogDriver
			}
			return ""
		}),
		Pass: task(web(logOptions)),
		Fail: task(web(`"logConfiguration":{"logDriver":"json-file"}`)),
		Seed: edited("orders", `"logDriver":"awslogs"`, `"logDriver":"journald"`),
	}, {
		ID: "compute-task-log-options", Types: types, Code: "ClientException", Page: ecsAPI + "API_LogConfiguration.html", Foreseen: true,
		Says:  "The log driver awslogs has a group and a region, and on Fargate a stream prefix.",
		Fix:   "Set awslogs-group, awslogs-region and awslogs-stream-prefix.",
		Check: eachContainer(missingOption), Pass: task(web(logOptions)),
		Fail: task(web(`"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/ecs/web","awslogs-region":"us-east-1"}}`)),
		Seed: edited("billing", `"awslogs-region":"us-east-1",`, ""),
	}, {
		ID: "compute-task-execution-role", Types: types, Code: "ClientException", Page: rights, Foreseen: true,
		Says:  "A Fargate task that writes to CloudWatch Logs, pulls from ECR or reads secrets has an execution role.",
		Fix:   "Give the task definition an executionRoleArn.",
		Check: noExecutionRole, Pass: task(web(logOptions), inputs{"executionRoleArn": taskRole}), Fail: task(web(logOptions)),
		Seed: with(taskDefinition+"::parcels", map[string]any{"executionRoleArn": nil}),
	}, {
		ID: "compute-task-log-group", Code: "ResourceInitializationError", Page: stopped,
		Says:  "The log group of a container exists, unless awslogs-create-group is true.",
		Fix:   "Make the log group first, or correct awslogs-group.",
		Check: noLogGroup,
		Pass:  started(web(logOptions), group), Fail: started(web(logOptions)),
		Seed: rule.Seed{Stack: "staging", Settings: crowd, At: taskDefinition + "::reports", Refused: service + "::reports",
			Edit: map[string]func(string) string{"containerDefinitions": rule.Replace(`"awslogs-group":"/ecs/`, `"awslogs-group":"/ecs/the-`)}},
	}, {
		ID: "compute-task-log-right", Code: "ResourceInitializationError", Page: rights,
		Says:  "The execution role may write to the containers' log groups.",
		Fix:   "Allow logs:CreateLogStream and logs:PutLogEvents (and logs:CreateLogGroup with awslogs-create-group) on the group's streams.",
		Check: noLogRight,
		Pass:  started(web(logOptions), group, may(`["logs:CreateLogStream","logs:PutLogEvents"]`)),
		Fail:  started(web(logOptions), group, may(`"logs:PutLogEvents"`)),
		Seed: rule.Seed{Stack: "staging", Settings: crowd, At: policyToken + "::orders-execution-start", Refused: service + "::orders",
			Edit: map[string]func(string) string{"policy": rule.Replace(`"logs:CreateLogStream",`, "")}},
	}, {
		ID: "compute-task-secret", Code: "ResourceInitializationError", Page: stopped,
		Says:  "A secret that a container reads exists.",
		Fix:   "Make the secret first, and take its whole ARN, with the six characters at its end.",
		Check: noSecret,
		Pass:  started(secrets, secret, may(`"*"`)), Fail: started(secrets, may(`"*"`)),
		Seed: rule.Seed{Stack: "staging", At: taskDefinition + "::backend", Refused: service + "::backend",
			Edit: map[string]func(string) string{"containerDefinitions": rule.Replace(`/api_key-`, `/other_key-`)}},
	}, {
		ID: "compute-task-secret-right", Code: "ResourceInitializationError", Page: ecsGuide + "secrets-envvar-secrets-manager.html",
		Says:  "The execution role may read the secrets of the containers.",
		Fix:   "Allow secretsmanager:GetSecretValue on the secret's ARN.",
		Check: noSecretRight,
		Pass:  started(secrets, secret, may(`"secretsmanager:GetSecretValue"`)), Fail: started(secrets, secret, may(`"secretsmanager:DescribeSecret"`)),
		Seed: rule.Seed{Stack: "production", At: policyToken + "::backend-execution-start", Refused: service + "::backend",
			Edit: map[string]func(string) string{"policy": rule.Replace(`"secretsmanager:GetSecretValue"`, `"secretsmanager:DescribeSecret"`)}},
	}, {
		ID: "compute-task-secret-key", Code: "ResourceInitializationError", Page: ecsGuide + "secrets-envvar-secrets-manager.html",
		Says: "The execution role may decrypt with the customer managed key of a secret.", Fix: "Allow kms:Decrypt on the secret's key.", Check: noKeyRight,
		Pass: started(secrets, sealed, key, may(`["secretsmanager:GetSecretValue","kms:Decrypt"]`)),
		Fail: started(secrets, sealed, key, may(`"secretsmanager:GetSecretValue"`)),
		Seed: sealedSeed(),
	}, {
		ID: "compute-task-repository", Code: "CannotPullContainerError", Page: ecsGuide + "task_cannot_pull_image.html",
		Says:  "An image in the account's registry has a repository there.",
		Fix:   "Make the repository first, or correct the image's name.",
		Check: noRepository,
		Pass:  started(private, repo, may(`"*"`)), Fail: started(private, may(`"*"`)),
		Seed: rule.Seed{Stack: "staging", Settings: crowd, At: taskDefinition + "::parcels", Refused: service + "::parcels", Edit: map[string]func(string) string{
			"containerDefinitions": rule.Replace(`"image":"public.ecr.aws/docker/library/`, `"image":"111122223333.dkr.ecr.us-east-1.amazonaws.com/`)}},
	}, {
		ID: "compute-task-pull-right", Code: "CannotPullContainerError", Page: rights,
		Says:  "The execution role may pull the images of the account's registry.",
		Fix:   "Allow ecr:GetAuthorizationToken, and ecr:BatchGetImage and ecr:GetDownloadUrlForLayer on the repository.",
		Check: noPullRight, Pass: started(private, repo, may(pull)), Fail: started(private, repo, may(`"ecr:GetAuthorizationToken"`)),
		Seed: rule.Seed{Stack: "staging", Settings: crowd, At: taskDefinition + "::billing", Refused: service + "::billing", Edit: map[string]func(string) string{
			"containerDefinitions": rule.Replace(`"image":"public.ecr.aws/docker/library/python:`, `"image":"111122223333.dkr.ecr.us-east-1.amazonaws.com/itrack-mail-staging:`)}},
	}}
	return ofServices(rules)
}

const (
	keyARN      = "arn:aws:kms:us-east-1:111122223333:key/mrk-1"
	policyToken = "aws:iam/policy:Policy"
)

// started is a service with a task definition, whose execution role has the rights among the things.
func started(definitions string, things ...rule.Thing) rule.Case {
	world := append([]rule.Thing{roleThing("ecs-tasks.amazonaws.com"), taskThing(definitions, inputs{"executionRoleArn": taskRole})}, things...)
	return rule.Case{Type: service, World: world, Inputs: inputs{"taskDefinition": prefix + "task-definition/web:1"}}
}

// sealedSeed is the account whose secret somebody made with a key of their own, which the execution role has no right to.
func sealedSeed() rule.Seed {
	const name = "itrack/staging/api_key"
	arn := "arn:aws:secretsmanager:us-east-1:111122223333:secret:" + name + "-a1b2c3"
	foreign := "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-0a1b-4c3d-a0b1-0a1b2c3d4e5f"
	return rule.Seed{Stack: "staging", At: service + "::backend",
		Exists: []rule.Thing{{Type: "aws:kms/key:Key", ID: foreign[strings.LastIndexByte(foreign, '/')+1:], ARN: foreign},
			{Type: cloud.SecretToken, ID: arn, ARN: arn, Name: name, State: inputs{"name": name, "arn": arn, "kmsKeyId": foreign}}}}
}
