package catalog

import (
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Leaf is a value and the concrete path it was found at, `rules[1].priority`.
type Leaf struct {
	Path  string
	Value resource.PropertyValue
}

// Leaves finds the values at a path. Lists on the way are walked into, whether the path says `[]` or not; a list at the
// end is returned as its elements when the path ends in `[]`. Secrets are looked through; nulls are left out.
func Leaves(props resource.PropertyMap, path string) []Leaf {
	if props == nil {
		return nil
	}
	var leaves []Leaf
	walk(resource.NewObjectProperty(props), "", strings.Split(path, "."), &leaves)
	return leaves
}

func walk(v resource.PropertyValue, at string, steps []string, leaves *[]Leaf) {
	v = Plain(v)
	if v.IsNull() {
		return
	}
	if len(steps) == 0 {
		*leaves = append(*leaves, Leaf{at, v})
		return
	}
	switch {
	case v.IsComputed():
		*leaves = append(*leaves, Leaf{at, v})
	case v.IsArray():
		for i, element := range v.ArrayValue() {
			walk(element, at+"["+strconv.Itoa(i)+"]", steps, leaves)
		}
	case v.IsObject():
		key := strings.TrimSuffix(steps[0], "[]")
		value, ok := v.ObjectValue()[resource.PropertyKey(key)]
		if !ok {
			return
		}
		next := join(at, key)
		value = Plain(value)
		if strings.HasSuffix(steps[0], "[]") && value.IsArray() {
			for i, element := range value.ArrayValue() {
				walk(element, next+"["+strconv.Itoa(i)+"]", steps[1:], leaves)
			}
			return
		}
		walk(value, next, steps[1:], leaves)
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// Plain looks through secrets and outputs; an unknown output becomes a computed value.
func Plain(v resource.PropertyValue) resource.PropertyValue {
	for {
		switch {
		case v.IsSecret():
			v = v.SecretValue().Element
		case v.IsOutput():
			if !v.OutputValue().Known {
				return resource.MakeComputed(resource.NewStringProperty(""))
			}
			v = v.OutputValue().Element
		default:
			return v
		}
	}
}

// Str is the first string at a path, "" when there is none.
func Str(props resource.PropertyMap, path string) string {
	for _, leaf := range Leaves(props, path) {
		if leaf.Value.IsString() {
			return leaf.Value.StringValue()
		}
	}
	return ""
}

// Strs are the strings at a path, lists flattened.
func Strs(props resource.PropertyMap, path string) []string {
	var out []string
	for _, leaf := range Leaves(props, path) {
		out = appendStrings(out, leaf.Value)
	}
	return out
}

func appendStrings(out []string, v resource.PropertyValue) []string {
	switch v = Plain(v); {
	case v.IsString():
		return append(out, v.StringValue())
	case v.IsArray():
		for _, element := range v.ArrayValue() {
			out = appendStrings(out, element)
		}
	}
	return out
}

// Text is a scalar as text: for messages, templates and keys.
func Text(v resource.PropertyValue) string {
	switch v = Plain(v); {
	case v.IsString():
		return v.StringValue()
	case v.IsNumber():
		return strconv.FormatFloat(v.NumberValue(), 'f', -1, 64)
	case v.IsBool():
		return strconv.FormatBool(v.BoolValue())
	case v.IsComputed():
		return "(not known yet)"
	case v.IsNull():
		return ""
	default:
		return v.String()
	}
}

// Generic drops the indexes of a concrete path and the `[]` of a written one, so that both can be compared: facts write a
// list of one as an object.
func Generic(path string) string {
	if !strings.Contains(path, "[") {
		return path
	}
	var out strings.Builder
	depth := 0
	for _, r := range path {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case depth == 0:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// Visit calls visit for every scalar in the properties with its concrete path.
func Visit(props resource.PropertyMap, visit func(path string, v resource.PropertyValue)) {
	visitValue("", resource.NewObjectProperty(props), visit)
}

func visitValue(at string, v resource.PropertyValue, visit func(string, resource.PropertyValue)) {
	switch v = Plain(v); {
	case v.IsArray():
		for i, element := range v.ArrayValue() {
			visitValue(at+"["+strconv.Itoa(i)+"]", element, visit)
		}
	case v.IsObject():
		for _, key := range v.ObjectValue().StableKeys() {
			visitValue(join(at, string(key)), v.ObjectValue()[key], visit)
		}
	default:
		visit(at, v)
	}
}
