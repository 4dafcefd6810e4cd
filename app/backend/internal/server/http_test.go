package server

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/testplace"
)

// A slow or greedy client has its limits at the program's own server, and a real one its time: the balancer's idle
// connections are closed by the balancer, and an answer may take as long as API Gateway waits.
func TestTheServersLimits(t *testing.T) {
	s := HTTP(http.NotFoundHandler(), testplace.Silent())
	assert.Positive(t, s.ReadHeaderTimeout)
	assert.LessOrEqual(t, s.ReadHeaderTimeout, 10*time.Second)
	assert.Positive(t, s.ReadTimeout)
	assert.LessOrEqual(t, s.ReadTimeout, 30*time.Second)
	assert.GreaterOrEqual(t, s.WriteTimeout, 29*time.Second)
	assert.Greater(t, s.IdleTimeout, 60*time.Second)

	listener, err := Listen("127.0.0.1", 0)
	require.NoError(t, err)
	go func() { _ = s.Serve(listener) }() // ends with the listener
	defer s.Close()
	connection, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	defer connection.Close()
	require.NoError(t, connection.SetDeadline(time.Now().Add(10*time.Second)))
	go func() {
		_, _ = fmt.Fprintf(connection, "GET / HTTP/1.1\r\nHost: x\r\nX-Large: %s\r\n\r\n", strings.Repeat("a", 1<<20))
	}()
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, response.StatusCode)
}

// LISTEN_HOST is where the program is, and nowhere else.
func TestListen(t *testing.T) {
	one, err := Listen("127.0.0.1", 0)
	require.NoError(t, err)
	defer one.Close()
	assert.True(t, strings.HasPrefix(one.Addr().String(), "127.0.0.1:"), one.Addr())
	all, err := Listen("", 0)
	require.NoError(t, err)
	defer all.Close()
	address, ok := all.Addr().(*net.TCPAddr)
	require.True(t, ok)
	assert.True(t, address.IP.IsUnspecified(), "the balancer asks from outside: %v", address)
	_, err = Listen("127.0.0.1", one.Addr().(*net.TCPAddr).Port)
	require.ErrorContains(t, err, "LISTEN_HOST, PORT")
}
