package tests

import (
	"fmt"
	"os"
	"testing"

	"github.com/itrack/itrack/internal/rehearsal"
)

// root is the repository, where a program runs and looks for build/functions. TestMain goes there.
const root = "."

// rehearsalDir is where the rehearsals of this run keep backend and cloud.
var rehearsalDir string

// The test binary serves the stand-in plugins too, when the engine starts it under their names.
func TestMain(m *testing.M) {
	if kind, ok := rehearsal.PluginKind(os.Args[0]); ok {
		if err := rehearsal.ServePlugin(kind, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	if err := os.Chdir(".."); err != nil {
		fmt.Fprintln(os.Stderr, "going to the repository:", err)
		return 1
	}
	dir, err := os.MkdirTemp("", "itrack-tests-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "making a folder for the rehearsals:", err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	rehearsalDir = dir
	return m.Run()
}
