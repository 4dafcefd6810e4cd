package database

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/fault"
	"github.com/itrack/itrack/internal/emulators"
)

func TestConfig(t *testing.T) {
	settings := &tls.Config{ServerName: "db.example"}
	c := Settings{Host: "db.example", Port: 3307, Name: "itrack", User: "u", Password: "p@ss:/?", TLS: settings}.Config()
	assert.Equal(t, "db.example:3307", c.Addr)
	assert.Same(t, settings, c.TLS)
	assert.True(t, c.RejectReadOnly)
	assert.False(t, c.AllowCleartextPasswords)
	assert.False(t, c.MultiStatements, "one statement at a time: an injected second one is refused by the server")
	assert.False(t, c.AllowFallbackToPlaintext)
	assert.Positive(t, c.Timeout)
	assert.Positive(t, c.ReadTimeout)
	assert.Positive(t, c.WriteTimeout)
	assert.Equal(t, time.Hour, Settings{Statement: time.Hour}.Config().ReadTimeout)
}

func TestOutages(t *testing.T) {
	for err, wanted := range map[error]bool{
		driver.ErrBadConn: true, mysql.ErrInvalidConn: true, io.ErrUnexpectedEOF: true, &net.OpError{Err: errors.New("x")}: true,
		&mysql.MySQLError{Number: 1290}: true, &mysql.MySQLError{Number: 1836}: true, &mysql.MySQLError{Number: 1053}: true,
		&mysql.MySQLError{Number: 1203}: true, &mysql.MySQLError{Number: 3168}: true, &mysql.MySQLError{Number: 3169}: true,
		&mysql.MySQLError{Number: 1062}: false, &mysql.MySQLError{Number: 1064}: false, errors.New("x"): false, sql.ErrNoRows: false, context.Canceled: false,
	} {
		assert.Equal(t, wanted, Outage(err), "%v", err)
	}
	assert.True(t, fault.Is(Told(context.DeadlineExceeded), fault.Unavailable))
	assert.NoError(t, Told(nil))
	kept := fault.New(fault.Conflict, "x", "y")
	assert.Same(t, kept, Told(kept))
}

func TestReadsAreRepeated(t *testing.T) {
	calls := 0
	err := Read(context.Background(), func(context.Context) error {
		if calls++; calls < 3 {
			return driver.ErrBadConn
		}
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, 3, calls)
	calls = 0
	err = Read(context.Background(), func(context.Context) error { calls++; return driver.ErrBadConn })
	require.True(t, fault.Is(err, fault.Unavailable))
	assert.Equal(t, readAttempts, calls)
	calls = 0
	require.ErrorIs(t, Read(context.Background(), func(context.Context) error { calls++; return sql.ErrNoRows }), sql.ErrNoRows)
	assert.Equal(t, 1, calls)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	calls = 0
	require.Error(t, Read(ctx, func(context.Context) error { calls++; return driver.ErrBadConn }))
	assert.Equal(t, 1, calls, "no pause outlasts the request")
}

// A connection is made to the server whose certificate says its name, signed by who is trusted, and to no other.
func TestTLS(t *testing.T) {
	folder, roots := emulators.Certificates(t, "db.example")
	server := emulators.OwnMariaDB(t, folder)
	ping := func(settings *tls.Config, user string) error {
		db, err := Open(Settings{Host: server.Host, Port: server.Port, User: user, TLS: settings})
		require.NoError(t, err)
		defer db.Close()
		return db.Ping()
	}
	good := &tls.Config{RootCAs: roots, ServerName: "db.example", MinVersion: tls.VersionTLS12}
	require.NoError(t, ping(good, "administrator"))
	require.ErrorContains(t, ping(&tls.Config{RootCAs: roots, ServerName: "another.example", MinVersion: tls.VersionTLS12}, "administrator"), "not another.example")
	require.ErrorContains(t, ping(&tls.Config{RootCAs: x509.NewCertPool(), ServerName: "db.example", MinVersion: tls.VersionTLS12}, "administrator"), "unknown authority")

	root, err := Open(Settings{Host: server.Host, Port: server.Port, User: "administrator", TLS: good})
	require.NoError(t, err)
	defer root.Close()
	_, err = root.Exec("CREATE USER 'careful'@'%' REQUIRE SSL")
	require.NoError(t, err)
	require.NoError(t, ping(good, "careful"))
	require.ErrorContains(t, ping(nil, "careful"), "denied", "no way in without TLS")
}

// Deadlocks are sent again by us: the server rolled back, and says so.
func TestDeadlocksAreRepeated(t *testing.T) {
	server := emulators.OwnMariaDB(t)
	db, err := Open(Settings{Host: server.Host, Port: server.Port, User: "administrator"})
	require.NoError(t, err)
	defer db.Close()
	for _, statement := range []string{"CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB", "INSERT INTO d.t VALUES (1, 0), (2, 0)"} {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	var wait sync.WaitGroup
	var attempts atomic.Int64
	const each = 5
	for worker := range 2 {
		wait.Go(func() {
			for range each {
				assert.NoError(t, Change(context.Background(), db, func(ctx context.Context, tx *sql.Tx) error {
					attempts.Add(1)
					for _, id := range []int{1 + worker, 2 - worker} { // in opposite orders
						if _, err := tx.ExecContext(ctx, "UPDATE d.t SET n = n + 1 WHERE id = ?", id); err != nil {
							return err
						}
						time.Sleep(20 * time.Millisecond)
					}
					return nil
				}))
			}
		})
	}
	wait.Wait()
	var one, two int
	require.NoError(t, db.QueryRow("SELECT MIN(n), MAX(n) FROM d.t").Scan(&one, &two))
	assert.Equal(t, 2*each, one)
	assert.Equal(t, 2*each, two)
	assert.Greater(t, attempts.Load(), int64(2*each), "there were deadlocks")
}
