package iam

import (
	"fmt"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

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

// managedExist refuses AWS's managed policies that do not exist.
func managedExist(c *catalog.Call, paths ...string) *catalog.Error {
	for _, path := range paths {
		for _, arn := range c.Strs(path) {
			name, ours := strings.CutPrefix(arn, "arn:"+c.Partition+":iam::aws:policy/")
			if ours && !managed[name] {
				return &catalog.Error{Code: "NoSuchEntity", Property: path, Value: arn, Rule: "reference exists",
					Message: fmt.Sprintf("Policy %s does not exist or is not attachable (if AWS has it, list it in internal/rehearsal/aws/iam/managed.go)", arn)}
			}
		}
	}
	return nil
}
