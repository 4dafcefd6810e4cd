package tests

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/infra"
)

const functionToken = "aws:lambda/function:Function"

func TestFunctions(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		assert.Equal(t, []string{"item-events", "release-check", "restore-check"}, result.names(functionToken))
		for _, function := range result.all(functionToken) {
			name := function.Name
			physical := "itrack-" + name + "-" + stack
			assert.Equal(t, physical, function.str(t, "name"))
			assert.Equal(t, []string{"arm64"}, function.strs(t, "architectures"))
			assert.Equal(t, "provided.al2023", function.str(t, "runtime"))
			assert.True(t, function.flag(t, "publish"))
			assert.Equal(t, "Active", function.str(t, "tracingConfig.mode"))
			assert.Contains(t, function.str(t, "kmsKeyArn"), ":data")
			assert.Equal(t, "/aws/lambda/"+physical, function.str(t, "loggingConfig.logGroup"))
			assert.Contains(t, function.str(t, "deadLetterConfig.targetArn"), name+"-dead-letters")
			assert.ElementsMatch(t, []string{"code", "sourceCodeHash"}, function.IgnoreChanges)
			assertDependsOn(t, function, "aws:cloudwatch/logGroup:LogGroup::function-"+name)
			for _, policy := range policyNames(result, "function-"+name+"-") {
				assertDependsOn(t, function, "aws:iam/rolePolicyAttachment:RolePolicyAttachment::"+policy)
			}
			alias := result.one(t, "aws:lambda/alias:Alias", name)
			assert.Equal(t, "live", alias.str(t, "name"))
			assert.Equal(t, []string{"functionVersion"}, alias.IgnoreChanges)
			group := result.one(t, "aws:cloudwatch/logGroup:LogGroup", "function-"+name)
			assert.Equal(t, "/aws/lambda/"+physical, group.str(t, "name"))
			assert.Contains(t, group.str(t, "kmsKeyId"), ":logs")
			assert.InDelta(t, map[string]float64{"staging": 14, "production": 90}[stack], group.num(t, "retentionInDays"), 0)
		}
	}
}

// Only hooks are in the VPC: deleting a function there takes up to 45 minutes.
func TestFunctionsInTheVpc(t *testing.T) {
	result := recorded(t, "production")
	assert.False(t, result.one(t, functionToken, "item-events").has("vpcConfig"))
	for _, name := range []string{"release-check", "restore-check"} {
		function := result.one(t, functionToken, name)
		assert.Equal(t, []string{"function-" + name + "-id"}, function.strs(t, "vpcConfig.securityGroupIds"))
		assert.Len(t, function.strs(t, "vpcConfig.subnetIds"), 3)
	}
	hook := result.one(t, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "function-release-check-test-out")
	assert.InDelta(t, 8080, hook.num(t, "fromPort"), 0)
	assert.Equal(t, "balancer-id", hook.str(t, "referencedSecurityGroupId"))
	for _, rule := range result.names("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") {
		assert.NotEqual(t, "function-restore-check-test-out", rule, "the restore hook has no business at the balancer")
	}
}

func TestFunctionEnvironment(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		events := result.one(t, functionToken, "item-events")
		assert.Equal(t, "itrack-item-history-"+stack, events.str(t, "environment.variables.HISTORY_TABLE"))
		assert.Equal(t, stack, events.str(t, "environment.variables.ENVIRONMENT"))
		release := result.one(t, functionToken, "release-check")
		assert.Equal(t, "http://balancer.dnsName:8080", release.str(t, "environment.variables.TEST_URL"))
		checks := map[string]string{}
		require.NoError(t, json.Unmarshal([]byte(release.str(t, "environment.variables.CHECKS")), &checks))
		assert.Equal(t, map[string]string{"itrack-backend-" + stack: "/api/health"}, checks)
		restore := result.one(t, functionToken, "restore-check")
		assert.Equal(t, "itrack", restore.str(t, "environment.variables.DB_NAME"))
		assert.Equal(t, "restore_check", restore.str(t, "environment.variables.DB_USER"))
		assert.False(t, restore.has("environment.variables.DB_HOST"), "what comes back has an address of its own")
	}
}

