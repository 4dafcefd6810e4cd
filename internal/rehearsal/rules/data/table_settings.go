package data

import (
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func tableSettings() []rule.Rule {
	history := table + "::item-history"
	return []rule.Rule{{
		ID: "data-table-name", Types: []string{table}, Code: "ValidationException", Page: dynamoGuide + "HowItWorks.NamingRulesDataTypes.html",
		Says:     "A table's name has 3 to 255 letters, digits and _.- characters.",
		Fix:      "Give the table such a name: no spaces, slashes or colons.",
		Foreseen: true, Check: form("name", `^[a-zA-Z0-9_.-]{3,255}$`,
			"Value at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+, 3 to 255 characters"),
		Pass: rule.Case{Inputs: map[string]any{"name": "orders.v2"}},
		Fail: rule.Case{Inputs: map[string]any{"name": "orders/v2"}},
		Seed: rule.Seed{Stack: "staging", At: history, Set: map[string]any{"name": "itrack/item-history"}},
	}, {
		ID: "data-table-capacity-given", Types: []string{table}, Code: "ValidationException", Page: dynamoAPI + "API_CreateTable.html",
		Says:     "A provisioned table is given read and write capacity.",
		Fix:      "Set readCapacity and writeCapacity, or billingMode PAY_PER_REQUEST.",
		Foreseen: true, Check: capacityGiven,
		Pass: rule.Case{Inputs: map[string]any{"billingMode": "PROVISIONED", "readCapacity": 5, "writeCapacity": 5}},
		Fail: rule.Case{Inputs: map[string]any{"billingMode": "PROVISIONED", "readCapacity": 5}},
		Seed: rule.Seed{Stack: "staging", At: history, Set: map[string]any{"billingMode": "PROVISIONED"}},
	}, {
		ID: "data-table-capacity-on-demand", Types: []string{table}, Code: "ValidationException", Page: dynamoAPI + "API_CreateTable.html",
		Says:     "A table that is paid per request is given no capacity.",
		Fix:      "Leave readCapacity and writeCapacity out, or set billingMode PROVISIONED.",
		Foreseen: true, Check: capacityOnDemand,
		Pass: rule.Case{Inputs: map[string]any{"billingMode": "PAY_PER_REQUEST"}},
		Fail: rule.Case{Inputs: map[string]any{"billingMode": "PAY_PER_REQUEST", "readCapacity": 5, "writeCapacity": 5}},
		Seed: rule.Seed{Stack: "production", At: history, Set: map[string]any{"readCapacity": 5, "writeCapacity": 5}},
	}, {
		ID: "data-table-stream-view", Types: []string{table}, Code: "ValidationException", Page: dynamoAPI + "API_StreamSpecification.html",
		Says:     "A table with a stream says what the stream holds.",
		Fix:      "Set streamViewType with streamEnabled; NEW_AND_OLD_IMAGES is what replicas need.",
		Foreseen: true, Check: streamView,
		Pass: rule.Case{Inputs: map[string]any{"streamEnabled": true, "streamViewType": "NEW_IMAGE"}},
		Fail: rule.Case{Inputs: map[string]any{"streamEnabled": true}},
		Seed: rule.Seed{Stack: "staging", At: history, Set: map[string]any{"streamViewType": nil}},
	}, {
		ID: "data-table-recovery-period", Types: []string{table}, Code: "ValidationException", Page: dynamoAPI + "API_PointInTimeRecoverySpecification.html",
		Says:     "Point-in-time recovery reaches back 1 to 35 days.",
		Fix:      "Set pointInTimeRecovery.recoveryPeriodInDays to 1 to 35 days.",
		Foreseen: true, Check: within("pointInTimeRecovery.recoveryPeriodInDays", 1, 35,
			"Value at 'pointInTimeRecoverySpecification.recoveryPeriodInDays' failed to satisfy constraint: Member must be between 1 and 35"),
		Pass: rule.Case{Inputs: map[string]any{"pointInTimeRecovery": map[string]any{"enabled": true, "recoveryPeriodInDays": 35}}},
		Fail: rule.Case{Inputs: map[string]any{"pointInTimeRecovery": map[string]any{"enabled": true, "recoveryPeriodInDays": 36}}},
		Seed: rule.Seed{Stack: "production", At: history, Set: map[string]any{"pointInTimeRecovery.recoveryPeriodInDays": 90}},
	}, {
		ID: "data-table-expiry-attribute", Types: []string{table}, Code: "ValidationException", Page: dynamoAPI + "API_TimeToLiveSpecification.html",
		Says:     "Time to live names the attribute that holds an item's expiry.",
		Fix:      "Set ttl.attributeName where ttl.enabled is set.",
		Foreseen: true, Check: expiryAttribute,
		Pass: rule.Case{Inputs: map[string]any{"ttl": map[string]any{"enabled": true, "attributeName": "expiresAt"}}},
		Fail: rule.Case{Inputs: map[string]any{"ttl": map[string]any{"enabled": true, "attributeName": ""}}},
		Seed: rule.Seed{Stack: "staging", At: history, Set: map[string]any{"ttl": map[string]any{"enabled": true, "attributeName": ""}}},
	}}
}

// billing is a table's billing mode, "" while it is not known. Without one a table is provisioned.
func billing(c *catalog.Call) string {
	switch {
	case c.Known("billingMode"):
		return c.Str("billingMode")
	case c.Has("billingMode"):
		return ""
	}
	return "PROVISIONED"
}

func capacityGiven(c *catalog.Call) *rule.Finding {
	for _, property := range []string{"readCapacity", "writeCapacity"} {
		if billing(c) == "PROVISIONED" && !c.Has(property) {
			return rule.Find(property, nil, "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
		}
	}
	return nil
}

func capacityOnDemand(c *catalog.Call) *rule.Finding {
	for _, property := range []string{"readCapacity", "writeCapacity"} {
		if units, _ := num(c, property); billing(c) == "PAY_PER_REQUEST" && units > 0 {
			return rule.Find(property, units, "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
		}
	}
	return nil
}

func streamView(c *catalog.Call) *rule.Finding {
	if boolIn(c.Inputs, "streamEnabled") && !c.Has("streamViewType") {
		return rule.Find("streamViewType", nil, "One or more parameter values were invalid: StreamViewType must be specified when StreamEnabled is true")
	}
	return nil
}

func expiryAttribute(c *catalog.Call) *rule.Finding {
	if !boolIn(c.Inputs, "ttl.enabled") || c.Has("ttl.attributeName") && (!c.Known("ttl.attributeName") || c.Str("ttl.attributeName") != "") {
		return nil
	}
	return rule.Find("ttl.attributeName", nil,
		"Value '' at 'timeToLiveSpecification.attributeName' failed to satisfy constraint: Member must have length greater than or equal to 1")
}
