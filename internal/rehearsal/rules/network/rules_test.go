package network_test

import (
	"testing"

	"github.com/itrack/itrack/internal/rehearsal/rules/network"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
	"github.com/itrack/itrack/internal/rehearsal/rules/ruletest"
)

func TestRules(t *testing.T) { ruletest.Run(t, rule.Network, network.Rules()) }
