package emulators

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// without is an environment in which a script of tools/ finds no server, python3 is one without moto, and whatever would
// install something leaves a mark instead.
func without(t *testing.T) (environment []string, installed func() bool) {
	t.Helper()
	folder := t.TempDir()
	mark := filepath.Join(folder, "installed")
	// apt-get is named by its purpose; python3 fails at everything but making an environment, which is an installation too.
	for name, text := range map[string]string{
		"apt-get": "touch " + mark,
		"python3": `case "$*" in *venv*) touch ` + mark + ` ;; esac; exit 1`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+text+"\n"), 0o700)) //nolint:gosec // it is run
	}
	// bash reads this file before a script. The scripts look into folders beside PATH too, so that PATH alone hides no server.
	hide := filepath.Join(folder, "hide.sh")
	require.NoError(t, os.WriteFile(hide, []byte(`command() {
  case "${2:-}" in mariadbd | mysqld) return 1 ;; esac
  builtin command "$@"
}
`), 0o600))
	environment = []string{"BASH_ENV=" + hide, "PATH=" + folder + string(os.PathListSeparator) + os.Getenv("PATH")}
	return environment, func() bool { _, err := os.Stat(mark); return err == nil }
}

// NO_INSTALL=1 installs nothing, and says what is missing and what would bring it. A test then fails with these words: none
// is skipped.
func TestNothingIsInstalledWhenItMayNotBe(t *testing.T) {
	environment, installed := without(t)
	_, _, err := start("mariadb.sh", append(environment, "NO_INSTALL=1")...)
	require.ErrorContains(t, err, "it ended without an address: neither mariadbd nor mysqld is on PATH: install mariadb-server")
	assert.False(t, installed())

	// A copy, since this repository may have its own moto already.
	tools := filepath.Join(t.TempDir(), "tools")
	require.NoError(t, os.CopyFS(tools, os.DirFS(filepath.Join("..", "..", "tools"))))
	script := filepath.Join(tools, "moto.sh")
	for _, args := range [][]string{nil, {"install"}} {
		command := exec.Command(script, args...)
		command.Env = append(append(os.Environ(), environment...), "NO_INSTALL=1")
		said, err := command.CombinedOutput()
		require.Error(t, err)
		assert.Regexp(t, `^python3 has no moto [0-9.]+: install tools/moto/requirements.txt`, string(said))
		assert.False(t, installed())
		assert.NoDirExists(t, filepath.Join(filepath.Dir(tools), ".rehearsal"))
	}

	// The same without it: what is missing would be installed. So the above can fail.
	command := exec.Command(script, "install")
	command.Env = append(os.Environ(), environment...)
	said, err := command.CombinedOutput()
	require.Error(t, err, "the python3 here installs nothing")
	assert.Contains(t, string(said), "==> installing moto")
	assert.True(t, installed())
}

// Without any python3 nothing can be brought: it is said what to install, and not that a command was not found.
func TestNoPythonIsSaid(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"bash", "env", "sed", "dirname"} {
		path, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(folder, name)))
	}
	tools := filepath.Join(t.TempDir(), "tools")
	require.NoError(t, os.CopyFS(tools, os.DirFS(filepath.Join("..", "..", "tools"))))
	command := exec.Command(filepath.Join(tools, "moto.sh"), "install")
	command.Env = []string{"PATH=" + folder}
	said, err := command.CombinedOutput()
	require.Error(t, err)
	assert.Regexp(t, `^there is no python3 on PATH: install python3 and its venv .*\n$`, string(said))
}

// Somebody else's port: moto's server would wait for ever.
func TestMotoSaysThatItsPortIsTaken(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	_, _, err = start("moto.sh", "MOTO_PORT="+port)
	require.ErrorContains(t, err, "port "+port+" of 127.0.0.1 is taken: end what listens there")
}

// The address of a server that is there already.
func TestTheAddressOfAServer(t *testing.T) {
	var d Database
	require.NoError(t, d.at("root:se(cr@et@tcp(127.0.0.1:3307)/"))
	assert.Equal(t, "127.0.0.1", d.Host)
	assert.Equal(t, 3307, d.Port)
	for _, dsn := range []string{"", "root@127.0.0.1", "root:secret@tcp(127.0.0.1)/", "root:secret@tcp(127.0.0.1:x)/", "root:secret@unix(/tmp/x)/"} {
		err := d.at(dsn)
		require.ErrorContains(t, err, ServerVariable, dsn)
		assert.NotContains(t, err.Error(), "secret")
	}
}

func FuzzServerAddress(f *testing.F) {
	for _, seed := range []string{"root@tcp(127.0.0.1:3306)/", "", "@tcp()/", "@tcp(:)/", "@tcp(:99999999999999999999)/", "@tcp([::1]:1)/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		var d Database
		if d.at(dsn) == nil && (d.DSN != dsn || !strings.Contains(dsn, d.Host)) {
			t.Fatalf("%q became %+v", dsn, d)
		}
	})
}
