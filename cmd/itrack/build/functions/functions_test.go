package functions

import (
	"archive/zip"
	"bytes"
	"context"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/stretchr/testify/require"
)

// module is a folder with a Go module that has two functions, a library and a folder without Go.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range map[string]string{
		"go.mod":                      "module example.com/m\n\ngo 1.26\n",
		"app/functions/beta/main.go":  "package main\n\nfunc main() { println(\"beta\") }\n",
		"app/functions/alpha/main.go": "package main\n\nfunc main() { println(\"alpha\") }\n",
		"app/functions/lib/lib.go":    "package lib\n",
		"app/functions/docs/README":   "none\n",
	} {
		path = filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

func buildAll(t *testing.T, compile func(context.Context, string, string) error) (string, error) {
	t.Helper()
	var said bytes.Buffer
	f := &cmdutil.Factory{
		IO:      cmdutil.IOStreams{Out: io.Discard, Err: &said},
		Project: os.Getwd,
	}
	o := &Options{Factory: f, Output: filepath.Join("build", "functions"), Compile: compile}
	_, err := Run(context.Background(), o)
	return said.String(), err
}

func TestZipsAreForLambdaAndReproducible(t *testing.T) {
	var zips [2][]byte
	for i := range zips {
		t.Chdir(module(t)) // another folder each time: its path must not be in the bytes
		said, err := buildAll(t, compile)
		require.NoError(t, err)
		require.Equal(t, "built build/functions/alpha.zip\nbuilt build/functions/beta.zip\n", said)
		zips[i], err = os.ReadFile("build/functions/alpha.zip")
		require.NoError(t, err)
	}
	require.True(t, bytes.Equal(zips[0], zips[1]), "the same source gives the same bytes")

	archive, err := zip.NewReader(bytes.NewReader(zips[0]), int64(len(zips[0])))
	require.NoError(t, err)
	require.Len(t, archive.File, 1)
	entry := archive.File[0]
	require.Equal(t, "bootstrap", entry.Name)
	require.Equal(t, os.FileMode(0o755), entry.Mode())
	require.True(t, entry.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)), entry.Modified)
	content, err := entry.Open()
	require.NoError(t, err)
	binary, err := io.ReadAll(content)
	require.NoError(t, err)
	header, err := elf.NewFile(bytes.NewReader(binary))
	require.NoError(t, err)
	require.Equal(t, elf.EM_AARCH64, header.Machine)
	_, err = header.DynamicSymbols()
	require.ErrorIs(t, err, elf.ErrNoSymbols, "linked statically")
}

func TestABrokenFunctionLeavesTheOldZip(t *testing.T) {
	t.Chdir(module(t))
	_, err := buildAll(t, compile)
	require.NoError(t, err)
	before, err := os.ReadFile("build/functions/alpha.zip")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("app/functions/alpha/main.go", []byte("package main\n\nfunc main() { wrong }\n"), 0o600))
	_, err = buildAll(t, compile)
	require.ErrorContains(t, err, "building function alpha")
	require.ErrorContains(t, err, "undefined: wrong")
	after, err := os.ReadFile("build/functions/alpha.zip")
	require.NoError(t, err)
	require.True(t, bytes.Equal(before, after))
	partial, err := filepath.Glob("build/functions/*.partial")
	require.NoError(t, err)
	require.Empty(t, partial)
}

func TestNoFunctionsIsAnError(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := buildAll(t, compile)
	require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
	require.ErrorContains(t, err, "app/functions")
	require.NoError(t, os.MkdirAll("app/functions/empty", 0o755))
	_, err = buildAll(t, compile)
	require.ErrorContains(t, err, "no folder of app/functions holds a main package")
}

// Ctrl-C is no failure of go, which was killed by it.
func TestCancelledWhileGoBuildRuns(t *testing.T) {
	t.Chdir(module(t))
	bin := t.TempDir()
	started := filepath.Join(bin, "started")
	require.NoError(t, os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\n: > "+started+"\nexec sleep 60\n"), 0o700))
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	o := Defaults(&cmdutil.Factory{IO: cmdutil.IOStreams{Out: io.Discard, Err: io.Discard}, Project: os.Getwd})
	done := make(chan error, 1)
	go func() {
		_, err := Run(ctx, o)
		done <- err
	}()
	require.Eventually(t, func() bool { _, err := os.Stat(started); return err == nil }, 10*time.Second, time.Millisecond)
	cancel()
	err := <-done
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, cmdutil.ExitCancelled, cmdutil.ExitCode(err))
	require.NotContains(t, err.Error(), "killed")
	zips, err := filepath.Glob("build/functions/*")
	require.NoError(t, err)
	require.Empty(t, zips)
}

func TestWithoutGoTheErrorSaysSo(t *testing.T) {
	t.Chdir(module(t))
	t.Setenv("PATH", t.TempDir())
	_, err := buildAll(t, compile)
	require.ErrorContains(t, err, "install the Go that go.mod names")
	require.Equal(t, cmdutil.ExitFailed, cmdutil.ExitCode(err))
}

func TestAnOutputThatIsNoFolderIsWrongUsage(t *testing.T) {
	t.Chdir(module(t))
	for _, output := range []string{"go.mod", "go.mod/functions"} {
		o := Defaults(&cmdutil.Factory{IO: cmdutil.IOStreams{Out: io.Discard, Err: io.Discard}, Project: os.Getwd})
		o.Output, o.Compile = output, func(context.Context, string, string) error { t.Error("nothing may be compiled"); return nil }
		_, err := Run(context.Background(), o)
		require.EqualError(t, err, "--output "+output+": go.mod is no folder")
		require.Equal(t, cmdutil.ExitUsage, cmdutil.ExitCode(err))
	}
}
