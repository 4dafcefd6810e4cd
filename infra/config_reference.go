package infra

import (
	"fmt"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
)

// SettingDoc describes one key: where it stands, its type, its default, what is allowed and what it is for.
type SettingDoc struct {
	// Path is the key's full path; <name> stands for the entry of a map.
	Path string
	// Type is JSON's type; lists are written as list of <type>.
	Type        string
	Default     string
	Allowed     string
	Description string
}

// SettingDocs lists every key that the schema knows, parents first, in the order of the structs.
func SettingDocs() []SettingDoc {
	var docs []SettingDoc
	root := settingsSchema()
	for pair := root.Properties.Oldest(); pair != nil; pair = pair.Next() {
		docs = append(docs, settingDocs(Namespace+":"+pair.Key, pair.Value, slices.Contains(root.Required, pair.Key))...)
	}
	return docs
}

func settingDocs(path string, schema *jsonschema.Schema, required bool) []SettingDoc {
	doc := SettingDoc{Path: path, Type: schema.Type, Description: schema.Description, Allowed: allowed(schema)}
	switch {
	case required:
		doc.Default = "required"
	case schema.Default != nil:
		doc.Default = fmt.Sprint(schema.Default)
	}
	if schema.Items != nil {
		doc.Type = "list of " + schema.Items.Type
		doc.Allowed = strings.TrimPrefix(strings.Join([]string{doc.Allowed, allowed(schema.Items)}, "; "), "; ")
	}
	docs := []SettingDoc{doc}
	if schema.Properties != nil {
		for pair := schema.Properties.Oldest(); pair != nil; pair = pair.Next() {
			docs = append(docs, settingDocs(path+"."+pair.Key, pair.Value, slices.Contains(schema.Required, pair.Key))...)
		}
	}
	if entries := schema.AdditionalProperties; entries != nil && entries.Properties != nil && entries.Properties.Len() > 0 {
		for pair := entries.Properties.Oldest(); pair != nil; pair = pair.Next() {
			docs = append(docs, settingDocs(path+".<name>."+pair.Key, pair.Value, slices.Contains(entries.Required, pair.Key))...)
		}
	}
	return docs
}

// allowed is the rule that a value has to keep, as far as one key shows it.
func allowed(schema *jsonschema.Schema) string {
	var rules []string
	if len(schema.Enum) > 0 {
		rules = append(rules, list(schema.Enum))
	}
	if schema.Minimum != "" || schema.Maximum != "" {
		rules = append(rules, strings.Trim(fmt.Sprintf("%s to %s", schema.Minimum, schema.Maximum), " "))
	}
	if schema.Pattern != "" {
		rules = append(rules, "`"+schema.Pattern+"`")
	}
	if schema.MaxItems != nil {
		rules = append(rules, fmt.Sprintf("at most %d", *schema.MaxItems))
	}
	return strings.Join(rules, "; ")
}
