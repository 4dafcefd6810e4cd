package tests

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTopicsInEveryRegion(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		require.Equal(t, []string{"critical", "critical-us-west-2", "warning", "warning-us-west-2"}, result.names("aws:sns/topic:Topic"))
		for _, topic := range result.all("aws:sns/topic:Topic") {
			assert.Contains(t, topic.str(t, "kmsMasterKeyId"), "logs")
			assert.InDelta(t, 2, topic.num(t, "signatureVersion"), 0)
		}
		assert.Contains(t, result.one(t, "aws:sns/topic:Topic", "critical-us-west-2").Provider, "::recovery::")
		for _, policy := range result.all("aws:sns/topicPolicy:TopicPolicy") {
			statements := policy.document(t, "policy")["Statement"].([]any)
			require.Len(t, statements, 2)
			allow := statements[0].(map[string]any)
			assert.Equal(t, "sns:Publish", allow["Action"])
			assert.Equal(t, map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": mockAccount}}, allow["Condition"])
			deny := statements[1].(map[string]any)
			assert.Equal(t, "Deny", deny["Effect"])
		}
	}
}

func TestSubscribers(t *testing.T) {
	assert.Empty(t, recorded(t, "staging").all("aws:sns/topicSubscription:TopicSubscription"))
	result := recordedWith(t, "staging", withEverything)
	byName := map[string]string{}
	for _, subscription := range result.all("aws:sns/topicSubscription:TopicSubscription") {
		byName[subscription.Name] = subscription.str(t, "protocol")
	}
	assert.Equal(t, map[string]string{
		"critical-email-0": "email", "warning-email-0": "email", "critical-us-west-2-email-0": "email", "warning-us-west-2-email-0": "email",
		"critical-pagerduty": "https", "critical-us-west-2-pagerduty": "https",
	}, byName)
	endpoint := result.one(t, "aws:sns/topicSubscription:TopicSubscription", "critical-pagerduty").Inputs["endpoint"]
	assert.True(t, endpoint.IsSecret() || (endpoint.IsOutput() && endpoint.OutputValue().Secret), "the URL holds a key")
	slack := result.one(t, "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration", "slack")
	assert.Len(t, slack.strs(t, "snsTopicArns"), 4)
	assert.Empty(t, recorded(t, "staging").all("aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration"))
}
