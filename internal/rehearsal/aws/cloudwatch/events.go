package cloudwatch

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	ruleToken = "aws:cloudwatch/eventRule:EventRule"
	eventsAPI = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/"
)

// eventTypes are EventBridge's rules and targets.
func eventTypes() []catalog.Type {
	return []catalog.Type{
		{
			Token: ruleToken, Args: (*sdk.EventRuleArgs)(nil), Resource: (*sdk.EventRule)(nil),
			Service: "EventBridge", Title: "EventBridge Rule", Verbs: map[string]string{"create": "PutRule", "update": "PutRule", "delete": "DeleteRule"},
			ARN: "arn:{partition}:events:{region}:{account}:rule/{name}", ID: catalog.Templated("{name}"), Overwrites: true,
			Name:     catalog.Name{Property: "name", Auto: 64, Prefix: "namePrefix"},
			Defaults: map[string]any{"eventBusName": "default", "isEnabled": true, "state": "ENABLED", "forceDestroy": false},
			Blank:    []string{"namePrefix"}, Documents: map[string]catalog.Document{"eventPattern": {Code: "InvalidEventPatternException"}},
			Check: checkRule, Source: eventsAPI + "API_PutRule.html",
		},
		{
			Token: "aws:cloudwatch/eventTarget:EventTarget", Args: (*sdk.EventTargetArgs)(nil), Resource: (*sdk.EventTarget)(nil),
			Service: "EventBridge", Title: "EventBridge Target", Verbs: map[string]string{"create": "PutTargets", "update": "PutTargets", "delete": "RemoveTargets"},
			ID: catalog.Made(func(c *catalog.Call) string {
				if c.Str("targetId") == "" {
					c.Set("targetId", "terraform-"+c.Now.UTC().Format("20060102150405")+catalog.Hex(12))
				}
				return c.Str("rule") + "-" + c.Str("targetId")
			}),
			Overwrites: true, Defaults: map[string]any{"eventBusName": "default", "forceDestroy": false},
			Refs: []catalog.Ref{{Path: "rule", To: []string{ruleToken}, By: catalog.ByName, Code: "ResourceNotFoundException",
				Message: "Rule {value} does not exist on EventBus default.", Blocks: true, BlockCode: "ValidationException"}},
			Check: checkTarget, Refuse: refuseTarget, Source: eventsAPI + "API_PutTargets.html",
		},
	}
}

var ruleName = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)

func checkRule(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	if name := c.Str("name"); c.Known("name") && !ruleName.MatchString(name) {
		problems = append(problems, catalog.Problem{Property: "name", Rule: "name of a rule", Value: name, Message: "must have 1 to 64 letters, digits and .-_",
			Source: eventsAPI + "API_PutRule.html"})
	}
	if !c.Has("eventPattern") && !c.Has("scheduleExpression") {
		problems = append(problems, catalog.Problem{Property: "eventPattern", Rule: "pattern or schedule", Message: "eventPattern or scheduleExpression must be given",
			Source: eventsAPI + "API_PutRule.html"})
	}
	if pattern := c.Str("eventPattern"); c.Known("eventPattern") {
		if message := badPattern(pattern); message != "" {
			problems = append(problems, catalog.Problem{Property: "eventPattern", Rule: "event pattern", Message: message,
				Source: "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html"})
		}
	}
	return problems
}

// badPattern says what is wrong with an event pattern: every leaf is a list that is not empty, and the text has at most
// 4,096 characters.
func badPattern(text string) string {
	var pattern map[string]any
	if err := json.Unmarshal([]byte(text), &pattern); err != nil {
		return "must be a JSON object: " + err.Error()
	}
	if len(text) > 4096 {
		return fmt.Sprintf("has %d characters, at most 4096 are allowed", len(text))
	}
	return badFields(pattern, "")
}

func badFields(fields map[string]any, at string) string {
	if len(fields) == 0 {
		return "Empty objects are not allowed at " + at
	}
	for key, value := range fields {
		path := strings.TrimPrefix(at+"."+key, ".")
		switch value := value.(type) {
		case map[string]any:
			if message := badFields(value, path); message != "" {
				return message
			}
		case []any:
			if len(value) == 0 {
				return "Empty arrays are not allowed at " + path
			}
			if key != "$or" {
				continue
			}
			for _, choice := range value {
				if fields, ok := choice.(map[string]any); !ok || badFields(fields, path) != "" {
					return "each choice of " + path + " must be an object of lists"
				}
			}
		default:
			return fmt.Sprintf("%q must be an object or an array", path)
		}
	}
	return ""
}

var placeholder = regexp.MustCompile(`<([A-Za-z0-9_.-]+)>`)

// checkTarget wants one form of input, a template that is JSON once its values are filled in, and no value that no path
// gives.
func checkTarget(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	source := eventsAPI + "API_InputTransformer.html"
	given := 0
	for _, path := range []string{"input", "inputPath", "inputTransformer"} {
		if c.Has(path) {
			given++
		}
	}
	if given > 1 {
		problems = append(problems, catalog.Problem{Property: "input", Rule: "one form of input", Message: "only one of input, inputPath and inputTransformer may be given", Source: source})
	}
	template := c.Str("inputTransformer.inputTemplate")
	if !c.Known("inputTransformer.inputTemplate") {
		return problems
	}
	if text := placeholder.ReplaceAllString(template, "0"); !json.Valid([]byte(text)) {
		problems = append(problems, catalog.Problem{Property: "inputTransformer.inputTemplate", Rule: "a JSON template", Value: template,
			Message: "must be JSON once the values are filled in: a sentence stands in quotation marks", Source: source})
	}
	for _, match := range placeholder.FindAllStringSubmatch(template, -1) {
		if name := match[1]; !c.Has("inputTransformer.inputPaths."+name) && !strings.HasPrefix(name, "aws.events.") {
			problems = append(problems, catalog.Problem{Property: "inputTransformer.inputTemplate", Rule: "values that a path gives", Value: name,
				Message: "no input path gives this value", Source: source})
		}
	}
	return problems
}

// refuseTarget keeps topics and queues of another region out; only event buses may lie there. Log groups must be below
// /aws/events/.
func refuseTarget(c *catalog.Call) *catalog.Error {
	arn := c.Str("arn")
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return &catalog.Error{Code: "ValidationException", Property: "arn", Value: arn, Rule: "ARN", Message: "Parameter Arn is not valid.", Source: eventsAPI + "API_Target.html"}
	}
	if (parts[2] == "sns" || parts[2] == "sqs" || parts[2] == "lambda" || parts[2] == "logs") && parts[3] != c.Region {
		return &catalog.Error{Code: "ValidationException", Property: "arn", Value: arn, Rule: "target in the rule's region",
			Message: fmt.Sprintf("Provided Arn is not in correct format. Reason: the target must be in %s", c.Region), Source: eventsAPI + "API_Target.html"}
	}
	if parts[2] == "logs" && !strings.HasPrefix(parts[5], "log-group:/aws/events/") {
		return &catalog.Error{Code: "ValidationException", Property: "arn", Value: arn, Rule: "log groups below /aws/events/",
			Message: "The log group's name must start with /aws/events/", Source: "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html"}
	}
	return nil
}
