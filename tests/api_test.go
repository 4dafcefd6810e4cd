package tests

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itrack/itrack/infra"
)

const (
	restAPIToken  = "aws:apigateway/restApi:RestApi"
	anyMethod     = "x-amazon-apigateway-any-method"
	integrationOf = "x-amazon-apigateway-integration"
)

// node walks into decoded JSON.
func node(t *testing.T, value any, steps ...string) any {
	t.Helper()
	for i, step := range steps {
		object, ok := value.(map[string]any)
		require.Truef(t, ok, "%v is no object", steps[:i])
		value, ok = object[step]
		require.Truef(t, ok, "%v is missing", steps[:i+1])
	}
	return value
}

func TestApiIsRegionalAndLogged(t *testing.T) {
	for _, stack := range bothStacks {
		result := recorded(t, stack)
		api := result.one(t, restAPIToken, "api")
		assert.Equal(t, "itrack-api-"+stack, api.str(t, "name"))
		assert.Equal(t, "REGIONAL", api.str(t, "endpointConfiguration.types"))
		assert.False(t, api.flag(t, "disableExecuteApiEndpoint"), "without a domain AWS's name is the only way in")
		assert.Equal(t, "1024", api.str(t, "minimumCompressionSize"))

		stage := result.one(t, "aws:apigateway/stage:Stage", "api")
		assert.Equal(t, "v1", stage.str(t, "stageName"))
		assert.True(t, stage.flag(t, "xrayTracingEnabled"))
		assert.Equal(t, "api-id", stage.str(t, "clientCertificateId"))
		format := stage.document(t, "accessLogSettings.format")
		assert.Equal(t, "$context.requestId", format["requestId"])
		assert.Equal(t, "$context.identity.sourceIp", format["ip"])
		for name, variable := range format {
			assert.NotRegexp(t, `(?i)authorization|querystring|header`, variable, "%s may hold a token", name)
		}
		waits := strings.Join(stage.Dependencies, " ")
		assert.Contains(t, waits, "logGroup:LogGroup::api-execution", "AWS makes the group by itself where the stage is first")
		assert.Contains(t, waits, "aws:apigateway/account:Account", "logs need the region's role")

		days := map[string]float64{"staging": 14, "production": 90}[stack]
		for name, physical := range map[string]string{"api-access": "/aws/apigateway/itrack-api-" + stack + "/access", "api-execution": "API-Gateway-Execution-Logs_api-id/v1"} {
			group := result.one(t, "aws:cloudwatch/logGroup:LogGroup", name)
			assert.Equal(t, physical, group.str(t, "name"))
			assert.InDelta(t, days, group.num(t, "retentionInDays"), 0)
			assert.Contains(t, group.str(t, "kmsKeyId"), ":logs")
		}
		settings := result.one(t, "aws:apigateway/methodSettings:MethodSettings", "api")
		assert.Equal(t, "*/*", settings.str(t, "methodPath"))
		assert.Equal(t, "INFO", settings.str(t, "settings.loggingLevel"))
		assert.True(t, settings.flag(t, "settings.metricsEnabled"))
		assert.False(t, settings.flag(t, "settings.dataTraceEnabled"), "traces hold tokens and passwords")
		assert.InDelta(t, map[string]float64{"staging": 50, "production": 1000}[stack], settings.num(t, "settings.throttlingRateLimit"), 0)
		assert.InDelta(t, map[string]float64{"staging": 100, "production": 2000}[stack], settings.num(t, "settings.throttlingBurstLimit"), 0)

		association := result.one(t, "aws:wafv2/webAclAssociation:WebAclAssociation", "api")
		assert.Contains(t, association.str(t, "webAclArn"), ":waf-regional")
		assert.Contains(t, strings.Join(association.RPC.GetPropertyDependencies()["resourceArn"].GetUrns(), " "), "stage:Stage::api")
	}
}

