package watching_test

import (
	"testing"

	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
	"github.com/itrack/itrack/internal/rehearsal/rules/ruletest"
	"github.com/itrack/itrack/internal/rehearsal/rules/watching"
)

func TestRules(t *testing.T) { ruletest.Run(t, rule.Watching, watching.Rules()) }
