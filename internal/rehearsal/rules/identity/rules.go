// Package identity holds the rules of the area identity: what IAM demands of documents, trust and roles, and what services
// demand of the principals in their resources' policies.
package identity

import (
	"slices"

	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// Rules are the area's, in the catalogue's order.
func Rules() []rule.Rule {
	return slices.Concat(documents(), arns(), sizes(), trusted(), federated(), roles(), providers(), keys(), resources())
}
