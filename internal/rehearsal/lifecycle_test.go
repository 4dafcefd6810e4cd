package rehearsal_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/rehearsal/enginetest"
)

func TestImportTakesOverWhatExists(t *testing.T) {
	program := func(ctx *pulumi.Context) error {
		_, err := cloudwatch.NewLogGroup(ctx, "logs", &cloudwatch.LogGroupArgs{Name: pulumi.String("/made/by/hand"), RetentionInDays: pulumi.Int(30)},
			pulumi.Import(pulumi.ID("/made/by/hand")))
		return err
	}
	stack := enginetest.New(t, program)
	w := &world{t, stack.Cloud}
	w.must("aws:cloudwatch/logGroup:LogGroup", "hand", map[string]any{"name": "/made/by/hand", "retentionInDays": 30})
	stack.MustUp(program)
	second := stack.MustUp(program)
	assert.Equal(t, map[string]int{"same": 2}, *second.Summary.ResourceChanges)
	objects, err := stack.Cloud.Objects(enginetest.Account)
	require.NoError(t, err)
	assert.Len(t, objects, 1, "an import makes nothing")
}

func TestAReplacementThatKeepsItsNameDeletesFirst(t *testing.T) {
	program := func(path string) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			_, err := iam.NewRole(ctx, "task", &iam.RoleArgs{Name: pulumi.String("task"), Path: pulumi.String(path), AssumeRolePolicy: pulumi.String(trust)})
			return err
		}
	}
	stack := enginetest.New(t, program("/"))
	stack.MustUp(program("/"))
	stack.MustUp(program("/apps/"))
	objects, err := stack.Cloud.Objects(enginetest.Account)
	require.NoError(t, err)
	require.Len(t, objects, 1)
	assert.Equal(t, "arn:aws:iam::"+enginetest.Account+":role/apps/task", objects[0].ARN)
}

func TestSecretsStaySecretInTheState(t *testing.T) {
	program := func(ctx *pulumi.Context) error {
		_, err := sns.NewTopic(ctx, "topic", &sns.TopicArgs{DisplayName: pulumi.ToSecret(pulumi.String("canary-4711")).(pulumi.StringOutput)})
		return err
	}
	stack := enginetest.New(t, program)
	stack.MustUp(program)
	states := 0
	require.NoError(t, filepath.WalkDir(stack.Backend, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if strings.Contains(string(data), "displayName") {
			states++
		}
		assert.NotContains(t, string(data), "canary-4711", path)
		return err
	}))
	assert.NotZero(t, states, "the state was looked at")
	objects, err := stack.Cloud.Objects(enginetest.Account)
	require.NoError(t, err)
	assert.Equal(t, "canary-4711", objects[0].State["displayName"].StringValue(), "the cloud gets the value")
}
