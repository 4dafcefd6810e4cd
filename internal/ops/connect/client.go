package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/itrack/itrack/internal/ops"
)

// Client is MySQL's command line client on this machine.
type Client struct {
	Path    string
	MariaDB bool // MariaDB's, whose options for TLS have other names
}

// FindClient finds mysql, or mariadb; ok is false where there is neither.
func FindClient(ctx context.Context) (client Client, ok bool, err error) {
	for _, name := range []string{"mysql", "mariadb"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		text, err := exec.CommandContext(ctx, path, "--version").Output()
		if err != nil {
			return Client{}, false, fmt.Errorf("asking the version of %s: %w", path, err)
		}
		return Client{Path: path, MariaDB: strings.Contains(string(text), "MariaDB")}, true, nil
	}
	return Client{}, false, nil
}

// Arguments are the client's, without any secret. They win over what the user's own option files say.
func (c Client) Arguments(local int, database string, login Login, authorities string) []string {
	arguments := []string{"--host=127.0.0.1", "--port=" + strconv.Itoa(local), "--protocol=TCP", "--user=" + login.User}
	if c.MariaDB {
		// The name on the certificate is the database's, and the client connects to 127.0.0.1: the tunnel has checked it.
		arguments = append(arguments, "--ssl", "--skip-ssl-verify-server-cert")
	} else {
		arguments = append(arguments, "--ssl-mode=VERIFY_CA", "--ssl-ca="+authorities)
		if login.plain {
			arguments = append(arguments, "--enable-cleartext-plugin")
		}
	}
	if login.password == "" {
		arguments = append(arguments, "--password")
	}
	return append(arguments, database)
}

// Streams are where the client reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// optionsDescriptor is where the client finds the pipe with its options.
const optionsDescriptor = "/dev/fd/3"

// Run runs the client through a tunnel until it or the tunnel ends. On a terminal the client is alone in the foreground:
// Ctrl-C ends its statement, not the session.
func (c Client) Run(ctx context.Context, t *Tunnel, database string, login Login, authorities string, streams Streams) error {
	options, err := optionsPipe(login)
	if err != nil {
		return err
	}
	defer options.Close()
	command := exec.Command(c.Path, append([]string{"--defaults-file=" + optionsDescriptor}, c.Arguments(t.Local, database, login, authorities)...)...)
	command.Stdin, command.Stdout, command.Stderr = streams.In, streams.Out, streams.Err
	command.ExtraFiles = []*os.File{options}
	// A password in the environment would go before the pipe's, one of mysql_config_editor after it.
	command.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "MYSQL_PWD=") }), "MYSQL_TEST_LOGIN_FILE=/nonexistent")
	command.WaitDelay = pluginGrace
	foreground, restore := terminal(streams.In)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if foreground != nil {
		command.SysProcAttr.Foreground, command.SysProcAttr.Ctty = true, int(foreground.Fd())
	}
	if err := command.Start(); err != nil {
		restore()
		return fmt.Errorf("starting %s: %w", c.Path, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	var cut error
	select {
	case err = <-ended:
	case <-ctx.Done():
		cut = fmt.Errorf("running %s: %w", c.Path, ctx.Err())
	case <-t.Done():
		cut = t.Ended()
	}
	if cut != nil {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) // it may have ended
		<-ended
		restore()
		return cut
	}
	restore()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &ops.Problem{What: "running " + c.Path, Why: fmt.Sprintf("it ended with %s; its own words stand above", exit.ProcessState), Err: err,
			Next: next(login)}
	}
	if err != nil {
		return fmt.Errorf("running %s: %w", c.Path, err)
	}
	return nil
}

// next is what to do where a client does not get in.
func next(login Login) string {
	if login.plain {
		return "where access was denied: the role in use needs rds-db:connect for the user " + login.User + " on the database's resource id, and a release with a migration has to have made the user"
	}
	return "where access was denied: check the user and the password"
}

// optionsPipe gives the options to read. They fit into a pipe: nothing waits for the reader, and nothing stays where this
// program is killed.
func optionsPipe(login Login) (*os.File, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe for the client: %w", err)
	}
	_, err = writer.WriteString(login.optionFile())
	if err = errors.Join(err, writer.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("writing the client's options: %w", err), reader.Close())
	}
	return reader, nil
}

// terminal is the terminal that the client shall have in the foreground, nil where there is none; restore takes it back.
func terminal(in io.Reader) (*os.File, func()) {
	file, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil, func() {}
	}
	state, err := term.GetState(int(file.Fd()))
	if err != nil {
		return nil, func() {}
	}
	return file, func() {
		// A background process that takes the terminal is stopped by this signal.
		signal.Ignore(syscall.SIGTTOU)
		defer signal.Reset(syscall.SIGTTOU)
		// The terminal may be gone; a client that was ended left it as it had it.
		_ = unix.IoctlSetPointerInt(int(file.Fd()), unix.TIOCSPGRP, syscall.Getpgrp())
		_ = term.Restore(int(file.Fd()), state)
	}
}
