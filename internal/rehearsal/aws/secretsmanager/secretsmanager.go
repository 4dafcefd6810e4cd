// Package secretsmanager describes Secrets Manager to the stand-in.
package secretsmanager

import (
	"fmt"
	"regexp"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/cloud"
)

const api = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/"

// Service is what the stand-in knows of Secrets Manager.
func Service() catalog.Service {
	return catalog.Service{
		Types: []catalog.Type{{
			Token: cloud.SecretToken, Args: (*sdk.SecretArgs)(nil), Resource: (*sdk.Secret)(nil),
			Service: "Secrets Manager", Action: "Secret", Title: "Secrets Manager Secret",
			ID: catalog.Made(func(c *catalog.Call) string {
				c.ARN = fmt.Sprintf("arn:%s:secretsmanager:%s:%s:secret:%s-%s", c.Partition, c.Region, c.Account, c.Str("name"), catalog.Letters(6, catalog.MixedDigits))
				return c.ARN
			}),
			ARN: "",
			Name: catalog.Name{Property: "name", Auto: 512, Prefix: "namePrefix", Scope: catalog.InRegion, Code: "ResourceExistsException",
				Message: "The operation failed because the secret {name} already exists."},
			Defaults:  map[string]any{"recoveryWindowInDays": 30},
			Blank:     []string{"namePrefix", "policy"},
			Documents: map[string]catalog.Document{"policy": {Code: "MalformedPolicyDocumentException"}},
			Refs: []catalog.Ref{{Path: "kmsKeyId", To: []string{"aws:kms/key:Key", "aws:kms/replicaKey:ReplicaKey", "aws:kms/alias:Alias"}, By: catalog.ByIDOrARN,
				Code: "InvalidParameterException", Message: "The KMS key {value} does not exist"}},
			Check: checkSecret,
			Refuse: func(c *catalog.Call) *catalog.Error {
				return policy.Check(c, "policy", policy.Rules{Code: "MalformedPolicyDocumentException", Principal: true, MaxSize: 20480,
					SizeCode: "InvalidParameterException", SizeQuota: "the secret's policy"})
			},
		}},
		Functions: []catalog.Function{versionFunction(), {
			Token: "aws:secretsmanager/getSecret:getSecret", Args: (*sdk.LookupSecretArgs)(nil), Result: (*sdk.LookupSecretResult)(nil), Run: getSecret,
			Source: api + "API_DescribeSecret.html",
		}},
	}
}

var secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)

func checkSecret(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	if name := c.Str("name"); c.Known("name") && !secretName.MatchString(name) {
		problems = append(problems, catalog.Problem{Property: "name", Rule: "name of a secret", Value: name,
			Message: "must have 1 to 512 letters, digits and /_+=.@-", Source: api + "API_CreateSecret.html"})
	}
	if days := c.Num("recoveryWindowInDays"); c.Known("recoveryWindowInDays") && days != 0 && (days < 7 || days > 30) {
		problems = append(problems, catalog.Problem{Property: "recoveryWindowInDays", Rule: "0, or 7 to 30 days", Value: fmt.Sprint(days),
			Message: "must be 0 (delete at once) or 7 to 30 days", Source: api + "API_DeleteSecret.html"})
	}
	return problems
}

// getSecret finds a secret of the region by name or ARN. It never returns a value: DescribeSecret has none.
func getSecret(i *catalog.Invoke) (map[string]any, error) {
	name, arn := i.Str("name"), i.Str("arn")
	if (name == "") == (arn == "") {
		return nil, &catalog.Error{Code: "InvalidParameterException", Property: "name", Service: "Secrets Manager", Operation: "DescribeSecret",
			Message: "one of name and arn must be given"}
	}
	found := i.Tx.Find(i.Account, i.Region, cloud.SecretToken, func(o *cloud.Object) bool {
		return arn != "" && o.ARN == arn || name != "" && (o.Name == name || catalog.Str(o.State, "name") == name)
	})
	if len(found) == 0 {
		return nil, &catalog.Error{Code: "ResourceNotFoundException", Property: "name", Value: strings.TrimSpace(name + arn), Service: "Secrets Manager",
			Operation: "DescribeSecret", Message: "Secrets Manager can't find the specified secret.", Source: api + "API_DescribeSecret.html"}
	}
	o := found[0]
	return map[string]any{"id": o.ARN, "arn": o.ARN, "name": catalog.Str(o.State, "name"), "kmsKeyId": catalog.Str(o.State, "kmsKeyId"),
		"description": catalog.Str(o.State, "description"), "policy": "", "createdDate": "2024-01-01T00:00:00Z", "lastChangedDate": "2024-01-01T00:00:00Z",
		"tags": map[string]any{}}, nil
}