func TestApiUsesTheRoleOfAnotherStack(t *testing.T) {
	result := recordedWith(t, "staging", map[string]any{"itrack:account.apiGatewayRole": "use"})
	assert.NotContains(t, strings.Join(result.one(t, "aws:apigateway/stage:Stage", "api").Dependencies, " "), "aws:apigateway/account:Account")
}

// A deployment is a snapshot of the document: it is made anew when the document changes, and makes no stage.
func TestApiDeploymentFollowsTheDocument(t *testing.T) {
	hash := func(result *recording) string {
		deployment := result.one(t, "aws:apigateway/deployment:Deployment", "api")
		assert.False(t, deployment.has("stageName"))
		sum := sha256.Sum256([]byte(result.one(t, restAPIToken, "api").str(t, "body")))
		assert.Equal(t, hex.EncodeToString(sum[:]), deployment.str(t, "triggers.body"))
		return deployment.str(t, "triggers.body")
	}
	assert.NotEqual(t, hash(recorded(t, "staging")), hash(recordedWith(t, "staging", map[string]any{"itrack:services.audit": map[string]any{"path": "/audit"}})))
}

// The link's only way out is the balancer's production listener.
func TestApiReachesTheBalancer(t *testing.T) {
	for domain, port := range map[string]float64{"": 80, "itrack.example.com": 443} {
		overlay := map[string]any{}
		if domain != "" {
			overlay["itrack:domain"] = domain
		}
		result := recordedWith(t, "production", overlay)
		link := result.one(t, "aws:apigatewayv2/vpcLink:VpcLink", "api")
		assert.Equal(t, []string{"subnet-private-1", "subnet-private-2", "subnet-private-3"}, link.strs(t, "subnetIds"))
		assert.Equal(t, []string{"api-link-id"}, link.strs(t, "securityGroupIds"))
		var out []string
		for _, rule := range result.all("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") {
			if rule.str(t, "securityGroupId") == "api-link-id" {
				out = append(out, rule.Name)
				assert.Equal(t, "balancer-id", rule.str(t, "referencedSecurityGroupId"))
				assert.InDelta(t, port, rule.num(t, "toPort"), 0)
			}
		}
		assert.Equal(t, []string{"api-balancer-out"}, out)
	}
}

func TestApiProxiesAServiceWithoutDocument(t *testing.T) {
	result := recordedWith(t, "production", map[string]any{"itrack:services.audit": map[string]any{"path": "/audit"}})
	body := result.one(t, restAPIToken, "api").document(t, "body")
	arn := result.one(t, "aws:lb/loadBalancer:LoadBalancer", "balancer")
	for path, uri := range map[string]string{"/audit": "/audit", "/audit/{proxy+}": "/audit/{proxy}"} {
		integration := node(t, body, "paths", path, anyMethod, integrationOf).(map[string]any)
		assert.Equal(t, "http_proxy", integration["type"])
		assert.Equal(t, "ANY", integration["httpMethod"])
		assert.Equal(t, "VPC_LINK", integration["connectionType"])
		assert.Equal(t, "api-id", integration["connectionId"])
		assert.Equal(t, "arn:aws:lb:us-east-1:"+mockAccount+":"+arn.Name, integration["integrationTarget"])
		assert.Equal(t, "http://balancer.dnsName:80"+uri, integration["uri"])
	}
	proxied := node(t, body, "paths", "/audit/{proxy+}", anyMethod).(map[string]any)
	assert.Equal(t, map[string]any{"integration.request.path.proxy": "method.request.path.proxy"}, node(t, proxied, integrationOf, "requestParameters"),
		"unmapped, AWS may put the stage's name before the path")
	assert.Equal(t, []any{map[string]any{"name": "proxy", "in": "path", "required": true, "schema": map[string]any{"type": "string"}}}, proxied["parameters"])
}

