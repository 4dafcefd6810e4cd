package quotas_test

import (
	"testing"

	"github.com/itrack/itrack/internal/rehearsal/rules/quotas"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
	"github.com/itrack/itrack/internal/rehearsal/rules/ruletest"
)

func TestRules(t *testing.T) { ruletest.Run(t, rule.Quotas, quotas.Rules()) }
