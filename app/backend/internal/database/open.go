// Package database opens MySQL so that a failover to the other zone costs seconds and no restart.
package database

import (
	"crypto/tls"
	"database/sql"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Settings are how to reach the database.
type Settings struct {
	Host     string
	Port     int
	Name     string
	User     string
	Password string
	// TLS is nil for a connection in clear text.
	TLS *tls.Config
	// Connections are the most at once; 0 means 10.
	Connections int
	// Statement is the longest a statement may take; 0 means 10 seconds.
	Statement time.Duration
	Log       *slog.Logger
}

const (
	// connectTimeout: the standby takes over the name, and the old address does not answer at all.
	connectTimeout = 3 * time.Second
	// statementTimeout ends a read from a host that is gone without a word. No statement of a request takes a second.
	statementTimeout = 10 * time.Second
	// connectionLife: after a failover RDS's name leads to the other host, and only a new connection looks the name up.
	connectionLife = time.Minute
	connectionIdle = 30 * time.Second
)

// Config is the driver's form of the settings.
func (s Settings) Config() *mysql.Config {
	config := mysql.NewConfig()
	config.User, config.Passwd, config.DBName = s.User, s.Password, s.Name
	config.Net, config.Addr = "tcp", net.JoinHostPort(s.Host, strconv.Itoa(s.Port))
	config.TLS = s.TLS
	config.Timeout, config.ReadTimeout, config.WriteTimeout = connectTimeout, statementTimeout, statementTimeout
	if s.Statement > 0 {
		config.ReadTimeout = s.Statement
	}
	config.ParseTime, config.Loc, config.Collation = true, time.UTC, "utf8mb4_bin"
	// After a failover a pooled connection may lead to a server that only reads. The driver then drops it instead of
	// keeping it, and database/sql takes another one.
	config.RejectReadOnly = true
	// Same answers on every server, whatever its defaults are.
	config.Params = map[string]string{
		"sql_mode": "'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'", "time_zone": "'+00:00'",
	}
	if s.Log != nil {
		config.Logger = driverLog{s.Log}
	}
	return config
}

// Open makes the pool. It does not connect: the program starts, and answers for itself, without a database.
func Open(s Settings) (*sql.DB, error) {
	connector, err := mysql.NewConnector(s.Config())
	if err != nil {
		return nil, fmt.Errorf("preparing the database connection: %w", err)
	}
	db := sql.OpenDB(connector)
	connections := s.Connections
	if connections == 0 {
		connections = 10
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxLifetime(connectionLife)
	db.SetConnMaxIdleTime(connectionIdle)
	return db, nil
}

// driverLog hands the driver's complaints about broken connections to our log.
type driverLog struct{ log *slog.Logger }

func (d driverLog) Print(v ...any) { d.log.Warn("mysql driver", "message", fmt.Sprint(v...)) }