func TestApiCors(t *testing.T) {
	result := recordedWith(t, "staging", map[string]any{"itrack:api.corsOrigins": []string{"http://localhost:5173"}})
	body := result.one(t, restAPIToken, "api").document(t, "body")
	preflight := node(t, body, "paths", "/api/items/{id}", "options", integrationOf).(map[string]any)
	assert.Equal(t, "mock", preflight["type"])
	template := node(t, preflight, "responses", "default", "responseTemplates", "application/json").(string)
	assert.Contains(t, template, `#if($origin == "https://site.domainName" || $origin == "http://localhost:5173")#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)#end`)
	static := node(t, preflight, "responses", "default", "responseParameters").(map[string]any)
	assert.NotContains(t, static, "method.response.header.Access-Control-Allow-Origin", "an origin outside the list gets none")
	assert.Equal(t, "'Origin'", static["method.response.header.Vary"])

	const allow = "gatewayresponse.header.Access-Control-Allow-Origin"
	for _, kind := range []string{"DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED", "BAD_REQUEST_BODY"} {
		assert.Equal(t, "'*'", node(t, body, "x-amazon-apigateway-gateway-responses", kind, "responseParameters", allow), "several origins can't be told apart there")
		alone := recorded(t, "staging").one(t, restAPIToken, "api").document(t, "body")
		assert.Equal(t, "'https://site.domainName'", node(t, alone, "x-amazon-apigateway-gateway-responses", kind, "responseParameters", allow))
	}
}

func TestApiWithDomain(t *testing.T) {
	result := recordedWith(t, "production", domainFarFromEdge)
	assert.True(t, result.one(t, restAPIToken, "api").flag(t, "disableExecuteApiEndpoint"))
	body := result.one(t, restAPIToken, "api").document(t, "body")
	assert.Regexp(t, `^https://[^:]+:443/api/items$`, node(t, body, "paths", "/api/items", "get", integrationOf, "uri"))
	domain := result.one(t, "aws:apigateway/domainName:DomainName", "api")
	assert.Equal(t, "api.itrack.example.com", domain.str(t, "domainName"))
	assert.Equal(t, "TLS_1_2", domain.str(t, "securityPolicy"))
	assert.Equal(t, "REGIONAL", domain.str(t, "endpointConfiguration.types"))
	mapping := result.one(t, "aws:apigateway/basePathMapping:BasePathMapping", "api")
	assert.Equal(t, "v1", mapping.str(t, "stageName"))
	record := result.one(t, recordToken, "api")
	assert.Equal(t, "api.itrack.example.com", record.str(t, "name"))
	assert.Equal(t, "api.regionalDomainName", record.str(t, "aliases[0].name"))
	assert.Equal(t, "api.regionalZoneId", record.str(t, "aliases[0].zoneId"))
}

func TestApiAlarms(t *testing.T) {
	result := recorded(t, "production")
	for name, want := range map[string]struct {
		metric    string
		threshold float64
		topic     string
	}{"api-5xx": {"5XXError", 5, "critical"}, "api-4xx": {"4XXError", 33, "warning"}, "api-latency": {"", 1500, "warning"}} {
		alarm := result.one(t, alarmToken, name)
		assert.InDelta(t, want.threshold, alarm.num(t, "threshold"), 0)
		assert.Contains(t, alarm.value(t, "alarmActions").String(), want.topic)
		if want.metric == "" {
			assert.Equal(t, "Latency", alarm.str(t, "metricName"))
			assert.Equal(t, "p95", alarm.str(t, "extendedStatistic"))
			assert.Equal(t, "itrack-api-production", alarm.str(t, "dimensions.ApiName"))
			continue
		}
		assert.Equal(t, want.metric, alarm.str(t, "metricQueries[0].metric.metricName"))
		assert.Equal(t, "itrack-api-production", alarm.str(t, "metricQueries[0].metric.dimensions.ApiName"))
		assert.Equal(t, "v1", alarm.str(t, "metricQueries[0].metric.dimensions.Stage"))
		assert.Equal(t, "IF(requests >= 20, 100 * errors / requests, 0)", alarm.str(t, "metricQueries[2].expression"), "one failure of three requests is no outage")
	}
}

