package history

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// table keeps what is put, under its key, and refuses a second one as the condition does.
type table struct {
	rows   map[string]map[string]types.AttributeValue
	inputs []*dynamodb.PutItemInput
	fail   map[string]error // by event id
}

func (t *table) PutItem(_ context.Context, input *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	t.inputs = append(t.inputs, input)
	if err := t.fail[text(input.Item["eventId"])]; err != nil {
		return nil, err
	}
	key := text(input.Item["itemId"]) + "|" + text(input.Item["at"])
	if _, there := t.rows[key]; there {
		return nil, &types.ConditionalCheckFailedException{}
	}
	t.rows[key] = input.Item
	return &dynamodb.PutItemOutput{}, nil
}

func text(value types.AttributeValue) string { return value.(*types.AttributeValueMemberS).Value }

func writer(t *table) *Writer {
	t.rows = map[string]map[string]types.AttributeValue{}
	return &Writer{Table: t, Name: "itrack-item-history-staging", Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// batch is an event as Lambda sends it: two changes of one item in the same second.
const batch = `{"Records": [
	{"eventID": "e1", "eventName": "INSERT", "dynamodb": {"ApproximateCreationDateTime": 1700000000, "SequenceNumber": "999",
		"Keys": {"id": {"S": "item-1"}},
		"NewImage": {"id": {"S": "item-1"}, "count": {"N": "3"}, "lost": {"BOOL": false}, "holder": {"NULL": true},
			"tags": {"SS": ["a", "b"]}, "at": {"M": {"room": {"S": "12"}}}, "log": {"L": [{"S": "x"}, {"N": "1.5"}]}, "raw": {"B": "AAE="}}}},
	{"eventID": "e2", "eventName": "REMOVE", "dynamodb": {"ApproximateCreationDateTime": 1700000000, "SequenceNumber": "1000",
		"Keys": {"id": {"S": "item-1"}}, "OldImage": {"id": {"S": "item-1"}}}}]}`

func read(t *testing.T, text string) events.DynamoDBEvent {
	t.Helper()
	var event events.DynamoDBEvent
	require.NoError(t, json.Unmarshal([]byte(text), &event))
	return event
}

func TestEveryChangeBecomesARow(t *testing.T) {
	there := &table{}
	response, err := writer(there).Handle(context.Background(), read(t, batch))
	require.NoError(t, err)
	assert.Empty(t, response.BatchItemFailures)
	require.Len(t, there.rows, 2, "two changes in one second are two rows")
	first, second := there.inputs[0], there.inputs[1]
	assert.Equal(t, "itrack-item-history-staging", *first.TableName)
	assert.Equal(t, "attribute_not_exists(itemId)", *first.ConditionExpression)
	assert.Equal(t, "INSERT", text(first.Item["change"]))
	assert.Equal(t, "2023-11-14T22:13:20Z#0000000000000000000000000000000000000999", text(first.Item["at"]))
	assert.Less(t, text(first.Item["at"]), text(second.Item["at"]), "the order of strings is the order of the changes")
	assert.Contains(t, second.Item, "before")
	assert.NotContains(t, second.Item, "after")

	after := first.Item["after"].(*types.AttributeValueMemberM).Value
	assert.Equal(t, &types.AttributeValueMemberN{Value: "3"}, after["count"])
	assert.Equal(t, &types.AttributeValueMemberBOOL{Value: false}, after["lost"])
	assert.Equal(t, &types.AttributeValueMemberNULL{Value: true}, after["holder"])
	assert.Equal(t, &types.AttributeValueMemberSS{Value: []string{"a", "b"}}, after["tags"])
	assert.Equal(t, &types.AttributeValueMemberB{Value: []byte{0, 1}}, after["raw"])
	assert.Equal(t, &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"room": &types.AttributeValueMemberS{Value: "12"}}}, after["at"])
	assert.Equal(t, &types.AttributeValueMemberL{Value: []types.AttributeValue{
		&types.AttributeValueMemberS{Value: "x"}, &types.AttributeValueMemberN{Value: "1.5"},
	}}, after["log"])
}

func TestASecondDeliveryChangesNothing(t *testing.T) {
	there := &table{}
	w := writer(there)
	for range 2 {
		response, err := w.Handle(context.Background(), read(t, batch))
		require.NoError(t, err)
		assert.Empty(t, response.BatchItemFailures)
	}
	assert.Len(t, there.rows, 2)
}

func TestABatchStopsAtTheFirstFailure(t *testing.T) {
	there := &table{fail: map[string]error{"e1": errors.New("throttled")}}
	response, err := writer(there).Handle(context.Background(), read(t, batch))
	require.NoError(t, err)
	assert.Equal(t, []events.DynamoDBBatchItemFailure{{ItemIdentifier: "999"}}, response.BatchItemFailures)
	assert.Len(t, there.inputs, 1, "what comes later must not be written before what failed")
}

func TestAForeignRecordFails(t *testing.T) {
	for name, record := range map[string]string{
		"no key id":          `{"eventID": "e1", "eventName": "INSERT", "dynamodb": {"SequenceNumber": "7", "Keys": {"name": {"S": "x"}}}}`,
		"a number as key":    `{"eventID": "e1", "eventName": "INSERT", "dynamodb": {"SequenceNumber": "7", "Keys": {"id": {"N": "1"}}}}`,
		"without event's id": `{"eventName": "INSERT", "dynamodb": {"SequenceNumber": "7", "Keys": {"id": {"S": "x"}}}}`,
	} {
		there := &table{}
		response, err := writer(there).Handle(context.Background(), read(t, `{"Records": [`+record+`]}`))
		require.NoError(t, err)
		assert.Equal(t, []events.DynamoDBBatchItemFailure{{ItemIdentifier: "7"}}, response.BatchItemFailures, name)
		assert.Empty(t, there.inputs, name)
	}
}
