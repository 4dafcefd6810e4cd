// Package mains finds the programs that are built.
package mains

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
)

// List names the folders of source that hold a main package, sorted. kind is what an error calls them (functions,
// services). A source that cannot be read, or that has none, is a usage error.
func List(source, kind string) ([]string, error) {
	entries, err := os.ReadDir(source)
	if err != nil {
		return nil, cmdutil.UsageError{Err: fmt.Errorf("reading the %s' folder: %w", kind, err)}
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
		return nil, cmdutil.UsageError{Err: fmt.Errorf("no %s found: no folder of %s holds a main package", kind, source)}
	}
	sort.Strings(names)
	return names, nil
}

// CheckOutput refuses an output that cannot be a folder, before anything is made that would go there.
func CheckOutput(output string) error {
	for path := filepath.Clean(output); ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		switch {
		case err == nil && !info.IsDir():
			return cmdutil.UsageError{Err: fmt.Errorf("--output %s: %s is no folder", output, path)}
		case err == nil || path == filepath.Dir(path):
			return nil
		case errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR): // the one above it decides
		default:
			return cmdutil.UsageError{Err: fmt.Errorf("--output %s: %w", output, err)}
		}
	}
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
