package watching

import (
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// The types that the area's rules speak of.
const (
	alarmToken        = "aws:cloudwatch/metricAlarm:MetricAlarm"
	compositeToken    = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
	dashboardToken    = "aws:cloudwatch/dashboard:Dashboard"
	eventRuleToken    = "aws:cloudwatch/eventRule:EventRule"
	eventTargetToken  = "aws:cloudwatch/eventTarget:EventTarget"
	logGroupToken     = "aws:cloudwatch/logGroup:LogGroup"
	logPolicyToken    = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"
	filterToken       = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
	queryToken        = "aws:cloudwatch/queryDefinition:QueryDefinition"
	topicToken        = "aws:sns/topic:Topic"
	topicPolicyToken  = "aws:sns/topicPolicy:TopicPolicy"
	subscriptionToken = "aws:sns/topicSubscription:TopicSubscription"
	queueToken        = "aws:sqs/queue:Queue"
	budgetToken       = "aws:budgets/budget:Budget"
	anomalyToken      = "aws:costexplorer/anomalySubscription:AnomalySubscription"
	ssmDocumentToken  = "aws:ssm/document:Document"
	ssmRunToken       = "aws:ssm/association:Association"
)

// props are the properties of a case.
type props = map[string]any

// texts are the strings at a path with the place of each; a list's elements one by one.
func texts(state resource.PropertyMap, path string) []catalog.Leaf {
	var found []catalog.Leaf
	for _, leaf := range catalog.Leaves(state, strings.TrimSuffix(path, "[]")+"[]") {
		if leaf.Value.IsString() {
			found = append(found, leaf)
		}
	}
	return found
}

// blocks are the blocks at a path, as far as they are known.
func blocks(state resource.PropertyMap, path string) []catalog.Leaf {
	var found []catalog.Leaf
	for _, leaf := range catalog.Leaves(state, path) {
		if leaf.Value.IsObject() {
			found = append(found, leaf)
		}
	}
	return found
}

// has tells whether a block holds something at a path, known or not.
func has(block resource.PropertyMap, path string) bool { return len(catalog.Leaves(block, path)) > 0 }

// matches makes the check that every text at a path has a form.
func matches(path string, form *regexp.Regexp) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		for _, leaf := range texts(c.State, path) {
			if value := leaf.Value.StringValue(); !form.MatchString(value) {
				return rule.Find(leaf.Path, value, "Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", value, path, form)
			}
		}
		return nil
	}
}

// within makes the check that every number at a path lies between two bounds.
func within(path string, least, most float64) func(*catalog.Call) *rule.Finding {
	return func(c *catalog.Call) *rule.Finding {
		for _, leaf := range catalog.Leaves(c.State, path) {
			if leaf.Value.IsNumber() && (leaf.Value.NumberValue() < least || leaf.Value.NumberValue() > most) {
				return rule.Find(leaf.Path, catalog.Text(leaf.Value), "Value at '%s' failed to satisfy constraint: it must be between %.0f and %.0f", path, least, most)
			}
		}
		return nil
	}
}

// part is the nth field of an ARN, counted from 0; "" where there is none.
func part(arn string, n int) string {
	if fields := strings.SplitN(arn, ":", 6); len(fields) == 6 {
		return fields[n]
	}
	return ""
}

// staging is a seed in a resource of staging.
func staging(token, name string, set props) rule.Seed {
	return rule.Seed{Stack: "staging", At: token + "::" + name, Set: set}
}

// edited is a seed in a text of a resource of staging.
func edited(token, name, path string, edit func(string) string) rule.Seed {
	return rule.Seed{Stack: "staging", At: token + "::" + name, Edit: map[string]func(string) string{path: edit}}
}
