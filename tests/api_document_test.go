package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/infra"
)

const methodSettingsToken = "aws:apigateway/methodSettings:MethodSettings"

// backendDocument is the backend's own document. That it is what the backend serves, roles and proofs included, is tested
// beside the handlers, against the same file.
func backendDocument(t *testing.T) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "app", "backend", "openapi.json"))
	require.NoError(t, err)
	var document map[string]any
	require.NoError(t, json.Unmarshal(text, &document))
	return document
}

// operationsOf are the operations of a document as METHOD /path, without the answers to preflights.
func operationsOf(t *testing.T, document map[string]any, below string) map[string]map[string]any {
	t.Helper()
	found := map[string]map[string]any{}
	for path, item := range node(t, document, "paths").(map[string]any) {
		for method, operation := range item.(map[string]any) {
			if method != "options" {
				found[strings.ToUpper(method)+" "+below+path] = operation.(map[string]any)
			}
		}
	}
	return found
}

// Gateway and backend cannot disagree: the gateway has the routes of the backend's document, each leads to the same path of
// the service with the same method, and there is no other.
func TestApiIsTheBackendsDocument(t *testing.T) {
	document := backendDocument(t)
	wanted := operationsOf(t, document, "/api")
	for _, stack := range bothStacks {
		body := recorded(t, stack).one(t, restAPIToken, "api").document(t, "body")
		served := operationsOf(t, body, "")
		assert.Equal(t, slices.Sorted(maps.Keys(wanted)), slices.Sorted(maps.Keys(served)))
		for route, operation := range served {
			method, path, _ := strings.Cut(route, " ")
			integration := operation[integrationOf].(map[string]any)
			assert.Equal(t, "http_proxy", integration["type"], route)
			assert.Equal(t, method, integration["httpMethod"], route)
			assert.Equal(t, "http://balancer.dnsName:80"+path, integration["uri"], route)
			for into, from := range integration {
				if into == "requestParameters" {
					for name, value := range from.(map[string]any) {
						assert.Equal(t, strings.Replace(name, "integration.", "method.", 1), value, "%s: nothing but the path's own names is rewritten", route)
					}
				}
			}
			assert.Equal(t, "all", operation["x-amazon-apigateway-request-validator"], route)
			// With its security API Gateway would take X-Api-Key for a key of its own, and refuse the service's.
			assert.NotContains(t, operation, "security", route)
			want := wanted[route]
			if body, has := want["requestBody"]; has {
				assert.Equal(t, node(t, body, "required"), node(t, operation, "requestBody", "required"), route)
				assert.Equal(t, slices.Sorted(maps.Keys(node(t, body, "content").(map[string]any))),
					slices.Sorted(maps.Keys(node(t, operation, "requestBody", "content").(map[string]any))), route)
			} else {
				assert.NotContains(t, operation, "requestBody", route)
			}
			assert.Equal(t, parametersOf(t, document, want), parametersOf(t, body, operation), route)
		}
		assert.NotContains(t, node(t, body, "components"), "securitySchemes")
		assert.EqualValues(t, 404, node(t, body, "x-amazon-apigateway-gateway-responses", "MISSING_AUTHENTICATION_TOKEN", "statusCode"),
			"what the document lacks does not exist")
	}
}

// parametersOf are an operation's parameters and whether they must be there.
func parametersOf(t *testing.T, document, operation map[string]any) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	parameters, _ := operation["parameters"].([]any)
	for _, value := range parameters {
		parameter := value.(map[string]any)
		if reference, is := parameter["$ref"].(string); is {
			parameter = node(t, document, strings.Split(strings.TrimPrefix(reference, "#/"), "/")...).(map[string]any)
		}
		required, _ := parameter["required"].(bool)
		found[fmt.Sprint(parameter["in"], " ", parameter["name"])] = required
	}
	return found
}

// The schemas that API Gateway checks bodies with are the document's, but it must not tell what was wrong with a password: it
// would quote it in the execution log.
func TestApiChecksBodiesButQuotesNoPassword(t *testing.T) {
	body := recorded(t, "production").one(t, restAPIToken, "api").document(t, "body")
	signUp := node(t, body, "components", "schemas", "BackendSignUp").(map[string]any)
	assert.ElementsMatch(t, []any{"email", "name", "password"}, signUp["required"])
	assert.Equal(t, false, signUp["additionalProperties"])
	assert.EqualValues(t, 100, node(t, signUp, "properties", "name", "maxLength"))
	assert.Equal(t, map[string]any{"type": "string", "format": "password"}, node(t, signUp, "properties", "password"))
	assert.NotContains(t, recorded(t, "production").one(t, "aws:apigateway/stage:Stage", "api").str(t, "accessLogSettings.format"), "validationError")
}

