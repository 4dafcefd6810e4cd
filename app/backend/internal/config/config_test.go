package config

import (
	"maps"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/items"
)

// given is what the task gets (infra/ecs_task.go), with secrets from Secrets Manager.
var given = map[string]string{
	"PORT": "8080", "ENVIRONMENT": "staging", "ALLOWED_ORIGINS": "https://app.example.com,http://localhost:5173", "ITEMS_TABLE": "itrack-items-staging",
	"HISTORY_TABLE": "itrack-item-history-staging", "DB_HOST": "itrack-staging.x.us-east-1.rds.amazonaws.com", "DB_PORT": "3306", "DB_NAME": "itrack", "DB_USER": "itrack",
	"DB_PASSWORD": "secret-password", "JWT_SECRET": strings.Repeat("j", 32), "API_KEY": strings.Repeat("a", 32),
	"DB_MASTER_SECRET": `{"username":"itrackadmin","password":"secret-master","engine":"mysql"}`,
}

func with(changes map[string]string) func(string) string {
	all := maps.Clone(given)
	maps.Copy(all, changes)
	return func(name string) string { return all[name] }
}

func TestWhatTheTaskGetsIsEnough(t *testing.T) {
	s, err := ForServe(with(nil))
	require.NoError(t, err)
	assert.Equal(t, 8080, s.Port)
	assert.Empty(t, s.Host, "every address of the container: the balancer asks from outside")
	assert.Equal(t, []string{"https://app.example.com", "http://localhost:5173"}, s.AllowedOrigins)
	assert.Equal(t, TLSOfRDS, s.Database.TLS)
	assert.Equal(t, "/api", s.BasePath)
	assert.Equal(t, time.Hour, s.TokenLife)
	assert.False(t, s.Tracing)
	for file, name := range map[string]string{"ecs_routing.go": "drainSeconds", "ecs_task.go": "stopSeconds"} {
		assert.Less(t, s.Drain+s.Shutdown, stackSeconds(t, file, name), "the stack's deregistration delay and stop timeout (infra/%s)", file)
	}
	m, err := ForMigrate(with(nil))
	require.NoError(t, err)
	assert.Equal(t, "itrackadmin", m.MasterUser)
	assert.Equal(t, "secret-master", m.MasterPassword)
	assert.Equal(t, []string{"itrack_readonly", "restore_check"}, m.ReadOnlyUsers)
	assert.Equal(t, "AWSAuthenticationPlugin", m.ReadOnlyPlugin)
}

// stackSeconds is a number of seconds in the stack's sources.
func stackSeconds(t *testing.T, file, name string) time.Duration {
	t.Helper()
	source, err := os.ReadFile("../../../../infra/" + file)
	require.NoError(t, err)
	match := regexp.MustCompile(`\b` + name + ` = (\d+)\b`).FindStringSubmatch(string(source))
	require.NotNil(t, match, "infra/%s has no %s", file, name)
	seconds, err := time.ParseDuration(match[1] + "s")
	require.NoError(t, err)
	return seconds
}

func TestWhereToListen(t *testing.T) {
	for host, wanted := range map[string]string{
		"": "127.0.0.1:81", "127.0.0.1": "127.0.0.1:81", "0.0.0.0": "127.0.0.1:81", "::": "127.0.0.1:81", "::1": "[::1]:81", "10.0.0.7": "10.0.0.7:81",
	} {
		get := with(map[string]string{"LISTEN_HOST": host, "PORT": "81"})
		s, err := ForServe(get)
		require.NoError(t, err, host)
		assert.Equal(t, host, s.Host)
		asked, err := ForHealthcheck(get)
		require.NoError(t, err, host)
		assert.Equal(t, wanted, asked, "the container's check asks where the service listens")
	}
	_, err := ForHealthcheck(with(map[string]string{"LISTEN_HOST": "here", "PORT": "x"}))
	require.ErrorContains(t, err, "LISTEN_HOST")
	require.ErrorContains(t, err, "PORT is")
}

// The stack's task definition and this package name the same variables, and the stack's tables are those of the tests.
func TestTheStackAgrees(t *testing.T) {
	task, err := os.ReadFile("../../../../infra/ecs_task.go")
	require.NoError(t, err)
	set := map[string]bool{"DB_PASSWORD": true, "JWT_SECRET": true, "API_KEY": true} // the secrets' names in upper case
	for _, match := range regexp.MustCompile(`variables\["([A-Z_]+)"\]`).FindAllStringSubmatch(string(task), -1) {
		set[match[1]] = true
	}
	read := map[string]bool{}
	_, err = ForServe(func(name string) string { read[name] = true; return given[name] })
	require.NoError(t, err)
	for name := range set {
		assert.True(t, read[name], "the task sets %s, and nobody reads it", name)
	}
	_, err = ForServe(func(name string) string {
		if set[name] {
			return given[name]
		}
		return ""
	})
	require.NoError(t, err, "what the task sets is enough")
	tables, err := os.ReadFile("../../../../infra/items.go")
	require.NoError(t, err)
	for _, line := range []string{
		`= "` + items.ByHolder + `"`, `= "` + items.ByTypeStatus + `"`, `{name: ItemsByHolder, hash: "holder"}`, `{name: ItemsByTypeStatus, hash: "type", sort: "status"}`,
		`hash: "itemId", sort: "at"`, `Of(limitGeneral, "items"), hash: "id"`,
	} {
		assert.Contains(t, string(tables), line)
	}
}

