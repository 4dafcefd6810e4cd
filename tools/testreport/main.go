// Command testreport reads `go test -json` on stdin and prints what a person needs: one line per package with its
// time, the output of what failed, and a summary. It fails when a test failed, when a package did not build, when a
// test was skipped (a suite that skips proves nothing) and when no test ran at all.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"time"
)

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Time        time.Time
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Elapsed     float64
	Output      string
	FailedBuild string
}

// result is what became of one package.
type result struct {
	name    string
	seconds float64
	tests   int
	verdict string
}

// report collects the events of a run.
type report struct {
	out      io.Writer
	output   map[string][]string // by package and test
	build    map[string][]string // by import path
	packages []result
	tests    map[string]int
	failed   []string
	skipped  []string
	stray    int
	running  map[string]time.Time // packages that have begun and not ended
	said     time.Time            // when the last line about a package was printed
}

// silence is how long the report says nothing at most while tests go on.
const silence = time.Minute

func main() {
	r := newReport(os.Stdout)
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "reading the test run:", err)
		os.Exit(1)
	}
	if !r.summary() {
		os.Exit(1)
	}
}

func newReport(out io.Writer) *report {
	return &report{out: out, output: map[string][]string{}, build: map[string][]string{}, tests: map[string]int{}, running: map[string]time.Time{}}
}

func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				// What is not JSON comes from go itself, before any test ran.
				fmt.Fprintf(r.out, "%s", line)
				r.stray++
			} else {
				r.take(e)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) take(e event) {
	r.progress(e)
	key := e.Package + "\x00" + e.Test
	switch e.Action {
	case "start":
		r.running[e.Package] = e.Time
	case "output":
		r.output[key] = append(r.output[key], e.Output)
	case "build-output":
		r.build[e.ImportPath] = append(r.build[e.ImportPath], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.finish(e)
			return
		}
		r.tests[e.Package]++
		switch e.Action {
		case "fail":
			r.failed = append(r.failed, e.Package+" "+e.Test)
			r.print(key)
		case "skip":
			r.skipped = append(r.skipped, e.Package+" "+e.Test)
			r.print(key)
		}
		delete(r.output, key)
	}
}

// progress says what is running when nothing was said for a while.
func (r *report) progress(e event) {
	if e.Time.IsZero() {
		return
	}
	if r.said.IsZero() {
		r.said = e.Time
	}
	if e.Time.Sub(r.said) < silence {
		return
	}
	r.said = e.Time
	names := make([]string, 0, len(r.running))
	for name := range r.running {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(r.out, "running  %8.0fs  %s (%d tests so far)\n", e.Time.Sub(r.running[name]).Seconds(), name, r.tests[name])
	}
}

// finish takes the end of a package. One without test files arrives as skipped, which is no skipped test.
func (r *report) finish(e event) {
	delete(r.running, e.Package)
	r.said = e.Time
	verdict := map[string]string{"pass": "ok", "fail": "FAIL", "skip": "no tests"}[e.Action]
	r.packages = append(r.packages, result{name: e.Package, seconds: e.Elapsed, tests: r.tests[e.Package], verdict: verdict})
	if e.Action == "fail" {
		r.print(e.Package + "\x00")
		for _, line := range r.build[e.FailedBuild] {
			fmt.Fprint(r.out, line)
		}
		if r.tests[e.Package] == 0 || e.FailedBuild != "" {
			r.failed = append(r.failed, e.Package)
		}
	}
	if e.Action != "skip" {
		fmt.Fprintf(r.out, "%-8s %8.1fs  %s (%d tests)\n", verdict, e.Elapsed, e.Package, r.tests[e.Package])
	}
}

func (r *report) print(key string) {
	fmt.Fprint(r.out, strings.Join(r.output[key], ""))
}

// summary prints the slowest packages and the verdict, and reports whether everything passed.
func (r *report) summary() bool {
	ok := len(r.failed) == 0 && len(r.skipped) == 0 && r.stray == 0
	tests, seconds := 0, 0.0
	for _, p := range r.packages {
		tests += p.tests
		seconds += p.seconds
		ok = ok && p.verdict != "FAIL"
	}
	sort.SliceStable(r.packages, func(i, j int) bool { return r.packages[i].seconds > r.packages[j].seconds })
	fmt.Fprintf(r.out, "\ntime per package, the slowest first:\n")
	for _, p := range r.packages {
		if p.tests > 0 {
			fmt.Fprintf(r.out, "  %8.1fs  %s\n", p.seconds, p.name)
		}
	}
	fmt.Fprintf(r.out, "%d tests in %d packages, %.1fs in tests\n", tests, len(r.packages), seconds)
	for _, name := range r.failed {
		fmt.Fprintf(r.out, "failed: %s\n", name)
	}
	for _, name := range r.skipped {
		fmt.Fprintf(r.out, "skipped, which counts as failed: %s\n", name)
	}
	if tests == 0 {
		fmt.Fprintln(r.out, "no test ran")
		return false
	}
	return ok
}
