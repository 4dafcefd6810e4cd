package review

import (
	"fmt"
	"strings"
)

// ControlsFile is the file of the folder docs/ with the list of controls.
const ControlsFile = "controls.md"

// ControlsPage is the list of controls in Markdown.
func ControlsPage(controls []Control) string {
	var page strings.Builder
	page.WriteString("# Controls\n\n<!-- Made by `bin/itrack docs`; change the code, not this file. -->\n\n")
	checked, commands, outside := 0, 0, 0
	for _, control := range controls {
		switch {
		case control.Outside:
			outside++
		case control.Check == nil:
			commands++
		default:
			checked++
		}
	}
	fmt.Fprintf(&page, "What `itrack review` answers: %d controls, from AWS's Foundational Security Best Practices, the Well-Architected\n"+
		"Framework's reliability pillar and AWS's advice on ECS blue/green deployments. Id, severity and meaning are AWS's; the pillar is our\n"+
		"judgement. %d are answered from declarations, %d by a command, and %d belong to the account and not to the stack.\n"+
		"[review.md](review.md) says how to read a review.\n\n", len(controls), checked, commands, outside)
	page.WriteString("| control | what it asks | severity | pillars | decided by |\n|---|---|---|---|---|\n")
	for _, control := range controls {
		fmt.Fprintf(&page, "| [%s](%s) | %s | %s | %s | %s |\n", cell(control.ID), control.Source, cell(control.Title), control.Severity,
			pillarNames(control.Pillars), decidedBy(control))
	}
	return page.String()
}

func pillarNames(pillars []Pillar) string {
	names := make([]string, len(pillars))
	for i, pillar := range pillars {
		names[i] = string(pillar)
	}
	return strings.Join(names, ", ")
}

// decidedBy says how a control is answered.
func decidedBy(control Control) string {
	switch {
	case control.Outside:
		return "the account's: `" + cell(control.Decide) + "`"
	case control.Check == nil:
		return "`" + cell(control.Decide) + "`"
	}
	return "what the stack declares"
}

// cell keeps a text inside its table cell.
func cell(text string) string { return strings.ReplaceAll(sentence(text), "|", `\|`) }
