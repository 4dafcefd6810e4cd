package edge

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// document is as much of an API's OpenAPI document as the rules read.
type document struct {
	OpenAPI    string                                `json:"openapi"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Schemas map[string]json.RawMessage `json:"schemas"`
	} `json:"components"`
	Validators map[string]any `json:"x-amazon-apigateway-request-validators"`
}

// operation is one method of one path.
type operation struct {
	place string
	path  string
	spec  map[string]any
	// declared are the method's parameters as mapping expressions name them; integration is nil where there is none.
	declared    map[string]bool
	integration map[string]any
}

var methodNames = []string{"get", "put", "post", "delete", "head", "patch", "options", "x-amazon-apigateway-any-method"}

// read parses a document; nil where there is none, or none that can be read: that it is JSON is checked before.
func read(text string) *document {
	var d document
	if text == "" || json.Unmarshal([]byte(text), &d) != nil {
		return nil
	}
	return &d
}

// operations are the document's methods in a fixed order.
func (d *document) operations() []operation {
	var found []operation
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, method := range methodNames {
			o := operation{place: method + " " + path, path: path, declared: map[string]bool{}}
			if json.Unmarshal(d.Paths[path][method], &o.spec) != nil {
				continue
			}
			o.integration, _ = o.spec["x-amazon-apigateway-integration"].(map[string]any)
			o.declare(d.Paths[path]["parameters"], o.spec["parameters"])
			found = append(found, o)
		}
	}
	return found
}

// declare notes the parameters of the path and of the method.
func (o *operation) declare(shared json.RawMessage, own any) {
	var all []any
	_ = json.Unmarshal(shared, &all) // a path without parameters of its own has none
	list, _ := own.([]any)
	for _, parameter := range append(all, list...) {
		fields, _ := parameter.(map[string]any)
		in := fmt.Sprint(fields["in"])
		if in == "query" {
			in = "querystring"
		}
		o.declared[fmt.Sprintf("method.request.%s.%v", in, fields["name"])] = true
	}
}

// mapped are the integration's request parameters.
func (o *operation) mapped() map[string]any {
	mapped, _ := o.integration["requestParameters"].(map[string]any)
	return mapped
}

func (o *operation) text(key string) string {
	text, _ := o.integration[key].(string)
	return text
}

// eachOperation applies a check to the methods of a resource's document.
func eachOperation(c *catalog.Call, check func(d *document, o operation) *rule.Finding) *rule.Finding {
	d := read(c.Str("body"))
	if d == nil {
		return nil
	}
	for _, o := range d.operations() {
		if found := check(d, o); found != nil {
			return found
		}
	}
	return nil
}

func openAPIVersion(c *catalog.Call) *rule.Finding {
	d := read(c.Str("body"))
	if d == nil || d.OpenAPI == "" || strings.HasPrefix(d.OpenAPI, "3.0") {
		return nil // without the field it is a document of 2.0
	}
	return rule.Find("body", d.OpenAPI, "Invalid OpenAPI input: the version %s is not supported", d.OpenAPI)
}

var segment = regexp.MustCompile(`^([A-Za-z0-9._:,-]+|\{[A-Za-z0-9._:-]+\+?\})$`)

func pathSegments(c *catalog.Call) *rule.Finding {
	d := read(c.Str("body"))
	if d == nil {
		return nil
	}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		segments := strings.Split(strings.TrimSuffix(path, "/"), "/")
		for i, part := range segments {
			if i == 0 && part == "" {
				continue
			}
			if i == 0 || !segment.MatchString(part) || strings.HasSuffix(part, "+}") && i < len(segments)-1 {
				return rule.Find("body", path, "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end")
			}
		}
	}
	return nil
}

var inBraces = regexp.MustCompile(`\{([^}+]+)\+?\}`)

func pathParameters(c *catalog.Call) *rule.Finding {
	return eachOperation(c, func(_ *document, o operation) *rule.Finding {
		for _, match := range inBraces.FindAllStringSubmatch(o.path, -1) {
			if !o.declared["method.request.path."+match[1]] {
				return rule.Find("body", o.place, "The path parameter %s is not declared on the method", match[1])
			}
		}
		return nil
	})
}

func mappedParameters(c *catalog.Call) *rule.Finding {
	return eachOperation(c, func(_ *document, o operation) *rule.Finding {
		for _, target := range slices.Sorted(maps.Keys(o.mapped())) {
			if from := fmt.Sprint(o.mapped()[target]); strings.HasPrefix(from, "method.request.") && !o.declared[from] {
				return rule.Find("body", o.place,
					"Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: %s]", from)
			}
		}
		return nil
	})
}

func uriParameters(c *catalog.Call) *rule.Finding {
	return eachOperation(c, func(_ *document, o operation) *rule.Finding {
		for _, match := range inBraces.FindAllStringSubmatch(o.text("uri"), -1) {
			if !strings.Contains(o.text("uri"), "${stageVariables") && o.mapped()["integration.request.path."+match[1]] == nil {
				return rule.Find("body", o.place, "Invalid integration URI specified: the path parameter %s is not mapped", match[1])
			}
		}
		return nil
	})
}

func integrationType(c *catalog.Call) *rule.Finding {
	return eachOperation(c, func(_ *document, o operation) *rule.Finding {
		if kind := o.text("type"); o.integration != nil && !slices.Contains([]string{"http", "http_proxy", "aws", "aws_proxy", "mock"}, strings.ToLower(kind)) {
			return rule.Find("body", kind, "Invalid integration type %s at %s", kind, o.place)
		}
		return nil
	})
}

func integrationEndpoint(c *catalog.Call) *rule.Finding {
	return eachOperation(c, func(_ *document, o operation) *rule.Finding {
		if o.integration == nil || strings.EqualFold(o.text("type"), "mock") || o.text("uri") != "" && o.text("httpMethod") != "" {
			return nil
		}
		return rule.Find("body", o.place, "Enumeration value for HttpMethod must be non-empty, and an HTTP endpoint needs a URI")
	})
}

func integrationTimeout(c *catalog.Call) *rule.Finding {
	return eachOperation(c, func(_ *document, o operation) *rule.Finding {
		if wait, is := o.integration["timeoutInMillis"].(float64); is && (wait < 50 || wait > 29000) {
			return rule.Find("body", wait, "Timeout should be between 50 ms and 29000 ms at %s", o.place)
		}
		return nil
	})
}

func validatorExists(c *catalog.Call) *rule.Finding {
	return eachOperation(c, func(d *document, o operation) *rule.Finding {
		if name, is := o.spec["x-amazon-apigateway-request-validator"].(string); is && d.Validators[name] == nil {
			return rule.Find("body", name, "Invalid Request Validator identifier specified at %s", o.place)
		}
		return nil
	})
}

var (
	modelName = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	schemaRef = regexp.MustCompile(`"\$ref":\s*"#/components/schemas/([^"]+)"`)
)

func models(c *catalog.Call) *rule.Finding {
	d := read(c.Str("body"))
	if d == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		if !modelName.MatchString(name) {
			return rule.Find("body", name, "Model name must be alphanumeric: %s", name)
		}
	}
	for _, match := range schemaRef.FindAllStringSubmatch(c.Str("body"), -1) {
		if _, known := d.Components.Schemas[match[1]]; !known {
			return rule.Find("body", match[1], "Invalid model specified: Validation Result: warnings : [], errors : [Invalid model reference specified: %s]", match[1])
		}
	}
	return nil
}
