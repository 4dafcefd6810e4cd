package connect_test

import (
	"bytes"
	"context"
	"database/sql"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	_ "github.com/go-sql-driver/mysql" // the test's own way to the server
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/emulators"
	"github.com/itrack/itrack/internal/ops/connect"
	"github.com/itrack/itrack/internal/ops/opstest"
)

// The client and the server are real; only Session Manager between them is not.
func TestTheRealClientSignsInThroughTheTunnel(t *testing.T) {
	before := os.Getenv("PATH")
	folder, _ := emulators.Certificates(t, databaseHost)
	server := emulators.OwnMariaDB(t, folder)
	p, ctx := newPlace(t, "staging"), context.Background()
	t.Setenv(opstest.ForwardTo, net.JoinHostPort(server.Host, strconv.Itoa(server.Port)))
	root, err := sql.Open("mysql", server.DSN)
	require.NoError(t, err)
	defer root.Close()
	const password = `a#b\c"d' e=%&/;`
	for _, statement := range []string{"CREATE DATABASE itrack", "CREATE USER 'itrackadmin'@'%' IDENTIFIED BY '" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(password) + "' REQUIRE SSL", "GRANT ALL ON itrack.* TO 'itrackadmin'@'%'"} {
		_, err := root.Exec(statement)
		require.NoError(t, err)
	}
	secret, err := p.env.Primary().Secrets().CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("rds!db-1"),
		SecretString: aws.String(`{"username":"itrackadmin","password":"a#b\\c\"d' e=%&/;"}`)})
	require.NoError(t, err)
	p.out.DatabaseMasterSecretArn = *secret.ARN
	opstest.NewStandIns(t, "session-manager-plugin")
	t.Setenv("PATH", os.Getenv("PATH")+string(filepath.ListSeparator)+before)
	// Options of the user's own must not lead elsewhere.
	home := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(home, ".my.cnf"), []byte("[client]\nuser=somebody\npassword=else\nport=1\n"), 0o600))
	t.Setenv("HOME", home)
	client, found, err := connect.FindClient(ctx)
	require.NoError(t, err)
	require.True(t, found, "a database server comes with a client")
	authorities := filepath.Join(folder, "ca.pem")
	roots, err := os.ReadFile(authorities)
	require.NoError(t, err)
	tunnel, err := connect.Open(ctx, p.env, p.out, p.instance, port(t), roots)
	require.NoError(t, err)
	defer tunnel.Close()
	login, err := connect.SignIn(ctx, p.env, p.out, "", connect.Master)
	require.NoError(t, err)
	var out, complaints bytes.Buffer
	err = client.Run(ctx, tunnel, p.out.DatabaseName, login, authorities, connect.Streams{
		In: strings.NewReader("SELECT CURRENT_USER(), DATABASE(); SHOW STATUS LIKE 'Ssl_version';"), Out: &out, Err: &complaints})
	require.NoError(t, err, complaints.String())
	require.Contains(t, out.String(), "itrackadmin@%\titrack")
	require.Contains(t, out.String(), "Ssl_version\tTLSv1.")
}
