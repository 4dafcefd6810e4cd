// Package network holds the rules of the area network.
package network

import "github.com/itrack/itrack/internal/rehearsal/rules/rule"

// Rules are the area's, in the catalogue's order.
func Rules() []rule.Rule {
	return nil
}
