package output

import (
	"fmt"
	"io"
	"strings"

	"github.com/itrack/itrack/internal/review"
)

// Width is the width of a page in columns.
const Width = 100

// page collects text and keeps the first error of writing it.
type page struct {
	out   io.Writer
	color bool
	err   error
}

// Text writes the document for people.
func Text(out io.Writer, d *Document, color bool) error {
	p := &page{out: out, color: color}
	for _, one := range d.Reviews {
		p.review(one)
	}
	p.verdict(d)
	return p.err
}

func (p *page) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, format, args...)
	}
}

func (p *page) paint(code, text string) string {
	if !p.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p *page) heading(format string, args ...any) {
	p.printf("\n  %s\n", p.paint("1", fmt.Sprintf(format, args...)))
}

// line writes a text, broken at the page's width; what follows the first line is indented by two more.
func (p *page) line(indent int, text string) {
	for i, part := range wrap(text, Width-indent, 2) {
		if i == 1 {
			indent += 2
		}
		p.printf("%s%s\n", strings.Repeat(" ", indent), part)
	}
}

// command writes a command so that it can be copied: it is broken between its words alone, outside quotes, and broken lines end
// with a backslash.
func (p *page) command(indent int, text string) {
	line := strings.Repeat(" ", indent)
	empty := true
	for _, word := range shellWords(text) {
		if !empty && len([]rune(line))+len([]rune(word))+3 > Width {
			p.printf("%s \\\n", line)
			line, empty = strings.Repeat(" ", indent+2), true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	p.printf("%s\n", line)
}

// review writes the page of one stack.
func (p *page) review(one Review) {
	title := fmt.Sprintf("REVIEW OF %s  on %s, %s, %s", strings.ToUpper(one.Stack), one.Day, counted(one.Resources, "resource"),
		counted(one.Totals.Controls, "control"))
	p.printf("\n%s\n%s\n", p.paint("1", title), strings.Repeat("─", min(Width, len(title))))
	p.summary(one)
	p.failures(one, review.Failed, "31", "Fails")
	p.failures(one, review.NeedsDomain, "33", "Fails only for want of a domain")
	p.accepted(one)
	p.problems(one)
	p.commands(one, review.Undecidable, "Declarations cannot tell; these commands can")
	p.commands(one, review.OutsideStack, "The account's, not the stack's; these commands tell")
	p.notApplicable(one)
	p.scores(one)
	if one.Beyond != nil {
		p.access(one.Beyond.Access)
		p.network(one.Beyond.Network)
		p.data(one.Beyond.Data)
	}
}

func (p *page) summary(one Review) {
	t := one.Totals
	for _, row := range []struct {
		count int
		code  string
		text  string
	}{
		{t.Passed, "32", "pass"}, {t.Failed, "31", "fail"}, {t.NeedsDomain, "33", "fail only for want of a domain"},
		{t.Accepted, "33", "fail and are accepted"}, {t.Undecidable, "", "no declaration can tell: a command does"},
		{t.Outside, "", "are the account's, not the stack's"}, {t.NotApplicable, "", "do not apply"},
	} {
		text := fmt.Sprintf("  %4d  %s", row.count, row.text)
		if row.code != "" && row.count > 0 {
			text = p.paint(row.code, text)
		}
		p.printf("%s\n", text)
	}
}

// failures writes the controls with a verdict, and of each the resources that fail.
func (p *page) failures(one Review, verdict review.Verdict, code, heading string) {
	results := one.Verdicts(verdict)
	if len(results) == 0 {
		return
	}
	p.heading("%s", p.paint(code, fmt.Sprintf("%s (%d)", heading, len(results))))
	for _, result := range results {
		p.line(4, fmt.Sprintf("%s, %s: %s", result.ID, result.Severity, result.Title))
		p.line(6, result.Source)
		for _, state := range []review.Verdict{review.Failed, review.NeedsDomain} {
			for _, finding := range result.With(state) {
				p.line(6, finding.Resource)
				p.line(8, finding.Why)
				p.line(8, "fix: "+finding.Fix)
			}
		}
		for _, finding := range result.With(review.Accepted) {
			p.line(6, fmt.Sprintf("%s: accepted until %s", finding.Resource, finding.Acceptance.Expires))
		}
	}
}

func (p *page) accepted(one Review) {
	results := one.Verdicts(review.Accepted)
	if len(results) == 0 {
		return
	}
	p.heading("Fails and is accepted (%d)", len(results))
	for _, result := range results {
		p.line(4, fmt.Sprintf("%s, %s: %s", result.ID, result.Severity, result.Title))
		for _, finding := range result.With(review.Accepted) {
			p.line(6, finding.Resource)
			p.line(8, finding.Why)
			a := finding.Acceptance
			p.line(8, fmt.Sprintf("%s, by %s until %s: %s", a.Kind, a.Owner, a.Expires, a.Reason))
		}
	}
}

func (p *page) problems(one Review) {
	if len(one.Problems) == 0 {
		return
	}
	p.heading("%s", p.paint("33", fmt.Sprintf("Acceptances to look at (%d)", len(one.Problems))))
	for _, problem := range one.Problems {
		p.line(4, fmt.Sprintf("%s, %s, %s: %s", problem.Control, problem.Field, problem.Kind, problem.Message))
	}
}

func (p *page) commands(one Review, verdict review.Verdict, heading string) {
	results := one.Verdicts(verdict)
	if len(results) == 0 {
		return
	}
	p.heading("%s (%d)", heading, len(results))
	for _, result := range results {
		p.line(4, fmt.Sprintf("%s, %s: %s", result.ID, result.Severity, result.Title))
		p.command(6, result.Decide)
	}
}

func (p *page) notApplicable(one Review) {
	results := one.Verdicts(review.NotApplicable)
	if len(results) == 0 {
		return
	}
	p.heading("Does not apply (%d)", len(results))
	for _, result := range results {
		p.line(4, result.ID+": "+result.Why)
	}
}

// scores writes each pillar's score and what it does not cover.
func (p *page) scores(one Review) {
	p.heading("Scores: passed over applicable, by pillar of the Well-Architected Framework")
	for _, score := range one.Scores {
		if score.Percent == nil {
			p.printf("    %-24s nothing applies\n", score.Pillar.Title())
		} else {
			text := fmt.Sprintf("%-24s %3d of %3d  %3d %%", score.Pillar.Title(), score.Passed, score.Applicable, *score.Percent)
			for _, part := range []struct {
				n    int
				text string
			}{{score.Failed, "failed"}, {score.NeedsDomain, "for want of a domain"}, {score.Accepted, "accepted"}} {
				if part.n > 0 {
					text += fmt.Sprintf(", %d %s", part.n, part.text)
				}
			}
			p.printf("    %s\n", text)
		}
		left := "not covered: " + score.NotCovered.Undeclared
		if n := len(score.NotCovered.Undecidable); n > 0 {
			left += fmt.Sprintf("; by command: %s", strings.Join(score.NotCovered.Undecidable, ", "))
		}
		if n := len(score.NotCovered.Outside); n > 0 {
			left += fmt.Sprintf("; the account's: %s", strings.Join(score.NotCovered.Outside, ", "))
		}
		p.line(6, left)
	}
}

// verdict is the last line: one for each stack.
func (p *page) verdict(d *Document) {
	for _, one := range d.Reviews {
		t := one.Totals
		text, code := one.Stack+" passes", "32"
		if !one.OK() {
			text, code = one.Stack+" fails "+counted(t.Failed+t.NeedsDomain, "control"), "31"
		}
		p.printf("\n%s: %d passed, %d failed, %d for want of a domain, %d accepted\n", p.paint(code, text), t.Passed, t.Failed, t.NeedsDomain, t.Accepted)
	}
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
