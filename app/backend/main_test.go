package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/testplace"
)

func TestCommands(t *testing.T) {
	living := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/live" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer living.Close()
	failing := httptest.NewServer(http.NotFoundHandler())
	defer failing.Close()
	port := func(server *httptest.Server) string {
		_, port, err := net.SplitHostPort(server.Listener.Addr().String())
		require.NoError(t, err)
		return port
	}
	for name, c := range map[string]struct {
		args             []string
		environment      map[string]string
		exit             int
		out, complaining string
	}{
		"version":            {[]string{"version"}, nil, exitOK, "development ", ""},
		"unknown":            {[]string{"dance"}, nil, exitUsage, "", "usage: backend"},
		"too many":           {[]string{"version", "x"}, nil, exitUsage, "", "usage: backend"},
		"serve without":      {nil, nil, exitFailure, "", "ITEMS_TABLE is missing"},
		"migrate without":    {[]string{"migrate"}, nil, exitFailure, "", "DB_MASTER_SECRET is missing"},
		"healthcheck":        {[]string{"healthcheck"}, map[string]string{"PORT": port(living)}, exitOK, "", ""},
		"healthcheck failed": {[]string{"healthcheck"}, map[string]string{"PORT": port(failing)}, exitFailure, "", "status 404"},
		"listening nowhere":  {[]string{"healthcheck"}, map[string]string{"LISTEN_HOST": "x"}, exitFailure, "", "LISTEN_HOST"},
		"nobody there":       {[]string{"healthcheck"}, map[string]string{"PORT": "1"}, exitFailure, "", "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, complaints bytes.Buffer
			exit := run(context.Background(), c.args, func(name string) string { return c.environment[name] }, &out, &complaints)
			assert.Equal(t, c.exit, exit)
			assert.Contains(t, out.String(), c.out)
			assert.Contains(t, complaints.String(), c.complaining)
		})
	}
	assert.NotEmpty(t, document)
}

// An image's build names the commit, since it leaves Go's own stamp out; the running service tells it.
func TestTheServiceTellsItsRevision(t *testing.T) {
	built := commit
	defer func() { commit = built }()
	commit = strings.Repeat("ab", 20)
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := probe.Addr().String()
	require.NoError(t, probe.Close())
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	environment := testplace.Environment()
	environment["PORT"], environment["DRAIN_SECONDS"] = port, "0"
	t.Setenv("AWS_REGION", "us-east-1")
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	var complaints bytes.Buffer
	go func() {
		ended <- run(ctx, nil, func(name string) string { return environment[name] }, io.Discard, &complaints)
	}()
	var told map[string]string
	assert.Eventually(t, func() bool {
		response, err := http.Get("http://" + address + "/version")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return json.NewDecoder(response.Body).Decode(&told) == nil
	}, 10*time.Second, 10*time.Millisecond)
	assert.Equal(t, commit, told["revision"])
	assert.Equal(t, version, told["version"])
	stop()
	assert.Equal(t, exitOK, <-ended, complaints.String())
}

// What only tests and developers need must not come into the image: every package in it is a package to keep up to date.
func TestTheProgramHoldsNoTestCode(t *testing.T) {
	list := exec.Command("go", "list", "-deps", ".", "../functions/cmd/...")
	text, err := list.Output()
	require.NoError(t, err)
	for _, wanted := range []string{"backend/internal/server", "functions/internal/restore"} {
		require.Contains(t, string(text), "github.com/itrack/itrack/app/"+wanted+"\n")
	}
	for _, unwanted := range []string{
		"testing", "github.com/stretchr/testify/assert", "github.com/itrack/itrack/internal/emulators", "github.com/itrack/itrack/internal/devenv",
		"github.com/itrack/itrack/app/backend/internal/testplace", "github.com/itrack/itrack/app/backend/internal/memory",
	} {
		assert.NotContains(t, "\n"+string(text), "\n"+unwanted+"\n")
	}
	assert.NotContains(t, string(text), "github.com/pulumi/")
}
