package items

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/itrack/itrack/app/backend/internal/fault"
	"github.com/itrack/itrack/app/backend/internal/telemetry"
)

// Names of the table's indexes, which the stack makes.
const (
	ByHolder     = "by-holder"
	ByTypeStatus = "by-type-status"
)

// Dynamo keeps items in the table that the stack makes: key id, indexes ByHolder and ByTypeStatus.
type Dynamo struct {
	Client *dynamodb.Client
	Table  string
}

// Get reads one item as it was written last.
func (d *Dynamo) Get(ctx context.Context, id string) (Item, error) {
	ctx, end := telemetry.Span(ctx, "items.get")
	defer end()
	answer, err := d.Client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &d.Table, Key: key(id), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return Item{}, told("reading an item", err)
	}
	if len(answer.Item) == 0 {
		return Item{}, NotFound()
	}
	return Decode(answer.Item)
}

func key(id string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: id}}
}

// Create writes the item under the condition that there is none with its id. The client may send a request twice when an
// answer is lost; the change then tells that what is found is what was just written.
func (d *Dynamo) Create(ctx context.Context, item Item) (Item, bool, error) {
	ctx, end := telemetry.Span(ctx, "items.create")
	defer end()
	_, err := d.Client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &d.Table, Item: Encode(item), ConditionExpression: aws.String("attribute_not_exists(id)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	there, refused, err := condition(err)
	if err != nil {
		return Item{}, false, told("writing an item", err)
	}
	if refused && there == nil {
		found, err := d.Get(ctx, item.ID)
		return found, found.Change == item.Change, err
	}
	if refused {
		return *there, there.Change == item.Change, nil
	}
	return item, true, nil
}

// Update sets the attributes that this release knows, and leaves others alone: they may be a newer release's, which runs
// at the same time during a deployment.
func (d *Dynamo) Update(ctx context.Context, item Item) error {
	ctx, end := telemetry.Span(ctx, "items.update")
	defer end()
	values := map[string]types.AttributeValue{":before": number(item.Version - 1)}
	names := map[string]string{"#id": "id", "#version": "version"}
	set, remove := "", ""
	all := Encode(item)
	for _, name := range mutable {
		names["#"+name] = name
		if value, ok := all[name]; ok {
			values[":"+name] = value
			set += ", #" + name + " = :" + name
		} else {
			remove += ", #" + name
		}
	}
	expression := "SET " + set[2:]
	if remove != "" {
		expression += " REMOVE " + remove[2:]
	}
	_, err := d.Client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &d.Table, Key: key(item.ID), UpdateExpression: &expression,
		ConditionExpression:      aws.String("attribute_exists(#id) AND #version = :before"),
		ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	there, refused, err := condition(err)
	if err != nil {
		return told("changing an item", err)
	}
	if refused && (there == nil || there.Change != item.Change) {
		return Stale()
	}
	return nil
}

// condition tells a refused condition from a failure; there is what stands in the table, where DynamoDB says it.
func condition(err error) (there *Item, refused bool, failure error) {
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return nil, false, err
	}
	if len(failed.Item) == 0 {
		return nil, true, nil
	}
	found, err := Decode(failed.Item)
	if err != nil {
		return nil, true, err
	}
	return &found, true, nil
}

