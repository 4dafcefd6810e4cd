package tests

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/enginetest"
)

// leaks finds where a canary stands in an exported state, in plain text or in base64, as `path: canary`. The export has
// to be one with its secrets decrypted: a value that is only encrypted is in the state all the same.
func leaks(t *testing.T, export json.RawMessage, canaries ...string) []string {
	t.Helper()
	var state any
	require.NoError(t, json.Unmarshal(export, &state))
	var found []string
	var walk func(path string, node any)
	walk = func(path string, node any) {
		switch node := node.(type) {
		case map[string]any:
			for key, value := range node {
				walk(path+"."+key, value)
			}
		case []any:
			for i, value := range node {
				step := fmt.Sprintf("[%d]", i)
				if resource, ok := value.(map[string]any); ok && resource["urn"] != nil {
					step = fmt.Sprintf("[%v]", resource["urn"])
				}
				walk(path+step, value)
			}
		case string:
			texts := []string{node}
			// A decrypted secret is JSON in a string, and user data is base64: the canary may sit inside either, or both.
			var inner string
			if json.Unmarshal([]byte(node), &inner) == nil {
				texts = append(texts, inner)
			}
			for _, text := range texts {
				if decoded, err := base64.StdEncoding.DecodeString(text); err == nil {
					texts = append(texts, string(decoded))
				}
			}
			for _, canary := range canaries {
				for _, text := range texts {
					if strings.Contains(text, canary) {
						found = append(found, path+": "+canary)
					}
				}
			}
		}
	}
	walk("", state)
	slices.Sort(found)
	return slices.Compact(found)
}

// canariesOf are the values of a stack's secrets in the pretend cloud.
func canariesOf(stack string) []string {
	var values []string
	for _, name := range []string{"db_password", "jwt_secret", "api_key"} {
		values = append(values, cloud.SecretValue("itrack/"+stack+"/"+name))
	}
	return values
}

func TestNoSecretInState(t *testing.T) {
	for _, stack := range bothStacks {
		report := rehearsed(t, stack)
		require.NotEmpty(t, report.State.Raw.Deployment)
		assert.Empty(t, leaks(t, report.State.Raw.Deployment, canariesOf(stack)...))
		// The database's password is RDS's own: the state has no property that could hold one.
		assert.NotContains(t, string(report.State.Raw.Deployment), `"password":"`)
	}
}

// A seeded leak along each path must be caught, also where the program marks the value as secret. Else the test above
// would pass because it looks in the wrong place.
func TestSeededLeaksAreCaught(t *testing.T) {
	name := "itrack/test/jwt_secret"
	program := func(ctx *pulumi.Context) error {
		provider, err := aws.NewProvider(ctx, "primary", &aws.ProviderArgs{Region: pulumi.String("us-east-1")})
		if err != nil {
			return err
		}
		opt := pulumi.Provider(provider)
		version, err := secretsmanager.LookupSecretVersion(ctx, &secretsmanager.LookupSecretVersionArgs{SecretId: name}, pulumi.Provider(provider))
		if err != nil {
			return err
		}
		value := pulumi.ToSecret(pulumi.String(version.SecretString)).(pulumi.StringOutput)
		ctx.Export("token", value)
		if _, err := ssm.NewParameter(ctx, "leak", &ssm.ParameterArgs{
			Name: pulumi.String("/leak"), Type: pulumi.String("SecureString"), Value: value,
		}, opt); err != nil {
			return err
		}
		if _, err := ec2.NewLaunchTemplate(ctx, "leak", &ec2.LaunchTemplateArgs{
			Name: pulumi.String("leak"), UserData: value.ApplyT(func(text string) string {
				return base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\nexport TOKEN=" + text))
			}).(pulumi.StringOutput),
		}, opt); err != nil {
			return err
		}
		if _, err := ecs.NewTaskDefinition(ctx, "leak", &ecs.TaskDefinitionArgs{
			Family: pulumi.String("leak"), NetworkMode: pulumi.String("awsvpc"), Cpu: pulumi.String("256"), Memory: pulumi.String("512"),
			RequiresCompatibilities: pulumi.StringArray{pulumi.String("FARGATE")},
			ContainerDefinitions: value.ApplyT(func(text string) string {
				return `[{"name":"web","image":"public.ecr.aws/docker/library/busybox:1","essential":true,"environment":[{"name":"TOKEN","value":"` + text + `"}]}]`
			}).(pulumi.StringOutput),
		}, opt); err != nil {
			return err
		}
		role, err := iam.NewRole(ctx, "leak", &iam.RoleArgs{Name: pulumi.String("leak"), AssumeRolePolicy: pulumi.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)}, opt)
		if err != nil {
			return err
		}
		_, err = lambda.NewFunction(ctx, "leak", &lambda.FunctionArgs{
			Name: pulumi.String("leak"), Role: role.Arn, Runtime: pulumi.String("provided.al2023"), Handler: pulumi.String("bootstrap"),
			Code:        pulumi.NewAssetArchive(map[string]interface{}{"bootstrap": pulumi.NewStringAsset("#!/bin/sh\n")}),
			Environment: &lambda.FunctionEnvironmentArgs{Variables: pulumi.StringMap{"TOKEN": value}},
		}, opt)
		return err
	}
	stack := enginetest.New(t, program)
	require.NoError(t, stack.Cloud.Seed(enginetest.Account, cloud.Seed{Region: "us-east-1", SecretNames: []string{name}}))
	stack.MustUp(program)
	export, err := stack.Export(t.Context())
	require.NoError(t, err)
	found := strings.Join(leaks(t, export.Deployment, cloud.SecretValue(name)), "\n")
	for _, path := range []string{
		"pulumi:pulumi:Stack::rehearsal-test].outputs.token",
		"aws:ssm/parameter:Parameter::leak]", "aws:ec2/launchTemplate:LaunchTemplate::leak].inputs.userData",
		"aws:ecs/taskDefinition:TaskDefinition::leak].inputs.containerDefinitions", "aws:lambda/function:Function::leak].inputs.environment",
	} {
		assert.Containsf(t, found, path, "the search misses a leak along this path")
	}
}
