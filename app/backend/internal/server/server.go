// Package server puts the backend together and runs it: stores, HTTP, metrics, and an orderly end.
package server

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/itrack/itrack/app/backend/internal/accounts"
	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/config"
	"github.com/itrack/itrack/app/backend/internal/database"
	"github.com/itrack/itrack/app/backend/internal/health"
	"github.com/itrack/itrack/app/backend/internal/history"
	"github.com/itrack/itrack/app/backend/internal/httpapi"
	"github.com/itrack/itrack/app/backend/internal/items"
	"github.com/itrack/itrack/app/backend/internal/stock"
	"github.com/itrack/itrack/app/backend/internal/telemetry"
	"github.com/itrack/itrack/app/internal/rdsca"
)

// Build is what the binary was made from.
type Build struct {
	Version, Revision string
	OpenAPI           []byte
}

const (
	// dynamoTimeout bounds one attempt; the client makes three.
	dynamoTimeout = 2 * time.Second
	// healthTimeout: balancer and container check wait for 5 seconds.
	healthTimeout = 2 * time.Second
	// healthFresh is how long an answer about the dependencies is good.
	healthFresh = time.Second
	// hashWait is how long a sign-in waits for its turn to hash.
	hashWait = 3 * time.Second
	// tidyEvery is how often old rows are removed.
	tidyEvery = 10 * time.Minute
)

// Backend is the running program without its port.
type Backend struct {
	Handler *httpapi.Server
	Metrics *telemetry.Metrics
	Log     *slog.Logger

	settings config.Serve
	db       *sql.DB
	accounts *accounts.MySQL
	claims   *items.MySQLClaims
}

// New puts the parts together. It connects to nothing: the program answers for itself while a dependency is away. Log
// lines and metrics go to out.
func New(ctx context.Context, s config.Serve, build Build, out io.Writer) (*Backend, error) {
	log := telemetry.NewLog(out, s.LogLevel)
	connection, err := Connection(s.Database, s.Database.User, s.Database.Password, log)
	if err != nil {
		return nil, err
	}
	connection.Connections = s.Database.Pool
	db, err := database.Open(connection)
	if err != nil {
		return nil, err
	}
	amazon, err := awsconfig.LoadDefaultConfig(ctx,
		awsconfig.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(dynamoTimeout)), awsconfig.WithRetryMaxAttempts(3))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading the AWS settings: %w", err), db.Close())
	}
	tables := dynamodb.NewFromConfig(amazon)
	b := &Backend{
		Log: log, settings: s, db: db, accounts: &accounts.MySQL{DB: db}, claims: &items.MySQLClaims{DB: db},
		Metrics: &telemetry.Metrics{Environment: s.Environment, Out: out, Now: time.Now},
	}
	tokens := &auth.Tokens{Keys: s.SigningKeys.For("token"), Audience: "itrack-" + s.Environment, Life: s.TokenLife, Now: time.Now}
	store := &items.Dynamo{Client: tables, Table: s.ItemsTable}
	b.Handler = httpapi.New(httpapi.Server{
		BasePath: s.BasePath, Origins: s.AllowedOrigins, Tokens: tokens, APIKeys: s.APIKeys, Metrics: b.Metrics, Log: log,
		OpenAPI: build.OpenAPI, Version: build.Version, Revision: build.Revision,
		Accounts: &accounts.Service{
			Store: b.accounts, Tokens: tokens, Now: time.Now, Closed: s.SignUpClosed,
			Hasher: auth.NewHasher(auth.DefaultCost, s.HashesAtOnce, hashWait),
		},
		Items: &items.Service{
			Store: store, Claims: b.claims, People: b.accounts, Cursors: items.Cursors{Keys: s.SigningKeys.For("cursor")}, Now: time.Now,
		},
		Stock:   &items.Stock{Limits: &stock.MySQL{DB: db}, Items: store, Now: time.Now},
		History: &history.Dynamo{Client: tables, Table: s.HistoryTable},
		Health: &health.Checker{
			Timeout: healthTimeout, Fresh: healthFresh, Log: log, Metrics: b.Metrics, Probes: []health.Probe{
				{Name: "mysql", Ask: db.PingContext},
				{Name: "items", Ask: probe(tables, s.ItemsTable, "id")},
				{Name: "history", Ask: probe(tables, s.HistoryTable, "itemId", "at")},
			},
		},
	})
	return b, nil
}

