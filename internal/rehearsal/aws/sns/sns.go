// Package sns describes SNS to the stand-in.
package sns

import (
	"fmt"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	topicToken = "aws:sns/topic:Topic"
	api        = "https://docs.aws.amazon.com/sns/latest/api/"
)

// Service is what the stand-in knows of SNS.
func Service() catalog.Service {
	topicRef := func(path string) catalog.Ref {
		return catalog.Ref{Path: path, To: []string{topicToken}, By: catalog.ByARN, Code: "NotFoundException", Message: "Topic does not exist: {value}"}
	}
	refusePolicy := func(c *catalog.Call) *catalog.Error {
		return policy.Check(c, "policy", policy.Rules{Code: "InvalidParameter", Principal: true, MaxSize: 30720, SizeCode: "InvalidParameter", SizeQuota: "the topic's policy"})
	}
	return catalog.Service{Types: []catalog.Type{
		{
			Token: topicToken, Args: (*sdk.TopicArgs)(nil), Resource: (*sdk.Topic)(nil),
			Service: "SNS", Action: "Topic", Title: "SNS Topic", Verbs: map[string]string{"update": "SetTopicAttributes"},
			ARN: "arn:{partition}:sns:{region}:{account}:{name}", ID: catalog.Templated("{arn}"),
			Name: catalog.Name{Property: "name", Auto: 256, Prefix: "namePrefix", Scope: catalog.InRegion, Code: "InvalidParameter",
				Message: "Invalid parameter: Attributes Reason: Topic {name} already exists"},
			Documents: map[string]catalog.Document{"policy": {Code: "InvalidParameter"}, "deliveryPolicy": {Code: "InvalidParameter"}},
			Blank:     []string{"namePrefix", "beginningArchiveTime", "fifoThroughputScope", "tracingConfig"},
			Computed:  []string{"fifoThroughputScope"},
			Refs: []catalog.Ref{{Path: "kmsMasterKeyId", To: []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey", "aws:kms/alias:Alias"}, By: catalog.ByIDOrARN,
				Code: "InvalidParameter", Message: "Invalid parameter: KMS key '{value}' does not exist"}},
			Refuse: refusePolicy,
			Compute: func(c *catalog.Call) error {
				c.Set("owner", c.Account)
				c.SetNew("policy", defaultPolicy(c))
				return nil
			},
		},
		{
			Token: "aws:sns/topicPolicy:TopicPolicy", Args: (*sdk.TopicPolicyArgs)(nil), Resource: (*sdk.TopicPolicy)(nil),
			Service: "SNS", Title: "SNS Topic Policy", Verbs: map[string]string{"create": "SetTopicAttributes", "update": "SetTopicAttributes", "delete": "SetTopicAttributes"},
			ID: catalog.Templated("{arn}"), Overwrites: true, Documents: map[string]catalog.Document{"policy": {Code: "InvalidParameter"}},
			Refs: []catalog.Ref{topicRef("arn")}, Refuse: refusePolicy,
			Compute: func(c *catalog.Call) error { c.Set("owner", c.Account); return nil },
		},
		{
			Token: "aws:sns/topicSubscription:TopicSubscription", Args: (*sdk.TopicSubscriptionArgs)(nil), Resource: (*sdk.TopicSubscription)(nil),
			Service: "SNS", Title: "SNS Topic Subscription", Verbs: map[string]string{"create": "Subscribe", "update": "SetSubscriptionAttributes", "delete": "Unsubscribe"},
			ID: catalog.Made(func(c *catalog.Call) string {
				c.ARN = c.Str("topic") + ":" + catalog.UUID()
				return c.ARN
			}),
			Defaults: map[string]any{"confirmationTimeoutInMinutes": 1}, Blank: []string{"filterPolicyScope"},
			Documents: map[string]catalog.Document{"filterPolicy": {Code: "InvalidParameter"}, "redrivePolicy": {Code: "InvalidParameter"},
				"deliveryPolicy": {Code: "InvalidParameter"}},
			Refs: []catalog.Ref{topicRef("topic")},
			Compute: func(c *catalog.Call) error {
				c.Set("ownerId", c.Account)
				protocol := c.Str("protocol")
				confirmed := !strings.HasPrefix(protocol, "email") && !strings.HasPrefix(protocol, "http")
				c.SetNew("confirmationWasAuthenticated", confirmed)
				c.SetNew("pendingConfirmation", !confirmed && !c.Bool("endpointAutoConfirms"))
				if c.Str("filterPolicy") != "" {
					c.SetNew("filterPolicyScope", "MessageAttributes")
				}
				return nil
			},
		},
	}}
}

func defaultPolicy(c *catalog.Call) string {
	return fmt.Sprintf(`{"Id":"__default_policy_ID","Statement":[{"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission",`+
		`"SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Condition":{"StringEquals":{"AWS:SourceOwner":%q}},`+
		`"Effect":"Allow","Principal":{"AWS":"*"},"Resource":%q,"Sid":"__default_statement_ID"}],"Version":"2008-10-17"}`, c.Account, c.ARN)
}
