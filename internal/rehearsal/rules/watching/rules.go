// Package watching holds the rules of the area watching.
package watching

import (
	"slices"

	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// Rules are the area's, in the catalogue's order.
func Rules() []rule.Rule {
	return slices.Concat(alarms(), expressions(), composites(), dashboards(), events(), eventTargets(), logs(), topics(), queues(), budgets(),
		systems(), tags())
}
