package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
)

// The limits.
const (
	mostRatio  = 1.5
	mostStart  = 100 // milliseconds
	mostMemory = 64  // MiB
	// mostHashing is half of the smallest task that the stack runs (512 MiB).
	mostHashing = 256
)

// Limit is one promise and what was found.
type Limit struct {
	What  string  `json:"what"`
	Found float64 `json:"found"`
	Most  float64 `json:"most"`
	Holds bool    `json:"holds"`
}

type report struct {
	Go     string      `json:"go"`
	System string      `json:"system"`
	CPUs   int         `json:"cpus"`
	Health Health      `json:"health"`
	Items  []Operation `json:"items"`
	Start  Start       `json:"start"`
	Memory Memory      `json:"memory"`
	Limits []Limit     `json:"limits"`
}

func newReport() *report {
	return &report{Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, CPUs: usable()}
}

// judge compares what was found with the limits.
func (r *report) judge() {
	add := func(what string, found, most float64) {
		r.Limits = append(r.Limits, Limit{what, found, most, found <= most})
	}
	for _, path := range r.Health.Paths {
		add(path.Path+": server's time for a request, times bare", path.CPURatio.Median, mostRatio)
		add(path.Path+": time on the clock for a request, times bare", path.ElapsedRatio.Median, mostRatio)
	}
	add("start to /live, ms (median)", r.Start.Millis.Median, mostStart)
	add(fmt.Sprintf("resident memory with %d open connections, MiB", r.Memory.Connections), r.Memory.Open, mostMemory)
	add(fmt.Sprintf("highest resident memory while %d people sign up at once, MiB", crowd), r.Memory.HashingPeak, mostHashing)
}

func (r *report) hold() bool {
	for _, limit := range r.Limits {
		if !limit.Holds {
			return false
		}
	}
	return true
}

func (r *report) print(out io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s, %d processors\n\n", r.Go, r.System, r.CPUs)
	r.printHealth(&b)
	fmt.Fprintf(&b, "\nItems, through the whole handler without a network before it; \"%s\" includes the emulator's own time.\n", emulated)
	fmt.Fprintf(&b, "%-10s %-8s %6s %12s %12s %12s %12s\n", "store", "", "count", "p50 µs", "p99 µs", "allocs/op", "bytes/op")
	for _, o := range r.Items {
		fmt.Fprintf(&b, "%-10s %-8s %6d %12.1f %12.1f %12.0f %12.0f\n", o.Store, o.Name, o.Count, o.P50, o.P99, o.Allocations, o.Bytes)
	}
	fmt.Fprintf(&b, "\nStart of the built binary to the first 200 of /live: %s ms, %d starts\n", r.Start.Millis.text(1), r.Start.Count)
	fmt.Fprintf(&b, "Resident memory, MiB: %.1f idle, %.1f with %d open connections that have each read an item, %.1f at most while a crowd signed up besides\n\n",
		r.Memory.Idle, r.Memory.Open, r.Memory.Connections, r.Memory.HashingPeak)
	for _, limit := range r.Limits {
		verdict := "holds"
		if !limit.Holds {
			verdict = "BROKEN"
		}
		fmt.Fprintf(&b, "%-6s  %-60s %8.2f, at most %g\n", verdict, limit.What, limit.Found, limit.Most)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (r *report) printHealth(b *strings.Builder) {
	where := fmt.Sprintf("server on %d, load on the other %d", r.Health.ServerCPUs, r.Health.LoadCPUs)
	if !r.Health.Separate {
		where = "server and load on the SAME processors"
	}
	fmt.Fprintf(b, "Health beside a bare net/http handler: %d connections over loopback, %s;\n%d rounds, medians (lowest to highest), µs for a request\n", r.Health.Connections, where, r.Health.Rounds)
	fmt.Fprintf(b, "%-8s %-16s %-22s %-22s %s\n", "path", "", "bare", "backend", "ratio within a round")
	for _, p := range r.Health.Paths {
		fmt.Fprintf(b, "%-8s %-16s %-22s %-22s %s\n", p.Path, "server's time", p.BareCPU.text(2), p.BackendCPU.text(2), p.CPURatio.text(2))
		fmt.Fprintf(b, "%-8s %-16s %-22s %-22s %s\n", "", "on the clock", p.BareElapsed.text(2), p.BackendElapsed.text(2), p.ElapsedRatio.text(2))
		fmt.Fprintf(b, "%-8s the backend used %.0f %% of its processors\n", "", 100*p.Busy.Median)
	}
}

func (s spread) text(digits int) string {
	return fmt.Sprintf("%.*f (%.*f to %.*f)", digits, s.Median, digits, s.Min, digits, s.Max)
}
