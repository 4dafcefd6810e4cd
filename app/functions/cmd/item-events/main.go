// Command item-events is the Lambda function behind the stream of the items table: it writes each change into the history.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/itrack/itrack/app/functions/internal/history"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Error("reading the AWS settings", "error", err)
		os.Exit(1)
	}
	table := os.Getenv("HISTORY_TABLE")
	if table == "" {
		log.Error("HISTORY_TABLE is empty: give the function data.history: write")
		os.Exit(1)
	}
	writer := &history.Writer{Table: dynamodb.NewFromConfig(settings), Name: table, Log: log}
	lambda.Start(writer.Handle)
}
