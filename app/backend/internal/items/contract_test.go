package items_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/fault"
	"github.com/itrack/itrack/app/backend/internal/items"
	"github.com/itrack/itrack/app/backend/internal/memory"
	"github.com/itrack/itrack/app/backend/internal/testplace"
	"github.com/itrack/itrack/internal/emulators"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func sample(serial string) items.Item {
	return items.Item{
		ID: items.IDOf("laptop", serial), Type: "laptop", Serial: serial, Status: items.Available, Place: "Room 1", Version: 1,
		Created: noon, Updated: noon, ChangedBy: "machine", Change: "change-" + serial,
	}
}

// Both stores keep the same promises, so that what is tested and measured on the one holds on the other.
func TestStores(t *testing.T) {
	amazon := testplace.Amazon(emulators.Moto(t))
	for name, open := range map[string]func(t *testing.T) items.Store{
		"memory": func(*testing.T) items.Store { return memory.NewItems(time.Now) },
		"dynamo": func(t *testing.T) items.Store { return table(t, amazon) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Run("create and read", func(t *testing.T) { createAndRead(t, open(t)) })
			t.Run("versions", func(t *testing.T) { versions(t, open(t)) })
			t.Run("one of many wins", func(t *testing.T) { oneWins(t, open(t)) })
			t.Run("lists", func(t *testing.T) { lists(t, open(t)) })
		})
	}
}

var tables atomic.Int64

func table(t *testing.T, amazon aws.Config) *items.Dynamo {
	client := dynamodb.NewFromConfig(amazon)
	name := fmt.Sprintf("items-%d", tables.Add(1))
	testplace.Tables(t, client, name, "history-of-"+name)
	return &items.Dynamo{Client: client, Table: name}
}

func createAndRead(t *testing.T, store items.Store) {
	ctx := context.Background()
	item := sample("A1")
	_, err := store.Get(ctx, item.ID)
	require.True(t, fault.Is(err, fault.NotFound))
	found, made, err := store.Create(ctx, item)
	require.NoError(t, err)
	assert.True(t, made)
	assert.Equal(t, item, found)
	found, err = store.Get(ctx, item.ID)
	require.NoError(t, err)
	assert.Equal(t, item, found)

	second := item
	second.Place, second.Change = "elsewhere", "another change"
	found, made, err = store.Create(ctx, second)
	require.NoError(t, err)
	assert.False(t, made)
	assert.Equal(t, item, found, "the first one stays")
}

func versions(t *testing.T, store items.Store) {
	ctx := context.Background()
	item := sample("A1")
	_, _, err := store.Create(ctx, item)
	require.NoError(t, err)
	item.Version, item.Status, item.Holder, item.Change = 2, items.Assigned, items.IDOf("x", "y"), "two"
	require.NoError(t, store.Update(ctx, item))
	stale := item
	stale.Change = "also two"
	require.True(t, fault.Is(store.Update(ctx, stale), fault.Stale))
	item.Version, item.Status, item.Holder, item.Place, item.Change = 3, items.Available, "", "", "three"
	require.NoError(t, store.Update(ctx, item))
	found, err := store.Get(ctx, item.ID)
	require.NoError(t, err)
	assert.Equal(t, item, found)
	missing := sample("missing")
	missing.Version = 2
	require.True(t, fault.Is(store.Update(ctx, missing), fault.Stale))
}

func oneWins(t *testing.T, store items.Store) {
	ctx := context.Background()
	item := sample("A1")
	_, _, err := store.Create(ctx, item)
	require.NoError(t, err)
	var wait sync.WaitGroup
	var won atomic.Int64
	for i := range 8 {
		wait.Go(func() {
			mine := item
			mine.Version, mine.Place, mine.Change = 2, fmt.Sprint("Room ", i), fmt.Sprint("change ", i)
			err := store.Update(ctx, mine)
			if err == nil {
				won.Add(1)
			} else {
				assert.True(t, fault.Is(err, fault.Stale), "%v", err)
			}
		})
	}
	wait.Wait()
	assert.Equal(t, int64(1), won.Load())
}

