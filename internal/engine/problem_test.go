package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/require"
)

func TestProblemsOfAWallOfText(t *testing.T) {
	const topic = urnPrefix + "aws:sns/topic:Topic::critical"
	const stack = urnPrefix + "pulumi:pulumi:Stack::itrack-staging"
	diags := []apitype.DiagnosticEvent{
		{URN: topic, Severity: "info", Message: "retrying"},
		{URN: topic, Severity: "error", Message: "<{%fg 1%}>error: <{%reset%}>1 error occurred:\n\t* creating SNS Topic (critical): " +
			"operation error SNS: CreateTopic, https response error StatusCode: 400, AuthorizationErrorException: not authorized to perform: SNS:CreateTopic"},
		{URN: stack, Severity: "error", Message: "update failed"},
		{URN: stack, Severity: "error", Message: "error: an unhandled error occurred: program failed: \n" +
			"creating alerts: creating SNS Topic (critical): operation error SNS: CreateTopic"},
	}
	failed := []apitype.StepEventMetadata{
		{URN: topic, Op: apitype.OpCreate},
		{URN: urnPrefix + "aws:ec2/vpc:Vpc::main", Op: apitype.OpUpdate},
	}
	problems := collectProblems(diags, failed, errors.New("failed to run update: exit status 255"))
	require.Len(t, problems, 3)
	require.Equal(t, topic, problems[0].URN)
	require.Equal(t, "aws:sns/topic:Topic", problems[0].Type)
	require.Equal(t, "AuthorizationErrorException", problems[0].Rule)
	require.Contains(t, problems[0].Next, "lacks this permission")
	require.NotContains(t, problems[0].Message, "1 error occurred")
	require.NotContains(t, problems[0].Message, "<{%")
	require.Equal(t, "update failed without a message from the provider", problems[1].Message)
	require.Equal(t, "creating alerts: creating SNS Topic (critical): operation error SNS: CreateTopic", problems[2].Message)
}

func TestTheProgramsRepetitionIsLeftOut(t *testing.T) {
	const topic = urnPrefix + "aws:sns/topic:Topic::critical"
	problems := collectProblems([]apitype.DiagnosticEvent{
		{URN: topic, Severity: "error", Message: "error: the name is taken: TopicAlreadyExists"},
		{Severity: "error", Message: "program failed: waiting for RPCs: the name is taken: TopicAlreadyExists"},
	}, nil, nil)
	require.Len(t, problems, 1)
	require.Equal(t, "TopicAlreadyExists", problems[0].Rule)
	require.Contains(t, problems[0].Next, "import it")
}

func TestRemedies(t *testing.T) {
	cases := map[string]string{
		"no resource plugin 'pulumi-resource-aws' found in the workspace":          "PluginMissing",
		"incorrect passphrase, please set PULUMI_CONFIG_PASSPHRASE":                "Passphrase",
		"the stack is currently locked by 1 lock(s)":                               "StackLocked",
		"resource \"x\" cannot be deleted\nbecause it is protected":                "Protected",
		"open build/functions/item-events.zip: no such file or directory":          "FileMissing",
		"operation error EC2: CreateVpc, api error VpcLimitExceeded: the maximum":  "VpcLimitExceeded",
		"operation error STS: GetCallerIdentity, api error ExpiredTokenException:": "ExpiredTokenException",
	}
	for message, rule := range cases {
		problem := newProblem("", message)
		require.Equal(t, rule, problem.Rule, message)
		require.NotEmpty(t, problem.Next, message)
	}
	require.Empty(t, newProblem("", "the sky fell").Next, "no advice is better than a wrong one")
}

// apiError is an error as the Automation API makes it: a command's whole output in one text.
const apiError = "failed to run update: exit status 255\ncode: 255\nstdout: Updating (staging):\n\n" +
	" +  pulumi:pulumi:Stack itrack-staging creating (0s)\nDiagnostics:\n  pulumi:pulumi:Stack (itrack-staging):\n" +
	"    error: update failed\n\nstderr: error: could not open the lock file\n    of the stack\n"

func TestExplain(t *testing.T) {
	require.Equal(t, "could not open the lock file\n  of the stack", Explain(errors.New(apiError)).Error())
	require.ErrorIs(t, Explain(context.Canceled), context.Canceled)
	require.ErrorIs(t, Explain(fmt.Errorf("%w: x", ErrSettings)), ErrSettings)
	require.NoError(t, Explain(nil))
	locked := Explain(errors.New("code: 255\nstderr: error: [409] Conflict: Another update is currently in progress."))
	require.Contains(t, locked.Error(), "who holds the lock")
}

func TestTheCloudsFailuresComeFirst(t *testing.T) {
	const queue = urnPrefix + "aws:sqs/queue:Queue::dead"
	recorded := []cloud.Failure{
		{URN: queue, Type: "aws:sqs/queue:Queue", Property: "name", Rule: "unique-name", Code: "QueueNameExists", Message: "the name is taken"},
		{URN: queue, Type: "aws:sqs/queue:Queue", Property: "name", Rule: "unique-name", Code: "QueueNameExists", Message: "the name is taken"},
		{URN: "urn:pulumi:production::itrack::aws:sqs/queue:Queue::dead", Message: "of another stack"},
	}
	problems := []Problem{
		{URN: queue, Message: "creating Queue: the name is taken"},
		{Message: "program failed: the name is taken"},
		{Message: "something else"},
	}
	merged := mergeFailures("staging", recorded, problems)
	require.Len(t, merged, 2)
	require.Equal(t, "unique-name", merged[0].Rule)
	require.Equal(t, "name", merged[0].Property)
	require.Equal(t, "something else", merged[1].Message)
}
