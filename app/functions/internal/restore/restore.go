// Package restore looks into what AWS Backup brought back in a restore test, and tells AWS Backup whether the data is
// there.
package restore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/backup/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/itrack/itrack/app/functions/internal/intime"
)

// Event is EventBridge's "Restore Job State Change" of AWS Backup.
// Source: https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html
type Event struct {
	Detail struct {
		RestoreJobID       string `json:"restoreJobId"`
		Status             string `json:"status"`
		CreatedResourceArn string `json:"createdResourceArn"`
	} `json:"detail"`
}

// Backup, Databases, Tables are the calls that are used, one each.
type (
	Backup interface {
		PutRestoreValidationResult(ctx context.Context, input *backup.PutRestoreValidationResultInput, options ...func(*backup.Options)) (*backup.PutRestoreValidationResultOutput, error)
	}
	Databases interface {
		DescribeDBInstances(ctx context.Context, input *rds.DescribeDBInstancesInput, options ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error)
	}
	Tables interface {
		Scan(ctx context.Context, input *dynamodb.ScanInput, options ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	}
)

// MySQL asks a database how many tables its schema has.
type MySQL interface {
	CountTables(ctx context.Context, host string, port int) (int, error)
}

// Checker looks and tells.
type Checker struct {
	Backup    Backup
	Databases Databases
	Tables    Tables
	MySQL     MySQL
	Log       *slog.Logger
}

const (
	// pageSize is the items read of a restored table: one page shows that the key opens it and that it answers.
	pageSize = 25
	// messageLimit keeps reasons short enough for AWS Backup's console.
	messageLimit = 500
)

// Handle checks what a completed restore job made. An error means that AWS Backup could not be told: Lambda then calls
// again.
func (c *Checker) Handle(ctx context.Context, event Event) error {
	detail := event.Detail
	if detail.RestoreJobID == "" {
		return errors.New("reading the event: it names no restore job; was it sent by AWS Backup?")
	}
	if detail.Status != "COMPLETED" {
		c.Log.InfoContext(ctx, "nothing to look at yet", "job", detail.RestoreJobID, "status", detail.Status)
		return nil
	}
	status := types.RestoreValidationStatusSuccessful
	message, err := c.inTime(ctx, detail.CreatedResourceArn)
	if err != nil {
		status, message = types.RestoreValidationStatusFailed, err.Error()
	}
	if len(message) > messageLimit {
		message = strings.ToValidUTF8(message[:messageLimit], "") // the cut may go through a character
	}
	if _, err := c.Backup.PutRestoreValidationResult(ctx, &backup.PutRestoreValidationResultInput{
		RestoreJobId: aws.String(detail.RestoreJobID), ValidationStatus: status, ValidationStatusMessage: aws.String(message),
	}); err != nil {
		return fmt.Errorf("telling AWS Backup %s about restore job %s: %w", status, detail.RestoreJobID, err)
	}
	c.Log.InfoContext(ctx, "told AWS Backup", "job", detail.RestoreJobID, "status", string(status), "message", message)
	return nil
}

// reserve is what stays of the function's time to tell a failure.
const reserve = 15 * time.Second

// inTime looks until the reserve begins: a database or an endpoint that does not answer is a result too, and AWS Backup would
// else never hear one.
func (c *Checker) inTime(ctx context.Context, resource string) (string, error) {
	ctx, cancel := intime.Before(ctx, reserve)
	defer cancel()
	return c.look(ctx, resource)
}

// look asks the restored resource for data and says what it found.
func (c *Checker) look(ctx context.Context, resource string) (string, error) {
	parsed, err := arn.Parse(resource)
	if err != nil {
		return "", fmt.Errorf("reading the restored resource %q: %w", resource, err)
	}
	switch {
	case parsed.Service == "rds" && strings.HasPrefix(parsed.Resource, "db:"):
		return c.database(ctx, strings.TrimPrefix(parsed.Resource, "db:"))
	case parsed.Service == "dynamodb" && strings.HasPrefix(parsed.Resource, "table/"):
		return c.table(ctx, strings.TrimPrefix(parsed.Resource, "table/"))
	default:
		return "", fmt.Errorf("looking into %s: this function knows databases and tables only", resource)
	}
}

func (c *Checker) database(ctx context.Context, identifier string) (string, error) {
	found, err := c.Databases.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(identifier)})
	if err != nil {
		return "", fmt.Errorf("finding the restored database %s: %w", identifier, err)
	}
	if len(found.DBInstances) != 1 || found.DBInstances[0].Endpoint == nil {
		return "", fmt.Errorf("finding the restored database %s: it has no address", identifier)
	}
	instance := found.DBInstances[0]
	if !aws.ToBool(instance.IAMDatabaseAuthenticationEnabled) {
		return "", fmt.Errorf("signing in to the restored database %s: IAM authentication is off in what was restored", identifier)
	}
	tables, err := c.MySQL.CountTables(ctx, aws.ToString(instance.Endpoint.Address), int(aws.ToInt32(instance.Endpoint.Port)))
	if err != nil {
		return "", fmt.Errorf("asking the restored database %s: %w", identifier, err)
	}
	if tables == 0 {
		return "", fmt.Errorf("asking the restored database %s: its schema has no table", identifier)
	}
	return fmt.Sprintf("the restored database answers: %d tables", tables), nil
}

func (c *Checker) table(ctx context.Context, name string) (string, error) {
	page, err := c.Tables.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String(name), Limit: aws.Int32(pageSize)})
	if err != nil {
		return "", fmt.Errorf("reading the restored table %s: %w", name, err)
	}
	return fmt.Sprintf("the restored table answers: %d items on the first page", len(page.Items)), nil
}
