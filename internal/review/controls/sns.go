package controls

import (
	"github.com/itrack/itrack/internal/review"
	"github.com/itrack/itrack/internal/review/policy"
)

const (
	tokenTopic       = "aws:sns/topic:Topic"
	tokenTopicPolicy = "aws:sns/topicPolicy:TopicPolicy"
)

// sns are the controls on topics.
func sns() []review.Control {
	return []review.Control{
		hub("SNS.4", "SNS topic access policies should not allow public access", review.Critical, review.Security, "the stack declares no topic",
			review.Each(tokenTopic, topicIsPrivate)),
	}
}

func topicIsPrivate(m *review.Model, t *review.Resource) review.Answer {
	var all []*policy.Document
	for _, part := range m.Referring(tokenTopicPolicy, "arn", t) {
		all = append(all, documents(part, "policy")...)
	}
	// Without a policy of the stack the topic has the one that AWS reported: its own default, for the topic's account.
	if len(all) == 0 {
		all = documents(t, "policy")
	}
	for _, d := range all {
		for i := range d.Statements {
			if s := &d.Statements[i]; s.Public() {
				return review.Fail(t, "its policy is open to everybody (statement "+s.Sid+")",
					"name principals, or hold the statement to the account with aws:SourceAccount or aws:PrincipalAccount")
			}
		}
	}
	return review.Pass(t, "its policy is for named services and accounts")
}
