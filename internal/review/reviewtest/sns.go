package reviewtest

func sns() []Variant {
	const topic, rules = "aws:sns/topic:Topic::", "aws:sns/topicPolicy:TopicPolicy::"
	open := func(condition map[string]any) statement {
		return statement{"Sid": "Open", "Effect": "Allow", "Principal": map[string]any{"AWS": "*"}, "Action": "sns:Publish", "Resource": "*", "Condition": condition}
	}
	return []Variant{
		{Name: "everybody publishes", Stack: Staging, Control: "SNS.4", Wants: topic + "critical", Joins: true,
			Edit: allow(rules+"critical", "policy", open(map[string]any{}))},
		{Name: "every source publishes", Stack: Production, Control: "SNS.4", Wants: topic + "warning-us-west-2", Joins: true,
			Edit: allow(rules+"warning-us-west-2", "policy", open(map[string]any{"ArnLike": map[string]any{"aws:SourceArn": "arn:aws:s3:::*"}}))},
		{Name: "the topic's own policy is open", Stack: Staging, Control: "SNS.4", Wants: topic + "warning", Joins: true,
			Edit: all(remove(rules+"warning"), restate(topic+"warning", "policy", "__default_statement_ID", statement{"Condition": nil}))},
	}
}
