// Command bench measures the backend in one run: what a health request costs beside a bare net/http handler, what operations
// on items cost with DynamoDB emulated and with a store in the process, how fast the built binary starts, and how much
// memory it holds with a thousand open connections. It prints a table with the limits, and ends with 1 where one is broken.
//
//	bench [--json] [--rounds 9] [--round 700ms] [--items 300] [--starts 10] [--connections 1000]
//
// Run it at the top of the repository (make bench-backend).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Ends of the program.
const (
	exitOK = iota
	exitFailed
	exitUsage
)

// options say how much is measured.
type options struct {
	json        bool
	rounds      int
	round       time.Duration
	items       int
	starts      int
	connections int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, out, complaints io.Writer) int {
	if len(args) > 0 && args[0] == serveCommand {
		if err := serveSide(args[1:], os.Stdin, out); err != nil {
			fmt.Fprintln(complaints, "bench: serving:", err)
			return exitFailed
		}
		return exitOK
	}
	o, err := parse(args, complaints)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(complaints, "bench:", err)
		return exitUsage
	}
	found, err := measure(ctx, o, func(format string, a ...any) { fmt.Fprintf(complaints, "==> "+format+"\n", a...) })
	if err != nil {
		fmt.Fprintln(complaints, "bench:", err)
		return exitFailed
	}
	if err := found.print(out, o.json); err != nil {
		fmt.Fprintln(complaints, "bench: writing the result:", err)
		return exitFailed
	}
	if !found.hold() {
		return exitFailed
	}
	return exitOK
}

func parse(args []string, complaints io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(complaints)
	flags.BoolVar(&o.json, "json", false, "print one JSON document on stdout")
	flags.IntVar(&o.rounds, "rounds", 9, "rounds of the health measurement")
	flags.DurationVar(&o.round, "round", 700*time.Millisecond, "how long each side is asked in a round")
	flags.IntVar(&o.items, "items", 300, "operations of each kind")
	flags.IntVar(&o.starts, "starts", 10, "starts of the built binary")
	flags.IntVar(&o.connections, "connections", 1000, "open connections while memory is read")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unknown argument %q; bench -h lists the flags", flags.Arg(0))
	case o.rounds < 1 || o.round < 10*time.Millisecond || o.items < 1 || o.starts < 1 || o.connections < 1:
		return o, errors.New("every number has to be 1 at least, and --round 10ms")
	}
	return o, nil
}

// measure runs all parts, one after the other: none disturbs another.
func measure(ctx context.Context, o options, say func(string, ...any)) (*report, error) {
	found := newReport()
	// First, so that what is missing is told at once; an emulator that nobody asks uses no time.
	place, err := newPlace(ctx, say)
	if err != nil {
		return nil, err
	}
	defer place.close()
	say("health beside a bare handler: %d rounds, each side for %v", o.rounds, o.round)
	if found.Health, err = measureHealth(ctx, o); err != nil {
		return nil, fmt.Errorf("measuring the health requests: %w", err)
	}
	say("items: %d operations of each kind on each store", o.items)
	if found.Items, err = measureItems(ctx, place.moto, o.items); err != nil {
		return nil, fmt.Errorf("measuring the operations on items: %w", err)
	}
	say("start: %d times", o.starts)
	if found.Start, err = place.measureStart(ctx, o.starts); err != nil {
		return nil, fmt.Errorf("measuring the start: %w", err)
	}
	say("memory: %d connections", o.connections)
	if found.Memory, err = place.measureMemory(ctx, o.connections); err != nil {
		return nil, fmt.Errorf("measuring the memory: %w", err)
	}
	found.judge()
	return found, nil
}
