// Package compute holds the rules of the area compute.
package compute

import (
	"slices"

	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// Rules are the area's, in the catalogue's order.
func Rules() []rule.Rule {
	return slices.Concat(tasks(), definitions(), starting(), services(), routing(), groups(), deploying(), scaling(), functions(), feeding(), fleets(), registry())
}
