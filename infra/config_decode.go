package infra

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/agext/levenshtein"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"gopkg.in/yaml.v3"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	// Path is the key's full path, such as itrack:services.backend.cpu.
	Path string
	// Value is what stands there, in JSON; empty where the key is missing.
	Value string
	// Rule says what is allowed, with the range or the values, and the nearest known key where a key is unknown.
	Rule string
}

func (p Problem) String() string {
	if p.Value == "" {
		return fmt.Sprintf("%s: %s", p.Path, p.Rule)
	}
	return fmt.Sprintf("%s: %s is not allowed: %s", p.Path, p.Value, p.Rule)
}

// ConfigError holds every problem of a configuration; nothing has been registered when it is returned.
type ConfigError struct {
	Stack    string
	Problems []Problem
}

func (e *ConfigError) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "the configuration of stack %s has %d problem(s); nothing was changed:", e.Stack, len(e.Problems))
	for _, problem := range e.Problems {
		text.WriteString("\n  - " + problem.String())
	}
	fmt.Fprintf(&text, "\nMend Pulumi.%s.yaml (or `pulumi config set --path`); docs/config.schema.json lists every key.", e.Stack)
	return text.String()
}

// LoadSettings reads the configuration of the running stack. All problems come back in one *ConfigError.
func LoadSettings(ctx *pulumi.Context) (*Settings, error) {
	raw := map[string]any{}
	var problems []Problem
	for _, key := range topLevelKeys() {
		text, err := config.Try(ctx, Namespace+":"+key)
		if errors.Is(err, config.ErrMissingVar) {
			continue
		}
		if err != nil {
			problems = append(problems, Problem{Path: Namespace + ":" + key, Rule: err.Error()})
			continue
		}
		raw[key] = decodeText(key, text)
	}
	unknown, err := unknownKeysOfStackFile(ctx.RootDirectory(), ctx.Stack())
	if err != nil {
		problems = append(problems, Problem{Path: "Pulumi." + ctx.Stack() + ".yaml", Rule: err.Error()})
	}
	problems = append(problems, unknown...)
	return DecodeSettings(ctx.Stack(), config.Get(ctx, "aws:region"), raw, problems...)
}

// DecodeSettings checks raw, the decoded values below each `itrack:` key, and returns the typed settings with every
// default filled in. Further problems found by the caller are reported together with its own.
func DecodeSettings(environment, region string, raw map[string]any, further ...Problem) (*Settings, error) {
	problems := slices.Clone(further)
	normal, err := normalise(raw)
	if err != nil {
		return nil, err
	}
	problems = append(problems, schemaProblems(normal)...)
	if len(problems) > 0 {
		return nil, configError(environment, problems)
	}
	filled, err := json.Marshal(withDefaults(reflect.TypeFor[Settings](), normal))
	if err != nil {
		return nil, fmt.Errorf("filling in defaults: %w", err)
	}
	settings := &Settings{}
	decoder := json.NewDecoder(bytes.NewReader(filled))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(settings); err != nil {
		return nil, fmt.Errorf("decoding the configuration: %w", err)
	}
	settings.Environment, settings.Region = environment, region
	settings.fillLists()
	if problems = settings.rules(); len(problems) > 0 {
		return nil, configError(environment, problems)
	}
	return settings, nil
}

// ReadSettings is DecodeSettings for values as a stack file has them: a scalar may be text, whose type the key decides.
func ReadSettings(environment, region string, values map[string]any) (*Settings, error) {
	raw := make(map[string]any, len(values))
	for key, value := range values {
		if text, ok := value.(string); ok {
			value = decodeText(key, text)
		}
		raw[key] = value
	}
	return DecodeSettings(environment, region, raw)
}

func configError(stack string, problems []Problem) error {
	sort.SliceStable(problems, func(i, j int) bool { return problems[i].Path < problems[j].Path })
	return &ConfigError{Stack: stack, Problems: slices.Compact(problems)}
}

func topLevelKeys() []string { return propertyNames(settingsSchema().Properties.Oldest()) }

// decodeText turns a config value into JSON's types: objects arrive as JSON text, scalars as bare text, so the field's
// own type decides how a scalar is read ("123" stays text where text is asked for).
func decodeText(key, text string) any {
	for i := range reflect.TypeFor[Settings]().NumField() {
		field := reflect.TypeFor[Settings]().Field(i)
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name == key && field.Type.Kind() == reflect.String {
			return text
		}
	}
	return decodeJSONOr(text)
}

// decodeJSONOr is text decoded as JSON, or text itself where it is none.
func decodeJSONOr(text string) any {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil || decoder.More() {
		return text
	}
	return value
}

