// Package functions is `itrack build functions`.
package functions

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/itrack/itrack/cmd/itrack/build/internal/mains"
	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/spf13/cobra"
)

// Options of the command.
type Options struct {
	Factory *cmdutil.Factory

	Source string // folder whose subfolders are the functions
	Output string // folder that receives <name>.zip
	// Compile builds the Go package in dir into the file target.
	Compile func(ctx context.Context, dir, target string) error
}

// Defaults are the options of the command without flags.
func Defaults(f *cmdutil.Factory) *Options {
	return &Options{Factory: f, Output: filepath.Join("build", "functions"), Compile: compile}
}

// Places where functions are looked for, relative to the project; the first that exists counts.
var places = []string{filepath.Join("app", "functions", "cmd"), filepath.Join("app", "functions")}

// NewCmdFunctions makes the command. runF, if given, takes the place of the command's own work.
func NewCmdFunctions(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := Defaults(f)
	cmd := &cobra.Command{
		Use:   "functions",
		Short: "Build the Lambda functions' zip files",
		Long: `Build every function for Lambda's provided.al2023 on arm64 and write build/functions/<name>.zip, each with the one
file "bootstrap". The same source and the same Go give the same bytes, so that a build without a change deploys nothing.`,
		Example: "  itrack build functions",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), o)
			}
			_, err := Run(cmd.Context(), o)
			return err
		},
	}
	cmd.Flags().StringVar(&o.Source, "source", "", "`DIR` with one folder per function (default app/functions)")
	cmd.Flags().StringVar(&o.Output, "output", o.Output, "`DIR` for the zip files")
	return cmd
}

// Run builds every function and returns the zip files' paths by name, relative to the project.
func Run(ctx context.Context, o *Options) (map[string]string, error) {
	ready, err := Prepare(o)
	if err != nil {
		return nil, err
	}
	return ready.Build(ctx)
}

// Ready is a build whose flags hold.
type Ready struct {
	o      *Options
	source string
	names  []string
}

// Prepare checks everything that can be known to be wrong before something is compiled. What is wrong is a usage error: nothing
// was built.
func Prepare(o *Options) (*Ready, error) {
	if _, err := o.Factory.Project(); err != nil {
		return nil, err
	}
	source := o.Source
	for i := 0; source == "" && i < len(places); i++ {
		if info, err := os.Stat(places[i]); err == nil && info.IsDir() {
			source = places[i]
		}
	}
	if source == "" {
		return nil, cmdutil.UsageError{Err: fmt.Errorf("no functions found: neither %s exists; name a folder with --source", strings.Join(places, " nor "))}
	}
	names, err := mains.List(source, "functions")
	if err != nil {
		return nil, err
	}
	if err := mains.CheckOutput(o.Output); err != nil {
		return nil, err
	}
	return &Ready{o: o, source: source, names: names}, nil
}

// Build builds every function and returns the zip files' paths by name.
func (r *Ready) Build(ctx context.Context) (map[string]string, error) {
	o := r.o
	if err := os.MkdirAll(o.Output, 0o755); err != nil {
		return nil, fmt.Errorf("making the output folder: %w", err)
	}
	zips := make(map[string]string, len(r.names))
	for _, name := range r.names {
		target := filepath.Join(o.Output, name+".zip")
		if err := build(ctx, o, filepath.Join(r.source, name), target); err != nil {
			return zips, fmt.Errorf("building function %s: %w", name, err)
		}
		zips[name] = target
		fmt.Fprintf(o.Factory.IO.Err, "built %s\n", target)
	}
	return zips, nil
}

// build compiles one function and packs it. The zip takes its place only when it is complete.
func build(ctx context.Context, o *Options, dir, target string) error {
	scratch, err := os.MkdirTemp("", "itrack-function-")
	if err != nil {
		return fmt.Errorf("making a temporary folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	binary := filepath.Join(scratch, "bootstrap")
	if err := o.Compile(ctx, dir, binary); err != nil {
		return err
	}
	return pack(binary, target)
}
