// Command release-check is the Lambda function that CodeDeploy calls when the test listener serves a new version.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"

	"github.com/itrack/itrack/app/functions/internal/release"
)

// Five good answers in a row, asked for at most twenty times, five seconds apart: within the function's two minutes.
const (
	attempts = 20
	wanted   = 5
	pause    = 5 * time.Second
	patience = 10 * time.Second
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		log.Error("reading the AWS settings", "error", err)
		os.Exit(1)
	}
	checks, err := release.ReadChecks(os.Getenv("CHECKS"))
	if err != nil {
		log.Error("reading the settings", "error", err)
		os.Exit(1)
	}
	checker := &release.Checker{
		CodeDeploy: codedeploy.NewFromConfig(settings), HTTP: release.NewClient(patience),
		TestURL: os.Getenv("TEST_URL"), Checks: checks, Attempts: attempts, Wanted: wanted, Pause: pause, Log: log,
	}
	lambda.Start(checker.Handle)
}
