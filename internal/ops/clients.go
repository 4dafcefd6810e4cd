package ops

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Place is AWS in one region. Its methods make clients, which are cheap; each goes to the endpoint that aws:endpoints names
// for its service, if any.
type Place struct {
	Region string
	Config aws.Config

	endpoints map[string]string
}

// endpoint is the configured address of a service, or nil for AWS's own.
func (p Place) endpoint(service string) *string {
	if address := p.endpoints[service]; address != "" {
		return aws.String(address)
	}
	return p.Config.BaseEndpoint
}

// AutoScaling and the following make a client of that service.
func (p Place) AutoScaling() *autoscaling.Client {
	return autoscaling.NewFromConfig(p.Config, func(o *autoscaling.Options) { o.BaseEndpoint = p.endpoint("autoscaling") })
}

func (p Place) CloudFront() *cloudfront.Client {
	return cloudfront.NewFromConfig(p.Config, func(o *cloudfront.Options) { o.BaseEndpoint = p.endpoint("cloudfront") })
}

func (p Place) CloudWatch() *cloudwatch.Client {
	return cloudwatch.NewFromConfig(p.Config, func(o *cloudwatch.Options) { o.BaseEndpoint = p.endpoint("cloudwatch") })
}

func (p Place) Logs() *cloudwatchlogs.Client {
	return cloudwatchlogs.NewFromConfig(p.Config, func(o *cloudwatchlogs.Options) { o.BaseEndpoint = p.endpoint("logs") })
}

func (p Place) CodeDeploy() *codedeploy.Client {
	return codedeploy.NewFromConfig(p.Config, func(o *codedeploy.Options) { o.BaseEndpoint = p.endpoint("codedeploy") })
}

func (p Place) EC2() *ec2.Client {
	return ec2.NewFromConfig(p.Config, func(o *ec2.Options) { o.BaseEndpoint = p.endpoint("ec2") })
}

func (p Place) ECR() *ecr.Client {
	return ecr.NewFromConfig(p.Config, func(o *ecr.Options) { o.BaseEndpoint = p.endpoint("ecr") })
}

func (p Place) ECS() *ecs.Client {
	return ecs.NewFromConfig(p.Config, func(o *ecs.Options) { o.BaseEndpoint = p.endpoint("ecs") })
}

func (p Place) LoadBalancers() *elasticloadbalancingv2.Client {
	return elasticloadbalancingv2.NewFromConfig(p.Config, func(o *elasticloadbalancingv2.Options) { o.BaseEndpoint = p.endpoint("elbv2") })
}

func (p Place) IAM() *iam.Client {
	return iam.NewFromConfig(p.Config, func(o *iam.Options) { o.BaseEndpoint = p.endpoint("iam") })
}

func (p Place) KMS() *kms.Client {
	return kms.NewFromConfig(p.Config, func(o *kms.Options) { o.BaseEndpoint = p.endpoint("kms") })
}

func (p Place) Lambda() *lambda.Client {
	return lambda.NewFromConfig(p.Config, func(o *lambda.Options) { o.BaseEndpoint = p.endpoint("lambda") })
}

func (p Place) RDS() *rds.Client {
	return rds.NewFromConfig(p.Config, func(o *rds.Options) { o.BaseEndpoint = p.endpoint("rds") })
}

func (p Place) Route53() *route53.Client {
	return route53.NewFromConfig(p.Config, func(o *route53.Options) { o.BaseEndpoint = p.endpoint("route53") })
}

// S3 addresses buckets in the path where an emulator answers: it has no name for each bucket.
func (p Place) S3() *s3.Client {
	return s3.NewFromConfig(p.Config, func(o *s3.Options) {
		o.BaseEndpoint = p.endpoint("s3")
		o.UsePathStyle = o.BaseEndpoint != nil
		// Objects that were uploaded before checksums came are no news to anybody.
		o.DisableLogOutputChecksumValidationSkipped = true
	})
}

func (p Place) Secrets() *secretsmanager.Client {
	return secretsmanager.NewFromConfig(p.Config, func(o *secretsmanager.Options) { o.BaseEndpoint = p.endpoint("secretsmanager") })
}

func (p Place) Quotas() *servicequotas.Client {
	return servicequotas.NewFromConfig(p.Config, func(o *servicequotas.Options) { o.BaseEndpoint = p.endpoint("servicequotas") })
}

func (p Place) SQS() *sqs.Client {
	return sqs.NewFromConfig(p.Config, func(o *sqs.Options) { o.BaseEndpoint = p.endpoint("sqs") })
}

func (p Place) SSM() *ssm.Client {
	return ssm.NewFromConfig(p.Config, func(o *ssm.Options) { o.BaseEndpoint = p.endpoint("ssm") })
}

func (p Place) STS() *sts.Client {
	return sts.NewFromConfig(p.Config, func(o *sts.Options) { o.BaseEndpoint = p.endpoint("sts") })
}