func TestEveryBrokenSettingIsNamedAtOnce(t *testing.T) {
	_, err := ForServe(func(string) string { return "" })
	require.Error(t, err)
	for _, name := range []string{"ENVIRONMENT", "ITEMS_TABLE", "HISTORY_TABLE", "DB_HOST", "DB_NAME", "DB_USER", "DB_PASSWORD", "JWT_SECRET", "API_KEY"} {
		assert.ErrorContains(t, err, name+" is missing")
	}
	_, err = ForMigrate(func(string) string { return "" })
	assert.ErrorContains(t, err, "DB_MASTER_SECRET is missing")
}

func TestBrokenSettings(t *testing.T) {
	for name, c := range map[string]struct {
		changes map[string]string
		wanted  string
	}{
		"port":              {map[string]string{"PORT": "http"}, `PORT is "http"`},
		"port too high":     {map[string]string{"PORT": "70000"}, "from 1 to 65535"},
		"a name to listen":  {map[string]string{"LISTEN_HOST": "localhost"}, `LISTEN_HOST is "localhost", and has to be an IP address`},
		"port in the host":  {map[string]string{"LISTEN_HOST": "127.0.0.1:80"}, "LISTEN_HOST"},
		"origin":            {map[string]string{"ALLOWED_ORIGINS": "https://a.example.com/path"}, "ALLOWED_ORIGINS holds"},
		"every origin":      {map[string]string{"ALLOWED_ORIGINS": "*"}, "ALLOWED_ORIGINS holds"},
		"base path":         {map[string]string{"BASE_PATH": "/api/"}, "BASE_PATH"},
		"tls":               {map[string]string{"DB_TLS": "no"}, "DB_TLS"},
		"tls off, far away": {map[string]string{"DB_TLS": "off"}, "for a database on the same host"},
		"environment":       {map[string]string{"ENVIRONMENT": "Stage 1"}, "ENVIRONMENT"},
		"short key":         {map[string]string{"JWT_SECRET": "short"}, "JWT_SECRET: the current key has 5 bytes"},
		"short api key":     {map[string]string{"API_KEY": `{"current":"short"}`}, "API_KEY: the current key"},
		"log level":         {map[string]string{"LOG_LEVEL": "loud"}, "LOG_LEVEL"},
		"sign-up":           {map[string]string{"SIGN_UP": "closed"}, "SIGN_UP"},
		"pool":              {map[string]string{"DB_POOL": "0"}, "DB_POOL"},
	} {
		_, err := ForServe(with(c.changes))
		assert.ErrorContains(t, err, c.wanted, name)
	}
	for name, c := range map[string]struct {
		changes map[string]string
		wanted  string
	}{
		"no JSON":             {map[string]string{"DB_MASTER_SECRET": "secret-master"}, "JSON object"},
		"no user":             {map[string]string{"DB_MASTER_SECRET": `{"password":"secret-master"}`}, "JSON object"},
		"the master's own":    {map[string]string{"DB_USER": "itrackadmin"}, "DB_USER is the master user"},
		"plugin":              {map[string]string{"DB_READONLY_PLUGIN": "x; DROP"}, "DB_READONLY_PLUGIN"},
		"password without it": {map[string]string{"DB_READONLY_PLUGIN": "password"}, "DB_READONLY_PASSWORD"},
		"reader":              {map[string]string{"DB_READONLY_USERS": "a,b'c"}, "DB_READONLY_USERS"},
	} {
		_, err := ForMigrate(with(c.changes))
		require.ErrorContains(t, err, c.wanted, name)
		assert.NotContains(t, err.Error(), "secret-master")
	}
	s, err := ForServe(with(map[string]string{"DB_TLS": "off", "DB_HOST": "127.0.0.1"}))
	require.NoError(t, err)
	assert.Equal(t, TLSOff, s.Database.TLS)
}

func FuzzForServe(f *testing.F) {
	f.Add("8080", "staging", "https://a.example.com", "/api", "key", "127.0.0.1")
	f.Add("", "", ",,,", "//", "{", "::ffff:127.0.0.1%eth0")
	f.Fuzz(func(t *testing.T, port, environment, origins, base, key, host string) {
		s, err := ForServe(with(map[string]string{
			"PORT": port, "ENVIRONMENT": environment, "ALLOWED_ORIGINS": origins, "BASE_PATH": base, "JWT_SECRET": key, "LISTEN_HOST": host,
		}))
		if err == nil && (s.Port < 1 || s.Port > 65535 || !strings.HasPrefix(s.BasePath, "/") || s.Host != "" && net.ParseIP(s.Host) == nil) {
			t.Fatalf("%+v", s)
		}
	})
}

// The master user's secret is JSON that RDS wrote: whatever stands there, no error holds it, and the application never is
// the master.
func FuzzForMigrate(f *testing.F) {
	for _, seed := range []string{given["DB_MASTER_SECRET"], "", "{", "[]", "null", `{"username":1}`, `{"username":"itrack","password":"long-password"}`, `"text"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, secret string) {
		m, err := ForMigrate(with(map[string]string{"DB_MASTER_SECRET": secret}))
		switch {
		case err != nil && len(secret) > 40 && strings.Contains(err.Error(), secret):
			t.Fatalf("the error holds the secret: %v", err)
		case err == nil && (m.MasterUser == "" || m.MasterUser == m.Database.User):
			t.Fatalf("%q became the user %q", secret, m.MasterUser)
		}
	})
}