// normalise gives raw the types that encoding/json would give it, numbers kept as written.
func normalise(raw map[string]any) (map[string]any, error) {
	text, err := json.Marshal(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	normal := map[string]any{}
	if err := decoder.Decode(&normal); err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return normal, nil
}

var compiledSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	text, err := json.Marshal(settingsSchema())
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("settings.json", document); err != nil {
		return nil, err
	}
	return compiler.Compile("settings.json")
})

func schemaProblems(raw map[string]any) []Problem {
	schema, err := compiledSchema()
	if err != nil {
		return []Problem{{Path: Namespace, Rule: "the program's own schema does not compile: " + err.Error()}}
	}
	var failure *jsonschema.ValidationError
	if err := schema.Validate(raw); errors.As(err, &failure) {
		return leaves(failure, raw)
	}
	return nil
}

// leaves turns the validator's tree of causes into one problem per failing keyword.
func leaves(failure *jsonschema.ValidationError, raw any) []Problem {
	var found []Problem
	for _, cause := range failure.Causes {
		found = append(found, leaves(cause, raw)...)
	}
	if len(failure.Causes) > 0 {
		return found
	}
	path := joinPath(failure.InstanceLocation)
	value := valueAt(raw, failure.InstanceLocation)
	switch rule := failure.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, key := range rule.Properties {
			found = append(found, unknownKey(joinPath(append(slices.Clone(failure.InstanceLocation), key)), key,
				knownKeys(failure.InstanceLocation)))
		}
		return found
	case *kind.Required:
		for _, key := range rule.Missing {
			found = append(found, Problem{
				Path: joinPath(append(slices.Clone(failure.InstanceLocation), key)),
				Rule: "is missing; it has no default" + describe(append(slices.Clone(failure.InstanceLocation), key)),
			})
		}
		return found
	default:
		return []Problem{{Path: path, Value: value, Rule: ruleText(rule) + describe(failure.InstanceLocation)}}
	}
}

func ruleText(rule jsonschema.ErrorKind) string {
	switch rule := rule.(type) {
	case *kind.Type:
		return "must be of type " + strings.Join(rule.Want, " or ") + ", got " + rule.Got
	case *kind.Enum:
		return "must be one of " + list(rule.Want)
	case *kind.Pattern:
		return "must match " + rule.Want
	case *kind.Minimum:
		return "must be at least " + number(rule.Want)
	case *kind.Maximum:
		return "must be at most " + number(rule.Want)
	case *kind.MinProperties:
		return fmt.Sprintf("needs at least %d entry", rule.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("may have at most %d entries, got %d", rule.Want, rule.Got)
	case *kind.UniqueItems:
		return fmt.Sprintf("entries %d and %d are the same; each may stand once", rule.Duplicates[0], rule.Duplicates[1])
	case *kind.FalseSchema:
		return "is not a key of this program"
	default:
		return fmt.Sprintf("breaks %s", strings.Join(rule.KeywordPath(), "."))
	}
}

func number(value *big.Rat) string {
	text := value.FloatString(2)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func list(values []any) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = fmt.Sprint(value)
	}
	return strings.Join(texts, ", ")
}

// unknownKey is the problem of a key that nothing reads, with the nearest one that something does.
func unknownKey(path, key string, known []string) Problem {
	sort.Strings(known)
	best, distance := "", len(key)/2+2
	for _, candidate := range known {
		if d := levenshtein.Distance(strings.ToLower(key), strings.ToLower(candidate), nil); d < distance {
			best, distance = candidate, d
		}
	}
	rule := "is not a known key; known here: " + strings.Join(known, ", ")
	if best != "" {
		rule = fmt.Sprintf("is not a known key; did you mean %s? Known here: %s", best, strings.Join(known, ", "))
	}
	return Problem{Path: path, Rule: rule}
}

// unknownKeysOfStackFile finds `itrack:` keys that no setting has. The engine hands a program only the keys it asks
// for, so a misspelt top-level key is seen nowhere else. No file is no problem: config may come from elsewhere.
func unknownKeysOfStackFile(root, stack string) ([]Problem, error) {
	text, err := os.ReadFile(filepath.Join(root, "Pulumi."+stack+".yaml"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the stack file: %w", err)
	}
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("reading the stack file: %w", err)
	}
	return UnknownKeys(slices.Sorted(maps.Keys(file.Config))), nil
}

// UnknownKeys returns a problem for every key of this program's namespace, and every bare one, that no setting has.
// Keys of other namespaces (aws:, pulumi:) belong to their owners.
func UnknownKeys(keys []string) []Problem {
	known := topLevelKeys()
	var problems []Problem
	for _, key := range keys {
		namespace, name, qualified := strings.Cut(key, ":")
		if !qualified {
			namespace, name = Namespace, key
		}
		if namespace != Namespace || slices.Contains(known, name) {
			continue
		}
		problems = append(problems, unknownKey(Namespace+":"+name, name, slices.Clone(known)))
	}
	return problems
}
