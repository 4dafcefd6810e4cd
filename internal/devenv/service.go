package devenv

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	// livePatience is how long a started backend may take until it answers.
	livePatience = 10 * time.Second
	// servicePatience: SHUTDOWN_SECONDS for running requests, and a little to end.
	servicePatience = 7 * time.Second
	pollLive        = 5 * time.Millisecond
)

// service is the backend: built from the sources, started, replaced.
type service struct {
	root, goCommand, program string
	environment              []string
	address                  string
	log                      io.Writer
	// folder holds the built programs.
	folder string
	built  int

	binary  string
	running *child
}

// compileError is what the compiler said.
type compileError struct{ text string }

// Error is the compiler's own text.
func (e *compileError) Error() string { return "the backend does not compile:\n" + e.text }

// build compiles into a file of its own: the running program's file can't be written, and stays for the way back.
func (s *service) build(ctx context.Context) (string, error) {
	s.built++
	target := filepath.Join(s.folder, fmt.Sprintf("backend-%d", s.built))
	// Without the stamp of version control: it costs a git run each time, and says nothing about a tree that is being changed.
	command := exec.Command(s.goCommand, "build", "-buildvcs=false", "-o", target, s.program)
	command.Dir = s.root
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	err := finish(ctx, "go build", command)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil && said.Len() > 0 {
		return "", &compileError{strings.TrimSpace(said.String())}
	}
	if err != nil {
		return "", fmt.Errorf("running go build (is Go on PATH?): %w", err)
	}
	return target, nil
}

// migrate runs `backend migrate` of a built program.
func (s *service) migrate(ctx context.Context, binary string) error {
	command := exec.Command(binary, "migrate")
	command.Env, command.Stdout, command.Stderr = s.environment, s.log, s.log
	if err := finish(ctx, "backend migrate", command); err != nil {
		return fmt.Errorf("migrating the database (its log stands above): %w", err)
	}
	return nil
}

// start starts a built program and waits until it answers.
func (s *service) start(ctx context.Context, binary string) error {
	command := exec.Command(binary, "serve")
	command.Env, command.Stdout, command.Stderr = s.environment, s.log, s.log
	running, err := begin("the backend", command)
	if err != nil {
		return err
	}
	if err := s.answers(ctx, running, "/live", livePatience); err != nil {
		running.stop(servicePatience)
		return err
	}
	if s.binary != "" && s.binary != binary {
		_ = os.Remove(s.binary) // the folder goes at the end, whatever is left in it
	}
	s.binary, s.running = binary, running
	return nil
}

// answers waits until the path answers 200.
func (s *service) answers(ctx context.Context, running *child, path string, patience time.Duration) error {
	deadline := time.After(patience)
	asking := http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var last error
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address+path, nil)
		if err != nil {
			return fmt.Errorf("asking %s: %w", path, err)
		}
		response, err := asking.Do(request)
		if err == nil {
			text, _ := io.ReadAll(response.Body) // only told
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("%s %s", response.Status, text)
		}
		last = err
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-running.ended:
			return fmt.Errorf("%w instead of answering %s; its log stands above", running.result(), path)
		case <-deadline:
			return fmt.Errorf("the backend does not answer %s within %v: %w", path, patience, last)
		case <-time.After(pollLive):
		}
	}
}

// stop ends the running program in order.
func (s *service) stop() {
	if s.running != nil {
		s.running.stop(servicePatience)
		s.running = nil
	}
}

// reload builds, migrates and replaces. Until the new program is there and the database fits it, the old one runs; where
// the new one does not come up, the old one does again.
func (s *service) reload(ctx context.Context) error {
	binary, err := s.build(ctx)
	if err != nil {
		return err
	}
	if err := s.migrate(ctx, binary); err != nil {
		return err
	}
	s.stop()
	err = s.start(ctx, binary)
	if err == nil || ctx.Err() != nil {
		return err
	}
	if back := s.start(ctx, s.binary); back != nil {
		return fmt.Errorf("%w; nor does the one before come back: %w", err, back)
	}
	return fmt.Errorf("%w; the one before runs again", err)
}
