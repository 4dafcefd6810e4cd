package main

import (
	"bytes"
	"strings"
	"testing"
)

func run(t *testing.T, lines ...string) (string, bool) {
	t.Helper()
	var out bytes.Buffer
	r := &report{out: &out, output: map[string][]string{}, build: map[string][]string{}, tests: map[string]int{}}
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
