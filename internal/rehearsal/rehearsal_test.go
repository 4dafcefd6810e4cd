package rehearsal_test

import (
	"context"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	awsxec2 "github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/rehearsal/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

type options struct {
	alarmThreshold float64
	description    string
	groupName      string
}

// program is a small platform: a network by awsx, a key with a replica, a topic, an alarm, a role.
func program(o options) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		primary, err := aws.NewProvider(ctx, "primary", &aws.ProviderArgs{Region: pulumi.String("us-east-1"), AllowedAccountIds: pulumi.ToStringArray([]string{enginetest.Account}),
			DefaultTags: &aws.ProviderDefaultTagsArgs{Tags: pulumi.StringMap{"Project": pulumi.String("itrack")}}})
		if err != nil {
			return err
		}
		recovery, err := aws.NewProvider(ctx, "recovery", &aws.ProviderArgs{Region: pulumi.String("us-west-2")})
		if err != nil {
			return err
		}
		auto := awsxec2.SubnetAllocationStrategyAuto
		zones, cidr := 2, "10.1.0.0/16"
		network, err := awsxec2.NewVpc(ctx, "network", &awsxec2.VpcArgs{CidrBlock: &cidr, NumberOfAvailabilityZones: &zones, SubnetStrategy: &auto,
			NatGateways:        &awsxec2.NatGatewayConfigurationArgs{Strategy: awsxec2.NatGatewayStrategySingle},
			EnableDnsHostnames: pulumi.Bool(true),
			SubnetSpecs:        []awsxec2.SubnetSpecArgs{{Type: awsxec2.SubnetTypePublic}, {Type: awsxec2.SubnetTypePrivate}, {Type: awsxec2.SubnetTypeIsolated}},
		}, pulumi.Providers(primary), pulumi.Transforms([]pulumi.ResourceTransform{
			func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
				if args.Type == "aws:ec2/subnet:Subnet" {
					args.Props["mapPublicIpOnLaunch"] = pulumi.Bool(false)
				}
				return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
			},
		}))
		if err != nil {
			return err
		}
		in := pulumi.Provider(primary)
		group, err := ec2.NewSecurityGroup(ctx, "service", &ec2.SecurityGroupArgs{VpcId: network.VpcId, Description: pulumi.String(o.description)}, in)
		if err != nil {
			return err
		}
		key, err := kms.NewKey(ctx, "data", &kms.KeyArgs{MultiRegion: pulumi.Bool(true), EnableKeyRotation: pulumi.Bool(true)}, in)
		if err != nil {
			return err
		}
		if _, err := kms.NewReplicaKey(ctx, "data", &kms.ReplicaKeyArgs{PrimaryKeyArn: key.Arn}, pulumi.Provider(recovery)); err != nil {
			return err
		}
		topic, err := sns.NewTopic(ctx, "alerts", &sns.TopicArgs{KmsMasterKeyId: key.ID()}, in)
		if err != nil {
			return err
		}
		_, err = cloudwatch.NewMetricAlarm(ctx, "cpu", &cloudwatch.MetricAlarmArgs{Name: pulumi.String("cpu"), Namespace: pulumi.String("AWS/ECS"), MetricName: pulumi.String("CPUUtilization"),
			Period: pulumi.Int(60), EvaluationPeriods: pulumi.Int(3), Statistic: pulumi.String("Average"), Threshold: pulumi.Float64(o.alarmThreshold),
			ComparisonOperator: pulumi.String("GreaterThanThreshold"), AlarmActions: pulumi.Array{topic.Arn}}, in)
		if err != nil {
			return err
		}
		role, err := iam.NewRole(ctx, "task", &iam.RoleArgs{AssumeRolePolicy: pulumi.String(trust)}, in)
		if err != nil {
			return err
		}
		if _, err := cloudwatch.NewLogGroup(ctx, "logs", &cloudwatch.LogGroupArgs{Name: pulumi.String(o.groupName), RetentionInDays: pulumi.Int(30)}, in); err != nil {
			return err
		}
		ctx.Export("vpcId", network.VpcId)
		ctx.Export("subnets", network.PrivateSubnetIds)
		ctx.Export("groupId", group.ID())
		ctx.Export("roleName", role.Name)
		return nil
	}
}

