package main

import (
	"bytes"
	"strings"
	"testing"
)

func run(t *testing.T, lines ...string) (string, bool) {
	t.Helper()
	var out bytes.Buffer
	r := newReport(&out)
	if err := r.read(strings.NewReader(strings.Join(lines, "\n"))); err != nil {
		t.Fatal(err)
	}
	ok := r.summary()
	return out.String(), ok
}

func TestReport(t *testing.T) {
	const (
		passes    = `{"Action":"pass","Package":"a","Test":"TestA","Elapsed":0.1}`
		passed    = `{"Action":"pass","Package":"a","Elapsed":1.5}`
		nothing   = `{"Action":"skip","Package":"b","Elapsed":0}`
		skips     = `{"Action":"skip","Package":"a","Test":"TestB","Elapsed":0}`
		says      = `{"Action":"output","Package":"a","Test":"TestC","Output":"wanted 1, got 2\n"}`
		fails     = `{"Action":"fail","Package":"a","Test":"TestC","Elapsed":0}`
		failed    = `{"Action":"fail","Package":"a","Elapsed":1.5}`
		compiles  = `{"ImportPath":"a [a.test]","Action":"build-output","Output":"a.go:1: undefined: x\n"}`
		unbuilt   = `{"Action":"fail","Package":"a","Elapsed":0,"FailedBuild":"a [a.test]"}`
		outsideGo = `go: updates to go.mod needed`
	)
	cases := []struct {
		name  string
		lines []string
		ok    bool
		says  string
	}{
		{"passing", []string{passes, passed, nothing}, true, "1.5s  a"},
		{"a package without tests is fine, a skipped test is not", []string{passes, skips, passed}, false, "skipped, which counts as failed: a TestB"},
		{"a failure with its output", []string{passes, says, fails, failed}, false, "wanted 1, got 2"},
		{"a package that does not build", []string{compiles, unbuilt}, false, "undefined: x"},
		{"nothing ran", []string{nothing}, false, "no test ran"},
		{"go itself complained", []string{passes, passed, outsideGo}, false, "updates to go.mod needed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, ok := run(t, c.lines...)
			if ok != c.ok {
				t.Errorf("ok is %v, wanted %v:\n%s", ok, c.ok, out)
			}
			if !strings.Contains(out, c.says) {
				t.Errorf("the output lacks %q:\n%s", c.says, out)
			}
		})
	}
}

// A long package is spoken of once a minute, with how far it is, and no more once it has ended.
func TestProgress(t *testing.T) {
	out, _ := run(t,
		`{"Time":"2026-01-01T10:00:00Z","Action":"start","Package":"slow"}`,
		`{"Time":"2026-01-01T10:00:30Z","Action":"pass","Package":"slow","Test":"TestA","Elapsed":1}`,
		`{"Time":"2026-01-01T10:01:10Z","Action":"pass","Package":"slow","Test":"TestB","Elapsed":1}`,
		`{"Time":"2026-01-01T10:01:20Z","Action":"pass","Package":"slow","Test":"TestC","Elapsed":1}`,
		`{"Time":"2026-01-01T10:02:00Z","Action":"pass","Package":"slow","Elapsed":120}`,
		`{"Time":"2026-01-01T10:05:00Z","Action":"pass","Package":"late","Elapsed":1}`,
	)
	if want := "running        70s  slow (1 tests so far)\nok"; !strings.HasPrefix(out, want) {
		t.Errorf("the output does not begin with %q:\n%s", want, out)
	}
	if strings.Count(out, "running") != 1 {
		t.Errorf("there must be one line of progress:\n%s", out)
	}
}
