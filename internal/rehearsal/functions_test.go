package rehearsal_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/rehearsal/aws"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
	"github.com/itrack/itrack/internal/rehearsal/enginetest"
)

// functionArgs are arguments that each function answers. A function without an entry fails the test.
var functionArgs = map[string]map[string]any{
	"aws:index/getCallerIdentity:getCallerIdentity":             {},
	"aws:index/getRegion:getRegion":                             {},
	"aws:index/getPartition:getPartition":                       {},
	"aws:index/getAvailabilityZones:getAvailabilityZones":       {"state": "available"},
	"aws:secretsmanager/getSecret:getSecret":                    {"name": "itrack/test/db_password"},
	"aws:secretsmanager/getSecretVersion:getSecretVersion":      {"secretId": "itrack/test/db_password"},
	"aws:route53/getZone:getZone":                               {"name": "example.com"},
	"aws:ssm/getParameter:getParameter":                         {"name": "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"},
	"aws:elb/getServiceAccount:getServiceAccount":               {},
	"aws:ec2/getPrefixList:getPrefixList":                       {"name": "com.amazonaws.us-east-1.s3"},
	"aws:ec2/getManagedPrefixList:getManagedPrefixList":         {"name": "com.amazonaws.global.cloudfront.origin-facing"},
	"aws:ec2/getAmi:getAmi":                                     {"owners": []any{"amazon"}, "filters": []any{map[string]any{"name": "name", "values": []any{"al2023-ami-2023*-arm64"}}}},
	"aws:ec2/getVpcEndpointService:getVpcEndpointService":       {"service": "ecr.api"},
	"aws:kms/getKey:getKey":                                     {"keyId": "alias/aws/ebs"},
	"aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": nil, // needs a provider that somebody made: refused below
}

func (w *world) invoke(token string, args map[string]any) (result map[string]any, err error) {
	w.t.Helper()
	f, err := aws.Catalog().Function(token)
	require.NoError(w.t, err)
	given := resource.NewPropertyMapFromMap(args)
	assert.Empty(w.t, catalog.CheckArgs(catalog.PlainShape(f.Args), given), token)
	err = w.cloud.View(func(tx *cloud.Tx) error {
		result, err = f.Run(&catalog.Invoke{Tx: tx, Account: enginetest.Account, Region: region, Partition: "aws", Args: given})
		return err
	})
	return result, err
}

func TestFunctionsReturnWhatTheSDKReads(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, w.cloud.Seed(enginetest.Account, cloud.Seed{Region: region, SecretNames: []string{"itrack/test/db_password"}, Zones: []string{"example.com"}}))
	for _, token := range aws.Catalog().FunctionTokens() {
		args, ok := functionArgs[token]
		require.True(t, ok, "give %s arguments", token)
		if args == nil {
			continue
		}
		result, err := w.invoke(token, args)
		require.NoError(t, err, token)
		f, err := aws.Catalog().Function(token)
		require.NoError(t, err)
		shape := catalog.PlainShape(f.Result)
		for name := range result {
			assert.Contains(t, shape.Fields, name, token)
		}
		for name, field := range shape.Fields {
			if !field.Optional {
				assert.Contains(t, result, name, token)
			}
		}
	}
	zones, err := w.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", nil)
	require.NoError(t, err)
	assert.Equal(t, []any{"us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d", "us-east-1e", "us-east-1f"}, zones["names"])
}

func TestFunctionsRefuseWhatIsNotThere(t *testing.T) {
	w := newWorld(t)
	for token, args := range map[string]map[string]any{
		"aws:secretsmanager/getSecret:getSecret":                    {"name": "nobody/made/this"},
		"aws:secretsmanager/getSecretVersion:getSecretVersion":      {"secretId": "nobody/made/this"},
		"aws:route53/getZone:getZone":                               {"name": "nobody.example"},
		"aws:ec2/getPrefixList:getPrefixList":                       {"name": "com.amazonaws.eu-west-1.s3"},
		"aws:ec2/getVpcEndpointService:getVpcEndpointService":       {"service": "ecr.apy"},
		"aws:kms/getKey:getKey":                                     {"keyId": "alias/mine"},
		"aws:ssm/getParameter:getParameter":                         {"name": "/nobody"},
		"aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": {"url": "https://token.actions.githubusercontent.com"},
	} {
		_, err := w.invoke(token, args)
		var refused *catalog.Error
		require.ErrorAs(t, err, &refused, token)
		assert.NotEmpty(t, refused.Property, token)
	}
	_, err := aws.Catalog().Function("aws:nowhere/getThing:getThing")
	assert.ErrorContains(t, err, "does not know the function aws:nowhere/getThing:getThing")
}
