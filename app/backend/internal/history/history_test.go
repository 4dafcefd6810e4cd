package history

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/app/backend/internal/items"
	"github.com/itrack/itrack/app/backend/internal/testplace"
	"github.com/itrack/itrack/internal/emulators"
)

func sample(version int64) items.Item {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	return items.Item{
		ID: items.IDOf("laptop", "A1"), Type: "laptop", Serial: "A1", Status: items.Available, Version: version, Place: fmt.Sprint("Room ", version),
		Created: at, Updated: at, ChangedBy: "machine", Change: fmt.Sprint("change ", version),
	}
}

// image writes a row as DynamoDB's stream does.
func image(t *testing.T, item items.Item) map[string]map[string]string {
	result := map[string]map[string]string{}
	for name, value := range items.Encode(item) {
		switch value := value.(type) {
		case *types.AttributeValueMemberS:
			result[name] = map[string]string{"S": value.Value}
		case *types.AttributeValueMemberN:
			result[name] = map[string]string{"N": value.Value}
		default:
			require.Fail(t, "a row has strings and numbers only", name)
		}
	}
	return result
}

// lambda is the runtime's side of AWS Lambda for one event; it gives back what the function answered.
func lambda(t *testing.T, binary string, event any, environment ...string) string {
	text, err := json.Marshal(event)
	require.NoError(t, err)
	answered, done := make(chan string, 1), make(chan struct{})
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/invocation/next") && !asked:
			asked = true
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "event-1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
			_, _ = w.Write(text)
		case strings.HasSuffix(r.URL.Path, "/invocation/next"):
			<-done
		default:
			body, _ := io.ReadAll(r.Body)
			answered <- r.URL.Path + " " + string(body)
			w.WriteHeader(http.StatusAccepted)
		}
	}))
	command := exec.Command(binary)
	command.Env = append(os.Environ(), append(environment, "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(server.URL, "http://"))...)
	var said strings.Builder
	command.Stdout, command.Stderr = &said, &said
	require.NoError(t, command.Start())
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		close(done)
		server.Close()
	}()
	select {
	case answer := <-answered:
		return answer
	case <-time.After(time.Minute):
		require.Fail(t, "the function did not answer", said.String())
		return ""
	}
}

// What the function item-events writes is what the backend reads: the function itself runs here, as Lambda runs it.
func TestReadsWhatTheFunctionWrites(t *testing.T) {
	address := emulators.Moto(t)
	client := dynamodb.NewFromConfig(testplace.Amazon(address))
	testplace.Tables(t, client, testplace.Items, testplace.History)
	binary := filepath.Join(t.TempDir(), "item-events")
	built, err := exec.Command("go", "build", "-o", binary, "github.com/itrack/itrack/app/functions/cmd/item-events").CombinedOutput()
	require.NoError(t, err, string(built))

	var records []map[string]any
	for version := int64(1); version <= 5; version++ {
		change := map[string]any{
			"ApproximateCreationDateTime": 1777636800 + version/3, "SequenceNumber": fmt.Sprint(100 + version), "StreamViewType": "NEW_AND_OLD_IMAGES",
			"Keys": map[string]any{"id": map[string]string{"S": sample(1).ID}}, "NewImage": image(t, sample(version)),
		}
		name := "INSERT"
		if version > 1 {
			name, change["OldImage"] = "MODIFY", image(t, sample(version-1))
		}
		records = append(records, map[string]any{"eventID": fmt.Sprint("event ", version), "eventName": name, "eventSource": "aws:dynamodb", "dynamodb": change})
	}
	answer := lambda(t, binary, map[string]any{"Records": records}, "AWS_ENDPOINT_URL="+address, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test",
		"AWS_SECRET_ACCESS_KEY=test", "HISTORY_TABLE=history")
	assert.Contains(t, answer, "/response ")
	assert.NotContains(t, answer, "itemIdentifier", "no record failed")

	store := &Dynamo{Client: client, Table: testplace.History}
	var events []Event
	var after map[string]string
	for pages := 0; ; pages++ {
		require.Less(t, pages, 5)
		page, err := store.List(context.Background(), sample(1).ID, 2, after)
		require.NoError(t, err)
		events = append(events, page.Events...)
		if after = page.Next; after == nil {
			break
		}
	}
	require.Len(t, events, 5)
	for i, event := range events {
		version := int64(5 - i) // newest first
		assert.Equal(t, fmt.Sprint("event ", version), event.ID)
		assert.Equal(t, time.Unix(1777636800+version/3, 0).UTC(), event.At)
		assert.Equal(t, sample(version), *event.After)
		if version == 1 {
			assert.Nil(t, event.Before)
		} else {
			assert.Equal(t, sample(version-1), *event.Before)
		}
	}
	page, err := store.List(context.Background(), items.IDOf("laptop", "another"), 10, nil)
	require.NoError(t, err)
	assert.Empty(t, page.Events)
}

func row(at string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"itemId": &types.AttributeValueMemberS{Value: "x"}, "at": &types.AttributeValueMemberS{Value: at}, "eventId": &types.AttributeValueMemberS{Value: "e"},
		"after": &types.AttributeValueMemberM{Value: items.Encode(sample(1))},
	}
}

func TestDecode(t *testing.T) {
	_, err := Decode(row("2026-05-01T12:00:00Z#1"))
	require.NoError(t, err)
	for name, value := range map[string]types.AttributeValue{
		"eventId": nil, "at": &types.AttributeValueMemberS{Value: "2026-05-01T12:00:00Z"}, "after": nil,
	} {
		broken := row("2026-05-01T12:00:00Z#1")
		broken[name] = value
		_, err := Decode(broken)
		assert.Error(t, err, name)
	}
	broken := row("2026-05-01T12:00:00Z#1")
	broken["after"].(*types.AttributeValueMemberM).Value["status"] = &types.AttributeValueMemberS{Value: "lost"}
	_, err = Decode(broken)
	require.ErrorContains(t, err, "after")
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"2026-05-01T12:00:00Z#1", "", "#", "2026-05-01T12:00:00Z", "x#1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, at string) {
		event, err := Decode(row(at))
		if err == nil && (event.At.IsZero() && !strings.HasPrefix(at, "0001") || event.After == nil) {
			t.Fatalf("%q became %+v", at, event)
		}
	})
}
