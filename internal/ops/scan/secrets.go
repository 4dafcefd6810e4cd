package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// largest is the size above which a file is not read: nobody writes such a file by hand, and it is said.
const largest = 16 << 20

// NewSecrets looks for secrets in every file that git tracks or would track. What it finds it never prints: at most the first four
// characters, and only where these are the format's and not the secret's.
func NewSecrets(project string) Scanner {
	return Scanner{Name: Secrets, Run: func(ctx context.Context) (Seen, error) {
		files, err := list(ctx, project)
		if err != nil {
			return Seen{}, err
		}
		var seen Seen
		read, large := 0, 0
		for _, file := range files {
			if err := ctx.Err(); err != nil {
				return seen, err
			}
			text, size, err := readText(filepath.Join(project, filepath.FromSlash(file)))
			switch {
			case errors.Is(err, fs.ErrNotExist): // deleted, not yet committed
				continue
			case err != nil:
				return seen, fmt.Errorf("reading %s: %w", file, err)
			case size > largest:
				large++
				seen.Notes = append(seen.Notes, Finding{Rule: "not-read", Title: fmt.Sprintf("%d MB, too large to be read", size>>20), Path: file})
			}
			if text == nil {
				continue
			}
			read++
			seen.Findings = append(seen.Findings, Detect(file, text)...)
		}
		seen.Looked = fmt.Sprintf("%d text files of %d", read, len(files))
		if large > 0 {
			seen.Looked += fmt.Sprintf(", %d too large to be read", large)
		}
		return seen, nil
	}}
}

// readText reads a file with text; nil for what is none: a link, a folder of another repository, a binary, or a text that is too
// large to be read. size is that of a text.
func readText(name string) (text []byte, size int64, err error) {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, 0, err
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = file.Close() }()
	head := make([]byte, 8000)
	n, err := io.ReadFull(file, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, 0, err
	}
	if bytes.IndexByte(head[:n], 0) >= 0 {
		return nil, 0, nil
	}
	if info.Size() > largest {
		return nil, info.Size(), nil
	}
	rest, err := io.ReadAll(file)
	return append(head[:n], rest...), info.Size(), err
}

// Detect looks for secrets in a text. A place is reported once, by the first rule that knows it.
func Detect(file string, text []byte) []Finding {
	var out []Finding
	var taken [][2]int
	for i := range secretRules {
		rule := &secretRules[i]
		if !rule.mayMatch(text) {
			continue
		}
		for _, at := range rule.pattern.FindAllSubmatchIndex(text, -1) {
			match := make([]string, len(at)/2)
			for g := range match {
				if at[2*g] >= 0 {
					match[g] = string(text[at[2*g]:at[2*g+1]])
				}
			}
			if rule.real != nil && !rule.real(match) || overlaps(taken, at[0], at[1]) {
				continue
			}
			taken = append(taken, [2]int{at[0], at[1]})
			finding := Finding{Rule: rule.id, Title: rule.title, Severity: rule.severity, Path: file, Line: 1 + bytes.Count(text[:at[0]], []byte("\n")),
				Fix: "revoke it where it was made, then take it out: git's history keeps it"}
			if rule.prefix > 0 {
				finding.Detail = match[0][:rule.prefix] + "…"
			}
			out = append(out, finding)
		}
	}
	return out
}

func overlaps(taken [][2]int, from, to int) bool {
	for _, one := range taken {
		if from < one[1] && one[0] < to {
			return true
		}
	}
	return false
}
