package interruption

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/rehearsal"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// process is one of the engine's or a provider's.
type process struct {
	pid      int
	provider bool
}

// processes are those that work on this life's cloud: the engine and its providers. Every one of them has the cloud's folder
// in its environment, and nothing else on this machine has.
func (l *life) processes() []process {
	l.Helper()
	mark := rehearsal.EnvCloud + "=" + l.cloud.Dir()
	var found []process
	if _, err := os.Stat("/proc/self/environ"); err == nil {
		entries, err := os.ReadDir("/proc")
		require.NoError(l, err)
		for _, entry := range entries {
			pid, err := strconv.Atoi(entry.Name())
			if err != nil || pid == os.Getpid() {
				continue
			}
			environment, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "environ"))
			if err != nil || !bytes.Contains(append([]byte{0}, environment...), []byte("\x00"+mark+"\x00")) {
				continue
			}
			command, _ := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
			found = append(found, process{pid, bytes.Contains(command, []byte("pulumi-resource-"))})
		}
		return found
	}
	out, err := exec.Command("ps", "-axEww", "-o", "pid=,command=").Output()
	require.NoError(l, err)
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if pid, err := strconv.Atoi(fields[0]); err == nil && pid != os.Getpid() && strings.Contains(line, mark) {
			found = append(found, process{pid, strings.Contains(fields[1], "pulumi-resource-")})
		}
	}
	return found
}

// kill ends the process groups of the engine, then those of its providers, as losing the machine would.
func (l *life) kill() {
	l.Helper()
	own, err := syscall.Getpgid(0)
	require.NoError(l, err)
	killed := 0
	for _, providers := range []bool{false, true} {
		for _, p := range l.processes() {
			if p.provider != providers {
				continue
			}
			if group, err := syscall.Getpgid(p.pid); err == nil && group != own {
				_ = syscall.Kill(-group, syscall.SIGKILL)
			} else {
				_ = syscall.Kill(p.pid, syscall.SIGKILL)
			}
			killed++
		}
	}
	require.Positive(l, killed, "nothing was running")
	require.Eventually(l, func() bool { return len(l.processes()) == 0 }, 30*time.Second, 50*time.Millisecond)
}

// run starts an operation and returns a channel of its end.
func run(work func() error) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- work() }()
	return ended
}

// killedInCreate runs an up that dies inside its nth create: the object exists, the engine has had no answer. It returns what
// was being made, nil when the up ended before.
func (l *life) killedInCreate(nth int) *cloud.Strike {
	l.Helper()
	l.faults(cloud.Fault{Kind: cloud.Hold, Call: cloud.CreateCall, Nth: nth})
	ended := run(func() error {
		_, err := l.stack.Up(context.Background(), engine.UpOptions{})
		return err
	})
	for {
		select {
		case err := <-ended:
			require.NoError(l, err)
			l.faults()
			return nil
		case <-time.After(20 * time.Millisecond):
		}
		held, err := l.cloud.Held()
		require.NoError(l, err)
		if held == nil {
			continue
		}
		l.kill()
		require.Error(l, <-ended)
		l.faults()
		return held
	}
}

// killedAt runs an operation that dies as soon as it has finished with done resources; false when it ended before.
func (l *life) killedAt(done int, operation func(engine.Observer) error) bool {
	l.Helper()
	reached := make(chan struct{})
	var once sync.Once
	ended := run(func() error {
		return operation(func(p engine.Progress) {
			if p.Done >= done && !p.Ended {
				once.Do(func() { close(reached) })
			}
		})
	})
	select {
	case err := <-ended:
		require.NoError(l, err)
		return false
	case <-reached:
	}
	if len(l.processes()) > 0 {
		l.kill()
	}
	return <-ended != nil
}
