// Package watching holds the rules of the area watching.
package watching

import "github.com/itrack/itrack/internal/rehearsal/rules/rule"

// Rules are the area's, in the catalogue's order.
func Rules() []rule.Rule {
	return nil
}
