package compute_test

import (
	"testing"

	"github.com/itrack/itrack/internal/rehearsal/rules/compute"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
	"github.com/itrack/itrack/internal/rehearsal/rules/ruletest"
)

func TestRules(t *testing.T) { ruletest.Run(t, rule.Compute, compute.Rules()) }