// apiOf makes the API alone, from documents that stand in the test.
func apiOf(t *testing.T, services map[string]infra.ServiceSettings, documents map[string]string) *recording {
	t.Helper()
	result := &recording{}
	result.Err = pulumi.RunErr(func(ctx *pulumi.Context) error {
		place, err := infra.NewPlacement(ctx, &infra.Settings{Environment: "staging", Region: "us-east-1", Recovery: infra.RecoverySettings{Region: "us-west-2"}})
		if err != nil {
			return err
		}
		text := func(value string) pulumi.StringOutput { return pulumi.String(value).ToStringOutput() }
		topics := map[string]infra.Topics{"us-east-1": {Critical: text("arn:critical"), Warning: text("arn:warning")}}
		raw := map[string][]byte{}
		for name, document := range documents {
			raw[name] = []byte(document)
		}
		_, err = infra.NewApi(ctx, "api", &infra.ApiArgs{
			Placement: place, Settings: infra.APISettings{Stage: "v1", RateLimit: 1, BurstLimit: 1, Latency: 1000}, Services: services, Documents: raw,
			Network:  &infra.Network{VpcId: text("vpc-1"), PrivateSubnetIds: pulumi.ToStringArray([]string{"subnet-1"}).ToStringArrayOutput()},
			Balancer: &infra.Balancer{Arn: text("arn:balancer"), Host: text("internal.example"), Scheme: "http", ProductionPort: 80, SecurityGroupId: text("sg-1")},
			Waf:      &infra.Waf{RegionalArn: text("arn:acl")}, Account: &infra.Account{}, FrontendOrigin: text("https://site.example"),
			Keys: &infra.Keys{Logs: infra.RegionalKeys{"us-east-1": {Arn: text("arn:key"), ID: text("key")}}}, LogDays: 14,
			Alerts: &infra.Alerts{ByRegion: topics},
		}, pulumi.Providers(place.Primary.Provider))
		return err
	}, pulumi.WithMocks("itrack", "staging", mocks{result}))
	return result
}

const itemsDocument = `
openapi: 3.0.3
info: {title: backend, version: "1"}
paths:
  /items/{id}:
    parameters:
      - $ref: '#/components/parameters/Id'
    get:
      operationId: getItem
      responses:
        200: {description: The item, content: {application/json: {schema: {$ref: '#/components/schemas/item-view'}}}}
        404: {$ref: '#/components/responses/Missing'}
    put:
      operationId: putItem
      requestBody: {$ref: '#/components/requestBodies/Item'}
      responses: {200: {description: Stored}}
  /api/items:
    get:
      parameters:
        - {name: status, in: query, required: true, schema: {type: string, enum: [free, taken], example: free}}
        - {name: session, in: cookie, schema: {type: string}}
      responses: {200: {description: Items}}
components:
  parameters:
    Id: {name: id, in: path, required: true, schema: {type: string, maxLength: 36}}
  responses:
    Missing: {description: No such item}
  requestBodies:
    Item: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/item-view'}}}}
  schemas:
    item-view:
      type: object
      required: [name]
      properties:
        name: {type: string, minLength: 1, example: Drill}
        holder: {type: string, nullable: true, maxLength: 50}
        example: {type: string, readOnly: true}
        parent: {$ref: '#/components/schemas/item-view'}
`

