package watching

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// systems are the rules on Systems Manager's documents and associations.
func systems() []rule.Rule {
	const (
		api    = "https://docs.aws.amazon.com/systems-manager/latest/APIReference/"
		guide  = "https://docs.aws.amazon.com/systems-manager/latest/userguide/"
		badDoc = "InvalidDocumentContent"
	)
	document := func(kind, content string) rule.Case {
		return rule.Case{Inputs: props{"documentType": kind, "content": content}}
	}
	at := func(expression string) rule.Case { return rule.Case{Inputs: props{"scheduleExpression": expression}} }
	targets := func(n int) []any {
		var list []any
		for i := range n {
			list = append(list, props{"key": "tag:Name", "values": []any{"host-" + strconv.Itoa(i)}})
		}
		return list
	}
	return []rule.Rule{{
		ID: "watching-document-name", Types: []string{ssmDocumentToken}, Code: "ValidationException", Page: api + "API_CreateDocument.html",
		Says:     "A document's name has 3 to 128 letters, digits and _-. and doesn't begin with aws, amazon or amzn.",
		Fix:      "Choose a name of one's own: these beginnings belong to AWS.",
		Foreseen: true, Check: documentName,
		Pass: rule.Case{Inputs: props{"name": "SSM-SessionManagerRunShell"}}, Fail: rule.Case{Inputs: props{"name": "AWS-RunShell"}},
		Seed: staging(ssmDocumentToken, "sessions", props{"name": "Amazon-Sessions"}),
	}, {
		ID: "watching-document-schema", Types: []string{ssmDocumentToken}, Code: "InvalidDocumentSchemaVersion", Page: guide + "documents-schemas-features.html",
		Says:     "A document's schema version is one of its type: 1.0 of sessions, 0.3 of automations, 1.2, 2.0 or 2.2 of commands.",
		Fix:      "Set schemaVersion to the one of the document's type.",
		Foreseen: true, Check: documentSchema,
		Pass: document("Session", `{"schemaVersion":"1.0"}`), Fail: document("Session", `{"schemaVersion":"2.2"}`),
		Seed: edited(ssmDocumentToken, "sessions", "content", rule.Replace(`"schemaVersion":"1.0"`, `"schemaVersion":"2.2"`)),
	}, {
		ID: "watching-document-timeouts", Types: []string{ssmDocumentToken}, Code: badDoc, Page: guide + "session-preferences-timeout.html",
		Says:     "A session ends after 1 to 60 minutes without input, and after 1 to 1,440 minutes in any case.",
		Fix:      "Set idleSessionTimeout to 60 or less and maxSessionDuration to 1440 or less.",
		Foreseen: true, Check: sessionTimeouts,
		Pass: document("Session", `{"inputs":{"idleSessionTimeout":"20","maxSessionDuration":"480"}}`),
		Fail: document("Session", `{"inputs":{"idleSessionTimeout":"90","maxSessionDuration":"480"}}`),
		Seed: edited(ssmDocumentToken, "sessions", "content", rule.Replace(`"idleSessionTimeout":"20"`, `"idleSessionTimeout":"120"`)),
	}, {
		ID: "watching-association-schedule", Types: []string{ssmRunToken}, Code: "InvalidSchedule", Page: guide + "reference-cron-and-rate-expressions.html",
		Says:     "An association's schedule is cron, rate or at; a rate has a number above zero and minutes, hours or days.",
		Fix:      "Write rate(12 hours), cron(0 2 ? * SUN *) or at(2026-01-31T02:00:00).",
		Foreseen: true, Check: associationSchedule,
		Pass: at("rate(12 hours)"), Fail: at("every 12 hours"),
		Seed: staging(ssmRunToken, "bastion-inventory", props{"scheduleExpression": "rate(twelve hours)"}),
	}, {
		ID: "watching-association-interval", Types: []string{ssmRunToken}, Code: "InvalidSchedule", Page: guide + "reference-cron-and-rate-expressions.html",
		Says:     "An association runs at most every 30 minutes.",
		Fix:      "Choose a rate of 30 minutes or more.",
		Foreseen: true, Check: associationInterval,
		Pass: at("rate(30 minutes)"), Fail: at("rate(10 minutes)"),
		Seed: staging(ssmRunToken, "bastion-agent", props{"scheduleExpression": "rate(15 minutes)"}),
	}, {
		ID: "watching-association-targets", Types: []string{ssmRunToken}, Code: "InvalidTarget", Page: api + "API_CreateAssociation.html",
		Says:     "An association has at most 5 targets.",
		Fix:      "Give the instances a tag in common.",
		Foreseen: true, Check: associationTargets,
		Pass: rule.Case{Inputs: props{"targets": targets(5)}}, Fail: rule.Case{Inputs: props{"targets": targets(6)}},
		Seed: staging(ssmRunToken, "bastion-patches", props{"targets": targets(6)}),
	}}
}

