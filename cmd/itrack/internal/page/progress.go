package page

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/itrack/itrack/internal/engine"
)

// Progress shows how operations advance: one line that changes on a terminal, plain lines now and then in a log.
type Progress struct {
	out   io.Writer
	width int // 0: a log

	mu      sync.Mutex
	frame   int
	phase   string
	drawn   bool
	lastLog time.Time
}

// logEvery is the pause between two lines about one operation in a log.
const logEvery = 10 * time.Second

var spinner = []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}

// NewProgress shows progress on the error stream.
func NewProgress(streams cmdutil.IOStreams) *Progress {
	return &Progress{out: streams.Err, width: streams.ErrWidth}
}

// Observe takes one report of the engine. It is an engine.Observer.
func (p *Progress) Observe(at engine.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at.Ended {
		p.clear()
		p.phase = ""
		fmt.Fprintln(p.out, ended(at, p.width > 0))
		return
	}
	if p.width > 0 {
		p.frame++
		p.draw(spinner[p.frame%len(spinner)] + " " + line(at))
		return
	}
	phase := at.Stack + " " + string(at.Phase)
	switch {
	case phase != p.phase:
		p.phase, p.lastLog = phase, time.Now()
		fmt.Fprintf(p.out, "%s: %s\n", at.Stack, at.Phase)
	case time.Since(p.lastLog) >= logEvery:
		p.lastLog = time.Now()
		fmt.Fprintln(p.out, line(at))
	}
}

// Close removes the changing line.
func (p *Progress) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *Progress) draw(text string) {
	// A line as wide as the terminal would wrap and could not be taken back.
	fmt.Fprint(p.out, "\r\x1b[K"+truncate(text, p.width-1))
	p.drawn = true
}

func (p *Progress) clear() {
	if p.drawn {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = false
	}
}

// line says where an operation stands.
func line(at engine.Progress) string {
	text := fmt.Sprintf("%s: %s", at.Stack, at.Phase)
	if at.Total > 0 {
		text += fmt.Sprintf(", %d of %d", at.Done, at.Total)
	}
	if at.Elapsed >= time.Second {
		text += fmt.Sprintf(", %s", at.Elapsed.Round(time.Second))
	}
	switch n := len(at.Current); {
	case n == 1:
		text += ": " + at.Current[0]
	case n > 1:
		text += fmt.Sprintf(": %s and %d more", at.Current[0], n-1)
	}
	return text
}

// ended says how an operation ended.
func ended(at engine.Progress, marks bool) string {
	mark, word := "", "done"
	if at.Failed {
		word = "failed"
	}
	if marks {
		mark = "✓ "
		if at.Failed {
			mark = "✗ "
		}
	}
	return fmt.Sprintf("%s%s: %s %s, %d of %d resources in %s", mark, at.Stack, at.Phase, word, at.Done, at.Total,
		at.Elapsed.Round(100*time.Millisecond))
}

// truncate shortens a text to a number of characters.
func truncate(text string, limit int) string {
	runes := []rune(strings.ReplaceAll(text, "\n", " "))
	if len(runes) <= limit || limit < 1 {
		return string(runes)
	}
	return string(runes[:limit-1]) + "…"
}
