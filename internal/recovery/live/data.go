package live

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/itrack/itrack/internal/recovery"
)

var dataLooks = map[string]look{
	"aws:rds/instance:Instance":                                                       instances,
	"aws:rds/subnetGroup:SubnetGroup":                                                 subnetGroups,
	"aws:rds/parameterGroup:ParameterGroup":                                           parameterGroups,
	"aws:rds/optionGroup:OptionGroup":                                                 optionGroups,
	"aws:rds/eventSubscription:EventSubscription":                                     eventSubscriptions,
	"aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": backupReplications,
	"aws:dynamodb/table:Table":                                                        dynamoTables,
	"aws:dynamodb/tableReplica:TableReplica":                                          replicas,
	"aws:s3/bucketV2:BucketV2":                                                        buckets,
}

func rdsTags(tags []rdstypes.Tag) map[string]string {
	out := map[string]string{}
	for _, tag := range tags {
		out[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return out
}

func instances(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := rds.NewFromConfig(r.at("rds")).DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(r.Text("identifier"))})
	if err != nil {
		return nil, err
	}
	return all(answer.DBInstances, nil, func(i rdstypes.DBInstance) recovery.Candidate {
		return recovery.Candidate{ID: aws.ToString(i.DbiResourceId), Tags: rdsTags(i.TagList),
			Attributes: attributes(map[string]*string{"identifier": i.DBInstanceIdentifier})}
	})
}

func subnetGroups(ctx context.Context, r request) ([]recovery.Candidate, error) {
	_, err := rds.NewFromConfig(r.at("rds")).DescribeDBSubnetGroups(ctx, &rds.DescribeDBSubnetGroupsInput{DBSubnetGroupName: &r.id})
	return byID(r, err)
}

func parameterGroups(ctx context.Context, r request) ([]recovery.Candidate, error) {
	_, err := rds.NewFromConfig(r.at("rds")).DescribeDBParameterGroups(ctx, &rds.DescribeDBParameterGroupsInput{DBParameterGroupName: &r.id})
	return byID(r, err)
}

func optionGroups(ctx context.Context, r request) ([]recovery.Candidate, error) {
	_, err := rds.NewFromConfig(r.at("rds")).DescribeOptionGroups(ctx, &rds.DescribeOptionGroupsInput{OptionGroupName: &r.id})
	return byID(r, err)
}

func eventSubscriptions(ctx context.Context, r request) ([]recovery.Candidate, error) {
	_, err := rds.NewFromConfig(r.at("rds")).DescribeEventSubscriptions(ctx, &rds.DescribeEventSubscriptionsInput{SubscriptionName: &r.id})
	return byID(r, err)
}

// backupReplications are the automated backups that this region has of an instance in another one.
func backupReplications(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, rds.NewDescribeDBInstanceAutomatedBackupsPaginator(rds.NewFromConfig(r.at("rds")), &rds.DescribeDBInstanceAutomatedBackupsInput{}),
		func(page *rds.DescribeDBInstanceAutomatedBackupsOutput) []rdstypes.DBInstanceAutomatedBackup {
			return page.DBInstanceAutomatedBackups
		})
	return all(found, err, func(b rdstypes.DBInstanceAutomatedBackup) recovery.Candidate {
		return recovery.Candidate{ID: aws.ToString(b.DBInstanceAutomatedBackupsArn), Attributes: attributes(map[string]*string{"sourceDbInstanceArn": b.DBInstanceArn})}
	})
}

func dynamoTables(ctx context.Context, r request) ([]recovery.Candidate, error) {
	_, err := dynamodb.NewFromConfig(r.at("dynamodb")).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &r.id})
	return byID(r, err)
}

// replicas: a replica is a table of the same name in the other region.
func replicas(ctx context.Context, r request) ([]recovery.Candidate, error) {
	table, _, _ := strings.Cut(r.id, ":")
	_, err := dynamodb.NewFromConfig(r.at("dynamodb")).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	return byID(r, err)
}

func buckets(ctx context.Context, r request) ([]recovery.Candidate, error) {
	client := s3.NewFromConfig(r.at("s3"), func(o *s3.Options) { o.UsePathStyle = o.BaseEndpoint != nil })
	_, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &r.id, ExpectedBucketOwner: optional(r.Account)})
	return byID(r, err)
}

// optional leaves an empty parameter out.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// lastPart is what follows the last slash: an ARN's name.
func lastPart(text string) string { return text[strings.LastIndex(text, "/")+1:] }
