package edge_test

import (
	"testing"

	"github.com/itrack/itrack/internal/rehearsal/rules/edge"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
	"github.com/itrack/itrack/internal/rehearsal/rules/ruletest"
)

func TestRules(t *testing.T) { ruletest.Run(t, rule.Edge, edge.Rules()) }
