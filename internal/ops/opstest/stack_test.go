package opstest_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops/opstest"
)

func TestStack(t *testing.T) {
	for _, environment := range []string{"staging", "production"} {
		t.Run(environment, func(t *testing.T) {
			ctx := context.Background()
			cloud := opstest.New(t)
			env := cloud.Open(t, environment, nil)
			out := opstest.Stack(t, cloud, env)
			wanted := out.Releases["backend"]
			assert.Equal(t, "itrack-backend-"+environment, wanted.TaskDefinition["family"])
			assert.Contains(t, out.SigningKeyArn, ":"+env.Account+":")

			found, err := env.Primary().ECS().DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String(out.Cluster), Services: []string{out.Services["backend"]}})
			require.NoError(t, err)
			service := found.Services[0]
			assert.EqualValues(t, 2, service.RunningCount)
			require.Len(t, service.TaskSets, 1)
			assert.Equal(t, "PRIMARY", aws.ToString(service.TaskSets[0].Status))
			assert.Equal(t, aws.ToString(service.TaskDefinition), aws.ToString(service.TaskSets[0].TaskDefinition))
			assert.Equal(t, wanted.NetworkConfiguration.AwsvpcConfiguration.Subnets, service.TaskSets[0].NetworkConfiguration.AwsvpcConfiguration.Subnets)

			alias, err := env.Primary().Lambda().GetAlias(ctx, &lambda.GetAliasInput{FunctionName: aws.String(out.Functions["item-events"]), Name: aws.String("live")})
			require.NoError(t, err)
			assert.Equal(t, "1", aws.ToString(alias.FunctionVersion))
			assert.Regexp(t, `^sha256:[0-9a-f]{64}$`, opstest.Image(t, env, wanted.Repository, "one"))
		})
	}
}
