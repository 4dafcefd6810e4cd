package watching

import (
	"regexp"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	eventsAPI   = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/"
	eventsGuide = "https://docs.aws.amazon.com/eventbridge/latest/userguide/"
	badEvent    = "ValidationException"
)

// events are the rules on EventBridge's rules.
func events() []rule.Rule {
	const badPattern = "InvalidEventPatternException"
	pattern := func(text string) rule.Case { return rule.Case{Inputs: props{"eventPattern": text}} }
	at := func(text string) rule.Case { return rule.Case{Inputs: props{"scheduleExpression": text}} }
	return []rule.Rule{{
		ID: "watching-event-name", Types: []string{eventRuleToken}, Code: badEvent, Page: eventsAPI + "API_PutRule.html",
		Says:     "An event rule's name has 1 to 64 letters, digits, dots, hyphens and underscores.",
		Fix:      "Shorten the name, or leave other characters out.",
		Foreseen: true, Check: matches("name", regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)),
		Pass: rule.Case{Inputs: props{"name": "backup-failed"}}, Fail: rule.Case{Inputs: props{"name": strings.Repeat("backup-failed-", 5)}},
		Seed: staging(eventRuleToken, "backup-failed", props{"name": "backup failed"}),
	}, {
		ID: "watching-event-trigger", Types: []string{eventRuleToken}, Code: badEvent, Page: eventsAPI + "API_PutRule.html",
		Says:     "An event rule has an event pattern or a schedule.",
		Fix:      "Give eventPattern or scheduleExpression.",
		Foreseen: true, Check: eventTrigger,
		Pass: at("rate(1 day)"), Fail: rule.Case{Inputs: props{"name": "idle"}},
		Seed: staging(eventRuleToken, "copy-failed", props{"eventPattern": nil}),
	}, {
		ID: "watching-event-pattern", Types: []string{eventRuleToken}, Code: badPattern, Page: eventsGuide + "eb-create-pattern.html",
		Says:     "Every field of an event pattern ends in a list that is not empty, also where one value is meant.",
		Fix:      "Put the value into a list.",
		Foreseen: true, Check: patternFields,
		Pass: pattern(`{"source":["aws.ecs"],"detail":{"$or":[{"a":["x"]},{"b":["y"]}]}}`), Fail: pattern(`{"source":"aws.ecs"}`),
		Seed: edited(eventRuleToken, "restore-failed", "eventPattern", rule.Replace(`"source":["aws.backup"]`, `"source":"aws.backup"`)),
	}, {
		ID: "watching-event-pattern-operators", Types: []string{eventRuleToken}, Code: badPattern, Page: eventsGuide + "eb-create-pattern-operators.html",
		Says:     "A comparison in an event pattern is prefix, suffix, wildcard, anything-but, numeric, exists, cidr or equals-ignore-case.",
		Fix:      "Use one of the operators, and $or for alternatives.",
		Foreseen: true, Check: patternOperators,
		Pass: pattern(`{"detail":{"group":[{"prefix":"service:"}]}}`), Fail: pattern(`{"detail":{"group":[{"startsWith":"service:"}]}}`),
		Seed: edited(eventRuleToken, "task-stopped", "eventPattern", rule.Replace(`{"prefix":"service:"}`, `{"begins-with":"service:"}`)),
	}, {
		ID: "watching-event-pattern-size", Types: []string{eventRuleToken}, Code: "LimitExceededException", Page: eventsGuide + "eb-quota.html",
		Says:     "An event pattern has at most 2,048 characters, unless the quota was raised.",
		Fix:      "Match on fewer values, or use prefixes; a second rule may take the rest.",
		Foreseen: true, Check: patternSize,
		Pass: pattern(`{"source":["` + strings.Repeat("a", 2000) + `"]}`), Fail: pattern(`{"source":["` + strings.Repeat("a", 2048) + `"]}`),
		Seed: edited(eventRuleToken, "aws-health", "eventPattern", rule.Replace(`"issue"`, `"issue","`+strings.Repeat("issue", 400)+`"`)),
	}, {
		ID: "watching-event-schedule", Types: []string{eventRuleToken}, Code: badEvent, Page: eventsGuide + "eb-scheduled-rule-pattern.html",
		Says:     "A schedule is rate(1 day), rate(5 minutes) and the like, or cron with six fields of which one of the days is a question mark.",
		Fix:      "Use the singular with 1 and the plural with more, and ? for the day of the month or of the week.",
		Foreseen: true, Check: eventSchedule,
		Pass: at("cron(0 2 ? * MON-FRI *)"), Fail: at("rate(1 days)"),
		Seed: staging(eventRuleToken, "key-deleted-recovery", props{"scheduleExpression": "cron(0 2 * * * *)"}),
	}}
}

