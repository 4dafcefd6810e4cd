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
	"github.com/go-sql-driver/mysql"

	"github.com/itrack/itrack/app/backend/internal/database"
	"github.com/itrack/itrack/app/backend/internal/migrations"
	"github.com/itrack/itrack/internal/devenv"
	"github.com/itrack/itrack/internal/emulators"
)

// What opens the backend of a test. The log is searched for them, so none is a part of anything else.
const (
	Password   = "correct horse battery"
	APIKey     = "an-api-key-for-tests-0123456789"
	SigningKey = "a-signing-key-for-tests-0123456789"
)

// Names of the tables in Environment.
const (
	Items   = "items"
	History = "history"
)

// Environment is what the task definition sets (infra/ecs_task.go), for a backend on this host. No database listens where
// it points to: a test that has one names it.
func Environment() map[string]string {
	return map[string]string{
		"LISTEN_HOST": "127.0.0.1", "PORT": "8080", "ENVIRONMENT": "test", "ALLOWED_ORIGINS": "https://app.example.com", "ITEMS_TABLE": Items, "HISTORY_TABLE": History,
		"DB_HOST": "127.0.0.1", "DB_PORT": "1", "DB_NAME": "itrack", "DB_USER": "itrack", "DB_PASSWORD": "none", "DB_TLS": "off",
		"JWT_SECRET": SigningKey, "API_KEY": APIKey,
	}
}

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

// Tables makes the tables of items and of histories, as the stack and `itrack dev` make them.
func Tables(t testing.TB, client *dynamodb.Client, items, history string) {
	t.Helper()
	if err := devenv.MakeTables(context.Background(), client, items, history); err != nil {
		t.Fatal(err)
	}
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
