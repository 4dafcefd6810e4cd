package doctor

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/itrack/itrack/internal/ops"
)

// fromError makes a check of an error: what could not be looked at is unknown, and a missing right is named.
func fromError(err error) Check {
	if right := missingRight(err); right != "" {
		return Check{State: Unknown, Detail: "the role in use lacks " + right, Next: "have it added to the role, or ask somebody who has it"}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Check{State: Unknown, Detail: "no answer in time", Next: "run this again; --timeout gives each check more time"}
	}
	var problem *ops.Problem
	if errors.As(ops.Explain("asking AWS", err), &problem) {
		check := Check{State: Unknown, Detail: problem.Why, Next: problem.Next}
		if problem.Kind == ops.Refused || problem.Kind == ops.Usage {
			check.State, check.Detail = Fail, strings.TrimPrefix(problem.What+": "+problem.Why, ": ")
		}
		return check
	}
	return Check{State: Unknown, Detail: err.Error()}
}

// prefixes are the services' names in IAM, by their names in the SDK.
var prefixes = map[string]string{
	"EC2": "ec2", "IAM": "iam", "KMS": "kms", "RDS": "rds", "Route 53": "route53", "S3": "s3", "Secrets Manager": "secretsmanager", "Service Quotas": "servicequotas", "STS": "sts",
}

// rights are the actions whose right has another name.
var rights = map[string]string{
	"s3:HeadBucket": "s3:ListBucket", "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration", "s3:ListBuckets": "s3:ListAllMyBuckets",
	"s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration", "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
}

var performed = regexp.MustCompile(`not authorized to perform: ([a-zA-Z0-9-]+:[A-Za-z0-9]+)`)

// missingRight is the right that AWS found missing, as IAM names it; "" where the error is another one.
func missingRight(err error) string {
	var answer smithy.APIError
	if !errors.As(err, &answer) || !strings.Contains(answer.ErrorCode(), "AccessDenied") && answer.ErrorCode() != "UnauthorizedOperation" && answer.ErrorCode() != "Forbidden" {
		return ""
	}
	if match := performed.FindStringSubmatch(answer.ErrorMessage()); match != nil {
		return match[1]
	}
	var operation *smithy.OperationError
	if !errors.As(err, &operation) {
		return "a right"
	}
	prefix := prefixes[operation.ServiceID]
	if prefix == "" {
		prefix = strings.ToLower(operation.ServiceID)
	}
	right := prefix + ":" + operation.OperationName
	if other := rights[right]; other != "" {
		return other
	}
	return right
}
