package restore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/go-sql-driver/mysql"
)

// Reader signs in to a database with IAM as a user who may only read. The master password of what was restored is
// unknown, and nobody needs it.
type Reader struct {
	Region, User, Schema string
	Credentials          aws.CredentialsProvider
	// Roots are the certificate authorities of RDS.
	Roots *x509.CertPool
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
	config.TLS = &tls.Config{ServerName: host, RootCAs: r.Roots, MinVersion: tls.VersionTLS12}
	config.AllowCleartextPasswords = true
	config.Timeout, config.ReadTimeout = connectTimeout, connectTimeout
	return config, nil
}

// maxBundle bounds the list of authorities; AWS's global one is about 170 kB.
const maxBundle = 1 << 20

// Authorities fetches the certificate authorities of RDS in a region from AWS's trust store.
// Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
func Authorities(ctx context.Context, client *http.Client, url string) (*x509.CertPool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("fetching the authorities of RDS: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetching the authorities of RDS (the function needs a way out by NAT): %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetching the authorities of RDS from %s: status %d", url, response.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxBundle))
	if err != nil {
		return nil, fmt.Errorf("fetching the authorities of RDS from %s: %w", url, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("fetching the authorities of RDS from %s: no certificate in the answer", url)
	}
	return pool, nil
}

// LazyReader fetches the authorities when a database is asked for the first time: tables need none.
type LazyReader struct {
	Reader
	Client *http.Client
	URL    string
}

// CountTables is Reader's.
func (l *LazyReader) CountTables(ctx context.Context, host string, port int) (int, error) {
	if l.Roots == nil {
		roots, err := Authorities(ctx, l.Client, l.URL)
		if err != nil {
			return 0, err
		}
		l.Roots = roots
	}
	return l.Reader.CountTables(ctx, host, port)
}
