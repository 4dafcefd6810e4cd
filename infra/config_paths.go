package infra

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
	orderedmap "github.com/wk8/go-ordered-map/v2"
)

// joinPath writes a location as users write it: itrack:services.backend.secrets[0].
func joinPath(location []string) string {
	var path strings.Builder
	path.WriteString(Namespace)
	for i, step := range location {
		switch _, err := strconv.Atoi(step); {
		case i == 0:
			path.WriteString(":" + step)
		case err == nil:
			path.WriteString("[" + step + "]")
		default:
			path.WriteString("." + step)
		}
	}
	return path.String()
}

// valueAt is the JSON of what stands at location, shortened where it is long.
func valueAt(raw any, location []string) string {
	for _, step := range location {
		switch node := raw.(type) {
		case map[string]any:
			raw = node[step]
		case []any:
			index, err := strconv.Atoi(step)
			if err != nil || index >= len(node) {
				return ""
			}
			raw = node[index]
		default:
			return ""
		}
	}
	text, err := json.Marshal(raw)
	if err != nil {
		return fmt.Sprint(raw)
	}
	if len(text) > 80 {
		return string(text[:77]) + "..."
	}
	return string(text)
}

// schemaAt follows location through the schema: properties, entries of maps, items of lists.
func schemaAt(location []string) *jsonschema.Schema {
	node := settingsSchema()
	for _, step := range location {
		if node == nil {
			return nil
		}
		switch {
		case node.Properties != nil && node.Properties.Len() > 0:
			next, ok := node.Properties.Get(step)
			if !ok {
				return nil
			}
			node = next
		case node.Items != nil:
			node = node.Items
		default:
			node = node.AdditionalProperties
		}
	}
	return node
}

// knownKeys are the keys allowed below location.
func knownKeys(location []string) []string {
	node := schemaAt(location)
	if node == nil || node.Properties == nil {
		return nil
	}
	return propertyNames(node.Properties.Oldest())
}

func propertyNames(pair *orderedmap.Pair[string, *jsonschema.Schema]) []string {
	var names []string
	for ; pair != nil; pair = pair.Next() {
		names = append(names, pair.Key)
	}
	return names
}

// describe adds to a rule what the key is for and its whole allowed range.
func describe(location []string) string {
	node := schemaAt(location)
	if node == nil {
		return ""
	}
	var parts []string
	if node.Minimum != "" && node.Maximum != "" {
		parts = append(parts, fmt.Sprintf("allowed %s to %s", node.Minimum, node.Maximum))
	}
	if node.Description != "" {
		parts = append(parts, node.Description)
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}
