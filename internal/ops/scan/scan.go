// Package scan makes one report of several security scanners: known vulnerabilities in Go modules (govulncheck), in npm packages
// (npm audit) and in images (trivy), secrets in the tree, and the review of what the stacks declare.
//
// A scanner that could not look is no clean scanner: the report tells the two apart, and so does the exit code.
package scan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itrack/itrack/internal/ops"
)

// Format is the version of the report's JSON form. It grows when a field changes its meaning or goes; new fields leave it.
const Format = 1

// The scanners, in the order of the report.
const (
	Govulncheck = "govulncheck"
	Npm         = "npm"
	Trivy       = "trivy"
	Secrets     = "secrets"
	Review      = "review"
)

// Names are the scanners in the order of the report.
var Names = []string{Govulncheck, Npm, Trivy, Secrets, Review}

// Status is how a scanner ended.
type Status string

// The statuses.
const (
	Clean         Status = "clean"         // it ran and found nothing
	Found         Status = "findings"      // it ran and found something
	NotRun        Status = "notRun"        // it should have run and could not, or not to its end
	NotInstalled  Status = "notInstalled"  // it runs where it is installed, and it is not
	NotApplicable Status = "notApplicable" // there is nothing for it to look at
)

// Finding is one thing that a scanner found.
type Finding struct {
	Rule     string `json:"rule"` // the scanner's own id of what it looks for
	Title    string `json:"title"`
	Severity string `json:"severity,omitempty"` // critical, high, medium, low; empty where the scanner does not say
	// Path is the file, relative to the project, with slashes; Line is 0 where there is none.
	Path     string `json:"path,omitempty"`
	Line     int    `json:"line,omitempty"`
	Resource string `json:"resource,omitempty"` // of a stack, as type::name
	Detail   string `json:"detail,omitempty"`
	Fix      string `json:"fix,omitempty"`
	URL      string `json:"url,omitempty"`
	// Accepted is the entry of scan.yaml that accepts it.
	Accepted *Acceptance `json:"accepted,omitempty"`
}

// Seen is what a scanner saw.
type Seen struct {
	Looked   string    // at what, in a few words, such as "763 files"
	Findings []Finding // what counts
	Notes    []Finding // what is worth knowing and does not count
}

// NotDone is the error of a scanner that did not look, and says what that means.
type NotDone struct {
	Status Status
	Why    string
	Next   string // what to do
}

func (n *NotDone) Error() string { return n.Why }

// Scanner is one of them. What Run saw counts also beside an error: half a look may find something.
type Scanner struct {
	Name string
	Run  func(context.Context) (Seen, error)
}

// Result is what came of one scanner.
type Result struct {
	Scanner  string    `json:"scanner"`
	Status   Status    `json:"status"`
	Looked   string    `json:"looked,omitempty"`
	Why      string    `json:"why,omitempty"`  // why it did not look
	Next     string    `json:"next,omitempty"` // what to do about it
	Seconds  float64   `json:"seconds"`
	Findings []Finding `json:"findings"`
	Accepted []Finding `json:"accepted"`
	Notes    []Finding `json:"notes"`
}

// Report is what came of all of them.
type Report struct {
	Format  int      `json:"format"`
	Day     string   `json:"day"`
	Results []Result `json:"results"`
	// Problems is what is wrong with entries of scan.yaml.
	Problems []Problem `json:"problems"`
}

// Options say what runs.
type Options struct {
	Scanners    []Scanner
	Limit       time.Duration // for each scanner
	Say         ops.Say
	Acceptances []Acceptance
	Day         time.Time
}

// Run runs the scanners one after the other: two of them use every core there is. It fails only when it is cancelled.
func Run(ctx context.Context, o Options) (*Report, error) {
	report := &Report{Format: Format, Day: o.Day.Format(time.DateOnly), Results: []Result{}, Problems: []Problem{}}
	accepting := newAccepting(o.Acceptances, o.Day)
	for _, scanner := range o.Scanners {
		if o.Say != nil {
			o.Say("%s: looking (at most %s)", scanner.Name, o.Limit)
		}
		result, err := runOne(ctx, scanner, o.Limit)
		if err != nil {
			return nil, fmt.Errorf("running %s: %w", scanner.Name, err)
		}
		result.Findings, result.Accepted = accepting.split(scanner.Name, result.Findings)
		switch {
		case result.Status != "": // it says why it did not look
		case len(result.Findings) > 0:
			result.Status = Found
		default:
			result.Status = Clean
		}
		report.Results = append(report.Results, result)
	}
	report.Problems = append(report.Problems, accepting.problems(report)...)
	return report, nil
}

// runOne runs a scanner within the limit. Its Status is set only where it did not look, or not to its end.
func runOne(ctx context.Context, s Scanner, limit time.Duration) (Result, error) {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := time.Now()
	seen, err := s.Run(bounded)
	if ctx.Err() != nil {
		return Result{}, ctx.Err()
	}
	result := Result{Scanner: s.Name, Looked: seen.Looked, Seconds: time.Since(start).Round(time.Millisecond).Seconds(), Findings: seen.Findings,
		Notes: append([]Finding{}, seen.Notes...)}
	var notDone *NotDone
	switch {
	case err == nil:
	case errors.Is(bounded.Err(), context.DeadlineExceeded):
		result.Status, result.Why, result.Next = NotRun, fmt.Sprintf("it was not over after %s and was stopped", limit), "give it longer by --timeout"
	case errors.As(err, &notDone):
		result.Status, result.Why, result.Next = notDone.Status, notDone.Why, notDone.Next
	default:
		result.Status, result.Why = NotRun, err.Error()
	}
	slices.SortStableFunc(result.Findings, compare)
	slices.SortStableFunc(result.Notes, compare)
	return result, nil
}

// compare orders findings by place, then by rule, so that two runs print the same.
func compare(a, b Finding) int {
	if by := strings.Compare(a.Path, b.Path); by != 0 {
		return by
	}
	if a.Line != b.Line {
		return a.Line - b.Line
	}
	return strings.Compare(a.Rule+a.Resource+a.Detail, b.Rule+b.Resource+b.Detail)
}

// Findings counts what was found and is not accepted.
func (r *Report) Findings() int {
	count := 0
	for _, result := range r.Results {
		count += len(result.Findings)
	}
	return count
}

// NotRun are the scanners that should have run and could not.
func (r *Report) NotRun() []string {
	var out []string
	for _, result := range r.Results {
		if result.Status == NotRun {
			out = append(out, result.Scanner)
		}
	}
	return out
}
