package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/sig"
)

// Difference is one property that differs.
type Difference struct {
	Path     string `json:"path"`
	Replaces bool   `json:"replaces,omitempty"` // it forces a replacement
	// Old and New are the values as JSON has them, shortened; Masked for a secret, empty for none.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
}

// Unknown stands for a value that is known only once what it comes from was made.
const Unknown = "[known later]"

// longestValue is how much of a value is shown. A policy or a task definition fills pages otherwise.
const longestValue = 120

// differences are the properties that differ in a step, sorted, with their values.
func differences(step apitype.StepEventMetadata) []Difference {
	out := []Difference{}
	for _, path := range diffPaths(step) {
		detail, detailed := step.DetailedDiff[path]
		d := Difference{Path: path, Replaces: strings.HasSuffix(string(detail.Kind), "replace")}
		if !detailed {
			d.Replaces = slices.Contains(step.Keys, path)
		}
		d.Old, d.New = valueOf(step.Old, path, !detailed || detail.InputDiff), valueOf(step.New, path, true)
		out = append(out, d)
	}
	return out
}

// outputDifferences are the outputs of the stack that differ.
func outputDifferences(step apitype.StepEventMetadata) []Difference {
	if step.Old == nil || step.New == nil {
		return nil
	}
	var out []Difference
	all := maps.Clone(step.Old.Outputs)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, step.New.Outputs)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		was, is := show(step.Old.Outputs[name]), show(step.New.Outputs[name])
		// The value of a secret is not in the events: two secrets look alike.
		if was != is {
			out = append(out, Difference{Path: name, Old: was, New: is})
		}
	}
	return out
}

// valueOf is the value at a path, among the inputs or, where there is none or the state decides, among the outputs.
func valueOf(state *apitype.StepEventStateMetadata, path string, inputs bool) string {
	if state == nil {
		return ""
	}
	parsed, err := resource.ParsePropertyPath(path)
	if err != nil {
		return ""
	}
	order := []map[string]any{state.Outputs, state.Inputs}
	if inputs {
		slices.Reverse(order)
	}
	for _, values := range order {
		if value, ok := at(values, parsed); ok {
			return show(value)
		}
	}
	return ""
}

// at follows a path. A secret on the way is the answer: what is inside it is secret too.
func at(value any, path resource.PropertyPath) (any, bool) {
	for _, key := range path {
		switch v := value.(type) {
		case map[string]any:
			if v[sig.Key] == sig.Secret {
				return v, true
			}
			name, ok := key.(string)
			if !ok {
				return nil, false
			}
			if value, ok = v[name]; !ok {
				return nil, false
			}
		case []any:
			index, ok := key.(int)
			if !ok || index < 0 || index >= len(v) {
				return nil, false
			}
			value = v[index]
		default:
			return nil, false
		}
	}
	return value, value != nil
}

// show writes a value in one short line, without secrets.
func show(value any) string {
	if value == nil {
		return ""
	}
	value = legible(mask(value))
	if value == Masked || value == Unknown {
		return fmt.Sprint(value)
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Sprintf("[%v]", err)
	}
	line := strings.TrimSuffix(text.String(), "\n")
	if runes := []rune(line); len(runes) > longestValue {
		line = string(runes[:longestValue-1]) + "…"
	}
	return line
}

// legible replaces what only the engine understands: values that are not known yet, and files by their hash.
func legible(value any) any {
	switch v := value.(type) {
	case string:
		if v == plugin.UnknownStringValue {
			return Unknown
		}
	case map[string]any:
		if kind, ok := v[sig.Key].(string); ok {
			hash, _ := v["hash"].(string)
			switch {
			case kind == sig.AssetSig, kind == sig.ArchiveSig:
				return "file " + hash[:min(12, len(hash))]
			case v["value"] != nil:
				return legible(v["value"])
			}
			return Unknown
		}
		out := make(map[string]any, len(v))
		for key, inner := range v {
			out[key] = legible(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = legible(inner)
		}
		return out
	}
	return value
}
