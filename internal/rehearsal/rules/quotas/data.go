package quotas

import (
	"fmt"

	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	instanceToken   = "aws:rds/instance:Instance"
	parametersToken = "aws:rds/parameterGroup:ParameterGroup"
	optionsToken    = "aws:rds/optionGroup:OptionGroup"
	subnetsToken    = "aws:rds/subnetGroup:SubnetGroup"
	noticeToken     = "aws:rds/eventSubscription:EventSubscription"
	dynamoToken     = "aws:dynamodb/table:Table"
	bucketToken     = "aws:s3/bucketV2:BucketV2"
	vaultToken      = "aws:backup/vault:Vault"
	planToken       = "aws:backup/plan:Plan"
	imagesToken     = "aws:ecr/repository:Repository"
	rdsPage         = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html"
	dynamoPage      = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html"
	backupPage      = "https://docs.aws.amazon.com/aws-backup/latest/devguide/aws-backup-limits.html"
)

func dataQuotas() []Quota {
	instances := numbered(instanceToken, "neighbour-%d", in{})
	options := numbered(optionsToken, "neighbour-%d", in{})
	indexes := func(n int) in {
		list := make([]any, n)
		for i := range list {
			list[i] = in{"name": fmt.Sprintf("by-holder-%d", i), "hashKey": "holder", "projectionType": "ALL"}
		}
		return in{"globalSecondaryIndexes": list, "attributes": []any{in{"name": "id", "type": "S"}, in{"name": "holder", "type": "S"}}}
	}
	return []Quota{
		{ID: "database-instances", Name: "DB instances", Service: "rds", Code: "L-7B6409FD", Default: 40, Unit: "DB instances in a region", Page: rdsPage,
			Error: "InstanceQuotaExceeded", Message: "DB instance quota exceeded", Property: "identifier", Types: []string{instanceToken}, Draw: each,
			proof: &proof{one: instances, inputs: in{"identifier": "one-more"},
				seed: rule.Seed{Stack: "staging", At: instanceToken + "::rds", Exists: filled(40, instances)}}},
		{ID: "parameter-groups", Name: "Parameter groups", Service: "rds", Code: "L-DE55804A", Default: 50, Unit: "DB parameter groups in a region", Page: rdsPage,
			Error: "DBParameterGroupQuotaExceeded", Types: []string{parametersToken}, Draw: each},
		{ID: "option-groups", Name: "Option groups", Service: "rds", Code: "L-9FA33840", Default: 20, Unit: "option groups in a region", Page: rdsPage,
			Error: "OptionGroupQuotaExceededFault", Message: "The quota of 20 option groups was exceeded for this AWS account", Property: "name",
			Types: []string{optionsToken}, Draw: each, proof: &proof{one: options, inputs: in{"name": "one-more"},
				seed: rule.Seed{Stack: "staging", At: optionsToken + "::rds", Exists: filled(20, options)}}},
		{ID: "database-subnet-groups", Name: "DB subnet groups", Service: "rds", Code: "L-48C6BF61", Default: 50, Unit: "DB subnet groups in a region", Page: rdsPage,
			Error: "DBSubnetGroupQuotaExceeded", Types: []string{subnetsToken}, Draw: each},
		{ID: "database-subnets", Name: "Subnets per DB subnet group", Service: "rds", Code: "L-6F3ACC36", Default: 20, Unit: "subnets in a DB subnet group", Page: rdsPage,
			Error: "DBSubnetQuotaExceededFault", Types: []string{subnetsToken}, Draw: inside("subnetIds")},
		{ID: "database-notices", Name: "Event subscriptions", Service: "rds", Code: "L-A59F4C87", Default: 20, Unit: "RDS event subscriptions in a region", Page: rdsPage,
			Error: "EventSubscriptionQuotaExceeded", Types: []string{noticeToken}, Draw: each},
		{ID: "tables", Name: "Maximum number of tables", Service: "dynamodb", Code: "L-F98FE922", Default: 2500, Unit: "DynamoDB tables in a region", Page: dynamoPage,
			Error: "LimitExceededException", Types: []string{dynamoToken}, Draw: each},
		{ID: "table-indexes", Name: "Global Secondary Indexes per table", Service: "dynamodb", Code: "L-F7858A77", Default: 20, Unit: "global secondary indexes of a table",
			Page: dynamoPage, Error: "ValidationException", Message: "One or more parameter values were invalid: GlobalSecondaryIndex count exceeds the per-table limit of 20",
			Property: "globalSecondaryIndexes", Types: []string{dynamoToken}, Draw: inside("globalSecondaryIndexes"), proof: &proof{sized: indexes,
				seed: rule.Seed{Stack: "staging", At: dynamoToken + "::items", Set: indexes(21)}}},
		{ID: "buckets", Name: "General purpose buckets", Service: "s3", Code: "L-DC2B2D3D", Default: 10000, Unit: "buckets in an account, counted by region here",
			Page: "https://docs.aws.amazon.com/AmazonS3/latest/userguide/BucketRestrictions.html", Error: "TooManyBuckets", Types: []string{bucketToken}, Draw: each},
		{ID: "vaults", Name: "Total vaults per Region per account", Service: "backup", Default: 300, Unit: "backup vaults in a region", Page: backupPage,
			Error: "LimitExceededException", Types: []string{vaultToken}, Draw: each},
		{ID: "plans", Name: "Backup plans per Region per account", Service: "backup", Default: 300, Unit: "backup plans in a region", Page: backupPage,
			Error: "LimitExceededException", Types: []string{planToken}, Draw: each},
		{ID: "plan-rules", Name: "Backup plan rules in a plan", Service: "backup", Default: 10, Unit: "rules in a backup plan", Page: backupPage,
			Error: "LimitExceededException", Types: []string{planToken}, Draw: inside("rules")},
		{ID: "repositories", Name: "Registered repositories", Service: "ecr", Code: "L-CFEB8E8D", Default: 100000, Unit: "image repositories in a region",
			Page: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html", Error: "LimitExceededException", Types: []string{imagesToken}, Draw: each},
	}
}
