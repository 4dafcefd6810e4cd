package opstest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

func putAlarm(t *testing.T, env *ops.Environment, name string) {
	t.Helper()
	_, err := env.Primary().CloudWatch().PutMetricAlarm(context.Background(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(name), Namespace: aws.String("AWS/RDS"), MetricName: aws.String("CPUUtilization"), Statistic: types.StatisticAverage,
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3), Threshold: aws.Float64(90), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	})
	require.NoError(t, err)
}

func TestAlarmsArePagedAndKnowTheirStateTypeAccountAndRegion(t *testing.T) {
	cloud := opstest.New(t)
	env, ctx := cloud.Open(t, "staging", nil), context.Background()
	client := env.Primary().CloudWatch()
	for i := range 55 {
		putAlarm(t, env, fmt.Sprintf("itrack-%02d-staging", i))
	}
	_, err := client.PutCompositeAlarm(ctx, &cloudwatch.PutCompositeAlarmInput{
		AlarmName: aws.String("itrack-availability-staging"), AlarmRule: aws.String(`ALARM("itrack-00-staging") OR ALARM("itrack-01-staging")`),
	})
	require.NoError(t, err)
	both := []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}
	first, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("itrack-"), AlarmTypes: both})
	require.NoError(t, err)
	require.Len(t, first.MetricAlarms, 50)
	second, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("itrack-"), AlarmTypes: both, NextToken: first.NextToken})
	require.NoError(t, err)
	require.Len(t, second.MetricAlarms, 5)
	require.Len(t, second.CompositeAlarms, 1)
	require.Nil(t, second.NextToken)
	for _, name := range []string{"itrack-03-staging", "itrack-availability-staging"} {
		opstest.SetAlarm(t, env, name, "ALARM")
	}
	red, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{StateValue: types.StateValueAlarm})
	require.NoError(t, err)
	require.Len(t, red.MetricAlarms, 1)
	require.Empty(t, red.CompositeAlarms, "without a type only metric alarms are told")
	require.Equal(t, "set by the test", *red.MetricAlarms[0].StateReason)
	require.Equal(t, "arn:aws:cloudwatch:us-east-1:123456789012:alarm:itrack-03-staging", *red.MetricAlarms[0].AlarmArn)
	require.Equal(t, 90.0, *red.MetricAlarms[0].Threshold)
	require.WithinDuration(t, time.Now(), *red.MetricAlarms[0].StateTransitionedTimestamp, time.Minute)
	putAlarm(t, env, "itrack-03-staging")
	for _, elsewhere := range []*cloudwatch.Client{env.Recovery().CloudWatch(), cloud.Open(t, "production", nil).Primary().CloudWatch()} {
		none, err := elsewhere.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{})
		require.NoError(t, err)
		require.Empty(t, none.MetricAlarms)
	}
	red, err = client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"itrack-03-staging"}, StateValue: types.StateValueAlarm})
	require.NoError(t, err)
	require.Len(t, red.MetricAlarms, 1, "a changed alarm keeps its state")
	_, err = client.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"itrack-03-staging"}})
	require.NoError(t, err)
}

func TestAlarmsRefuseWhatCloudWatchRefuses(t *testing.T) {
	cloud := opstest.New(t)
	env, ctx := cloud.Open(t, "staging", nil), context.Background()
	client := env.Primary().CloudWatch()
	putAlarm(t, env, "there")
	code := func(want string, err error) {
		t.Helper()
		require.Truef(t, ops.IsCode(err, want), "wanted %s: %v", want, err)
	}
	_, err := client.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("a"), EvaluationPeriods: aws.Int32(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold})
	code("InvalidParameterCombination", err)
	_, err = client.PutCompositeAlarm(ctx, &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("a"), AlarmRule: aws.String(`ALARM("missing")`)})
	code("ValidationError", err)
	_, err = client.PutCompositeAlarm(ctx, &cloudwatch.PutCompositeAlarmInput{AlarmName: aws.String("there"), AlarmRule: aws.String(`TRUE`)})
	code("ValidationError", err)
	set := func(name, state string) error {
		_, err := client.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: aws.String(name), StateValue: types.StateValue(state), StateReason: aws.String("r")})
		return err
	}
	code("ResourceNotFound", set("missing", "OK"))
	code("ValidationError", set("there", "RED"))
	for want, input := range map[string]*cloudwatch.DescribeAlarmsInput{
		"InvalidParameterCombination": {AlarmNames: []string{"there"}, AlarmNamePrefix: aws.String("t")},
		"InvalidNextToken":            {NextToken: aws.String("made up")},
		"ValidationError":             {MaxRecords: aws.Int32(101)},
	} {
		_, err = client.DescribeAlarms(ctx, input)
		code(want, err)
	}
	_, err = client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{"LogAlarm2"}})
	code("ValidationError", err)
	_, err = client.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"missing"}})
	code("ResourceNotFound", err)
	cloud.Fail(opstest.Fault{Service: "monitoring", Status: 403, Code: "AccessDenied"})
	_, err = client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{})
	code("AccessDenied", err)
}
