package scan

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// words are the statuses for people.
var words = map[Status]string{Clean: "clean", NotRun: "NOT RUN", NotInstalled: "not installed", NotApplicable: "nothing to look at"}

// Text writes the report as a page.
func Text(out io.Writer, r *Report) error {
	var page strings.Builder
	fmt.Fprintf(&page, "SECURITY SCAN  on %s\n\n", r.Day)
	table := tabwriter.NewWriter(&page, 0, 4, 2, ' ', 0)
	for _, result := range r.Results {
		said := result.Looked
		if result.Why != "" {
			said = oneLine(result.Why)
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\n", result.Scanner, statusText(result), said)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("laying out the page: %w", err)
	}
	section(&page, r, "Found", func(r Result) []Finding { return r.Findings })
	var notRun []Result
	for _, result := range r.Results {
		if result.Status == NotRun || result.Status == NotInstalled {
			notRun = append(notRun, result)
		}
	}
	if len(notRun) > 0 {
		fmt.Fprintf(&page, "\nDid not look (%d)\n", len(notRun))
	}
	for _, result := range notRun {
		fmt.Fprintf(&page, "  %s: %s\n", result.Scanner, oneLine(result.Why))
		if result.Next != "" {
			fmt.Fprintf(&page, "      what to do: %s\n", result.Next)
		}
	}
	section(&page, r, "Worth knowing, and not counted", func(r Result) []Finding { return r.Notes })
	section(&page, r, "Accepted", func(r Result) []Finding { return r.Accepted })
	if len(r.Problems) > 0 {
		fmt.Fprintf(&page, "\nEntries of %s to look at (%d)\n", AcceptanceFile, len(r.Problems))
	}
	for _, problem := range r.Problems {
		fmt.Fprintf(&page, "  %s: %s\n", problem.Entry, problem.Message)
	}
	fmt.Fprintf(&page, "\n%s\n", r.Summary())
	if _, err := io.WriteString(out, page.String()); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// Summary is the report in a sentence.
func (r *Report) Summary() string {
	notRun := r.NotRun()
	found := "nothing was found"
	if count := r.Findings(); count > 0 {
		found = plural(count, "finding")
	}
	if len(notRun) == 0 {
		return found
	}
	return found + "; did not look, so nothing is known of it: " + strings.Join(notRun, ", ")
}

func section(page *strings.Builder, r *Report, title string, of func(Result) []Finding) {
	count := 0
	for _, result := range r.Results {
		count += len(of(result))
	}
	if count == 0 {
		return
	}
	fmt.Fprintf(page, "\n%s (%d)\n", title, count)
	for _, result := range r.Results {
		for _, finding := range of(result) {
			writeFinding(page, result.Scanner, finding)
		}
	}
}

func writeFinding(page *strings.Builder, scanner string, f Finding) {
	head := scanner + " " + f.Rule
	if f.Severity != "" {
		head += ", " + f.Severity
	}
	fmt.Fprintf(page, "  %s: %s\n", head, oneLine(f.Title))
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(page, "      %s%s\n", label, oneLine(text))
		}
	}
	line("", f.where())
	line("", f.Detail)
	line("fix: ", f.Fix)
	line("", f.URL)
	if f.Accepted != nil {
		line("accepted until "+f.Accepted.Expires+": ", f.Accepted.Reason)
	}
}

// where is a finding's place.
func (f Finding) where() string {
	place := f.Path
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d", place, f.Line)
	}
	if f.Resource != "" {
		place = strings.TrimPrefix(place+" "+f.Resource, " ")
	}
	return place
}

func statusText(r Result) string {
	count := ""
	if len(r.Findings) > 0 {
		count = plural(len(r.Findings), "finding")
	}
	if r.Status == Found {
		return count
	}
	text := words[r.Status]
	if count != "" {
		text += ", " + count
	}
	if len(r.Accepted) > 0 && r.Status == Clean {
		text += fmt.Sprintf(" (%d accepted)", len(r.Accepted))
	}
	return text
}

func plural(count int, word string) string {
	if count == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", count, word)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
