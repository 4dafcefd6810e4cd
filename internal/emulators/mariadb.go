package emulators

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Database is a server of a test's own.
type Database struct {
	// DSN is the administrator's, for github.com/go-sql-driver/mysql, without a schema.
	DSN string
	// Host and Port are where it listens.
	Host string
	Port int

	directory string
	tls       string
	script    *script
}

// ServerVariable names a server that is there already, by the DSN of its administrator, for example
// root:secret@tcp(127.0.0.1:3306)/: the suite then runs against it, and tests make schemas and users of their own there.
const ServerVariable = "ITRACK_TEST_DATABASE"

// MariaDB gives a server that tests may share: the one that ServerVariable names, else one of its own.
func MariaDB(t testing.TB) *Database {
	t.Helper()
	if dsn := os.Getenv(ServerVariable); dsn != "" {
		d := &Database{}
		if err := d.at(dsn); err != nil {
			t.Fatal(err)
		}
		return d
	}
	return OwnMariaDB(t)
}

// OwnMariaDB starts a server that the test may kill. With a directory of certificates (ca.pem, server.pem,
// server-key.pem) it speaks TLS.
func OwnMariaDB(t testing.TB, certificates ...string) *Database {
	t.Helper()
	// Not t.TempDir: its path grows with the test's name, and a socket's path has 107 characters at most.
	directory, err := os.MkdirTemp("", "itrack-db")
	if err != nil {
		t.Fatal(err)
	}
	d := &Database{directory: directory}
	if len(certificates) > 0 {
		d.tls = certificates[0]
	}
	t.Cleanup(func() {
		if d.script != nil {
			d.script.stop()
		}
		if err := os.RemoveAll(directory); err != nil {
			t.Errorf("removing the test's database: %v", err)
		}
	})
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	return d
}

// Start starts the server, or starts it again on the same port with the data it had.
func (d *Database) Start() error {
	environment := []string{"MARIADB_DIR=" + d.directory}
	if d.tls != "" {
		environment = append(environment, "MARIADB_TLS="+d.tls)
	}
	if d.Port != 0 {
		environment = append(environment, "MARIADB_PORT="+strconv.Itoa(d.Port))
	}
	s, dsn, err := start("mariadb.sh", environment...)
	if err != nil {
		return err
	}
	d.script = s
	return d.at(dsn)
}

// signal sends a signal to the server itself.
func (d *Database) signal(signal syscall.Signal) error {
	text, err := os.ReadFile(filepath.Join(d.directory, "server.pid"))
	if err != nil {
		return fmt.Errorf("finding the database's process: %w", err)
	}
	process, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("finding the database's process: %w", err)
	}
	if err := syscall.Kill(process, signal); err != nil {
		return fmt.Errorf("sending %v to the database: %w", signal, err)
	}
	return nil
}

// Pause makes the server say nothing more, with all its connections open, as a host does that vanished from the network.
func (d *Database) Pause() error { return d.signal(syscall.SIGSTOP) }

// Resume ends a pause.
func (d *Database) Resume() error { return d.signal(syscall.SIGCONT) }

// Kill ends the server at once, as a failing host would: nothing is flushed, nobody is told.
func (d *Database) Kill() error {
	if err := d.signal(syscall.SIGKILL); err != nil {
		return err
	}
	late := time.AfterFunc(patience, func() { _ = d.script.command.Process.Kill() })
	defer late.Stop()
	_ = d.script.command.Wait() // the script ends with the server
	d.script = nil
	return nil
}

// at reads host and port out of user:password@tcp(host:port)/.
func (d *Database) at(dsn string) error {
	_, rest, ok := strings.Cut(dsn, "@tcp(")
	address, _, closed := strings.Cut(rest, ")/")
	colon := strings.LastIndex(address, ":")
	if !ok || !closed || colon < 0 {
		return fmt.Errorf("reading the database's address: it must look like user:password@tcp(host:port)/ (%s)", ServerVariable)
	}
	port, err := strconv.Atoi(address[colon+1:])
	if err != nil {
		return fmt.Errorf("reading the database's address (%s): %w", ServerVariable, err)
	}
	d.DSN, d.Host, d.Port = dsn, address[:colon], port
	return nil
}
