// Package history reads what the function item-events wrote about each change of an item.
package history

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/itrack/itrack/app/backend/internal/fault"
	"github.com/itrack/itrack/app/backend/internal/items"
	"github.com/itrack/itrack/app/backend/internal/telemetry"
)

// Event is one change. Before is nil for the creation, After where the row was removed.
type Event struct {
	ID     string
	At     time.Time
	Before *items.Item
	After  *items.Item
}

// Page is a part of an item's history, newest first. Next is where the next part begins; nil where there is none.
type Page struct {
	Events []Event
	Next   map[string]string
}

// Store reads histories. A change arrives moments after it was made.
type Store interface {
	List(ctx context.Context, item string, limit int, after map[string]string) (Page, error)
}

// Dynamo reads the history table: key itemId and at.
type Dynamo struct {
	Client *dynamodb.Client
	Table  string
}

// List reads a page.
func (d *Dynamo) List(ctx context.Context, item string, limit int, after map[string]string) (Page, error) {
	ctx, end := telemetry.Span(ctx, "history.list")
	defer end()
	input := &dynamodb.QueryInput{
		TableName: &d.Table, KeyConditionExpression: aws.String("itemId = :item"), ScanIndexForward: aws.Bool(false), Limit: aws.Int32(int32(limit)),
		ExpressionAttributeValues: map[string]types.AttributeValue{":item": &types.AttributeValueMemberS{Value: item}},
	}
	if len(after) > 0 {
		input.ExclusiveStartKey = map[string]types.AttributeValue{
			"itemId": &types.AttributeValueMemberS{Value: item}, "at": &types.AttributeValueMemberS{Value: after["at"]},
		}
	}
	answer, err := d.Client.Query(ctx, input)
	if err != nil {
		err = fmt.Errorf("reading the history of an item: %w", err)
		if items.Outage(err) {
			return Page{}, fault.Outage("history table", err)
		}
		return Page{}, err
	}
	page := Page{Events: make([]Event, 0, len(answer.Items))}
	for _, row := range answer.Items {
		event, err := Decode(row)
		if err != nil {
			return Page{}, err
		}
		page.Events = append(page.Events, event)
	}
	if at, ok := answer.LastEvaluatedKey["at"].(*types.AttributeValueMemberS); ok {
		page.Next = map[string]string{"at": at.Value}
	}
	return page, nil
}

// Decode reads a row: at is the change's time, a #, and its number in the stream.
func Decode(row map[string]types.AttributeValue) (Event, error) {
	text := func(name string) string {
		if value, ok := row[name].(*types.AttributeValueMemberS); ok {
			return value.Value
		}
		return ""
	}
	event := Event{ID: text("eventId")}
	if event.ID == "" {
		return Event{}, fmt.Errorf("reading the history of %q: a row has no eventId", text("itemId"))
	}
	at, _, ok := strings.Cut(text("at"), "#")
	var err error
	if event.At, err = time.Parse(time.RFC3339, at); err != nil || !ok {
		return Event{}, fmt.Errorf("reading the history of %q: the key at of event %q is no time with a number", text("itemId"), event.ID)
	}
	event.At = event.At.UTC()
	for name, into := range map[string]**items.Item{"before": &event.Before, "after": &event.After} {
		image, ok := row[name].(*types.AttributeValueMemberM)
		if !ok {
			continue
		}
		item, err := items.Decode(image.Value)
		if err != nil {
			return Event{}, fmt.Errorf("reading the history, event %q, %s: %w", event.ID, name, err)
		}
		*into = &item
	}
	if event.Before == nil && event.After == nil {
		return Event{}, fmt.Errorf("reading the history of %q: event %q has neither before nor after", text("itemId"), event.ID)
	}
	return event, nil
}
