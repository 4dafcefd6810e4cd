package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// grace is how long a stopped tool's output is waited for.
const grace = 2 * time.Second

// answer is what a tool said.
type answer struct {
	stdout []byte
	stderr string
	code   int
}

// call runs a tool to its end. Only a tool that could not be started or was stopped is an error: exit codes mean different things.
func call(ctx context.Context, dir, program string, env []string, args ...string) (answer, error) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, program, args...)
	command.Dir, command.Stdout, command.Stderr = dir, &stdout, &stderr
	command.Env = append(os.Environ(), env...)
	// npm and go start programs of their own, which must not outlive the limit.
	ownGroup(command)
	command.Cancel = func() error { return killGroup(command) }
	command.WaitDelay = grace
	err := command.Run()
	out := answer{stdout: stdout.Bytes(), stderr: strings.TrimSpace(stderr.String()), code: command.ProcessState.ExitCode()}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return out, ctx.Err()
	case err == nil || errors.As(err, &exit) && out.code >= 0:
		return out, nil
	case errors.As(err, &exit):
		return out, fmt.Errorf("%s was killed: %w", filepath.Base(program), err)
	}
	return out, fmt.Errorf("starting %s: %w", filepath.Base(program), err)
}

// why is the first lines of what a tool said on stderr, for one line of the report.
func (a answer) why(program string) string {
	var lines []string
	for _, line := range strings.Split(a.stderr, "\n") {
		if line = strings.TrimSpace(line); line != "" && len(lines) < 3 {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return fmt.Sprintf("%s ended with exit code %d and said nothing", program, a.code)
	}
	text := strings.Join(lines, "; ")
	if len(text) > 400 {
		text = strings.ToValidUTF8(text[:400], "") + "…"
	}
	return text
}
