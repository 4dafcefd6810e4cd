package infra

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// How long a function tries before it gives up.
const (
	// DynamoDB keeps a stream's record for 24 hours: a poisoned batch must reach the queue well before that, because it
	// holds up its shard.
	streamRetries    = 5
	streamAgeSeconds = 6 * 3600
	// An asynchronous event (CodeDeploy's and EventBridge's are) is tried again for an hour: the deployment that asked
	// has given up by then.
	asyncRetries    = 2
	asyncAgeSeconds = 3600
	// SQS keeps a message 14 days at most: long enough for a holiday before somebody looks.
	deadLetterSeconds = 14 * 24 * 3600
	// AWS's limit for the name of a queue.
	limitQueue = 80
)

// deadLetters makes the queue of what a function could not handle.
func (f *Functions) deadLetters(ctx *pulumi.Context, args *FunctionsArgs, name string) (*sqs.Queue, error) {
	place := args.Placement
	physical := shorten(place.Of(limitGeneral, name, "dead-letters"), limitQueue)
	policy, err := Policy(Statement{
		Sid: "TlsOnly", Effect: "Deny", Principals: Principals{Any: true}, Actions: []string{"sqs:*"},
		Resources:  []string{place.Arn("sqs", place.Primary.Name, physical)},
		Conditions: map[string]map[string][]string{"Bool": {"aws:SecureTransport": {"false"}}},
	})
	if err != nil {
		return nil, fmt.Errorf("creating the dead-letter queue of function %s: %w", name, err)
	}
	// No queue may name this one as its dead-letter queue: here are events of one function alone.
	redrive, err := canonicalJSON(map[string]string{"redrivePermission": "denyAll"})
	if err != nil {
		return nil, fmt.Errorf("creating the dead-letter queue of function %s: %w", name, err)
	}
	queue, err := sqs.NewQueue(ctx, name+"-dead-letters", &sqs.QueueArgs{
		Name: pulumi.String(physical), MessageRetentionSeconds: pulumi.Int(deadLetterSeconds),
		KmsMasterKeyId: args.Keys.Data.In(place.Primary).Arn.ToStringPtrOutput(),
		// One data key for five minutes: fewer calls of KMS, the shortest reuse AWS offers is a minute.
		KmsDataKeyReusePeriodSeconds: pulumi.Int(300),
		RedriveAllowPolicy:           pulumi.String(redrive),
		Policy:                       pulumi.String(policy),
	}, pulumi.Parent(f))
	if err != nil {
		return nil, fmt.Errorf("creating the dead-letter queue of function %s: %w", name, err)
	}
	return queue, nil
}

// network makes the group of a function in the VPC and opens what its settings ask for. What a restore test brings
// back has a group of Backup's, which opens the way from here.
func (f *Functions) network(ctx *pulumi.Context, args *FunctionsArgs, name string) (pulumi.StringOutput, error) {
	parent, settings := pulumi.Parent(f), args.Settings[name]
	logical := "function-" + name
	group, err := newSecurityGroup(ctx, logical, args.Placement, args.Network.VpcId, "The function "+name, parent)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	id := group.ID().ToStringOutput()
	if err := args.Network.AllowHTTPS(ctx, logical, id, parent); err != nil {
		return pulumi.StringOutput{}, err
	}
	if settings.Hook == hookDeployment {
		if err := flow(ctx, logical+"-test", "The function "+name+" to the test listener", id, args.Balancer.SecurityGroupId, args.Balancer.TestPort, parent); err != nil {
			return pulumi.StringOutput{}, err
		}
	}
	if settings.Data.Database {
		if err := flow(ctx, logical+"-mysql", "The function "+name+" to MySQL", id, args.Rds.SecurityGroupId, databasePort, parent); err != nil {
			return pulumi.StringOutput{}, err
		}
	}
	return id, nil
}

// databaseUser is the MySQL user of a function, who signs in with IAM: MySQL's names have no hyphens.
func databaseUser(function string) string { return strings.ReplaceAll(function, "-", "_") }