func lists(t *testing.T, store items.Store) {
	ctx := context.Background()
	holder := items.IDOf("x", "holder")
	for i := range 7 {
		item := sample(fmt.Sprint("A", i))
		if i < 3 {
			item.Status, item.Holder = items.Assigned, holder
		}
		_, _, err := store.Create(ctx, item)
		require.NoError(t, err)
	}
	phone := sample("P1")
	phone.Type, phone.ID = "phone", items.IDOf("phone", "P1")
	_, _, err := store.Create(ctx, phone)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		query items.Query
		count int
	}{
		"everything":      {items.Query{}, 8},
		"a holder":        {items.Query{Holder: holder}, 3},
		"nobody":          {items.Query{Holder: items.IDOf("x", "nobody")}, 0},
		"a type":          {items.Query{Type: "laptop"}, 7},
		"type and status": {items.Query{Type: "laptop", Status: items.Available}, 4},
	} {
		for _, limit := range []int{1, 2, 3, 200} {
			seen := map[string]bool{}
			query := c.query
			query.Limit = limit
			for pages := 0; ; pages++ {
				require.Less(t, pages, 20, name)
				page, err := store.List(ctx, query)
				require.NoError(t, err, name)
				require.LessOrEqual(t, len(page.Items), limit)
				for _, item := range page.Items {
					assert.False(t, seen[item.ID], "%s: twice", name)
					seen[item.ID] = true
				}
				if page.Next == nil {
					break
				}
				query.After = page.Next
			}
			assert.Len(t, seen, c.count, "%s by %d", name, limit)
		}
	}
	for enough, wanted := range map[int]int{1: 1, 3: 3, 4: 4, 100: 4} {
		count, err := store.CountAvailable(ctx, "laptop", enough)
		require.NoError(t, err)
		assert.Equal(t, wanted, count, enough)
	}
}

// losing drops the answers of the next requests after they were carried out.
type losing struct{ lose atomic.Int64 }

func (l *losing) Do(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultClient.Do(request)
	if err == nil && l.lose.Add(-1) >= 0 {
		_ = response.Body.Close()
		return nil, errors.New("connection reset by peer")
	}
	return response, err
}

// The client sends again when an answer is lost. That its own write is in the way is no conflict.
func TestLostAnswersAreNoConflicts(t *testing.T) {
	amazon := testplace.Amazon(emulators.Moto(t))
	line := &losing{}
	amazon.HTTPClient = line
	store := table(t, amazon)
	ctx := context.Background()
	item := sample("A1")
	line.lose.Store(1)
	_, made, err := store.Create(ctx, item)
	require.NoError(t, err)
	assert.True(t, made)
	item.Version, item.Place, item.Change = 2, "Room 2", "two"
	line.lose.Store(1)
	require.NoError(t, store.Update(ctx, item))
	found, err := store.Get(ctx, item.ID)
	require.NoError(t, err)
	assert.Equal(t, item, found)

	line.lose.Store(100)
	_, err = store.Get(ctx, item.ID)
	require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
}

// A newer release may have attributes of its own; this one changes an item and leaves them alone.
func TestAttributesOfANewerReleaseStay(t *testing.T) {
	store := table(t, testplace.Amazon(emulators.Moto(t)))
	ctx := context.Background()
	item := sample("A1")
	row := items.Encode(item)
	row["warrantyUntil"] = &types.AttributeValueMemberS{Value: "2030-01-01"}
	_, err := store.Client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &store.Table, Item: row})
	require.NoError(t, err)
	item.Version, item.Place, item.Change = 2, "", "two"
	require.NoError(t, store.Update(ctx, item))
	answer, err := store.Client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &store.Table, Key: map[string]types.AttributeValue{"id": row["id"]}})
	require.NoError(t, err)
	assert.Equal(t, row["warrantyUntil"], answer.Item["warrantyUntil"])
	assert.NotContains(t, answer.Item, "place")
	found, err := items.Decode(answer.Item)
	require.NoError(t, err)
	assert.Equal(t, item, found)
}

func TestAnUnreadableRowIsNamed(t *testing.T) {
	store := table(t, testplace.Amazon(emulators.Moto(t)))
	id := items.IDOf("laptop", "A1")
	_, err := store.Client.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: &store.Table, Item: map[string]types.AttributeValue{
		"id": &types.AttributeValueMemberS{Value: id},
	}})
	require.NoError(t, err)
	_, err = store.Get(context.Background(), id)
	require.ErrorContains(t, err, id)
	require.False(t, strings.Contains(err.Error(), "%!"))
}
