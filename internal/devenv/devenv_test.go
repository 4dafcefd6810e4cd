package devenv

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/emulators"
)

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// copied is a copy of what the backend is made from, in which a test may change files.
func copied(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, folder := range []string{"app/backend", "app/internal"} {
		require.NoError(t, os.CopyFS(filepath.Join(root, folder), os.DirFS(filepath.Join("..", "..", folder))))
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join("..", "..", file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(root, file), text, 0o600))
	}
	return root
}

// descendants are the processes below this one that still run. A dead one that nobody has waited for counts too.
func descendants(t *testing.T) map[int]string {
	t.Helper()
	list := exec.Command("ps", "-A", "-o", "pid=,ppid=,args=")
	text, err := list.Output()
	require.NoError(t, err)
	parents, names := map[int]int{}, map[int]string{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		require.GreaterOrEqual(t, len(fields), 2, line)
		pid, err := strconv.Atoi(fields[0])
		require.NoError(t, err)
		parents[pid], err = strconv.Atoi(fields[1])
		require.NoError(t, err)
		names[pid] = strings.Join(fields[2:], " ")
	}
	delete(parents, list.Process.Pid)
	// tools/mariadb.sh looks after its server every 0.3 s: its sleep comes and goes, first as a copy of the script itself.
	for pid, name := range names {
		if name == "sleep 0.3" || strings.HasSuffix(name, "mariadb.sh") && name == names[parents[pid]] {
			delete(parents, pid)
		}
	}
	found := map[int]string{}
	for pid := range parents {
		for up := parents[pid]; up > 1; up = parents[up] {
			if up == os.Getpid() {
				found[pid] = names[pid]
			}
		}
	}
	return found
}

// ended says whether a process has ended; whether its new parent has noticed is nothing of ours.
func ended(pid int) bool {
	state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err != nil || strings.HasPrefix(strings.TrimSpace(string(state)), "Z")
}

func change(t *testing.T, path, old, text string) {
	t.Helper()
	source, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(source), old)
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(source), old, text, 1)), 0o600))
}

// body is what an address answers; what goes wrong stands in it too.
func body(address string) string {
	response, err := http.Get(address)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(response.Body); err != nil {
		return err.Error()
	}
	return fmt.Sprint(response.StatusCode, " ", text.String())
}

// assertLoopbackOnly asks the backend at this computer's other addresses: nobody answers.
func assertLoopbackOnly(t *testing.T, address string) {
	t.Helper()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(address, "http://"))
	require.NoError(t, err)
	all, err := net.InterfaceAddrs()
	require.NoError(t, err)
	others := []net.IP{net.IPv4(127, 0, 0, 2)} // also where there is no network at all; macOS has it on no interface
	for _, one := range all {
		if network, ok := one.(*net.IPNet); ok && !network.IP.Equal(net.IPv4(127, 0, 0, 1)) && !network.IP.IsLinkLocalUnicast() {
			others = append(others, network.IP)
		}
	}
	for _, ip := range others {
		connection, err := net.DialTimeout("tcp", net.JoinHostPort(ip.String(), port), 2*time.Second)
		if err == nil {
			_ = connection.Close()
		}
		assert.Error(t, err, "the backend answers at %s", ip)
	}
}

// scene is a run on a copied tree.
type scene struct {
	root    string
	said    *emulators.Journal
	place   Place
	address string
	end     context.CancelFunc
	ended   chan error
}

func begun(t *testing.T, o Options) *scene {
	t.Helper()
	t.Setenv("GOFLAGS", "-trimpath -ldflags=-s") // what was compiled for one copied tree is good for the next
	s := &scene{root: copied(t), said: &emulators.Journal{}, ended: make(chan error, 1)}
	o.Root, o.Tools, o.Port, o.Output, o.Poll = s.root, filepath.Join("..", "..", "tools"), freePort(t), s.said, 50*time.Millisecond
	o.Progress = func(format string, args ...any) { fmt.Fprintf(s.said, format+"\n", args...) }
	ready := make(chan Place, 1)
	o.Ready = func(p Place) { ready <- p }
	ctx, end := context.WithCancel(context.Background())
	s.end = end
	done := make(chan struct{})
	go func() {
		s.ended <- Run(ctx, o)
		close(done)
	}()
	t.Cleanup(func() {
		end()
		<-done
	})
	select {
	case s.place = <-ready:
	case err := <-s.ended:
		require.FailNow(t, "it did not come up", "%v\n%s", err, s.said)
	}
	s.address = strings.TrimSuffix(s.place.URL, basePath)
	return s
}

