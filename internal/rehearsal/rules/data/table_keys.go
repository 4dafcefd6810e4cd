package data

import (
	"regexp"
	"slices"

	"github.com/itrack/itrack/internal/rehearsal/catalog"
	"github.com/itrack/itrack/internal/rehearsal/rules/rule"
)

func tableKeys() []rule.Rule {
	const indexes = dynamoGuide + "Constraints.html"
	items := func(more map[string]any) map[string]any {
		inputs := map[string]any{"hashKey": "id", "attributes": attributes("id"), "billingMode": "PAY_PER_REQUEST"}
		for k, v := range more {
			inputs[k] = v
		}
		return inputs
	}
	index := func(more map[string]any) map[string]any {
		gsi := map[string]any{"name": "by-owner", "hashKey": "owner", "projectionType": "ALL"}
		for k, v := range more {
			gsi[k] = v
		}
		return items(map[string]any{"attributes": attributes("id", "owner"), "globalSecondaryIndexes": []any{gsi}})
	}
	return []rule.Rule{{
		ID: "data-table-keys-are-attributes", Types: []string{table}, Code: "ValidationException", Page: dynamoAPI + "API_AttributeDefinition.html",
		Says:     "Every key of a table and of its indexes is a declared attribute.",
		Fix:      "Declare the key in attributes, with its type.",
		Foreseen: true, Check: keysAreAttributes,
		Pass: rule.Case{Inputs: index(nil)},
		Fail: rule.Case{Inputs: index(map[string]any{"hashKey": "holder"})},
		Seed: rule.Seed{Stack: "staging", At: table + "::items", Set: map[string]any{"rangeKey": "createdAt"}},
	}, {
		ID: "data-table-attributes-are-keys", Types: []string{table}, Code: "ValidationException", Page: dynamoAPI + "API_AttributeDefinition.html",
		Says:     "Every declared attribute is a key of the table or of an index.",
		Fix:      "Take the attribute out: only keys are declared, everything else is written as it comes.",
		Foreseen: true, Check: attributesAreKeys,
		Pass: rule.Case{Inputs: items(nil)},
		Fail: rule.Case{Inputs: items(map[string]any{"attributes": attributes("id", "colour")})},
		Seed: rule.Seed{Stack: "production", At: table + "::items", Set: map[string]any{"attributes[4]": map[string]any{"name": "colour", "type": "S"}}},
	}, {
		ID: "data-table-two-keys", Types: []string{table}, Code: "ValidationException", Page: dynamoAPI + "API_KeySchemaElement.html",
		Says:     "The hash key and the range key of a table or an index are two attributes.",
		Fix:      "Choose another rangeKey, or leave it out.",
		Foreseen: true, Check: twoKeys,
		Pass: rule.Case{Inputs: index(map[string]any{"rangeKey": "id"})},
		Fail: rule.Case{Inputs: index(map[string]any{"rangeKey": "owner"})},
		Seed: rule.Seed{Stack: "staging", At: table + "::items", Set: map[string]any{"globalSecondaryIndexes[0].rangeKey": "holder"}},
	}, {
		ID: "data-table-index-names", Types: []string{table}, Code: "ValidationException", Page: indexes,
		Says:     "Indexes of a table have names of 3 to 255 letters, digits and _.-, each once.",
		Fix:      "Give each index a name of its own in that form.",
		Foreseen: true, Check: indexNames,
		Pass: rule.Case{Inputs: index(nil)},
		Fail: rule.Case{Inputs: index(map[string]any{"name": "by owner"})},
		Seed: rule.Seed{Stack: "staging", At: table + "::items", Set: map[string]any{"globalSecondaryIndexes[1].name": "by-holder"}},
	}, {
		ID: "data-table-projection", Types: []string{table}, Code: "ValidationException", Page: dynamoAPI + "API_Projection.html",
		Says:     "An index lists attributes to project with the projection INCLUDE, and with no other.",
		Fix:      "Set projectionType to INCLUDE with nonKeyAttributes, or leave them out.",
		Foreseen: true, Check: projection,
		Pass: rule.Case{Inputs: index(map[string]any{"projectionType": "INCLUDE", "nonKeyAttributes": []any{"title"}})},
		Fail: rule.Case{Inputs: index(map[string]any{"nonKeyAttributes": []any{"title"}})},
		Seed: rule.Seed{Stack: "production", At: table + "::items", Set: map[string]any{"globalSecondaryIndexes[0].nonKeyAttributes": []any{"title"}}},
	}, {
		ID: "data-table-projected-attributes", Types: []string{table}, Code: "ValidationException", Page: dynamoAPI + "API_Projection.html",
		Says:     "An index projects at most 20 attributes by name, and all indexes of a table together at most 100.",
		Fix:      "Project fewer attributes, or project ALL.",
		Foreseen: true, Check: projectedAttributes,
		Pass: rule.Case{Inputs: index(map[string]any{"projectionType": "INCLUDE", "nonKeyAttributes": numbered(20)})},
		Fail: rule.Case{Inputs: index(map[string]any{"projectionType": "INCLUDE", "nonKeyAttributes": numbered(21)})},
		Seed: rule.Seed{Stack: "staging", At: table + "::items", Set: map[string]any{"globalSecondaryIndexes[0].projectionType": "INCLUDE",
			"globalSecondaryIndexes[0].nonKeyAttributes": numbered(21)}},
	}, {
		ID: "data-table-local-index", Types: []string{table}, Code: "ValidationException", Page: dynamoGuide + "LSI.html",
		Says:     "Only a table with a range key has local secondary indexes.",
		Fix:      "Give the table a rangeKey, or make the index a global one.",
		Foreseen: true, Check: localIndex,
		Pass: rule.Case{Inputs: map[string]any{"hashKey": "id", "rangeKey": "at", "attributes": attributes("id", "at", "colour"),
			"localSecondaryIndexes": []any{map[string]any{"name": "by-colour", "rangeKey": "colour", "projectionType": "ALL"}}}},
		Fail: rule.Case{Inputs: map[string]any{"hashKey": "id", "attributes": attributes("id", "colour"),
			"localSecondaryIndexes": []any{map[string]any{"name": "by-colour", "rangeKey": "colour", "projectionType": "ALL"}}}},
		Seed: rule.Seed{Stack: "production", At: table + "::items", Set: map[string]any{
			"localSecondaryIndexes": []any{map[string]any{"name": "by-state", "rangeKey": "status", "projectionType": "ALL"}}}},
	}}
}

