package rdsca

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every certificate of the file is an authority's, and the list covers the present: an authority of RDS lives for decades.
func TestTheBundleHoldsAuthorities(t *testing.T) {
	rest, count := bundle, 0
	regions := map[string]bool{}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		require.NoError(t, err)
		assert.True(t, certificate.IsCA, certificate.Subject.CommonName)
		if time.Now().Before(certificate.NotAfter) {
			regions[certificate.Subject.CommonName] = true
		}
		count++
	}
	assert.Equal(t, 115, count)
	for _, wanted := range []string{"Amazon RDS us-east-1 Root CA RSA2048 G1", "Amazon RDS us-west-2 Root CA ECC384 G1"} {
		assert.True(t, regions[wanted], wanted)
	}
}

func TestTLSTrustsNobodyElse(t *testing.T) {
	settings, err := TLS("itrack-staging.abc.us-east-1.rds.amazonaws.com")
	require.NoError(t, err)
	assert.Equal(t, "itrack-staging.abc.us-east-1.rds.amazonaws.com", settings.ServerName)
	assert.False(t, settings.InsecureSkipVerify)
	assert.Equal(t, uint16(tls.VersionTLS12), settings.MinVersion)
	pool, err := Pool()
	require.NoError(t, err)
	assert.Same(t, pool, settings.RootCAs)
}
