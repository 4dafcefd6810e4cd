// Package network holds the rules of the area network.
package network

import (
	"slices"

	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// Rules are the area's, in the catalogue's order.
func Rules() []rule.Rule {
	return slices.Concat(subnets(), gateways(), routes(), endpoints(), endpointNetworks(), groups(), groupRules(), acls(), flowLogs(),
		balancers(), placement())
}