// List asks the index that the query needs; everything is a scan, page by page.
func (d *Dynamo) List(ctx context.Context, query Query) (Page, error) {
	ctx, end := telemetry.Span(ctx, "items.list")
	defer end()
	start := startKey(query.After)
	var rows []map[string]types.AttributeValue
	var last map[string]types.AttributeValue
	if query.Holder == "" && query.Type == "" {
		answer, err := d.Client.Scan(ctx, &dynamodb.ScanInput{TableName: &d.Table, Limit: aws.Int32(int32(query.Limit)), ExclusiveStartKey: start})
		if err != nil {
			return Page{}, told("listing items", err)
		}
		rows, last = answer.Items, answer.LastEvaluatedKey
	} else {
		input := d.query(query)
		input.Limit, input.ExclusiveStartKey = aws.Int32(int32(query.Limit)), start
		answer, err := d.Client.Query(ctx, input)
		if err != nil {
			return Page{}, told("listing items", err)
		}
		rows, last = answer.Items, answer.LastEvaluatedKey
	}
	page := Page{Items: make([]Item, 0, len(rows))}
	for _, row := range rows {
		item, err := Decode(row)
		if err != nil {
			return Page{}, err
		}
		page.Items = append(page.Items, item)
	}
	if len(last) > 0 {
		page.Next = map[string]string{}
		for name, value := range last {
			text, ok := value.(*types.AttributeValueMemberS)
			if !ok {
				return Page{}, fmt.Errorf("listing items: the key %s of the table is no string", name)
			}
			page.Next[name] = text.Value
		}
	}
	return page, nil
}

func (d *Dynamo) query(query Query) *dynamodb.QueryInput {
	if query.Holder != "" {
		return &dynamodb.QueryInput{
			TableName: &d.Table, IndexName: aws.String(ByHolder), KeyConditionExpression: aws.String("#holder = :holder"),
			ExpressionAttributeNames:  map[string]string{"#holder": "holder"},
			ExpressionAttributeValues: map[string]types.AttributeValue{":holder": &types.AttributeValueMemberS{Value: query.Holder}},
		}
	}
	input := &dynamodb.QueryInput{
		TableName: &d.Table, IndexName: aws.String(ByTypeStatus), KeyConditionExpression: aws.String("#type = :type"),
		ExpressionAttributeNames:  map[string]string{"#type": "type"}, // both names are reserved words of DynamoDB
		ExpressionAttributeValues: map[string]types.AttributeValue{":type": &types.AttributeValueMemberS{Value: query.Type}},
	}
	if query.Status != "" {
		*input.KeyConditionExpression += " AND #status = :status"
		input.ExpressionAttributeNames["#status"] = "status"
		input.ExpressionAttributeValues[":status"] = &types.AttributeValueMemberS{Value: string(query.Status)}
	}
	return input
}

func startKey(after map[string]string) map[string]types.AttributeValue {
	if len(after) == 0 {
		return nil
	}
	result := make(map[string]types.AttributeValue, len(after))
	for name, value := range after {
		result[name] = &types.AttributeValueMemberS{Value: value}
	}
	return result
}

// CountAvailable counts on the index, and stops at enough: the price is bounded by the limit and not by the stock.
func (d *Dynamo) CountAvailable(ctx context.Context, typ string, enough int) (int, error) {
	ctx, end := telemetry.Span(ctx, "items.count")
	defer end()
	input := d.query(Query{Type: typ, Status: Available})
	input.Select = types.SelectCount
	count := 0
	for count < enough {
		input.Limit = aws.Int32(int32(enough - count))
		answer, err := d.Client.Query(ctx, input)
		if err != nil {
			return 0, told("counting items", err)
		}
		count += int(answer.Count)
		if len(answer.LastEvaluatedKey) == 0 {
			break
		}
		input.ExclusiveStartKey = answer.LastEvaluatedKey
	}
	return count, nil
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// told turns an outage into what the asker is told. The client has tried three times by then.
func told(what string, err error) error {
	wrapped := fmt.Errorf("%s: %w", what, err)
	if Outage(err) {
		return fault.Outage("items table", wrapped)
	}
	return wrapped
}

// Outage says whether DynamoDB, and not the request, is the reason of an error.
func Outage(err error) bool {
	var network net.Error
	var send *smithyhttp.RequestSendError
	var tired *retry.MaxAttemptsError
	var api smithy.APIError
	switch {
	// The client gives up only after failures that were worth another attempt.
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network), errors.As(err, &send), errors.As(err, &tired):
		return true
	case errors.As(err, &api):
		switch api.ErrorCode() {
		case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "LimitExceededException":
			return true
		}
		return api.ErrorFault() == smithy.FaultServer
	}
	return false
}