func attributes(names ...string) []any {
	var out []any
	for _, name := range names {
		out = append(out, map[string]any{"name": name, "type": "S"})
	}
	return out
}

func numbered(n int) []any {
	var out []any
	for i := range n {
		out = append(out, "a"+string(rune('A'+i/26))+string(rune('a'+i%26)))
	}
	return out
}

var keyPaths = []string{"hashKey", "rangeKey", "globalSecondaryIndexes.hashKey", "globalSecondaryIndexes.rangeKey", "localSecondaryIndexes.rangeKey"}

// schemaKnown tells whether nothing of a table's keys and attributes is still to come.
func schemaKnown(c *catalog.Call) bool {
	for _, path := range []string{"attributes", "hashKey", "rangeKey", "globalSecondaryIndexes", "localSecondaryIndexes"} {
		if c.Has(path) && !c.Known(path) {
			return false
		}
	}
	return true
}

func keysAreAttributes(c *catalog.Call) *rule.Finding {
	declared := c.Strs("attributes.name")
	for _, path := range keyPaths {
		for _, name := range c.Strs(path) {
			if schemaKnown(c) && !slices.Contains(declared, name) {
				return rule.Find(path, name, "One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s]", name)
			}
		}
	}
	return nil
}

func attributesAreKeys(c *catalog.Call) *rule.Finding {
	var used []string
	for _, path := range keyPaths {
		used = append(used, c.Strs(path)...)
	}
	for _, name := range c.Strs("attributes.name") {
		if schemaKnown(c) && !slices.Contains(used, name) {
			return rule.Find("attributes", name, "One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinition: %s", name)
		}
	}
	return nil
}

func twoKeys(c *catalog.Call) *rule.Finding {
	for _, keys := range append(blocks(c, "globalSecondaryIndexes"), block{"", c.Inputs}) {
		if hash := catalog.Str(keys.props, "hashKey"); hash != "" && hash == catalog.Str(keys.props, "rangeKey") {
			return rule.Find("rangeKey", hash, "Both the Hash Key and the Range Key element in the KeySchema have the same name")
		}
	}
	return nil
}

var indexName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

func indexNames(c *catalog.Call) *rule.Finding {
	seen := map[string]bool{}
	for _, index := range append(blocks(c, "globalSecondaryIndexes"), blocks(c, "localSecondaryIndexes")...) {
		name := catalog.Str(index.props, "name")
		switch {
		case name == "":
			continue
		case seen[name]:
			return rule.Find(index.at+".name", name, "One or more parameter values were invalid: Duplicate index name: %s", name)
		case !indexName.MatchString(name):
			return rule.Find(index.at+".name", name,
				"Value '%s' at 'indexName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+, 3 to 255 characters", name)
		}
		seen[name] = true
	}
	return nil
}

func projection(c *catalog.Call) *rule.Finding {
	for _, index := range append(blocks(c, "globalSecondaryIndexes"), blocks(c, "localSecondaryIndexes")...) {
		kind, listed := catalog.Str(index.props, "projectionType"), has(index.props, "nonKeyAttributes")
		switch {
		case kind == "INCLUDE" && !listed:
			return rule.Find(index.at+".nonKeyAttributes", nil, "One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
		case kind != "INCLUDE" && kind != "" && len(catalog.Strs(index.props, "nonKeyAttributes")) > 0:
			return rule.Find(index.at+".nonKeyAttributes", nil, "One or more parameter values were invalid: ProjectionType is %s, but NonKeyAttributes is specified", kind)
		}
	}
	return nil
}

func projectedAttributes(c *catalog.Call) *rule.Finding {
	total := 0
	for _, index := range append(blocks(c, "globalSecondaryIndexes"), blocks(c, "localSecondaryIndexes")...) {
		n := len(catalog.Strs(index.props, "nonKeyAttributes"))
		if total += n; n > 20 {
			return rule.Find(index.at+".nonKeyAttributes", n,
				"Value at 'projection.nonKeyAttributes' failed to satisfy constraint: Member must have length less than or equal to 20")
		}
	}
	if total <= 100 {
		return nil
	}
	return rule.Find("globalSecondaryIndexes", total, "One or more parameter values were invalid: the number of projected attributes over all indexes exceeds 100")
}

func localIndex(c *catalog.Call) *rule.Finding {
	if c.Has("rangeKey") || len(blocks(c, "localSecondaryIndexes")) == 0 {
		return nil
	}
	return rule.Find("localSecondaryIndexes", nil,
		"One or more parameter values were invalid: Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex")
}
