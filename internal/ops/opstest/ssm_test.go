package opstest_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/ops"
	"github.com/itrack/itrack/internal/ops/opstest"
)

func TestSessions(t *testing.T) {
	cloud := opstest.New(t)
	sessions := opstest.NewSessions(cloud)
	env, ctx := cloud.Open(t, "staging", nil), context.Background()
	client := env.Primary().SSM()
	code := func(want string, err error) {
		t.Helper()
		require.Truef(t, ops.IsCode(err, want), "wanted %s: %v", want, err)
	}
	instances, err := ec2.NewFromConfig(env.Primary().Config).RunInstances(ctx, &ec2.RunInstancesInput{
		ImageId: aws.String("ami-12c6146b"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), InstanceType: ec2types.InstanceTypeT4gNano})
	require.NoError(t, err)
	id := *instances.Instances[0].InstanceId
	start := func(document, target string, parameters map[string][]string) (*ssm.StartSessionOutput, error) {
		return client.StartSession(ctx, &ssm.StartSessionInput{Target: aws.String(target), DocumentName: aws.String(document), Parameters: parameters})
	}
	const forward = "AWS-StartPortForwardingSessionToRemoteHost"
	good := map[string][]string{"host": {"db.internal"}, "portNumber": {"3306"}, "localPortNumber": {"13306"}}
	_, err = start(forward, id, good)
	code("TargetNotConnected", err)
	ping := ""
	sessions.Agent(opstest.Account, opstest.Region, id, func() string { return ping })
	sessions.Agent(opstest.Account, opstest.Region, "i-0123456789abcdef0", func() string { return "Online" })
	known := func(filters ...ssmtypes.InstanceInformationStringFilter) int {
		t.Helper()
		answer, err := client.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{Filters: filters})
		require.NoError(t, err)
		return len(answer.InstanceInformationList)
	}
	mine := ssmtypes.InstanceInformationStringFilter{Key: aws.String("InstanceIds"), Values: []string{id}}
	online := ssmtypes.InstanceInformationStringFilter{Key: aws.String("PingStatus"), Values: []string{"Online"}}
	require.Equal(t, 0, known(mine))
	ping = "ConnectionLost"
	require.Equal(t, 1, known(mine))
	require.Equal(t, 0, known(mine, online))
	require.Equal(t, 1, known(online))
	_, err = start(forward, id, good)
	code("TargetNotConnected", err)
	ping = "Online"
	_, err = start(forward, "i-0123456789abcdef0", good)
	code("TargetNotConnected", err) // EC2 knows no such instance
	_, err = start("AWS-Made-Up", id, good)
	code("InvalidDocument", err)
	for _, parameters := range []map[string][]string{{}, {"host": {"a$b"}}, {"host": {"db.internal"}, "portNumber": {"70000"}}, {"host": {"db.internal"}, "port": {"1"}}, {"host": {"a.b.c", "d.e.f"}}} {
		_, err = start(forward, id, parameters)
		code("InvalidParameters", err)
	}
	require.Zero(t, sessions.All())
	made, err := start(forward, id, good)
	require.NoError(t, err)
	require.Equal(t, []string{*made.SessionId}, sessions.Active())
	require.Equal(t, []string{*made.TokenValue}, sessions.Tokens())
	require.Contains(t, *made.StreamUrl, "wss://ssmmessages.us-east-1.amazonaws.com/v1/data-channel/"+*made.SessionId)
	end := func(client *ssm.Client, id string) error {
		_, err := client.TerminateSession(ctx, &ssm.TerminateSessionInput{SessionId: aws.String(id)})
		return err
	}
	code("DoesNotExistException", end(client, "operator-made-up"))
	code("ValidationException", end(client, "has a space"))
	code("DoesNotExistException", end(env.Recovery().SSM(), *made.SessionId))
	for range 2 {
		require.NoError(t, end(client, *made.SessionId))
		require.Empty(t, sessions.Active())
	}
	_, err = client.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{Filters: []ssmtypes.InstanceInformationStringFilter{{Key: aws.String("Colour"), Values: []string{"red"}}}})
	code("InvalidFilterKey", err)
	_, err = client.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{MaxResults: aws.Int32(4)})
	code("ValidationException", err)
}

func TestMaintenance(t *testing.T) {
	cloud := opstest.New(t)
	maintenance := opstest.NewMaintenance(cloud)
	env, ctx := cloud.Open(t, "staging", nil), context.Background()
	client := env.Primary().RDS()
	made, err := client.CreateDBInstance(ctx, &rds.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("db"), DBInstanceClass: aws.String("db.t4g.micro"), Engine: aws.String("mysql"),
		MasterUsername: aws.String("a"), ManageMasterUserPassword: aws.Bool(true), AllocatedStorage: aws.Int32(20)})
	require.NoError(t, err)
	ask := func(arn string) (*rds.DescribePendingMaintenanceActionsOutput, error) {
		return client.DescribePendingMaintenanceActions(ctx, &rds.DescribePendingMaintenanceActionsInput{ResourceIdentifier: aws.String(arn)})
	}
	none, err := ask(*made.DBInstance.DBInstanceArn)
	require.NoError(t, err)
	require.Empty(t, none.PendingMaintenanceActions)
	at := time.Date(2026, 12, 1, 3, 0, 0, 0, time.UTC)
	maintenance.Add(*made.DBInstance.DBInstanceArn, "system-update", "New Operating System update is available", at)
	one, err := ask(*made.DBInstance.DBInstanceArn)
	require.NoError(t, err)
	action := one.PendingMaintenanceActions[0].PendingMaintenanceActionDetails[0]
	require.Equal(t, "system-update", *action.Action)
	require.Equal(t, at, *action.CurrentApplyDate)
	_, err = ask(*made.DBInstance.DBInstanceArn + "2")
	require.True(t, ops.IsCode(err, "ResourceNotFoundFault"), err)
	_, err = ask("db")
	require.True(t, ops.IsCode(err, "InvalidParameterValue"), err)
	_, err = client.DescribePendingMaintenanceActions(ctx, &rds.DescribePendingMaintenanceActionsInput{MaxRecords: aws.Int32(20)})
	require.True(t, ops.IsCode(err, "InvalidParameterValue"), err)
}
