package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// platformVersion of Fargate: LATEST takes AWS's security patches with every new task.
const platformVersion = "LATEST"

// serviceBuilder makes everything that one service has.
type serviceBuilder struct {
	ecs      *Ecs
	args     *EcsArgs
	name     string
	settings ServiceSettings
	priority int
	capacity pulumi.Resource
	parent   pulumi.ResourceOption

	logs            *cloudwatch.LogGroup
	groupID         pulumi.StringOutput
	execution, task *Role
	migration       *Role // nil where the service has no migration
	blue, green     TargetGroup
	rules           []pulumi.Resource
	container       containerFacts
}

// serviceName is itrack-<service>-service. It has no environment: a service's name lives inside its cluster.
func serviceName(service string) string { return Project + "-" + service + "-service" }

func (b *serviceBuilder) build(ctx *pulumi.Context) (*Service, error) {
	place := b.args.Placement
	for _, step := range []func(*pulumi.Context) error{b.logGroup, b.network, b.roles, b.targetGroups, b.listenerRules} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	b.container = b.facts()
	definition, err := b.taskDefinition(ctx)
	if err != nil {
		return nil, err
	}
	service, err := b.service(ctx, definition)
	if err != nil {
		return nil, err
	}
	if err := b.scaling(ctx, service); err != nil {
		return nil, err
	}
	rollback, err := b.alarms(ctx)
	if err != nil {
		return nil, err
	}
	return &Service{
		Settings: b.settings, Name: service.Name, Arn: service.ID().ToStringOutput(), Family: place.Of(limitGeneral, b.name),
		TaskRoleArn: b.task.Arn, ExecutionRoleArn: b.execution.Arn, SecurityGroupID: b.groupID, LogGroup: b.logs.Name,
		Blue: b.blue, Green: b.green, Template: b.template(), Migration: b.migrationTemplate(), AlarmNames: rollback.ToStringArrayOutput(), Ready: service,
		Repository: b.args.Registry.Urls[b.name], Subnets: b.args.Network.PrivateSubnetIds,
	}, nil
}

func (b *serviceBuilder) logGroup(ctx *pulumi.Context) (err error) {
	place := b.args.Placement
	if b.logs, err = cloudwatch.NewLogGroup(ctx, "service-"+b.name, &cloudwatch.LogGroupArgs{
		Name: pulumi.String("/ecs/" + place.Of(limitGeneral, b.name)), RetentionInDays: pulumi.Int(b.args.LogDays),
		KmsKeyId: b.args.Keys.Logs.In(place.Primary).Arn.ToStringPtrOutput(),
	}, b.parent); err != nil {
		return fmt.Errorf("creating the log group of service %s: %w", b.name, err)
	}
	return nil
}

// network opens exactly the service's ways: from the balancer, to AWS by HTTPS, and to MySQL where it may.
func (b *serviceBuilder) network(ctx *pulumi.Context) error {
	logical := "service-" + b.name
	group, err := newSecurityGroup(ctx, logical, b.args.Placement, b.args.Network.VpcId, "The service "+b.name, b.parent)
	if err != nil {
		return err
	}
	b.groupID = group.ID().ToStringOutput()
	if err := flow(ctx, logical+"-balancer", "The balancer to the service "+b.name, b.args.Balancer.SecurityGroupId, b.groupID, b.settings.Port, b.parent); err != nil {
		return err
	}
	if err := b.args.Network.AllowHTTPS(ctx, logical, b.groupID, b.parent); err != nil {
		return err
	}
	if !b.settings.Data.Database {
		return nil
	}
	return flow(ctx, logical+"-mysql", "The service "+b.name+" to MySQL", b.groupID, b.args.Rds.SecurityGroupId, databasePort, b.parent)
}

// strategyEntry is one entry of a capacity provider strategy, in ECS's words.
type strategyEntry struct {
	CapacityProvider string `json:"capacityProvider"`
	Base             int    `json:"base"`
	Weight           int    `json:"weight"`
}

// capacityStrategy puts the first task on demand and shares out the others. Spot may be taken back with two minutes'
// notice, all of it at once: one task stays in any case.
func capacityStrategy(spotShare int) []strategyEntry {
	if spotShare == 0 {
		return []strategyEntry{{CapacityProvider: capacityOnDemand, Weight: 1}}
	}
	return []strategyEntry{
		{CapacityProvider: capacityOnDemand, Base: 1, Weight: 100 - spotShare},
		{CapacityProvider: capacitySpot, Weight: spotShare},
	}
}

// service makes the ECS service with the bootstrap task. From then on CodeDeploy changes it.
func (b *serviceBuilder) service(ctx *pulumi.Context, definition *ecs.TaskDefinition) (*ecs.Service, error) {
	strategies := ecs.ServiceCapacityProviderStrategyArray{}
	for _, entry := range capacityStrategy(b.settings.SpotShare) {
		strategies = append(strategies, &ecs.ServiceCapacityProviderStrategyArgs{
			CapacityProvider: pulumi.String(entry.CapacityProvider), Base: pulumi.Int(entry.Base), Weight: pulumi.Int(entry.Weight),
		})
	}
	// A target group is known to ECS only when a listener forwards to it; roles must outlive the service, else its
	// tasks can't be taken off the balancer and it is stuck in DRAINING.
	first := append([]pulumi.Resource{b.logs, b.capacity}, b.rules...)
	first = append(append(first, b.execution.Ready...), b.task.Ready...)
	service, err := ecs.NewService(ctx, b.name, &ecs.ServiceArgs{
		Name:                       pulumi.String(serviceName(b.name)),
		Cluster:                    b.ecs.ClusterArn.ToStringPtrOutput(),
		TaskDefinition:             definition.Arn.ToStringPtrOutput(),
		DesiredCount:               pulumi.Int(b.settings.Desired),
		DeploymentController:       &ecs.ServiceDeploymentControllerArgs{Type: pulumi.String("CODE_DEPLOY")},
		CapacityProviderStrategies: strategies,
		PlatformVersion:            pulumi.String(platformVersion),
		NetworkConfiguration: &ecs.ServiceNetworkConfigurationArgs{
			AssignPublicIp: pulumi.Bool(false), SecurityGroups: pulumi.StringArray{b.groupID}, Subnets: b.args.Network.PrivateSubnetIds,
		},
		LoadBalancers: ecs.ServiceLoadBalancerArray{&ecs.ServiceLoadBalancerArgs{
			ContainerName: pulumi.String(b.name), ContainerPort: pulumi.Int(b.settings.Port), TargetGroupArn: b.blue.Arn.ToStringPtrOutput(),
		}},
		HealthCheckGracePeriodSeconds: pulumi.Int(b.settings.GraceSeconds),
		EnableExecuteCommand:          pulumi.Bool(false),
		// Default tags do not reach tasks: they carry the service's, else their cost belongs to nobody.
		EnableEcsManagedTags: pulumi.Bool(true),
		PropagateTags:        pulumi.String("SERVICE"),
		// No WaitForSteadyState: the service follows deployments that this program does not know.
	}, b.parent, pulumi.DependsOn(first), pulumi.IgnoreChanges([]string{
		// With the CODE_DEPLOY controller ECS refuses to change the first five from here ("Unable to update ... on
		// services with a CODE_DEPLOY deployment controller"): a deployment carries them. Autoscaling owns the count.
		"taskDefinition", "loadBalancers", "networkConfiguration", "platformVersion", "capacityProviderStrategies", "desiredCount",
	}))
	if err != nil {
		return nil, fmt.Errorf("creating the service %s: %w", b.name, err)
	}
	return service, nil
}
