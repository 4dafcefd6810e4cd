// Package sns describes SNS to the stand-in.
package sns

import (
	"fmt"
	"regexp"
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
			Check: checkTopic, Refuse: refusePolicy,
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
			Refs: []catalog.Ref{topicRef("topic")}, Check: checkSubscription,
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

var topicName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}(\.fifo)?$`)

func checkTopic(c *catalog.Call) []catalog.Problem {
	name := c.Str("name")
	if !c.Known("name") {
		return nil
	}
	if !topicName.MatchString(name) || len(name) > 256 {
		return []catalog.Problem{{Property: "name", Rule: "name of a topic", Value: name, Message: "must have 1 to 256 letters, digits, hyphens and underscores",
			Source: api + "API_CreateTopic.html"}}
	}
	if strings.HasSuffix(name, ".fifo") != c.Bool("fifoTopic") {
		return []catalog.Problem{{Property: "name", Rule: "name of a FIFO topic", Value: name, Message: "must end in .fifo exactly when fifoTopic is true",
			Source: api + "API_CreateTopic.html"}}
	}
	return nil
}

// endpointForms are the forms of endpoints by protocol.
var endpointForms = map[string]*regexp.Regexp{
	"email": regexp.MustCompile(`^[^@\s]+@[^@\s]+$`), "email-json": regexp.MustCompile(`^[^@\s]+@[^@\s]+$`),
	"http": regexp.MustCompile(`^http://`), "https": regexp.MustCompile(`^https://`), "sms": regexp.MustCompile(`^\+?[0-9-]+$`),
	"sqs": regexp.MustCompile(`^arn:[^:]+:sqs:`), "lambda": regexp.MustCompile(`^arn:[^:]+:lambda:`), "firehose": regexp.MustCompile(`^arn:[^:]+:firehose:`),
	"application": regexp.MustCompile(`^arn:[^:]+:sns:`),
}

func checkSubscription(c *catalog.Call) []catalog.Problem {
	form := endpointForms[c.Str("protocol")]
	if form != nil && c.Known("endpoint") && !form.MatchString(c.Str("endpoint")) {
		return []catalog.Problem{{Property: "endpoint", Rule: "endpoint of the protocol", Value: c.Str("endpoint"),
			Message: "does not suit the protocol " + c.Str("protocol"), Source: api + "API_Subscribe.html"}}
	}
	return nil
}

func defaultPolicy(c *catalog.Call) string {
	return fmt.Sprintf(`{"Id":"__default_policy_ID","Statement":[{"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission",`+
		`"SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Condition":{"StringEquals":{"AWS:SourceOwner":%q}},`+
		`"Effect":"Allow","Principal":{"AWS":"*"},"Resource":%q,"Sid":"__default_statement_ID"}],"Version":"2008-10-17"}`, c.Account, c.ARN)
}
