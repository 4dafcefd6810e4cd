package devenv

import (
	"bytes"
	"io"
	"sync"
)

// output lets several processes write whole lines to one writer, each line behind a name.
type output struct {
	mutex sync.Mutex
	to    io.Writer
}

// named gives a writer for one of them.
func (o *output) named(name string) io.Writer { return &lines{output: o, prefix: name + " | "} }

func (o *output) write(prefix string, line []byte) error {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	_, err := o.to.Write(append([]byte(prefix), line...))
	return err
}

// lines keeps the part of a line that has come until the rest is there.
type lines struct {
	output *output
	prefix string
	mutex  sync.Mutex
	part   []byte
}

// longestLine is where a line without an end is cut: what a process writes must not grow without bounds here.
const longestLine = 64 << 10

// Write is io.Writer's.
func (l *lines) Write(p []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.part = append(l.part, p...)
	for {
		end := bytes.IndexByte(l.part, '\n')
		if end < 0 {
			break
		}
		if err := l.output.write(l.prefix, l.part[:end+1]); err != nil {
			return 0, err
		}
		l.part = l.part[end+1:]
	}
	if len(l.part) > longestLine {
		if err := l.output.write(l.prefix, append(l.part, '\n')); err != nil {
			return 0, err
		}
		l.part = nil
	}
	return len(p), nil
}

// firstLine gives the first line that is written, and forgets the others.
type firstLine struct {
	line chan string
	part []byte
	done bool
}

// Write is io.Writer's.
func (f *firstLine) Write(p []byte) (int, error) {
	if f.done {
		return len(p), nil
	}
	f.part = append(f.part, p...)
	if end := bytes.IndexByte(f.part, '\n'); end >= 0 {
		f.line <- string(bytes.TrimSpace(f.part[:end]))
		f.done, f.part = true, nil
	}
	return len(p), nil
}
