// Package edge holds the rules of the area edge.
package edge

import (
	"slices"

	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// Rules are the area's, in the catalogue's order.
func Rules() []rule.Rule {
	return slices.Concat(firewall(), firewallStatements(), firewallUse(), distributions(), distributionNames(), distributionParts(),
		apiBodies(), apiTrees(), apiParts(), records(), certificates(), listeners())
}
