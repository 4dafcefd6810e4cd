package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ItemsType is the type token of Items.
const ItemsType = "itrack:infra:Items"

// Names of the indexes of the items table, which the backend queries.
const (
	ItemsByHolder     = "by-holder"
	ItemsByTypeStatus = "by-type-status"
)

// Items is the DynamoDB tables for items and their history.
type Items struct {
	pulumi.ResourceState

	// ItemsTable: table name.
	ItemsTable pulumi.StringOutput
	// ItemsArn: table ARN.
	ItemsArn pulumi.StringOutput
	// ItemsStreamArn: stream ARN.
	ItemsStreamArn pulumi.StringOutput
	// HistoryTable: table name.
	HistoryTable pulumi.StringOutput
	// HistoryArn: table ARN.
	HistoryArn pulumi.StringOutput
}

// ItemsArgs are what Items is made from.
type ItemsArgs struct {
	// Placement: where.
	Placement *Placement
	// Settings: safety.
	Settings ItemsSettings
	// Protect: refuse deletion.
	Protect bool
	// Keys: encryption.
	Keys *Keys
	// Alerts: who is told.
	Alerts *Alerts
}

// tableShape is what tells the two tables apart.
type tableShape struct {
	logical  string
	physical string
	hash     string
	sort     string
	indexes  []tableIndex
}

type tableIndex struct{ name, hash, sort string }

// NewItems makes the DynamoDB tables for items and their history.
func NewItems(ctx *pulumi.Context, name string, args *ItemsArgs, opts ...pulumi.ResourceOption) (*Items, error) {
	component := &Items{}
	if err := ctx.RegisterComponentResource(ItemsType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating items: %w", err)
	}
	shapes := []tableShape{
		{
			logical: "items", physical: args.Placement.Of(limitGeneral, "items"), hash: "id",
			indexes: []tableIndex{
				{name: ItemsByHolder, hash: "holder"},
				{name: ItemsByTypeStatus, hash: "type", sort: "status"},
			},
		},
		// at is an ISO 8601 time in UTC, so that the order of the strings is the order of the events.
		{logical: "item-history", physical: args.Placement.Of(limitGeneral, "item-history"), hash: "itemId", sort: "at"},
	}
	tables := map[string]*dynamodb.Table{}
	for _, shape := range shapes {
		table, err := component.table(ctx, args, shape)
		if err != nil {
			return nil, err
		}
		tables[shape.logical] = table
		if err := component.alarms(ctx, args, shape, table); err != nil {
			return nil, err
		}
		if !args.Settings.Replica {
			continue
		}
		if err := component.replica(ctx, args, shape, table); err != nil {
			return nil, err
		}
	}
	items, history := tables["items"], tables["item-history"]
	component.ItemsTable, component.ItemsArn, component.ItemsStreamArn = items.Name, items.Arn, items.StreamArn
	component.HistoryTable, component.HistoryArn = history.Name, history.Arn
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{
		"itemsTable": component.ItemsTable, "itemsArn": component.ItemsArn, "itemsStreamArn": component.ItemsStreamArn,
		"historyTable": component.HistoryTable, "historyArn": component.HistoryArn,
	}); err != nil {
		return nil, fmt.Errorf("creating items: %w", err)
	}
	return component, nil
}

// table makes one table. Both have a stream: a table without a stream of new and old images can't be replicated, and
// switching one on later replaces nothing but takes a deployment of its own.
func (i *Items) table(ctx *pulumi.Context, args *ItemsArgs, shape tableShape) (*dynamodb.Table, error) {
	attributes, indexes := shape.schema()
	table := &dynamodb.TableArgs{
		Name:                      pulumi.String(shape.physical),
		BillingMode:               pulumi.String("PAY_PER_REQUEST"),
		HashKey:                   pulumi.String(shape.hash),
		Attributes:                attributes,
		GlobalSecondaryIndexes:    indexes,
		StreamEnabled:             pulumi.Bool(true),
		StreamViewType:            pulumi.String("NEW_AND_OLD_IMAGES"),
		DeletionProtectionEnabled: pulumi.Bool(args.Settings.DeletionProtection),
		PointInTimeRecovery: &dynamodb.TablePointInTimeRecoveryArgs{
			Enabled: pulumi.Bool(true), RecoveryPeriodInDays: pulumi.Int(args.Settings.RecoveryDays),
		},
		ServerSideEncryption: &dynamodb.TableServerSideEncryptionArgs{
			Enabled: pulumi.Bool(true), KmsKeyArn: args.Keys.Data.In(args.Placement.Primary).Arn,
		},
		Tags: pulumi.StringMap{BackupTag: pulumi.String(args.Placement.backupTagValue())},
	}
	if shape.sort != "" {
		table.RangeKey = pulumi.String(shape.sort)
	}
	made, err := dynamodb.NewTable(ctx, shape.logical, table,
		pulumi.Parent(i), pulumi.Protect(args.Protect),
		// The replica is a resource of its own, with its own protection and key. The table reports it as one of its
		// replicas; without this line the next deployment would remove it.
		pulumi.IgnoreChanges([]string{"replicas"}))
	if err != nil {
		return nil, fmt.Errorf("creating the table %s: %w", shape.physical, err)
	}
	return made, nil
}

// schema declares the attributes that are keys of the table or of an index, each once: DynamoDB refuses others.
func (s tableShape) schema() (dynamodb.TableAttributeArray, dynamodb.TableGlobalSecondaryIndexArray) {
	attributes, seen := dynamodb.TableAttributeArray{}, map[string]bool{"": true}
	declare := func(names ...string) {
		for _, name := range names {
			if seen[name] {
				continue
			}
			seen[name] = true
			attributes = append(attributes, &dynamodb.TableAttributeArgs{Name: pulumi.String(name), Type: pulumi.String("S")})
		}
	}
	declare(s.hash, s.sort)
	var indexes dynamodb.TableGlobalSecondaryIndexArray
	for _, index := range s.indexes {
		declare(index.hash, index.sort)
		made := &dynamodb.TableGlobalSecondaryIndexArgs{
			Name: pulumi.String(index.name), HashKey: pulumi.String(index.hash), ProjectionType: pulumi.String("ALL"),
		}
		if index.sort != "" {
			made.RangeKey = pulumi.String(index.sort)
		}
		indexes = append(indexes, made)
	}
	return attributes, indexes
}

// replica makes the table's replica in the recovery region, with the key of that region and its own protection.
func (i *Items) replica(ctx *pulumi.Context, args *ItemsArgs, shape tableShape, table *dynamodb.Table) error {
	recovery := args.Placement.Recovery
	_, err := dynamodb.NewTableReplica(ctx, shape.logical, &dynamodb.TableReplicaArgs{
		GlobalTableArn:            table.Arn,
		KmsKeyArn:                 args.Keys.Data.In(recovery).Arn.ToStringPtrOutput(),
		PointInTimeRecovery:       pulumi.Bool(true),
		DeletionProtectionEnabled: pulumi.Bool(args.Settings.DeletionProtection),
	}, in(i, recovery, pulumi.Protect(args.Protect))...)
	if err != nil {
		return fmt.Errorf("creating the replica of table %s in %s: %w", shape.physical, recovery.Name, err)
	}
	return nil
}