// The whole of it: database and emulator of its own, sample data, a broken change, a good one, and the end.
func TestDevelopment(t *testing.T) {
	s := begun(t, Options{})
	assert.Contains(t, body(s.place.Health), `200 {"state":"ok"`)
	assertLoopbackOnly(t, s.address)
	machine := newClient(s.address, s.place.APIKey)
	stock := func() (statuses map[string]int, exported string) {
		t.Helper()
		var list struct {
			Items []struct{ ID, Status, Holder string }
		}
		_, err := machine.ask(t.Context(), http.MethodGet, basePath+"/items", nil, &list)
		require.NoError(t, err)
		statuses = map[string]int{}
		for _, item := range list.Items {
			statuses[item.Status]++
		}
		text, err := json.Marshal(list)
		require.NoError(t, err)
		return statuses, string(text)
	}
	statuses, first := stock()
	assert.Equal(t, map[string]int{"available": 5, "assigned": 4, "inRepair": 2, "retired": 2}, statuses)
	require.NoError(t, load(t.Context(), machine), "a second time")
	_, second := stock()
	assert.Equal(t, first, second)

	var session struct{ Token string }
	_, err := newClient(s.address, "").ask(t.Context(), http.MethodPost, basePath+"/auth/login",
		map[string]string{"email": s.place.Accounts[0].Email, "password": s.place.Accounts[0].Password}, &session)
	require.NoError(t, err)
	var low struct{ Types []struct{ Type string } }
	_, err = newClient(s.address, "").ask(t.Context(), http.MethodGet, basePath+"/stock/low", nil, &low, "Authorization", "Bearer "+session.Token)
	require.NoError(t, err, "a manager may")
	require.Len(t, low.Types, 1, "a type runs short")
	assert.Equal(t, "phone", low.Types[0].Type)

	source := filepath.Join(s.root, "app", "backend", "internal", "httpapi", "handlers_health.go")
	const old, broken, good = `{"state":"live"}`, "`{\"state\":\"live\"} `)!", `{"state":"live","changed":true}`
	change(t, source, "`"+old+"`)", broken)
	require.Eventually(t, func() bool { return strings.Contains(s.said.String(), "the backend of before goes on") }, time.Minute, 20*time.Millisecond, s.said)
	assert.Contains(t, s.said.String(), "the backend does not compile:\n")
	assert.Contains(t, s.said.String(), "handlers_health.go:")
	assert.Equal(t, "200 "+old, body(s.address+"/live"), "the one before answers")
	change(t, source, broken, "`"+good+"`)")
	require.Eventually(t, func() bool { return body(s.address+"/live") == "200 "+good }, time.Minute, 20*time.Millisecond, s.said)
	_, err = newClient(s.address, "").ask(t.Context(), http.MethodGet, basePath+"/accounts/me", nil, nil, "Authorization", "Bearer "+session.Token)
	require.NoError(t, err, "a reload signs nobody out")

	require.Eventually(t, func() bool { return strings.Contains(s.said.String(), "the new backend runs") }, time.Minute, 20*time.Millisecond, s.said)
	running := descendants(t)
	require.GreaterOrEqual(t, len(running), 4, "script, database, moto, backend: %v", running)
	s.end()
	require.ErrorIs(t, <-s.ended, context.Canceled)
	assert.Empty(t, descendants(t))
	for pid, name := range running {
		assert.True(t, ended(pid), "%d %s goes on", pid, name)
	}
	for _, account := range s.place.Accounts {
		assert.NotContains(t, s.said.String(), account.Password)
	}
	assert.NotContains(t, s.said.String(), s.place.APIKey)
}

// What a developer has is used and kept; and where it goes away, nothing else stays.
func TestDevelopmentWithWhatIsThere(t *testing.T) {
	log := &emulators.Journal{}
	database, dsn, err := emulator(t.Context(), "the database", filepath.Join("..", "..", "tools", "mariadb.sh"), log)
	require.NoError(t, err, log)
	defer database.stop(stopPatience)
	amazon, stop, err := Moto(t.Context(), filepath.Join("..", ".."), log)
	require.NoError(t, err, log)
	defer stop()
	others := descendants(t)

	s := begun(t, Options{DSN: dsn + "mine", Endpoint: amazon})
	assert.True(t, strings.HasSuffix(s.place.Database, "/mine"), s.place.Database)
	assert.Equal(t, amazon, s.place.AWS)
	assert.Len(t, descendants(t), len(others)+1, "only the backend is new")
	// The backend dies, as one does that panics: the next change brings it back.
	for pid, name := range descendants(t) {
		if strings.HasSuffix(name, " serve") {
			process, err := os.FindProcess(pid)
			require.NoError(t, err)
			require.NoError(t, process.Kill())
		}
	}
	require.Eventually(t, func() bool { return strings.Contains(s.said.String(), "starts it again") }, 10*time.Second, 10*time.Millisecond, s.said)
	touched := time.Now().Add(time.Second)
	require.NoError(t, os.Chtimes(filepath.Join(s.root, "app", "backend", "main.go"), touched, touched))
	require.Eventually(t, func() bool { return strings.HasPrefix(body(s.address+"/live"), "200 ") }, time.Minute, 20*time.Millisecond, s.said)
	s.end()
	require.ErrorIs(t, <-s.ended, context.Canceled)

	// A second run with other secrets. The items are kept, the schema is another one: items that were assigned get holders
	// that exist, and the application's user gets the new password.
	other := begun(t, Options{DSN: dsn + "other", Endpoint: amazon})
	assert.NotEqual(t, s.place.APIKey, other.place.APIKey)
	machine := newClient(other.address, other.place.APIKey)
	var list struct{ Items []struct{ Holder string } }
	_, err = machine.ask(t.Context(), http.MethodGet, basePath+"/items", nil, &list)
	require.NoError(t, err)
	require.Len(t, list.Items, len(samples))
	for _, item := range list.Items {
		if item.Holder != "" {
			_, err := machine.ask(t.Context(), http.MethodGet, basePath+"/accounts/"+item.Holder, nil, nil)
			assert.NoError(t, err)
		}
	}
	other.end()
	require.ErrorIs(t, <-other.ended, context.Canceled)

	// An emulator of its own dies: nothing of the run stays.
	last := begun(t, Options{DSN: dsn + "mine"})
	for pid, name := range descendants(t) {
		if _, before := others[pid]; !before && !strings.HasSuffix(name, " serve") {
			process, err := os.FindProcess(pid)
			require.NoError(t, err)
			require.NoError(t, process.Kill(), name)
		}
	}
	require.ErrorContains(t, <-last.ended, "moto ended by itself: signal: killed; everything else was ended too")
	assert.Len(t, descendants(t), len(others), "what was there goes on")
}
