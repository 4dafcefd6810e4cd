package emulators

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certificates makes an authority of a test's own and a certificate of name (a host's, or an address), in a folder as
// OwnMariaDB takes it. Roots trust that authority alone.
func Certificates(t testing.TB, name string) (folder string, roots *x509.CertPool) {
	t.Helper()
	folder, roots = t.TempDir(), x509.NewCertPool()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("making certificates for the test: %v", err)
		}
	}
	key := func() *ecdsa.PrivateKey {
		made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
		return made
	}
	write := func(file, kind string, bytes []byte) []byte {
		text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes})
		must(os.WriteFile(filepath.Join(folder, file), text, 0o600))
		return text
	}
	rootKey, serverKey := key(), key()
	from, until := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotBefore: from, NotAfter: until, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	bytes, err := x509.CreateCertificate(rand.Reader, root, root, &rootKey.PublicKey, rootKey)
	must(err)
	if !roots.AppendCertsFromPEM(write("ca.pem", "CERTIFICATE", bytes)) {
		t.Fatal("making certificates for the test: the authority's is not readable")
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: until}
	if ip := net.ParseIP(name); ip != nil {
		leaf.IPAddresses = []net.IP{ip}
	} else {
		leaf.DNSNames = []string{name}
	}
	bytes, err = x509.CreateCertificate(rand.Reader, leaf, root, &serverKey.PublicKey, rootKey)
	must(err)
	write("server.pem", "CERTIFICATE", bytes)
	bytes, err = x509.MarshalPKCS8PrivateKey(serverKey)
	must(err)
	write("server-key.pem", "PRIVATE KEY", bytes)
	return folder, roots
}
