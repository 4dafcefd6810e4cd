// Package emulators starts what tests need beside themselves: MariaDB for the database, moto for AWS's API. The scripts in
// tools/ find or install them; a test fails, and never skips, where one is missing.
package emulators

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a script gets to end what it started; then it is killed.
const patience = 20 * time.Second

// script is a running tools/NAME.sh.
type script struct {
	command *exec.Cmd
	said    strings.Builder
}

// start runs tools/name and gives back the first line that it prints: an address.
func start(name string, environment ...string) (*script, string, error) {
	_, here, _, _ := runtime.Caller(0)
	path := filepath.Join(filepath.Dir(here), "..", "..", "tools", name)
	s := &script{command: exec.Command(path)}
	s.command.Env = append(os.Environ(), environment...)
	s.command.Stderr = &s.said
	out, err := s.command.StdoutPipe()
	if err != nil {
		return nil, "", fmt.Errorf("starting %s: %w", name, err)
	}
	if err := s.command.Start(); err != nil {
		return nil, "", fmt.Errorf("starting %s: %w", name, err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_, _ = io.Copy(io.Discard, out) // until the script has ended and said everything
		_ = s.command.Wait()
		return nil, "", fmt.Errorf("starting %s: it ended without an address: %s", name, s.said.String())
	}
	return s, strings.TrimSpace(line), nil
}

// stop asks the script to end, and waits.
func (s *script) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(patience, func() { _ = s.command.Process.Kill() })
	defer late.Stop()
	_ = s.command.Wait()
}

// Moto starts moto for one test and gives its address, such as http://127.0.0.1:5000.
func Moto(t testing.TB) string {
	t.Helper()
	s, address, err := start("moto.sh")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	return address
}
