package restore

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	backuptypes "github.com/aws/aws-sdk-go-v2/service/backup/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cloud plays the four services.
type cloud struct {
	told      []*backup.PutRestoreValidationResultInput
	muted     error
	instances []rdstypes.DBInstance
	asked     string
	tables    int
	mysql     error
	host      string
	port      int
	items     int
	scan      error
	scanned   *dynamodb.ScanInput
	silent    bool // the database does not answer
}

func (c *cloud) PutRestoreValidationResult(_ context.Context, input *backup.PutRestoreValidationResultInput, _ ...func(*backup.Options)) (*backup.PutRestoreValidationResultOutput, error) {
	c.told = append(c.told, input)
	return &backup.PutRestoreValidationResultOutput{}, c.muted
}

func (c *cloud) DescribeDBInstances(_ context.Context, input *rds.DescribeDBInstancesInput, _ ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	c.asked = aws.ToString(input.DBInstanceIdentifier)
	return &rds.DescribeDBInstancesOutput{DBInstances: c.instances}, nil
}

func (c *cloud) Scan(_ context.Context, input *dynamodb.ScanInput, _ ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	c.scanned = input
	return &dynamodb.ScanOutput{Items: make([]map[string]dynamotypes.AttributeValue, c.items)}, c.scan
}

