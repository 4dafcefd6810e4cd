// Package functions is `itrack build functions`.
package functions

import (
	"context"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strings"

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

// Places where functions are looked for, relative to the project; the first that exists counts.
var places = []string{filepath.Join("app", "functions", "cmd"), filepath.Join("app", "functions")}

// NewCmdFunctions makes the command. runF, if given, takes the place of the command's own work.
func NewCmdFunctions(f *cmdutil.Factory, runF func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f, Compile: compile}
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
			return runFunctions(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Source, "source", "", "`DIR` with one folder per function (default app/functions)")
	cmd.Flags().StringVar(&o.Output, "output", filepath.Join("build", "functions"), "`DIR` for the zip files")
	return cmd
}

func runFunctions(ctx context.Context, o *Options) error {
	if _, err := o.Factory.Project(); err != nil {
		return err
	}
	source := o.Source
	for i := 0; source == "" && i < len(places); i++ {
		if info, err := os.Stat(places[i]); err == nil && info.IsDir() {
			source = places[i]
		}
	}
	names, err := list(source)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.Output, 0o755); err != nil {
		return fmt.Errorf("making the output folder: %w", err)
	}
	for _, name := range names {
		target := filepath.Join(o.Output, name+".zip")
		if err := build(ctx, o, filepath.Join(source, name), target); err != nil {
			return fmt.Errorf("building function %s: %w", name, err)
		}
		fmt.Fprintf(o.Factory.IO.Err, "built %s\n", target)
	}
	return nil
}

// list names the functions: the folders of source that hold a main package.
func list(source string) ([]string, error) {
	if source == "" {
		return nil, cmdutil.UsageError{Err: fmt.Errorf("no functions found: neither %s exists; name a folder with --source", strings.Join(places, " nor "))}
	}
	entries, err := os.ReadDir(source)
	if err != nil {
		return nil, cmdutil.UsageError{Err: fmt.Errorf("reading the functions' folder: %w", err)}
	}
	var names []string
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		isMain, err := holdsMain(filepath.Join(source, entry.Name()))
		if err != nil {
			return nil, err
		}
		if isMain {
			names = append(names, entry.Name())
		}
	}
	if len(names) == 0 {
		return nil, cmdutil.UsageError{Err: fmt.Errorf("no functions found: no folder of %s holds a main package", source)}
	}
	sort.Strings(names)
	return names, nil
}

func holdsMain(dir string) (bool, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return false, fmt.Errorf("listing %s: %w", dir, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly)
		if err != nil {
			return false, fmt.Errorf("reading %s: %w", file, err)
		}
		return parsed.Name.Name == "main", nil
	}
	return false, nil
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
