// Package data holds the rules of the area data.
package data

import "github.com/itrack/itrack/internal/rehearsal/rules/rule"

// Rules are the area's, in the catalogue's order.
func Rules() []rule.Rule {
	return nil
}
