// Package cloudwatch describes CloudWatch, its logs and EventBridge to the stand-in.
package cloudwatch

import (
	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const (
	logsAPI  = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/"
	alarmAPI = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/"
)

// Service is what the stand-in knows of CloudWatch.
func Service() catalog.Service {
	return catalog.Service{Types: append(append(groupAndAlarmTypes(), eventTypes()...), viewTypes()...)}
}

// groupAndAlarmTypes are log groups and alarms.
func groupAndAlarmTypes() []catalog.Type {
	return []catalog.Type{
		{
			Token: "aws:cloudwatch/logGroup:LogGroup", Args: (*sdk.LogGroupArgs)(nil), Resource: (*sdk.LogGroup)(nil),
			Service: "CloudWatch Logs", Action: "LogGroup", Title: "CloudWatch Logs Log Group", Verbs: map[string]string{"update": "PutRetentionPolicy"},
			ARN: "arn:{partition}:logs:{region}:{account}:log-group:{name}", ID: catalog.Templated("{name}"),
			Name: catalog.Name{Property: "name", Auto: 512, Prefix: "namePrefix", Scope: catalog.InRegion, Code: "ResourceAlreadyExistsException",
				Message: "The specified log group already exists: {name}"},
			Blank: []string{"namePrefix"},
			Refs: []catalog.Ref{{Path: "kmsKeyId", To: []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey"}, By: catalog.ByARN, Code: "AccessDeniedException",
				Message: "The specified KMS key does not exist or is not allowed to be used: {value}"}},
			Compute: func(c *catalog.Call) error { c.SetNew("logGroupClass", "STANDARD"); return nil },
		},
		{
			Token: "aws:cloudwatch/metricAlarm:MetricAlarm", Args: (*sdk.MetricAlarmArgs)(nil), Resource: (*sdk.MetricAlarm)(nil),
			Service: "CloudWatch", Action: "MetricAlarm", Title: "CloudWatch Metric Alarm",
			Verbs: map[string]string{"create": "PutMetricAlarm", "update": "PutMetricAlarm", "delete": "DeleteAlarms"},
			ARN:   "arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}", ID: catalog.Templated("{name}"), Overwrites: true,
			Name:     catalog.Name{Property: "name", Auto: 255},
			Defaults: map[string]any{"actionsEnabled": true, "treatMissingData": "missing"},
			Blank:    []string{"evaluateLowSampleCountPercentiles"},
			Sets:     []string{"alarmActions", "okActions", "insufficientDataActions", "metricQueries"},
		},
	}
}