// environment is what a function is told: names, addresses and paths, never a secret.
func (f *Functions) environment(args *FunctionsArgs, parts *functionParts) (pulumi.StringMap, error) {
	settings := parts.settings
	variables := pulumi.StringMap{
		"ENVIRONMENT": pulumi.String(args.Placement.Environment),
	}
	for key, value := range settings.Environment {
		variables[key] = pulumi.String(value)
	}
	if settings.Data.Items != "none" && settings.Data.Items != "" || settings.Stream != "" {
		variables["ITEMS_TABLE"] = args.Items.ItemsTable
	}
	if settings.Data.History != "none" && settings.Data.History != "" {
		variables["HISTORY_TABLE"] = args.Items.HistoryTable
	}
	if settings.Data.Database {
		variables["DB_HOST"], variables["DB_PORT"] = args.Rds.Address, pulumi.Sprintf("%d", args.Rds.Port)
	}
	if settings.Data.Database || settings.Hook == hookRestore {
		variables["DB_NAME"], variables["DB_USER"] = pulumi.String(args.Rds.DatabaseName), pulumi.String(databaseUser(parts.name))
	}
	if settings.Hook == hookDeployment {
		// CodeDeploy tells a hook the deployment alone; its group says which service is meant.
		checks := map[string]string{}
		for _, service := range slices.Sorted(maps.Keys(args.ServicePaths)) {
			checks[deploymentGroupName(args.Placement, service)] = args.ServicePaths[service]
		}
		text, err := canonicalJSON(checks)
		if err != nil {
			return nil, fmt.Errorf("creating the function %s: %w", parts.name, err)
		}
		variables["CHECKS"] = pulumi.String(text)
		variables["TEST_URL"] = pulumi.Sprintf("%s://%s:%d", args.Balancer.Scheme, args.Balancer.Host, args.Balancer.TestPort)
	}
	return variables, nil
}

// feed says how events reach the function and how often they are tried.
func (f *Functions) feed(ctx *pulumi.Context, args *FunctionsArgs, parts *functionParts, function *lambda.Function, alias *lambda.Alias) error {
	if parts.settings.Stream == "" {
		_, err := lambda.NewFunctionEventInvokeConfig(ctx, parts.name, &lambda.FunctionEventInvokeConfigArgs{
			FunctionName: function.Name, Qualifier: alias.Name.ToStringPtrOutput(),
			MaximumEventAgeInSeconds: pulumi.Int(asyncAgeSeconds), MaximumRetryAttempts: pulumi.Int(asyncRetries),
		}, pulumi.Parent(f))
		if err != nil {
			return fmt.Errorf("creating the invocation settings of function %s: %w", parts.name, err)
		}
		return nil
	}
	pattern, err := canonicalJSON(map[string][]string{"eventName": {"INSERT", "MODIFY", "REMOVE"}})
	if err != nil {
		return fmt.Errorf("creating the stream of function %s: %w", parts.name, err)
	}
	_, err = lambda.NewEventSourceMapping(ctx, parts.name, &lambda.EventSourceMappingArgs{
		EventSourceArn: args.Items.ItemsStreamArn.ToStringPtrOutput(), FunctionName: alias.Arn,
		// From the stream's beginning: changes made between the table and the function are not lost.
		StartingPosition: pulumi.String("TRIM_HORIZON"),
		BatchSize:        pulumi.Int(parts.settings.BatchSize),
		// A batch that fails is halved until the one bad record is alone; that one goes to the queue, the rest goes on.
		BisectBatchOnFunctionError: pulumi.Bool(true),
		MaximumRetryAttempts:       pulumi.Int(streamRetries),
		MaximumRecordAgeInSeconds:  pulumi.Int(streamAgeSeconds),
		FunctionResponseTypes:      pulumi.StringArray{pulumi.String("ReportBatchItemFailures")},
		FilterCriteria: &lambda.EventSourceMappingFilterCriteriaArgs{Filters: lambda.EventSourceMappingFilterCriteriaFilterArray{
			&lambda.EventSourceMappingFilterCriteriaFilterArgs{Pattern: pulumi.String(pattern)},
		}},
		DestinationConfig: &lambda.EventSourceMappingDestinationConfigArgs{
			OnFailure: &lambda.EventSourceMappingDestinationConfigOnFailureArgs{DestinationArn: parts.queue.Arn},
		},
	}, pulumi.Parent(f), pulumi.DependsOn(parts.role.Ready))
	if err != nil {
		return fmt.Errorf("creating the stream of function %s: %w", parts.name, err)
	}
	return nil
}
