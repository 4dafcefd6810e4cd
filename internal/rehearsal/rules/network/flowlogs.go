package network

import (
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const flowLogPage = api + "API_CreateFlowLogs.html"

func flowLogs() []rule.Rule {
	logs, role := "arn:aws:logs:us-east-1:111122223333:log-group:/vpc/flow", "arn:aws:iam::111122223333:role/flow"
	return []rule.Rule{{
		ID: "network-flow-log-role", Types: []string{flowLogToken}, Code: "InvalidParameter", Page: flowLogPage,
		Says:     "A flow log has a role when it goes to CloudWatch Logs, and none when it goes to S3.",
		Fix:      "Give iamRoleArn for cloud-watch-logs; S3 is allowed by the bucket's policy instead.",
		Foreseen: true, Check: flowLogRole,
		Pass: rule.Case{Inputs: in{"logDestinationType": "cloud-watch-logs", "logDestination": logs, "iamRoleArn": role}},
		Fail: rule.Case{Inputs: in{"logDestinationType": "cloud-watch-logs", "logDestination": logs}},
		Seed: rule.Seed{Stack: "staging", At: flowLogToken + "::network-flow", Set: in{"iamRoleArn": nil}},
	}, {
		ID: "network-flow-log-destination", Types: []string{flowLogToken}, Code: "InvalidParameter", Page: flowLogPage,
		Says:     "A flow log's destination is of the kind that logDestinationType names.",
		Fix:      "Give the ARN of a log group, a bucket or a delivery stream, as logDestinationType says.",
		Foreseen: true, Check: flowLogDestination,
		Pass: rule.Case{Inputs: in{"logDestinationType": "s3", "logDestination": "arn:aws:s3:::archive/flow/"}},
		Fail: rule.Case{Inputs: in{"logDestinationType": "cloud-watch-logs", "logDestination": "arn:aws:s3:::archive/flow/"}},
		Seed: rule.Seed{Stack: "staging", At: flowLogToken + "::network-flow", Set: in{"logDestination": "arn:aws:s3:::archive/flow/"}},
	}, {
		ID: "network-flow-log-interval", Types: []string{flowLogToken}, Code: "InvalidParameter", Page: flowLogPage,
		Says:     "A flow log aggregates over 60 or 600 seconds.",
		Fix:      "Set maxAggregationInterval to 60 or 600.",
		Foreseen: true, Check: flowLogInterval,
		Pass: rule.Case{Inputs: in{"maxAggregationInterval": 600}},
		Fail: rule.Case{Inputs: in{"maxAggregationInterval": 300}},
		Seed: rule.Seed{Stack: "production", At: flowLogToken + "::network-flow", Set: in{"maxAggregationInterval": 300}},
	}}
}

func flowLogRole(c *catalog.Call) *rule.Finding {
	switch kind := c.Str("logDestinationType"); {
	case kind == "cloud-watch-logs" && !c.Has("iamRoleArn"):
		return rule.Find("iamRoleArn", nil, "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.")
	case kind == "s3" && c.Has("iamRoleArn"):
		return rule.Find("iamRoleArn", c.Str("iamRoleArn"), "DeliverLogsPermissionArn must not be specified if LogDestinationType is s3.")
	}
	return nil
}

func flowLogDestination(c *catalog.Call) *rule.Finding {
	arn, kind := c.Str("logDestination"), c.Str("logDestinationType")
	service, known := map[string]string{"cloud-watch-logs": "logs", "s3": "s3", "kinesis-data-firehose": "firehose"}[kind]
	parts := strings.SplitN(arn, ":", 4)
	if !known || len(parts) < 4 || parts[2] == service {
		return nil
	}
	return rule.Find("logDestination", arn, "LogDestination %s is not valid for LogDestinationType %s", arn, kind)
}

func flowLogInterval(c *catalog.Call) *rule.Finding {
	seconds := c.Num("maxAggregationInterval")
	if !c.Known("maxAggregationInterval") || seconds == 60 || seconds == 600 {
		return nil
	}
	return rule.Find("maxAggregationInterval", seconds, "Invalid Flow Log Max Aggregation Interval")
}
