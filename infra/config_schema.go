package infra

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

// Namespace is the Pulumi namespace of every setting of this program.
const Namespace = "itrack"

// ConfigSchema returns the JSON schema (draft 2020-12) of a stack file's `config`: the keys `itrack:<part>` with all
// that stands below them. Editors complete and check with it, and the program validates with it, so the two can't
// differ.
func ConfigSchema() ([]byte, error) {
	settings := settingsSchema()
	config := &jsonschema.Schema{
		Type:       "object",
		Properties: jsonschema.NewProperties(),
		PatternProperties: map[string]*jsonschema.Schema{
			"^(aws|pulumi|awsx):": {},
		},
		AdditionalProperties: jsonschema.FalseSchema,
	}
	for pair := settings.Properties.Oldest(); pair != nil; pair = pair.Next() {
		config.Properties.Set(Namespace+":"+pair.Key, pair.Value)
	}
	for _, key := range settings.Required {
		config.Required = append(config.Required, Namespace+":"+key)
	}
	file := &jsonschema.Schema{
		Version:     jsonschema.Version,
		Title:       "Stack file of iTrack on AWS",
		Description: "Pulumi.<stack>.yaml",
		Type:        "object",
		Properties:  jsonschema.NewProperties(),
		Required:    []string{"config"},
	}
	file.Properties.Set("config", config)
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the configuration schema: %w", err)
	}
	return append(text, '\n'), nil
}

// settingsSchema is the schema of Settings, every nested type written out in place.
func settingsSchema() *jsonschema.Schema {
	reflector := jsonschema.Reflector{
		RequiredFromJSONSchemaTags: true,
		DoNotReference:             true,
		ExpandedStruct:             true,
		Anonymous:                  true,
	}
	schema := reflector.Reflect(&Settings{})
	schema.Version = ""
	return schema
}

// withDefaults fills in what value (decoded JSON of type t) leaves out: defaults as the tags state them, and empty
// objects for parts that are always present. Pointers, the optional parts, stay absent.
func withDefaults(t reflect.Type, value any) any {
	switch t.Kind() {
	case reflect.Pointer:
		return withDefaults(t.Elem(), value)
	case reflect.Map:
		entries, ok := value.(map[string]any)
		if !ok {
			return value
		}
		for key, entry := range entries {
			entries[key] = withDefaults(t.Elem(), entry)
		}
		return entries
	case reflect.Struct:
		object, ok := value.(map[string]any)
		if !ok {
			if value != nil {
				return value
			}
			object = map[string]any{}
		}
		for i := range t.NumField() {
			fillField(t.Field(i), object)
		}
		return object
	default:
		return value
	}
}

func fillField(field reflect.StructField, object map[string]any) {
	key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	if key == "-" || key == "" {
		return
	}
	current, present := object[key]
	if present {
		object[key] = withDefaults(field.Type, current)
		return
	}
	if text, ok := defaultOf(field); ok {
		object[key] = parseDefault(field.Type.Kind(), text)
		return
	}
	if field.Type.Kind() == reflect.Struct {
		object[key] = withDefaults(field.Type, nil)
	}
}

// defaultOf reads `default=` out of a field's jsonschema tag.
func defaultOf(field reflect.StructField) (string, bool) {
	for _, keyword := range strings.Split(field.Tag.Get("jsonschema"), ",") {
		if text, ok := strings.CutPrefix(keyword, "default="); ok {
			return text, true
		}
	}
	return "", false
}

// parseDefault turns a tag's text into the JSON value of its kind. Tags are ours: a test reads every one of them.
func parseDefault(kind reflect.Kind, text string) any {
	switch kind {
	case reflect.Bool:
		value, err := strconv.ParseBool(text)
		if err != nil {
			panic(fmt.Sprintf("default %q is no boolean", text))
		}
		return value
	case reflect.Int, reflect.Float64:
		return json.Number(text)
	default:
		return text
	}
}

// Defaults returns T, one of the settings structs, with every default that its tags state: the starting point for
// programs that use single components without a stack file.
func Defaults[T any]() (T, error) {
	var settings T
	text, err := json.Marshal(withDefaults(reflect.TypeFor[T](), nil))
	if err != nil {
		return settings, fmt.Errorf("filling in defaults: %w", err)
	}
	if err := json.Unmarshal(text, &settings); err != nil {
		return settings, fmt.Errorf("filling in defaults: %w", err)
	}
	return settings, nil
}

// DefaultSettings are the settings of the running stack with every default filled in and nothing read from the
// namespace `itrack`: what a program of its own starts from that uses single components.
func DefaultSettings(ctx *pulumi.Context) (*Settings, error) {
	settings, err := Defaults[Settings]()
	if err != nil {
		return nil, err
	}
	settings.Environment, settings.Region = ctx.Stack(), config.Require(ctx, "aws:region")
	return &settings, nil
}