func TestFunctionStream(t *testing.T) {
	result := recorded(t, "production")
	assert.Equal(t, []string{"item-events"}, result.names("aws:lambda/eventSourceMapping:EventSourceMapping"))
	mapping := result.one(t, "aws:lambda/eventSourceMapping:EventSourceMapping", "item-events")
	assert.Equal(t, "items.streamArn", mapping.str(t, "eventSourceArn"))
	assert.Contains(t, mapping.str(t, "functionName"), ":item-events")
	assert.Equal(t, "TRIM_HORIZON", mapping.str(t, "startingPosition"))
	assert.InDelta(t, 100, mapping.num(t, "batchSize"), 0)
	assert.True(t, mapping.flag(t, "bisectBatchOnFunctionError"))
	assert.InDelta(t, 5, mapping.num(t, "maximumRetryAttempts"), 0)
	assert.InDelta(t, 21600, mapping.num(t, "maximumRecordAgeInSeconds"), 0)
	assert.Equal(t, []string{"ReportBatchItemFailures"}, mapping.strs(t, "functionResponseTypes"))
	assert.Equal(t, `{"eventName":["INSERT","MODIFY","REMOVE"]}`, mapping.str(t, "filterCriteria.filters[0].pattern"))
	assert.Contains(t, mapping.str(t, "destinationConfig.onFailure.destinationArn"), "item-events-dead-letters")
	assert.Equal(t, []string{"release-check", "restore-check"}, result.names("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"))
	invoke := result.one(t, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "restore-check")
	assert.Equal(t, "live", invoke.str(t, "qualifier"))
	assert.InDelta(t, 3600, invoke.num(t, "maximumEventAgeInSeconds"), 0)
	assert.InDelta(t, 2, invoke.num(t, "maximumRetryAttempts"), 0)
}

func TestFunctionDeadLetters(t *testing.T) {
	result := recorded(t, "production")
	for _, name := range []string{"item-events", "release-check", "restore-check"} {
		queue := result.one(t, "aws:sqs/queue:Queue", name+"-dead-letters")
		assert.Equal(t, "itrack-"+name+"-dead-letters-production", queue.str(t, "name"))
		assert.Contains(t, queue.str(t, "kmsMasterKeyId"), ":data")
		assert.InDelta(t, 1209600, queue.num(t, "messageRetentionSeconds"), 0)
		assert.Equal(t, `{"redrivePermission":"denyAll"}`, queue.str(t, "redriveAllowPolicy"))
		grants := grantsOf(t, queue)
		assert.Equal(t, "Deny", grants["TlsOnly"].Effect)
		assert.Equal(t, []string{"sqs:*"}, grants["TlsOnly"].Actions)
		alarm := result.one(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "function-"+name+"-dead-letters")
		assert.Equal(t, "ApproximateNumberOfMessagesVisible", alarm.str(t, "metricName"))
		assert.Equal(t, "itrack-"+name+"-dead-letters-production", alarm.str(t, "dimensions.QueueName"))
	}
}

func TestFunctionAlarms(t *testing.T) {
	result := recorded(t, "production")
	for kind, metric := range map[string]string{"errors": "Errors", "throttles": "Throttles", "duration": "Duration", "iterator-age": "IteratorAge"} {
		alarm := result.one(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "function-item-events-"+kind)
		assert.Equal(t, metric, alarm.str(t, "metricName"))
		assert.Equal(t, "itrack-item-events-production", alarm.str(t, "dimensions.FunctionName"))
	}
	assert.InDelta(t, 24000, result.one(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "function-item-events-duration").num(t, "threshold"), 0)
	assert.InDelta(t, 300000, result.one(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "function-item-events-iterator-age").num(t, "threshold"), 0)
	for _, name := range result.names("aws:cloudwatch/metricAlarm:MetricAlarm") {
		assert.NotEqual(t, "function-release-check-iterator-age", name)
	}
}

