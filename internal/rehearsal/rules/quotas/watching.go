package quotas

import (
	"fmt"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	logGroupToken  = "aws:cloudwatch/logGroup:LogGroup"
	filterToken    = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
	logPolicyToken = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"
	eventToken     = "aws:cloudwatch/eventRule:EventRule"
	targetToken    = "aws:cloudwatch/eventTarget:EventTarget"
	topicToken     = "aws:sns/topic:Topic"
	logsPage       = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"
	eventsPage     = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"
)

func watchingQuotas() []Quota {
	filters := numbered(filterToken, "neighbour-%d", in{"logGroupName": "/neighbour"})
	group := rule.Thing{Type: logGroupToken, ID: "/neighbour", Name: "/neighbour", State: in{"name": "/neighbour"}}
	targets := func(n int) rule.Thing {
		return rule.Thing{Type: targetToken, ID: fmt.Sprintf("neighbour-%d", n), State: in{"rule": "neighbour", "targetId": fmt.Sprint(n), "eventBusName": "default"}}
	}
	event := rule.Thing{Type: eventToken, ID: "neighbour", Name: "neighbour", State: in{"name": "neighbour", "eventBusName": "default"}}
	return []Quota{
		{ID: "log-groups", Name: "Log groups", Service: "logs", Code: "L-C7B9AAAB", Default: 1000000, Unit: "log groups in a region", Page: logsPage,
			Error: "LimitExceededException", Types: []string{logGroupToken}, Draw: each},
		{ID: "metric-filters", Name: "Metric filters per log group", Service: "logs", Code: "L-3D5753EA", Default: 100, Unit: "metric filters of a log group", Page: logsPage,
			Error: "LimitExceededException", Message: "Resource limit exceeded.", Property: "logGroupName", Types: []string{filterToken}, Draw: per("logGroupName"),
			proof: &proof{one: filters, around: []rule.Thing{group}, inputs: in{"logGroupName": "/neighbour"},
				seed: rule.Seed{Stack: "staging", At: filterToken + "::session-lines", Exists: append(filled(100, filters), group), Set: in{"logGroupName": "/neighbour"}}}},
		{ID: "log-policies", Name: "Resource policies", Service: "logs", Code: "L-89892494", Default: 10, Unit: "resource policies of CloudWatch Logs in a region",
			Page: logsPage, Error: "LimitExceededException", Types: []string{logPolicyToken}, Draw: each},
		{ID: "event-rules", Name: "Number of rules", Service: "events", Code: "L-244521F2", Default: 300, Unit: "rules at an event bus", Page: eventsPage,
			Error: "LimitExceededException", Types: []string{eventToken}, Draw: bus("")},
		{ID: "event-targets", Name: "Targets per rule", Service: "events", Code: "L-388D1D08", Default: 5, Unit: "targets of an event rule", Page: eventsPage,
			Error: "LimitExceededException", Message: "The requested resource exceeds the maximum number allowed.", Property: "rule", Types: []string{targetToken},
			Draw: bus("rule"), proof: &proof{one: targets, around: []rule.Thing{event}, inputs: in{"rule": "neighbour"},
				seed: rule.Seed{Stack: "staging", At: targetToken + "::aws-health-log", Exists: append(filled(5, targets), event), Set: in{"rule": "neighbour"}}}},
		{ID: "topics", Name: "Topics per Account", Service: "sns", Code: "L-61103206", Default: 100000, Unit: "SNS topics in an account, counted by region here",
			Page: "https://docs.aws.amazon.com/general/latest/gr/sns.html", Error: "TopicLimitExceeded", Types: []string{topicToken}, Draw: each},
	}
}

// bus counts by event bus, and by what a property names at it.
func bus(path string) func(*cloud.Object, Finder) []Draw {
	return func(o *cloud.Object, _ Finder) []Draw {
		name := catalog.Str(o.State, "eventBusName")
		if name == "" {
			name = "default"
		}
		return []Draw{{Scope: name + "/" + catalog.Str(o.State, path), Amount: 1}}
	}
}
