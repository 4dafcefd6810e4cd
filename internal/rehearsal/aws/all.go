// Package aws gathers what the folders below it say of AWS's services.
package aws

import (
	"sync"

	"github.com/itrack/itrack/internal/rehearsal/aws/acm"
	"github.com/itrack/itrack/internal/rehearsal/aws/apigateway"
	"github.com/itrack/itrack/internal/rehearsal/aws/apigatewayv2"
	"github.com/itrack/itrack/internal/rehearsal/aws/appautoscaling"
	"github.com/itrack/itrack/internal/rehearsal/aws/autoscaling"
	"github.com/itrack/itrack/internal/rehearsal/aws/backup"
	"github.com/itrack/itrack/internal/rehearsal/aws/budgets"
	"github.com/itrack/itrack/internal/rehearsal/aws/chatbot"
	"github.com/itrack/itrack/internal/rehearsal/aws/cloudfront"
	"github.com/itrack/itrack/internal/rehearsal/aws/cloudwatch"
	"github.com/itrack/itrack/internal/rehearsal/aws/codedeploy"
	"github.com/itrack/itrack/internal/rehearsal/aws/costexplorer"
	"github.com/itrack/itrack/internal/rehearsal/aws/dynamodb"
	"github.com/itrack/itrack/internal/rehearsal/aws/ec2"
	"github.com/itrack/itrack/internal/rehearsal/aws/ecr"
	"github.com/itrack/itrack/internal/rehearsal/aws/ecs"
	"github.com/itrack/itrack/internal/rehearsal/aws/general"
	"github.com/itrack/itrack/internal/rehearsal/aws/iam"
	"github.com/itrack/itrack/internal/rehearsal/aws/kms"
	"github.com/itrack/itrack/internal/rehearsal/aws/lambda"
	"github.com/itrack/itrack/internal/rehearsal/aws/lb"
	"github.com/itrack/itrack/internal/rehearsal/aws/logdelivery"
	"github.com/itrack/itrack/internal/rehearsal/aws/rds"
	"github.com/itrack/itrack/internal/rehearsal/aws/route53"
	"github.com/itrack/itrack/internal/rehearsal/aws/s3"
	"github.com/itrack/itrack/internal/rehearsal/aws/secretsmanager"
	"github.com/itrack/itrack/internal/rehearsal/aws/sns"
	"github.com/itrack/itrack/internal/rehearsal/aws/sqs"
	"github.com/itrack/itrack/internal/rehearsal/aws/ssm"
	"github.com/itrack/itrack/internal/rehearsal/aws/wafv2"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/rules"
)

// Catalog is every type and function that the stand-in knows. A new folder is added to this list.
var Catalog = sync.OnceValue(func() *catalog.Catalog {
	known := catalog.New(
		wafv2.Service(),
		route53.Service(),
		logdelivery.Service(),
		cloudfront.Service(),
		apigatewayv2.Service(),
		acm.Service(),
		cloudwatch.Service(),
		ec2.Service(),
		general.Service(),
		iam.Service(),
		kms.Service(),
		backup.Service(),
		dynamodb.Service(),
		rds.Service(),
		s3.Service(),
		secretsmanager.Service(),
		sns.Service(),
		sqs.Service(),
		lb.Service(),
		lambda.Service(),
		ecs.Service(),
		ecr.Service(),
		codedeploy.Service(),
		appautoscaling.Service(),
		ssm.Service(),
		apigateway.Service(),
		costexplorer.Service(),
		chatbot.Service(),
		budgets.Service(),
		autoscaling.Service(),
	)
	for _, r := range rules.All() {
		known.Obey(r.Types, r.Foreseen, r.Apply)
	}
	return known
})

func init() {
	cloud.Refuser = func(tx *cloud.Tx, account string) []cloud.Refusal { return Catalog().Refusals(tx, account) }
}
