package restore

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/go-sql-driver/mysql"

	"github.com/itrack/itrack/app/internal/rdsca"
)

// Reader signs in to a database with IAM as a user who may only read. The master password of what was restored is
// unknown, and nobody needs it.
type Reader struct {
	Region, User, Schema string
	Credentials          aws.CredentialsProvider
	// TLS makes the setting for a host; nil means the authorities of RDS, which the program carries: nothing is fetched, so
	// the function needs no way out to the trust store.
	TLS func(host string) (*tls.Config, error)
}

const connectTimeout = 20 * time.Second

// CountTables connects over TLS and counts the tables that the user may see in the schema.
func (r *Reader) CountTables(ctx context.Context, host string, port int) (count int, err error) {
	config, err := r.config(ctx, host, port)
	if err != nil {
		return 0, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return 0, fmt.Errorf("preparing the connection: %w", err)
	}
	database := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, database.Close()) }()
	const query = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = ?"
	if err := database.QueryRowContext(ctx, query, r.Schema).Scan(&count); err != nil {
		return 0, fmt.Errorf("counting the tables of %s as %s (the user must exist, with AWSAuthenticationPlugin and SELECT): %w", r.Schema, r.User, err)
	}
	return count, nil
}

// config is the connection: the token goes in clear text, but only inside TLS to a server whose certificate RDS signed.
func (r *Reader) config(ctx context.Context, host string, port int) (*mysql.Config, error) {
	address := net.JoinHostPort(host, strconv.Itoa(port))
	token, err := auth.BuildAuthToken(ctx, address, r.Region, r.User, r.Credentials)
	if err != nil {
		return nil, fmt.Errorf("making the sign-in token: %w", err)
	}
	config := mysql.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr, config.DBName = r.User, token, "tcp", address, r.Schema
	settings := r.TLS
	if settings == nil {
		settings = rdsca.TLS
	}
	if config.TLS, err = settings(host); err != nil {
		return nil, err
	}
	config.AllowCleartextPasswords = true
	config.Timeout, config.ReadTimeout = connectTimeout, connectTimeout
	return config, nil
}