// eventTargets are the rules on what EventBridge sends events to.
func eventTargets() []rule.Rule {
	const (
		topic   = "arn:aws:sns:us-east-1:111122223333:warning"
		machine = "arn:aws:states:us-east-1:111122223333:stateMachine:clean-up"
	)
	with := func(more props) rule.Case {
		inputs := props{"arn": topic, "rule": "backup-failed", "targetId": "topic"}
		for key, value := range more {
			inputs[key] = value
		}
		return rule.Case{Inputs: inputs}
	}
	transformer := func(path, template string) rule.Case {
		return with(props{"inputTransformer": props{"inputPaths": props{"time": path}, "inputTemplate": template}})
	}
	return []rule.Rule{{
		ID: "watching-target-region", Types: []string{eventTargetToken}, Code: badEvent, Page: eventsGuide + "eb-targets.html",
		Says:  "A topic, queue, function or log group that a rule sends events to is in the rule's region.",
		Fix:   "Use a target of the region, or send the event to an event bus of the other region.",
		Check: targetRegion,
		Pass:  with(nil), Fail: with(props{"arn": strings.Replace(topic, "us-east-1", "us-west-2", 1)}),
		Seed: edited(eventTargetToken, "backup-failed", "arn", rule.Replace(":us-east-1:", ":us-west-2:")),
	}, {
		ID: "watching-target-id", Types: []string{eventTargetToken}, Code: badEvent, Page: eventsAPI + "API_Target.html",
		Says:     "A target's id has 1 to 64 letters, digits, dots, hyphens and underscores.",
		Fix:      "Choose a short id.",
		Foreseen: true, Check: matches("targetId", regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)),
		Pass: with(nil), Fail: with(props{"targetId": "the topic"}),
		Seed: staging(eventTargetToken, "copy-failed", props{"targetId": "topic:warning"}),
	}, {
		ID: "watching-target-role", Types: []string{eventTargetToken}, Code: badEvent, Page: eventsGuide + "eb-use-identity-based.html",
		Says:     "State machines, streams, ECS tasks, builds and the like are started with a role that EventBridge assumes.",
		Fix:      "Give roleArn: a role that events.amazonaws.com may assume.",
		Foreseen: true, Check: targetRole,
		Pass: with(props{"arn": machine, "roleArn": "arn:aws:iam::111122223333:role/events"}), Fail: with(props{"arn": machine}),
		Seed: staging(eventTargetToken, "aws-health-log", props{"arn": machine}),
	}, {
		ID: "watching-target-input", Types: []string{eventTargetToken}, Code: badEvent, Page: eventsAPI + "API_Target.html",
		Says:     "A target gets a constant input, a part of the event, or a transformed one: one of the three.",
		Fix:      "Keep one of input, inputPath and inputTransformer.",
		Foreseen: true, Check: targetInput,
		Pass: with(props{"input": `"failed"`}), Fail: with(props{"input": `"failed"`, "inputPath": "$.detail"}),
		Seed: staging(eventTargetToken, "restore-failed", props{"inputPath": "$.detail"}),
	}, {
		ID: "watching-target-paths", Types: []string{eventTargetToken}, Code: badEvent, Page: eventsAPI + "API_InputTransformer.html",
		Says:     "An input path begins with a dollar sign, and its name has letters, digits, hyphens and underscores and doesn't begin with AWS.",
		Fix:      "Write the path as in $.detail.state.",
		Foreseen: true, Check: targetPaths,
		Pass: transformer("$.time", `"failed at <time>"`), Fail: transformer("time", `"failed at <time>"`),
		Seed: staging(eventTargetToken, "deployment-failed", props{"inputTransformer.inputPaths.time": "detail.time"}),
	}, {
		ID: "watching-target-template", Types: []string{eventTargetToken}, Code: badEvent, Page: eventsGuide + "eb-transform-target-input.html",
		Says:     "An input template is JSON once its values are filled in, so that a sentence stands in quotation marks, and has a path for each value.",
		Fix:      "Put the sentence into quotation marks, and name every value under inputPaths.",
		Foreseen: true, Check: targetTemplate,
		Pass: transformer("$.time", `"failed at <time>"`), Fail: transformer("$.time", `failed at <time>`),
		Seed: edited(eventTargetToken, "service-impaired", "inputTransformer.inputTemplate", rule.Replace("<reason>", "<cause>")),
	}, {
		ID: "watching-target-retry", Types: []string{eventTargetToken}, Code: badEvent, Page: eventsAPI + "API_RetryPolicy.html",
		Says:     "EventBridge tries again for 60 to 86,400 seconds and at most 185 times.",
		Fix:      "Choose an age of a minute to a day and at most 185 attempts.",
		Foreseen: true, Check: targetRetry,
		Pass: with(props{"retryPolicy": props{"maximumEventAgeInSeconds": 3600, "maximumRetryAttempts": 10}}),
		Fail: with(props{"retryPolicy": props{"maximumEventAgeInSeconds": 30, "maximumRetryAttempts": 10}}),
		Seed: staging(eventTargetToken, "task-stopped", props{"retryPolicy": props{"maximumEventAgeInSeconds": 86400, "maximumRetryAttempts": 200}}),
	}}
}
