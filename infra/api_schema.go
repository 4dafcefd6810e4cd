package infra

import (
	"fmt"
	"slices"
	"strings"
)

// schemaRefs is where schemas stand; API Gateway follows references to them alone.
const schemaRefs = "#/components/schemas/"

// unknownToGateway are the fields of a schema that API Gateway refuses or warns about. Without them it takes as much as the
// service does, or a bound more.
var unknownToGateway = []string{
	"deprecated", "discriminator", "example", "examples", "exclusiveMaximum", "exclusiveMinimum", "externalDocs", "readOnly", "writeOnly",
	"xml", "nullable",
}

// quotesValues are the rules whose violation API Gateway tells with the value, in its answer and in the execution log.
var quotesValues = []string{"minLength", "maxLength", "pattern", "enum"}

// schema rewrites a schema and all below it. `nullable` has no counterpart in API Gateway's draft of JSON schema: such a
// value loses its type and its allowed values, else null would be refused.
func (r *documentReader) schema(value any) (any, error) {
	switch node := value.(type) {
	case apiDocument:
		if reference, ok := node["$ref"].(string); ok {
			if !strings.HasPrefix(reference, schemaRefs) {
				return nil, fmt.Errorf("the reference %s does not lead to %s…", reference, schemaRefs)
			}
			if _, err := r.follow(node); err != nil {
				return nil, err
			}
			return apiDocument{"$ref": schemaRefs + r.schemaName(strings.TrimPrefix(reference, schemaRefs))}, nil
		}
		return r.schemaObject(node)
	case []any:
		result := make([]any, len(node))
		for i, inner := range node {
			rewritten, err := r.schema(inner)
			if err != nil {
				return nil, err
			}
			result[i] = rewritten
		}
		return result, nil
	default:
		return value, nil
	}
}

func (r *documentReader) schemaObject(node apiDocument) (any, error) {
	result := apiDocument{}
	nullable := node["nullable"] == true
	secret := node["format"] == "password" || node["writeOnly"] == true
	for key, inner := range node {
		switch {
		case slices.Contains(unknownToGateway, key) || strings.HasPrefix(key, "x-"):
		case nullable && slices.Contains([]string{"type", "enum", "allOf", "anyOf", "oneOf"}, key):
		case secret && slices.Contains(quotesValues, key): // a password that is too short must not stand in a log
		case key == "enum" || key == "default" || key == "required": // values, not schemas
			result[key] = inner
		case key == "properties":
			// The keys are names here: a property called "example" is one of the service's.
			properties := apiDocument{}
			declared, _ := inner.(apiDocument)
			for name, schema := range declared {
				rewritten, err := r.schema(schema)
				if err != nil {
					return nil, fmt.Errorf("properties.%s: %w", name, err)
				}
				properties[name] = rewritten
			}
			result[key] = properties
		default:
			rewritten, err := r.schema(inner)
			if err != nil {
				return nil, err
			}
			result[key] = rewritten
		}
	}
	return result, nil
}
