package docgen

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// Rules is the catalogue of what AWS refuses late, in Markdown.
func Rules(all []rule.Rule) string {
	byArea := map[rule.Area][]rule.Rule{}
	for _, r := range all {
		byArea[r.Area()] = append(byArea[r.Area()], r)
	}
	var out strings.Builder
	out.WriteString("# What AWS refuses late\n\n" + made + `A preview is content with all of this; AWS refuses it when it is made, often half an hour into a deployment. The rehearsal
refuses at once, at the right resource, with AWS's error code, what to change and the page that the rule comes from. Rules marked
*preview* look at one resource's own inputs and are applied in previews too.

Each rule has a passing and a failing case, and its fault is put into one of the real stacks by a test: the last column says
into which resource. The rules stand in ` + "`internal/rehearsal/rules`" + `; [how to add one](../internal/rehearsal/README.md).

| area | rules |
|---|---|
`)
	for _, area := range rule.Areas {
		fmt.Fprintf(&out, "| [%s](#%s) | %d |\n", area, area, len(byArea[area]))
	}
	fmt.Fprintf(&out, "| all | %d |\n", len(all))
	for _, area := range rule.Areas {
		fmt.Fprintf(&out, "\n## %s\n\n| rule | AWS demands | and says | way out | fault seeded into |\n|---|---|---|---|---|\n", area)
		for _, r := range byArea[area] {
			name := "`" + r.ID + "`"
			if r.Foreseen {
				name += " *preview*"
			}
			fmt.Fprintf(&out, "| %s | %s [page](%s) | `%s` | %s | %s |\n", name, cell(r.Says), r.Page, r.Code, cell(r.Fix), seeded(r.Seed))
		}
	}
	return out.String()
}

func seeded(s rule.Seed) string {
	token, name, _ := strings.Cut(s.Where(), "::")
	return fmt.Sprintf("%s, %s `%s`", s.Stack, token[strings.LastIndexByte(token, ':')+1:], name)
}