// The document's limits are the stage's for that method; everything else that settings for all methods say is repeated, since
// those of one method replace them.
func TestApiLimitsOfRoutes(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		all := result.one(t, methodSettingsToken, "api")
		limited := map[string]bool{}
		for route, operation := range operationsOf(t, backendDocument(t), "/api") {
			method, path, _ := strings.Cut(route, " ")
			limit, has := operation["x-itrack-throttle"].(map[string]any)
			if security, _ := operation["security"].([]any); len(security) == 0 {
				assert.Truef(t, has, "%s: anybody may call it, so it has a limit of its own", route)
			}
			if !has {
				continue
			}
			name := "api-" + strings.ToLower(method) + strings.ReplaceAll(path, "/", "-")
			limited[name] = true
			own := result.one(t, methodSettingsToken, name)
			assert.Equal(t, strings.ReplaceAll(path, "/", "~1")+"/"+method, own.str(t, "methodPath"))
			assert.InDelta(t, limit["rate"], own.num(t, "settings.throttlingRateLimit"), 0)
			assert.InDelta(t, limit["burst"], own.num(t, "settings.throttlingBurstLimit"), 0)
			assert.LessOrEqual(t, own.num(t, "settings.throttlingRateLimit"), all.num(t, "settings.throttlingRateLimit"))
			assert.Equal(t, "v1", own.str(t, "stageName"))
			for _, same := range []string{"loggingLevel", "metricsEnabled", "dataTraceEnabled", "cachingEnabled", "cacheDataEncrypted"} {
				assert.Equal(t, all.value(t, "settings."+same), own.value(t, "settings."+same), "%s %s", name, same)
			}
		}
		assert.Len(t, result.all(methodSettingsToken), len(limited)+1)
		assert.Subset(t, slices.Collect(maps.Keys(limited)), []string{"api-post-api-auth-signup", "api-post-api-auth-login", "api-post-api-items-import", "api-get-api-items-export"})
	}
	err := attempt(t, "staging", map[string]any{"itrack:api.rateLimit": 10}).Err
	require.ErrorContains(t, err, "itrack:services.backend.openapi, app/backend/openapi.json")
	require.ErrorContains(t, err, "paths./auth/login: post: x-itrack-throttle.rate is 20, above itrack:api.rateLimit (10)")
}

// A page can send what the document's operations take and read what they answer, of gateway errors too.
func TestApiCorsIsTheDocuments(t *testing.T) {
	body := recorded(t, "staging").one(t, restAPIToken, "api").document(t, "body")
	const sent = "'Accept,Authorization,Content-Type,Idempotency-Key,If-Match,X-Api-Key,X-Request-Id'"
	for path, methods := range map[string]string{"/api/items": "'GET,OPTIONS,POST'", "/api/stock/limits/{type}": "'DELETE,OPTIONS,PUT'"} {
		static := node(t, body, "paths", path, "options", integrationOf, "responses", "default", "responseParameters").(map[string]any)
		assert.Equal(t, sent, static["method.response.header.Access-Control-Allow-Headers"])
		assert.Equal(t, methods, static["method.response.header.Access-Control-Allow-Methods"])
	}
	for kind, answer := range node(t, body, "x-amazon-apigateway-gateway-responses").(map[string]any) {
		static := node(t, answer, "responseParameters").(map[string]any)
		assert.Equal(t, sent, static["gatewayresponse.header.Access-Control-Allow-Headers"], kind)
		assert.Equal(t, "'Content-Disposition,ETag,Idempotency-Replayed,Location,Retry-After,X-Amzn-RequestId,X-Next-Cursor,X-Request-Id'",
			static["gatewayresponse.header.Access-Control-Expose-Headers"], kind)
	}
	alone := apiOf(t, map[string]infra.ServiceSettings{"audit": {Path: "/audit"}}, nil)
	require.NoError(t, alone.Err)
	assert.Equal(t, "'Accept,Authorization,Content-Type,Idempotency-Key,If-Match,X-Request-Id'",
		node(t, alone.one(t, restAPIToken, "api").document(t, "body"), "paths", "/audit", "options", integrationOf, "responses", "default", "responseParameters", "method.response.header.Access-Control-Allow-Headers"))
}
