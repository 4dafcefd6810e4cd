package edge

import (
	"fmt"

	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

const (
	badRequest = "BadRequestException"
	apiAPI     = "https://docs.aws.amazon.com/apigateway/latest/api/"
	apiGuide   = "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
)

// bodySeed edits the document of staging's API with a service, orders, that brings no document and so has proxy routes.
func bodySeed(edit func(string) string) rule.Seed {
	return rule.Seed{Stack: "staging", Settings: []string{"itrack:services.orders.path=/orders"}, At: apiToken + "::api", Edit: map[string]func(string) string{"body": edit}}
}

// bodyCase is an API of one path with one operation.
func bodyCase(path, operation string) rule.Case {
	return rule.Case{Inputs: props{"body": fmt.Sprintf(`{"openapi":"3.0.1","paths":{%q:{"get":%s}}}`, path, operation)}}
}

const proxied = `{"parameters":[{"in":"path","name":"proxy"}],"x-amazon-apigateway-integration":{"type":"http_proxy","httpMethod":"ANY",` +
	`"uri":"https://example.com/{proxy}","timeoutInMillis":29000,"requestParameters":{"integration.request.path.proxy":"method.request.path.proxy"}}}`

// apiBodies are the rules on the documents of REST APIs.
func apiBodies() []rule.Rule {
	passing := bodyCase("/{proxy+}", proxied)
	failing := func(old, with string) rule.Case { return bodyCase("/{proxy+}", rule.Replace(old, with)(proxied)) }
	return []rule.Rule{{
		ID: "edge-api-openapi-version", Types: []string{apiToken}, Code: badRequest, Page: apiGuide + "api-gateway-known-issues.html",
		Says:     "A REST API is imported from a document of OpenAPI 2.0 or 3.0, not of 3.1.",
		Fix:      "Write the document in OpenAPI 3.0.",
		Foreseen: true, Check: openAPIVersion,
		Pass: passing, Fail: rule.Case{Inputs: props{"body": `{"openapi":"3.1.0","paths":{}}`}},
		Seed: bodySeed(rule.Replace(`"openapi":"3.0.1"`, `"openapi":"3.1.0"`)),
	}, {
		ID: "edge-api-path-segments", Types: []string{apiToken}, Code: badRequest, Page: apiGuide + "api-gateway-known-issues.html",
		Says: "A path begins with a slash; its segments have letters, digits and ._-:, or are one parameter in braces, and only the last " +
			"parameter takes several segments.",
		Fix:      "Give each path parameter a segment of its own, and the plus sign to the last one alone.",
		Foreseen: true, Check: pathSegments,
		Pass: passing, Fail: bodyCase("/v{proxy+}", proxied),
		Seed: bodySeed(rule.Replace(`"/orders/{proxy+}":`, `"/orders/v{proxy+}":`)),
	}, {
		ID: "edge-api-path-parameters", Types: []string{apiToken}, Code: badRequest, Page: apiGuide + "api-gateway-method-settings-method-request.html",
		Says:     "A method declares every parameter of its path.",
		Fix:      "Add the parameter to the operation, in path and required.",
		Foreseen: true, Check: pathParameters,
		Pass: passing, Fail: bodyCase("/{rest+}", proxied),
		Seed: bodySeed(rule.Replace(`"/orders/{proxy+}":`, `"/orders/{rest+}":`)),
	}, {
		ID: "edge-api-mapped-parameters", Types: []string{apiToken}, Code: badRequest, Page: apiGuide + "request-response-data-mappings.html",
		Says:     "A request parameter that an integration maps is declared on the method.",
		Fix:      "Declare the parameter on the operation, or map another one.",
		Foreseen: true, Check: mappedParameters,
		Pass: passing, Fail: failing(`"method.request.path.proxy"`, `"method.request.path.rest"`),
		Seed: bodySeed(rule.Replace(`"method.request.path.proxy"`, `"method.request.path.rest"`)),
	}, {
		ID: "edge-api-uri-parameters", Types: []string{apiToken}, Code: badRequest, Page: apiGuide + "request-response-data-mappings.html",
		Says:     "Every name in braces in an integration's URI is mapped as a path parameter of the integration.",
		Fix:      "Map integration.request.path and the name under requestParameters.",
		Foreseen: true, Check: uriParameters,
		Pass: passing, Fail: failing("example.com/{proxy}", "example.com/{rest}"),
		Seed: bodySeed(rule.Replace(`/orders/{proxy}"`, `/orders/{rest}"`)),
	}, {
		ID: "edge-api-integration-type", Types: []string{apiToken}, Code: badRequest, Page: apiGuide + "api-gateway-swagger-extensions-integration.html",
		Says:     "An integration's type is http, http_proxy, aws, aws_proxy or mock.",
		Fix:      "Choose one of the types; proxying to HTTP is http_proxy.",
		Foreseen: true, Check: integrationType,
		Pass: passing, Fail: failing("http_proxy", "http-proxy"),
		Seed: bodySeed(rule.Replace(`"type":"http_proxy"`, `"type":"http-proxy"`)),
	}, {
		ID: "edge-api-integration-endpoint", Types: []string{apiToken}, Code: badRequest, Page: apiGuide + "api-gateway-swagger-extensions-integration.html",
		Says:     "An integration that is no mock has a URI and the HTTP method that it calls it with.",
		Fix:      "Give the integration uri and httpMethod.",
		Foreseen: true, Check: integrationEndpoint,
		Pass: passing, Fail: failing(`"httpMethod":"ANY",`, ``),
		Seed: bodySeed(rule.Replace(`"httpMethod":"ANY",`, ``)),
	}, {
		ID: "edge-api-integration-timeout", Types: []string{apiToken}, Code: badRequest, Page: apiAPI + "API_Integration.html",
		Says:     "An integration waits 50 to 29,000 milliseconds; more is a quota that one must ask for.",
		Fix:      "Set timeoutInMillis to 29000 or less.",
		Foreseen: true, Check: integrationTimeout,
		Pass: passing, Fail: failing("29000", "30000"),
		Seed: bodySeed(rule.Replace(`"timeoutInMillis":29000`, `"timeoutInMillis":60000`)),
	}, {
		ID: "edge-api-validator", Types: []string{apiToken}, Code: badRequest, Page: apiGuide + "api-gateway-swagger-extensions-request-validator.html",
		Says:     "A method's request validator is one that the document declares.",
		Fix:      "Declare the validator under x-amazon-apigateway-request-validators.",
		Foreseen: true, Check: validatorExists,
		Pass: passing, Fail: failing(`{"parameters"`, `{"x-amazon-apigateway-request-validator":"all","parameters"`),
		Seed: bodySeed(rule.Replace(`"x-amazon-apigateway-request-validator":"all"`, `"x-amazon-apigateway-request-validator":"some"`)),
	}, {
		ID: "edge-api-models", Types: []string{apiToken}, Code: badRequest, Page: apiAPI + "API_CreateModel.html",
		Says:     "A model's name has letters and digits alone, and a schema that a method refers to is a model of the document.",
		Fix:      "Name schemas in letters and digits, and declare those that are referred to.",
		Foreseen: true, Check: models,
		Pass: rule.Case{Inputs: props{"body": `{"openapi":"3.0.1","components":{"schemas":{"ItemList":{}}},"paths":{}}`}},
		Fail: rule.Case{Inputs: props{"body": `{"openapi":"3.0.1","components":{"schemas":{"Item-List":{}}},"paths":{}}`}},
		Seed: bodySeed(rule.Replace(`"components":{"schemas":{`, `"components":{"schemas":{"item_list":{"type":"object"},`)),
	}}
}
