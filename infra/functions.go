package infra

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FunctionsType is the type token of Functions.
const FunctionsType = "itrack:infra:Functions"

// FunctionAlias is the alias that callers use; deploy-apps moves it to a new version.
const FunctionAlias = "live"

// Hooks a function can answer.
const (
	hookDeployment = "deployment"
	hookRestore    = "restore"
)

// Functions is the Lambda functions of the functions table.
type Functions struct {
	pulumi.ResourceState

	// ByName: functions by name.
	ByName map[string]*Function
}

// FunctionsArgs are what Functions is made from.
type FunctionsArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: the table.
	Settings map[string]FunctionSettings
	// Packages: folder of the zips, build/functions.
	Packages string
	// LogDays: retention.
	LogDays int
	// Network: subnets of functions in the VPC.
	Network *Network
	// Keys: encryption.
	Keys *Keys
	// Alerts: who is told.
	Alerts *Alerts
	// Items: streams and tables.
	Items *Items
	// Rds: the database.
	Rds *Rds
	// Balancer: test listener.
	Balancer *Balancer
	// ServicePaths: ready path by service as the balancer routes it, what the deployment hook asks.
	ServicePaths map[string]string
}

// NewFunctions makes the Lambda functions of the functions table. Their zips must be in Packages: a missing one is an
// error before anything is registered.
func NewFunctions(ctx *pulumi.Context, name string, args *FunctionsArgs, opts ...pulumi.ResourceOption) (*Functions, error) {
	names := slices.Sorted(maps.Keys(args.Settings))
	for _, function := range names {
		if _, err := os.Stat(args.zip(function)); err != nil {
			return nil, fmt.Errorf("creating functions: the package of function %s can't be read; run `make build`, which builds it from app/functions: %w", function, err)
		}
	}
	component := &Functions{ByName: map[string]*Function{}}
	if err := ctx.RegisterComponentResource(FunctionsType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating functions: %w", err)
	}
	arns, aliases := pulumi.StringMap{}, pulumi.StringMap{}
	for _, function := range names {
		made, err := component.function(ctx, args, function)
		if err != nil {
			return nil, err
		}
		component.ByName[function] = made
		arns[function], aliases[function] = made.Arn, made.AliasArn
	}
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{"arns": arns, "aliasArns": aliases}); err != nil {
		return nil, fmt.Errorf("creating functions: %w", err)
	}
	return component, nil
}

func (a *FunctionsArgs) zip(function string) string {
	return filepath.Join(a.Packages, function+".zip")
}

// functionName is the physical name: log group, roles and alarms derive from it.
func functionName(place *Placement, function string) string { return place.Of(limitFunction, function) }

// functionParts are what one function is made from, in the order in which they are made.
type functionParts struct {
	name, physical string
	settings       FunctionSettings
	logs           *cloudwatch.LogGroup
	queue          *sqs.Queue
	groupID        pulumi.StringOutput // empty outside the VPC
	role           *Role
}

