// Command itrack rehearses, builds and operates the platform. Started by the engine under the name of a stand-in
// plugin, it serves that plugin instead.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/infra"
	"github.com/itrack/itrack/internal/engine"
	"github.com/itrack/itrack/internal/recovery/live"
	"github.com/itrack/itrack/internal/rehearsal"
)

// release is set by the Makefile.
var release = "development"

func main() {
	if kind, ok := rehearsal.PluginKind(os.Args[0]); ok {
		if err := rehearsal.ServePlugin(kind, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(cmdutil.ExitFailed)
		}
		return
	}
	os.Exit(run())
}

func run() int {
	// The first Ctrl-C asks for a clean end, which takes until the calls in flight are over; a second one does not wait.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop()
	}()
	defer stop()
	f := &cmdutil.Factory{
		IO:          cmdutil.SystemIO(),
		Version:     release,
		Program:     infra.Stack,
		Schema:      infra.ConfigSchema,
		UnknownKeys: unknownKeys,
		Plugins:     rehearsal.PluginNames(),
		Project:     cmdutil.EnterProject,
		Pulumi:      engine.FindPulumi,
		Rehearse:    engine.Rehearse,
		Repair:      engine.RepairStack,
		Finder:      live.Finder,
		Measure:     engine.Measure,

		StackSettings: stackSettings,
	}
	f.OpenStack = func(ctx context.Context, project, environment string) (*engine.Stack, error) {
		return openStack(ctx, f, project, environment)
	}
	f.Outputs = func(ctx context.Context, project, environment string) (map[string]any, error) {
		return readOutputs(ctx, f, project, environment)
	}
	cmd := newRoot(f)
	cmd.SetOut(f.IO.Out)
	cmd.SetErr(f.IO.Err)
	err := cmd.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, cmdutil.ErrSilent) {
		fmt.Fprintln(f.IO.Err, "itrack:", err)
	}
	return cmdutil.ExitCode(err)
}

func unknownKeys(keys []string) []string {
	var out []string
	for _, problem := range infra.UnknownKeys(keys) {
		out = append(out, problem.String())
	}
	return out
}
