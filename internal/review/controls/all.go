// Package controls answers AWS's controls from what a stack declares, one file per AWS service.
package controls

import (
	"slices"

	"github.com/itrack/itrack/internal/review"
)

// All are the controls in the list's order: AWS's Foundational Security Best Practices by service, what the account owns, the
// Well-Architected reliability pillar, and AWS's practices for blue/green deployments.
func All() []review.Control {
	return slices.Concat(
		ecs(), rds(), ec2(), ssm(), elb(),
		apigateway(), waf(), cloudfront(), acm(),
		dynamodb(), lambda(), s3(), secretsmanager(), sns(), kms(), backup(), ecr(), iam(), autoscaling(),
		account(), reliability(), bluegreen(),
	)
}