func TestApiFromADocument(t *testing.T) {
	result := apiOf(t, map[string]infra.ServiceSettings{"backend": {Path: "/api"}, "audit": {Path: "/audit"}}, map[string]string{
		"backend": itemsDocument,
		"audit":   `{"openapi":"3.0.1","paths":{"/audit/events":{"get":{"responses":{"200":{"description":"ok"}}}}},"components":{"schemas":{"item-view":{"type":"string"}}}}`,
	})
	require.NoError(t, result.Err)
	body := result.one(t, restAPIToken, "api").document(t, "body")
	var paths []string
	for path, item := range node(t, body, "paths").(map[string]any) {
		paths = append(paths, path)
		for method, operation := range item.(map[string]any) {
			assert.Contains(t, operation, integrationOf, "%s %s", method, path)
		}
	}
	assert.ElementsMatch(t, []string{"/api/items/{id}", "/api/items", "/audit/events"}, paths, "below each service's own path, and not twice")

	put := node(t, body, "paths", "/api/items/{id}", "put").(map[string]any)
	assert.Equal(t, "BackendPutItem", put["operationId"])
	assert.Equal(t, "all", put["x-amazon-apigateway-request-validator"])
	assert.Equal(t, "#/components/schemas/BackendItemView", node(t, put, "requestBody", "content", "application/json", "schema", "$ref"))
	assert.Equal(t, true, node(t, put, "requestBody", "required"))
	assert.Equal(t, "PUT", node(t, put, integrationOf, "httpMethod"))
	assert.Equal(t, "http://internal.example:80/api/items/{id}", node(t, put, integrationOf, "uri"))
	assert.Equal(t, map[string]any{"integration.request.path.id": "method.request.path.id"}, node(t, put, integrationOf, "requestParameters"))
	assert.Equal(t, []any{map[string]any{"name": "id", "in": "path", "required": true, "schema": map[string]any{"type": "string", "maxLength": 36.0}}}, put["parameters"])
	assert.Equal(t, "No such item", node(t, body, "paths", "/api/items/{id}", "get", "responses", "404", "description"))

	list := node(t, body, "paths", "/api/items", "get").(map[string]any)
	assert.Equal(t, []any{map[string]any{"name": "status", "in": "query", "required": true, "schema": map[string]any{"type": "string", "enum": []any{"free", "taken"}}}},
		list["parameters"], "cookies are nothing that API Gateway checks")

	schemas := node(t, body, "components", "schemas").(map[string]any)
	assert.Equal(t, map[string]any{"type": "string"}, schemas["AuditItemView"], "two services may both have an item-view")
	assert.Equal(t, map[string]any{
		"type": "object", "required": []any{"name"},
		"properties": map[string]any{
			"name":    map[string]any{"type": "string", "minLength": 1.0},
			"holder":  map[string]any{"maxLength": 50.0}, // null stays allowed
			"example": map[string]any{"type": "string"},  // a property's name, not the keyword
			"parent":  map[string]any{"$ref": "#/components/schemas/BackendItemView"},
		},
	}, schemas["BackendItemView"])
	assert.Equal(t, map[string]any{"validateRequestBody": true, "validateRequestParameters": true}, node(t, body, "x-amazon-apigateway-request-validators", "all"))
}

// The same document in another order is the same API: a deployment is not made for nothing.
func TestApiBodyIsCanonical(t *testing.T) {
	services := map[string]infra.ServiceSettings{"backend": {Path: "/api"}}
	const a = `{"openapi":"3.0.0","paths":{"/a":{"get":{"responses":{"200":{"description":"x"}}}},"/b":{"get":{"responses":{}}}}}`
	const b = `{"paths":{"/b":{"get":{"responses":{}}},"/a":{"get":{"responses":{"200":{"description":"x"}}}}},"openapi":"3.0.0"}`
	one, two := apiOf(t, services, map[string]string{"backend": a}), apiOf(t, services, map[string]string{"backend": b})
	require.NoError(t, one.Err)
	require.NoError(t, two.Err)
	assert.Equal(t, one.one(t, restAPIToken, "api").str(t, "body"), two.one(t, restAPIToken, "api").str(t, "body"))
	assert.True(t, json.Valid([]byte(one.one(t, restAPIToken, "api").str(t, "body"))))
}

