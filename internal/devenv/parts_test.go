package devenv

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/emulators"
)

// tools is a folder with scripts that stand in for those of the repository, and a program that stands in for the backend
// in the same repository: they are enough for what happens before it is started.
func tools(t *testing.T, scripts map[string]string) Options {
	t.Helper()
	root := t.TempDir()
	for name, text := range scripts {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700)) //nolint:gosec // it is run
	}
	for _, folder := range []string{"app/backend", "app/internal"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, folder), 0o700))
	}
	for name, text := range map[string]string{"go.mod": "module example.com/fixture\n\ngo 1.26\n", "go.sum": "", "app/backend/main.go": "package main\n\nfunc main() {}\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
	}
	return Options{Root: root, Tools: root, Port: freePort(t), Output: io.Discard, Progress: func(string, ...any) {}}
}

// A part that does not start ends the others, with everything that they started.
func TestAPartThatDoesNotStart(t *testing.T) {
	said := &emulators.Journal{}
	o := tools(t, map[string]string{"mariadb.sh": "sleep 100 & echo 'administrator@tcp(127.0.0.1:1)/'; wait", "moto.sh": "echo 'python3 is missing' >&2; exit 3"})
	o.Output = said
	err := Run(t.Context(), o)
	require.ErrorContains(t, err, "moto ended by itself: exit status 3 before it gave an address")
	assert.Contains(t, said.String(), "moto | python3 is missing\n")
	assert.Empty(t, descendants(t))
}

func TestABackendThatDoesNotCompile(t *testing.T) {
	o := tools(t, map[string]string{"mariadb.sh": "sleep 100", "moto.sh": "sleep 100"})
	require.NoError(t, os.WriteFile(filepath.Join(o.Root, "app", "backend", "main.go"), []byte("package main\n\nfunc main() { nothing() }\n"), 0o600))
	err := Run(t.Context(), o)
	require.ErrorContains(t, err, "the backend does not compile:\n")
	require.ErrorContains(t, err, "undefined: nothing")
	assert.Empty(t, descendants(t))
}

func TestCancelledWhileStarting(t *testing.T) {
	o := tools(t, map[string]string{"mariadb.sh": "sleep 100 & wait", "moto.sh": "sleep 100 & wait"})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, o) }()
	require.Eventually(t, func() bool { return len(descendants(t)) >= 4 }, 10*time.Second, 10*time.Millisecond)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	assert.Empty(t, descendants(t))
}

// A database that goes away ends the run, whatever else there is.
func TestALostPartEndsTheRun(t *testing.T) {
	o := tools(t, map[string]string{"part.sh": "echo here; sleep 0.2; exit 7", "other.sh": "trap '' TERM; sleep 100 & echo there; wait; wait"})
	r := &run{Options: o, backend: &service{}}
	all := &output{to: io.Discard}
	for _, script := range []string{"part.sh", "other.sh"} {
		_, err := r.emulator(t.Context(), script, script, all.named(script))
		require.NoError(t, err)
	}
	r.Poll = time.Minute
	require.ErrorContains(t, r.watch(t.Context(), nil), "part.sh ended by itself: exit status 7; everything else was ended too")
	for _, c := range r.children {
		c.stop(100 * time.Millisecond) // the second one does not listen
	}
	assert.Empty(t, descendants(t))
}

func TestAPortThatIsTaken(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	o := tools(t, nil)
	o.Port = listener.Addr().(*net.TCPAddr).Port
	require.ErrorContains(t, Run(t.Context(), o), "--port")
}

func TestWhereTheBackendListens(t *testing.T) {
	for host, wanted := range map[string]string{"127.0.0.1": "127.0.0.1", "::1": "::1", "0.0.0.0": "127.0.0.1", "::": "127.0.0.1"} {
		assert.Equal(t, wanted, reachable(host), "where it is asked")
	}
	o := tools(t, nil)
	o.Host = "my-computer"
	var wrong *SettingsError
	require.ErrorAs(t, Run(t.Context(), o), &wrong)
	assert.ErrorContains(t, wrong, "--host")
}

