// Package rules is the catalogue of what AWS refuses late.
package rules

import (
	"slices"

	"github.com/itrack/itrack/internal/rehearsal/rules/compute"
	"github.com/itrack/itrack/internal/rehearsal/rules/data"
	"github.com/itrack/itrack/internal/rehearsal/rules/edge"
	"github.com/itrack/itrack/internal/rehearsal/rules/identity"
	"github.com/itrack/itrack/internal/rehearsal/rules/network"
	"github.com/itrack/itrack/internal/rehearsal/rules/quotas"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
	"github.com/itrack/itrack/internal/rehearsal/rules/watching"
)

// All are the rules of every area, in the catalogue's order.
func All() []rule.Rule {
	return slices.Concat(network.Rules(), compute.Rules(), data.Rules(), edge.Rules(), identity.Rules(), watching.Rules(), quotas.Rules())
}
