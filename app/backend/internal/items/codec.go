package items

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// mutable are the attributes that a change may write; the others are written once.
var mutable = []string{"status", "holder", "place", "version", "updatedAt", "changedBy", "changeId"}

// timeForm is RFC 3339 in UTC with milliseconds, so that the order of the strings is the order of the times.
const timeForm = "2006-01-02T15:04:05.000Z"

// Encode writes an item as a row. What is empty has no attribute: DynamoDB takes no empty string as a key of an index, and
// an item without a holder stands in no holder's list.
func Encode(item Item) map[string]types.AttributeValue {
	row := map[string]types.AttributeValue{"version": number(item.Version)}
	for name, value := range map[string]string{
		"id": item.ID, "type": item.Type, "serial": item.Serial, "status": string(item.Status), "holder": item.Holder, "place": item.Place,
		"createdAt": item.Created.UTC().Format(timeForm), "updatedAt": item.Updated.UTC().Format(timeForm),
		"changedBy": item.ChangedBy, "changeId": item.Change, "creation": item.Creation,
	} {
		if value != "" {
			row[name] = &types.AttributeValueMemberS{Value: value}
		}
	}
	return row
}

// Decode reads a row, of the items table or an image in the history. Attributes that it does not know are another
// release's and left alone.
func Decode(row map[string]types.AttributeValue) (Item, error) {
	text := func(name string) string {
		if value, ok := row[name].(*types.AttributeValueMemberS); ok {
			return value.Value
		}
		return ""
	}
	item := Item{
		ID: text("id"), Type: text("type"), Serial: text("serial"), Status: Status(text("status")), Holder: text("holder"), Place: text("place"),
		ChangedBy: text("changedBy"), Change: text("changeId"), Creation: text("creation"),
	}
	if item.ID == "" {
		return Item{}, fmt.Errorf("reading an item: its row has no id as a string")
	}
	if item.Type == "" || item.Serial == "" || !slices.Contains(Statuses, item.Status) {
		return Item{}, fmt.Errorf("reading the item %q: type, serial or status is missing or unknown", item.ID)
	}
	value, ok := row["version"].(*types.AttributeValueMemberN)
	if !ok {
		return Item{}, fmt.Errorf("reading the item %q: version is missing or no number", item.ID)
	}
	var err error
	if item.Version, err = strconv.ParseInt(value.Value, 10, 64); err != nil || item.Version < 1 {
		return Item{}, fmt.Errorf("reading the item %q: version %q is no whole number from 1", item.ID, value.Value)
	}
	for name, into := range map[string]*time.Time{"createdAt": &item.Created, "updatedAt": &item.Updated} {
		if *into, err = time.Parse(time.RFC3339, text(name)); err != nil {
			return Item{}, fmt.Errorf("reading the item %q: %s is no time of RFC 3339", item.ID, name)
		}
		*into = into.UTC()
	}
	return item, nil
}
