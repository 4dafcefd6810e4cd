package infra

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// release puts the wanted release of a service together; its keys are those of release.Release.
func (d *Delivery) release(args *DeliveryArgs, name string) pulumi.Map {
	service := args.Ecs.ByName[name]
	hook := pulumi.String("").ToStringOutput()
	if function := args.Functions.Hook(hookDeployment); function != nil {
		hook = function.AliasArn
	}
	strategy := pulumi.Array{}
	for _, entry := range capacityStrategy(service.Settings.SpotShare) {
		strategy = append(strategy, pulumi.Map{
			"capacityProvider": pulumi.String(entry.CapacityProvider), "base": pulumi.Int(entry.Base), "weight": pulumi.Int(entry.Weight),
		})
	}
	return pulumi.Map{
		"service": service.Name, "cluster": args.Ecs.ClusterName, "taskDefinition": service.Template,
		"networkConfiguration": pulumi.Map{"awsvpcConfiguration": pulumi.Map{
			"subnets": service.Subnets, "securityGroups": pulumi.StringArray{service.SecurityGroupID}, "assignPublicIp": pulumi.String("DISABLED"),
		}},
		"platformVersion": pulumi.String(platformVersion), "capacityProviderStrategy": strategy,
		"containerName": pulumi.String(name), "containerPort": pulumi.Int(service.Settings.Port),
		"application": d.ApplicationName, "deploymentGroup": d.GroupNames[name], "hookFunctionArn": hook,
		"migrateCommand": pulumi.ToStringArray(service.Settings.MigrateCommand), "migrationTask": service.Migration,
		"alarmNames": service.AlarmNames,
		"repository": service.Repository, "logGroup": service.LogGroup,
	}
}
