package apigateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	sdk "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"

	"github.com/itrack/itrack/internal/rehearsal/aws/apigatewayv2"
	"github.com/itrack/itrack/internal/rehearsal/catalog"
)

const balancerToken = "aws:lb/loadBalancer:LoadBalancer"

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
		Loose: []string{"body"}, Check: checkAPI, Refuse: refuseBody,
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
	if size := c.Str("minimumCompressionSize"); c.Known("minimumCompressionSize") && size != "" {
		if n, err := strconv.Atoi(size); err != nil || n < -1 || n > 10485760 {
			problems = append(problems, catalog.Problem{Property: "minimumCompressionSize", Rule: "size of answers to compress", Value: size,
				Message: "must be 0 to 10485760 bytes, or -1 for none", Source: guide + "api-gateway-enable-compression.html"})
		}
	}
	return problems
}

// openAPI is as much of the document as API Gateway checks here.
type openAPI struct {
	OpenAPI    string                               `json:"openapi"`
	Paths      map[string]map[string]map[string]any `json:"paths"`
	Components struct {
		Schemas map[string]json.RawMessage `json:"schemas"`
	} `json:"components"`
	Validators map[string]any `json:"x-amazon-apigateway-request-validators"`
}

var (
	methods   = []string{"get", "put", "post", "delete", "head", "patch", "options", "x-amazon-apigateway-any-method"}
	pathNames = regexp.MustCompile(`\{([^}+]+)\+?\}`)
	modelName = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	schemaRef = regexp.MustCompile(`"\$ref":"#/components/schemas/([^"]+)"`)
)

// refuseBody reads the document as PutRestApi does: each operation needs an integration, what it names must exist, and
// what it maps must be declared.
func refuseBody(c *catalog.Call) *catalog.Error {
	text := c.Str("body")
	if text == "" {
		return nil
	}
	refuse := func(rule, value, message string) *catalog.Error {
		return &catalog.Error{Code: "BadRequestException", Property: "body", Value: value, Rule: rule, Message: message, Source: guide + "api-gateway-swagger-extensions-integration.html"}
	}
	var document openAPI
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return refuse("OpenAPI document", "", "Unable to parse API definition because of a malformed JSON document: "+err.Error())
	}
	if !strings.HasPrefix(document.OpenAPI, "3.0") {
		return refuse("version of OpenAPI", document.OpenAPI, "Invalid OpenAPI input: only 3.0 documents are imported")
	}
	for name := range document.Components.Schemas {
		if !modelName.MatchString(name) {
			return refuse("name of a model", name, "Model name must be alphanumeric: "+name)
		}
	}
	for _, match := range schemaRef.FindAllStringSubmatch(text, -1) {
		if _, known := document.Components.Schemas[match[1]]; !known {
			return refuse("model exists", match[1], "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model reference specified: "+match[1]+"]")
		}
	}
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(document.Paths[path])) {
			if !slices.Contains(methods, method) {
				return refuse("operations of a path", path+" "+method, "Unknown operation "+method)
			}
			if err := refuseOperation(c, document, path, document.Paths[path][method], refuse); err != nil {
				return err
			}
		}
	}
	return nil
}

func refuseOperation(c *catalog.Call, document openAPI, path string, operation map[string]any, refuse func(rule, value, message string) *catalog.Error) *catalog.Error {
	integration, ok := operation["x-amazon-apigateway-integration"].(map[string]any)
	if !ok {
		return refuse("integration of a method", path, "No integration defined for method")
	}
	if validator, ok := operation["x-amazon-apigateway-request-validator"].(string); ok && document.Validators[validator] == nil {
		return refuse("request validator exists", validator, "Invalid Request Validator identifier specified")
	}
	declared := map[string]bool{}
	parameters, _ := operation["parameters"].([]any)
	for _, parameter := range parameters {
		if fields, ok := parameter.(map[string]any); ok {
			declared[fmt.Sprint("method.request.", where(fields["in"]), ".", fields["name"])] = true
		}
	}
	for _, match := range pathNames.FindAllStringSubmatch(path, -1) {
		if !declared["method.request.path."+match[1]] {
			return refuse("path parameters are declared", path, "Path parameter "+match[1]+" is not declared on the method")
		}
	}
	mapped, _ := integration["requestParameters"].(map[string]any)
	for target, source := range mapped {
		from := fmt.Sprint(source)
		if strings.HasPrefix(from, "method.request.") && !declared[from] {
			return refuse("mapped parameters are declared", target, "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: "+from+"]")
		}
	}
	uri, _ := integration["uri"].(string)
	for _, match := range pathNames.FindAllStringSubmatch(uri, -1) {
		if mapped["integration.request.path."+match[1]] == nil {
			return refuse("names in the URI are mapped", uri, "Illegal path parameter in the integration's URI: "+match[1])
		}
	}
	return refuseLink(c, integration, uri, refuse)
}

// where is a parameter's place in mapping expressions.
func where(in any) string {
	if in == "query" {
		return "querystring"
	}
	return fmt.Sprint(in)
}

// refuseLink checks an integration through a VPC link.
func refuseLink(c *catalog.Call, integration map[string]any, uri string, refuse func(rule, value, message string) *catalog.Error) *catalog.Error {
	kind := strings.ToLower(fmt.Sprint(integration["type"]))
	if !slices.Contains([]string{"http", "http_proxy", "aws", "aws_proxy", "mock"}, kind) {
		return refuse("type of an integration", kind, "Invalid integration type")
	}
	if kind != "mock" && (uri == "" || integration["httpMethod"] == nil) {
		return refuse("integration's URI and method", kind, "Enumeration value for HttpMethod must be non-empty, and an HTTP endpoint needs a URI")
	}
	if timeout, ok := integration["timeoutInMillis"].(float64); ok && (timeout < 50 || timeout > 29000) {
		return refuse("timeout of an integration", fmt.Sprint(timeout), "Timeout should be between 50 ms and 29000 ms")
	}
	if integration["connectionType"] != "VPC_LINK" {
		return nil
	}
	link := fmt.Sprint(integration["connectionId"])
	if c.Get(apigatewayv2.LinkToken, link) == nil {
		return refuse("VPC link exists", link, "Invalid VPC link identifier specified: "+link)
	}
	target := fmt.Sprint(integration["integrationTarget"])
	if o := c.Tx.ByARN(target); o == nil || o.Type != balancerToken || o.Region != c.Region {
		return refuse("integration target exists", target, "Invalid integration target specified: "+target)
	}
	return nil
}
