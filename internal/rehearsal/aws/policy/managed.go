package policy

import "strings"

// managed are AWS's managed policies that programs here use. A name that is not listed is refused: a mistyped one fails on
// AWS only when the role is made. https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
var managed = map[string]bool{
	"AdministratorAccess": true, "ReadOnlyAccess": true, "PowerUserAccess": true, "job-function/ViewOnlyAccess": true, "SecurityAudit": true,
	"AmazonSSMManagedInstanceCore": true, "CloudWatchAgentServerPolicy": true, "AWSXRayDaemonWriteAccess": true, "AWSXrayWriteOnlyAccess": true,
	"AmazonDynamoDBReadOnlyAccess": true, "AWSBackupFullAccess": true,
	"service-role/AmazonECSTaskExecutionRolePolicy": true, "service-role/AmazonEC2ContainerServiceAutoscaleRole": true,
	"AWSCodeDeployRoleForECS": true, "AWSCodeDeployRoleForECSLimited": true, "service-role/AWSCodeDeployRoleForLambda": true,
	"service-role/AWSLambdaBasicExecutionRole": true, "service-role/AWSLambdaVPCAccessExecutionRole": true,
	"service-role/AWSLambdaDynamoDBExecutionRole": true, "service-role/AWSLambdaSQSQueueExecutionRole": true,
	"service-role/AmazonRDSEnhancedMonitoringRole": true, "service-role/AmazonAPIGatewayPushToCloudWatchLogs": true,
	"service-role/AWSBackupServiceRolePolicyForBackup": true, "service-role/AWSBackupServiceRolePolicyForRestores": true,
	"AWSBackupServiceRolePolicyForS3Backup": true, "AWSBackupServiceRolePolicyForS3Restore": true,
	"AWSResourceExplorerReadOnlyAccess": true, "CloudWatchReadOnlyAccess": true, "AmazonRDSReadOnlyAccess": true, "job-function/Billing": true,
}

// Managed tells whether AWS has a managed policy with that ARN, as far as the list above goes.
func Managed(arn string) bool {
	_, name, ours := strings.Cut(arn, ":iam::aws:policy/")
	return ours && managed[name]
}
