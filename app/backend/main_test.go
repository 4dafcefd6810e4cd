package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