func TestApiRefusesBrokenDocuments(t *testing.T) {
	const head = `{"openapi":"3.0.0","paths":`
	for document, want := range map[string]string{
		`{"openapi":"3.1.0","paths":{}}`: `its openapi field is "3.1.0"`,
		`{"swagger":"2.0"}`:              "API Gateway imports 3.0 documents",
		head + `{}}`:                     "it has no paths",
		"{":                              "neither YAML nor JSON",
		head + `{"/a":{"get":{"requestBody":{"$ref":"#/components/requestBodies/X"}}}}}`:                                                                       "the reference #/components/requestBodies/X leads nowhere",
		head + `{"/a":{"post":{"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/X"}}}}}}}}`:                                "the reference #/components/schemas/X leads nowhere",
		head + `{"/a":{"get":{"parameters":[{"$ref":"other.yaml#/Id"}]}}}}`:                                                                                    "bundle the document first",
		head + `{"/a":{"parameters":[{"$ref":"#/components/parameters/A"}],"get":{}}},"components":{"parameters":{"A":{"$ref":"#/components/parameters/A"}}}}`: "lead in a circle",
		head + `{"/a":{"summary":"x"}}}`:                                                       "it has none of the operations",
		head + `{"/v{id}":{"get":{}}}}`:                                                        "paths./v{id}: v{id} is a parameter and more; API Gateway takes a whole segment",
		head + `{"/a/{id}":{"get":{}},"/a/{item}/b":{"get":{}}}}`:                              "below /a/ the parameter is {id} in another path",
		head + `{"/a":{"get":{"security":[{"token":[]}]}}}}`:                                   "security names token, which components.securitySchemes does not have",
		head + `{"/a":{"get":{}}},"components":{"securitySchemes":{"token":{"type":"http"}}}}`: `write "security": [] where anybody may call it`,
		head + `{"/a":{"x-itrack-throttle":{"rate":1,"burst":1},"get":{}}}}`:                   "x-itrack-throttle belongs to an operation",
		head + `{"/a":{"get":{"x-itrack-throttle":{"rate":"fast","burst":1}}}}}`:               "paths./a: get: x-itrack-throttle is {burst: 1, rate: fast}; it has a rate above 0",
		head + `{"/a":{"get":{"x-itrack-throttle":{"rate":1,"burst":1.5}}}}}`:                  "a whole burst of at least 1",
		head + `{"/a":{"get":{"x-itrack-throttle":{"rate":1,"burst":1,"per":"minute"}}}}}`:     "such as {rate: 5, burst: 10}",
		head + `{"/a":{"get":{"x-itrack-throttle":{"rate":0,"burst":1}}}}}`:                    "a rate above 0",
		head + `{"/a":{"get":{"x-itrack-throttle":5}}}}`:                                       "x-itrack-throttle is 5;",
		head + `{"/a":{"get":{"x-itrack-throttle":{"rate":1.5,"burst":1}}}}}`:                  "x-itrack-throttle.rate is 1.5, above itrack:api.rateLimit (1)",
		head + `{"/a":{"get":{"x-itrack-throttle":{"rate":1,"burst":2}}}}}`:                    "x-itrack-throttle.burst is 2, above itrack:api.burstLimit (1)",
	} {
		result := apiOf(t, map[string]infra.ServiceSettings{"backend": {Path: "/api", OpenAPI: "app/openapi.yaml"}}, map[string]string{"backend": document})
		require.Error(t, result.Err, "%s", document)
		assert.ErrorContains(t, result.Err, want)
		assert.ErrorContains(t, result.Err, "itrack:services.backend.openapi, app/openapi.yaml", "the user reads which setting it is about")
		assert.Empty(t, result.all(restAPIToken), "nothing of the API is made from a broken document")
	}
}
