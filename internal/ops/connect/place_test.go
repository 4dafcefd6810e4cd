package connect_test

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

const databaseHost = "itrack.abc.us-east-1.rds.amazonaws.com"

// place is an environment with a bastion, and a database behind the stand-in of the plugin.
type place struct {
	*opstest.StandIns
	opstest.Greeter
	cloud    *opstest.Cloud
	sessions *opstest.Sessions
	env      *ops.Environment
	out      ops.Outputs
	instance string
	ping     atomic.Value
}

func newPlace(t *testing.T, environment string) *place {
	t.Helper()
	p := &place{cloud: opstest.New(t)}
	p.sessions = opstest.NewSessions(p.cloud)
	p.env = p.cloud.Open(t, environment, nil)
	p.out = ops.Outputs{Environment: environment, Region: p.env.Region, DatabaseAddress: databaseHost, DatabasePort: 3306, DatabaseName: "itrack", BastionGroup: p.env.Name("bastion")}
	p.instance = opstest.Bastion(t, p.env, p.out.BastionGroup)
	p.ping.Store("Online")
	p.sessions.Agent(p.env.Account, p.env.Region, p.instance, func() string { return p.ping.Load().(string) })
	p.Greeter = opstest.NewGreeter(t, p.out.DatabaseAddress, opstest.Greeting(0x0a, 0x8aff))
	p.StandIns = opstest.NewStandIns(t, "session-manager-plugin", "mysql")
	p.cloud.Forget()
	return p
}

// port is a free local port.
func port(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// noSecret makes sure that none of the sessions' tokens stands in a text.
func (p *place) noSecret(t *testing.T, text string) {
	t.Helper()
	require.NotEmpty(t, p.sessions.Tokens())
	for _, token := range p.sessions.Tokens() {
		require.False(t, strings.Contains(text, token), "a session's token stands in: %s", text)
	}
}
