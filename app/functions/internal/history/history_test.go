package history

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

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
	silent string           // the event id that gets no answer
}

func (t *table) PutItem(ctx context.Context, input *dynamodb.PutItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	t.inputs = append(t.inputs, input)
	if t.silent != "" && text(input.Item["eventId"]) == t.silent {
		<-ctx.Done()
		return nil, ctx.Err()
	}
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

// A slow table: what was written before the time is over stays written, and the next call begins behind it.
func TestABatchStopsInTime(t *testing.T) {
	there := &table{silent: "e2"}
	w := writer(there)
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(4*time.Second))
	defer cancel()
	response, err := w.Handle(ctx, read(t, batch))
	require.NoError(t, err)
	require.NoError(t, ctx.Err(), "there is time left to say so")
	assert.Equal(t, []events.DynamoDBBatchItemFailure{{ItemIdentifier: "1000"}}, response.BatchItemFailures)
	assert.Len(t, there.rows, 1)
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

// decoded is what Lambda would hand over, or false where the library refuses the text. For some texts that no stream sends it
// panics; Lambda's runtime makes a failed call of that, before this package is asked.
func decoded(text []byte) (event events.DynamoDBEvent, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	return event, json.Unmarshal(text, &event) == nil
}

// Whatever a stream sends: nothing panics, each row has its key, and a failure names a record of the batch behind which
// nothing was written.
func FuzzHandle(f *testing.F) {
	f.Add([]byte(batch))
	for _, record := range []string{
		`{}`, `{"eventID":"e","dynamodb":{"SequenceNumber":"1","Keys":{"id":{"S":"x"}},"NewImage":{"a":{}}}}`,
		`{"eventID":"e","dynamodb":{"SequenceNumber":"1","Keys":{"id":{"S":"x"}},"OldImage":{"a":{"L":[{"M":{"b":{"BS":["AA=="]}}}]}}}}`,
		`{"eventID":"e","dynamodb":{"SequenceNumber":"` + strings.Repeat("9", 60) + `","Keys":{"id":{"S":"x"}}}}`,
	} {
		f.Add([]byte(`{"Records":[` + record + `]}`))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		event, ok := decoded(text)
		if !ok {
			return
		}
		there := &table{}
		response, err := writer(there).Handle(context.Background(), event)
		if err != nil {
			t.Fatalf("the call failed instead of a record: %v", err)
		}
		for _, input := range there.inputs {
			if keyText(input.Item["itemId"]) == "" || keyText(input.Item["at"]) == "" {
				t.Fatalf("a row without a key: %v", input.Item)
			}
		}
		switch len(response.BatchItemFailures) {
		case 0:
			if len(there.inputs) != len(event.Records) {
				t.Fatalf("%d records became %d rows", len(event.Records), len(there.inputs))
			}
		case 1:
			if failed := event.Records[len(there.inputs)]; failed.Change.SequenceNumber != response.BatchItemFailures[0].ItemIdentifier {
				t.Fatalf("it names %q, and %q failed", response.BatchItemFailures[0].ItemIdentifier, failed.Change.SequenceNumber)
			}
		default:
			t.Fatal("more than the first failure is named")
		}
	})
}

func keyText(value types.AttributeValue) string {
	found, ok := value.(*types.AttributeValueMemberS)
	if !ok {
		return ""
	}
	return found.Value
}
