// Package page writes what people read: progress and the final page of a rehearsal.
package page

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
)

// maxWidth keeps lines readable on wide terminals and in files.
const maxWidth = 118

// writer collects a page and keeps the first error of writing it.
type writer struct {
	out   io.Writer
	color bool
	width int
	err   error
}

func (w *writer) printf(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.out, format, args...)
	}
}

func (w *writer) heading(text string) { w.printf("\n  %s\n", w.paint("1", text)) }

func (w *writer) paint(code, text string) string {
	if !w.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Rehearsal writes the final page of a rehearsal.
func Rehearsal(streams cmdutil.IOStreams, report engine.Report) error {
	w := &writer{out: streams.Out, color: streams.Color, width: maxWidth}
	if streams.OutWidth > 0 && streams.OutWidth < maxWidth {
		w.width = max(streams.OutWidth, 60)
	}
	for _, stack := range report.Stacks {
		w.stack(stack)
	}
	w.verdict(report)
	return w.err
}

func (w *writer) stack(s engine.StackReport) {
	title := fmt.Sprintf("%s  %d resources in pretend account %s", strings.ToUpper(s.Stack), s.Resources, s.Account)
	w.printf("\n%s\n%s\n", w.paint("1", title), strings.Repeat("─", min(w.width, len(title))))
	w.components(s.Components)
	w.outputs(s.Outputs)
	if s.SecondWallSeconds > 0 {
		w.changes(s.SecondRunChanges)
	}
	if s.SecondWallSeconds > 0 || len(s.Refusals) > 0 {
		w.refusals(s.Refusals)
	}
	w.destroy(s.Destroy)
	w.failures(s.Failures)
	w.heading("Time")
	w.printf("    first up %s (engine %s)", duration(s.WallSeconds), duration(s.EngineSeconds))
	if s.SecondWallSeconds > 0 {
		w.printf(", second up with refresh %s", duration(s.SecondWallSeconds))
	}
	if s.Destroy != nil {
		w.printf(", destroy %s", duration(s.Destroy.WallSeconds))
	}
	w.printf(", all together %s\n", s.Total.Round(100*time.Millisecond))
}

func (w *writer) components(components []engine.ComponentReport) {
	if len(components) == 0 {
		return
	}
	w.heading("What was made")
	longest := 0
	titles := make([]string, len(components))
	for i, c := range components {
		titles[i] = componentTitle(c, components)
		longest = max(longest, len(titles[i]))
	}
	for i, c := range components {
		head := fmt.Sprintf("    %-*s %4d  ", longest, titles[i], c.Count)
		w.wrapped(head, kinds(c.Kinds))
	}
}

// componentTitle is the component's type, with its name where several share the type.
func componentTitle(c engine.ComponentReport, all []engine.ComponentReport) string {
	if c.Type == "" {
		return "without component"
	}
	title := c.Type[strings.LastIndex(c.Type, ":")+1:]
	same := 0
	for _, other := range all {
		if other.Type == c.Type {
			same++
		}
	}
	if same > 1 {
		title += " " + c.Name
	}
	return title
}

// shownKinds is how many kinds of resources a component's line names.
const shownKinds = 6

// kinds says in words what a component made: single things by name, others by number.
func kinds(all []engine.KindReport) []string {
	var parts []string
	rest := 0
	for i, k := range all {
		if i >= shownKinds {
			rest += k.Count
			continue
		}
		if k.Count == 1 && k.Names[0] != "" {
			parts = append(parts, words(k.Type)+" "+truncate(k.Names[0], 48))
		} else {
			parts = append(parts, fmt.Sprintf("%d %s", k.Count, plural(words(k.Type), k.Count)))
		}
	}
	if rest > 0 {
		parts = append(parts, fmt.Sprintf("%d more", rest))
	}
	return parts
}

// wrapped writes parts after a head, broken at commas.
func (w *writer) wrapped(head string, parts []string) {
	indent := strings.Repeat(" ", len(head))
	line := head
	for i, part := range parts {
		if i < len(parts)-1 {
			part += ", "
		}
		if len([]rune(line+part)) > w.width && line != head && line != indent {
			w.printf("%s\n", strings.TrimRight(line, " "))
			line = indent
		}
		line += part
	}
	w.printf("%s\n", strings.TrimRight(line, " "))
}

func (w *writer) outputs(outputs map[string]any) {
	if len(outputs) == 0 {
		return
	}
	w.heading("Outputs")
	keys := make([]string, 0, len(outputs))
	longest := 0
	for key := range outputs {
		keys = append(keys, key)
		longest = max(longest, len(key))
	}
	sort.Strings(keys)
	for _, key := range keys {
		w.printf("    %-*s  %s\n", longest, key, truncate(value(outputs[key]), w.width-longest-6))
	}
}

// value is an output on one line: text as it is, everything else as JSON.
func value(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(out.String())
}

func (w *writer) changes(changes []engine.Change) {
	w.heading("A second run would change")
	if len(changes) == 0 {
		w.printf("    nothing\n")
		return
	}
	for _, c := range changes {
		w.printf("    %s %s", c.Op, resourceName(c.URN, c.Type))
		if len(c.Paths) > 0 {
			w.printf(": %s", strings.Join(c.Paths, ", "))
		}
		w.printf("\n")
	}
}

func (w *writer) verdict(report engine.Report) {
	for _, s := range report.Stacks {
		if s.OK {
			w.printf("\n%s", w.paint("32", s.Stack+" holds"))
		} else {
			w.printf("\n%s", w.paint("31", s.Stack+" does not hold"))
		}
		w.printf(": %s", counted(s.Resources, "resource"))
		if s.SecondWallSeconds > 0 {
			w.printf(", %s in a second run, %s refused", counted(len(s.SecondRunChanges), "change"), counted(len(s.Refusals), "deletion"))
		}
		w.printf(", %s", counted(len(s.Failures), "failure"))
	}
	w.printf("\n")
}

// counted is a number with its noun: no failures, 1 failure, 2 failures.
func counted(n int, noun string) string {
	if n == 0 {
		return "no " + plural(noun, 0)
	}
	return fmt.Sprintf("%d %s", n, plural(noun, n))
}

func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
