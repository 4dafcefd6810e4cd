package live

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/itrack/itrack/internal/recovery"
)

var watchLooks = map[string]look{
	"aws:cloudwatch/logGroup:LogGroup":               logGroups,
	"aws:cloudwatch/queryDefinition:QueryDefinition": queryDefinitions,
	"aws:cloudwatch/logDelivery:LogDelivery":         deliveries,
}

func logGroups(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, logs.NewDescribeLogGroupsPaginator(logs.NewFromConfig(r.at("logs")), &logs.DescribeLogGroupsInput{LogGroupNamePrefix: &r.id}),
		func(page *logs.DescribeLogGroupsOutput) []types.LogGroup { return page.LogGroups })
	return all(found, err, func(g types.LogGroup) recovery.Candidate { return recovery.Candidate{ID: aws.ToString(g.LogGroupName)} })
}

func queryDefinitions(ctx context.Context, r request) ([]recovery.Candidate, error) {
	answer, err := logs.NewFromConfig(r.at("logs")).DescribeQueryDefinitions(ctx, &logs.DescribeQueryDefinitionsInput{QueryDefinitionNamePrefix: aws.String(r.Text("name"))})
	if err != nil {
		return nil, err
	}
	return all(answer.QueryDefinitions, nil, func(q types.QueryDefinition) recovery.Candidate {
		return recovery.Candidate{ID: aws.ToString(q.QueryDefinitionId), Attributes: attributes(map[string]*string{"name": q.Name})}
	})
}

func deliveries(ctx context.Context, r request) ([]recovery.Candidate, error) {
	found, err := pages(ctx, logs.NewDescribeDeliveriesPaginator(logs.NewFromConfig(r.at("logs")), &logs.DescribeDeliveriesInput{}),
		func(page *logs.DescribeDeliveriesOutput) []types.Delivery { return page.Deliveries })
	return all(found, err, func(d types.Delivery) recovery.Candidate {
		return recovery.Candidate{ID: aws.ToString(d.Id), Attributes: attributes(map[string]*string{
			"deliverySourceName": d.DeliverySourceName, "deliveryDestinationArn": d.DeliveryDestinationArn})}
	})
}
