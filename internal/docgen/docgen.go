// Package docgen writes the documents that are made from the code: a test holds each of them against the file in docs/.
package docgen

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/infra"
)

// Files of the folder docs/ that commands write.
const (
	SchemaFile   = "config.schema.json"
	SettingsFile = "settings.md"
	OutputsFile  = "outputs.md"
	CoverageFile = "coverage.md"
	RulesFile    = "rules.md"
	QuotasFile   = "quotas.md"
	ControlsFile = "controls.md"
)

const made = "<!-- Made by `bin/itrack docs`; change the code, not this file. -->\n\n"

// Settings is the reference of every key of a stack file, in Markdown.
func Settings() string {
	var page strings.Builder
	page.WriteString("# Settings\n\n" + made)
	page.WriteString("Every key of `Pulumi.<stack>.yaml`, from the structs in `infra/config.go` and `infra/config_workload.go`. " +
		"Keys of other namespaces (`aws:`, `pulumi:`) are Pulumi's own; every `aws:` setting is handed to all three providers.\n")
	table := false
	for _, doc := range infra.SettingDocs() {
		if section := !strings.Contains(doc.Path, "."); section {
			fmt.Fprintf(&page, "\n## `%s`\n\n%s\n", doc.Path, doc.Description)
			table = false
			if doc.Type == "object" {
				continue
			}
		}
		if !table {
			page.WriteString("\n| key | type | default | allowed | what it is |\n|---|---|---|---|---|\n")
			table = true
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s | %s |\n", doc.Path, doc.Type, cell(doc.Default), cell(doc.Allowed), cell(doc.Description))
	}
	return page.String()
}

// cell keeps a text inside its table cell.
func cell(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "|", `\|`), "\n", " ")
}
