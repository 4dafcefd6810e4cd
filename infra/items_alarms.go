package infra

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const dynamodbNamespace = "AWS/DynamoDB"

// replicationLagMillis is the lag of a replica above which a region switch would lose more than a minute of writes.
// Normal is about a second.
const replicationLagMillis = 60_000

// tableOperations are the operations by which DynamoDB counts system errors: there is no figure per table alone. An
// alarm with metric math takes ten metrics at most.
var tableOperations = []string{
	"GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan",
	"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems",
}

// alarms watch one table: throttled requests (of the table and of each index, which DynamoDB counts apart), errors of
// DynamoDB itself, and the replica's lag.
func (i *Items) alarms(ctx *pulumi.Context, args *ItemsArgs, shape tableShape, table *dynamodb.Table) error {
	topics := args.Alerts.In(args.Placement.Primary)
	if _, err := newAlarm(ctx, shape.logical+"-throttles", args.Placement.Names, topics, AlarmArgs{
		Parts: []string{shape.logical, "throttles"}, Severity: Warning,
		Description: "DynamoDB throttles requests of " + shape.physical + ". First: look in the table's metrics which index or key is hot; " +
			"an on-demand table throttles on one hot key or when traffic doubles within half an hour.",
		Queries:    throttleQueries(shape, table),
		Comparison: "GreaterThanThreshold", Threshold: 0, Periods: 5, Breaching: 3, Missing: MissingIsGood,
	}, pulumi.Parent(i)); err != nil {
		return err
	}
	if _, err := newAlarm(ctx, shape.logical+"-errors", args.Placement.Names, topics, AlarmArgs{
		Parts: []string{shape.logical, "errors"}, Severity: Critical,
		Description: "DynamoDB itself fails requests of " + shape.physical + " (HTTP 500). First: look at AWS Health for DynamoDB in this region; " +
			"if it lasts, see the runbook on the loss of a region.",
		Queries:    systemErrorQueries(table),
		Comparison: "GreaterThanThreshold", Threshold: 5, Periods: 5, Breaching: 3, Missing: MissingIsGood,
	}, pulumi.Parent(i)); err != nil {
		return err
	}
	if !args.Settings.Replica {
		return nil
	}
	// DynamoDB counts the lag in the region that sends.
	_, err := newAlarm(ctx, shape.logical+"-replication", args.Placement.Names, topics, AlarmArgs{
		Parts: []string{shape.logical, "replication"}, Severity: Warning,
		Description: "The replica of " + shape.physical + " in " + args.Placement.Recovery.Name + " lags more than a minute behind. " +
			"First: look at AWS Health in both regions, then whether the recovery region's key is enabled.",
		Namespace: dynamodbNamespace, Metric: "ReplicationLatency", Statistic: "Average",
		Dimensions: pulumi.StringMap{"TableName": table.Name, "ReceivingRegion": pulumi.String(args.Placement.Recovery.Name)},
		Comparison: "GreaterThanThreshold", Threshold: replicationLagMillis, PeriodSeconds: 60, Periods: 15, Breaching: 15,
		// No writes, no figure.
		Missing: MissingIsGood,
	}, pulumi.Parent(i))
	return err
}

func throttleQueries(shape tableShape, table *dynamodb.Table) cloudwatch.MetricAlarmMetricQueryArray {
	var queries cloudwatch.MetricAlarmMetricQueryArray
	var terms []string
	count := func(dimensions pulumi.StringMap) {
		for _, metric := range []string{"ReadThrottleEvents", "WriteThrottleEvents"} {
			id := fmt.Sprintf("m%d", len(terms))
			queries = append(queries, metricQuery(id, dynamodbNamespace, metric, "Sum", 60, dimensions))
			terms = append(terms, "FILL("+id+",0)")
		}
	}
	count(pulumi.StringMap{"TableName": table.Name})
	for _, index := range shape.indexes {
		count(pulumi.StringMap{"TableName": table.Name, "GlobalSecondaryIndexName": pulumi.String(index.name)})
	}
	return append(queries, mathQuery("throttles", strings.Join(terms, "+"), "throttled requests"))
}

func systemErrorQueries(table *dynamodb.Table) cloudwatch.MetricAlarmMetricQueryArray {
	var queries cloudwatch.MetricAlarmMetricQueryArray
	var terms []string
	for i, operation := range tableOperations {
		id := fmt.Sprintf("m%d", i)
		queries = append(queries, metricQuery(id, dynamodbNamespace, "SystemErrors", "Sum", 60,
			pulumi.StringMap{"TableName": table.Name, "Operation": pulumi.String(operation)}))
		terms = append(terms, "FILL("+id+",0)")
	}
	return append(queries, mathQuery("errors", strings.Join(terms, "+"), "system errors"))
}