// Each function may do what its settings ask for, and nothing else.
func TestFunctionRights(t *testing.T) {
	result := recorded(t, "production")
	assert.Equal(t, []string{"function-item-events-data", "function-item-events-run", "function-item-events-stream"}, policyNames(result, "function-item-events-"))
	assert.Equal(t, []string{"function-release-check-hook", "function-release-check-network", "function-release-check-run"}, policyNames(result, "function-release-check-"))
	assert.Equal(t, []string{"function-restore-check-hook", "function-restore-check-network", "function-restore-check-run"}, policyNames(result, "function-restore-check-"))
	grants := func(name string) map[string]granted { return grantsOf(t, result.one(t, "aws:iam/policy:Policy", name)) }

	stream := grants("function-item-events-stream")["ReadStream"]
	assert.Equal(t, []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}, stream.Actions)
	assert.Equal(t, []string{"items.streamArn"}, stream.Resources)
	data := grants("function-item-events-data")
	assert.NotContains(t, data, "Items")
	assert.Contains(t, data["History"].Actions, "dynamodb:PutItem")
	assert.Contains(t, data["History"].Resources[0], "item-history")

	release := grants("function-release-check-hook")["Deployments"]
	assert.Equal(t, []string{"codedeploy:GetDeployment", "codedeploy:PutLifecycleEventHookExecutionStatus"}, release.Actions)
	assert.Equal(t, []string{"arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:itrack-production/*"}, release.Resources)

	restore := grants("function-restore-check-hook")
	assert.Equal(t, []string{"backup:PutRestoreValidationResult"}, restore["Report"].Actions)
	assert.Equal(t, []string{"arn:aws:rds-db:us-east-1:123456789012:dbuser:*/restore_check"}, restore["SignIn"].Resources)
	assert.Equal(t, []string{"arn:aws:dynamodb:us-east-1:123456789012:table/awsbackup-restore-test-*"}, restore["ReadTable"].Resources)
	assert.Equal(t, []string{"dynamodb:DescribeTable", "dynamodb:Scan"}, restore["ReadTable"].Actions)
	assert.Equal(t, "Deny", grants("function-restore-check-network")["NotTheCode"].Effect)
	for _, name := range policyNames(result, "function-") {
		for sid, grant := range grants(name) {
			if grant.Effect == "Allow" && len(grant.Resources) == 1 && grant.Resources[0] == "*" {
				assert.Contains(t, []string{"WriteTraces", "LookAround", "Report"}, sid, "%s %s is open to every resource", name, sid)
			}
		}
	}
}

// A function with the database reaches it, signs in as itself and nobody else.
func TestFunctionWithDatabase(t *testing.T) {
	result := recordedWith(t, "staging", map[string]any{"itrack:functions.price-list": map[string]any{"vpc": true, "data": map[string]any{"database": true}}})
	function := result.one(t, functionToken, "price-list")
	assert.Equal(t, "3306", function.str(t, "environment.variables.DB_PORT"))
	assert.Equal(t, "price_list", function.str(t, "environment.variables.DB_USER"))
	signIn := grantsOf(t, result.one(t, "aws:iam/policy:Policy", "function-price-list-database"))["SignIn"]
	require.Len(t, signIn.Resources, 1)
	assert.Regexp(t, `^arn:aws:rds-db:us-east-1:123456789012:dbuser:.+/price_list$`, signIn.Resources[0])
	way := result.one(t, "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "function-price-list-mysql-in")
	assert.Equal(t, "function-price-list-id", way.str(t, "referencedSecurityGroupId"))
	assert.InDelta(t, 3306, way.num(t, "fromPort"), 0)
}

// A missing zip is found before anything of the component is registered, and the error says what to do.
func TestFunctionsWithoutPackage(t *testing.T) {
	recorder := &recording{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		_, err := infra.NewFunctions(ctx, "functions", &infra.FunctionsArgs{
			Settings: map[string]infra.FunctionSettings{"item-events": {}}, Packages: filepath.Join(t.TempDir(), "functions"),
		})
		return err
	}, pulumi.WithMocks("itrack", "staging", mocks{recorder}))
	require.Error(t, err)
	assert.Contains(t, err.Error(), "run `make build`")
	assert.ErrorIs(t, err, os.ErrNotExist)
	for _, resource := range recorder.Resources {
		assert.NotEqual(t, infra.FunctionsType, resource.Type)
	}
}
