// Command restore-check is the Lambda function that looks into what a restore test of AWS Backup brought back.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/itrack/itrack/app/functions/internal/restore"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Error("reading the AWS settings", "error", err)
		os.Exit(1)
	}
	checker := &restore.Checker{
		Backup: backup.NewFromConfig(settings), Databases: rds.NewFromConfig(settings), Tables: dynamodb.NewFromConfig(settings),
		MySQL: &restore.Reader{Region: settings.Region, User: os.Getenv("DB_USER"), Schema: os.Getenv("DB_NAME"), Credentials: settings.Credentials},
		Log:   log,
	}
	lambda.Start(checker.Handle)
}
