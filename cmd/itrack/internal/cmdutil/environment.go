package cmdutil

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/itrack/itrack/internal/ops"
)

// Settings reads the stack file of one environment; nothing is asked of AWS.
func (f *Factory) Settings(name string) (ops.Settings, string, error) {
	project, err := f.Project()
	if err != nil {
		return ops.Settings{}, "", err
	}
	environments, err := ChooseEnvironments(project, []string{name})
	if err != nil {
		return ops.Settings{}, "", err
	}
	settings, err := f.StackSettings(project, environments[0])
	return settings, project, err
}

// Environment signs in to AWS for one environment, named by its stack file. It refuses another account than the file allows.
func (f *Factory) Environment(ctx context.Context, name string) (*ops.Environment, error) {
	settings, _, err := f.Settings(name)
	if err != nil {
		return nil, err
	}
	return ops.Open(ctx, settings, f.opsOptions())
}

func (f *Factory) opsOptions() ops.Options {
	options := f.Ops
	options.Say, options.Version = f.Say, f.Version
	return options
}

// Deployed is Environment for a stack that was deployed, with its outputs.
func (f *Factory) Deployed(ctx context.Context, name string) (*ops.Environment, ops.Outputs, error) {
	env, err := f.Environment(ctx, name)
	if err != nil {
		return nil, ops.Outputs{}, err
	}
	project, err := f.Project()
	if err != nil {
		return nil, ops.Outputs{}, err
	}
	values, err := f.Outputs(ctx, project, name)
	if err != nil {
		return nil, ops.Outputs{}, err
	}
	outputs, err := ops.ReadOutputs(name, values)
	return env, outputs, err
}

var saying sync.Mutex

// Say tells a person what goes on, on stderr.
func (f *Factory) Say(format string, arguments ...any) {
	saying.Lock()
	defer saying.Unlock()
	fmt.Fprintf(f.IO.Err, format+"\n", arguments...)
}

// PrintJSON writes a command's result as one document on stdout.
func (f *Factory) PrintJSON(value any) error {
	encoder := json.NewEncoder(f.IO.Out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// Confirm asks on a terminal, and refuses elsewhere unless yes is set. The answer to type is what the action is about,
// such as the environment's name: a habit of pressing y does not give it. The question ends with ctx: Ctrl-C and a time that
// is over do not wait for an answer.
func (f *Factory) Confirm(ctx context.Context, yes bool, action, answer string) error {
	if yes {
		return nil
	}
	if !f.IO.InTerminal || f.IO.In == nil {
		return ops.Refuse(action, "it has to be confirmed, and there is no terminal to ask on", "add --yes")
	}
	fmt.Fprintf(f.IO.Err, "%s.\nType %s to go on: ", action, answer)
	line, err := readLine(ctx, f.IO.In)
	if ctx.Err() != nil {
		f.Say("")
		return ops.Explain("waiting for the answer", ctx.Err())
	}
	if strings.TrimSpace(line) == answer {
		return nil
	}
	if err != nil && line == "" {
		f.Say("")
	}
	return ops.Refuse(action, fmt.Sprintf("%q was typed, not %s", strings.TrimSpace(line), answer), "run it again and type "+answer+", or add --yes")
}

// readLine reads a line, or gives up with ctx: the reading itself cannot be ended, and the process ends soon after.
func readLine(ctx context.Context, in io.Reader) (string, error) {
	type read struct {
		line string
		err  error
	}
	reads := make(chan read, 1)
	go func() {
		line, err := bufio.NewReader(in).ReadString('\n')
		reads <- read{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case got := <-reads:
		return got.line, got.err
	}
}
