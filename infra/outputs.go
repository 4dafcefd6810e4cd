package infra

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// OutputDoc documents one output of the stack. The table of outputs drives what is exported, the page docs/outputs.md
// and the test that keeps the two equal.
type OutputDoc struct {
	Name        string
	Description string
	// When says under which setting the output exists; empty means always.
	When string

	value func(*platform) pulumi.Input
	given func(*platform) bool
}

// Outputs are the stack's outputs in the order of the request's way: for operators, the pipeline and other stacks.
func Outputs() []OutputDoc {
	var all []OutputDoc
	for _, part := range [][]OutputDoc{
		placeOutputs(), networkOutputs(), dataOutputs(), workloadOutputs(), edgeOutputs(), operationsOutputs(), pipelineOutputs(),
	} {
		all = append(all, part...)
	}
	return all
}

func placeOutputs() []OutputDoc {
	return []OutputDoc{
		{Name: "environment", Description: "The environment: the stack's name.", value: func(p *platform) pulumi.Input { return pulumi.String(p.settings.Environment) }},
		{Name: "account", Description: "The 12-digit id of the AWS account.", value: func(p *platform) pulumi.Input { return pulumi.String(p.placement.Account) }},
		{Name: "region", Description: "The primary region.", value: func(p *platform) pulumi.Input { return pulumi.String(p.placement.Primary.Name) }},
		{Name: "recoveryRegion", Description: "The region of copies and replicas.", value: func(p *platform) pulumi.Input { return pulumi.String(p.placement.Recovery.Name) }},
		{Name: "dataKeyArn", Description: "ARN of the KMS key of data at rest, in the primary region.", value: func(p *platform) pulumi.Input { return p.keys.Data.In(p.placement.Primary).Arn }},
		{Name: "logsKeyArn", Description: "ARN of the KMS key of logs and topics, in the primary region.", value: func(p *platform) pulumi.Input { return p.keys.Logs.In(p.placement.Primary).Arn }},
		{Name: "signingKeyArn", Description: "ARN of the key that signs images (ECC_NIST_P256).", value: func(p *platform) pulumi.Input { return p.keys.SigningArn }},
		{Name: "boundaryArn", Description: "ARN of the permissions boundary that every role of the stack carries.", value: func(p *platform) pulumi.Input { return p.boundary.Arn }},
		{Name: "criticalTopicArn", Description: "ARN of the topic of alarms that wake somebody, in the primary region.", value: func(p *platform) pulumi.Input { return p.alerts.In(p.placement.Primary).Critical }},
		{Name: "warningTopicArn", Description: "ARN of the topic of alarms that are read in the morning, in the primary region.", value: func(p *platform) pulumi.Input { return p.alerts.In(p.placement.Primary).Warning }},
	}
}

func networkOutputs() []OutputDoc {
	return []OutputDoc{
		{Name: "vpcId", Description: "Id of the VPC.", value: func(p *platform) pulumi.Input { return p.network.VpcId }},
		{Name: "publicSubnetIds", Description: "Ids of the public subnets, one per zone.", value: func(p *platform) pulumi.Input { return p.network.PublicSubnetIds }},
		{Name: "privateSubnetIds", Description: "Ids of the private subnets, one per zone: tasks, functions and the bastion run there.", value: func(p *platform) pulumi.Input { return p.network.PrivateSubnetIds }},
		{Name: "isolatedSubnetIds", Description: "Ids of the isolated subnets, one per zone: the database stands there.", value: func(p *platform) pulumi.Input { return p.network.IsolatedSubnetIds }},
		{Name: "archiveBucket", Description: "Name of the bucket of access logs.", value: func(p *platform) pulumi.Input { return p.archive.Bucket }},
	}
}

