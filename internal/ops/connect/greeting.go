package connect

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/itrack/itrack/internal/ops"
)

// The first packets of MySQL's protocol. Source:
// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
const (
	packetHeader    = 4 // three bytes of length, one of sequence
	protocolVersion = 10
	errorPacket     = 0xff
	longPassword    = 0x1
	protocol41      = 0x200
	speaksTLS       = 0x800
	utf8mb4         = 45
	maxGreeting     = 4096
	// lookLimit bounds one look.
	lookLimit = 5 * time.Second
)

// meet looks at who answers at the local port: it reads MySQL's greeting, goes over to TLS as a client would, and checks
// the certificate against the authorities and the database's own name, before any password is sent. The client itself
// cannot check the name: to it the host is 127.0.0.1. State says why it is not there yet; empty means it is.
func meet(ctx context.Context, local int, host string, roots []byte) (state string, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(local)))
	if err != nil {
		return "the local port is not open yet", nil
	}
	defer connection.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = connection.SetDeadline(deadline) // a connection that takes none fails by itself
	}
	body, err := readPacket(connection)
	if err != nil {
		return "the bastion has no connection to the database yet", nil
	}
	switch {
	case body[0] == errorPacket:
		return "", refusal(body)
	case body[0] != protocolVersion:
		return "", &ops.Problem{What: "connecting to the database", Why: fmt.Sprintf("who answers at the local port %d is no MySQL server", local)}
	}
	if capabilities(body)&speaksTLS == 0 {
		return "", &ops.Problem{What: "connecting to the database", Why: "the server takes no TLS"}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(roots) {
		return "", &ops.Problem{Kind: ops.Usage, What: "connecting to the database", Why: "the file of certificate authorities has no certificate",
			Next: "name RDS's bundle with --ca: https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"}
	}
	hello := make([]byte, packetHeader+32)
	hello[0], hello[3] = 32, 1
	binary.LittleEndian.PutUint32(hello[4:], longPassword|protocol41|speaksTLS)
	binary.LittleEndian.PutUint32(hello[8:], 1<<24)
	hello[12] = utf8mb4
	if _, err := connection.Write(hello); err != nil {
		return "the bastion has no connection to the database yet", nil
	}
	secured := tls.Client(connection, &tls.Config{RootCAs: pool, ServerName: host, MinVersion: tls.VersionTLS12})
	if err := secured.HandshakeContext(ctx); err != nil {
		var wrong *tls.CertificateVerificationError
		if errors.As(err, &wrong) {
			return "", &ops.Problem{What: "checking who the database is", Why: wrong.Err.Error(), Err: err,
				Next: "do not send a password there. Where AWS has new certificate authorities, name their bundle with --ca"}
		}
		return "the database does not answer by TLS yet", nil
	}
	return "", nil
}

// readPacket reads one packet's body, of one byte at least.
func readPacket(from io.Reader) ([]byte, error) {
	header := make([]byte, packetHeader)
	if _, err := io.ReadFull(from, header); err != nil {
		return nil, fmt.Errorf("reading the greeting: %w", err)
	}
	length := int(header[0]) | int(header[1])<<8 | int(header[2])<<16
	if length == 0 || length > maxGreeting {
		return []byte{0}, nil
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(from, body); err != nil {
		return nil, fmt.Errorf("reading the greeting: %w", err)
	}
	return body, nil
}

// capabilities are the lower two bytes: after the version's text, 4 bytes of thread, 8 of scramble and a zero.
func capabilities(greeting []byte) uint16 {
	for i := 1; i < len(greeting); i++ {
		if greeting[i] == 0 {
			if at := i + 1 + 4 + 8 + 1; at+2 <= len(greeting) {
				return binary.LittleEndian.Uint16(greeting[at:])
			}
			break
		}
	}
	return 0
}

// refusal is what a server says that takes no connection, such as one with too many of them.
func refusal(body []byte) error {
	text := "it takes no connection"
	if len(body) > 3 {
		text = fmt.Sprintf("error %d: %s", binary.LittleEndian.Uint16(body[1:]), body[3:])
	}
	return &ops.Problem{What: "connecting to the database", Why: text, Next: "wait a minute and run this again"}
}
