package items

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/auth"
	"github.com/itrack/itrack/app/backend/internal/fault"
)

// Every status with every operation: what this table does not name is refused.
func TestTransitions(t *testing.T) {
	allowed := map[string]Status{
		"available assign": Assigned, "assigned return": Available, "inRepair return": Available, "available repair": InRepair,
		"assigned repair": InRepair, "available retire": Retired, "inRepair retire": Retired,
	}
	for _, status := range Statuses {
		for _, operation := range []Operation{Assign, Return, Repair, Retire} {
			item := Item{Status: status}
			if status == Assigned {
				item.Holder = "before"
			}
			changed, err := item.Apply(operation, "after")
			wanted, ok := allowed[fmt.Sprint(status, " ", operation)]
			if !ok {
				assert.True(t, fault.Is(err, fault.Conflict), "%s %s", status, operation)
				continue
			}
			require.NoError(t, err)
			assert.Equal(t, wanted, changed.Status)
			if wanted == Assigned {
				assert.Equal(t, "after", changed.Holder)
			} else {
				assert.Empty(t, changed.Holder, "only an assigned item has a holder")
			}
		}
	}
}

func TestIDs(t *testing.T) {
	assert.True(t, ValidID(IDOf("laptop", "A1")))
	assert.NotEqual(t, IDOf("laptop", "A1"), IDOf("laptopa", "1"))
	for _, id := range []string{"", "ABC", strings.Repeat("a", 27), strings.Repeat("1", 26), "../../../etc/passwd/aaaaaa"} {
		assert.False(t, ValidID(id), id)
	}
}

func TestRows(t *testing.T) {
	item := Item{
		ID: IDOf("laptop", "A1"), Type: "laptop", Serial: "A1", Status: Assigned, Holder: "h", Place: "p", Version: 7,
		Created: time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC), Updated: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), ChangedBy: "b", Change: "c", Creation: "k",
	}
	back, err := Decode(Encode(item))
	require.NoError(t, err)
	assert.Equal(t, item, back)
	assert.NotContains(t, Encode(Item{}), "holder", "an empty holder would be an empty key of the index, which DynamoDB refuses")
	for _, name := range mutable {
		assert.Contains(t, Encode(item), name)
	}
	for name, value := range map[string]types.AttributeValue{
		"id": nil, "type": nil, "serial": &types.AttributeValueMemberN{Value: "1"}, "status": &types.AttributeValueMemberS{Value: "lost"},
		"version": &types.AttributeValueMemberN{Value: "0"}, "createdAt": &types.AttributeValueMemberS{Value: "yesterday"}, "updatedAt": nil,
	} {
		row := Encode(item)
		row[name] = value
		_, err := Decode(row)
		assert.Error(t, err, name)
	}
}

func FuzzDecodeRow(f *testing.F) {
	f.Add("id", "laptop", "A1", "available", "1", "2026-01-02T03:04:05Z")
	f.Add("", "", "", "", "", "")
	f.Add("id", "t", "s", "retired", "99999999999999999999", "2026")
	f.Fuzz(func(t *testing.T, id, typ, serial, status, version, at string) {
		row := map[string]types.AttributeValue{"version": &types.AttributeValueMemberN{Value: version}}
		for name, value := range map[string]string{"id": id, "type": typ, "serial": serial, "status": status, "createdAt": at, "updatedAt": at} {
			row[name] = &types.AttributeValueMemberS{Value: value}
		}
		item, err := Decode(row)
		if err != nil {
			return
		}
		again, err := Decode(Encode(item))
		if err != nil || again.Version != item.Version || again.Status != item.Status {
			t.Fatalf("%+v does not survive: %v", item, err)
		}
	})
}

func cursors(t testing.TB, key string) Cursors {
	keys, err := auth.ParseKeys("KEY", key, 10)
	require.NoError(t, err)
	return Cursors{Keys: keys}
}

func TestCursors(t *testing.T) {
	ours := cursors(t, "a key of ours")
	key := map[string]string{"id": "x", "holder": "y"}
	text, err := ours.Make("list", key)
	require.NoError(t, err)
	back, err := ours.Read("list", text)
	require.NoError(t, err)
	assert.Equal(t, key, back)
	none, err := ours.Make("list", nil)
	require.NoError(t, err)
	assert.Empty(t, none)
	for name, c := range map[string]struct {
		cursors    Cursors
		list, text string
	}{
		"another list": {ours, "another", text}, "another key": {cursors(t, "a key of others"), "list", text},
		"changed": {ours, "list", "A" + text[1:]}, "cut": {ours, "list", text[:len(text)-2]}, "longer": {ours, "list", text + "AA"},
		"no base64": {ours, "list", "!"}, "short": {ours, "list", "AAAA"}, "very long": {ours, "list", strings.Repeat("A", 5000)},
	} {
		_, err := c.cursors.Read(c.list, c.text)
		assert.True(t, fault.Is(err, fault.Invalid), name)
	}
}

func FuzzReadCursor(f *testing.F) {
	ours := cursors(f, "a key of ours")
	text, err := ours.Make("list", map[string]string{"id": "x"})
	require.NoError(f, err)
	for _, seed := range []string{text, "", "AAAA", text + "=", strings.Repeat("_", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		key, err := ours.Read("list", given)
		if err == nil && given != "" && (given != text || key["id"] != "x") {
			t.Fatalf("%q passed", given)
		}
	})
}
