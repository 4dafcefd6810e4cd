package apigateway

import (
	"encoding/json"
	"slices"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

func restAPIType() catalog.Type {
	return catalog.Type{
		Token: apiToken, Args: (*sdk.RestApiArgs)(nil), Resource: (*sdk.RestApi)(nil),
		Service: service, Action: "RestApi", Title: "API Gateway REST API", Verbs: map[string]string{"update": "PutRestApi"},
		ARN: "arn:{partition}:apigateway:{region}::/restapis/{id}", ID: lower(10),
		// Names of APIs need not be unique.
		Name:     catalog.Name{Property: "name", Auto: 128},
		Defaults: map[string]any{"apiKeySource": "HEADER", "disableExecuteApiEndpoint": false, "putRestApiMode": "overwrite"},
		Blank:    []string{"policy", "minimumCompressionSize", "description"},
		Computed: []string{"endpointConfiguration.ipAddressType"},
		Documents: map[string]catalog.Document{
			"body": {Code: "BadRequestException", Same: sameJSON}, "policy": {Code: "BadRequestException"},
		},
		// What the document refers to is checked with the document.
		Loose: []string{"body"}, Check: checkAPI,
		Compute: func(c *catalog.Call) error {
			c.SetNew("createdDate", c.Timestamp())
			c.Set("executionArn", c.Fill("arn:{partition}:execute-api:{region}:{account}:{id}"))
			c.SetNew("rootResourceId", catalog.Letters(10, catalog.LowerDigits))
			return nil
		},
		Source: api + "API_PutRestApi.html",
	}
}

// sameJSON is how the provider compares two documents: by content.
func sameJSON(old, new string) bool {
	var a, b any
	if json.Unmarshal([]byte(old), &a) != nil || json.Unmarshal([]byte(new), &b) != nil {
		return old == new
	}
	left, errLeft := json.Marshal(a)
	right, errRight := json.Marshal(b)
	return errLeft == nil && errRight == nil && string(left) == string(right)
}

func checkAPI(c *catalog.Call) []catalog.Problem {
	var problems []catalog.Problem
	if types := c.Str("endpointConfiguration.types"); c.Known("endpointConfiguration.types") && !slices.Contains([]string{"REGIONAL", "EDGE", "PRIVATE"}, types) {
		problems = append(problems, catalog.Problem{Property: "endpointConfiguration.types", Rule: "allowed values", Value: types,
			Message: "must be REGIONAL, EDGE or PRIVATE", Source: api + "API_EndpointConfiguration.html"})
	}
	return problems
}
