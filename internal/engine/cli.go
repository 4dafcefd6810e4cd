package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/blang/semver"
)

// EnvPulumi names the environment variable that points at the pulumi command to use.
const EnvPulumi = "ITRACK_PULUMI"

// MinimumPulumi is the oldest pulumi command this program works with: the SDK in go.mod speaks its protocol.
var MinimumPulumi = semver.MustParse("3.230.0")

// ErrNoPulumi is returned when no usable pulumi command was found.
var ErrNoPulumi = errors.New("no usable pulumi command")

// killGrace is how long a cancelled pulumi may take to finish the calls in flight and to save its state.
// A pulumi that is killed earlier leaves operations pending in the state.
const killGrace = 60 * time.Second

// CLI is one pulumi command on this machine. It implements auto.PulumiCommand.
//
// The Automation API has its own implementation, which hands the whole environment of the user down
// (PULUMI_STACK, PULUMI_BACKEND_URL and the like) and puts the command's folder first on PATH, before a private
// folder of plugins. This one does neither when an operation asks for isolation.
type CLI struct {
	Path    string
	version semver.Version

	// terse: answer what the Automation API asks after each operation without running pulumi.
	terse bool

	mu   sync.Mutex
	last map[string]time.Duration
}

// Version is the version the command reported.
func (c *CLI) Version() semver.Version { return c.version }

// FindPulumi looks for a pulumi command of MinimumPulumi or newer: the one $ITRACK_PULUMI names, one on PATH,
// bin/pulumi beside this program, bin/pulumi under root. An explicit $ITRACK_PULUMI that does not work is an
// error and not passed over in silence.
func FindPulumi(ctx context.Context, root string) (*CLI, error) {
	if named := os.Getenv(EnvPulumi); named != "" {
		cli, err := newCLI(ctx, named)
		if err != nil {
			return nil, fmt.Errorf("%w: $%s is %s: %w; correct it or unset it", ErrNoPulumi, EnvPulumi, named, err)
		}
		return cli, nil
	}
	var tried []string
	for _, path := range pulumiCandidates(root) {
		cli, err := newCLI(ctx, path)
		if err == nil {
			return cli, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			tried = append(tried, fmt.Sprintf("%s (%v)", path, err))
		}
	}
	reason := "none on PATH and no bin/pulumi"
	if len(tried) > 0 {
		reason = strings.Join(tried, "; ")
	}
	return nil, fmt.Errorf("%w of version %s or newer: %s; run `make tools` to build one", ErrNoPulumi, MinimumPulumi, reason)
}

// pulumiCandidates lists where a pulumi command may be, the preferred first.
func pulumiCandidates(root string) []string {
	var out []string
	if path, err := exec.LookPath("pulumi"); err == nil {
		out = append(out, path)
	}
	if exe, err := os.Executable(); err == nil {
		out = append(out, filepath.Join(filepath.Dir(exe), "pulumi"))
	}
	if root != "" {
		out = append(out, filepath.Join(root, "bin", "pulumi"))
	}
	return out
}

func newCLI(ctx context.Context, path string) (*CLI, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("resolving the path: %w", err)
	}
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	// A slow disk may take seconds to load the command; one that takes this long hangs.
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=1")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running `pulumi version`: %w", err)
	}
	version, err := parseVersion(string(out))
	if err != nil {
		return nil, err
	}
	return &CLI{Path: path, version: version, last: map[string]time.Duration{}}, nil
}

// parseVersion reads the output of `pulumi version` and refuses what is older than MinimumPulumi.
func parseVersion(out string) (semver.Version, error) {
	text := strings.TrimSpace(out)
	version, err := semver.ParseTolerant(text)
	if err != nil {
		// A command built without the version flag reports none, and refuses to destroy an inline program.
		return semver.Version{}, fmt.Errorf("version %q cannot be read", text)
	}
	// Builds of a release carry suffixes (3.230.0-dev): the numbers decide.
	numbers := semver.Version{Major: version.Major, Minor: version.Minor, Patch: version.Patch}
	if numbers.LT(MinimumPulumi) {
		return semver.Version{}, fmt.Errorf("version %s is older than %s", version, MinimumPulumi)
	}
	return version, nil
}

// Run runs one pulumi command without prompts and returns its output and exit code. When env sets EnvIsolate,
// no PULUMI_ variable of the caller's environment reaches the command.
//
// Cancelling ctx interrupts pulumi, which then finishes the calls in flight and saves its state; it is killed
// when that takes longer than a minute.
func (c *CLI) Run(ctx context.Context, workdir string, stdin io.Reader, stdouts, stderrs []io.Writer,
	env []string, args ...string,
) (string, string, int, error) {
	if answer, known := c.unasked(args); known {
		return answer, "", 0, nil
	}
	cmd := exec.CommandContext(ctx, c.Path, nonInteractive(args)...)
	cmd.Dir = workdir
	cmd.Env = commandEnv(os.Environ(), env)
	var stdout, stderr bytes.Buffer
	cmd.Stdout = io.MultiWriter(append([]io.Writer{&stdout}, stdouts...)...)
	cmd.Stderr = io.MultiWriter(append([]io.Writer{&stderr}, stderrs...)...)
	cmd.Stdin = stdin
	ownProcessGroup(cmd)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = killGrace

	start := time.Now()
	err := cmd.Run()
	c.remember(args, time.Since(start))
	code := -2
	var exit *exec.ExitError
	switch {
	case err == nil:
		code = 0
	case errors.As(err, &exit):
		code = exit.ExitCode()
	}
	return stdout.String(), stderr.String(), code, err
}

func (c *CLI) remember(args []string, took time.Duration) {
	if len(args) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last[args[0]] = took
}

// forStack is the same command for the use of one Stack, with timings of its own.
func (c *CLI) forStack() *CLI {
	return &CLI{Path: c.Path, version: c.version, terse: true, last: map[string]time.Duration{}}
}

// unasked answers the three commands with which the Automation API fills in the result of an operation: outputs,
// outputs with their secrets in plain text, history. A Stack reads the exported state instead, in one command and
// with the secrets encrypted.
func (c *CLI) unasked(args []string) (string, bool) {
	if !c.terse || len(args) < 2 || args[0] != "stack" {
		return "", false
	}
	switch args[1] {
	case "output":
		return "{}", true
	case "history":
		return "[]", true
	}
	return "", false
}

// took is the wall time of the last run of a subcommand, without what the Automation API does around it.
func (c *CLI) took(subcommand string) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last[subcommand]
}

// nonInteractive adds the flag that makes pulumi fail instead of asking, which would hang.
func nonInteractive(args []string) []string {
	const flag = "--non-interactive"
	out := make([]string, 0, len(args)+1)
	for i, arg := range args {
		if arg == flag {
			return args
		}
		if arg == "--" {
			return append(append(out, flag), args[i:]...)
		}
		out = append(out, arg)
	}
	return append(out, flag)
}

// commandEnv is the environment of one pulumi command: the caller's, then what the operation sets.
func commandEnv(inherited, set []string) []string {
	isolate := false
	for _, kv := range set {
		isolate = isolate || kv == EnvIsolate+"=1"
	}
	var out []string
	for _, kv := range inherited {
		if isolate && strings.HasPrefix(kv, "PULUMI_") {
			continue
		}
		out = append(out, kv)
	}
	out = append(out, set...)
	return append(out, "PULUMI_AUTOMATION_API=true")
}
