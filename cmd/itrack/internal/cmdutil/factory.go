// Package cmdutil holds what the commands share: streams, the project, exit codes.
package cmdutil

import (
	"context"
	"io"
	"os"

	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/ops"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"golang.org/x/term"
)

// Factory gives commands what they need from outside; tests give them something else.
type Factory struct {
	IO      IOStreams
	Version string

	Program pulumi.RunFunc         // the stack
	Schema  func() ([]byte, error) // JSON schema of the settings
	// UnknownKeys says of top-level settings (itrack:domain) which do not exist, each with its problem.
	UnknownKeys func(keys []string) []string
	Plugins     []string // file names of the stand-in plugins that this program serves

	// Project finds the folder with Pulumi.yaml and makes it the working folder.
	Project func() (string, error)
	// Pulumi finds the pulumi command.
	Pulumi func(ctx context.Context, project string) (*engine.CLI, error)
	// Rehearse runs a rehearsal.
	Rehearse func(ctx context.Context, o engine.Options) (engine.Report, error)
	// Repair repairs a stack; Finder looks in AWS for what a stack's settings say.
	Repair func(ctx context.Context, run engine.RepairRun) (engine.RepairReport, error)
	Finder engine.FinderOf
	// StackSettings reads what a stack file says.
	StackSettings func(project, environment string) (ops.Settings, error)
	// Outputs reads the outputs of a deployed stack.
	Outputs func(ctx context.Context, project, environment string) (map[string]any, error)
	// OpenStack opens the stack of an environment for the engine; one that was never made is engine.ErrNoStack. OpenedStack
	// says what to do about that.
	OpenStack func(ctx context.Context, project, environment string) (*engine.Stack, error)
	// Ops shapes how the commands talk to AWS.
	Ops ops.Options
	// Measure runs a benchmark.
	Measure func(ctx context.Context, o engine.MeasureOptions) ([]engine.Bench, error)
}

// IOStreams are a command's streams. Data goes to Out, everything else to Err.
type IOStreams struct {
	Out, Err io.Writer
	In       io.Reader
	// InTerminal: a person can be asked.
	InTerminal bool
	OutWidth   int // columns of the terminal behind Out, 0 when there is none
	ErrWidth   int // the same for Err
	Color      bool
}

// SystemIO is the process's own streams.
func SystemIO() IOStreams {
	streams := IOStreams{In: os.Stdin, InTerminal: term.IsTerminal(int(os.Stdin.Fd())), Out: os.Stdout, Err: os.Stderr, OutWidth: width(os.Stdout), ErrWidth: width(os.Stderr)}
	streams.Color = streams.OutWidth > 0 && os.Getenv("NO_COLOR") == ""
	return streams
}

// width is a terminal's width in columns, 0 for a file, a pipe or a terminal that cannot move its cursor.
func width(file *os.File) int {
	fd := int(file.Fd())
	if !term.IsTerminal(fd) || os.Getenv("TERM") == "dumb" {
		return 0
	}
	columns, _, err := term.GetSize(fd)
	if err != nil || columns <= 0 {
		return 80
	}
	return columns
}

// EnterProject finds the project above the working folder and makes it the working folder: the program reads its
// files by paths relative to Pulumi.yaml, as under `pulumi up`.
func EnterProject() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	project, err := engine.FindProject(dir)
	if err != nil {
		return "", err
	}
	return project, os.Chdir(project)
}
