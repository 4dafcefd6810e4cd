package live

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/itrack/itrack/internal/recovery"
)

var messageLooks = map[string]look{
	"aws:sqs/queue:Queue":                         queues,
	"aws:sns/topic:Topic":                         topics,
	"aws:sns/topicSubscription:TopicSubscription": subscriptions,
}

func queues(ctx context.Context, r request) ([]recovery.Candidate, error) {
	client := sqs.NewFromConfig(r.at("sqs"))
	answer, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(r.Text("name"))})
	if err != nil {
		return nil, err
	}
	tags, err := client.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: answer.QueueUrl})
	if err != nil {
		return nil, err
	}
	return []recovery.Candidate{{ID: r.id, Tags: orEmpty(tags.Tags)}}, nil
}

func topics(ctx context.Context, r request) ([]recovery.Candidate, error) {
	client := sns.NewFromConfig(r.at("sns"))
	if _, err := client.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &r.id}); err != nil {
		return nil, err
	}
	answer, err := client.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: &r.id})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, tag := range answer.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return []recovery.Candidate{{ID: r.id, Tags: tags}}, nil
}

func subscriptions(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, sns.NewListSubscriptionsByTopicPaginator(sns.NewFromConfig(r.at("sns")),
		&sns.ListSubscriptionsByTopicInput{TopicArn: aws.String(r.Text("topic"))}),
		func(page *sns.ListSubscriptionsByTopicOutput) []snstypes.Subscription { return page.Subscriptions })
	return all(found, err, func(s snstypes.Subscription) recovery.Candidate {
		return recovery.Candidate{ID: aws.ToString(s.SubscriptionArn), Attributes: attributes(map[string]*string{
			"topic": s.TopicArn, "protocol": s.Protocol, "endpoint": s.Endpoint})}
	})
}
