package infra

import (
	"fmt"
	"maps"
	"strings"
)

const (
	// integrationMillis is the longest that API Gateway waits for a service, and its default.
	integrationMillis = 29000
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
	cors        cors
}

// apiBody writes the API's OpenAPI document: the merged paths with an integration each, an answer to preflights, request
// validation, and gateway errors that a browser may read.
func apiBody(title string, all *merged, backend apiBackend) (string, error) {
	full := apiDocument{}
	for path, value := range all.paths {
		operations := value.(apiDocument)
		item := apiDocument{"options": backend.cors.preflight(path, operations)}
		for method, operation := range operations {
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
		"x-amazon-apigateway-gateway-responses": backend.cors.gatewayErrors(),
	}
	if len(all.schemas) > 0 {
		document["components"] = apiDocument{"schemas": all.schemas}
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
	if method == anyMethod {
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