func (c *cloud) CountTables(ctx context.Context, host string, port int) (int, error) {
	if c.silent {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	c.host, c.port = host, port
	return c.tables, c.mysql
}

const (
	databaseArn = "arn:aws:rds:us-east-1:123456789012:db:awsbackup-restore-test-1"
	tableArn    = "arn:aws:dynamodb:us-east-1:123456789012:table/awsbackup-restore-test-2"
)

func restored(iam bool) []rdstypes.DBInstance {
	return []rdstypes.DBInstance{{
		Endpoint: &rdstypes.Endpoint{Address: aws.String("restored.example"), Port: aws.Int32(3306)}, IAMDatabaseAuthenticationEnabled: aws.Bool(iam),
	}}
}

func completed(t *testing.T, status, resource string) Event {
	t.Helper()
	text, err := json.Marshal(map[string]any{"source": "aws.backup", "detail-type": "Restore Job State Change", "detail": map[string]any{
		"restoreJobId": "job-1", "status": status, "createdResourceArn": resource, "resourceType": "RDS",
	}})
	require.NoError(t, err)
	var event Event
	require.NoError(t, json.Unmarshal(text, &event))
	return event
}

// Whatever an event says: AWS Backup hears once about each completed job, in words that it takes, and never about another.
func FuzzHandle(f *testing.F) {
	for _, resource := range []string{databaseArn, tableArn, "", "arn:aws:rds:::db:", "arn:aws:dynamodb:us-east-1:1:table/\xff", strings.Repeat("é", 400)} {
		text, err := json.Marshal(map[string]any{"detail": map[string]any{"restoreJobId": "job-1", "status": "COMPLETED", "createdResourceArn": resource}})
		require.NoError(f, err)
		f.Add(text)
	}
	for _, text := range []string{"", "{}", "[]", `{"detail":null}`, `{"detail":{"restoreJobId":"j"}}`, `{"detail":{"restoreJobId":1}}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var event Event
		if json.Unmarshal(text, &event) != nil {
			return
		}
		play := &cloud{scan: errors.New("key disabled")}
		err := check(play).Handle(context.Background(), event)
		wanted := 0
		if event.Detail.RestoreJobID != "" && event.Detail.Status == "COMPLETED" {
			wanted = 1
		}
		if (err != nil) != (event.Detail.RestoreJobID == "") || len(play.told) != wanted {
			t.Fatalf("%+v: %d answers, %v", event, len(play.told), err)
		}
		for _, told := range play.told {
			message := aws.ToString(told.ValidationStatusMessage)
			if told.ValidationStatus != backuptypes.RestoreValidationStatusFailed || message == "" || len(message) > messageLimit || !utf8.ValidString(message) {
				t.Fatalf("%+v became %s %q", event, told.ValidationStatus, message)
			}
		}
	})
}

func check(c *cloud) *Checker {
	return &Checker{Backup: c, Databases: c, Tables: c, MySQL: c, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func TestVerdicts(t *testing.T) {
	good, bad := backuptypes.RestoreValidationStatusSuccessful, backuptypes.RestoreValidationStatusFailed
	for name, c := range map[string]struct {
		resource string
		cloud    cloud
		want     backuptypes.RestoreValidationStatus
		message  string
	}{
		"a database with tables":       {databaseArn, cloud{instances: restored(true), tables: 7}, good, "7 tables"},
		"a database without tables":    {databaseArn, cloud{instances: restored(true)}, bad, "no table"},
		"a database that refuses":      {databaseArn, cloud{instances: restored(true), mysql: errors.New("access denied")}, bad, "access denied"},
		"a database without IAM":       {databaseArn, cloud{instances: restored(false), tables: 7}, bad, "IAM authentication is off"},
		"a database that is not there": {databaseArn, cloud{}, bad, "no address"},
		"a table":                      {tableArn, cloud{items: 3}, good, "3 items"},
		"a table that does not open":   {tableArn, cloud{scan: errors.New("key disabled")}, bad, "key disabled"},
		"something else":               {"arn:aws:s3:::bucket", cloud{}, bad, "databases and tables only"},
		"no resource":                  {"", cloud{}, bad, "reading the restored resource"},
	} {
		t.Run(name, func(t *testing.T) {
			play := c.cloud
			require.NoError(t, check(&play).Handle(context.Background(), completed(t, "COMPLETED", c.resource)))
			require.Len(t, play.told, 1)
			assert.Equal(t, "job-1", *play.told[0].RestoreJobId)
			assert.Equal(t, c.want, play.told[0].ValidationStatus)
			assert.Contains(t, *play.told[0].ValidationStatusMessage, c.message)
		})
	}
}

func TestItAsksWhatWasRestored(t *testing.T) {
	play := &cloud{instances: restored(true), tables: 1}
	require.NoError(t, check(play).Handle(context.Background(), completed(t, "COMPLETED", databaseArn)))
	assert.Equal(t, "awsbackup-restore-test-1", play.asked)
	assert.Equal(t, "restored.example", play.host)
	assert.Equal(t, 3306, play.port)
	play = &cloud{items: 1}
	require.NoError(t, check(play).Handle(context.Background(), completed(t, "COMPLETED", tableArn)))
	assert.Equal(t, "awsbackup-restore-test-2", *play.scanned.TableName)
	assert.Equal(t, int32(pageSize), *play.scanned.Limit, "a page, not the whole table")
}

// What does not answer is a failure, told before the function's own time is over.
func TestTheVerdictComesInTime(t *testing.T) {
	play := &cloud{instances: restored(true), silent: true}
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(4*time.Second))
	defer cancel()
	require.NoError(t, check(play).Handle(ctx, completed(t, "COMPLETED", databaseArn)))
	require.NoError(t, ctx.Err())
	require.Len(t, play.told, 1)
	assert.Equal(t, backuptypes.RestoreValidationStatusFailed, play.told[0].ValidationStatus)
	assert.Contains(t, *play.told[0].ValidationStatusMessage, "deadline exceeded")
}

func TestAJobThatStillRuns(t *testing.T) {
	play := &cloud{}
	require.NoError(t, check(play).Handle(context.Background(), completed(t, "RUNNING", databaseArn)))
	assert.Empty(t, play.told)
}

func TestTellingMustSucceed(t *testing.T) {
	muted := errors.New("throttled")
	err := check(&cloud{muted: muted}).Handle(context.Background(), completed(t, "COMPLETED", tableArn))
	require.ErrorIs(t, err, muted)
	require.Error(t, check(&cloud{}).Handle(context.Background(), Event{}), "an event without a job")
}

func TestLongReasonsAreCut(t *testing.T) {
	play := &cloud{scan: errors.New(strings.Repeat("x", 5000))}
	require.NoError(t, check(play).Handle(context.Background(), completed(t, "COMPLETED", tableArn)))
	assert.Len(t, *play.told[0].ValidationStatusMessage, messageLimit)
	for _, shift := range []string{"", "x"} { // one of the two is cut through a character
		play = &cloud{scan: errors.New(shift + strings.Repeat("é", 5000))}
		require.NoError(t, check(play).Handle(context.Background(), completed(t, "COMPLETED", tableArn)))
		assert.True(t, utf8.ValidString(*play.told[0].ValidationStatusMessage))
	}
}
