package apigateway

import (
	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"

	"github.com/itrack/itrack/internal/rehearsal/aws/policy"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const accountToken = "aws:apigateway/account:Account"

// accountType is API Gateway's settings of an account in a region.
func accountType() catalog.Type {
	const page = "https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateAccount.html"
	return catalog.Type{
		Token: accountToken, Args: (*sdk.AccountArgs)(nil), Resource: (*sdk.Account)(nil),
		Service: "API Gateway", Title: "API Gateway Account", Verbs: map[string]string{"create": "UpdateAccount", "update": "UpdateAccount", "delete": "UpdateAccount"},
		// The provider's id of this singleton.
		ID: catalog.Templated("api-gateway-account"), Overwrites: true, Computed: []string{"cloudwatchRoleArn"}, Blank: []string{"cloudwatchRoleArn"},
		Refs: []catalog.Ref{{Path: "cloudwatchRoleArn", To: []string{"aws:iam/role:Role"}, By: catalog.ByARN, Code: "BadRequestException",
			Message: "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy."}},
		Refuse: func(c *catalog.Call) *catalog.Error {
			role := c.Tx.ByARN(c.Str("cloudwatchRoleArn"))
			if role == nil || policy.TrustsService(catalog.Str(role.State, "assumeRolePolicy"), "apigateway.amazonaws.com") {
				return nil
			}
			return &catalog.Error{Code: "BadRequestException", Property: "cloudwatchRoleArn", Value: role.ARN, Rule: "role that API Gateway can assume",
				Message: "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy.", Source: page}
		},
		Compute: func(c *catalog.Call) error {
			c.SetNew("apiKeyVersion", "4")
			c.SetNew("features", []any{"UsagePlans"})
			c.SetNew("throttleSettings", []any{map[string]any{"burstLimit": 5000, "rateLimit": 10000}})
			return nil
		},
		Source: page,
	}
}