// Connection is how a user of the database connects.
func Connection(d config.Database, user, password string, log *slog.Logger) (database.Settings, error) {
	s := database.Settings{Host: d.Host, Port: d.Port, Name: d.Name, User: user, Password: password, Log: log}
	if d.TLS == config.TLSOff {
		return s, nil
	}
	var err error
	s.TLS, err = rdsca.TLS(d.Host)
	return s, err
}

// probe reads a key that no row has: it is the cheapest question that goes the way of all others, with the same right and
// the same encryption key. DescribeTable would ask another, slower part of DynamoDB.
func probe(tables *dynamodb.Client, table string, key ...string) func(ctx context.Context) error {
	names := map[string]types.AttributeValue{}
	for _, name := range key {
		names[name] = &types.AttributeValueMemberS{Value: "health"}
	}
	return func(ctx context.Context) error {
		_, err := tables.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(table), Key: names})
		return err
	}
}

// HTTP is the server with its limits of time and size.
func HTTP(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		// A header of a real client comes at once, and the largest body, a megabyte, within the time of a request.
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second,
		// API Gateway has given up after 29 seconds.
		WriteTimeout: 30 * time.Second,
		// Longer than the balancer keeps idle connections (60 seconds unless set otherwise): if we closed first, it could
		// send a request into a connection that is just being closed, and answer 502.
		IdleTimeout: 75 * time.Second, MaxHeaderBytes: 16 << 10,
	}
}

// Run serves until the context ends, and then ends in order: health fails first, so that the balancer stops sending;
// requests are taken for a while longer; then the rest may finish. All of it fits into the 60 seconds of deregistration
// delay and stop timeout that the stack sets.
func (b *Backend) Run(ctx context.Context, listener net.Listener) error {
	server := HTTP(b.Handler, b.Log)
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{}, 2)
	go func() { b.Metrics.Run(background); done <- struct{}{} }()
	go func() { b.tidy(background); done <- struct{}{} }()
	defer func() {
		stop()
		<-done
		<-done
		if err := b.db.Close(); err != nil {
			b.Log.Error("closing the database connections", "error", err)
		}
	}()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	b.Log.Info("serving", "address", listener.Addr().String(), "environment", b.settings.Environment)
	select {
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	b.Log.Info("ending", "drainSeconds", b.settings.Drain.Seconds(), "shutdownSeconds", b.settings.Shutdown.Seconds())
	b.Handler.Health.Drain()
	select {
	case <-time.After(b.settings.Drain):
	case err := <-failed:
		return fmt.Errorf("serving: %w", err)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.settings.Shutdown)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return errors.Join(fmt.Errorf("ending: requests were still running after %v: %w", b.settings.Shutdown, err), server.Close())
	}
	b.Log.Info("ended")
	return nil
}

// tidy removes rows that nobody needs any more. Every task does, a little at a time; the statements are bounded and do not
// disturb each other.
func (b *Backend) tidy(ctx context.Context) {
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			b.tidyOnce(ctx, time.Now())
		}
	}
}

// tidyBatches bounds what one turn removes: a crowd of strangers makes a row for each address they guess.
const tidyBatches = 200

// all removes batch after batch until there is nothing old any more.
func all(ctx context.Context, now time.Time, forget func(context.Context, time.Time) (int64, error)) (sum int64, err error) {
	for range tidyBatches {
		count, err := forget(ctx, now)
		if sum += count; err != nil || count == 0 {
			return sum, err
		}
	}
	return sum, nil
}

func (b *Backend) tidyOnce(ctx context.Context, now time.Time) {
	for what, forget := range map[string]func(context.Context, time.Time) (int64, error){
		"sign-in failures": b.accounts.Forget, "idempotency keys": b.claims.Forget,
	} {
		count, err := all(ctx, now, forget)
		if err != nil {
			b.Log.WarnContext(ctx, "old rows stay for now", "what", what, "error", err)
		} else if count > 0 {
			b.Log.InfoContext(ctx, "removed old rows", "what", what, "count", count)
		}
	}
}

// Listen takes the port, on one address or, where host is "", on all.
func Listen(host string, port int) (net.Listener, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("listening on port %d (LISTEN_HOST, PORT): %w", port, err)
	}
	return listener, nil
}
