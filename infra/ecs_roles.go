package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// roles makes the two roles of a service: under the execution role ECS starts a task, under the task role it works.
func (b *serviceBuilder) roles(ctx *pulumi.Context) (err error) {
	place := b.args.Placement
	// Source: Amazon ECS developer guide, "Task IAM role": the conditions against the confused deputy.
	trust, err := TrustServices(map[string]map[string][]string{
		"StringEquals": {"aws:SourceAccount": {place.Account}},
		"ArnLike":      {"aws:SourceArn": {place.Arn("ecs", place.Primary.Name, "*")}},
	}, place.Principal("ecs-tasks"))
	if err != nil {
		return fmt.Errorf("creating the roles of service %s: %w", b.name, err)
	}
	if err = b.migrationRole(ctx, trust); err != nil {
		return err
	}
	if b.execution, err = newRole(ctx, b.name+"-execution", place, RoleArgs{
		Parts: []string{b.name, "execution"}, Description: "ECS starting tasks of " + b.name, Trust: pulumi.String(trust),
		Policies: []RolePolicy{{Name: "start", Document: b.startRights()}},
	}, b.parent); err != nil {
		return err
	}
	var policies []RolePolicy
	if document := dataRights(place, b.settings.Data, b.args.Items, b.args.Keys); document != nil {
		policies = append(policies, RolePolicy{Name: "data", Document: *document})
	}
	b.task, err = newRole(ctx, b.name+"-task", place, RoleArgs{
		Parts: []string{b.name, "task"}, Description: "Tasks of " + b.name, Trust: pulumi.String(trust), Policies: policies,
	}, b.parent)
	return err
}

// startRights: pull the service's own images, write its own log group, read the secrets it is given and no other.
// Further are secrets that are known only later.
func (b *serviceBuilder) startRights(further ...pulumi.StringInput) pulumi.StringOutput {
	place := b.args.Placement
	inputs := []pulumi.StringInput{b.args.Registry.Arns[b.name], b.logs.Arn, b.args.Keys.Data.In(place.Primary).Arn}
	return PolicyFrom(append(inputs, further...), func(known []string) []Statement {
		statements := []Statement{
			// The token is the account's: ECR knows no resource for it.
			{Sid: "RegistryToken", Actions: []string{"ecr:GetAuthorizationToken"}, Resources: []string{"*"}},
			{
				Sid: "PullImages", Actions: []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"},
				Resources: []string{known[0]},
			},
			{Sid: "WriteLogs", Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"}, Resources: []string{known[1] + ":*"}},
		}
		var secrets []string
		for _, secret := range b.settings.Secrets {
			secrets = append(secrets, b.args.Secrets.Arns[secret])
		}
		secrets = append(secrets, known[len(inputs):]...)
		if len(secrets) == 0 {
			return statements
		}
		return append(statements,
			Statement{Sid: "ReadSecrets", Actions: []string{"secretsmanager:GetSecretValue"}, Resources: secrets},
			Statement{
				Sid: "SecretsKey", Actions: []string{"kms:Decrypt"}, Resources: []string{known[2]},
				Conditions: viaService(place, "secretsmanager"),
			})
	})
}
