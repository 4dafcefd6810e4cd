package server

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/config"
	"github.com/itrack/itrack/app/backend/internal/testplace"
	"github.com/itrack/itrack/internal/emulators"
)

// place is a whole backend on a real database and moto, as the task definition starts it.
type place struct {
	t           *testing.T
	environment map[string]string
	database    *emulators.Database
	out         *emulators.Journal
	url         string
	end         context.CancelFunc
	ended       chan error
}

const (
	apiKey     = testplace.APIKey
	signingKey = testplace.SigningKey
	dbPassword = "the application's own password"
)

// settle makes schema, users and tables: what the stack and `backend migrate` make.
func settle(t *testing.T, database *emulators.Database) *place {
	t.Helper()
	amazon := emulators.Moto(t)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": amazon, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
	} {
		t.Setenv(name, value)
	}
	testplace.Tables(t, dynamodb.NewFromConfig(testplace.Amazon(amazon)), testplace.Items, testplace.History)
	suffix := strings.ToLower(rand.Text()[:10])
	admin, adminPassword := testplace.Administrator(t, database)
	master, err := json.Marshal(map[string]string{"username": admin, "password": adminPassword})
	require.NoError(t, err)
	p := &place{t: t, database: database, out: &emulators.Journal{}, environment: testplace.Environment()}
	maps.Copy(p.environment, map[string]string{
		"DB_HOST": database.Host, "DB_PORT": fmt.Sprint(database.Port), "DB_NAME": "itrack_" + suffix, "DB_USER": "app_" + suffix, "DB_PASSWORD": dbPassword,
		"DB_MASTER_SECRET": string(master), "DB_READONLY_USERS": "read_" + suffix, "DB_READONLY_PLUGIN": "password", "DB_READONLY_PASSWORD": "the reader's own password",
	})
	root := testplace.Open(t, database, "")
	_, err = root.Exec("CREATE DATABASE " + p.environment["DB_NAME"])
	require.NoError(t, err)
	t.Cleanup(func() {
		for _, statement := range []string{"DROP DATABASE " + p.environment["DB_NAME"], "DROP USER 'app_" + suffix + "'@'%'", "DROP USER 'read_" + suffix + "'@'%'"} {
			if _, err := root.Exec(statement); err != nil {
				t.Errorf("%s: %v", statement, err)
			}
		}
	})
	p.migrate()
	return p
}

func (p *place) get(name string) string { return p.environment[name] }

func (p *place) migrate() {
	p.t.Helper()
	settings, err := config.ForMigrate(p.get)
	require.NoError(p.t, err)
	require.NoError(p.t, Migrate(context.Background(), settings, p.out))
}

// serve starts the backend.
func (p *place) serve() {
	p.t.Helper()
	settings, err := config.ForServe(p.get)
	require.NoError(p.t, err)
	settings.Drain, settings.Shutdown = 2*time.Second, 10*time.Second
	backend, err := New(context.Background(), settings, Build{Version: "1", Revision: "r", OpenAPI: []byte("{}")}, p.out)
	require.NoError(p.t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(p.t, err)
	ctx, end := context.WithCancel(context.Background())
	p.url, p.end, p.ended = "http://"+listener.Addr().String(), end, make(chan error, 1)
	go func() { p.ended <- backend.Run(ctx, listener); close(p.ended) }()
	p.t.Cleanup(func() {
		end()
		<-p.ended
	})
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) text(name string) string {
	var body map[string]any
	if json.Unmarshal([]byte(a.body), &body) != nil {
		return ""
	}
	value, _ := body[name].(string)
	return value
}

// ask sends a request; pairs are headers. A broken connection is status 0.
func (p *place) ask(method, path, body string, pairs ...string) answer {
	request, err := http.NewRequest(method, p.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(pairs); i += 2 {
		request.Header.Set(pairs[i], pairs[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{body: err.Error()}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{body: err.Error()}
	}
	return answer{response.StatusCode, response.Header, string(text)}
}

// machine asks with the API key.
func (p *place) machine(method, path, body string, pairs ...string) answer {
	return p.ask(method, path, body, append([]string{"X-Api-Key", apiKey}, pairs...)...)
}