func (f *Functions) function(ctx *pulumi.Context, args *FunctionsArgs, name string) (*Function, error) {
	place, parent := args.Placement, pulumi.Parent(f)
	parts := &functionParts{
		name: name, physical: functionName(place, name), settings: args.Settings[name],
		groupID: pulumi.String("").ToStringOutput(),
	}
	var err error
	// Lambda makes this group at the first invocation if it is not there: without a key, and kept for ever.
	if parts.logs, err = cloudwatch.NewLogGroup(ctx, "function-"+name, &cloudwatch.LogGroupArgs{
		Name: pulumi.String("/aws/lambda/" + parts.physical), RetentionInDays: pulumi.Int(args.LogDays),
		KmsKeyId: args.Keys.Logs.In(place.Primary).Arn.ToStringPtrOutput(),
	}, parent); err != nil {
		return nil, fmt.Errorf("creating the log group of function %s: %w", name, err)
	}
	if parts.queue, err = f.deadLetters(ctx, args, name); err != nil {
		return nil, err
	}
	if parts.settings.Vpc {
		if parts.groupID, err = f.network(ctx, args, name); err != nil {
			return nil, err
		}
	}
	if parts.role, err = f.role(ctx, args, parts); err != nil {
		return nil, err
	}
	function, err := f.lambda(ctx, args, parts)
	if err != nil {
		return nil, err
	}
	alias, err := lambda.NewAlias(ctx, name, &lambda.AliasArgs{
		Name: pulumi.String(FunctionAlias), FunctionName: function.Name, FunctionVersion: function.Version,
		Description: pulumi.String("What callers call"),
		// deploy-apps moves the alias to the version it published; without this line the next `up` would move it back.
	}, parent, pulumi.IgnoreChanges([]string{"functionVersion"}))
	if err != nil {
		return nil, fmt.Errorf("creating the alias of function %s: %w", name, err)
	}
	if err := f.feed(ctx, args, parts, function, alias); err != nil {
		return nil, err
	}
	if err := f.alarms(ctx, args, parts); err != nil {
		return nil, err
	}
	return &Function{
		Name: function.Name, Arn: function.Arn, AliasArn: alias.Arn, SecurityGroupID: parts.groupID,
		RoleArn: parts.role.Arn, LogGroup: parts.logs.Name, Settings: parts.settings,
	}, nil
}

// lambda makes the function itself. The stack gives it its first code; from then on deploy-apps owns the code.
func (f *Functions) lambda(ctx *pulumi.Context, args *FunctionsArgs, parts *functionParts) (*lambda.Function, error) {
	place, settings := args.Placement, parts.settings
	variables, err := f.environment(args, parts)
	if err != nil {
		return nil, err
	}
	function := &lambda.FunctionArgs{
		Name:          pulumi.String(parts.physical),
		Description:   pulumi.String(fmt.Sprintf("%s of %s %s", parts.name, Project, place.Environment)),
		Architectures: pulumi.StringArray{pulumi.String("arm64")},
		Runtime:       pulumi.String("provided.al2023"),
		Handler:       pulumi.String("bootstrap"),
		Code:          pulumi.NewFileArchive(args.zip(parts.name)),
		Publish:       pulumi.Bool(true),
		Role:          parts.role.Arn,
		MemorySize:    pulumi.Int(settings.Memory),
		Timeout:       pulumi.Int(settings.Timeout),
		KmsKeyArn:     args.Keys.Data.In(place.Primary).Arn.ToStringPtrOutput(),
		Environment:   &lambda.FunctionEnvironmentArgs{Variables: variables},
		TracingConfig: &lambda.FunctionTracingConfigArgs{Mode: pulumi.String("Active")},
		LoggingConfig: &lambda.FunctionLoggingConfigArgs{LogFormat: pulumi.String("JSON"), LogGroup: parts.logs.Name.ToStringPtrOutput()},
		// What an asynchronous caller sent and no attempt could handle.
		DeadLetterConfig: &lambda.FunctionDeadLetterConfigArgs{TargetArn: parts.queue.Arn},
	}
	if settings.Concurrency > 0 {
		function.ReservedConcurrentExecutions = pulumi.Int(settings.Concurrency)
	}
	if settings.Vpc {
		function.VpcConfig = &lambda.FunctionVpcConfigArgs{
			SubnetIds: args.Network.PrivateSubnetIds, SecurityGroupIds: pulumi.StringArray{parts.groupID},
		}
	}
	made, err := lambda.NewFunction(ctx, parts.name, function, pulumi.Parent(f),
		// Lambda checks the role's rights when it makes the function: they come first.
		pulumi.DependsOn(append([]pulumi.Resource{parts.logs}, parts.role.Ready...)),
		// deploy-apps uploads code by itself; without these paths the next `up` would bring the old code back.
		pulumi.IgnoreChanges([]string{"code", "sourceCodeHash"}))
	if err != nil {
		return nil, fmt.Errorf("creating the function %s: %w", parts.name, err)
	}
	return made, nil
}