func dataOutputs() []OutputDoc {
	return []OutputDoc{
		{Name: "databaseIdentifier", Description: "Identifier of the MySQL instance.", value: func(p *platform) pulumi.Input { return p.rds.Identifier }},
		{Name: "databaseAddress", Description: "DNS name of the MySQL instance, reachable inside the VPC.", value: func(p *platform) pulumi.Input { return p.rds.Address }},
		{Name: "databasePort", Description: "TCP port of the MySQL instance.", value: func(p *platform) pulumi.Input { return p.rds.Port }},
		{Name: "databaseName", Description: "Name of the first schema.", value: func(p *platform) pulumi.Input { return pulumi.String(p.rds.DatabaseName) }},
		{Name: "databaseMasterSecretArn", Description: "ARN of the secret in which RDS keeps the master user's password; the value is in Secrets Manager alone.", value: func(p *platform) pulumi.Input { return p.rds.MasterSecretArn }},
		{Name: "itemsTable", Description: "Name of the DynamoDB table of items.", value: func(p *platform) pulumi.Input { return p.items.ItemsTable }},
		{Name: "itemHistoryTable", Description: "Name of the DynamoDB table of item history.", value: func(p *platform) pulumi.Input { return p.items.HistoryTable }},
	}
}

func workloadOutputs() []OutputDoc {
	return []OutputDoc{
		{Name: "repositories", Description: "URL of the image repository, by service.", value: func(p *platform) pulumi.Input { return textMap(p.registry.Urls) }},
		{Name: "cluster", Description: "Name of the ECS cluster.", value: func(p *platform) pulumi.Input { return p.ecs.ClusterName }},
		{Name: "services", Description: "Name of the ECS service, by service.", value: func(p *platform) pulumi.Input {
			return mapOf(p.ecs.ByName, func(s *Service) pulumi.StringOutput { return s.Name })
		}},
		{Name: "serviceLogGroups", Description: "Log group, by service.", value: func(p *platform) pulumi.Input {
			return mapOf(p.ecs.ByName, func(s *Service) pulumi.StringOutput { return s.LogGroup })
		}},
		{Name: "functions", Description: "Name of the Lambda function, by function.", value: func(p *platform) pulumi.Input {
			return mapOf(p.functions.ByName, func(f *Function) pulumi.StringOutput { return f.Name })
		}},
		{Name: "deploymentApplication", Description: "Name of the CodeDeploy application.", value: func(p *platform) pulumi.Input { return p.delivery.ApplicationName }},
		{Name: "deploymentGroups", Description: "Name of the CodeDeploy deployment group, by service.", value: func(p *platform) pulumi.Input { return textMap(p.delivery.GroupNames) }},
		{Name: "releases", Description: "The wanted release, by service: task template, network, platform and capacity. A deployment puts the image in and makes it run.", value: func(p *platform) pulumi.Input { return p.delivery.Releases }},
		{Name: "balancerHost", Description: "Name of the internal load balancer, reachable inside the VPC.", value: func(p *platform) pulumi.Input { return p.balancer.Host }},
	}
}

func edgeOutputs() []OutputDoc {
	return []OutputDoc{
		{Name: "siteUrl", Description: "Where browsers open the site.", value: func(p *platform) pulumi.Input { return p.frontend.Origin }},
		{Name: "siteBucket", Description: "Name of the bucket that the site is uploaded to.", value: func(p *platform) pulumi.Input { return p.frontend.BucketName }},
		{Name: "distributionId", Description: "Id of the CloudFront distribution; invalidations name it.", value: func(p *platform) pulumi.Input { return p.frontend.DistributionId }},
		{Name: "apiUrl", Description: "Where clients call the API, without a slash at the end.", value: func(p *platform) pulumi.Input { return p.api.Url }},
		{Name: "apiId", Description: "Id of the REST API.", value: func(p *platform) pulumi.Input { return p.api.RestApiId }},
		{Name: "apiStage", Description: "Name of the API's stage.", value: func(p *platform) pulumi.Input { return p.api.StageName }},
		{Name: "apiAccessLogGroup", Description: "Log group of the API's requests.", value: func(p *platform) pulumi.Input { return p.api.AccessLogGroup }},
		{Name: "webAclArn", Description: "ARN of the API's web ACL.", value: func(p *platform) pulumi.Input { return p.waf.RegionalArn }},
		{Name: "edgeWebAclArn", Description: "ARN of the site's web ACL, in us-east-1.", When: "itrack:waf.edge is true",
			given: func(p *platform) bool { return p.waf.HasEdge }, value: func(p *platform) pulumi.Input { return p.waf.EdgeArn }},
	}
}

