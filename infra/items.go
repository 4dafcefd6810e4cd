package infra

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ItemsType is the type token of Items.
const ItemsType = "itrack:infra:Items"

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

// NewItems makes the DynamoDB tables for items and their history.
func NewItems(ctx *pulumi.Context, name string, args *ItemsArgs, opts ...pulumi.ResourceOption) (*Items, error) {
	component := &Items{}
	if err := ctx.RegisterComponentResource(ItemsType, name, component, opts...); err != nil {
		return nil, fmt.Errorf("creating items: %w", err)
	}
	_ = args
	return component, nil
}
