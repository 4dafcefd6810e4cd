package docgen

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// CLIFile is the page of the commands.
const CLIFile = "cli.md"

// ExitCode is one line of the table of exit codes.
type ExitCode struct {
	Code    int
	Meaning string
}

// CLI is the reference of every command below root, in Markdown.
func CLI(root *cobra.Command, codes []ExitCode) string {
	var page strings.Builder
	page.WriteString("# Commands\n\n" + made)
	fmt.Fprintf(&page, "Every command of `bin/%s`, as `--help` prints it. `make build` builds it; `make help` lists the targets that run it. Data goes to stdout,\n"+
		"everything else to stderr, so that `--json` gives one document and nothing else.\n", root.Name())
	page.WriteString("\n| command | what it does |\n|---|---|\n")
	commands := documented(root)
	for _, cmd := range commands {
		fmt.Fprintf(&page, "| [`%s`](#%s) | %s |\n", cmd.CommandPath(), strings.ReplaceAll(cmd.CommandPath(), " ", "-"), cell(cmd.Short))
	}
	page.WriteString("\n## Exit codes\n\n| code | meaning |\n|---|---|\n")
	for _, code := range codes {
		fmt.Fprintf(&page, "| %d | %s |\n", code.Code, cell(code.Meaning))
	}
	for _, cmd := range commands {
		writeCommand(&page, cmd)
	}
	return page.String()
}

// documented are a command and all below it, parents first. What is hidden stays so; help says nothing that the page does not.
func documented(cmd *cobra.Command) []*cobra.Command {
	out := []*cobra.Command{cmd}
	for _, child := range cmd.Commands() {
		if !child.Hidden && child.Name() != "help" {
			out = append(out, documented(child)...)
		}
	}
	return out
}

func writeCommand(page *strings.Builder, cmd *cobra.Command) {
	long := cmd.Long
	if long == "" {
		long = cmd.Short
	}
	fmt.Fprintf(page, "\n## %s\n\n```text\n%s\n```\n\n```text\n%s\n```\n", cmd.CommandPath(), cmd.UseLine(), strings.TrimSpace(long))
	var below []string
	for _, child := range cmd.Commands() {
		if !child.Hidden && child.Name() != "help" {
			below = append(below, fmt.Sprintf("[`%s`](#%s)", child.Name(), strings.ReplaceAll(child.CommandPath(), " ", "-")))
		}
	}
	if len(below) > 0 {
		fmt.Fprintf(page, "\nBelow it: %s.\n", strings.Join(below, ", "))
	}
	if cmd.Example != "" {
		fmt.Fprintf(page, "\n```sh\n%s\n```\n", strings.TrimRight(outdent(cmd.Example), "\n"))
	}
	writeFlags(page, cmd)
}

// writeFlags lists the flags of a command and those it has from above.
func writeFlags(page *strings.Builder, cmd *cobra.Command) {
	rows := 0
	list := func(flag *pflag.Flag) {
		if flag.Hidden || flag.Name == "help" {
			return
		}
		if rows == 0 {
			page.WriteString("\n| flag | default | what it does |\n|---|---|---|\n")
		}
		rows++
		name, usage := pflag.UnquoteUsage(flag)
		text := "--" + flag.Name
		if flag.Shorthand != "" {
			text = "-" + flag.Shorthand + ", " + text
		}
		if name != "" {
			text += " " + name
		}
		fmt.Fprintf(page, "| `%s` | %s | %s |\n", text, cell(defaultOf(flag)), cell(usage))
	}
	cmd.NonInheritedFlags().VisitAll(list)
	cmd.InheritedFlags().VisitAll(list)
}

// defaultOf is a flag's default, empty where it is what anybody expects.
func defaultOf(flag *pflag.Flag) string {
	switch flag.DefValue {
	case "", "false", "[]", "0", "0s":
		return ""
	}
	return "`" + strings.Trim(flag.DefValue, "[]") + "`"
}

// outdent takes away what every line is indented by.
func outdent(text string) string {
	lines := strings.Split(text, "\n")
	least := -1
	for _, line := range lines {
		if indent := len(line) - len(strings.TrimLeft(line, " ")); strings.TrimSpace(line) != "" && (least < 0 || indent < least) {
			least = indent
		}
	}
	for i, line := range lines {
		if len(line) >= least && least > 0 {
			lines[i] = line[least:]
		}
	}
	return strings.Join(lines, "\n")
}
