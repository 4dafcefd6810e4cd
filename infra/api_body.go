package infra

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	// integrationMillis is the longest that API Gateway waits for a service, and its default.
	integrationMillis = 29000
	// corsSeconds is how long a browser keeps what it may do; two hours are the most that one of them takes.
	corsSeconds = 7200
	corsMethods = "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT"
	corsHeaders = "Accept,Authorization,Content-Type,Idempotency-Key,If-Match,X-Request-Id"
	// validator is the name of the request validator that every operation uses.
	validator = "all"
)

// apiBackend is where requests go, as it is known once the balancer and the link exist.
type apiBackend struct {
	linkID      string
	balancerArn string
	host        string
	scheme      string
	port        int
	origins     []string
}

// apiBody writes the API's OpenAPI document: the merged paths with an integration each, an answer to preflights, request
// validation, and gateway errors that a browser may read.
func apiBody(title string, paths, schemas apiDocument, backend apiBackend) (string, error) {
	full := apiDocument{}
	for path, value := range paths {
		item := apiDocument{"options": preflight(path, backend.origins)}
		for method, operation := range value.(apiDocument) {
			if method == "options" {
				continue // preflights are answered here: a browser sends none of its credentials with them
			}
			whole := maps.Clone(operation.(apiDocument))
			whole["x-amazon-apigateway-integration"] = backend.integration(path, method)
			whole["x-amazon-apigateway-request-validator"] = validator
			item[method] = whole
		}
		full[path] = item
	}
	document := apiDocument{
		"openapi": "3.0.1",
		// AWS takes the API's name from here when it reads the document.
		"info":  apiDocument{"title": title, "version": "1"},
		"paths": full,
		"x-amazon-apigateway-request-validators": apiDocument{
			validator: apiDocument{"validateRequestBody": true, "validateRequestParameters": true},
		},
		"x-amazon-apigateway-request-validator": validator,
		"x-amazon-apigateway-gateway-responses": gatewayErrors(backend.origins),
	}
	if len(schemas) > 0 {
		document["components"] = apiDocument{"schemas": schemas}
	}
	return canonicalJSON(document)
}

// integration sends a request through the VPC link to the balancer. The path is written out, with each of its names
// mapped: otherwise AWS may put the stage's name before it. The target is the load balancer; host and port of the URI
// say which of its listeners.
func (b apiBackend) integration(path, method string) apiDocument {
	parameters := apiDocument{}
	for _, name := range pathNames(path) {
		parameters["integration.request.path."+name] = "method.request.path." + name
	}
	verb := strings.ToUpper(method)
	if method == "x-amazon-apigateway-any-method" {
		verb = "ANY"
	}
	result := apiDocument{
		"type": "http_proxy", "httpMethod": verb,
		"connectionType": "VPC_LINK", "connectionId": b.linkID, "integrationTarget": b.balancerArn,
		"uri":                 fmt.Sprintf("%s://%s:%d%s", b.scheme, b.host, b.port, strings.ReplaceAll(path, "+}", "}")),
		"passthroughBehavior": "when_no_match",
		"timeoutInMillis":     integrationMillis,
	}
	if len(parameters) > 0 {
		result["requestParameters"] = parameters
	}
	return result
}

// preflight answers OPTIONS without asking a service. Access-Control-Allow-Origin takes one origin, so that a list of them
// needs a decision: the template gives back the request's origin where it is in the list, and nothing otherwise.
func preflight(path string, origins []string) apiDocument {
	const header = "method.response.header."
	declared, static := apiDocument{}, apiDocument{
		header + "Access-Control-Allow-Methods": quoted(corsMethods),
		header + "Access-Control-Allow-Headers": quoted(corsHeaders),
		header + "Access-Control-Max-Age":       quoted(fmt.Sprint(corsSeconds)),
		header + "Vary":                         quoted("Origin"),
	}
	for _, name := range []string{
		"Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age", "Vary",
	} {
		declared[name] = apiDocument{"schema": apiDocument{"type": "string"}}
	}
	operation := apiDocument{
		"summary":   "Preflight",
		"responses": apiDocument{"204": apiDocument{"description": "What a browser may send", "headers": declared}},
		"x-amazon-apigateway-integration": apiDocument{
			"type":             "mock",
			"requestTemplates": apiDocument{"application/json": `{"statusCode":204}`},
			// A preflight carries no body and so no content type; another one is not turned away.
			"passthroughBehavior": "when_no_match",
			"responses": apiDocument{"default": apiDocument{
				"statusCode": "204", "responseParameters": static,
				"responseTemplates": apiDocument{"application/json": originTemplate(origins)},
			}},
		},
	}
	var parameters []any
	for _, name := range pathNames(path) {
		parameters = append(parameters, pathParameter(name))
	}
	if len(parameters) > 0 {
		operation["parameters"] = parameters
	}
	return operation
}

// originTemplate is written in API Gateway's template language (VTL). Browsers write the header as Origin; HTTP/2
// clients send it in lower case, which input.params does not level.
func originTemplate(origins []string) string {
	conditions := make([]string, 0, len(origins))
	for _, origin := range origins {
		conditions = append(conditions, `$origin == "`+origin+`"`)
	}
	return `#set($origin = $input.params().header.get("Origin"))` + "\n" +
		`#if(!$origin || $origin == "")#set($origin = $input.params().header.get("origin"))#end` + "\n" +
		"#if(" + strings.Join(conditions, " || ") + ")" +
		"#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)#end"
}

// gatewayErrors let a browser read the errors that never reach a service (throttled, refused by the web ACL, no such
// path, timed out): without these headers a page sees a network error and nothing of the reason.
//
// A gateway response knows no templates with conditions. With one origin it names it; with several it names all ("*"):
// these answers hold API Gateway's own words and no data, and browsers send no credentials where "*" is allowed.
func gatewayErrors(origins []string) apiDocument {
	allowed := "*"
	if len(origins) == 1 {
		allowed = origins[0]
	}
	respond := func(message string) apiDocument {
		return apiDocument{
			"responseParameters": apiDocument{
				"gatewayresponse.header.Access-Control-Allow-Origin":   quoted(allowed),
				"gatewayresponse.header.Access-Control-Allow-Methods":  quoted(corsMethods),
				"gatewayresponse.header.Access-Control-Allow-Headers":  quoted(corsHeaders),
				"gatewayresponse.header.Access-Control-Expose-Headers": quoted("Retry-After,X-Amzn-RequestId"),
			},
			"responseTemplates": apiDocument{
				"application/json": `{"message":` + message + `,"requestId":"$context.requestId"}`,
			},
		}
	}
	invalid := respond(`"$context.error.validationErrorString"`)
	invalid["statusCode"] = 400
	throttled := respond("$context.error.messageString")
	throttled["statusCode"] = 429
	throttled["responseParameters"].(apiDocument)["gatewayresponse.header.Retry-After"] = quoted("1")
	return apiDocument{
		"DEFAULT_4XX": respond("$context.error.messageString"), "DEFAULT_5XX": respond("$context.error.messageString"),
		"BAD_REQUEST_BODY": invalid, "THROTTLED": throttled,
	}
}

// quoted is a static value in API Gateway's mappings.
func quoted(text string) string { return "'" + text + "'" }

// corsOrigins is the frontend's origin and the further ones, each once.
func corsOrigins(frontend string, further []string) []string {
	origins := []string{frontend}
	for _, origin := range further {
		if !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	return origins
}
