// Package testplace makes what tests of several packages need: tables as the stack makes them, and a migrated schema.
package testplace

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/go-sql-driver/mysql"

	"github.com/itrack/itrack/app/backend/internal/database"
	"github.com/itrack/itrack/app/backend/internal/migrations"
	"github.com/itrack/itrack/internal/emulators"
)

// Amazon are the settings of a client of moto at address.
func Amazon(address string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(address), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient: &ordered{},
	}
}

// ordered sends one request at a time. DynamoDB checks a condition and writes as one step; moto's threads may come between
// the two, and let two writers win.
type ordered struct{ mutex sync.Mutex }

// Do is aws.HTTPClient's.
func (o *ordered) Do(request *http.Request) (*http.Response, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return http.DefaultClient.Do(request)
}

// ItemsTable makes a table of items with the keys and indexes of the stack's (infra/items.go).
func ItemsTable(t testing.TB, client *dynamodb.Client, name string) {
	t.Helper()
	create(t, client, &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: attributes("id", "holder", "type", "status"), KeySchema: keys("id", ""),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{
			{IndexName: aws.String("by-holder"), KeySchema: keys("holder", ""), Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll}},
			{IndexName: aws.String("by-type-status"), KeySchema: keys("type", "status"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll}},
		},
	})
}

// HistoryTable makes a table of histories with the keys of the stack's.
func HistoryTable(t testing.TB, client *dynamodb.Client, name string) {
	t.Helper()
	create(t, client, &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest, AttributeDefinitions: attributes("itemId", "at"), KeySchema: keys("itemId", "at"),
	})
}

func create(t testing.TB, client *dynamodb.Client, input *dynamodb.CreateTableInput) {
	t.Helper()
	if _, err := client.CreateTable(context.Background(), input); err != nil {
		t.Fatal(err)
	}
}

func attributes(names ...string) (result []types.AttributeDefinition) {
	for _, name := range names {
		result = append(result, types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeTypeS})
	}
	return result
}

func keys(hash, sort string) []types.KeySchemaElement {
	result := []types.KeySchemaElement{{AttributeName: aws.String(hash), KeyType: types.KeyTypeHash}}
	if sort != "" {
		result = append(result, types.KeySchemaElement{AttributeName: aws.String(sort), KeyType: types.KeyTypeRange})
	}
	return result
}

// Schema makes an empty schema on the server, migrates it as far as upTo says (0 means to the end), and gives its name and
// the administrator's pool on it.
func Schema(t testing.TB, server *emulators.Database, upTo int) (*sql.DB, string) {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text()[:12])
	root := Open(t, server, "")
	if _, err := root.Exec("CREATE DATABASE " + name + " CHARACTER SET utf8mb4"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Its own pool: the schema's is closed, and a test may have killed the server.
		if _, err := root.Exec("DROP DATABASE " + name); err != nil {
			t.Logf("dropping the schema %s: %v", name, err)
		}
	})
	db := Open(t, server, name)
	all, err := migrations.All()
	if err != nil {
		t.Fatal(err)
	}
	if upTo == 0 {
		upTo = len(all)
	}
	if _, err := migrations.Apply(context.Background(), db, all[:upTo], Silent()); err != nil {
		t.Fatal(err)
	}
	return db, name
}

// Open opens a schema as the administrator.
func Open(t testing.TB, server *emulators.Database, schema string) *sql.DB {
	t.Helper()
	user, password := Administrator(t, server)
	db, err := database.Open(database.Settings{Host: server.Host, Port: server.Port, User: user, Password: password, Name: schema, Connections: 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(fmt.Errorf("closing the test's pool: %w", err))
		}
	})
	return db
}

// Administrator is the server's administrator.
func Administrator(t testing.TB, server *emulators.Database) (user, password string) {
	t.Helper()
	config, err := mysql.ParseDSN(server.DSN)
	if err != nil {
		t.Fatal(err)
	}
	return config.User, config.Passwd
}

// Silent is a log that nobody reads.
func Silent() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }
