package restore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// credentials are AWS's own examples from its documentation.
var credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}, nil
})

// The token is a password in clear text: it goes only to a server whose certificate RDS signed for that name.
func TestTheTokenTravelsInTLSOnly(t *testing.T) {
	roots := x509.NewCertPool()
	reader := &Reader{Region: "us-east-1", User: "restore_check", Schema: "itrack", Credentials: credentials, Roots: roots}
	config, err := reader.config(context.Background(), "restored.example", 3306)
	require.NoError(t, err)
	assert.Equal(t, "restored.example:3306", config.Addr)
	assert.Equal(t, "restore_check", config.User)
	assert.Equal(t, "itrack", config.DBName)
	assert.True(t, config.AllowCleartextPasswords)
	require.NotNil(t, config.TLS)
	assert.Equal(t, "restored.example", config.TLS.ServerName)
	assert.Same(t, roots, config.TLS.RootCAs)
	assert.False(t, config.TLS.InsecureSkipVerify)
	assert.GreaterOrEqual(t, config.TLS.MinVersion, uint16(tls.VersionTLS12))
	assert.Contains(t, config.Passwd, "restored.example:3306")
	assert.Contains(t, config.Passwd, "Action=connect&DBUser=restore_check")
	assert.Contains(t, config.Passwd, "X-Amz-Signature=")
}

func TestAuthorities(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	bundle := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	for name, c := range map[string]struct {
		status int
		body   []byte
		fails  string
	}{
		"a bundle":     {http.StatusOK, bundle, ""},
		"nothing":      {http.StatusOK, []byte("hello"), "no certificate"},
		"an error":     {http.StatusForbidden, bundle, "status 403"},
		"empty answer": {http.StatusOK, nil, "no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = w.Write(c.body) // a failure shows in the client
			}))
			defer server.Close()
			pool, err := Authorities(context.Background(), server.Client(), server.URL)
			if c.fails != "" {
				require.ErrorContains(t, err, c.fails)
				return
			}
			require.NoError(t, err)
			_, err = secure.Certificate().Verify(x509.VerifyOptions{Roots: pool})
			require.NoError(t, err)
		})
	}
}

// Without authorities nobody is asked: no connection with the system's own list instead.
func TestNoAuthoritiesNoConnection(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	reader := &LazyReader{Reader: Reader{Region: "us-east-1", User: "restore_check", Schema: "itrack", Credentials: credentials}, Client: server.Client(), URL: server.URL}
	_, err := reader.CountTables(context.Background(), "127.0.0.1", 1)
	require.ErrorContains(t, err, "authorities of RDS")
}
