// Package sqs describes SQS to the stand-in.
package sqs

import (
	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

// Service is what the stand-in knows of SQS.
func Service() catalog.Service {
	return catalog.Service{Types: []catalog.Type{{
		Token: "aws:sqs/queue:Queue", Args: (*sdk.QueueArgs)(nil), Resource: (*sdk.Queue)(nil),
		Service: "SQS", Action: "Queue", Title: "SQS Queue", Verbs: map[string]string{"update": "SetQueueAttributes"},
		ARN: "arn:{partition}:sqs:{region}:{account}:{name}", ID: catalog.Templated("https://sqs.{region}.amazonaws.com/{account}/{name}"),
		Name: catalog.Name{Property: "name", Auto: 80, Prefix: "namePrefix", Scope: catalog.InRegion, Code: "QueueAlreadyExists",
			Message: "A queue already exists with the same name and a different value for an attribute"},
		Defaults: map[string]any{
			"contentBasedDeduplication": false, "delaySeconds": 0, "fifoQueue": false, "kmsDataKeyReusePeriodSeconds": 300, "maxMessageSize": 262144,
			"messageRetentionSeconds": 345600, "receiveWaitTimeSeconds": 0, "visibilityTimeoutSeconds": 30,
		},
		Blank: []string{"namePrefix", "deduplicationScope", "fifoThroughputLimit", "policy", "redriveAllowPolicy", "redrivePolicy"},
		Documents: map[string]catalog.Document{
			"policy": {Code: "InvalidAttributeValue"}, "redriveAllowPolicy": {Code: "InvalidAttributeValue"}, "redrivePolicy": {Code: "InvalidAttributeValue"},
		},
		Refs: []catalog.Ref{{Path: "kmsMasterKeyId", To: []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey", "aws:kms/alias:Alias"}, By: catalog.ByIDOrARN,
			Code: "KmsNotFound", Message: "The key {value} does not exist"}},
		Refuse: func(c *catalog.Call) *catalog.Error {
			if c.Str("policy") == "" {
				return nil
			}
			return policy.Check(c, "policy", policy.Rules{Code: "InvalidAttributeValue", Principal: true, MaxSize: 8192, SizeCode: "InvalidAttributeValue", SizeQuota: "the queue's policy"})
		},
		Compute: func(c *catalog.Call) error {
			c.Set("url", c.ID)
			c.SetNew("sqsManagedSseEnabled", c.Str("kmsMasterKeyId") == "")
			return nil
		},
	}}}
}
