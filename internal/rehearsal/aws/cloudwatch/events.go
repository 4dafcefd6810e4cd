package cloudwatch

import (
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
			Source: eventsAPI + "API_PutRule.html",
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
			Refuse: refuseTarget, Source: eventsAPI + "API_PutTargets.html",
		},
	}
}

// refuseTarget keeps log groups out that are not below /aws/events/.
func refuseTarget(c *catalog.Call) *catalog.Error {
	arn := c.Str("arn")
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return &catalog.Error{Code: "ValidationException", Property: "arn", Value: arn, Rule: "ARN", Message: "Parameter Arn is not valid.", Source: eventsAPI + "API_Target.html"}
	}
	if parts[2] == "logs" && !strings.HasPrefix(parts[5], "log-group:/aws/events/") {
		return &catalog.Error{Code: "ValidationException", Property: "arn", Value: arn, Rule: "log groups below /aws/events/",
			Message: "The log group's name must start with /aws/events/", Source: "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html"}
	}
	return nil
}
