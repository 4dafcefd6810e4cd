package opstest

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Variables by which a test tells the stand-ins what to do.
const (
	ForwardTo     = "FAKE_FORWARD_TO"     // the address that the plugin forwards to
	PluginDoes    = "FAKE_PLUGIN_DOES"    // what the plugin does: dies, ignores SIGTERM, is deaf; else it forwards
	PluginVersion = "FAKE_PLUGIN_VERSION" // its version
	ClientDoes    = "FAKE_CLIENT_DOES"    // what mysql does: fails, waits; else it ends well
	ClientVersion = "FAKE_CLIENT_VERSION" // what it says it is
	recordIn      = "FAKE_RECORD_IN"      // the folder where each stand-in writes what it got
)

// ServeStandIn is session-manager-plugin or mysql, where the test binary runs under one of those names; a package's TestMain
// calls it first.
func ServeStandIn() {
	switch filepath.Base(os.Args[0]) {
	case "session-manager-plugin":
		os.Exit(fakePlugin())
	case "mysql":
		os.Exit(fakeClient())
	}
}

// StandIns are session-manager-plugin and mysql on the PATH of a test.
type StandIns struct{ records string }

// NewStandIns puts the named ones on the PATH, without any other mysql.
func NewStandIns(t *testing.T, names ...string) *StandIns {
	t.Helper()
	bin, records := t.TempDir(), t.TempDir()
	self := must(os.Executable())(t)
	for _, name := range names {
		if err := os.Symlink(self, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	for name, value := range map[string]string{
		recordIn: records, PluginVersion: "1.2.707.0", PluginDoes: "", ClientDoes: "",
		ClientVersion: "mysql  Ver 8.4.6 for Linux on aarch64 (MySQL Community Server - GPL)",
	} {
		t.Setenv(name, value)
	}
	return &StandIns{records: records}
}

// Get is what a stand-in, plugin or client, got when it ran last.
func (s *StandIns) Get(t *testing.T, name string) Record {
	t.Helper()
	var got Record
	if err := json.Unmarshal(must(os.ReadFile(filepath.Join(s.records, name)))(t), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// When runs a function as soon as a stand-in runs, once.
func (s *StandIns) When(t *testing.T, name string, then func()) {
	t.Helper()
	path := filepath.Join(s.records, name)
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	go func() {
		for {
			if _, err := os.Stat(path); err == nil {
				then()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
}

// Record is what a stand-in got.
type Record struct {
	PID         int
	Arguments   []string
	Environment []string
	Input       string
}

func (r Record) write(name string) {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	path := filepath.Join(os.Getenv(recordIn), name)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		panic(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		panic(err)
	}
}

func complain(format string, a ...any) int {
	fmt.Fprintf(os.Stderr, format+"\n", a...)
	return 1
}

// fakePlugin forwards a port as AWS's plugin does, once it has got what that one needs.
func fakePlugin() int {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println(os.Getenv(PluginVersion))
		return 0
	}
	if len(os.Args) != 7 || os.Args[3] != "StartSession" {
		return complain("Unknown operation: %q", os.Args[1:])
	}
	var answer struct{ SessionID, TokenValue, StreamURL string }
	if err := json.Unmarshal([]byte(os.Getenv(os.Args[1])), &answer); err != nil || answer.TokenValue == "" || !strings.HasPrefix(answer.StreamURL, "wss://") {
		return complain("Cannot perform start session: no answer in %s: %v", os.Args[1], err)
	}
	var request struct {
		Target     string
		Parameters map[string][]string
	}
	if err := json.Unmarshal([]byte(os.Args[5]), &request); err != nil || request.Target == "" {
		return complain("Cannot perform start session: %v", err)
	}
	Record{PID: os.Getpid(), Arguments: os.Args[1:], Environment: os.Environ()}.write("plugin")
	switch os.Getenv(PluginDoes) {
	case "dies":
		return complain("Cannot perform start session: EOF")
	case "ignores":
		signal.Ignore(syscall.SIGTERM)
	}
	listener, err := net.Listen("tcp", "localhost:"+request.Parameters["localPortNumber"][0])
	if err != nil {
		return complain("Unable to listen: %v", err)
	}
	fmt.Printf("Port %s opened for sessionId %s.\nWaiting for connections...\n", request.Parameters["localPortNumber"][0], answer.SessionID)
	for {
		connection, err := listener.Accept()
		if err != nil {
			return complain("accept: %v", err)
		}
		go forwardConnection(connection)
	}
}

func forwardConnection(from net.Conn) {
	defer from.Close()
	if os.Getenv(PluginDoes) == "deaf" {
		return
	}
	to, err := net.Dial("tcp", os.Getenv(ForwardTo))
	if err != nil {
		return
	}
	defer to.Close()
	go func() { _, _ = io.Copy(to, from) }()
	_, _ = io.Copy(from, to)
}

// fakeClient reads its options as mysql does, and SQL.
func fakeClient() int {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println(os.Getenv(ClientVersion))
		return 0
	}
	path, found := strings.CutPrefix(os.Args[1], "--defaults-file=")
	if !found {
		return complain("the option file has to be named first")
	}
	options, err := os.ReadFile(path)
	if err != nil {
		return complain("Could not open required defaults file: %v", err)
	}
	Record{PID: os.Getpid(), Arguments: os.Args[1:], Environment: os.Environ(), Input: string(options)}.write("client")
	switch os.Getenv(ClientDoes) {
	case "fails":
		return complain("ERROR 1045 (28000): Access denied for user")
	case "waits":
		time.Sleep(time.Minute)
	}
	sql, err := io.ReadAll(os.Stdin)
	if err != nil {
		return complain("%v", err)
	}
	fmt.Printf("answer to %s", sql)
	return 0
}

// Alive tells whether a process runs. One whose end its parent has taken note of does not.
func Alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
