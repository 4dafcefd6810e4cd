package controls

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/internal/review"
)

// props are the outputs of resources, by label.
type props map[string]map[string]any

// stackOf is a stack of a few resources, as an export has them. "id" and "region" are the resource's own.
func stackOf(t *testing.T, declared props) *review.Model {
	t.Helper()
	const head = "urn:pulumi:test::itrack::"
	regions, resources := map[string]string{}, []map[string]any{}
	for label, outputs := range declared {
		token := label[:strings.LastIndex(label, "::")]
		region, _ := outputs["region"].(string)
		if regions[region] == "" {
			regions[region] = head + "pulumi:providers:aws::in-" + region
			resources = append(resources, map[string]any{"urn": regions[region], "type": "pulumi:providers:aws", "custom": true, "id": "p",
				"inputs": map[string]any{"region": region}})
		}
		resources = append(resources, map[string]any{"urn": head + label, "type": token, "custom": true, "id": fmt.Sprint(outputs["id"]),
			"outputs": outputs, "provider": regions[region] + "::p"})
	}
	text, err := json.Marshal(map[string]any{"manifest": map[string]any{}, "resources": resources})
	require.NoError(t, err)
	m, err := review.Load(apitype.UntypedDeployment{Version: 3, Deployment: text})
	require.NoError(t, err)
	return m
}

// TestShapes are stacks that ours is not: what AWS reports after a refresh, parts that our stack does not use, and what it
// fails by itself, so that no fault can be put into it.
func TestShapes(t *testing.T) {
	const (
		d         = tokenDistribution + "::d"
		logSource = tokenLogSource + "::d"
		delivery  = tokenLogDelivery + "::d"
		bucket    = tokenBucket + "::b"
		oldBucket = "aws:s3/bucket:Bucket::b"
		cert      = tokenCertificate + "::c"
		secretARN = "arn:aws:secretsmanager:eu-west-1:1:secret:a-123456"
		publicDoc = `{"Statement":[{"Sid":"Open","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}`
	)
	stage := map[string]any{"arn": "arn:aws:apigateway:eu-west-1::/restapis/a/stages/v1", "restApi": "a", "stageName": "v1",
		"webAclArn": "arn:aws:wafv2:eu-west-1:1:regional/webacl/x/y"}
	inline := func(document string) map[string]any {
		return map[string]any{"name": "r", "inlinePolicies": []any{map[string]any{"name": "", "policy": document}}}
	}
	for name, c := range map[string]struct {
		control string
		stack   props
		want    map[string]bool
		why     string
	}{
		"legacy logging": {"CloudFront.5", props{d: {"loggingConfig": map[string]any{"bucket": "logs.s3.amazonaws.com"}}}, map[string]bool{d: true}, "logs.s3"},
		"logging v2": {"CloudFront.5", props{d: {"arn": "arn:d"}, logSource: {"name": "source", "resourceArn": "arn:d"}, delivery: {"deliverySourceName": "source"}},
			map[string]bool{d: false}, "standard logging v2"},
		"a log source without delivery": {"CloudFront.5", props{d: {"arn": "arn:d"}, logSource: {"name": "source", "resourceArn": "arn:d"}},
			map[string]bool{d: false}, "not logged at all"},
		"an ACL that AWS reported of the stage": {"APIGateway.4", props{tokenStage + "::s": stage}, map[string]bool{tokenStage + "::s": true}, "x/y"},
		"a policy that AWS reported of the bucket": {"S3.2", props{bucket: {"bucket": "b", "arn": "arn:aws:s3:::b", "policy": publicDoc}},
			map[string]bool{bucket: false}, "statement Open"},
		"a bucket of the old type": {"S3.8", props{oldBucket: {"bucket": "b"}}, map[string]bool{oldBucket: false}, "no public access block"},
		"parts of the new names": {"S3.13", props{bucket: {"bucket": "b"}, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration::b": {
			"bucket": "b", "rules": []any{map[string]any{"status": "Enabled"}}}}, map[string]bool{bucket: true}, "old objects go"},
		"a bucket with the default ownership": {"S3.12", props{bucket: {"bucket": "b"}}, map[string]bool{bucket: true}, "ACLs are off"},
		"an imported certificate":             {"ACM.1", props{cert: {"type": "IMPORTED", "notAfter": "2999-01-01T00:00:00Z"}}, map[string]bool{cert: true}, "2999"},
		"an elliptic curve is no RSA key":     {"ACM.2", props{cert: {"keyAlgorithm": "EC_prime256v1"}}, map[string]bool{}, ""},
		"an empty inline policy":              {"KMS.2", props{tokenRole + "::r": inline("")}, map[string]bool{tokenRole + "::r": true}, "no inline policy"},
		"a function from an image":            {"Lambda.2", props{tokenFunction + "::f": {"packageType": "Image"}}, map[string]bool{}, ""},
		"the same vault name in two regions": {"Backup.1", props{
			tokenVault + "::here":      {"id": "v", "name": "v", "arn": "arn:v1", "kmsKeyArn": "arn:k", "region": "eu-west-1"},
			tokenVault + "::there":     {"id": "v", "name": "v", "arn": "arn:v2", "kmsKeyArn": "arn:k", "region": "eu-central-1"},
			tokenPlan + "::p":          {"id": "plan", "region": "eu-west-1", "rules": []any{map[string]any{"targetVaultName": "v"}}},
			tokenSelection + "::s":     {"planId": "plan", "region": "eu-west-1", "resources": []any{"arn:db"}},
			tokenDatabase + "::db":     {"arn": "arn:db", "region": "eu-west-1"},
			tokenDatabase + "::unused": {"arn": "arn:other", "region": "eu-west-1"},
		}, map[string]bool{tokenVault + "::here": false, tokenVault + "::there": true}, ""},
		"a secret that rotates": {"SecretsManager.1", props{
			tokenTask + "::t":           {"containerDefinitions": `[{"secrets":[{"name":"A","valueFrom":"` + secretARN + `:field::"}]}]`},
			tokenSecretRotation + "::a": {"secretId": secretARN}}, map[string]bool{tokenTask + "::t": true}, "rotate"},
		"provisioned capacity that is scaled": {"DynamoDB.1", props{
			tokenTable + "::t":         {"name": "t", "billingMode": "PROVISIONED"},
			tokenScalingTarget + "::r": {"resourceId": "table/t", "scalableDimension": "dynamodb:table:ReadCapacityUnits"},
			tokenScalingTarget + "::w": {"resourceId": "table/t", "scalableDimension": "dynamodb:table:WriteCapacityUnits"},
			tokenScalingPolicy + "::r": {"resourceId": "table/t", "scalableDimension": "dynamodb:table:ReadCapacityUnits"},
			tokenScalingPolicy + "::w": {"resourceId": "table/t", "scalableDimension": "dynamodb:table:WriteCapacityUnits"}},
			map[string]bool{tokenTable + "::t": true}, "scaled"},
	} {
		t.Run(name, func(t *testing.T) {
			got, reasons := map[string]bool{}, ""
			for _, control := range All() {
				if control.ID != c.control {
					continue
				}
				for _, answer := range control.Check(stackOf(t, c.stack)) {
					got[answer.Resource.Label()], reasons = answer.OK, reasons+answer.Why
				}
			}
			assert.Equal(t, c.want, got)
			assert.Contains(t, reasons, c.why)
		})
	}
}
