package restore

import (
	"context"
	"crypto/tls"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/internal/rdsca"
	"github.com/itrack/itrack/internal/emulators"
)

// credentials are AWS's own examples from its documentation.
var credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}, nil
})

func reader(settings func(string) (*tls.Config, error)) *Reader {
	return &Reader{Region: "us-east-1", User: "restore_check", Schema: "itrack", Credentials: credentials, TLS: settings}
}

// The token is a password in clear text: it goes only to a server whose certificate RDS signed for that name.
func TestTheTokenTravelsInTLSOnly(t *testing.T) {
	config, err := reader(nil).config(context.Background(), "restored.example", 3306)
	require.NoError(t, err)
	assert.Equal(t, "restored.example:3306", config.Addr)
	assert.Equal(t, "restore_check", config.User)
	assert.Equal(t, "itrack", config.DBName)
	assert.True(t, config.AllowCleartextPasswords)
	assert.False(t, config.AllowFallbackToPlaintext)
	require.NotNil(t, config.TLS)
	assert.Equal(t, "restored.example", config.TLS.ServerName)
	pool, err := rdsca.Pool()
	require.NoError(t, err)
	assert.Same(t, pool, config.TLS.RootCAs, "the authorities of RDS, and not those of the system")
	assert.False(t, config.TLS.InsecureSkipVerify)
	assert.GreaterOrEqual(t, config.TLS.MinVersion, uint16(tls.VersionTLS12))
	assert.Contains(t, config.Passwd, "restored.example:3306")
	assert.Contains(t, config.Passwd, "Action=connect&DBUser=restore_check")
	assert.Contains(t, config.Passwd, "X-Amz-Signature=")

	broken := errors.New("no authorities")
	_, err = reader(func(string) (*tls.Config, error) { return nil, broken }).CountTables(context.Background(), "127.0.0.1", 1)
	require.ErrorIs(t, err, broken, "without authorities nobody is asked")
}

// A real server with a certificate of somebody else: nobody signs in there. Trusted for this test, the same server gets as
// far as looking at the password, which shows that the certificate alone was in the way.
func TestOnlyRDSGetsTheToken(t *testing.T) {
	folder, roots := emulators.Certificates(t, "127.0.0.1")
	server := emulators.OwnMariaDB(t, folder)
	count := func(settings func(string) (*tls.Config, error)) error {
		_, err := reader(settings).CountTables(context.Background(), server.Host, server.Port)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "X-Amz-", "no error holds the token")
		return err
	}
	var unknown *tls.CertificateVerificationError
	require.ErrorAs(t, count(nil), &unknown)
	other := func(string) (*tls.Config, error) {
		return &tls.Config{ServerName: "another.example", RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
	}
	require.ErrorAs(t, count(other), &unknown, "nor does a server of another name")

	trusted := func(host string) (*tls.Config, error) {
		return &tls.Config{ServerName: host, RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
	}
	var denied *mysql.MySQLError
	require.ErrorAs(t, count(trusted), &denied)
	assert.Equal(t, uint16(1045), denied.Number, "access denied: there is no such user")
}

// A server that speaks no TLS gets nothing either.
func TestNoTLSNoToken(t *testing.T) {
	server := emulators.OwnMariaDB(t)
	_, err := reader(nil).CountTables(context.Background(), server.Host, server.Port)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "X-Amz-")
	var denied *mysql.MySQLError
	assert.False(t, errors.As(err, &denied), "it was not asked to sign anybody in: %v", err)
}
