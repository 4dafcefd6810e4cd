package edge

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

// apiTrees are the rules on what API Gateway makes of a document: a tree of resources, and models of JSON schema.
func apiTrees() []rule.Rule {
	paths := func(other string) rule.Case {
		return rule.Case{Inputs: props{"body": `{"openapi":"3.0.1","paths":{"/items/{id}":{},"/items/` + other + `/history":{}}}`}}
	}
	schema := func(text string) rule.Case {
		return rule.Case{Inputs: props{"body": `{"openapi":"3.0.1","paths":{},"components":{"schemas":{"Item":` + text + `}}}`}}
	}
	return []rule.Rule{{
		ID: "edge-api-sibling-parameters", Types: []string{apiToken}, Code: badRequest, Page: apiAPI + "API_CreateResource.html",
		Says:     "Below one resource there is one parameter, with one name.",
		Fix:      "Give the parameter the same name in all paths that begin alike.",
		Foreseen: true, Check: siblingParameters,
		Pass: paths("{id}"), Fail: paths("{item}"),
		Seed: bodySeed(rule.Replace(`"/orders":{`, `"/orders/{id}":{"get":{"parameters":[{"in":"path","name":"id","required":true}],`+
			`"responses":{},"x-amazon-apigateway-integration":{"type":"mock"}}},"/orders":{`)),
	}, {
		ID: "edge-api-model-keywords", Types: []string{apiToken}, Code: badRequest, Page: apiGuide + "api-gateway-known-issues.html",
		Says:     "A model is a JSON schema of draft 4: what only OpenAPI knows, such as discriminator, is refused.",
		Fix:      "Leave the keyword out of the document that API Gateway gets.",
		Foreseen: true, Check: modelKeywords,
		Pass: schema(`{"type":"object","properties":{"discriminator":{"type":"string","maxLength":50}}}`),
		Fail: schema(`{"type":"object","discriminator":{"propertyName":"kind"}}`),
		Seed: bodySeed(rule.Replace(`"components":{"schemas":{`, `"components":{"schemas":{"Kind":{"type":"object","discriminator":{"propertyName":"kind"}},`)),
	}}
}

func siblingParameters(c *catalog.Call) *rule.Finding {
	d := read(c.Str("body"))
	if d == nil {
		return nil
	}
	names := map[string]string{}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		above := ""
		for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
			if strings.HasPrefix(part, "{") {
				if other := names[above]; other != "" && other != part {
					return rule.Find("body", path,
						"Unable to create resource at path '%s': A sibling (%s) of this resource already has a variable path part -- only one is allowed", path, other)
				}
				names[above] = part
			}
			above += "/" + part
		}
	}
	return nil
}

// draft4 are the keywords of JSON schema, draft 4.
var draft4 = []string{
	"$ref", "$schema", "id", "title", "description", "default", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
	"maxLength", "minLength", "pattern", "additionalItems", "items", "maxItems", "minItems", "uniqueItems", "maxProperties",
	"minProperties", "required", "additionalProperties", "definitions", "properties", "patternProperties", "dependencies", "enum",
	"type", "format", "allOf", "anyOf", "oneOf", "not",
}

func modelKeywords(c *catalog.Call) *rule.Finding {
	d := read(c.Str("body"))
	if d == nil {
		return nil
	}
	check := func(place string, text any) *rule.Finding {
		if word := unknownKeyword(text); word != "" {
			return rule.Find("body", place,
				"Invalid model specified: Validation Result: warnings : [], errors : [Invalid model schema specified. Unsupported keyword(s): [%q]]", word)
		}
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		var schema any
		_ = json.Unmarshal(d.Components.Schemas[name], &schema) // a part of what was read
		if found := check(name, schema); found != nil {
			return found
		}
	}
	return eachOperation(c, func(_ *document, o operation) *rule.Finding {
		body, _ := o.spec["requestBody"].(map[string]any)
		kinds, _ := body["content"].(map[string]any)
		for _, kind := range slices.Sorted(maps.Keys(kinds)) {
			media, _ := kinds[kind].(map[string]any)
			if found := check(fmt.Sprintf("%s %s", o.place, kind), media["schema"]); found != nil {
				return found
			}
		}
		return nil
	})
}

// unknownKeyword is the first keyword in a schema that draft 4 does not have; "" where there is none.
func unknownKeyword(schema any) string {
	switch node := schema.(type) {
	case []any:
		for _, inner := range node {
			if word := unknownKeyword(inner); word != "" {
				return word
			}
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(node)) {
			switch key {
			case "enum", "default", "required": // values
				continue
			case "properties", "patternProperties", "definitions", "dependencies": // names
				named, _ := node[key].(map[string]any)
				for _, name := range slices.Sorted(maps.Keys(named)) {
					if word := unknownKeyword(named[name]); word != "" {
						return word
					}
				}
				continue
			}
			if !slices.Contains(draft4, key) {
				return key
			}
			if word := unknownKeyword(node[key]); word != "" {
				return word
			}
		}
	}
	return ""
}