func TestWhereTheDatabaseMayBe(t *testing.T) {
	for dsn, wanted := range map[string]string{
		"root:secret@tcp(127.0.0.1:3306)/mine": "mine",
		"root:secret@tcp(localhost:3306)/":     "itrack",
		"administrator@tcp([::1]:3306)/":       "itrack",
	} {
		a, err := readDSN(dsn)
		require.NoError(t, err, dsn)
		assert.Equal(t, wanted, a.config.DBName)
	}
	for dsn, wanted := range map[string]string{
		"root:secret@tcp(db.example.com:3306)/": "on this host alone",
		"mysql://root:secret@127.0.0.1/":        DSNForm,
		"root:secret@unix(/tmp/mysql.sock)/":    DSNForm,
		"itrack_dev:secret@tcp(127.0.0.1:1)/":   "name an administrator",
	} {
		_, err := readDSN(dsn)
		require.ErrorContains(t, err, wanted, dsn)
		assert.NotContains(t, err.Error(), "secret")
		require.ErrorContains(t, Run(t.Context(), Options{DSN: dsn, Progress: func(string, ...any) {}}), wanted, "before anything is started")
	}
}

func TestWhereAWSMayBe(t *testing.T) {
	require.NoError(t, readEndpoint("http://127.0.0.1:4566"))
	for endpoint, wanted := range map[string]string{
		"127.0.0.1:4566": "has to look like", "http://": "has to look like",
		"https://dynamodb.us-east-1.amazonaws.com": "the AWS endpoint dynamodb.us-east-1.amazonaws.com is AWS itself", "https://dynamodb.us-east-1.api.aws": "is AWS itself",
		"https://DynamoDB.us-east-1.AmazonAWS.com": "endpoint dynamodb.us-east-1.amazonaws.com is AWS itself", "https://amazonaws.com": "endpoint amazonaws.com is AWS itself", "https://dynamodb.us-east-1.amazonaws.com.:443": "is AWS itself",
		"https://dynamodb.cn-north-1.amazonaws.com.cn": "is AWS itself",
	} {
		require.ErrorContains(t, readEndpoint(endpoint), wanted)
	}
	set := map[string]string{"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
	assert.Equal(t, Emulator{Endpoint: "http://e", Region: "eu-west-1", AccessKey: "key", SecretKey: "secret"}, emulatorAt("http://e", func(name string) string { return set[name] }))
}

func TestTheBackendsEnvironment(t *testing.T) {
	a, err := readDSN("root:it's@tcp(127.0.0.1:3307)/")
	require.NoError(t, err)
	keys := newSecrets()
	assert.NotEqual(t, keys.signing, newSecrets().signing)
	found, err := environment([]string{"HOME=/home/dev", "AWS_PROFILE=production", "AWS_ENDPOINT_URL_DYNAMODB=http://x", "PORT=1", "LISTEN_HOST=::"}, "127.0.0.1", 8081, a, emulatorAt("http://e", func(string) string { return "" }), keys)
	require.NoError(t, err)
	for _, wanted := range []string{"HOME=/home/dev", "LISTEN_HOST=127.0.0.1", "PORT=8081", "DB_PORT=3307", "AWS_ENDPOINT_URL=http://e", `DB_MASTER_SECRET={"password":"it's","username":"root"}`, "API_KEY=" + keys.api} {
		assert.Contains(t, found, wanted)
	}
	joined := strings.Join(found, "\n")
	assert.NotContains(t, joined, "production")
	assert.NotContains(t, joined, "AWS_ENDPOINT_URL_DYNAMODB")
	assert.NotContains(t, found, "PORT=1")
	assert.NotContains(t, found, "LISTEN_HOST=::")
}

// The tables are those of the stack.
func TestTheStacksTables(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "infra", "items.go"))
	require.NoError(t, err)
	for _, line := range []string{
		`Of(limitGeneral, "items"), hash: "` + itemsTable.hash + `"`,
		`= "` + itemsTable.indexes[0].name + `"`, `{name: ItemsByHolder, hash: "` + itemsTable.indexes[0].hash + `"}`,
		`= "` + itemsTable.indexes[1].name + `"`, `{name: ItemsByTypeStatus, hash: "` + itemsTable.indexes[1].hash + `", sort: "` + itemsTable.indexes[1].sort + `"}`,
		`hash: "` + historyTable.hash + `", sort: "` + historyTable.sort + `"`,
	} {
		assert.Contains(t, string(text), line)
	}
	assert.Equal(t, 2, strings.Count(string(text), "{name: Items"), "every index is here")
}

