package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fence is the beginning or end of a block; its language is empty where none is given.
var fence = regexp.MustCompile("^ *```([a-z]*)")

// shellBlocks are the lines of a page that a reader would paste into a shell.
func shellBlocks(page string) []string {
	var out []string
	inside, shell := false, false
	var block strings.Builder
	for _, line := range strings.Split(page, "\n") {
		if match := fence.FindStringSubmatch(line); match != nil {
			if inside && shell {
				out = append(out, shellLines(block.String())...)
			}
			inside, shell = !inside, slices.Contains([]string{"", "sh", "bash", "shell", "console"}, match[1])
			block.Reset()
			continue
		}
		if inside {
			block.WriteString(line + "\n")
		}
	}
	return out
}

// pages are those that tell a reader what to type.
func pages(t *testing.T) []string {
	t.Helper()
	out := []string{filepath.Join("..", "..", "README.md"), filepath.Join("..", "..", "CONTRIBUTING.md")}
	for _, pattern := range []string{"*.md", "runbooks/*.md"} {
		found, err := filepath.Glob(filepath.Join("..", "..", "docs", pattern))
		require.NoError(t, err)
		require.NotEmpty(t, found, pattern)
		out = append(out, found...)
	}
	return out
}

func TestWhatThePagesTellToTypeExists(t *testing.T) {
	targets := readMakefile(t)
	checked := 0
	var problems []string
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, line := range shellBlocks(string(text)) {
			checked++
			for _, problem := range checkLine(line, targets) {
				problems = append(problems, filepath.Base(page)+": "+problem)
			}
		}
	}
	require.Empty(t, problems, strings.Join(problems, "\n"))
	require.Greater(t, checked, 50)
}

func TestShellBlocks(t *testing.T) {
	page := "a\n```sh\nitrack x \\\n  --y\n```\n```yaml\nitrack: z\n```\n   ```\nmake b\n   ```\nmake c\n"
	require.Equal(t, []string{"itrack x    --y", "", "make b", ""}, shellBlocks(page))
}

// runbooks are the pages for those on call.
var runbooks = []string{"cost-surprise", "database-access", "deploy", "first-deploy", "rollback", "secrets-rotation", "stuck-state", "waf-false-positives"}

func TestEveryRunbookHasItsParts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "runbooks", "*.md"))
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".md")
		if name == "README" {
			continue
		}
		names = append(names, name)
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		text, at := string(raw), 0
		for _, part := range []string{"\n## When\n", "\n## Check\n", "\n## Do\n", "\n## How to see that it worked\n", "\n## How to undo it\n"} {
			i := strings.Index(text[at:], part)
			require.GreaterOrEqual(t, i, 0, "%s: %q", name, part)
			at += i
		}
		require.Contains(t, text, "```sh\n", name)
	}
	require.Equal(t, runbooks, names)
}
