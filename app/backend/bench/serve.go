package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/itrack/itrack/app/backend/internal/memory"
	"github.com/itrack/itrack/app/backend/internal/server"
	"github.com/itrack/itrack/app/backend/internal/telemetry"
)

// serveCommand makes this program one side of the health measurement, in a process of its own:
//
//	bench serve-side bare|backend FIRST-CPU CPUS
//
// CPUS 0 leaves it on all of them.
const serveCommand = "serve-side"

// used is what a side has used so far.
type used struct {
	Address string `json:"address,omitempty"`
	// CPU is user and system time of the whole process.
	CPU time.Duration `json:"cpu"`
}

// serveSide serves until its input ends, and tells what it has used for each line of it.
func serveSide(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 3 {
		return errors.New("this is for bench itself")
	}
	first, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	count, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	if count > 0 {
		if _, err := pin(first, count); err != nil {
			return err
		}
		runtime.GOMAXPROCS(count)
	}
	service, err := side(args[0])
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- service.Serve(listener) }()
	answers := json.NewEncoder(out)
	if err := answers.Encode(used{Address: listener.Addr().String()}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			return fmt.Errorf("reading the used time: %w", err)
		}
		if err := answers.Encode(used{CPU: time.Duration(usage.Utime.Nano() + usage.Stime.Nano())}); err != nil {
			return err
		}
	}
	if err := service.Close(); err != nil {
		return err
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// side makes the server: the backend's with its limits of time and size, or net/http with a handler that writes the same
// answers and does nothing else.
func side(name string) (*http.Server, error) {
	whole, err := handler(memory.NewItems(time.Now), memory.NewAccounts())
	if err != nil {
		return nil, err
	}
	if name == backendSide {
		return server.HTTP(whole, telemetry.NewLog(io.Discard, 0)), nil
	}
	body, _ := whole.Health.Body()
	live := []byte(`{"state":"live"}`)
	return &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/health" {
			_, _ = w.Write(body) // a client that is gone needs no answer
			return
		}
		_, _ = w.Write(live)
	})}, nil
}
