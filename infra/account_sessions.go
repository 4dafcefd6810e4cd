package infra

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// sessionDocument is the name under which Session Manager looks for an account's preferences; AWS gives it.
	sessionDocument = "SSM-SessionManagerRunShell"
	// sessionLogGroup holds what is typed in sessions; it carries no environment, since the document is the account's.
	sessionLogGroup = "/" + Project + "/sessions"
	// sessionUser is whom sessions run as: a user that every Amazon Linux has. The bastion takes its sudo right away.
	sessionUser = "ec2-user"
)

// sessionPreferences is the content of the session document, in the shape AWS keeps it.
// https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html
type sessionPreferences struct {
	SchemaVersion string        `json:"schemaVersion"`
	Description   string        `json:"description"`
	SessionType   string        `json:"sessionType"`
	Inputs        sessionInputs `json:"inputs"`
}

type sessionInputs struct {
	S3BucketName                string         `json:"s3BucketName"`
	S3KeyPrefix                 string         `json:"s3KeyPrefix"`
	S3EncryptionEnabled         bool           `json:"s3EncryptionEnabled"`
	CloudWatchLogGroupName      string         `json:"cloudWatchLogGroupName"`
	CloudWatchEncryptionEnabled bool           `json:"cloudWatchEncryptionEnabled"`
	CloudWatchStreamingEnabled  bool           `json:"cloudWatchStreamingEnabled"`
	KmsKeyID                    string         `json:"kmsKeyId"`
	RunAsEnabled                bool           `json:"runAsEnabled"`
	RunAsDefaultUser            string         `json:"runAsDefaultUser"`
	IdleSessionTimeout          string         `json:"idleSessionTimeout"`
	MaxSessionDuration          string         `json:"maxSessionDuration"`
	ShellProfile                sessionProfile `json:"shellProfile"`
}

type sessionProfile struct {
	Windows string `json:"windows"`
	Linux   string `json:"linux"`
}

// sessionContent is the document: encrypted with our key, streamed to the log group, ended after 20 idle minutes and
// after eight hours at the latest.
func sessionContent(keyArn, logGroup string) (string, error) {
	return canonicalJSON(sessionPreferences{
		SchemaVersion: "1.0", Description: "Sessions are encrypted, logged and end by themselves", SessionType: "Standard_Stream",
		Inputs: sessionInputs{
			S3EncryptionEnabled: true, CloudWatchLogGroupName: logGroup, CloudWatchEncryptionEnabled: true, CloudWatchStreamingEnabled: true,
			KmsKeyID: keyArn, RunAsEnabled: true, RunAsDefaultUser: sessionUser, IdleSessionTimeout: "20", MaxSessionDuration: "480",
			ShellProfile: sessionProfile{Linux: "exec bash -l"},
		},
	})
}

// sessions makes Session Manager's preferences and the log group they name.
func (a *Account) sessions(ctx *pulumi.Context, args *AccountArgs) error {
	a.SessionDocument = pulumi.String(sessionDocument).ToStringOutput()
	a.SessionLogGroup = pulumi.String(sessionLogGroup).ToStringOutput()
	a.SessionKeyArn = pulumi.String("").ToStringOutput()
	if args.Settings.SessionDocument != settingMake {
		return nil
	}
	parent := pulumi.Parent(a)
	group, err := cloudwatch.NewLogGroup(ctx, "sessions", &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(sessionLogGroup),
		RetentionInDays: pulumi.Int(args.LogDays),
		KmsKeyId:        args.Keys.Logs.In(args.Placement.Primary).Arn.ToStringPtrOutput(),
	}, parent)
	if err != nil {
		return fmt.Errorf("creating the log group of sessions: %w", err)
	}
	a.SessionKeyArn, a.OwnsSessionDocument = args.Keys.Data.In(args.Placement.Primary).Arn, true
	document, err := ssm.NewDocument(ctx, "sessions", &ssm.DocumentArgs{
		Name:           pulumi.String(sessionDocument),
		DocumentType:   pulumi.String("Session"),
		DocumentFormat: pulumi.String("JSON"),
		Content: DocumentFrom([]pulumi.StringInput{a.SessionKeyArn, group.Name}, func(known []string) (string, error) {
			return sessionContent(known[0], known[1])
		}),
	}, parent)
	if err != nil {
		return fmt.Errorf("creating the session document (set itrack:account.sessionDocument to use where %s exists): %w", sessionDocument, err)
	}
	a.SessionDocument, a.SessionLogGroup = document.Name, group.Name
	return nil
}
