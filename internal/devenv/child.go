package devenv

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"time"
)

// pipesClose is how long the output of a process that has ended may stay open: something that it started may hold it.
const pipesClose = 500 * time.Millisecond

// child is a process in a group of its own, with everything that it starts. Of a Ctrl-C at the terminal it hears nothing:
// children are ended one after the other, those that need others first.
type child struct {
	name    string
	command *exec.Cmd
	// ended is closed when the process has ended and nothing of its group is left; err is set then.
	ended chan struct{}
	err   error
}

// begin starts a process.
func begin(name string, command *exec.Cmd) (*child, error) {
	ownGroup(command)
	command.WaitDelay = pipesClose
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	c := &child{name: name, command: command, ended: make(chan struct{})}
	go func() {
		c.err = command.Wait()
		killGroup(command)
		close(c.ended)
	}()
	return c, nil
}

// stop asks the process to end, waits, and kills its group when it takes longer than grace.
func (c *child) stop(grace time.Duration) {
	terminate(c.command)
	late := time.AfterFunc(grace, func() { killGroup(c.command) })
	defer late.Stop()
	<-c.ended
}

// result is what an end by itself means.
func (c *child) result() error {
	if c.err == nil {
		return fmt.Errorf("%s ended by itself", c.name)
	}
	return fmt.Errorf("%s ended by itself: %w", c.name, c.err)
}

// finish runs a process to its end; a cancelled context ends it early.
func finish(ctx context.Context, name string, command *exec.Cmd) error {
	c, err := begin(name, command)
	if err != nil {
		return err
	}
	select {
	case <-c.ended:
		return c.err
	case <-ctx.Done():
		c.stop(stopPatience)
		return ctx.Err()
	}
}

// emulator runs a script of tools/ that prints an address once it listens, and gives that address.
func emulator(ctx context.Context, name, script string, log io.Writer) (*child, string, error) {
	command := exec.Command(script)
	first := &firstLine{line: make(chan string, 1)}
	command.Stdout, command.Stderr = first, log
	c, err := begin(name, command)
	if err != nil {
		return nil, "", err
	}
	select {
	case address := <-first.line:
		return c, address, nil
	case <-c.ended:
		return nil, "", fmt.Errorf("%w before it gave an address; what it said stands above (%s)", c.result(), script)
	case <-ctx.Done():
		c.stop(stopPatience)
		return nil, "", ctx.Err()
	}
}

// Moto starts moto, an emulator of AWS's API, by tools/moto.sh below root. stop ends it with all it started.
func Moto(ctx context.Context, root string, log io.Writer) (address string, stop func(), err error) {
	c, address, err := emulator(ctx, "moto", filepath.Join(root, "tools", "moto.sh"), log)
	if err != nil {
		return "", nil, err
	}
	return address, func() { c.stop(stopPatience) }, nil
}
