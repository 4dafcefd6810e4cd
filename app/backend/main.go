// Command backend is iTrack's server side: accounts in MySQL, items in DynamoDB, an API over HTTP.
//
//	backend [serve]      answer requests until SIGTERM
//	backend migrate      bring the database's schema and users up to date, and end
//	backend healthcheck  ask the running service of this container whether it lives, and end with 0 or 1
//	backend version      print what this binary was made from
//
// Settings come from environment variables; README.md lists them.
package main

import (
	"context"
	_ "embed" // for the API's document
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/itrack/itrack/app/backend/internal/config"
	"github.com/itrack/itrack/app/backend/internal/server"
	"github.com/itrack/itrack/app/backend/internal/telemetry"
)

// version and commit are set by the build of the image (-ldflags "-X main.version=… -X main.commit=…"), which leaves Go's own
// stamp of version control out: it would differ between two clones of one commit.
var version, commit = "development", ""

//go:embed openapi.json
var document []byte

// Ends of the program.
const (
	exitOK = iota
	exitFailure
	exitUsage
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, get func(string) string, out, complaints io.Writer) int {
	command := "serve"
	if len(args) > 0 {
		command = args[0]
	}
	commands := map[string]func(context.Context, func(string) string, io.Writer) error{
		"serve": serve, "migrate": migrate, "healthcheck": healthcheck, "version": tellVersion,
	}
	do, ok := commands[command]
	if !ok || len(args) > 1 {
		fmt.Fprintln(complaints, "usage: backend [serve | migrate | healthcheck | version]")
		return exitUsage
	}
	if err := do(ctx, get, out); err != nil {
		fmt.Fprintf(complaints, "backend %s: %v\n", command, err)
		return exitFailure
	}
	return exitOK
}

func serve(ctx context.Context, get func(string) string, out io.Writer) error {
	settings, err := config.ForServe(get)
	if err != nil {
		return err
	}
	stopTracing := func(context.Context) error { return nil }
	if settings.Tracing {
		if stopTracing, err = telemetry.StartTracing(ctx, settings.Environment, version); err != nil {
			return err
		}
	}
	backend, err := server.New(ctx, settings, server.Build{Version: version, Revision: revision(), OpenAPI: document}, out)
	if err != nil {
		return err
	}
	telemetry.LogLostTraces(backend.Log)
	listener, err := server.Listen(settings.Host, settings.Port)
	if err != nil {
		return err
	}
	err = backend.Run(ctx, listener)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if lost := stopTracing(last); lost != nil {
		backend.Log.Warn("the last traces are lost", "error", lost)
	}
	return err
}

// migratePatience bounds the whole migration; a statement on a large table takes its time.
const migratePatience = 30 * time.Minute

func migrate(ctx context.Context, get func(string) string, out io.Writer) error {
	settings, err := config.ForMigrate(get)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, migratePatience)
	defer cancel()
	return server.Migrate(ctx, settings, out)
}

// healthcheck is for the container: the image has no shell and no curl. It asks where the service listens.
func healthcheck(ctx context.Context, get func(string) string, _ io.Writer) error {
	address, err := config.ForHealthcheck(get)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/live", nil)
	if err != nil {
		return fmt.Errorf("asking /live: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking /live: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking /live: status %d", response.StatusCode)
	}
	return nil
}

func tellVersion(_ context.Context, _ func(string) string, out io.Writer) error {
	_, err := fmt.Fprintf(out, "%s %s\n", version, revision())
	return err
}

// revision is the commit that the image's build named, else the one that Go wrote into the binary.
func revision() string {
	if commit != "" {
		return commit
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				return setting.Value
			}
		}
	}
	return "unknown"
}
