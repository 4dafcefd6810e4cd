package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/itrack/itrack/cmd/itrack/internal/cmdutil"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// freshRoot is the command line as main makes it, with what cobra adds when it runs. Flags keep what was parsed, so that each line
// needs one of its own.
func freshRoot() *cobra.Command {
	root := newRoot(&cmdutil.Factory{})
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

// everyCommand are a command and all below it, without cobra's own.
func everyCommand(cmd *cobra.Command) []*cobra.Command {
	out := []*cobra.Command{cmd}
	for _, child := range cmd.Commands() {
		if child.Name() != "help" && child.Name() != "completion" {
			out = append(out, everyCommand(child)...)
		}
	}
	return out
}

// checkLine says what is wrong with the calls of itrack and make in one line of a shell: a command, flag or target that does not
// exist, a wrong number of arguments, an environment that is none.
func checkLine(line string, targets *makefile) []string {
	var out []string
	for _, call := range shellCalls(line) {
		switch name := strings.TrimPrefix(call[0], "bin/"); {
		case name == "itrack":
			if err := checkCommand(call[1:]); err != nil {
				out = append(out, fmt.Sprintf("%s: %s", line, err))
			}
		case call[0] == "make":
			if err := targets.check(call[1:]); err != nil {
				out = append(out, fmt.Sprintf("%s: %s", line, err))
			}
		}
	}
	return out
}

// environments are those that a line may name: those of the repository, the one that docs/emulate.md makes, and the word itself
// where a line is a pattern.
var environments = []string{"staging", "production", "emulate", "ENVIRONMENT"}

func checkCommand(words []string) error {
	cmd, rest, err := freshRoot().Find(words)
	if err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if help, err := cmd.Flags().GetBool("help"); err == nil && help {
		return nil
	}
	args := cmd.Flags().Args()
	if err := cmd.ValidateArgs(args); err != nil {
		return err
	}
	if err := cmd.ValidateRequiredFlags(); err != nil {
		return err
	}
	if !works(cmd) {
		return fmt.Errorf("%s does nothing by itself", cmd.CommandPath())
	}
	return checkEnvironments(cmd, args)
}

func checkEnvironments(cmd *cobra.Command, args []string) error {
	wrong := func(value string) error {
		if slices.Contains(environments, value) {
			return nil
		}
		return fmt.Errorf("%q is no environment", value)
	}
	places := strings.Fields(cmd.Use)[1:]
	for i, arg := range args {
		place := min(i, len(places)-1)
		if place < 0 || !isEnvironment(strings.TrimSuffix(strings.Trim(places[place], "[]"), "...")) {
			continue
		}
		if err := wrong(arg); err != nil {
			return err
		}
	}
	var problem error
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if name, _ := pflag.UnquoteUsage(flag); isEnvironment(name) && problem == nil {
			problem = wrong(flag.Value.String())
		}
	})
	return problem
}

func isEnvironment(word string) bool { return word == "ENVIRONMENT" || word == "FROM" || word == "TO" }

// shellCalls are the calls in a line: words without quotes, assignments before the command, redirections and comments. A call
// within $( ) is a call of its own.
func shellCalls(line string) [][]string {
	var out [][]string
	line = regexp.MustCompile(`\$\(([^()]*)\)`).ReplaceAllStringFunc(line, func(inner string) string {
		out = append(out, shellCalls(inner[2:len(inner)-1])...)
		return "x"
	})
	var call []string
	var word strings.Builder
	begun, quote := false, rune(0)
	endWord := func() {
		if begun {
			call = append(call, word.String())
		}
		word.Reset()
		begun = false
	}
	endCall := func() {
		endWord()
		for len(call) > 0 && regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`).MatchString(call[0]) {
			call = call[1:]
		}
		if len(call) > 0 {
			out = append(out, withoutRedirections(call))
		}
		call = nil
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == '#' && !begun:
			endCall()
			return out
		case r == ' ' || r == '\t':
			endWord()
		case r == '|' || r == ';' || r == '&':
			endCall()
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	endCall()
	return out
}

func withoutRedirections(words []string) []string {
	var out []string
	for i := 0; i < len(words); i++ {
		switch word := words[i]; {
		case word == ">" || word == ">>" || word == "<" || word == "2>":
			i++
		case strings.HasPrefix(word, ">") || strings.HasPrefix(word, "2>") || strings.HasPrefix(word, "<"):
		default:
			out = append(out, word)
		}
	}
	return out
}

// makefile is what the Makefile knows: targets, and the variables that it names.
type makefile struct{ targets, variables []string }

func readMakefile(t *testing.T) *makefile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "Makefile"))
	require.NoError(t, err)
	out := &makefile{}
	for _, match := range regexp.MustCompile(`(?m)^([A-Za-z][A-Za-z0-9/_-]*):(?:[^=]|$)`).FindAllStringSubmatch(string(text), -1) {
		out.targets = append(out.targets, match[1])
	}
	// What make is given goes to the recipes' environment too: a variable may stand in a comment alone.
	out.variables = regexp.MustCompile(`\b[A-Z][A-Z_]+\b`).FindAllString(string(text), -1)
	require.NotEmpty(t, out.targets)
	return out
}

func (m *makefile) check(words []string) error {
	for _, word := range words {
		name, value, assigned := strings.Cut(word, "=")
		switch {
		case strings.HasPrefix(word, "-"):
		case assigned && name == "ENVIRONMENT" && !slices.Contains(environments, value):
			return fmt.Errorf("%q is no environment", value)
		case assigned && !slices.Contains(m.variables, name):
			return fmt.Errorf("the Makefile knows no %s", name)
		case !assigned && !slices.Contains(m.targets, word):
			return fmt.Errorf("the Makefile has no target %s", word)
		}
	}
	return nil
}

func TestLinesAreChecked(t *testing.T) {
	targets := &makefile{targets: []string{"build", "bin/itrack"}, variables: []string{"ENVIRONMENT"}}
	for line, wanted := range map[string]string{
		"itrack rehearse production --json":                             "",
		"bin/itrack review --from - < export.json > x 2>/dev/null":      "",
		"pulumi stack export | itrack review --from - # --moon":         "",
		"AWS_PROFILE=x itrack rehearse staging --keep 'a b' && echo it": "",
		"itrack rehearse --help":                                        "",
		"itrack moon":                                                   "unknown command",
		"itrack rehearse --moon":                                        "unknown flag: --moon",
		"itrack rehearse moon":                                          `"moon" is no environment`,
		"itrack state repair":                                           "accepts 1 arg",
		"itrack state":                                                  "does nothing by itself",
		"echo | itrack version --json x | true; itrack config schema":   "unknown flag: --json",
		"x=$(itrack version moon)":                                      "unknown command",
		"make build ENVIRONMENT=x":                                      `"x" is no environment`,
		"make -j build bin/itrack":                                      "",
		"make moon":                                                     "no target moon",
		"make build MOON=1":                                             "knows no MOON",
		"itrack rehearse --keep":                                        "flag needs an argument",
		`itrack rehearse "production`:                                   "",
	} {
		problems := checkLine(line, targets)
		if wanted == "" {
			require.Empty(t, problems, line)
			continue
		}
		require.Len(t, problems, 1, line)
		require.Contains(t, problems[0], wanted)
	}
	require.Equal(t, [][]string{{"a", "b c", ""}, {"d"}}, shellCalls(`X=1 a "b c" '' 2>/dev/null && d > e # f`))
}
