package devenv

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Emulator is where AWS's API is, and as whom to call it.
type Emulator struct {
	Endpoint, Region                   string
	AccessKey, SecretKey, SessionToken string
}

// Client makes a client for its tables.
func (e Emulator) Client() *dynamodb.Client {
	return dynamodb.NewFromConfig(aws.Config{
		Region: e.Region, BaseEndpoint: &e.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(e.AccessKey, e.SecretKey, e.SessionToken),
	})
}

// table has the keys of a table, as the stack makes it.
type table struct {
	hash, sort string
	indexes    []index
}

type index struct{ name, hash, sort string }

// The tables of infra/items.go; a test compares them.
var (
	itemsTable = table{hash: "id", indexes: []index{
		{name: "by-holder", hash: "holder"},
		{name: "by-type-status", hash: "type", sort: "status"},
	}}
	historyTable = table{hash: "itemId", sort: "at"}
)

// tableWait is how long an emulator may take to make a table.
const tableWait = 30 * time.Second

// MakeTables makes the tables of items and of their history where they are missing.
func MakeTables(ctx context.Context, client *dynamodb.Client, items, history string) error {
	for name, wanted := range map[string]table{items: itemsTable, history: historyTable} {
		if err := wanted.make(ctx, client, name); err != nil {
			return err
		}
	}
	return nil
}

func (t table) make(ctx context.Context, client *dynamodb.Client, name string) error {
	attributes := map[string]bool{}
	input := &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest, KeySchema: schema(attributes, t.hash, t.sort)}
	for _, one := range t.indexes {
		input.GlobalSecondaryIndexes = append(input.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(one.name), KeySchema: schema(attributes, one.hash, one.sort),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		})
	}
	for attribute := range attributes {
		input.AttributeDefinitions = append(input.AttributeDefinitions,
			types.AttributeDefinition{AttributeName: aws.String(attribute), AttributeType: types.ScalarAttributeTypeS})
	}
	_, err := client.CreateTable(ctx, input)
	var there *types.ResourceInUseException
	if err != nil && !errors.As(err, &there) {
		return fmt.Errorf("making the table %s: %w", name, err)
	}
	if err := dynamodb.NewTableExistsWaiter(client).Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, tableWait); err != nil {
		return fmt.Errorf("waiting for the table %s: %w", name, err)
	}
	return nil
}

func schema(attributes map[string]bool, hash, sort string) []types.KeySchemaElement {
	attributes[hash] = true
	keys := []types.KeySchemaElement{{AttributeName: aws.String(hash), KeyType: types.KeyTypeHash}}
	if sort != "" {
		attributes[sort] = true
		keys = append(keys, types.KeySchemaElement{AttributeName: aws.String(sort), KeyType: types.KeyTypeRange})
	}
	return keys
}
