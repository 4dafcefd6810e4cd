package infra

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A migration is a one-off task with a right that no other task has: it reads the database's master secret, to change the
// schema and to make the users. So it has a task definition and an execution role of its own; a service's tasks are
// started under another role, and what runs in them can't read the secret either. The stack says what the task is, a
// deployment registers it with the image that it deploys and runs it first.

// Size of a migration, whatever the service's: it makes one connection.
const (
	migrationCPU    = "256"
	migrationMemory = "512"
	// masterSecretVariable holds the JSON of the secret that RDS keeps for the master user: username and password.
	masterSecretVariable = "DB_MASTER_SECRET"
)

// migrates tells whether the service has a migration.
func (b *serviceBuilder) migrates() bool { return len(b.settings.MigrateCommand) > 0 }

// masterSecret is the secret that the migration alone may read, as a list: empty where the service has no database.
func (b *serviceBuilder) masterSecret() []pulumi.StringInput {
	if !b.settings.Data.Database {
		return nil
	}
	return []pulumi.StringInput{b.args.Rds.MasterSecretArn}
}

// migrationRole makes the role under which ECS starts the migration. The task itself asks nothing of AWS: it has no role.
func (b *serviceBuilder) migrationRole(ctx *pulumi.Context, trust string) (err error) {
	if !b.migrates() {
		return nil
	}
	b.migration, err = newRole(ctx, b.name+"-migrate", b.args.Placement, RoleArgs{
		Parts: []string{b.name, "migrate"}, Description: "ECS starting migrations of " + b.name, Trust: pulumi.String(trust),
		Policies: []RolePolicy{{Name: "start", Document: b.startRights(b.masterSecret()...)}},
	}, b.parent)
	return err
}

// migrationTemplate is the migration's task definition in the shape of ECS's RegisterTaskDefinition, without an image;
// without keys where the service has none.
func (b *serviceBuilder) migrationTemplate() pulumi.MapOutput {
	if !b.migrates() {
		return pulumi.Map{}.ToMapOutput()
	}
	facts := slices.Clone(b.container)
	facts[factExecutionRole] = b.migration.Arn
	service := len(facts)
	known := pulumi.StringArray(append(facts, b.masterSecret()...)).ToStringArrayOutput()
	return known.ApplyT(func(known []string) (map[string]any, error) {
		container := b.definition(known[:service])
		container.Command, container.PortMappings = b.settings.MigrateCommand, []portMapping{}
		for _, master := range known[service:] {
			container.Secrets = append(container.Secrets, nameFrom{Name: masterSecretVariable, ValueFrom: master})
		}
		slices.SortFunc(container.Secrets, func(a, b nameFrom) int { return strings.Compare(a.Name, b.Name) })
		template, err := generic(b.fargate(taskTemplate{
			Family: b.args.Placement.Of(limitGeneral, b.name, "migrate"), ExecutionRoleArn: known[factExecutionRole],
			Cpu: migrationCPU, Memory: migrationMemory,
		}, container))
		if err != nil {
			return nil, fmt.Errorf("the migration of service %s: %w", b.name, err)
		}
		return template, nil
	}).(pulumi.MapOutput)
}
