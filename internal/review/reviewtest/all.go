package reviewtest

import "slices"

// All are the variants, service by service.
func All() []Variant {
	return slices.Concat(
		ecs(), rds(), ec2(), machines(), elb(),
		apigateway(), waf(), cloudfront(), acm(),
		dynamodb(), lambda(), s3(), s3Policies(), secretsmanager(), sns(), kms(), backup(), ecr(), iam(),
		reliability(), bluegreen(),
	)
}