func TestTheSamplesHaveEverything(t *testing.T) {
	statuses, used, serials := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, sample := range samples {
		statuses[sample.status], used[sample.typ], serials[sample.typ+sample.serial] = true, true, true
		assert.Equal(t, sample.status == "assigned", sample.holder != "", sample.serial)
		known := slices.ContainsFunc(Accounts, func(a Account) bool { return a.Email == sample.holder })
		assert.True(t, sample.holder == "" || known, sample.serial)
	}
	assert.Len(t, statuses, 4)
	assert.Len(t, used, len(itemTypes))
	assert.Len(t, serials, len(samples))
	assert.Equal(t, "manager", Accounts[0].Role)
}

func TestWhatIsWatched(t *testing.T) {
	root := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(root, "app", "sql"), 0o700))
	write := func(name, text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(filepath.Join(root, "app", name), []byte(text), 0o600))
	}
	for _, name := range []string{"main.go", "openapi.json", "sql/0001.sql", "rds.pem", "main_test.go", ".#main.go", "README.md"} {
		write(name, "1")
	}
	before, err := look(root, []string{"app", "gone"})
	require.NoError(t, err)
	assert.Len(t, before, 4)
	write("sql/0001.sql", "22")
	after, err := look(root, []string{"app"})
	require.NoError(t, err)
	assert.NotEqual(t, before, after)
}

func TestLinesStayWhole(t *testing.T) {
	var out bytes.Buffer
	all := &output{to: &out}
	a, b := all.named("a"), all.named("b")
	for _, step := range []struct {
		to   io.Writer
		text string
	}{{a, "on"}, {b, "two\nthr"}, {a, "e\n"}, {b, "ee\n"}, {a, strings.Repeat("x", longestLine+1)}} {
		_, err := io.WriteString(step.to, step.text)
		require.NoError(t, err)
	}
	assert.Equal(t, "b | two\na | one\nb | three\na | "+strings.Repeat("x", longestLine+1)+"\n", out.String())
}

// A developer's DSN leads to this computer or is refused, and no error holds its password.
func FuzzReadDSN(f *testing.F) {
	for _, seed := range []string{
		"root:secret-password@tcp(127.0.0.1:3306)/mine", "root:secret-password@tcp(db.example.com:3306)/", "", "@", "@tcp()/", "a:secret-password@tcp([::1]:1)/`x`",
		"root:secret-password@unix(/tmp/x)/", "root:secret-password@tcp(127.0.0.1:3306)/?tls=skip-verify", "root:secret-password@tcp(localhost:x)/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		a, err := readDSN(dsn)
		if err != nil {
			if strings.Contains(err.Error(), "secret-password") && !strings.Contains(dsn, "(secret-password") {
				t.Fatalf("%q: %v", dsn, err)
			}
			return
		}
		host, port, err := net.SplitHostPort(a.config.Addr)
		if err != nil || !onThisHost(host) || !digits(port) || a.config.DBName == "" || a.config.User == userName {
			t.Fatalf("%q became %+v", dsn, a.config.Addr)
		}
	})
}

func FuzzReadEndpoint(f *testing.F) {
	for _, seed := range []string{"http://127.0.0.1:4566", "https://dynamodb.us-east-1.amazonaws.com", "", "http://[::1]:1/x", "HTTPS://A.API.AWS."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		if readEndpoint(endpoint) != nil {
			return
		}
		request, err := http.NewRequest(http.MethodGet, endpoint, nil)
		if err != nil {
			return
		}
		if host := strings.ToLower(request.URL.Hostname()); strings.HasSuffix(strings.TrimSuffix(host, "."), ".amazonaws.com") {
			t.Fatalf("%q leads to %q", endpoint, host)
		}
	})
}
