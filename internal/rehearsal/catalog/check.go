package catalog

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// CheckInputs finds what is wrong with a resource's inputs: unknown properties, wrong types, missing values, values outside an
// enumeration, broken documents and tags, and what the type's own Check finds.
func (s *Spec) CheckInputs(call *Call) []Problem {
	k := checker{required: s.required, enums: enums[s.Token]}
	k.object("", resource.NewObjectProperty(call.Inputs), s.Inputs)
	k.documents(s.Type, call.Inputs)
	if s.HasTags() {
		k.tags(call.Inputs["tags"])
	}
	if s.Check != nil {
		k.problems = append(k.problems, s.Check(call)...)
	}
	return k.problems
}

// CheckArgs finds what is wrong with the arguments of a function or the settings of a provider, by shape alone.
func CheckArgs(shape *Shape, args resource.PropertyMap) []Problem {
	k := checker{}
	k.object("", resource.NewObjectProperty(args), shape)
	return k.problems
}

type checker struct {
	required map[string]bool
	enums    map[string]Enum
	problems []Problem
}

func (k *checker) add(path, rule, value, format string, args ...any) {
	k.problems = append(k.problems, Problem{Property: path, Rule: rule, Value: value, Message: fmt.Sprintf(format, args...)})
}

func (k *checker) value(path string, v resource.PropertyValue, shape *Shape) {
	v = Plain(v)
	if v.IsNull() || v.IsComputed() {
		return
	}
	ok := true
	switch shape.Kind {
	case String:
		ok = v.IsString()
		if ok {
			k.enum(path, v.StringValue())
		}
	case Integer:
		ok = v.IsNumber() && v.NumberValue() == math.Trunc(v.NumberValue())
	case Number:
		ok = v.IsNumber()
	case Bool:
		ok = v.IsBool()
	case Asset:
		ok = v.IsAsset() || v.IsArchive()
	case List:
		if ok = v.IsArray(); ok {
			for i, element := range v.ArrayValue() {
				k.value(path+"["+strconv.Itoa(i)+"]", element, shape.Elem)
			}
		}
	case Map:
		if ok = v.IsObject(); ok {
			for _, key := range v.ObjectValue().StableKeys() {
				k.value(join(path, string(key)), v.ObjectValue()[key], shape.Elem)
			}
		}
	case Struct:
		if ok = v.IsObject(); ok {
			k.object(path, v, shape)
		}
	}
	if !ok {
		k.add(path, "type", Text(v), "must be %s", shape.Kind)
	}
}

func (k *checker) object(path string, v resource.PropertyValue, shape *Shape) {
	object := v.ObjectValue()
	for _, key := range object.StableKeys() {
		name := string(key)
		if strings.HasPrefix(name, "__") {
			continue // the engine's own (__defaults, __internal)
		}
		field, ok := shape.Fields[name]
		if !ok {
			k.add(join(path, name), "unknown property", "", "unknown property%s", nearest(name, shape))
			continue
		}
		k.value(join(path, name), object[key], field.Shape)
	}
	names := make([]string, 0, len(shape.Fields))
	for name := range shape.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		field := shape.Fields[name]
		needed := !field.Optional || (field.Kind == List || field.Kind == Map || field.Kind == Any) && k.required[Generic(join(path, name))]
		if value, there := object[resource.PropertyKey(name)]; needed && (!there || Plain(value).IsNull()) {
			k.add(join(path, name), "required", "", "missing required property")
		}
	}
}

func (k *checker) enum(path, value string) {
	enum, ok := k.enums[Generic(path)]
	if ok && !slices.Contains(enum.Values, value) {
		k.problems = append(k.problems, Problem{Property: path, Rule: "allowed values", Value: value, Source: enum.Source,
			Message: "must be one of " + strings.Join(enum.Values, ", ")})
	}
}

func (k *checker) documents(t *Type, inputs resource.PropertyMap) {
	for path, document := range t.Documents {
		for _, leaf := range Leaves(inputs, path) {
			if leaf.Value.IsString() && !json.Valid([]byte(leaf.Value.StringValue())) {
				k.problems = append(k.problems, Problem{Property: leaf.Path, Rule: document.Code, Value: shorten(leaf.Value.StringValue()),
					Message: "must be a JSON document"})
			}
		}
	}
}

// tags applies AWS's limits on tags: 50 per resource, keys of 1 to 128 and values of 0 to 256 characters, no `aws:` keys.
// https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
func (k *checker) tags(v resource.PropertyValue) {
	v = Plain(v)
	if !v.IsObject() {
		return
	}
	if len(v.ObjectValue()) > 50 {
		k.add("tags", "number of tags", strconv.Itoa(len(v.ObjectValue())), "must hold at most 50 tags")
	}
	for _, key := range v.ObjectValue().StableKeys() {
		name, value := string(key), Plain(v.ObjectValue()[key])
		if name == "" || len([]rune(name)) > 128 {
			k.add("tags", "length of a tag's key", name, "a tag's key must have 1 to 128 characters")
		}
		if strings.HasPrefix(strings.ToLower(name), "aws:") {
			k.add("tags", "reserved tag", name, "keys that start with aws: belong to AWS")
		}
		if value.IsString() && len([]rune(value.StringValue())) > 256 {
			k.add(join("tags", name), "length of a tag's value", shorten(value.StringValue()), "a tag's value must have at most 256 characters")
		}
	}
}

func shorten(text string) string {
	if len(text) > 80 {
		return text[:77] + "..."
	}
	return text
}

// nearest names the known property that is most like a mistyped one.
func nearest(name string, shape *Shape) string {
	best, distance := "", 4
	for known := range shape.Fields {
		d := editDistance(strings.ToLower(name), strings.ToLower(known))
		if d < distance || (d == distance && known < best) {
			best, distance = known, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean `%s`?", best)
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
