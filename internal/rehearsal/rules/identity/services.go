package identity

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
)

// services are AWS's service principals without their domain. A name that is not listed is refused: a mistyped one fails
// on AWS only when the document is stored. Sources are the services' own pages.
var services = names(`
	access-analyzer acm acm-pca airflow airflow-env amplify apidestinations.events apigateway appflow application-autoscaling appmesh apprunner
	appstream appsync aps athena autoscaling backup batch batchoperations.s3 bedrock billingconsole budgets build.apprunner ce chatbot cloud9
	cloudformation cloudfront cloudhsm cloudsearch cloudtrail cloudwatch cloudwatch-crossaccount codeartifact codebuild codecommit codedeploy
	codepipeline codestar codestar-connections codestar-notifications cognito-identity cognito-idp cognito-sync config config-conforms
	config-multiaccountsetup connect costalerts databrew datapipeline datasync dax delivery.logs detective devops-guru directconnect dlm dms ds
	dynamodb dynamodb.application-autoscaling ec2 ec2.application-autoscaling ec2fleet ecr ecr-public ecs ecs-tasks ecs.application-autoscaling
	edgelambda eks eks-fargate eks-fargate-pods eks-nodegroup elasticache elasticbeanstalk elasticfilesystem elasticloadbalancing elasticmapreduce
	elastictranscoder email emr-containers emr-serverless es events events.rds export.rds fis firehose fms forecast freertos frauddetector fsx
	gamelift glacier globalaccelerator glue grafana greengrass guardduty health healthlake iam imagebuilder importexport inspector inspector2 iot
	iotanalytics iotevents iotsitewise ipam ivs kafka kafkaconnect kendra kinesis kinesisanalytics kinesisvideo kms lakeformation lambda
	lambda.alarms.cloudwatch lex lex.channels lexv2 license-manager lightsail logdelivery.elasticloadbalancing logger.cloudfront logging.s3 logs
	machinelearning macie macie2 maintenance.ssm malware-protection-plan.guardduty management.chatbot mediaconvert mediaconnect medialive
	mediapackage mediastore mgn migrationhub monitoring monitoring.rds mq network-firewall omics ops.apigateway opensearchservice opsworks
	opsworks-cm organizations osis outposts personalize pinpoint pipes polly pricingplanmanager proton qldb quicksight ram rds redshift
	redshift-serverless rekognition reporting.trustedadvisor replication.dynamodb replication.ecr replicator.lambda resiliencehub resource-groups
	resource-explorer-2 restore-testing.backup robomaker rolesanywhere route53 route53resolver rum s3 sagemaker scheduler schemas secretsmanager
	securityhub securitylake serverlessrepo servicecatalog servicediscovery servicequotas ses shield signer signin sms snowball sns spot spotfleet
	sqs ssm ssm-incidents sso states storage-lens.s3 storagegateway streams.metrics.cloudwatch support sts swf synthetics tasks.apprunner textract
	timestream transcribe transfer transitgateway translate trustedadvisor verified-access vpc-flow-logs vpc-lattice waf waf-regional wafv2
	wellarchitected worklink workmail workspaces xray`)

func names(text string) map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(text) {
		set[name] = true
	}
	return set
}

// inRegion is the region that some principals end in.
var inRegion = regexp.MustCompile(`\.[a-z]{2}(-[a-z]+)+-\d$`)

// unknownService is a principal in a document that AWS has no service for.
func unknownService(doc *policy.Document) string {
	for _, s := range doc.Statement {
		for _, name := range append(append(policy.Strings{}, s.Principal["Service"]...), s.NotPrincipal["Service"]...) {
			short, aws := strings.CutSuffix(strings.TrimSuffix(name, ".cn"), ".amazonaws.com")
			if !aws || !services[inRegion.ReplaceAllString(short, "")] {
				return fmt.Sprintf("Invalid principal in policy: \"SERVICE\":%q (if AWS has it, list it in internal/rehearsal/rules/identity/services.go)", name)
			}
		}
	}
	return ""
}
