package infra

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Release is what should run of one service: the stack wants it, a deployment makes it run. The stack's output
// `releases` holds one for each service, in this shape; whoever deploys decodes it into this type.
type Release struct {
	// Service is the ECS service's name, Cluster the cluster's.
	Service string `json:"service"`
	Cluster string `json:"cluster"`
	// TaskDefinition is a request of ECS's RegisterTaskDefinition; the image of the container is left to the deployment.
	TaskDefinition map[string]any `json:"taskDefinition"`
	// NetworkConfiguration, PlatformVersion and CapacityProviderStrategy go into the AppSpec: CodeDeploy takes ECS's
	// defaults for what is left out.
	NetworkConfiguration     ReleaseNetwork    `json:"networkConfiguration"`
	PlatformVersion          string            `json:"platformVersion"`
	CapacityProviderStrategy []ReleaseCapacity `json:"capacityProviderStrategy"`
	// ContainerName and ContainerPort are where the balancer's traffic goes.
	ContainerName string `json:"containerName"`
	ContainerPort int    `json:"containerPort"`
	// Application and DeploymentGroup are CodeDeploy's.
	Application     string `json:"application"`
	DeploymentGroup string `json:"deploymentGroup"`
	// HookFunctionArn is the function to call when the test listener serves the new version; empty for none.
	HookFunctionArn string `json:"hookFunctionArn"`
	// MigrateCommand runs as a one-off task before the deployment; empty for none.
	MigrateCommand []string `json:"migrateCommand"`
	// MigrationTask is a request of RegisterTaskDefinition for that task: under a role of its own it gets the database's
	// master secret, which the service never sees. The image is left to the deployment; empty without a migrate command.
	MigrationTask map[string]any `json:"migrationTask"`
	// AlarmNames are the alarms that roll the deployment back; it must not start while one of them is red.
	AlarmNames []string `json:"alarmNames"`
	// Repository is the URL that the service's images are pushed to.
	Repository string `json:"repository"`
	// LogGroup is where the task's last words are.
	LogGroup string `json:"logGroup"`
}

// ReleaseNetwork is ECS's NetworkConfiguration.
type ReleaseNetwork struct {
	AwsvpcConfiguration ReleaseVpc `json:"awsvpcConfiguration"`
}

// ReleaseVpc is ECS's AwsVpcConfiguration; AssignPublicIp is ENABLED or DISABLED.
type ReleaseVpc struct {
	Subnets        []string `json:"subnets"`
	SecurityGroups []string `json:"securityGroups"`
	AssignPublicIp string   `json:"assignPublicIp"`
}

// ReleaseCapacity is ECS's CapacityProviderStrategyItem.
type ReleaseCapacity struct {
	CapacityProvider string `json:"capacityProvider"`
	Base             int    `json:"base"`
	Weight           int    `json:"weight"`
}

// release puts the wanted release of a service together; its keys are Release's.
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
