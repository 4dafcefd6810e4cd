package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/itrack/itrack/app/backend/internal/fault"
)

// Numbers of MySQL's errors. Source: https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html
const (
	duplicateEntry      = 1062
	tooManyConnections  = 1040
	serverShutdown      = 1053
	lockWaitTimeout     = 1205
	deadlock            = 1213
	readOnlyOption      = 1290
	readOnlyTransaction = 1792
	readOnlyMode        = 1836
	killed              = 1927 // MariaDB
	userConnections     = 1203
	notAvailable        = 3168
	sessionKilled       = 3169
)

const (
	readAttempts = 4
	firstPause   = 50 * time.Millisecond
)

// Read runs a query that changes nothing, again where the connection broke. Changes are never sent twice: whether a lost
// answer stood for a change that happened, nobody here can know.
func Read(ctx context.Context, query func(ctx context.Context) error) error {
	return repeat(ctx, Outage, query)
}

// Change runs a transaction. It is sent again only where the server itself says that it was rolled back for a deadlock.
func Change(ctx context.Context, db *sql.DB, change func(ctx context.Context, tx *sql.Tx) error) error {
	return repeat(ctx, func(err error) bool { return number(err) == deadlock }, func(ctx context.Context) error {
		// Read committed takes no locks on gaps, on which two sign-ins would wait for each other.
		tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		if err != nil {
			return err
		}
		if err := change(ctx, tx); err != nil {
			_ = tx.Rollback() // the change's own error counts; a broken connection rolls back by itself
			return err
		}
		return tx.Commit()
	})
}

func repeat(ctx context.Context, again func(error) bool, what func(ctx context.Context) error) error {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := what(ctx)
		if err == nil || attempt == readAttempts || !again(err) || ctx.Err() != nil {
			return Told(err)
		}
		timer := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return Told(err)
		}
		pause *= 2
	}
}

// Told turns an outage into what the asker is told; other errors stay what they are.
func Told(err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	if Outage(err) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Outage("database", err)
	}
	return err
}

// Outage says whether the database, and not the statement, is the reason of an error.
func Outage(err error) bool {
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return true
	}
	var network net.Error
	if errors.As(err, &network) {
		return true
	}
	switch number(err) {
	case tooManyConnections, serverShutdown, lockWaitTimeout, deadlock, readOnlyOption, readOnlyTransaction, readOnlyMode, killed,
		userConnections, notAvailable, sessionKilled:
		return true
	}
	return false
}

// Duplicate says whether a unique key has the value already.
func Duplicate(err error) bool { return number(err) == duplicateEntry }

func number(err error) uint16 {
	var known *mysql.MySQLError
	if errors.As(err, &known) {
		return known.Number
	}
	return 0
}