func TestUpOnTheRealEngine(t *testing.T) {
	base := options{alarmThreshold: 80, description: "service", groupName: "/ecs/service"}
	stack := enginetest.New(t, program(base))
	first := stack.MustUp(program(base))
	vpc, _ := first.Outputs["vpcId"].Value.(string)
	assert.Regexp(t, `^vpc-[0-9a-f]{17}$`, vpc)
	assert.Regexp(t, `^task-[0-9a-f]{7}$`, first.Outputs["roleName"].Value)
	assert.Len(t, first.Outputs["subnets"].Value, 2)

	objects, err := stack.Cloud.Objects(enginetest.Account)
	require.NoError(t, err)
	for _, o := range objects {
		switch {
		case o.Type == "aws:ec2/subnet:Subnet":
			assert.False(t, o.State["mapPublicIpOnLaunch"].BoolValue(), "the transform reaches the component's children")
			assert.Equal(t, "itrack", o.State["tagsAll"].ObjectValue()["Project"].StringValue(), "so does the provider")
		case o.Type == "aws:kms/replicaKey:ReplicaKey":
			assert.Equal(t, "us-west-2", o.Region)
		}
	}

	t.Run("a second up changes nothing", func(t *testing.T) {
		second := stack.MustUp(program(base))
		changes := *second.Summary.ResourceChanges
		assert.Equal(t, map[string]int{"same": changes["same"]}, changes, second.StdOut)
	})
	t.Run("what updates and what replaces", func(t *testing.T) {
		changed := base
		changed.alarmThreshold = 90
		assert.Equal(t, 1, stack.MustPreview(program(changed)).ChangeSummary[apitype.OpUpdate])
		changed = base
		changed.description = "another"
		preview := stack.MustPreview(program(changed))
		assert.Equal(t, 1, preview.ChangeSummary[apitype.OpReplace])
	})
	t.Run("a change behind Pulumi's back is seen after a refresh", func(t *testing.T) {
		require.NoError(t, stack.Cloud.Mutate("cpu", func(state resource.PropertyMap) { state["threshold"] = resource.NewNumberProperty(10) }))
		_, err := stack.Refresh(context.Background(), optrefresh.SuppressProgress())
		require.NoError(t, err)
		assert.Equal(t, 1, stack.MustPreview(program(base)).ChangeSummary[apitype.OpUpdate])
		stack.MustUp(program(base))
	})
	t.Run("what is refused is reported with its property", func(t *testing.T) {
		mark, err := stack.Cloud.Mark()
		require.NoError(t, err)
		wrong := base
		wrong.groupName = "not a name"
		_, err = stack.TryUp(program(wrong))
		require.Error(t, err)
		failures, err := stack.Cloud.FailuresSince(mark)
		require.NoError(t, err)
		require.NotEmpty(t, failures)
		assert.Equal(t, "name", failures[0].Property)
		assert.Equal(t, "aws:cloudwatch/logGroup:LogGroup", failures[0].Type)
		assert.True(t, strings.HasSuffix(failures[0].URN, "::logs"), failures[0].URN)
	})
	t.Run("destroy leaves nothing", func(t *testing.T) {
		refusals, err := stack.Cloud.Refusals(enginetest.Account)
		require.NoError(t, err)
		assert.Empty(t, refusals)
		stack.MustDestroy()
		objects, err := stack.Cloud.Objects(enginetest.Account)
		require.NoError(t, err)
		assert.Empty(t, objects)
	})
}

func TestAnUnknownTypeIsAnError(t *testing.T) {
	unknown := func(ctx *pulumi.Context) error {
		var res pulumi.CustomResourceState
		return ctx.RegisterResource("aws:nowhere/thing:Thing", "thing", pulumi.Map{}, &res)
	}
	stack := enginetest.New(t, unknown)
	_, err := stack.TryUp(unknown)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "does not know the type aws:nowhere/thing:Thing")
}

func TestTheWrongAccountIsRefused(t *testing.T) {
	wrong := func(ctx *pulumi.Context) error {
		provider, err := aws.NewProvider(ctx, "primary", &aws.ProviderArgs{Region: pulumi.String("us-east-1"), AllowedAccountIds: pulumi.ToStringArray([]string{"999999999999"})})
		if err != nil {
			return err
		}
		_, err = sns.NewTopic(ctx, "topic", nil, pulumi.Provider(provider))
		return err
	}
	stack := enginetest.New(t, wrong)
	_, err := stack.TryUp(wrong)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "AWS account ID not allowed: "+enginetest.Account)
}
