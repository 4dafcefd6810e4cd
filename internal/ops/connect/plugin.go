package connect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/itrack/itrack/internal/ops"
)

const (
	plugin = "session-manager-plugin"
	// responseVariable is where newer plugins read the answer of StartSession, whose token opens the session: as an argument
	// every user of this machine would see it in the list of processes.
	responseVariable = "AWS_SSM_START_SESSION_RESPONSE"
	// pluginGrace is how long the plugin has to end by itself.
	pluginGrace = 5 * time.Second
)

// lastWithout is the last version of the plugin that takes the answer only as an argument (AWS CLI, sessionmanager.py).
var lastWithout = []int{1, 2, 497, 0}

// checkPlugin makes sure that there is a plugin, and one that keeps the session's token out of the list of processes.
func checkPlugin(ctx context.Context) error {
	const install = "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
	text, err := exec.CommandContext(ctx, plugin, "--version").Output()
	if ctx.Err() != nil {
		return fmt.Errorf("asking the version of %s: %w", plugin, ctx.Err())
	}
	if errors.Is(err, exec.ErrNotFound) {
		return &ops.Problem{Kind: ops.Usage, What: "opening a session", Why: "there is no command " + plugin, Next: "install AWS's plugin: " + install}
	}
	if err != nil {
		return &ops.Problem{Kind: ops.Usage, What: "asking the version of " + plugin, Why: err.Error(), Next: "install it anew: " + install, Err: err}
	}
	if version := strings.TrimSpace(string(text)); !newer(version, lastWithout) {
		return &ops.Problem{Kind: ops.Usage, What: "opening a session",
			Why:  fmt.Sprintf("%s is %s: versions up to 1.2.497.0 would show the session's token to every user of this machine", plugin, version),
			Next: "install a newer one: " + install}
	}
	return nil
}

// newer compares a version of numbers and dots.
func newer(version string, than []int) bool {
	parts := strings.Split(version, ".")
	for i := range max(len(parts), len(than)) {
		var mine, other int
		if i < len(parts) {
			var err error
			if mine, err = strconv.Atoi(parts[i]); err != nil {
				return false
			}
		}
		if i < len(than) {
			other = than[i]
		}
		if mine != other {
			return mine > other
		}
	}
	return false
}

// process is a command in a process group of its own: Ctrl-C on the terminal does not reach it, and ending it ends all that
// it started.
type process struct {
	command *exec.Cmd
	done    chan struct{} // closed when it has ended
	err     error         // how, once done
	words   tail
}

func startProcess(command *exec.Cmd) (*process, error) {
	p := &process{command: command, done: make(chan struct{})}
	ownGroup(command)
	command.Stdout, command.Stderr = &p.words, &p.words
	// What it started may hold its output open: ended it is all the same.
	command.WaitDelay = time.Second
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", command.Args[0], err)
	}
	go func() {
		p.err = command.Wait()
		close(p.done)
	}()
	return p, nil
}

// end asks the whole group to end, and ends it after grace.
func (p *process) end(grace time.Duration) {
	group := -p.command.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM) // it may have ended
	select {
	case <-p.done:
	case <-time.After(grace):
	}
	_ = syscall.Kill(group, syscall.SIGKILL)
	<-p.done
}

// tail keeps the last words of a process.
type tail struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

const tailSize = 2000

func (t *tail) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.text.Write(p)
	if extra := t.text.Len() - tailSize; extra > 0 {
		t.text.Next(extra)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return strings.Join(strings.Fields(t.text.String()), " ")
}
