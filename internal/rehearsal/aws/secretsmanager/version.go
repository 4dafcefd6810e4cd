package secretsmanager

import (
	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

// versionFunction lets a program read a secret's value, as AWS does. A program that does so has the value in its state:
// the stand-in gives every secret a recognisable one, so that a test can find it there.
func versionFunction() catalog.Function {
	return catalog.Function{
		Token: "aws:secretsmanager/getSecretVersion:getSecretVersion",
		Args:  (*sdk.LookupSecretVersionArgs)(nil), Result: (*sdk.LookupSecretVersionResult)(nil),
		Run: getSecretVersion, Source: api + "API_GetSecretValue.html",
	}
}

func getSecretVersion(i *catalog.Invoke) (map[string]any, error) {
	id := i.Str("secretId")
	found := i.Tx.Find(i.Account, i.Region, cloud.SecretToken, func(o *cloud.Object) bool {
		return o.ARN == id || o.Name == id || catalog.Str(o.State, "name") == id
	})
	if len(found) == 0 {
		return nil, &catalog.Error{Code: "ResourceNotFoundException", Property: "secretId", Value: id, Service: "Secrets Manager",
			Operation: "GetSecretValue", Message: "Secrets Manager can't find the specified secret.", Source: api + "API_GetSecretValue.html"}
	}
	name := catalog.Str(found[0].State, "name")
	const version = "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"
	return map[string]any{
		"id": found[0].ARN + "|AWSCURRENT", "arn": found[0].ARN, "secretId": id, "versionId": version, "versionStage": "AWSCURRENT",
		"versionStages": []any{"AWSCURRENT"}, "secretString": cloud.SecretValue(name), "secretBinary": "", "createdDate": "2024-01-01T00:00:00Z",
	}, nil
}
