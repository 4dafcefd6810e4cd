// Package history writes the changes of items, as DynamoDB's stream tells them, into the history table.
package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/itrack/itrack/app/functions/internal/intime"
)

// Table is the one call of DynamoDB that is used.
type Table interface {
	PutItem(ctx context.Context, input *dynamodb.PutItemInput, options ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
}

// Writer writes changes into the history table named Name.
type Writer struct {
	Table Table
	Name  string
	Log   *slog.Logger
}

// sequenceDigits is the longest sequence number of a stream: padded to it, the order of strings is the order of numbers.
// Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html
const sequenceDigits = 40

// reserve is what stays of the function's time to name the first change that is not written.
const reserve = 2 * time.Second

// Handle writes the records of a batch in their order. It stops at the first that fails and names it: Lambda sends the
// batch again from there, and the order of an item's changes is kept. A change that is there already is no failure. It also
// stops when the function's time is about to be over: Lambda would else send all of the batch again, and again.
func (w *Writer) Handle(ctx context.Context, event events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	ctx, cancel := intime.Before(ctx, reserve)
	defer cancel()
	for _, record := range event.Records {
		err := w.write(ctx, record)
		if err == nil {
			continue
		}
		w.Log.ErrorContext(ctx, "a change could not be written", "eventId", record.EventID, "error", err)
		return events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{
			{ItemIdentifier: record.Change.SequenceNumber},
		}}, nil
	}
	return events.DynamoDBEventResponse{}, nil
}

func (w *Writer) write(ctx context.Context, record events.DynamoDBEventRecord) error {
	item, err := row(record)
	if err != nil {
		return err
	}
	_, err = w.Table.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: aws.String(w.Name), Item: item,
		// The key holds the item and the event: a second delivery of the same change finds the first.
		ConditionExpression: aws.String("attribute_not_exists(itemId)"),
	})
	var there *types.ConditionalCheckFailedException
	if errors.As(err, &there) {
		w.Log.InfoContext(ctx, "the change is there already", "eventId", record.EventID)
		return nil
	}
	if err != nil {
		return fmt.Errorf("writing the change %s: %w", record.EventID, err)
	}
	return nil
}

// row is the history's row of a change: itemId and at are its key.
func row(record events.DynamoDBEventRecord) (map[string]types.AttributeValue, error) {
	id, ok := record.Change.Keys["id"]
	if !ok || id.DataType() != events.DataTypeString || id.String() == "" {
		return nil, fmt.Errorf("the change %s has no key id: the stream is not that of the items table", record.EventID)
	}
	if record.EventID == "" || record.Change.SequenceNumber == "" {
		return nil, fmt.Errorf("a change of the item %s has no event id or sequence number", id.String())
	}
	item := map[string]types.AttributeValue{
		"itemId":  &types.AttributeValueMemberS{Value: id.String()},
		"at":      &types.AttributeValueMemberS{Value: at(record)},
		"eventId": &types.AttributeValueMemberS{Value: record.EventID},
		"change":  &types.AttributeValueMemberS{Value: record.EventName},
	}
	for name, image := range map[string]map[string]events.DynamoDBAttributeValue{"before": record.Change.OldImage, "after": record.Change.NewImage} {
		if len(image) == 0 {
			continue
		}
		converted, err := convertMap(image)
		if err != nil {
			return nil, fmt.Errorf("the change %s: %w", record.EventID, err)
		}
		item[name] = &types.AttributeValueMemberM{Value: converted}
	}
	return item, nil
}

// at is the change's time followed by its sequence number: the stream's times are whole seconds, in which an item may
// change more than once.
func at(record events.DynamoDBEventRecord) string {
	number := record.Change.SequenceNumber
	if missing := sequenceDigits - len(number); missing > 0 {
		number = strings.Repeat("0", missing) + number
	}
	return record.Change.ApproximateCreationDateTime.UTC().Format(time.RFC3339) + "#" + number
}

func convertMap(values map[string]events.DynamoDBAttributeValue) (map[string]types.AttributeValue, error) {
	result := make(map[string]types.AttributeValue, len(values))
	for name, value := range values {
		converted, err := convert(value)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
		result[name] = converted
	}
	return result, nil
}

// convert turns the event's form of a value into the API's.
func convert(value events.DynamoDBAttributeValue) (types.AttributeValue, error) {
	switch value.DataType() {
	case events.DataTypeString:
		return &types.AttributeValueMemberS{Value: value.String()}, nil
	case events.DataTypeNumber:
		return &types.AttributeValueMemberN{Value: value.Number()}, nil
	case events.DataTypeBoolean:
		return &types.AttributeValueMemberBOOL{Value: value.Boolean()}, nil
	case events.DataTypeNull:
		return &types.AttributeValueMemberNULL{Value: true}, nil
	case events.DataTypeBinary:
		return &types.AttributeValueMemberB{Value: value.Binary()}, nil
	case events.DataTypeStringSet:
		return &types.AttributeValueMemberSS{Value: value.StringSet()}, nil
	case events.DataTypeNumberSet:
		return &types.AttributeValueMemberNS{Value: value.NumberSet()}, nil
	case events.DataTypeBinarySet:
		return &types.AttributeValueMemberBS{Value: value.BinarySet()}, nil
	case events.DataTypeMap:
		converted, err := convertMap(value.Map())
		return &types.AttributeValueMemberM{Value: converted}, err
	case events.DataTypeList:
		list := make([]types.AttributeValue, 0, len(value.List()))
		for i, element := range value.List() {
			converted, err := convert(element)
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i, err)
			}
			list = append(list, converted)
		}
		return &types.AttributeValueMemberL{Value: list}, nil
	default:
		return nil, fmt.Errorf("a value of the unknown kind %v", value.DataType())
	}
}
