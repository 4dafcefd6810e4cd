package infra

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	awsecs "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EcsType is the type token of Ecs.
const EcsType = "itrack:infra:Ecs"

// Ecs is the cluster and its services.
type Ecs struct {
	pulumi.ResourceState

	// ClusterName: itrack-ecs-cluster-<env>.
	ClusterName pulumi.StringOutput
	// ClusterArn: ARN.
	ClusterArn pulumi.StringOutput
	// ByName: services by name.
	ByName map[string]*Service
}

// EcsArgs are what Ecs is made from.
type EcsArgs struct {
	// Placement: where.
	Placement *Placement
	// Services: the services.
	Services map[string]ServiceSettings
	// LogDays: retention.
	LogDays int
	// Network: private subnets.
	Network *Network
	// Balancer: listeners.
	Balancer *Balancer
	// Secrets: what tasks may read.
	Secrets *Secrets
	// Rds: the database.
	Rds *Rds
	// Items: the tables.
	Items *Items
	// Registry: repositories that tasks pull from.
	Registry *Registry
	// Keys: encryption.
	Keys *Keys
	// Alerts: who is told.
	Alerts *Alerts
	// FrontendOrigin: the origin that browsers call the services from.
	FrontendOrigin pulumi.StringOutput
	// AllowedOrigins: further CORS origins handed to tasks.
	AllowedOrigins []string
}

// Capacity providers of Fargate.
const (
	capacityOnDemand = "FARGATE"
	capacitySpot     = "FARGATE_SPOT"
)

// NewEcs makes the cluster and its services.
func NewEcs(ctx *pulumi.Context, name string, args *EcsArgs, opts ...pulumi.ResourceOption) (*Ecs, error) {
	component := &Ecs{ByName: map[string]*Service{}}
	if err := ctx.RegisterComponentResource(EcsType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating ecs: %w", err)
	}
	capacity, err := component.cluster(ctx, args)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(args.Services))
	priorities := rulePriorities(args.Services)
	arns, serviceNames := pulumi.StringMap{}, pulumi.StringMap{}
	for _, service := range names {
		builder := &serviceBuilder{
			ecs: component, args: args, name: service, settings: args.Services[service],
			priority: priorities[service], capacity: capacity, parent: pulumi.Parent(component),
		}
		made, err := builder.build(ctx)
		if err != nil {
			return nil, err
		}
		component.ByName[service] = made
		arns[service], serviceNames[service] = made.Arn, made.Name
	}
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{
		"clusterName": component.ClusterName, "clusterArn": component.ClusterArn, "serviceArns": arns, "serviceNames": serviceNames,
	}); err != nil {
		return nil, fmt.Errorf("creating ecs: %w", err)
	}
	return component, nil
}

// clusterName is itrack-ecs-cluster-<environment>.
func clusterName(place *Placement) string { return place.Of(limitGeneral, "ecs-cluster") }

// cluster makes the cluster with its log groups and capacity providers; services depend on what it returns.
func (e *Ecs) cluster(ctx *pulumi.Context, args *EcsArgs) (pulumi.Resource, error) {
	place, parent := args.Placement, pulumi.Parent(e)
	key := args.Keys.Logs.In(place.Primary).Arn
	group := func(logical, physical string) (*cloudwatch.LogGroup, error) {
		made, err := cloudwatch.NewLogGroup(ctx, logical, &cloudwatch.LogGroupArgs{
			Name: pulumi.String(physical), RetentionInDays: pulumi.Int(args.LogDays), KmsKeyId: key.ToStringPtrOutput(),
		}, parent)
		if err != nil {
			return nil, fmt.Errorf("creating the log group %s: %w", physical, err)
		}
		return made, nil
	}
	// Container Insights makes this group by itself if it is not there: without a key.
	insights, err := group("ecs-insights", "/aws/ecs/containerinsights/"+clusterName(place)+"/performance")
	if err != nil {
		return nil, err
	}
	sessions, err := group("ecs-exec", "/ecs/exec/"+place.Of(limitGeneral))
	if err != nil {
		return nil, err
	}
	cluster, err := awsecs.NewCluster(ctx, "ecs", &awsecs.ClusterArgs{
		Name: pulumi.String(clusterName(place)),
		Settings: awsecs.ClusterSettingArray{&awsecs.ClusterSettingArgs{
			Name: pulumi.String("containerInsights"), Value: pulumi.String("enhanced"),
		}},
		Configuration: &awsecs.ClusterConfigurationArgs{
			ExecuteCommandConfiguration: &awsecs.ClusterConfigurationExecuteCommandConfigurationArgs{
				KmsKeyId: key.ToStringPtrOutput(), Logging: pulumi.String("OVERRIDE"),
				LogConfiguration: &awsecs.ClusterConfigurationExecuteCommandConfigurationLogConfigurationArgs{
					CloudWatchEncryptionEnabled: pulumi.Bool(true), CloudWatchLogGroupName: sessions.Name.ToStringPtrOutput(),
				},
			},
		},
	}, parent, pulumi.DependsOn([]pulumi.Resource{insights}))
	if err != nil {
		return nil, fmt.Errorf("creating the cluster: %w", err)
	}
	e.ClusterName, e.ClusterArn = cluster.Name, cluster.Arn
	capacity, err := awsecs.NewClusterCapacityProviders(ctx, "ecs", &awsecs.ClusterCapacityProvidersArgs{
		ClusterName:       cluster.Name,
		CapacityProviders: pulumi.ToStringArray([]string{capacityOnDemand, capacitySpot}),
		// For what is started without a strategy of its own, such as a migration run by hand.
		DefaultCapacityProviderStrategies: awsecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArray{
			&awsecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArgs{CapacityProvider: pulumi.String(capacityOnDemand), Weight: pulumi.Int(1)},
		},
	}, parent)
	if err != nil {
		return nil, fmt.Errorf("creating the capacity providers of the cluster: %w", err)
	}
	return capacity, nil
}