func operationsOutputs() []OutputDoc {
	bastion := func(p *platform) bool { return p.bastion != nil }
	backup := func(p *platform) bool { return p.backup != nil }
	return []OutputDoc{
		{Name: "bastionGroup", Description: "Name of the bastion's autoscaling group; a session is opened on its one instance.", When: "itrack:bastion is set",
			given: bastion, value: func(p *platform) pulumi.Input { return p.bastion.GroupName }},
		{Name: "sessionLogGroup", Description: "Log group of Session Manager's sessions.", value: func(p *platform) pulumi.Input { return p.account.SessionLogGroup }},
		{Name: "backupVault", Description: "Name of the backup vault in the primary region.", When: "itrack:backup is set",
			given: backup, value: func(p *platform) pulumi.Input { return p.backup.VaultName }},
		{Name: "recoveryVault", Description: "Name of the backup vault in the recovery region.", When: "itrack:backup.copyDays is above 0",
			given: func(p *platform) bool { return backup(p) && p.settings.Backup.CopyDays > 0 },
			value: func(p *platform) pulumi.Input { return p.backup.RecoveryVaultName }},
		{Name: "backupPlan", Description: "Id of the backup plan.", When: "itrack:backup is set",
			given: backup, value: func(p *platform) pulumi.Input { return p.backup.PlanId }},
		{Name: "restoreTestPlan", Description: "Name of the restore testing plan.", When: "itrack:backup.restoreTest is set",
			given: func(p *platform) bool { return backup(p) && p.settings.Backup.RestoreTest != nil },
			value: func(p *platform) pulumi.Input { return p.backup.RestoreTestPlan }},
		{Name: "dashboards", Description: "Name of the CloudWatch dashboard, by subject.", value: func(p *platform) pulumi.Input { return p.monitoring.Dashboards }},
		{Name: "availabilityAlarm", Description: "Name of the composite alarm over every burn rate of the availability objective.", value: func(p *platform) pulumi.Input { return p.monitoring.AvailabilityAlarm }},
		{Name: "budget", Description: "Name of the monthly budget.", When: "itrack:budget is set",
			given: func(p *platform) bool { return p.budget != nil }, value: func(p *platform) pulumi.Input { return p.budget.Name }},
	}
}

func pipelineOutputs() []OutputDoc {
	github := func(p *platform) bool { return p.github != nil }
	return []OutputDoc{
		{Name: "deployRoleArn", Description: "ARN of the role that GitHub Actions takes to deploy this environment.", When: "itrack:github is set",
			given: github, value: func(p *platform) pulumi.Input { return p.github.DeployRoleArn }},
		{Name: "previewRoleArn", Description: "ARN of the read-only role that GitHub Actions takes to preview a pull request.", When: "itrack:github is set",
			given: github, value: func(p *platform) pulumi.Input { return p.github.PreviewRoleArn }},
	}
}

// export exports what the table lists, as far as the parts exist.
func (p *platform) export(ctx *pulumi.Context) error {
	for _, output := range Outputs() {
		if output.given == nil || output.given(p) {
			ctx.Export(output.Name, output.value(p))
		}
	}
	return nil
}

func textMap(values map[string]pulumi.StringOutput) pulumi.StringMap {
	return mapOf(values, func(value pulumi.StringOutput) pulumi.StringOutput { return value })
}

func mapOf[V any](values map[string]V, of func(V) pulumi.StringOutput) pulumi.StringMap {
	result := pulumi.StringMap{}
	for name, value := range values {
		result[name] = of(value)
	}
	return result
}

// OutputsPage is the page docs/outputs.md.
func OutputsPage() string {
	var page strings.Builder
	page.WriteString("# Outputs\n\nWhat the stack tells operators, the pipeline and other stacks. `pulumi stack output NAME -s STACK` prints one; another stack reads it by a stack reference.\n" +
		"No output holds a secret's value.\n\n| output | what it is | exists |\n|---|---|---|\n")
	for _, output := range Outputs() {
		when := "always"
		if output.When != "" {
			when = "where `" + strings.Replace(output.When, " ", "` ", 1)
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s |\n", output.Name, output.Description, when)
	}
	return page.String()
}