var documentForm = regexp.MustCompile(`^[a-zA-Z0-9_\-.]{3,128}$`)

func documentName(c *catalog.Call) *rule.Finding {
	name := c.Str("name")
	if name == "" {
		return nil
	}
	reserved := false
	for _, begin := range []string{"aws", "amazon", "amzn"} {
		reserved = reserved || strings.HasPrefix(strings.ToLower(name), begin)
	}
	if reserved || !documentForm.MatchString(name) {
		return rule.Find("name", name, "Invalid document name: %s", name)
	}
	return nil
}

// schemas are the schema versions by type of document.
var schemas = map[string]string{"Session": " 1.0 ", "Automation": " 0.3 ", "Command": " 1.2 2.0 2.2 ", "Policy": " 2.0 "}

func documentSchema(c *catalog.Call) *rule.Finding {
	var content struct{ SchemaVersion string }
	known := schemas[c.Str("documentType")]
	if text := c.Str("content"); text == "" || known == "" || json.Unmarshal([]byte(text), &content) != nil || content.SchemaVersion == "" {
		return nil // YAML is left alone
	}
	if strings.Contains(known, " "+content.SchemaVersion+" ") {
		return nil
	}
	return rule.Find("content", content.SchemaVersion, "The version of the document schema is not supported for the type %s", c.Str("documentType"))
}

func sessionTimeouts(c *catalog.Call) *rule.Finding {
	var content struct{ Inputs map[string]any }
	if text := c.Str("content"); c.Str("documentType") != "Session" || json.Unmarshal([]byte(text), &content) != nil {
		return nil
	}
	for field, most := range map[string]int{"idleSessionTimeout": 60, "maxSessionDuration": 1440} {
		text, _ := content.Inputs[field].(string)
		if text == "" {
			continue
		}
		if minutes, err := strconv.Atoi(text); err != nil || minutes < 1 || minutes > most {
			return rule.Find("content", text, "The content for the document is not valid: %s must be 1 to %d minutes", field, most)
		}
	}
	return nil
}

var (
	runForm  = regexp.MustCompile(`^(cron\(.+\)|rate\([1-9][0-9]* (minutes?|hours?|days?)\)|at\(.+\))$`)
	runEvery = regexp.MustCompile(`^rate\(([0-9]+) minutes?\)$`)
)

func associationSchedule(c *catalog.Call) *rule.Finding {
	if text := c.Str("scheduleExpression"); text != "" && !runForm.MatchString(text) {
		return rule.Find("scheduleExpression", text, "The schedule is invalid. Verify your cron or rate expression and try again")
	}
	return nil
}

func associationInterval(c *catalog.Call) *rule.Finding {
	text := c.Str("scheduleExpression")
	if match := runEvery.FindStringSubmatch(text); match != nil {
		if minutes, err := strconv.Atoi(match[1]); err == nil && minutes < 30 {
			return rule.Find("scheduleExpression", text, "The minimum interval of an association is 30 minutes")
		}
	}
	return nil
}

func associationTargets(c *catalog.Call) *rule.Finding {
	if count := len(catalog.Leaves(c.State, "targets[]")); count > 5 {
		return rule.Find("targets", count, "Value at 'targets' failed to satisfy constraint: Member must have length less than or equal to 5")
	}
	return nil
}
