package data

import (
	"slices"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func databaseEvents() []rule.Rule {
	database := []rule.Thing{{Type: instance, ID: "db-1", Name: "orders"}}
	return []rule.Rule{{
		ID: "data-database-event-category", Types: []string{events}, Code: "SubscriptionCategoryNotFound", Page: rdsGuide + "USER_Events.Messages.html",
		Says:     "The event categories of a subscription are those of its source type.",
		Fix:      "Take the categories from the table of the source type in RDS's list of event messages.",
		Foreseen: true, Check: eventCategory,
		Pass: rule.Case{Inputs: map[string]any{"sourceType": "db-instance", "eventCategories": []any{"failover", "low storage"}}},
		Fail: rule.Case{Inputs: map[string]any{"sourceType": "db-parameter-group", "eventCategories": []any{"failover"}}},
		Seed: rule.Seed{Stack: "staging", At: events + "::rds-parameters", Set: map[string]any{"eventCategories": []any{"configuration change", "maintenance"}}},
	}, {
		ID: "data-database-event-source", Types: []string{events}, Code: "SourceNotFound", Page: rdsAPI + "API_CreateEventSubscription.html",
		Says:  "The sources of an event subscription exist in its region.",
		Fix:   "Name DB instances or parameter groups that exist, and make the subscription depend on them.",
		Check: eventSource,
		Pass:  rule.Case{World: database, Inputs: map[string]any{"sourceType": "db-instance", "sourceIds": []any{"orders"}}},
		Fail:  rule.Case{World: database, Inputs: map[string]any{"sourceType": "db-instance", "sourceIds": []any{"order"}}},
		Seed:  rule.Seed{Stack: "production", At: events + "::rds-parameters", Set: map[string]any{"sourceIds[0]": "default.mysql8.0"}},
	}}
}

// eventCategories are RDS's event categories by source type. Sources that are not listed are not looked at.
var eventCategories = map[string][]string{
	"db-instance": {"availability", "backup", "configuration change", "creation", "deletion", "failover", "failure", "low storage", "maintenance",
		"notification", "read replica", "recovery", "restoration", "security", "security patching"},
	"db-parameter-group":    {"configuration change"},
	"db-security-group":     {"configuration change", "failure"},
	"db-snapshot":           {"creation", "deletion", "notification", "restoration"},
	"blue-green-deployment": {"creation", "failure", "deletion", "notification"},
}

func eventCategory(c *catalog.Call) *rule.Finding {
	source := c.Str("sourceType")
	known, listed := eventCategories[source]
	for _, category := range c.Strs("eventCategories") {
		if listed && !slices.Contains(known, category) {
			return rule.Find("eventCategories", category, "The category %s is not valid for the source type %s", category, source)
		}
	}
	return nil
}

func eventSource(c *catalog.Call) *rule.Finding {
	token := map[string]string{"db-instance": instance, "db-parameter-group": parameters}[c.Str("sourceType")]
	if token == "" {
		return nil
	}
	for _, id := range c.Strs("sourceIds") {
		if len(c.Tx.Find(c.Account, c.Region, token, named(id))) == 0 {
			return rule.Find("sourceIds", id, "The requested source could not be found: %s", id)
		}
	}
	return nil
}
